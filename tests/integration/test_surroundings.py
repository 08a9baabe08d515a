"""What goes wrong around a case is no fault of the case: nothing is set aside, nothing lost,
the same press does it.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select, text

from engine.casework import acts
from engine.casework.models import (
    BulkEntry,
    CaseFile,
    Draft,
    Incident,
    MigrationEntry,
    Schedule,
    Timer,
    WorkItem,
)
from engine.casework.portions import bulk, moving
from engine.casework.time import schedules, ticker, timers
from engine.ground.database import Patience, whole, write
from engine.ground.errors import Trouble, Unavailable
from engine.prevention.identification import entering
from engine.prevention.models import RiskClue
from tests.support import many, papers, registers, trouble
from tests.support.moving import SEVEN, deploy, looked_at
from tests.support.template import VILLAGE
from tests.support.world import World

SHORT = Patience(lock_seconds=0.2)
FAULTS: dict[str, Callable[[World], AbstractContextManager[None]]] = {
    "locked": lambda world: trouble.locked(world.url),
    "full": lambda world: trouble.sqlite_full(world.engine),
    "read-only": lambda world: trouble.sqlite_read_only(world.engine),
}


@pytest.fixture
def hurried(database_url: str) -> Iterator[World]:
    """A world that waits a fifth of a second for what others hold."""
    made = World(database_url, SHORT)
    yield made
    made.close()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[World]:
    """A world on PostgreSQL that waits a fifth of a second for what others hold."""
    made = World(postgres_url, SHORT)
    yield made
    made.close()


@pytest.fixture(params=["sqlite-locked", "sqlite-read-only", "postgresql-locked"])
def afflicted(request: pytest.FixtureRequest) -> Iterator[tuple[World, AbstractContextManager[None]]]:
    """A world, and what will ail its database."""
    kind, _, fault = request.param.partition("-")
    made = World(request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url"), SHORT)
    yield made, FAULTS[fault](made)
    made.close()


Afflicted = tuple[World, AbstractContextManager[None]]


def number_of(world: World, model: type, *conditions: object) -> int:
    """How many rows there are now."""
    world.session.commit()
    return world.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.duty("R10", "R15")
def test_a_limit_waits_through_the_trouble_and_fires_after_it(afflicted: Afflicted) -> None:
    world, ailing = afflicted
    case = world.enter()
    world.to_notice(case)
    world.session.close()
    world.clock.set(world.day(6, 0))
    with ailing:
        assert ticker.tick(world.sessions, world.clock) == 0
    assert number_of(world, Incident) == 0
    assert number_of(world, Timer, Timer.status == "failed") == 0
    assert timers.fire_due(world.sessions, world.clock) == 1
    assert set(world.open_items(case)) == {"end_notice"}
    world.assert_replays(case.id)


@pytest.mark.duty("R10", "R15")
def test_one_case_that_cannot_be_had_holds_up_no_other(postgres: World) -> None:
    world = postgres
    held = world.enter()
    other = world.enter(name="李四", id_number=papers.id_number("41990119800101345"), address="西坡9号")
    world.to_notice(held)
    world.to_notice(other)
    world.session.close()
    world.clock.set(world.day(6, 0))
    with trouble.postgres_holds(world.url, f"SELECT id FROM timer WHERE case_id = {held.id} FOR UPDATE"):
        assert timers.fire_due(world.sessions, world.clock) == 1
    assert set(world.open_items(other)) == {"end_notice"} and world.open_items(held) == {}
    assert number_of(world, Incident) == 0
    assert timers.fire_due(world.sessions, world.clock) == 1


@pytest.mark.duty("R26")
def test_a_round_of_a_recurring_procedure_is_not_over_because_of_the_trouble(afflicted: Afflicted) -> None:
    world, ailing = afflicted
    for name in ("王一", "王二"):
        registers.household(world.session, world.clock.now(), name, "eliminated", village=VILLAGE)
    schedules.set_rhythm(
        world.session, world.official("xian"), "look_back", 6, world.today, world.clock.now()
    )
    world.session.close()
    with ailing:
        assert ticker.tick(world.sessions, world.clock) == 0
    assert world.session.scalars(select(Schedule.next_on)).one() == world.today
    assert ticker.tick(world.sessions, world.clock) == 2
    assert number_of(world, Incident) == 0


# -- people ----------------------------------------------------------------------------------------


@pytest.mark.duty("C3")
def test_an_official_presses_again_and_it_is_done_once(afflicted: Afflicted) -> None:
    world, ailing = afflicted
    case = world.enter()
    item, typed = world.open_items(case)["verify"], papers.verification(world.today)
    who = world.official("cun")
    world.session.commit()
    with ailing, pytest.raises(Unavailable, match="再按一次"):
        acts.complete(world.session, who, item.id, typed, idempotency_key="k", clock=world.clock)
    assert number_of(world, Incident) == 0 and set(world.open_items(case)) == {"verify"}
    done = acts.complete(world.session, who, item.id, typed, idempotency_key="k", clock=world.clock)
    assert done.opened and set(world.open_items(case)) == {"sign"}
    world.assert_replays(case.id)


@pytest.mark.duty("C3")
def test_what_was_typed_is_kept_as_a_draft_where_only_a_row_is_held(postgres: World) -> None:
    world = postgres
    case = world.enter()
    item, typed = world.open_items(case)["verify"], papers.verification(world.today, wage=777)
    who, told = world.official("cun"), pytest.raises(Unavailable)
    world.session.commit()
    with trouble.postgres_holds(world.url, f"SELECT id FROM case_file WHERE id = {case.id} FOR UPDATE"), told:
        acts.complete(world.session, who, item.id, typed, clock=world.clock)
    assert world.session.scalars(select(Draft.data)).one()["wage"] == 777


ACTS: dict[str, Callable[[World, CaseFile, int], object]] = {
    "return": lambda w, c, i: acts.return_to(w.session, w.official("cun"), i, None, "写错了", clock=w.clock),
    "withdraw": lambda w, c, i: acts.withdraw(w.session, w.official("cun"), i - 1, clock=w.clock),
    "claim": lambda w, c, i: acts.claim(w.session, w.official("cun"), i, clock=w.clock),
    "message": lambda w, c, i: acts.send_message(
        w.session, None, c.id, "clue", {}, facts={"x": 1}, clock=w.clock
    ),
    "clue": lambda w, c, i: entering.enter(
        w.session, w.official("cun"), papers.clue(w.today), clock=w.clock, household_id=c.household_id
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_every_act_of_people_says_press_again_and_becomes_no_incident(act: str, hurried: World) -> None:
    world = hurried
    case = world.enter()
    world.finish(case, "verify", "cun")
    item_id = world.open_items(case)["sign"].id
    with trouble.locked(world.url), pytest.raises(Unavailable, match="再按一次"):
        ACTS[act](world, case, item_id)
    assert number_of(world, Incident) == 0
    ACTS[act](world, case, item_id)
    world.assert_replays(case.id)


@pytest.mark.duty("R12")
def test_a_bulk_act_leaves_pending_what_the_trouble_stopped(hurried: World) -> None:
    world = hurried
    many.to_approval(world, 3, (VILLAGE,))
    county = world.official("xian")
    ids = list(
        world.session.scalars(
            select(WorkItem.id).where(WorkItem.status == "open", WorkItem.queue == "county")
        )
    )
    act = bulk.decide(world.session, county, ids[:1], {"outcome": "approve"}, clock=world.clock)
    world.session.execute(text("UPDATE bulk_entry SET status = 'done'"))
    world.session.execute(
        BulkEntry.__table__.insert(),  # type: ignore[attr-defined]
        [{"act_id": act.id, "work_item_id": item, "text": ""} for item in ids[1:]],
    )
    world.session.commit()
    with trouble.locked(world.url):
        bulk.go_on(world.session, county, act.id, clock=world.clock)
    assert bulk.counts(world.session, act) == {"pending": 2, "done": 1, "refused": 0}
    bulk.go_on(world.session, county, act.id, clock=world.clock)
    assert bulk.counts(world.session, act) == {"pending": 0, "done": 3, "refused": 0}


@pytest.mark.duty("C5")
def test_a_case_that_could_not_be_moved_just_now_is_not_refused(hurried: World) -> None:
    world = hurried
    world.to_notice(world.enter())
    version = deploy(world, SEVEN)
    act = looked_at(world, version)
    owner = world.official("liucheng")
    act.status = "moving"
    world.session.commit()
    with trouble.locked(world.url), pytest.raises(Unavailable):
        moving.go_on(world.session, owner, act.id, clock=world.clock)
    assert world.session.scalars(select(MigrationEntry.status)).all() == ["fits"]
    moving.go_on(world.session, owner, act.id, clock=world.clock)
    world.session.commit()
    assert world.session.scalars(select(MigrationEntry.status)).all() == ["moved"]


@pytest.mark.duty("C3")
def test_a_full_disk_is_no_fault_of_the_case(sqlite_url: str) -> None:
    world = World(sqlite_url, SHORT)
    case = world.enter()
    item, typed = world.open_items(case)["verify"], papers.verification(world.today, risk_text="长" * 400)
    who = world.official("cun")
    world.session.close()
    with trouble.sqlite_full(world.engine), pytest.raises(Unavailable, match="告诉管理员"):
        for number in range(40):  # whatever room was left is used up
            acts.save_draft(world.session, who, item.id, {"remark": "满" * 900 * number}, clock=world.clock)
        acts.complete(world.session, who, item.id, typed, clock=world.clock)
    assert number_of(world, Incident) == 0
    acts.complete(world.session, who, item.id, typed, clock=world.clock)
    assert set(world.open_items(case)) == {"sign"}
    world.close()


# -- what the machine does again -------------------------------------------------------------------


@pytest.mark.duty("C3")
def test_a_step_whose_connection_is_cut_off_is_done_again_by_itself(postgres_url: str) -> None:
    world = World(postgres_url)
    case = world.enter()
    item_id = world.open_items(case)["verify"].id
    world.session.close()
    done: list[object] = []

    def act() -> None:
        with world.sessions() as session:
            who = session.get_one(type(world.official("cun")), world.official("cun").id)
            session.commit()
            done.append(
                acts.complete(session, who, item_id, papers.verification(world.today), clock=world.clock)
            )

    with psycopg.connect(postgres_url) as holder:
        holder.execute(f"SELECT id FROM case_file WHERE id = {case.id} FOR UPDATE")  # type: ignore[arg-type]
        working = threading.Thread(target=act)
        working.start()
        _cut_off_the_waiting(postgres_url)
        holder.rollback()
        working.join()
    assert len(done) == 1 and set(world.open_items(case)) == {"sign"}
    assert number_of(world, Incident) == 0
    world.close()


def _cut_off_the_waiting(url: str) -> None:
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(url, autocommit=True) as administrator:
        while not administrator.execute(query).fetchall():
            continue


def test_of_two_transactions_in_each_others_way_one_gives_way_and_is_done_again(postgres_url: str) -> None:
    world = World(postgres_url)
    first, second = world.official("cun").id, world.official("xiang").id
    world.session.close()
    met, attempts = threading.Barrier(2), {first: 0, second: 0}

    def cross(mine: int, other: int) -> None:
        @whole
        def act(session) -> None:  # type: ignore[no-untyped-def]
            attempts[mine] += 1
            with write(session):
                session.execute(text("UPDATE account SET email = 'a' WHERE id = :id"), {"id": mine})
                if attempts[mine] == 1:
                    met.wait()
                session.execute(text("UPDATE account SET email = 'b' WHERE id = :id"), {"id": other})

        with world.sessions() as session:
            act(session)

    threads = [threading.Thread(target=cross, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(attempts.values()) == [1, 2]
    world.close()


def test_a_statement_that_takes_too_long_is_ended_and_told(postgres_url: str) -> None:
    world = World(postgres_url, Patience(lock_seconds=0, statement_seconds=0.2))
    case = world.enter()
    item, who, refused = world.open_items(case)["verify"], world.official("cun"), pytest.raises(Unavailable)
    world.session.commit()
    with (
        trouble.postgres_holds(world.url, f"SELECT id FROM case_file WHERE id = {case.id} FOR UPDATE"),
        refused as told,
    ):
        acts.complete(world.session, who, item.id, papers.verification(world.today), clock=world.clock)
    assert told.value.trouble is Trouble.HELD and number_of(world, Incident) == 0
    world.close()


def test_a_session_goes_on_after_its_connection_was_cut_off(postgres: World) -> None:
    world = postgres
    case = world.enter()
    world.session.scalar(select(func.count()).select_from(RiskClue))
    with pytest.raises(Unavailable) as told, write(world.session):
        world.session.scalar(select(func.count()).select_from(RiskClue))
        trouble.cut_off(world.url)
        world.session.scalar(select(func.count()).select_from(RiskClue))
    assert told.value.trouble is Trouble.LOST
    world.finish(case, "verify", "cun")


def test_a_step_goes_on_at_the_leader_when_its_connection_leads_to_a_standby(postgres: World) -> None:
    world = postgres
    case = world.enter()
    item, who = world.open_items(case)["verify"], world.official("cun")
    sent = papers.verification(world.today)
    connection = world.session.connection()
    connection.exec_driver_sql("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")  # it was demoted
    world.session.commit()
    acts.complete(world.session, who, item.id, sent, clock=world.clock)
    assert number_of(world, Incident) == 0


def test_a_database_that_only_reads_is_no_fault_of_the_case(postgres: World) -> None:
    world = postgres
    case = world.enter()
    item, who = world.open_items(case)["verify"], world.official("cun")
    name = world.session.connection().engine.url.database
    world.session.connection().exec_driver_sql(
        f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
    )
    world.session.commit()
    world.session.connection().invalidate()
    with pytest.raises(Unavailable) as told:
        acts.complete(world.session, who, item.id, papers.verification(world.today), clock=world.clock)
    assert told.value.trouble is Trouble.MOVED
    connection = world.session.connection()
    connection.exec_driver_sql("SET default_transaction_read_only = off")
    world.session.commit()
    world.session.connection().exec_driver_sql(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    world.session.commit()
    world.finish(case, "verify", "cun")
    assert number_of(world, Incident) == 0


# -- everywhere ------------------------------------------------------------------------------------


def _names(node: ast.AST | None) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} if node is not None else set()


ALONE = {
    Path("engine/ground/unpacking/reading.py"),
    Path("engine/casework/portions/foreign/refilling/process.py"),
    Path("web/server/processes.py"),
}
"""Processes of their own, without a database: all that can go wrong there is the file, or the process."""


def _catchers() -> Iterator[tuple[str, set[str]]]:
    """Where everything is caught, with the names that are asked there and in the handlers before it."""
    root = Path(__file__).parents[2]
    for file in sorted([*(root / "engine").rglob("*.py"), *(root / "web").rglob("*.py")]):
        if file.relative_to(root) in ALONE:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Try):
                asked: set[str] = set()
                for handler in node.handlers:
                    if handler.type is None or _names(handler.type) & {"Exception", "BaseException"}:
                        yield f"{file.relative_to(root)}:{handler.lineno}", asked | _names(handler)
                    asked |= _names(handler.type)


def test_whoever_catches_everything_asks_first_whether_the_surroundings_failed() -> None:
    places = list(_catchers())
    assert len(places) >= 8
    for place, asked in places:
        assert asked & {"trouble_of", "_incident", "Unavailable"}, (
            f"{place} takes such trouble for a fault of the case"
        )
