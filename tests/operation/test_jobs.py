"""Jobs and workers as processes: one that is killed is followed by another, and nothing is done twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from engine.casework.desk import inbox
from engine.casework.desk.inbox import InboxFilter
from engine.casework.models import BulkEntry, Job, LogEntry, OutgoingFile, OutgoingPart, Submission
from engine.casework.portions import bulk
from engine.casework.portions.outgoing import files
from engine.casework.portions.outgoing.sending import Asked
from engine.ground.clock import SYSTEM
from engine.ground.database import write
from engine.prevention.models import Household
from tests.operation.harness import system, until
from tests.support import many, sheets
from tests.support.template import VILLAGE
from tests.support.world import World

HOUSEHOLDS = 40


def _begun(world: World) -> int:
    """A township's decision on many households, written down, of which nothing is done yet."""
    many.to_review(world, HOUSEHOLDS, (VILLAGE,))
    xiang, review = world.official("xiang"), InboxFilter(step="identification:review")
    ids = inbox.todo_ids(world.session, xiang, review, world.clock.now(), 1000)
    typed = {"outcome": "approve", "category": "marginal"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "work_off", lambda *_: None)
        return bulk.decide(world.session, xiang, ids, typed, clock=world.clock).id


@pytest.mark.operation
def test_a_job_survives_its_workers_death_and_does_nothing_twice(postgres_url: str, tmp_path: Path) -> None:
    world = World(postgres_url)
    _begun(world)

    def done() -> int:
        world.session.commit()
        query = select(func.count()).select_from(BulkEntry).where(BulkEntry.status == "done")
        return world.session.scalar(query) or 0

    world.session.commit()
    sent = world.session.scalar(select(func.count()).select_from(Submission)) or 0
    with system(postgres_url, tmp_path) as made:
        first = made.worker()
        until(lambda: done() > 0, first.said())
        first.kill()
        at = done()
        assert at < HOUSEHOLDS
        second = made.worker()
        until(lambda: done() == HOUSEHOLDS, second.said(), 90)
        until(lambda: _status(world) == "done", "not noted")
        assert second.end() == 0
    world.session.commit()
    assert (world.session.scalar(select(func.count()).select_from(Submission)) or 0) == sent + HOUSEHOLDS
    world.close()


def _status(world: World) -> str:
    world.session.commit()
    return world.session.scalars(select(Job.status)).one()


@pytest.mark.operation
def test_on_sqlite_the_scheduler_of_the_one_process_does_them(sqlite_url: str, tmp_path: Path) -> None:
    world = World(sqlite_url)
    _begun(world)
    world.session.close()
    with system(sqlite_url, tmp_path, SHOUWANG_SCHEDULER="1") as made:
        web = made.web()
        until(lambda: _status(world) == "done", web.said())
        assert web.end() == 0
    world.close()


@pytest.mark.operation
def test_a_worker_that_is_asked_to_end_gives_its_job_back_at_once(postgres_url: str, tmp_path: Path) -> None:
    world = World(postgres_url)
    _begun(world)
    with system(postgres_url, tmp_path) as made:
        first = made.worker()
        until(lambda: _status(world) == "running", first.said())
        assert first.end() == 0
        assert _status(world) in ("waiting", "done")
        second = made.worker()
        until(lambda: _status(world) == "done", second.said())
    world.close()


LONG = 60_000
"""Households, whose register takes some seconds to write."""


@pytest.mark.operation
def test_an_export_whose_worker_dies_is_written_anew_and_whole(postgres_url: str, tmp_path: Path) -> None:
    world = World(postgres_url)
    place = world.enter().household.division_id
    world.clock.set(SYSTEM.now())  # as the workers' is: what is kept for a day is kept from today
    same = {"division_id": place, "village_code": VILLAGE, "updated_at": world.clock.now()}
    rows = [{**same, "number": f"{VILLAGE}{n:06}", "head_name": f"户{n:06}"} for n in range(LONG)]
    with write(world.session):
        world.session.execute(insert(Household), rows)
    asked = Asked(world.session, world.official("xiang"), {"status": "ordinary"}, world.clock.now())
    file_id = files.begin(world.session, asked, "register").id

    def done() -> int:
        world.session.commit()
        return world.session.scalars(select(Job.done)).one()

    def pieces() -> int:
        world.session.commit()
        return world.session.scalar(select(func.count()).select_from(OutgoingPart)) or 0

    with system(postgres_url, tmp_path) as made:
        first = made.worker()
        until(lambda: done() > 0, "nothing is written", 180)
        first.kill()
        assert (_status(world), pieces()) == ("running", 0)
        second = made.worker()
        until(lambda: _status(world) == "done", second.said(), 240)
        assert second.end() == 0
    file = world.session.get_one(OutgoingFile, file_id, populate_existing=True)
    assert (file.status, file.rows) == ("made", LONG + 1) and pieces() > 1
    body = b"".join(files.fetch(world.session, world.official("xiang"), file_id, world.clock).pieces)
    assert len(body) == file.size and len(sheets.rows(body)) == LONG + 2
    exported = select(func.count()).where(LogEntry.kind == "export")
    assert world.session.scalar(exported) == 1
    world.close()
