"""Several timers in one transaction: what befalls one of them befalls no other, and each fires once."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from engine.casework.audit import verification
from engine.casework.models import CaseFile, Incident, LogEntry, Notification, Timer
from engine.casework.time import timers
from engine.flow.services import Service
from engine.prevention.kit import KIT
from tests.support import many, trouble
from tests.support.field import answering
from tests.support.world import World


def _posted(world: World, count: int) -> list[CaseFile]:
    """Households whose notice has hung until today."""
    cases = many.to_notice(world, count)
    world.session.commit()
    world.clock.set(world.day(6, 0))
    return cases


def _fired(world: World) -> Counter[str]:
    world.session.commit()
    lines = world.session.scalars(select(LogEntry.stream).where(LogEntry.kind == "timer"))
    return Counter(lines)


@pytest.mark.duty("C3")
def test_one_that_fails_and_one_that_is_held_stop_no_other(world: World) -> None:
    cases = _posted(world, 4)
    original = KIT.service["notice.close"]

    def close(call: Any) -> Any:
        found = original.function(call)
        if call.case.id == cases[3].id:  # after it has done its work
            raise RuntimeError("printer on fire")
        return found

    with answering(Service("notice.close", "", "", close)):
        if world.url.startswith("sqlite"):
            assert timers.fire_due(world.sessions, world.clock) == 3
        else:
            held = f"SELECT id FROM case_file WHERE id = {cases[1].id} FOR UPDATE"
            with trouble.postgres_holds(world.url, held):
                assert timers.fire_due(world.sessions, world.clock) == 2
            assert timers.fire_due(world.sessions, world.clock) == 1
    fired = _fired(world)
    assert fired == {f"case:{one.id}": 1 for one in cases if one is not cases[3]}
    assert world.session.scalar(select(func.count()).select_from(Incident)) == 1
    assert timers.retry(world.session, world.session.scalars(select(Incident.id)).one(), world.clock)
    for case in cases:
        assert set(world.open_items(case)) == {"end_notice"}
        world.assert_replays(case.id)
    assert list(verification.verify(world.session)) == []


def _left(world: World) -> list[list[Any]]:
    """What is left of all that has happened, but for the numbers of rows."""
    entries = select(LogEntry.stream, LogEntry.seq, LogEntry.kind, LogEntry.element_id, LogEntry.hash)
    told = select(
        Notification.account_id,
        Notification.queue,
        Notification.division_code,
        Notification.case_id,
        Notification.kind,
        Notification.text,
    )
    waits = select(Timer.case_id, Timer.token, Timer.kind, Timer.status, Timer.due_at, Timer.standing)
    cases = select(CaseFile.id, CaseFile.state, CaseFile.lamp_floor, CaseFile.limit_at)
    return [sorted(map(repr, world.session.execute(one))) for one in (entries, told, waits, cases)]


@pytest.mark.duty("C3", "R15")
def test_several_at_once_leave_what_they_leave_one_by_one(
    small_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _posted(small_world, 3)
    with (
        closing(sqlite3.connect(tmp_path / "test.sqlite")) as one,
        closing(sqlite3.connect(tmp_path / "copy.sqlite")) as other,
    ):
        one.backup(other)
    copy = World(f"sqlite:///{tmp_path / 'copy.sqlite'}")
    fired = []
    for world, at_once in ((small_world, timers.AT_ONCE), (copy, 1)):
        monkeypatch.setattr(timers, "AT_ONCE", at_once)
        fired.append(world.go_to(60))  # notices end, limits warn, pass and are told of again, of each case
    together, alone = _left(small_world), _left(copy)
    copy.close()
    assert fired[0] == fired[1] > 8
    assert len(set(together[1])) == len(together[1]) > 4
    assert together == alone


@pytest.mark.duty("C3")
def test_one_that_failed_here_and_was_fired_elsewhere_is_not_set_aside(small_world: World) -> None:
    world = small_world
    (case,) = _posted(world, 1)
    original = KIT.service["notice.close"]
    elsewhere = world.sessions()
    undone: list[Session] = []

    def close(call: Any) -> Any:
        if call.session is not elsewhere:
            raise RuntimeError("printer on fire")
        return original.function(call)

    def fire(session: Session) -> None:
        undone.append(session)
        if len(undone) == 2:  # together, and by itself
            timer_id = elsewhere.scalars(select(Timer.id).where(Timer.status == "waiting")).first()
            assert timer_id is not None
            assert timers.fire_one(elsewhere, timer_id, case.id, world.clock.now())

    event.listen(world.sessions, "after_rollback", fire)
    with answering(Service("notice.close", "", "", close)):
        assert timers.fire_due(world.sessions, world.clock) == 0
    elsewhere.close()
    world.session.commit()
    assert world.session.scalars(select(Incident)).all() == []
    assert "failed" not in world.session.scalars(select(Timer.status)).all()
    assert set(world.open_items(case)) == {"end_notice"}
    world.assert_replays(case.id)
