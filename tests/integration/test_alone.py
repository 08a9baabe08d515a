"""What rules for everybody - places, names, marks, days off, settings - changes while nobody else writes:
what is under way ends first, what comes meanwhile waits. On PostgreSQL; SQLite has one writer anyway.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from engine.casework.models import CaseFile, NumberedPaper, RoleGrant, Setting, Timer, WorkItem
from engine.casework.organisation import accounts, divisions
from engine.casework.organisation.bodies import acts as bodies
from engine.casework.organisation.calendar import days_off
from engine.casework.organisation.division_changes import applying, planning
from engine.casework.papers import register
from engine.casework.portions import recounting
from engine.ground.database import Patience, write
from engine.ground.errors import Invalid, Unavailable
from engine.owners import approvals
from engine.prevention.identification import entering
from engine.prevention.models import Household
from engine.prevention.transfers import offers
from tests.integration.test_at_once import account
from tests.integration.test_division_changes import EDITION, NEW_TOWNSHIP, NEW_VILLAGE, row
from tests.integration.test_turns_of_the_year import ARRANGED, BEFORE, LIMIT_IN_WORKDAYS, _on, _unknown
from tests.support import many, papers
from tests.support.at_once import Act, while_it_writes
from tests.support.moving import deploy
from tests.support.template import COUNTY, OTHER_COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World


@pytest.fixture
def world(postgres_url: str) -> Iterator[World]:
    """On PostgreSQL, where several write at once."""
    world = World(postgres_url)
    yield world
    world.close()


def moves(world: World, village: str) -> Act:
    """A village goes to a new township of the other county, under a new code."""
    name = divisions.get(world.session, village).name

    def move(session: Session) -> int:
        listed = [
            row(NEW_TOWNSHIP, "新设乡", "township", OTHER_COUNTY),
            row(NEW_VILLAGE, name, "village", NEW_TOWNSHIP, village),
        ]
        return applying.apply(session, planning.plan(session, listed, EDITION), world.clock.now())

    return move


def codes(world: World, column: Any) -> set[str]:
    return set(world.session.scalars(select(column)))


@pytest.mark.duty("C2", "R06")
def test_a_clue_that_is_being_entered_moves_with_its_village(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clue = papers.clue(world.today, "李新户", id_number=papers.id_number("41990119620308035"))

    def enter(session: Session) -> Any:
        return entering.enter(session, account(session, "cun"), clue, clock=world.clock, confirmed_new=True)

    outcomes = while_it_writes(world, monkeypatch, enter, moves(world, VILLAGE))
    assert not any(isinstance(one, Exception) for one in outcomes), outcomes
    for column in (Household.village_code, CaseFile.village_code, WorkItem.village_code):
        assert codes(world, column) == {NEW_VILLAGE}, column


@pytest.mark.duty("C2")
def test_a_household_that_is_being_taken_over_moves_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.enter()
    offer = offers.offer(
        world.session,
        world.official("xian"),
        case.household_id,
        OTHER_VILLAGE,
        "全家迁居",
        clock=world.clock,
    ).id

    def accept(session: Session) -> Any:
        return offers.accept(session, account(session, "xian2"), offer, clock=world.clock)

    while_it_writes(world, monkeypatch, accept, moves(world, OTHER_VILLAGE))
    for column in (Household.village_code, CaseFile.village_code, WorkItem.village_code):
        assert codes(world, column) == {NEW_VILLAGE}, column


@pytest.mark.duty("C2")
def test_a_role_that_is_being_given_moves_with_its_village(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give(session: Session) -> int:
        with write(session):
            new = accounts.create(session, "xin", "新", "x", world.clock.now())
            accounts.grant(session, new, "village_official", VILLAGE)
        return new.id

    number, _ = while_it_writes(world, monkeypatch, give, moves(world, VILLAGE))
    held = select(RoleGrant.division_code).where(RoleGrant.account_id == number)
    assert world.session.scalars(held).all() == [NEW_VILLAGE]


@pytest.mark.duty("R13")
def test_two_offices_never_have_one_mark(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def marks(username: str, code: str) -> Act:
        entry = bodies.Entry(code, "government", word="车政防")
        return lambda session: bodies.put(session, account(session, username), entry, clock=world.clock)

    outcomes = while_it_writes(
        world, monkeypatch, marks("xiang", TOWNSHIP), marks("waixiang", OTHER_TOWNSHIP)
    )
    assert outcomes[0] is None
    assert isinstance(outcomes[1], Invalid) and "已在用" in outcomes[1].fields["word"][0]


@pytest.mark.duty("R13")
def test_a_paper_has_one_name_of_its_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    many.to_approval(world, 1, (VILLAGE,))
    many.finish_all(world, "approve", "xian")
    ids = list(world.session.scalars(select(WorkItem.id).where(WorkItem.element_id == "approve")))
    real, outcomes = register.numbers.open_paper, list[Any]()

    def rename() -> None:
        with world.sessions() as session:
            listed = [row(COUNTY, "新县", "county", "410300000000", COUNTY)]
            outcomes.append(applying.apply(session, planning.plan(session, listed, world.today), NOW))

    NOW = world.clock.now()
    renaming = threading.Thread(target=rename)

    def open_paper(*args: Any, **named: Any) -> NumberedPaper:
        renaming.start()
        renaming.join(1.5)
        return real(*args, **named)

    monkeypatch.setattr(register.numbers, "open_paper", open_paper)
    world.session.commit()
    [paper] = register.issue(world.session, world.official("xian"), "approval_form", ids, NOW)
    renaming.join()
    paper = world.session.scalars(
        select(NumberedPaper).where(NumberedPaper.id == paper.id).options(undefer(NumberedPaper.content))
    ).one()
    assert outcomes == [0] and divisions.get(world.session, COUNTY).name == "新县"
    assert "新县" not in paper.number + str(paper.content)


@pytest.mark.duty("R15")
def test_a_limit_that_is_being_counted_by_guess_is_counted_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(world, LIMIT_IN_WORKDAYS, "limits in working days")
    _unknown(world, 2028)
    _on(world, BEFORE)
    now, clock = world.clock.now(), world.clock
    days, _ = days_off.pasted(ARRANGED, 2028)

    def enter(session: Session) -> Any:
        clue = papers.clue(world.today)
        return entering.enter(session, account(session, "cun"), clue, clock=clock, confirmed_new=True)

    def publish(session: Session) -> None:
        keeper = account(session, "xitong")
        with recounting.as_years_come(session, now):
            seen = days_off.revision(days_off.arranged(session, 2028))
            document = "国办发明电〔2027〕9号"
            days_off.store(session, keeper, 2028, days, document, seen=seen, aware=True, clock=clock)

    while_it_writes(world, monkeypatch, enter, publish)
    assert world.session.scalar(select(func.count(Timer.id)).where(Timer.kind == recounting.KIND)) == 1


@pytest.mark.duty("C5")
def test_two_settings_at_once_are_both_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with write(world.session):
        other = accounts.create(world.session, "anquan2", "安全乙", "x", world.clock.now())
        accounts.grant(world.session, other, "security_admin", "410000000000")

    def demands(username: str, code: str) -> Act:
        return lambda session: approvals.demand_approval(
            session, account(session, username), code, True, world.clock.now()
        )

    wanted = [COUNTY, OTHER_COUNTY, TOWNSHIP, OTHER_TOWNSHIP]
    for first, second in (wanted[:2], wanted[2:]):  # the row is new, and is there
        outcomes = while_it_writes(world, monkeypatch, demands("anquan", first), demands("anquan2", second))
        assert outcomes == [None, None]
        monkeypatch.undo()
    assert approvals.approval_divisions(world.session) == sorted(wanted)


def test_who_is_to_be_alone_waits_for_all_and_all_wait_for_it(postgres_url: str) -> None:
    world = World(postgres_url, Patience(lock_seconds=0.2))
    one, other, ruler = world.sessions(), world.sessions(), world.sessions()

    def put(session: Session, key: str, **how: Any) -> None:
        with write(session, **how):
            session.add(Setting(key=key, value=1))

    with write(one):
        assert one.get(Setting, "asked") is None  # with its first statement it is there
        put(other, "with others")
        with pytest.raises(Unavailable):
            put(ruler, "too early", alone=True)
    with write(ruler, alone=True):
        assert ruler.get(Setting, "asked") is None
        with pytest.raises(Unavailable):
            put(one, "too early")
        ruler.add(Setting(key="alone", value=1))
    put(one, "afterwards")
    with write(one):
        one.add(Setting(key="outer", value=1))
        put(one, "inner", alone=True)
        assert one.get(Setting, "asked") is None
        with pytest.raises(Unavailable):
            put(other, "meanwhile")
    found = set(world.session.scalars(select(Setting.key)))
    assert {"with others", "alone", "afterwards", "outer", "inner"} <= found
    assert not {"too early", "meanwhile"} & found
    for session in (one, other, ruler):
        session.close()
    world.close()
