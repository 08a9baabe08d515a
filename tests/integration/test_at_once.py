"""Two at the same moment: one lock order, one first answer, one draft, and no error of ours."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.acts import StepResult, messages
from engine.casework.models import Account, CaseFile, Draft, Idempotency, Incident, Submission
from engine.ground.errors import Conflict
from engine.prevention.identification import entering
from engine.prevention.models import RiskClue
from tests.support import many, papers
from tests.support.client import Caller, application, signed_in
from tests.support.template import VILLAGE
from tests.support.world import World

ROUNDS = 6


def at_once(world: World, acts: list[Callable[[Session], Any]]) -> list[Any]:
    """What came of the acts, done at the same moment in sessions of their own;
    a refusal is an outcome too.
    """
    start, outcomes = threading.Barrier(len(acts)), [None] * len(acts)

    def do(number: int, act: Callable[[Session], Any]) -> None:
        with world.sessions() as session:
            session.connection()
            session.commit()
            start.wait()
            try:
                outcomes[number] = act(session)
            except Exception as error:
                outcomes[number] = error

    threads = [threading.Thread(target=do, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def account(session: Session, username: str) -> Account:
    """The account in the session at hand."""
    return session.scalars(select(Account).where(Account.username == username)).unique().one()


@pytest.mark.duty("C3")
def test_one_request_twice_at_once_gets_the_first_answer_both_times(world: World) -> None:
    case = world.enter()
    item_id, typed = world.open_items(case)["verify"].id, papers.verification(world.today)
    world.session.commit()

    def press(session: Session) -> StepResult:
        who = account(session, "cun")
        return acts.complete(session, who, item_id, typed, idempotency_key="same", clock=world.clock)

    outcomes = at_once(world, [press] * 4)
    assert all(isinstance(one, StepResult) for one in outcomes) and len(set(outcomes)) == 1
    world.session.commit()
    assert world.session.scalar(select(func.count()).select_from(Submission)) == 1
    assert world.session.scalar(select(func.count()).select_from(Idempotency)) == 1


@pytest.mark.duty("C3")
def test_a_key_belongs_to_its_account_and_to_one_operation(world: World) -> None:
    from engine.casework.portions import bulk

    many.to_approval(world, 2, (VILLAGE,))
    app = application(world)
    county, other = Caller(app, world, "xian"), Caller(app, world, "xian2")
    ids = [task["id"] for task in county.get("/tasks?step=identification:approve").json["items"]]
    act = bulk.decide(
        world.session, world.official("xian"), ids[:1], {"outcome": "approve"}, clock=world.clock
    )
    body = {"data": {"outcome": "approve"}, "idempotency_key": f"bulk:{act.id}:{ids[0]}"}
    assert county.post(f"/tasks/{ids[0]}/complete", body).status_code == 409  # that one is the bulk act's
    body = {"data": papers.paper("county_approval", world.today, ""), "idempotency_key": "k"}
    first = county.post(f"/tasks/{ids[1]}/complete", body)
    assert first.status_code == 200 and county.post(f"/tasks/{ids[1]}/complete", body).json == first.json
    assert (
        other.post(f"/tasks/{ids[1]}/complete", body).status_code == 409
    )  # another's key, be it the same text


@pytest.mark.duty("R06")
def test_clues_about_one_household_at_once_all_arrive(world: World) -> None:
    case = world.enter()
    household = case.household_id
    world.session.commit()
    for _ in range(ROUNDS):
        outcomes = at_once(world, [_clue(world, household)] * 3)
        assert [one for one in outcomes if isinstance(one, Exception)] == []
    world.session.commit()
    assert world.session.scalar(select(func.count()).select_from(RiskClue)) == 1 + 3 * ROUNDS
    assert world.session.scalar(select(func.count()).select_from(CaseFile)) == 1
    world.assert_replays(case.id)


@pytest.mark.duty("R06")
def test_a_clue_and_a_step_of_the_same_household_do_not_wait_for_each_other(world: World) -> None:
    case = world.approved()
    help_case = world.assistance_of(case)
    item_id = world.open_items(help_case)["name_official"].id
    world.session.commit()
    typed = papers.paper("responsible_official", world.today, "")

    def name(session: Session) -> StepResult:
        return acts.complete(session, account(session, "xiang"), item_id, typed, clock=world.clock)

    outcomes = at_once(world, [name, _clue(world, case.household_id), _clue(world, case.household_id)])
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    world.session.commit()
    assert world.session.scalar(select(func.count()).select_from(Incident)) == 0


def _clue(world: World, household_id: int) -> Callable[[Session], Any]:
    def enter(session: Session) -> Any:
        data = papers.clue(world.today)
        return entering.enter(
            session, account(session, "cun"), data, clock=world.clock, household_id=household_id
        )

    return enter


@pytest.mark.duty("C3")
def test_two_saves_of_one_draft_at_once_are_one_draft(world: World) -> None:
    case = world.enter()
    item_id = world.open_items(case)["verify"].id
    world.session.commit()

    def save(session: Session) -> Any:
        return acts.save_draft(
            session, account(session, "cun"), item_id, {"remark": "写到一半"}, clock=world.clock
        )

    outcomes = at_once(world, [save] * 4)
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    world.session.commit()
    assert world.session.scalar(select(func.count()).select_from(Draft)) == 1


@pytest.mark.duty("C3")
def test_a_finished_item_takes_neither_files_nor_drafts(world: World) -> None:
    case = world.enter()
    item = world.open_items(case)["verify"]
    app = application(world)
    village, caller = signed_in(app, world.official("cun")), Caller(app, world, "cun")
    world.finish(case, "verify", "cun")
    with pytest.raises(Conflict, match="办结"):
        world.upload("cun", item)
    with pytest.raises(Conflict, match="办结"):
        acts.save_draft(world.session, world.official("cun"), item.id, {"remark": "晚了"}, clock=world.clock)
    assert village.post(f"/tasks/{item.id}/draft", data={"remark": "晚了"}).status_code == 409
    assert village.post(f"/tasks/{item.id}", data={"remark": "晚了"}).status_code == 409
    assert caller.post(f"/tasks/{item.id}/complete", {"data": {"remark": "晚了"}}).status_code == 409
    world.session.commit()
    assert world.session.scalar(select(func.count()).select_from(Draft)) == 0


# -- the lock order --------------------------------------------------------------------------------

RANKS = {"household": 0, "case_file": 1, "work_item": 2, "timer": 2, "draft": 2, "log_stream": 9}
"""engine/casework/step/locks.py: what is locked first, and last."""
_OF = re.compile(r"FOR (?:NO KEY )?UPDATE(?: OF ([\w, ]+))?")


def _locked(statement: str) -> list[str]:
    """The tables that a statement locks, in its order; an UPDATE locks what it changes."""
    if changed := re.match(r"UPDATE (\w+)", statement):
        return [changed[1]]
    found = _OF.search(statement)
    if found is None:
        return []
    first = re.search(r"\bFROM\s+(\w+)", statement)
    named = found[1] or (first[1] if first else "")
    return [name.strip().removesuffix(" SKIP LOCKED") for name in named.split(",")]


@pytest.fixture
def orders(postgres_url: str) -> Iterator[tuple[World, list[list[str]]]]:
    """A world, and what each of its transactions locked."""
    world = World(postgres_url)
    orders: list[list[str]] = [[]]
    event.listen(world.engine, "begin", lambda _: orders.append([]))
    event.listen(
        world.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: orders[-1].extend(_locked(statement)),
    )
    yield world, orders
    world.close()


@pytest.mark.duty("C3", "R10")
def test_an_objection_is_written_down_under_the_lock(postgres_url: str) -> None:
    """A new row holds what it refers to: an objection and a handing
    over at once must not wait for each other.
    """
    world = World(postgres_url)
    case = world.enter()
    world.to_notice(case)
    said: list[str] = []
    event.listen(
        world.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: said.append(statement)
    )
    data = {"matter": "家中有车", "raised_on": world.today.isoformat()}
    assert messages.send(world.session, world.official("cun"), case.id, "objection", data, clock=world.clock)
    locks = [number for number, one in enumerate(said) if _locked(one) == ["household", "case_file"]]
    recorded = next(number for number, one in enumerate(said) if one.startswith("INSERT INTO objection"))
    assert locks and locks[0] < recorded
    world.close()


@pytest.mark.duty("C3")
def test_every_transaction_locks_in_the_one_order(orders: tuple[World, list[list[str]]]) -> None:
    world, taken = orders
    case = world.assistance_of(world.approve())  # every one of its transactions is looked at
    world.to_declared(case)
    world.enter(household_id=case.household_id)
    world.go_to(world.number + 40)
    assert sum(len(one) > 1 for one in taken) > 10
    for one in taken:
        held: list[str] = []
        for table in one:
            if table in RANKS and table not in held:
                assert all(RANKS[table] >= RANKS[before] for before in held), one
                held.append(table)


def test_refusals_of_unknown_items_are_told_of_each_wherever_they_stand(world: World) -> None:
    many.to_approval(world, 2, (VILLAGE,))
    caller = Caller(application(world), world, "xian")
    ids = [task["id"] for task in caller.get("/tasks?step=identification:approve").json["items"]]
    wrong = {"outcome": "approve", "category": "no such"}
    for order in ([999_999, *ids], [*ids, 999_999]):
        answer = caller.post("/tasks/complete", {"ids": order, "data": wrong})
        assert answer.status_code == 200 and [one["id"] for one in answer.json] == order
        told = {one["id"]: one["error"] for one in answer.json}
        assert told[999_999]["code"] == "not_found"
        assert all("category" in told[item]["fields"] for item in ids)
    assert caller.post("/tasks/complete", {"ids": [999_998, 999_999], "data": {}}).status_code == 404


def test_a_filter_that_names_nothing_finds_nothing(world: World) -> None:
    supervisor = signed_in(application(world), world.official("ducha"))
    for text in (":", "::", "²:", "identification:", ":x", "nothing:nothing"):
        assert supervisor.get("/supervision", query_string={"limit": text}).status_code == 200, text
