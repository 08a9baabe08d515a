"""Fills an empty database with a province: households by village, cases by the day on which they began."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from engine.casework.acts import openings
from engine.casework.models import Account, CaseFile, RoleGrant
from engine.casework.supervision.counts import adding, triggers
from engine.casework.supervision.figures import tally
from engine.ground.clock import MovableClock
from engine.ground.tables import microseconds
from engine.prevention.demo.populate import populate
from engine.prevention.models import Household, Member
from web.bench.scale import reading
from web.bench.scale.bulk import TABLES, Writer, filling
from web.bench.scale.figures import Counting, keep
from web.bench.scale.places import Place, crowd, officials, places
from web.bench.scale.stories import Story, instant
from web.bench.scale.telling import LOG, Serial, Teller
from web.bench.world import Factory

MANY = 50_000
"""From so many households on, indices are made anew instead of kept."""
WEEKS = 51
"""Finished cases lie whole weeks back, so that a working day stays one."""
SMALL = 2
"""Members, at most, of the households whose check has begun: mostly old people."""
CHECKS = 12
EVER = datetime.min.replace(tzinfo=UTC)
PORTION = 20_000
"""Households, or tellings, between two commits."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How much there is to be, the demo's own left out.

    `cases` have a history, half of them still going on; `open_items` are then reached by cases that have just
    begun, a step each: the half-yearly check of the whole province. `stories` of the demo are told again.
    """

    households: int = 1_000_000
    cases: int = 200_000
    open_items: int = 1_000_000
    stories: int = 150


def fill(sessions: Factory, size: Size, now: datetime, say: Say) -> dict[str, Any]:
    """Fill the installed, empty database as it would stand at `now`; what there is and what it took."""
    seconds = begin(sessions, size.stories, now, say)
    return {"demo_seconds": seconds, **tell(sessions, size, now, say)}


def begin(sessions: Factory, stories: int, now: datetime, say: Say) -> float:
    """Let the demo's county live up to `now`; the seconds it took."""
    begun = time.perf_counter()
    say("演示县")
    populate(sessions, now, cases=stories)
    _begin_checks(sessions, now)
    tally.rebuild(sessions, MovableClock(at=now))
    return round(time.perf_counter() - begun, 1)


def tell(sessions: Factory, size: Size, now: datetime, say: Say = lambda text: None) -> dict[str, Any]:
    """Tell again what is in the database until there is `size`; rows written and seconds."""
    chance = Random(41)

    def choose(told: Sequence[Story], villages: Sequence[Place]) -> Plan:
        return chosen(told, size, homes(villages, size.households, chance), chance)

    return retell(sessions, told_by(sessions), choose, now, say)


def told_by(sessions: Factory, *, shared: bool = False) -> list[Story]:
    """The stories of all who are in the database (`stories.read`)."""
    engine: Engine = sessions.kw["bind"]
    with engine.connect() as connection:
        return reading.read(connection, shared=shared)


def retell(
    sessions: Factory,
    told: Sequence[Story],
    choose: Callable[[Sequence[Story], Sequence[Place]], Plan],
    now: datetime,
    say: Say = lambda text: None,
) -> dict[str, Any]:
    """Tell again what `choose` answers of the stories and villages that there are."""
    engine: Engine = sessions.kw["bind"]
    begun = time.perf_counter()
    with engine.connect() as connection:
        plan = choose(told, places(connection))
        moment = _native(connection, now)
        there = officials(connection, dict.fromkeys(plan.homes), moment)
        teller = Teller(_last(connection), there, _serials(connection))
    say(f"{sum(one is not None for one in plan.tellings)} 户有事项")
    with engine.begin() as connection:
        triggers.remove(connection)
    # the session ends first: an open one would let the writer's last checkpoint wait for it in vain
    with filling(engine, many=len(plan.homes) >= MANY) as writer, sessions() as session:
        _people(writer, there.accounts, there.grants)
        first = teller.last["household"] + 1
        _households(writer, teller, plan, first, say)
        counting = Counting(session)
        _cases(writer, teller, plan, first, counting, say)
        _keep_serials(writer, teller)
        keep(writer, counting.changes(), teller.last["log_entry"], moment)
        written = time.perf_counter()
        say("索引")
    with engine.begin() as connection:
        adding.begin(connection)
    return {
        "rows": dict(writer.written),
        "rows_seconds": round(written - begun, 1),
        "index_seconds": round(time.perf_counter() - written, 1),
    }


def _serials(connection: Connection) -> dict[Serial, int]:
    """How far each office has come with its numbers."""
    found: dict[Serial, int] = {}
    numbers = "SELECT division_code, kind, year, last FROM paper_number"
    for code, kind, year, serial in connection.exec_driver_sql(numbers):
        found["paper", code, kind, year] = serial
    papers = "SELECT division_code, kind, year, max(serial) FROM paper GROUP BY 1, 2, 3"
    for code, kind, year, serial in connection.exec_driver_sql(papers):
        key = ("paper", code, kind, year)
        found[key] = max(serial, found.get(key, 0))
    batches = "SELECT township_code, year, max(serial) FROM matching_batch GROUP BY 1, 2"
    for code, year, serial in connection.exec_driver_sql(batches):
        found["matching_batch", code, "", year] = serial
    return found


def _keep_serials(writer: Writer, teller: Teller) -> None:
    """The offices' own papers number on from here."""
    rows = [
        [code, kind, year, serial]
        for (table, code, kind, year), serial in teller.serials.items()
        if table == "paper"
    ]
    writer.run("DELETE FROM paper_number")
    writer.connection.commit()
    writer.write({"paper_number": rows})


def _begin_checks(sessions: Factory, now: datetime) -> None:
    """The villages begin the half-yearly check of small households that were lifted out of poverty."""
    with sessions() as session:
        size = func.count(Member.id)
        small = (
            select(Household)
            .join(Member)
            .where(Household.household_type == "lifted_with_policy", Household.status == "ordinary")
            .where(Household.id.not_in(select(CaseFile.subject_id)))
            .group_by(Household.id)
            .having(size <= SMALL)
            .order_by(Household.id)
        )
        for order, household in enumerate(session.scalars(small.limit(CHECKS)).all()):
            began = MovableClock(at=now - timedelta(hours=5 * order + 1))
            official = (
                select(Account).join(RoleGrant).where(RoleGrant.division_code == household.village_code)
            )
            actor = session.scalars(official.order_by(Account.id).limit(1)).one()
            openings.open_by_hand(session, actor, household.id, "existing_check", {}, clock=began)


@dataclass
class Plan:
    """Where each household lives, which story it has, how many weeks ago; None: an ordinary one."""

    homes: Sequence[Place]
    tellings: Sequence[tuple[Story, int] | None]
    ordinary: Sequence[Story] = ()

    def of(self, order: int) -> Story:
        """The story of the household in this place, at its time."""
        found = self.tellings[order]
        if found is None:
            return self.ordinary[order % len(self.ordinary)]
        return found[0].moved(-7 * found[1])


def chosen(told: Sequence[Story], size: Size, homes: Sequence[Place], chance: Random) -> Plan:
    """Half of the cases go on, half are finished; then cases of one step until the items are reached."""
    ordinary = [one for one in told if not one.cases]
    ended = [one for one in told if one.cases and not one.open_cases and not one.waits]
    light = [
        one for one in told if one.cases == 1 and len(one.lines) <= 2 and one.open_items and not one.waits
    ]
    going = [one for one in told if one.open_items and one not in light]
    tellings: list[tuple[Story, int] | None] = []
    cases = items = 0
    while cases < size.cases and len(tellings) < size.households:
        story, weeks = _another(ended, going, cases, chance)
        tellings.append((story, weeks))
        cases, items = cases + story.cases, items + story.open_items
    light = light or going
    while items < size.open_items and len(tellings) < size.households:
        story = chance.choice(light)
        tellings.append((story, 0))
        items += story.open_items
    tellings += [None] * (size.households - len(tellings))
    chance.shuffle(tellings)
    return Plan(homes, tellings, ordinary)


def _another(ended: Sequence[Story], going: Sequence[Story], cases: int, chance: Random) -> tuple[Story, int]:
    if ended and cases % 2:
        return chance.choice(ended), chance.randrange(WEEKS)
    return chance.choice(going), 0


def homes(villages: Sequence[Place], households: int, chance: Random) -> list[Place]:
    """Where each household lives, village by village."""
    sizes = crowd(len(villages), households, chance)
    return [place for place, many in zip(villages, sizes, strict=True) for _ in range(many)]


def _people(writer: Writer, accounts: Sequence[dict[str, Any]], grants: Sequence[dict[str, Any]]) -> None:
    named = {one.name: one for one in TABLES}
    rows = {
        name: [[row[column.name] for column in named[name].c] for row in found]
        for name, found in (("account", accounts), ("role_grant", grants))
    }
    writer.write(rows)


def _households(writer: Writer, teller: Teller, plan: Plan, first: int, say: Say) -> None:
    for order, place in enumerate(plan.homes):
        teller.register(plan.of(order), first + order, place)
        if order % PORTION == PORTION - 1:
            writer.write(teller.rows)
            if (order + 1) % 200_000 == 0:
                say(f"{order + 1} 户")
    writer.write(teller.rows)


def _cases(writer: Writer, teller: Teller, plan: Plan, first: int, counting: Counting, say: Say) -> None:
    orders = [order for order, one in enumerate(plan.tellings) if one is not None]
    begun = {order: plan.of(order).began for order in orders}
    orders.sort(key=lambda order: begun[order] or EVER)
    for done, order in enumerate(orders, 1):
        story, home = plan.of(order), plan.homes[order]
        teller.cases(story, first + order, home)
        counting.add(story, home.codes[0])
        if done % PORTION == 0:
            _flush(writer, teller, begun[order])
            if done % 200_000 == 0:
                say(f"{done} 户的事项")
    _flush(writer, teller, None)


def _flush(writer: Writer, teller: Teller, before: datetime | None) -> None:
    """Write what there is; of the log only what was `before`: later cases have lines among the others."""
    at = LOG["at"]
    teller.lines.sort(key=lambda row: row[at])
    until = len(teller.lines) if before is None else _first_after(teller.lines, at, before)
    ready = teller.lines[:until]
    del teller.lines[:until]
    for row in ready:
        teller.last["log_entry"] += 1
        row[LOG["id"]] = teller.last["log_entry"]
    teller.rows["log_entry"] = ready
    writer.write(teller.rows)


def _first_after(lines: Sequence[Sequence[Any]], at: int, before: datetime) -> int:
    for order, row in enumerate(lines):
        if instant(row[at]) >= before:
            return order
    return len(lines)


def _last(connection: Connection) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in TABLES:
        if "id" in one.c and one.c["id"].type.python_type is int:
            found[one.name] = connection.exec_driver_sql(f'SELECT max(id) FROM "{one.name}"').scalar() or 0
    return found


def _native(connection: Connection, now: datetime) -> Any:
    """An instant as the driver takes it."""
    if connection.dialect.name == "sqlite":
        return microseconds(now)
    return now
