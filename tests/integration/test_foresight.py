"""Cases in one transaction of PostgreSQL: an answer asked for beforehand is what it would be in its turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.audit import verification
from engine.casework.models import NumberedPaper, Submission, WorkItem
from engine.casework.organisation import access
from engine.casework.papers import numbers
from engine.casework.time import timers
from engine.flow.vocabulary import PaperKind
from engine.ground.database.compiled import Compiled, Rows
from engine.ground.database.foresight import Foresight, Statement
from engine.ground.database.prepared import Prepared, wire_of
from tests.support import many, papers
from tests.support.world import World


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """SQLite has no way to go."""
    return postgres_url


@pytest.fixture
def foreseen(monkeypatch: pytest.MonkeyPatch) -> list[Prepared]:
    """The statements whose answers were there before they were asked; each is asked again, and compared."""
    used: list[Prepared] = []
    run, known = Prepared._run, Foresight.known

    def compared(self: Prepared, on: Connection, values: Mapping[str, Any]) -> tuple[Compiled, Rows]:
        before = len(used)
        compiled, rows = run(self, on, values)
        if len(used) > before:
            wire = wire_of(on)
            assert wire is not None
            foresight, wire.foresight = wire.foresight, None
            again = run(self, on, values)[1]
            wire.foresight = foresight
            assert [tuple(row) for row in rows] == [tuple(row) for row in again]
        return compiled, rows

    def noted(self: Foresight, statement: Statement, values: Mapping[str, Any]) -> Rows | None:
        rows = known(self, statement, values)
        if rows is not None:
            assert isinstance(statement, Prepared)
            used.append(statement)
        return rows

    monkeypatch.setattr(Prepared, "_run", compared)
    monkeypatch.setattr(Foresight, "known", noted)
    return used


def _decided(world: World, element_id: str, username: str, form: str) -> None:
    """Everybody's open item of a step is finished by one act."""
    query = select(WorkItem.id).where(WorkItem.element_id == element_id, WorkItem.status == "open")
    ids = list(world.session.scalars(query))
    data = papers.paper(form, world.today, "0")
    results = acts.complete_many(
        world.session, world.official(username), ids, data, act="bulk:1", clock=world.clock
    )
    assert [outcome for _, outcome in results if not isinstance(outcome, acts.StepResult)] == []


@pytest.mark.duty("C3", "R11")
def test_what_was_asked_beforehand_is_what_would_be_answered(world: World, foreseen: list[Prepared]) -> None:
    cases = many.to_notice(world, 5)
    assert len(foreseen) > 50  # each step by itself, of what the last one at it asked
    world.session.commit()
    foreseen.clear()
    world.clock.set(world.day(6, 0))
    assert timers.fire_due(world.sessions, world.clock) == 5
    assert len(foreseen) >= 4 * 3
    many.finish_all(world, "end_notice", "cuncun")
    for element_id, username, form in (
        ("review", "xiangxiang", "township_review"),
        ("approve", "xian", "county_approval"),
    ):
        foreseen.clear()
        _decided(world, element_id, username, form)
        assert len(foreseen) >= 4 * 4, element_id
    foreseen.clear()
    many.finish_all(world, "announce", "xiangxiang")
    assert {"body", "division"} < {name for one in foreseen for name in one.tables}  # whose paper it is
    for case in cases:
        world.assert_replays(case.id)
        kept = select(Submission.id, Submission.submitted_at).where(Submission.case_id == case.id)
        at = [row.submitted_at for row in world.session.execute(kept.order_by(Submission.id))]
        assert at == sorted(at)  # of a case's rows the later has the higher number
    assert list(verification.verify(world.session)) == []
    assert world.counted() == []


@pytest.mark.duty("C3")
def test_no_answer_is_older_than_the_wait_before_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A township is renamed while its announcement waits for another one's number."""
    first, second = many.to_approval(world, 2, many.VILLAGES[:1])
    for case in (first, second):
        world.finish(case, "approve", "xian")
        if case is first:
            world.finish(case, "announce", "xiangxiang")  # what the step asks is known from now on
    township = access.ancestor(second.village_code, "township")

    def held(session: Session, kind: PaperKind, division_code: str) -> None:
        with psycopg.connect(world.url) as other:
            other.execute("UPDATE division SET name = '新车镇' WHERE code = %s", (township,))
        hold(session, kind, division_code)

    hold = numbers.hold
    world.session.commit()
    monkeypatch.setattr(numbers, "hold", held)
    world.finish(second, "announce", "xiangxiang")
    last = world.session.scalars(select(NumberedPaper).order_by(NumberedPaper.id.desc()).limit(1)).one()
    assert last.content is not None and last.content["signature"] == "新车镇人民政府"
