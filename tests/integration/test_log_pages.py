"""The log in the browser: found, masked, exported, verified; for audit administrators, by their place."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import openpyxl
import pytest
from sqlalchemy import delete, insert, select, update

from engine.casework import audit
from engine.casework.audit import verification
from engine.casework.models import Account, JournalCheck, LogEntry, LogStream
from engine.casework.organisation import access, accounts
from engine.casework.organisation.identity import journal
from engine.casework.portions.outgoing import sending
from engine.ground.clock import SYSTEM, local_date
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed
from tests.support import papers
from tests.support.client import application, signed_in
from tests.support.template import COUNTY, PASSWORD, VILLAGE
from tests.support.world import World

NUMBER = papers.id_number("41990119620308001")


def written(world: World) -> date:
    """What a few days have seen, up to the day that is given back: it may end meanwhile."""
    now = SYSTEM.now()
    with write(world.session):
        cun, wai = world.official("cun").id, world.official("waixian").id
        for number in range(60):
            at = now - timedelta(days=number % 3)
            audit.record(world.session, "access", cun, "login", {"address": f"192.0.2.{number}"}, at)
        said = {"household": 12, "reason": f"核对 {NUMBER} 的证件"}
        audit.record(world.session, "access", wai, "reveal", said, now)
        audit.record(world.session, "access", wai, "reveal", {"household": 123}, now)
        data = {"account": cun, "role": "village_official", "division": COUNTY}
        audit.record(world.session, "accounts", world.official("anquan").id, "role_taken", data, now)
    return local_date(now)


def found(world: World, username: str = "shenji", **wanted: object) -> journal.Found:
    """What an administrator finds."""
    actor, now = world.official(username), SYSTEM.now()
    week = {"first": local_date(now) - timedelta(6), "last": local_date(now)}
    looked_for = journal.Wanted(**{**week, **wanted})  # type: ignore[arg-type]
    return journal.find(world.session, actor, looked_for, now)


@pytest.mark.parametrize(
    ("wanted", "kinds"),
    [
        ({"kind": "reveal"}, ["查看完整号码"] * 2),
        ({"object": "household", "number": 12}, ["查看完整号码"]),
        ({"object": "household", "number": 1}, []),
        ({"person": "WAIXIAN"}, ["查看完整号码"] * 2),
        ({"person": "niemand"}, []),
        ({"person": "cun", "group": "accounts"}, []),
        ({"address": "192.0.2.7"}, ["登录"]),
        ({"address": "192.0.2.%"}, []),
        ({"group": "accounts"}, ["收回角色"]),
    ],
)
def test_lines_are_found(small_world: World, wanted: dict[str, object], kinds: list[str]) -> None:
    written(small_world)
    assert [line.kind for line in found(small_world, **wanted).lines] == kinds


def test_lines_of_a_day_are_found(small_world: World) -> None:
    before = written(small_world) - timedelta(1)
    assert [line.kind for line in found(small_world, first=before, last=before).lines] == ["登录"] * 20


def test_pages_follow_one_another_without_gap(small_world: World) -> None:
    written(small_world)
    seen: list[int] = []
    more: dict[str, object] = {}
    while True:
        page = found(small_world, kind="login", **more)
        seen += [line.id for line in page.lines]
        if page.next is None:
            break
        more = {"before_day": page.next[0], "before": page.next[1]}
    assert len(seen) == len(set(seen)) == 60


def test_lines_are_told_in_words_and_numbers_are_masked(small_world: World) -> None:
    today = written(small_world)
    client = signed_in(application(small_world), small_world.official("shenji"))
    page = client.get("/administration/log").text
    assert NUMBER not in page and f"***{NUMBER[-4:]}" in page
    assert "村级经办" in page and "嵩县" in page and "安全甲" in page
    assert client.get(f"/administration/log?first={today}&last={today - timedelta(1)}").status_code == 422
    assert client.get(f"/administration/log?first={today - timedelta(100)}").status_code == 422


def test_a_countys_audit_administrator_reads_what_its_own_people_did(small_world: World) -> None:
    world = small_world
    written(world)
    with write(world.session):
        account = accounts.create(world.session, "xianshenji", "县审计", "x", SYSTEM.now())
        accounts.grant(world.session, account, access.AUDIT_ADMIN, COUNTY)
    assert {line.who for line in found(world, "xianshenji").lines} == {"村甲", "县审计"}
    with pytest.raises(Conflict):
        journal.begin_check(world.session, account, SYSTEM.now())
    for username in ("cun", "xitong", "anquan", "liucheng"):
        with pytest.raises(NotAllowed):
            found(world, username)


def test_the_file_has_what_the_page_finds_and_reading_is_on_the_log(small_world: World) -> None:
    world = small_world
    written(world)
    client = signed_in(application(world), world.official("shenji"))
    for _ in range(3):
        client.get("/administration/log?kind=login")
    answer = client.post("/administration/log/log.xlsx", data={"kind": "login"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None and sheet.max_row == 61
    world.session.rollback()
    kinds = list(
        world.session.scalars(select(LogEntry.kind).where(LogEntry.kind.in_(["log_read", "log_export"])))
    )
    assert kinds == ["log_read", "log_export"], "read once an hour"


def test_too_many_lines_for_a_file_are_refused(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written(small_world)
    monkeypatch.setattr(sending, "MOST", 10)
    with pytest.raises(Invalid, match="缩短日期"):
        sending.written(small_world.session, small_world.official("shenji"), "log", {}, SYSTEM)


def _checked(world: World) -> list[str]:
    actor, now = world.official("shenji"), SYSTEM.now()
    check = journal.begin_check(world.session, actor, now)
    while check.finished_at is None:
        check = journal.go_on(world.session, actor, check.id, now)
    assert check.lines > 60
    return [str(one["reason"]) for one in check.breaks]


def test_the_whole_log_is_verified_in_parts(world: World) -> None:
    today = written(world)
    world.finish(world.enter(), "verify", "cun")
    world.session.commit()
    assert _checked(world) == []
    with write(world.session):
        line = world.session.scalars(select(LogEntry).where(LogEntry.kind == "reveal").limit(1)).one()
        world.session.execute(update(LogEntry).where(LogEntry.id == line.id).values(data={"household": 99}))
    assert _checked(world) == ["记录被改动"]
    with write(world.session):
        of_day = LogStream.day == today - timedelta(2)
        people = LogStream.stream.startswith("access:")
        world.session.execute(update(LogStream).where(of_day, people).values(seq=5))
    assert "末尾记录缺失或与登记不符" in _checked(world)


def test_lines_whose_head_has_gone_are_found_by_name(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Portion by portion, also those whose names were never one of ours."""
    today = written(world)
    world.finish(world.enter(), "verify", "cun")
    monkeypatch.setattr(verification, "NAMES_AT_ONCE", 2)
    odd = {"case:x", "case:07", "case:999", "case:99999999999999999999", "odd:1"}
    with write(world.session):
        rows = [audit._row(name, 1, b"", None, "x", {}, SYSTEM.now(), "") for name in odd]
        world.session.execute(insert(LogEntry), rows)
        gone = f"accounts:{today}"
        world.session.execute(delete(LogStream).where(LogStream.stream == gone))
    found = {one.stream for one in verification.verify(world.session) if one.reason == "登记的开头不见了"}
    assert found == odd | {gone}


def test_only_one_verification_is_under_way(world: World) -> None:
    written(world)
    world.session.commit()
    ready, actor = Barrier(3), world.official("shenji").id

    def begins(_: int) -> bool:
        with world.sessions() as session:
            ready.wait()
            try:
                journal.begin_check(session, session.get_one(Account, actor), SYSTEM.now())
            except Conflict:
                return False
        return True

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(begins, range(3))) == [False, False, True]
    client = signed_in(application(world), world.official("shenji"))
    assert "接着核对日志" in client.get("/administration/log").text
    again = client.post("/administration/log/verify", follow_redirects=True)
    assert again.status_code == 200 and "还没有完成" in again.text and "接着核对" in again.text
    world.session.rollback()
    assert len(world.session.scalars(select(JournalCheck)).all()) == 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"rows": [NUMBER, "13812345678"]}, "138****5678"),
        ({"note": "电话13812345678"}, "电话138****5678"),
        ({"before": {"phone": "13812345678", "list": [NUMBER]}}, "138****5678"),
        ({"email": "13812345678@qq.com"}, "1***@qq.com"),
        ({"changed": ["phone", "email"]}, "电话、邮件"),
        ({"accounts": ["a", "b"]}, "a、b"),
        ({"division": [VILLAGE, COUNTY]}, "嵩县"),
    ],
)
def test_numbers_are_masked_wherever_they_stand_in_a_line(
    small_world: World, data: dict[str, object], told: str
) -> None:
    with write(small_world.session):
        audit.record(small_world.session, "accounts", None, "x", data, SYSTEM.now())
    page = signed_in(application(small_world), small_world.official("shenji")).get("/administration/log").text
    assert told in page and NUMBER not in page and "13812345678" not in page


def test_lines_that_come_while_the_log_is_verified_are_no_breaks(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = small_world
    written(world)
    heads = verification._day_heads

    def then_another(*args: object) -> dict[str, tuple[int, bytes]]:
        read = heads(*args)  # type: ignore[arg-type]
        with world.sessions() as other, write(other):
            audit.record(other, "access", None, "login_failed", {}, SYSTEM.now())
        world.session.rollback()
        return read

    monkeypatch.setattr(verification, "_day_heads", then_another)
    assert verification.verify_part(world.session, "").breaks == []


def test_administrators_begin_at_their_own_work(small_world: World) -> None:
    app = application(small_world)
    for username, page in (
        ("xitong", "/administration/accounts"),
        ("anquan", "/administration/roles"),
        ("shenji", "/administration/log"),
        ("cun", "/todo"),
    ):
        answer = app.test_client().post("/login", data={"username": username, "password": PASSWORD})
        assert answer.location == page
        assert small_world.session.get(Account, 1) is not None
