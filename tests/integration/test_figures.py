"""The roll-ups of the log: what they say, and that however they are kept they say the same."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import event, func, select, text

from engine.casework import acts, audit
from engine.casework.acts import messages
from engine.casework.models import CaseFile, Figure, FigureGap, FigureMark, WorkItem
from engine.casework.organisation import divisions
from engine.casework.step.steps import Step
from engine.casework.supervision.figures import periods, reading, tally
from engine.casework.supervision.figures.definitions import recount
from engine.casework.supervision.figures.facts import Line, facts_of
from engine.casework.supervision.figures.facts import hours as facts_hours
from engine.casework.supervision.figures.tiers import Tier
from engine.flow.history.lines import Reminded
from engine.ground.database import write
from engine.prevention.models import Household, Notice, Objection
from tests.support.client import application, signed_in
from tests.support.template import COUNTY, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World


def facts(world: World, case: CaseFile) -> Counter[tuple[str, str, int]]:
    """What a case's history says, without the days."""
    world.session.commit()
    lines = [Line(e.seq, e.kind, e.at, e.element_id, e.line) for e in audit.history(world.session, case.id)]
    found: Counter[tuple[str, str, int]] = Counter()
    for fact, count in facts_of(lines, tally.routes_of(world.session, case.version_id)).items():
        found[fact.measure, fact.element_id, fact.value] += count
    return found


def cells(world: World) -> dict[tuple[object, ...], int]:
    """All that the roll-ups hold."""
    world.session.commit()
    columns = [column for column in Figure.__table__.columns if column.name != "count"]
    return {tuple(row[:-1]): row[-1] for row in world.session.execute(select(*columns, Figure.count))}


@pytest.mark.duty("R15")
def test_an_identification_says_when_it_was_concluded_and_which_way_it_went(small_world: World) -> None:
    case = small_world.approved()
    found = facts(small_world, case)
    assert found["opened", "", 0] == 1
    assert found["limit", "limit_15", 6 - 15] == 1  # approved on day 6 of at most 15
    assert found["notice", "open_notice", 0] == 1
    assert found["admitted", "admit", 0] == 1
    assert found["step", "end_notice", 0] == 1
    assert found["step", "appraise", 0] == 1
    flows = {element for measure, element, _ in found if measure == "flow"}
    assert {
        "flow_clue_found__handle",
        "flow_begin__verify",
        "flow_review__reviewed",
        "flow_handle__admitted",
    } <= flows
    assert not any("objection" in flow for flow in flows - {"flow_notice_waits__objection_raised"})


def eventful(world: World) -> list[CaseFile]:
    """A few stories: plain, opposed, sent back, taken back, late, handed over; answers their cases."""
    plain = world.approved()
    opposed, late = world.enter(name="李秀英"), world.enter(name="张有田")
    world.to_notice(opposed)
    raw = {"matter": "家有轿车", "raised_on": world.today.isoformat(), "anonymous": "yes"}
    messages.send(world.session, world.official("cun"), opposed.id, "objection", raw, clock=world.clock)
    world.finish(opposed, "examine_objection", "xiang")
    world.finish(late, "verify", "cun")
    sign = world.finish(late, "sign", "cun")
    acts.withdraw(world.session, world.official("cun"), sign.item_id, clock=world.clock)
    world.finish(late, "sign", "cun")
    world.go_to(world.number + 7)
    world.finish(opposed, "end_notice", "cun")
    review = world.open_items(opposed)["review"]
    acts.return_to(world.session, world.official("xiang"), review.id, None, "公示照片不清", clock=world.clock)
    world.go_to(world.number + 14)
    world.hand_over(late.household_id, OTHER_VILLAGE, "村组调整", "xiang")
    return [plain, opposed, late]


@pytest.mark.duty("R15", "R19")
def test_counting_bit_by_bit_comes_to_the_same_as_counting_anew(world: World) -> None:
    tally.catch_up(world.sessions, world.clock)
    _, opposed, late = eventful_counted(world)
    found = cells(world)
    assert sum(found.values()) > 300
    assert tally.catch_up(world.sessions, world.clock) == 0
    tally.rebuild(world.sessions, world.clock)
    assert cells(world) == found
    tally.catch_up(world.sessions, world.clock)  # reads the end of the log again, and counts nothing twice
    assert cells(world) == found
    assert facts(world, opposed)["notice", "open_notice", 1] == 1
    assert facts(world, opposed)["returned", "review", 0] == 1
    assert facts(world, late)["passed", "limit_15", 0] == 1
    assert facts(world, late)["step", "sign", 0] == 2  # done, taken back, done again
    places = {key[2] for key in found if key[0] == Tier.VILLAGE_DAY}
    assert places == {VILLAGE, OTHER_VILLAGE}  # the figures went with the household


def eventful_counted(world: World) -> list[CaseFile]:
    """`eventful`, with the figures brought up to date after each line of the log that is committed."""

    def count(*_: object) -> None:
        tally.catch_up(world.sessions, world.clock)

    event.listen(world.session, "after_commit", count)
    try:
        return eventful(world)
    finally:
        event.remove(world.session, "after_commit", count)


def test_a_line_that_is_committed_late_is_counted_all_the_same(postgres_url: str) -> None:
    world = World(postgres_url)
    try:
        first, second = world.enter(), world.enter(name="李秀英")
        tally.catch_up(world.sessions, world.clock)
        with world.sessions() as slow, write(slow):
            step = Step.on(slow, first.id, None, world.clock.now())
            step.log(Reminded(name="慢"))
            slow.execute(select(1))  # sends the line: it has its number, and is not committed yet
            world.finish(second, "verify", "cun")
            tally.catch_up(world.sessions, world.clock)
            done = list(world.session.scalars(select(Figure.count).where(Figure.measure == "step")))
            assert done and world.session.scalars(select(FigureGap)).all()
        tally.catch_up(world.sessions, world.clock)
        world.session.commit()
        marks = {mark.case_id: mark.seq for mark in world.session.scalars(select(FigureMark))}
        assert marks[first.id] == world.case(first.id).log_seq
        world.clock.advance(timedelta(days=2))
        tally.catch_up(world.sessions, world.clock)
        world.session.commit()
        assert not world.session.scalars(select(FigureGap)).all()
    finally:
        world.close()


@pytest.mark.duty("R15", "R19", "R02")
def test_every_figure_is_what_its_statement_finds_in_the_log(world: World) -> None:
    eventful(world)
    tally.catch_up(world.sessions, world.clock)
    session, months = world.session, periods.months(12, world.today)
    session.commit()
    for code in ("410000000000", "410300000000", COUNTY, TOWNSHIP, OTHER_VILLAGE):
        place = divisions.get(session, code)

        def again(measure: str, procedure: str = "", element: str = "", code: str = code) -> dict[str, int]:
            found = recount(session, measure, code, months.since, months.until, procedure, element)
            return {name: count for name, count in found.run(session).items() if count}

        whole = reading.total_of(reading.headlines(session, place, months).values())
        for limit in reading.limits(session):
            found = whole.spread("limit", limit.procedure_key, limit.element_id)
            told = {"total": found.total, "in_time": found.kept, "median": found.median, "p90": found.p90}
            assert again("limit", limit.procedure_key, limit.element_id) == {
                k: v for k, v in told.items() if v
            }
            passed = whole.count("passed", limit.procedure_key, limit.element_id)
            assert again("passed", limit.procedure_key, limit.element_id).get("total", 0) == passed
        notices = {"total": whole.count("notice"), "opposed": whole.opposed}
        assert again("notice") == {k: v for k, v in notices.items() if v}
        for measure in ("returned", "opened", "admitted", "eliminated", "rolled_back", "cleared"):
            assert again(measure).get("total", 0) == whole.count(measure), (code, measure)
        for step in reading.steps(session, place, months, world.clock.now()):
            told = {"total": step.hours.total, "median": step.hours.median, "p90": step.hours.p90}
            assert again("step", step.procedure_key, step.element_id) == {k: v for k, v in told.items() if v}
        children = reading.total_of(reading.by_child(session, place, months).values())
        assert children.cells == whole.cells
        weeks, days = periods.span("week", world.today), periods.span("day", world.today)
        assert reading.total_of(reading.headlines(session, place, weeks).values()).cells == whole.cells
        assert reading.total_of(reading.headlines(session, place, days).values()).cells == whole.cells


def test_the_recount_of_this_test_agrees(small_world: World) -> None:
    """Written once more, from the tables that the steps leave behind instead of from the log."""
    eventful(small_world)
    tally.catch_up(small_world.sessions, small_world.clock)
    session = small_world.session
    session.commit()
    whole = reading.total_of(
        reading.headlines(
            session, divisions.get(session, COUNTY), periods.months(12, small_world.today)
        ).values()
    )
    assert whole.count("notice") == session.scalar(select(func.count()).select_from(Notice))
    assert whole.opposed == session.scalar(select(func.count(func.distinct(Objection.notice_id))))
    assert whole.count("opened") == session.scalar(select(func.count()).select_from(CaseFile))
    admitted = select(func.count()).select_from(Household).where(Household.status == "monitored")
    assert whole.count("admitted") == session.scalar(admitted)
    returned = select(func.count()).select_from(WorkItem).where(WorkItem.status == "returned")
    assert whole.count("returned") == session.scalar(returned)
    done = select(WorkItem).where(WorkItem.status.in_(("done", "withdrawn")), WorkItem.closed_at.is_not(None))
    hours = Counter(
        (i.element_id, facts_hours(i.opened_at, i.closed_at or i.opened_at)) for i in session.scalars(done)
    )
    spent = reading.spreads(
        session, ["step"], divisions.get(session, COUNTY), periods.months(12, small_world.today)
    ).cells
    assert {(key[2], value): n for key, counts in spent.items() for value, n in counts.items()} == hours


HEADER = re.compile(r"^-- :(\w+) = (?:'(.*)'|(\d+)  \(UTC .*\))$", re.M)


def run_again(world: World, written: str) -> dict[str, int]:
    """Run a statement as it stands on the page, with the parameters written above it."""
    world.session.commit()
    query = text(re.sub(r"(?m)^--.*$", "", written).strip().removesuffix(";"))
    given = {name: int(number) if number else words for name, words, number in HEADER.findall(written)}
    row = world.session.execute(query, given).mappings().one()
    return {name: int(value) for name, value in row.items() if value}


@pytest.mark.duty("R15", "R19")
def test_the_statement_that_stands_beside_a_figure_finds_it_in_the_log(small_world: World) -> None:
    eventful(small_world)
    tally.catch_up(small_world.sessions, small_world.clock)
    client = signed_in(application(small_world), small_world.official("ducha"))
    for grain in ("day", "week", "month"):
        page = client.get(f"/statistics?grain={grain}").text
        cards = re.findall(r'<section class="panel card-figure".*?</section>', page, re.S)
        leads = {}
        for card in cards:
            (title,) = re.findall(r"<h2[^>]*>(.*?)</h2>", card)
            (lead,) = re.findall(r'class="lead-figure">\s*(.*?)<small>', card)
            (shown,) = re.findall(r"<pre[^>]*>(.*?)</pre>", card, re.S)
            statement = unescape(shown)
            found = run_again(small_world, statement)
            share = (
                f"{100 * found.get('in_time', 0) / found['total']:.1f}%"
                if "in_time" in statement and found
                else "—"
            )
            assert lead == (share if "in_time" in statement else str(found.get("total", 0))), (grain, title)
            leads[title] = lead
        assert leads["纳入监测"] == "1" and leads["退回"] == "1" and len(leads) >= 8
        rows = re.findall(
            r'data-label="办结">([\d,]+)</td>(?:(?!</tr>).)*?href="(/statistics/sql/step[^"]+)"', page, re.S
        )
        assert len(rows) > 5
        for done, address in rows:
            assert run_again(small_world, client.get(unescape(address)).text).get("total", 0) == int(done), (
                address
            )
