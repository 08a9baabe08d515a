"""Lists that leave as Excel files: whole, in their order, logged, within bounds."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import select, update

from engine.casework.models import Job, LogEntry, OutgoingPart
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs import running
from engine.casework.portions.outgoing import files, sending
from engine.casework.portions.outgoing.sending import Outgoing
from engine.casework.portions.outgoing.streamed import Workbook
from engine.ground.clock import SYSTEM
from engine.ground.database import write
from engine.ground.errors import Invalid, NotFound
from engine.ground.paging import PORTION, whole
from engine.prevention.models import Household
from engine.prevention.register import registers
from engine.prevention.register.registers import RegisterFilter
from tests.support import sheets
from tests.support.client import application, signed_in
from tests.support.template import VILLAGE
from tests.support.world import World

MANY = PORTION * 2 + 7


def _households(world: World, many: int) -> None:
    first = world.session.scalars(select(Household)).first()
    assert first is not None
    with write(world.session):
        world.session.add_all(
            Household(
                number=f"{VILLAGE}{number:05}",
                division_id=first.division_id,
                village_code=VILLAGE,
                head_name=f"户{number:05}",
                updated_at=world.clock.now(),
            )
            for number in range(many)
        )


def test_a_list_is_read_whole_in_its_order_also_while_it_changes(small_world: World) -> None:
    small_world.enter()
    _households(small_world, MANY)
    session, actor, wanted = (
        small_world.session,
        small_world.official("xiang"),
        RegisterFilter(status="ordinary"),
    )
    names = []
    for one in whole(lambda page: registers.listing(session, actor, wanted, page).items):
        names.append(one.head_name)
        if len(names) == PORTION:  # a row of the first portion goes: no other is passed over
            with write(session):
                session.get_one(Household, one.id).status = "cleared"
    assert names == ["王建国", *(f"户{number:05}" for number in range(MANY))]


@pytest.mark.duty("R41")
def test_what_goes_out_is_logged_with_its_filter(small_world: World) -> None:
    small_world.enter()
    given = {"q": "王", "status": ""}
    body, name = sending.written(
        small_world.session, small_world.official("cun"), "clues", given, small_world.clock
    )
    assert name.startswith("线索2022") and sheets.rows(body)[1][0] == "王建国"
    small_world.session.commit()
    line = small_world.session.scalars(select(LogEntry).where(LogEntry.kind == "export")).one()
    assert (line.data["name"], line.data["rows"], line.data["filter"]) == ("线索", 1, {"q": "王"})


def test_a_filter_that_no_page_makes_is_refused_and_not_logged(small_world: World) -> None:
    client = signed_in(application(small_world), small_world.official("cun"))
    assert client.post("/lists/clues.xlsx", data={"q": "王", "junk": "字" * 5000}).status_code == 422
    assert client.post("/lists/clues.xlsx", data={"q": "王"}).status_code == 200
    small_world.session.commit()
    lines = small_world.session.scalars(select(LogEntry).where(LogEntry.kind == "export"))
    assert [line.data["filter"] for line in lines] == [{"q": "王"}]


def test_a_list_that_nobody_brings_is_not_there(small_world: World) -> None:
    with pytest.raises(NotFound):
        sending.written(small_world.session, small_world.official("cun"), "secrets", {}, small_world.clock)


def test_more_rows_than_a_file_holds_are_refused(small_world: World) -> None:
    asked = sending.Asked(small_world.session, small_world.official("cun"), {}, small_world.clock.now())
    one = Outgoing("很多", ["数"], lambda _: ([n] for n in range(sending.MOST + 1)))
    with Workbook() as book, pytest.raises(Invalid, match="按县、乡镇分别导出"):
        list(sending.filling(book, one, asked))


# -- long ones -------------------------------------------------------------------------------------


def _asked(world: World, monkeypatch: pytest.MonkeyPatch, username: str = "xiang") -> tuple[Any, int, int]:
    """The browser of an official who asked for a register longer than one waits for; its file and job."""
    monkeypatch.setattr(files, "AT_ONCE", 3)
    client = signed_in(application(world), world.official(username))
    answer = client.post("/register/export", data={"status": "ordinary"})
    assert answer.status_code == 303
    file_id = int(answer.location.rpartition("/")[2])
    world.session.commit()
    job = jobs.latest_of(world.session, files.KIND, file_id)
    assert job is not None
    return client, file_id, job.id


def _lines(world: World, kind: str) -> list[Any]:
    world.session.commit()
    return [one.data for one in world.session.scalars(select(LogEntry).where(LogEntry.kind == kind))]


@pytest.mark.duty("R41")
def test_a_long_list_is_written_behind_the_request_and_fetched_by_who_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.enter()
    _households(world, 10)
    client, file_id, job_id = _asked(world, monkeypatch)
    again = client.post("/register/export", data={"status": "ordinary"})
    assert again.location == f"/exports/{file_id}"  # pressed twice, written once
    page = client.get(f"/exports/{file_id}").text
    assert "正在导出" in page and "停下" in page and f"/exports/{file_id}.xlsx" not in page
    assert client.get(f"/exports/{file_id}.xlsx").status_code == 409
    assert _lines(world, "export") == []
    running.run(world.sessions, world.clock, job_id)
    assert f"/exports/{file_id}.xlsx" in client.get(f"/exports/{file_id}").text
    assert f"/exports/{file_id}" in client.get("/jobs").text
    sent = client.get(f"/exports/{file_id}.xlsx")
    rows = sheets.rows(sent.data)
    assert len(rows) == 12 and len(sent.data) == sent.content_length
    assert sheets.rows(sent.data, 2)[0][0] == "户编号" and "台账" in unquote(
        sent.headers["Content-Disposition"]
    )
    assert [(line["name"], line["rows"]) for line in _lines(world, "export")] == [("台账", 11)]
    assert [line["rows"] for line in _lines(world, "export_fetched")] == [11]
    other = signed_in(application(world), world.official("xiang2"))
    assert {other.get(f"/exports/{file_id}{end}").status_code for end in ("", ".xlsx")} == {404}


@pytest.mark.parametrize(
    ("username", "address", "form", "kind"),
    [
        ("shenji", "/administration/log/log.xlsx", {}, "log_export"),
        ("cun", f"/imports/new/contact/{VILLAGE}/template.xlsx", None, ""),  # nobody stands in it
        ("cun", "/lists/done.xlsx", {}, "export"),
    ],
)
def test_whatever_is_long_goes_the_same_way(
    small_world: World,
    monkeypatch: pytest.MonkeyPatch,
    username: str,
    address: str,
    form: dict[str, str] | None,
    kind: str,
) -> None:
    """The log, a table to be filled in, a list: at once while short, else by a job, with the same in it."""
    small_world.finish(small_world.enter(), "verify", "cun")
    client = signed_in(application(small_world), small_world.official(username))

    def asked() -> Any:
        return client.get(address) if form is None else client.post(address, data=form)

    short = asked()
    monkeypatch.setattr(files, "AT_ONCE", -1)
    answer = asked()
    assert answer.status_code == 303
    small_world.session.commit()
    job = jobs.latest_of(small_world.session, files.KIND, int(answer.location.rpartition("/")[2]))
    assert job is not None
    running.run(small_world.sessions, small_world.clock, job.id)
    fetched = client.get(f"{answer.location}.xlsx")
    assert sheets.rows(fetched.data)[:3] == sheets.rows(short.data)[:3]
    assert not kind or len(_lines(small_world, kind)) == 2
    assert len(_lines(small_world, "export_fetched")) == 1


@pytest.mark.duty("R38")
def test_a_file_is_given_only_while_its_reach_holds_and_for_a_day(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = small_world
    world.enter()
    _households(world, 5)
    client, file_id, job_id = _asked(world, monkeypatch)
    running.run(world.sessions, world.clock, job_id)
    with write(world.session):
        grant = world.official("xiang").grants[0]
        kept, grant.role = grant.role, "supervisor"
    assert client.get(f"/exports/{file_id}.xlsx").status_code == 409
    assert "您的角色变了" in client.get(f"/exports/{file_id}").text
    with write(world.session):
        grant.role = kept
    assert client.get(f"/exports/{file_id}.xlsx").data[:2] == b"PK"
    world.go_to(5)
    assert client.get(f"/exports/{file_id}.xlsx").status_code == 404
    assert files.sweep(world.sessions, world.clock) == 1
    assert world.session.scalars(select(OutgoingPart)).all() == []
    assert "只保存一天" in client.get(f"/exports/{file_id}").text
    assert files.sweep(world.sessions, world.clock) == 0


def test_one_that_is_stopped_or_refused_leaves_no_file(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = small_world
    world.enter()
    _households(world, 5)
    client, file_id, job_id = _asked(world, monkeypatch)
    client.post(f"/jobs/{job_id}/cancel")
    running.run(world.sessions, world.clock, job_id)
    assert "已停下" in client.get(f"/exports/{file_id}").text
    client, file_id, job_id = _asked(world, monkeypatch)
    monkeypatch.setattr(sending, "MOST", 4)
    running.run(world.sessions, world.clock, job_id)
    page = client.get(f"/exports/{file_id}").text
    assert "没有做成" in page and "超过 4 行" in page
    assert world.session.scalars(select(OutgoingPart)).all() == []
    assert _lines(world, "export") == []


def test_a_process_that_dies_leaves_no_half_file_and_another_begins_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.enter()
    _households(world, 5)
    client, file_id, job_id = _asked(world, monkeypatch)
    monkeypatch.setattr(running, "SIGN", 0)
    monkeypatch.setattr(files, "PIECE", 1000)

    class Killed(BaseException):
        """As if the process were gone."""

    def dies(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(sending, "record", dies)
        running.run(world.sessions, world.clock, job_id)
    world.session.commit()
    assert world.session.scalars(select(OutgoingPart)).all() == []
    with write(world.session):
        world.session.execute(update(Job).values(seen_at=SYSTEM.now() - jobs.LEASE * 2))
    running.run(world.sessions, world.clock, job_id)
    assert len(sheets.rows(client.get(f"/exports/{file_id}.xlsx").data)) == 7
    assert [line["rows"] for line in _lines(world, "export")] == [6]
