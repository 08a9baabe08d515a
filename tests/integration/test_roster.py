"""Accounts by the file: every fault at once, nothing twice, cut off and gone on with."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import openpyxl
import pytest
from sqlalchemy import func, select

from engine.casework import audit
from engine.casework.audit import verification
from engine.casework.models import Account, AccountImport, AccountImportRow, LogEntry, RoleRequest
from engine.casework.organisation import access, accounts
from engine.casework.organisation.identity import passwords, sessions, sign_in
from engine.casework.organisation.identity.roster import adding, checking, first_codes
from engine.casework.organisation.identity.sign_in import Caller
from engine.ground.clock import SYSTEM
from engine.ground.database import write
from engine.ground.errors import Conflict, NotAllowed, NotFound
from tests.support import goneout, workbooks
from tests.support.client import application, signed_in
from tests.support.template import COUNTY, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World

HEAD = ["账号", "姓名", "单位区划代码", "职务", "电话", "电子邮件", "角色", "角色的地方"]
GOOD = ["neu", "新甲", VILLAGE, "文书", "13812345678", "", "村级经办", ""]


def file(*lines: list[object]) -> bytes:
    """An Excel file with a title over its headings."""
    return workbooks.made((["全县账号一览"], HEAD, *lines))


def begun(world: World, *lines: list[object], by: str = "xitong") -> AccountImport:
    """A checked file."""
    actor = world.official(by)
    return checking.begin(world.session, actor, file(*lines), "账号.xlsx", SYSTEM.now())


def row(world: World, found: AccountImport) -> AccountImportRow:
    """The only account of the file."""
    return world.session.scalars(select(AccountImportRow).where(AccountImportRow.import_id == found.id)).one()


def changed(**values: object) -> list[object]:
    """The good row with other cells."""
    names = ["username", "name", "division", "post", "phone", "email", "role", "place"]
    return [values.get(name, old) for name, old in zip(names, GOOD, strict=True)]


def worked_off(world: World, found: AccountImport, by: str = "xitong") -> AccountImport:
    """Confirmed and done."""
    actor = world.official(by)
    adding.confirm(world.session, actor, found.id)
    while found.status == "running":
        adding.go_on(world.session, actor, found.id, SYSTEM.now())
    return found


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (changed(username="李 四"), "账号“李 四”不行"),
        (changed(name=""), "没有姓名"),
        (changed(division=""), "没有单位"),
        (changed(division="419999999999"), "没有“419999999999”这个地方"),
        (changed(division="马沟村村民委员会"), "有 2 个“马沟村村民委员会”：请填 12 位"),
        (changed(phone="12"), "“12”不是电话号码"),
        (changed(email="x@"), "不是电子邮件地址"),
        (changed(role="村长"), "没有“村长”这个角色"),
        (changed(role="乡级审核"), "应是乡级"),
        (changed(role="督查员；审计管理员"), "三员"),
        (changed(username="李 四", name="", phone="1"), "不是电话号码"),
    ],
)
def test_every_fault_of_a_row_is_said(small_world: World, line: list[object], sentence: str) -> None:
    found = row(small_world, begun(small_world, line))
    assert found.status == "wrong" and sentence in found.fault
    if line[1:2] == [""] and line[0] != "neu":
        assert "没有姓名" in found.fault and "账号" in found.fault, "all of them"


@pytest.mark.parametrize(
    "line",
    [
        GOOD,
        changed(username="ＮＥＵ", name=" 新甲 "),
        changed(division=float(VILLAGE)),
        changed(division="洛阳市嵩县车村镇下庙村村民委员会", phone=13812345678),
        changed(role="村级经办、", place=VILLAGE),
    ],
)
def test_what_people_type_is_understood(small_world: World, line: list[object]) -> None:
    found = row(small_world, begun(small_world, line))
    assert (found.status, found.fault) == ("pending", "")
    assert found.data["division_code"] == VILLAGE and found.data["roles"] == [["village_official", VILLAGE]]


def test_a_file_is_let_in_and_a_second_time_changes_nothing(world: World) -> None:
    lines = [changed(username=f"neu{n}", name=f"新{n}", division=VILLAGE) for n in range(300)]
    lines[7][1], lines[8][2] = "", "x"
    lines += [["neu5", "", "", "", "", "", "督查员", COUNTY], changed(username="cun")]
    found = begun(world, *lines)
    assert adding.counts(world.session, found) == {
        "wrong": 2,
        "present": 1,
        "pending": 298,
        "done": 0,
        "refused": 0,
    }
    assert world.session.scalar(select(func.count()).select_from(RoleRequest)) == 0, "only checked"
    worked_off(world, found)
    assert adding.counts(world.session, found)["done"] == 298
    person = accounts.named(world.session, "neu5")
    assert person is not None and person.division_code == VILLAGE and not person.grants
    asked = world.session.scalars(select(RoleRequest).where(RoleRequest.account_id == person.id))
    assert {(one.role, one.division_code) for one in asked} == {
        ("village_official", VILLAGE),
        ("supervisor", COUNTY),
    }
    again = begun(world, *lines)
    assert adding.counts(world.session, again)["present"] == 299
    assert adding.counts(world.session, again)["pending"] == 0
    assert not list(verification.verify(world.session))


def test_an_import_that_was_cut_off_goes_on_and_doubles_nothing(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = small_world
    monkeypatch.setattr(adding, "PORTION", 3)
    monkeypatch.setattr(adding, "PATIENCE", 0)
    found = begun(world, *(changed(username=f"neu{n}") for n in range(8)))
    actor = world.official("xitong")
    with pytest.raises(NotFound):
        with write(world.session):
            accounts.create(world.session, "xitong2", "系统乙", "x", SYSTEM.now())
            accounts.grant(
                world.session, accounts.named(world.session, "xitong2"), access.ACCOUNT_ADMIN, COUNTY
            )  # type: ignore[arg-type]
        adding.go_on(world.session, world.official("xitong2"), found.id, SYSTEM.now())
    adding.confirm(world.session, actor, found.id)
    with pytest.raises(Conflict):
        adding.confirm(world.session, actor, found.id)
    adding.go_on(world.session, actor, found.id, SYSTEM.now())
    assert adding.counts(world.session, found)["done"] == 3
    with write(world.session):  # somebody adds one of them by hand meanwhile
        accounts.create(world.session, "neu4", "别人", "x", SYSTEM.now())
    with monkeypatch.context() as broken:  # the process dies within a portion
        broken.setattr(audit, "record", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            adding.go_on(world.session, actor, found.id, SYSTEM.now())
    assert adding.counts(world.session, found)["done"] == 3
    while found.status == "running":
        adding.go_on(world.session, actor, found.id, SYSTEM.now())
    assert adding.counts(world.session, found) | {"wrong": 0} == {
        "wrong": 0,
        "present": 0,
        "pending": 0,
        "done": 7,
        "refused": 1,
    }
    query = select(func.count()).select_from(Account).where(Account.username.startswith("neu"))
    assert world.session.scalar(query) == 8


def test_what_was_stopped_stays_stopped(small_world: World) -> None:
    found, actor = begun(small_world, GOOD), small_world.official("xitong")
    adding.cancel(small_world.session, actor, found.id)
    with pytest.raises(Conflict):
        adding.confirm(small_world.session, actor, found.id)
    assert accounts.named(small_world.session, "neu") is None


def test_a_county_lets_in_only_its_own(small_world: World) -> None:
    world = small_world
    with write(world.session):
        account = accounts.create(world.session, "xianxitong", "县系统", "x", SYSTEM.now())
        accounts.grant(world.session, account, access.ACCOUNT_ADMIN, COUNTY)
    far = begun(world, changed(division="410326000000", role=""), by="xianxitong")
    assert "不归您管" in row(world, far).fault
    above = begun(world, changed(role="省级审核", place="410000000000"), by="xianxitong")
    assert "不归您管" in row(world, above).fault
    with pytest.raises(NotAllowed):
        begun(world, GOOD, by="anquan")


def test_codes_are_told_once_and_the_second_ones_void_the_first(small_world: World) -> None:
    world, now = small_world, SYSTEM.now()
    found = worked_off(
        world, begun(world, GOOD, changed(username="neu2", name="新乙", division=OTHER_VILLAGE))
    )
    client = signed_in(application(world), world.official("xitong"))
    files = [client.post(f"/administration/accounts/import/{found.id}/codes").data for _ in range(2)]
    first, second = (_codes(body) for body in files)
    assert set(first) == {"neu", "neu2"} and first["neu"] != second["neu"]
    world.session.rollback()

    def enters(code: str) -> bool:
        with world.sessions() as session:
            try:
                sign_in.authenticate(session, "neu", code, Caller("192.0.2.1"), now)
            except sign_in.Refused:
                return False
        return True

    assert not enters(first["neu"]) and enters(second["neu"])
    with write(world.session):
        for account in world.session.scalars(select(Account).where(Account.username.startswith("neu"))):
            account.password_hash = passwords.hash_password("Xin-mima-2026")
    answer = client.post(f"/administration/accounts/import/{found.id}/codes", follow_redirects=True)
    assert "不用再发码" in answer.text
    logged = world.session.scalars(select(LogEntry).where(LogEntry.kind == "codes")).all()
    assert len(logged) == 2 and not any(code in str(line.data) for line in logged for code in second.values())


def _codes(body: bytes) -> dict[str, str]:
    sheet = openpyxl.load_workbook(io.BytesIO(body)).active
    assert sheet is not None
    return {str(line[2]): str(line[3]) for line in sheet.iter_rows(min_row=2, values_only=True)}


def test_the_pages_show_what_is_wrong_and_give_it_back_as_a_file(small_world: World) -> None:
    world = small_world
    client = signed_in(application(world), world.official("xitong"))
    at = "/administration/accounts/import"
    assert client.post(at, data={}).status_code == 422
    wrong = client.post(at, data={"file": (io.BytesIO(b"x"), "x.pdf")})
    assert wrong.status_code == 422 and "只能读 Excel" in wrong.text
    body = file(GOOD, changed(username="neu2", phone="12"))
    shown = client.post(at, data={"file": (io.BytesIO(body), "账号.xlsx")}, follow_redirects=True)
    assert "“12”不是电话号码" in shown.text and "导入 1 个账号" in shown.text
    world.session.rollback()
    number = world.session.scalars(select(AccountImport.id)).one()
    back = openpyxl.load_workbook(io.BytesIO(client.get(f"{at}/{number}.xlsx").data)).active
    assert back is not None and back["A2"].value == "neu2" and back["J2"].value == 4
    done = client.post(f"{at}/{number}", data={"act": "confirm"}, follow_redirects=True)
    assert "已导入" in done.text and TOWNSHIP not in done.text
    template = openpyxl.load_workbook(io.BytesIO(client.get(f"{at}/template.xlsx").data))
    assert [cell.value for cell in template.worksheets[0][1]] == HEAD


def test_codes_are_only_for_who_is_still_ones_own(small_world: World) -> None:
    """Not for who has moved, got a role elsewhere, or watches the administrator; nor for oneself."""
    world, now = small_world, SYSTEM.now()
    with write(world.session):
        county = accounts.create(world.session, "xianxitong", "县系统", "x", now)
        accounts.grant(world.session, county, access.ACCOUNT_ADMIN, COUNTY)
    names = ["neu", "moved", "above", "guard", "off"]
    lines = [changed(username=name, name=f"新{number}", role="") for number, name in enumerate(names)]
    found = worked_off(world, begun(world, *lines, by="xianxitong"), by="xianxitong")
    first = _codes(first_codes.issue_codes(world.session, county, found.id, now))
    assert set(first) == set(names)
    key = sessions.begin(world.session, world.official("neu"), "192.0.2.1", "电脑", now)
    with write(world.session):
        world.official("moved").division_code = "410326000000"
        accounts.grant(world.session, world.official("above"), "province_reviewer", "410000000000")
        accounts.grant(world.session, world.official("guard"), access.SECURITY_ADMIN, COUNTY)
        world.official("off").active = False
    second = first_codes.issue_codes(world.session, county, found.id, now)
    assert {name for name in _codes(second) if name != "None"} == {"neu"}
    sheet = openpyxl.load_workbook(io.BytesIO(second)).active
    assert sheet is not None and "另有 3 个账号没有发码" in str(sheet["A3"].value)
    assert sessions.known(world.session, key, now) is None, "begun with the earlier code"
    for name in ("moved", "above", "guard"):
        assert world.official(name).code_hash == passwords.code_digest(first[name])


def test_who_lost_a_place_lets_nobody_in_there(small_world: World) -> None:
    world, now = small_world, SYSTEM.now()
    with write(world.session):
        county = accounts.create(world.session, "xianxitong", "县系统", "x", now)
        accounts.grant(world.session, county, access.ACCOUNT_ADMIN, COUNTY)
    found = begun(world, GOOD, by="xianxitong")
    with write(world.session):
        county.grants[0].division_code = "410326000000"
    worked_off(world, found, by="xianxitong")
    world.session.expire_all()
    assert (row(world, found).status, row(world, found).fault) == ("refused", "这个地方已不归您管")
    assert accounts.named(world.session, "neu") is None


def test_what_was_typed_is_given_back_line_by_line(small_world: World) -> None:
    world = small_world
    lines = [
        changed(phone="12", role="村级经办；市长", place="下庙"),
        changed(phone="12", role="督察", place="嵩县"),
        changed(username="neu 2", division="没有的村"),
    ]
    found = begun(world, *lines)
    body = goneout.file_of(world, world.official("xitong"), "roster_faults", **{"import": found.id})
    sheet = openpyxl.load_workbook(io.BytesIO(body)).active
    assert sheet is not None
    back = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [[cell or "" for cell in line[:8]] for line in back] == lines
    assert [line[9] for line in back] == [3, 4, 5] and all(line[8] for line in back)


def test_two_imports_of_one_account_at_once_add_it_once(world: World) -> None:
    lines = [changed(username=f"neu{number:03d}", role="") for number in range(60)]
    both = [begun(world, *lines) for _ in range(2)]
    for found in both:
        adding.confirm(world.session, world.official("xitong"), found.id)
    chief, ids, ready = world.official("xitong").id, [found.id for found in both], Barrier(2)
    world.session.commit()

    def works_off(import_id: int) -> str:
        with world.sessions() as session:
            actor = session.get_one(Account, chief)
            ready.wait()
            return adding.go_on(session, actor, import_id, SYSTEM.now()).status

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(works_off, ids)) == ["done", "done"]
    query = select(AccountImportRow.status, func.count()).group_by(AccountImportRow.status)
    assert {row[0]: row[1] for row in world.session.execute(query)} == {"done": 60, "refused": 60}
