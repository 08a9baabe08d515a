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
from engine.ground.clock import MovableClock
from engine.prevention.demo.populate import populate
from engine.prevention.models import Household, Member
from web.bench.scale import stories as reading
from web.bench.scale.bulk import TABLES, Writer, filling
from web.bench.scale.places import Place, crowd, officials, places
from web.bench.scale.stories import Story
from web.bench.scale.telling import LOG, Teller
from web.bench.world import Factory

WEEKS = 51
"""Finished cases lie whole weeks back, so that a working day stays one."""
SMALL = 2
"""Members, at most, of the households whose check has begun: mostly old people."""
CHECKS = 12
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
    begun = time.perf_counter()
    say("演示县")
    populate(sessions, now, cases=size.stories)
    _begin_checks(sessions, now)
    return {"demo_seconds": round(time.perf_counter() - begun, 1), **tell(sessions, size, now, say)}


def tell(sessions: Factory, size: Size, now: datetime, say: Say = lambda text: None) -> dict[str, Any]:
    """Tell again what is in the database until there is `size`; rows written and seconds."""
    engine: Engine = sessions.kw["bind"]
    begun = time.perf_counter()
    chance = Random(41)
    with engine.connect() as connection:
        told = reading.read(connection)
        homes = _homes(places(connection), size.households, chance)
        there = officials(connection, dict.fromkeys(homes), _native(connection, now))
        teller = Teller(_last(connection), there)
    plan = _plan(told, size, chance)
    say(f"{len(told)} 户的经过，{sum(one is not None for one in plan.tellings)} 户有事项")
    with filling(engine) as writer:
        _people(writer, there.accounts, there.grants)
        _households(writer, teller, plan, homes, say)
        _cases(writer, teller, plan, homes, say)
        written = time.perf_counter()
        say("索引")
    return {
        "rows": dict(writer.written),
        "rows_seconds": round(written - begun, 1),
        "index_seconds": round(time.perf_counter() - written, 1),
    }


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
class _Plan:
    """Which story each household has, and the weeks that it lies back."""

    ordinary: Sequence[Story]
    tellings: list[tuple[Story, int] | None]

    def of(self, order: int) -> Story:
        """The story of the household in this place, at its time."""
        found = self.tellings[order]
        if found is None:
            return self.ordinary[order % len(self.ordinary)]
        return found[0].moved(-7 * found[1])


def _plan(told: Sequence[Story], size: Size, chance: Random) -> _Plan:
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
    return _Plan(ordinary, tellings)


def _another(ended: Sequence[Story], going: Sequence[Story], cases: int, chance: Random) -> tuple[Story, int]:
    if ended and cases % 2:
        return chance.choice(ended), chance.randrange(WEEKS)
    return chance.choice(going), 0


def _homes(villages: Sequence[Place], households: int, chance: Random) -> list[Place]:
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


def _households(writer: Writer, teller: Teller, plan: _Plan, homes: Sequence[Place], say: Say) -> None:
    first = teller.last["household"] + 1
    for order, place in enumerate(homes):
        teller.register(plan.of(order), first + order, place)
        if order % PORTION == PORTION - 1:
            writer.write(teller.rows)
            if (order + 1) % 200_000 == 0:
                say(f"{order + 1} 户")
    writer.write(teller.rows)


def _cases(writer: Writer, teller: Teller, plan: _Plan, homes: Sequence[Place], say: Say) -> None:
    first = teller.last["household"] + 1
    orders = [order for order, one in enumerate(plan.tellings) if one is not None]
    begun = {order: plan.of(order).began for order in orders}
    orders.sort(key=lambda order: begun[order] or datetime.min)
    for done, order in enumerate(orders, 1):
        teller.cases(plan.of(order), first + order, homes[order])
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
        if reading.instant(row[at]) >= before:
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
        return now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return now
