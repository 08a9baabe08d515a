"""后台任务: what a person has started goes on without the browser, is shown, and can be stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from engine.casework import kit
from engine.casework.desk import inbox
from engine.casework.desk.inbox import InboxFilter
from engine.casework.models import Account, BulkEntry, Incident, Job
from engine.casework.portions import bulk, portion
from engine.casework.portions.jobs import acts, carrier, running
from engine.casework.portions.jobs.kinds import JobKind, Progress
from engine.ground.clock import SYSTEM, Clock
from engine.ground.database import is_postgres, write
from engine.ground.errors import Conflict, NotFound, Trouble, Unavailable
from engine.prevention.identification.matching import feedback
from engine.prevention.models import MatchingEntry
from tests.support import many, matching, plans
from tests.support.client import application, signed_in
from tests.support.template import VILLAGE
from tests.support.world import World


class Counting:
    """A kind of job that counts to ten, two at a time, and does what a test asks in between."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.stopped: list[int] = []
        self.meanwhile: list[Any] = []

    def advance(self, _session: Any, _actor: Account | None, _about: int, _clock: Clock) -> Progress:
        """Two more."""
        if self.meanwhile:
            self.meanwhile.pop()()
        self.done += [len(self.done) + 1, len(self.done) + 2]
        return Progress(len(self.done), 10, len(self.done) < 10)

    def stop(self, _session: Any, _actor: Account, about: int, _clock: Clock) -> None:
        """Note it."""
        self.stopped.append(about)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    made = Counting()
    with_it = kit.used() | kit.Kit(jobs={"counting": JobKind("数数", made.advance, made.stop)})
    monkeypatch.setattr(kit, "_in_use", with_it)
    return made


def begun(world: World, username: str = "cun") -> int:
    """A job that counts."""
    with write(world.session):
        return acts.defer(world.session, "counting", 7, world.official(username), world.clock.now(), total=10)


def job(world: World, job_id: int) -> Job:
    world.session.commit()
    return world.session.get_one(Job, job_id, populate_existing=True)


def sent(world: World) -> int:
    """How many rows Procrastinate's queue has."""
    world.session.commit()
    return world.session.scalar(text(f"SELECT count(*) FROM {carrier.SCHEMA}.procrastinate_jobs")) or 0


def test_a_job_is_there_when_its_transaction_counts_and_not_when_it_is_rolled_back(world: World) -> None:
    with pytest.raises(RuntimeError), write(world.session):
        acts.defer(world.session, "counting", 7, world.official("cun"), world.clock.now())
        raise RuntimeError
    assert world.session.scalars(select(Job)).all() == []
    assert not is_postgres(world.session) or sent(world) == 0
    begun(world)
    assert [one.status for one in world.session.scalars(select(Job))] == ["waiting"]
    assert not is_postgres(world.session) or sent(world) == 1


def test_nothing_notifies(world: World) -> None:
    if not is_postgres(world.session):
        return
    written = (
        "SELECT count(*) FROM pg_proc WHERE prosrc ILIKE '%notify%' AND pronamespace = to_regnamespace(:s)"
    )
    assert world.session.scalar(text(written), {"s": carrier.SCHEMA}) == 0


def test_it_is_worked_off_a_portion_at_a_time_and_says_how_far_it_is(
    world: World, counting: Counting
) -> None:
    job_id, seen = begun(world), []
    counting.meanwhile = [lambda: seen.append((job(world, job_id).done, job(world, job_id).status))] * 3
    running.run(world.sessions, world.clock, job_id)
    assert seen == [(0, "running"), (2, "running"), (4, "running")]
    world.session.commit()
    world.session.expire_all()
    found = acts.listed(world.session, world.official("cun")).items[0]
    assert (found.title, found.state, found.done, found.total) == ("数数", "已做完", 10, 10)
    assert counting.done == list(range(1, 11))
    running.run(world.sessions, world.clock, job_id)  # brought twice, done once
    assert len(counting.done) == 10


def test_one_process_at_a_time_and_another_when_its_last_sign_is_old(
    world: World, counting: Counting
) -> None:
    job_id = begun(world)

    def second() -> None:
        running.run(world.sessions, world.clock, job_id)

    counting.meanwhile = [second]
    running.run(world.sessions, world.clock, job_id)
    assert len(counting.done) == 10 and job(world, job_id).attempts == 1
    with write(world.session):  # killed in its middle
        silent = SYSTEM.now() - acts.LEASE - timedelta(seconds=1)
        world.session.execute(update(Job).values(status="running", seen_at=silent))
    counting.done.clear()
    running.run(world.sessions, world.clock, job_id)
    assert len(counting.done) == 10 and job(world, job_id).attempts == 2


def test_who_started_it_stops_it_and_nobody_else(world: World, counting: Counting) -> None:
    job_id, cun = begun(world), world.official("cun")
    with pytest.raises(NotFound):
        acts.cancel(world.session, world.official("lin"), job_id, world.clock)
    counting.meanwhile = [lambda: acts.cancel(world.session, cun, job_id, world.clock)]
    running.run(world.sessions, world.clock, job_id)
    assert (job(world, job_id).status, counting.stopped, len(counting.done)) == ("cancelled", [7], 2)
    with pytest.raises(Conflict):
        acts.cancel(world.session, cun, job_id, world.clock)


def test_trouble_of_the_surroundings_is_waited_for(world: World, counting: Counting) -> None:
    job_id = begun(world)

    def trouble() -> None:
        raise Unavailable(Trouble.HELD)

    counting.meanwhile = [trouble]
    running.run(world.sessions, world.clock, job_id)
    assert job(world, job_id).status == "waiting" and counting.done == []
    running.run(world.sessions, world.clock, job_id)
    assert (job(world, job_id).status, job(world, job_id).error) == ("done", "")
    assert world.session.scalars(select(Incident)).all() == []


def test_what_goes_wrong_is_said_to_who_started_it_and_to_the_administrator(
    world: World, counting: Counting
) -> None:
    def refused() -> None:
        raise Conflict("开始回放之后草稿又改过，请重新回放。")

    def broken() -> None:
        raise ZeroDivisionError("李建国")

    for cause, said in ((refused, "开始回放之后草稿又改过"), (broken, "系统出错了（ZeroDivisionError）")):
        job_id, counting.meanwhile = begun(world), [cause]
        running.run(world.sessions, world.clock, job_id)
        found = job(world, job_id)
        assert found.status == "failed" and said in found.error and "李建国" not in found.error
    incident = world.session.scalars(select(Incident)).one()
    assert f"第 {job_id} 号" in incident.error
    assert acts.counts(world.session) == {"waiting": 0, "running": 0, "failed": 2}


def test_nobody_works_for_an_account_that_was_closed(world: World, counting: Counting) -> None:
    job_id = begun(world)
    with write(world.session):
        world.official("cun").active = False
    running.run(world.sessions, world.clock, job_id)
    assert job(world, job_id).error == "开始的人的账号已经停用。" and counting.done == []


def test_what_was_lost_on_its_way_is_sent_again(postgres_url: str, counting: Counting) -> None:
    world = World(postgres_url)
    job_id = begun(world)
    with write(world.session):
        world.session.execute(text(f"DELETE FROM {carrier.SCHEMA}.procrastinate_jobs"))
    assert running.look_after(world.sessions) == 0  # whoever began it may be at it
    with write(world.session):
        world.session.execute(update(Job).values(seen_at=SYSTEM.now() - 2 * acts.LEASE))
    assert [running.look_after(world.sessions) for _ in range(2)] == [1, 0]
    assert job(world, job_id).status == "waiting"
    world.close()


def test_looking_for_jobs_walks_through_none_that_ended(world: World) -> None:
    """Every second, for years: what waits is found by its index."""
    with plans.all_statements(world.engine) as asked:
        assert running.waiting(world.session) == []
    asked = [one for one in asked if " job" in one[0]]
    assert len(asked) == 2 and set(plans.read_whole(world.engine, dict(asked))) == set()


# -- acts of people --------------------------------------------------------------------------------


def decided(world: World, monkeypatch: pytest.MonkeyPatch, number: int) -> int:
    """A township decides on so many households; the request does none of it. The number of the act."""
    many.to_review(world, number, (VILLAGE,))
    xiang, review = world.official("xiang"), InboxFilter(step="identification:review")
    ids = inbox.todo_ids(world.session, xiang, review, world.clock.now(), 1000)
    monkeypatch.setattr(bulk, "work_off", lambda *_: None)
    typed = {"outcome": "approve", "category": "marginal"}
    act = bulk.decide(world.session, xiang, ids, typed, clock=world.clock)
    monkeypatch.setattr(bulk, "work_off", portion.work_off)
    return act.id


def test_many_decisions_go_on_without_the_browser(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    act_id = decided(world, monkeypatch, 12)
    assert running.run_all(world.sessions, world.clock) == 1
    world.session.commit()
    world.session.expire_all()
    found = acts.listed(world.session, world.official("xiang")).items[0]
    assert (found.kind, found.about, found.status, found.done) == ("bulk", act_id, "done", 12)
    world.session.commit()
    entries = world.session.scalars(select(BulkEntry.status).execution_options(populate_existing=True))
    assert set(entries) == {"done"}


def test_a_page_looks_on_while_somebody_works_and_works_where_nobody_does(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, looked = small_world, []  # type: ignore[var-annotated]
    act_id = decided(world, monkeypatch, 12)
    monkeypatch.setattr(acts, "sleep", looked.append)
    client = signed_in(application(world), world.official("xiang"))
    with write(world.session):
        world.session.execute(update(Job).values(status="running", seen_at=SYSTEM.now()))
    client.post(f"/tasks/bulk/{act_id}")
    assert looked == [acts.LOOK] and "还有 <strong>12</strong> 件" in client.get(f"/tasks/bulk/{act_id}").text
    with write(world.session):
        world.session.execute(update(Job).values(seen_at=SYSTEM.now() - 2 * acts.LEASE))
    client.post(f"/tasks/bulk/{act_id}")
    assert "还有" not in client.get(f"/tasks/bulk/{act_id}").text


def test_what_is_stopped_stays_in_the_inbox_and_its_job_ends(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = small_world
    act_id = decided(world, monkeypatch, 3)
    client = signed_in(application(world), world.official("xiang"))
    client.post(f"/tasks/bulk/{act_id}/stop")
    assert bulk.STOPPED in client.get(f"/tasks/bulk/{act_id}").text
    world.session.commit()
    world.session.expire_all()
    assert [one.status for one in acts.listed(world.session).items] == ["cancelled"]
    running.run_all(world.sessions, world.clock)
    xiang, review = world.official("xiang"), InboxFilter(step="identification:review")
    assert len(inbox.todo_ids(world.session, xiang, review, world.clock.now(), 1000)) == 3


def test_results_of_data_matching_return_without_the_browser(small_world: World) -> None:
    world = small_world
    matching.sent_up(world, "王建国", "李长河")
    batch = matching.asked(world, "market")
    matching.answered(world, batch, "market")
    xian = world.official("xian")
    for _ in range(2):  # pressed twice, begun once
        feedback.begin(world.session, xian, batch.id, clock=world.clock)
    assert running.run_all(world.sessions, world.clock) == 1
    world.session.commit()
    world.session.expire_all()
    assert set(world.session.scalars(select(MatchingEntry.status))) == {"answered"}
    assert [(one.kind, one.status, one.done) for one in acts.listed(world.session, xian).items] == [
        ("feedback", "done", 2)
    ]
