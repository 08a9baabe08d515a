"""The limits that count, added up by place, by limit and by step: a fixed number of statements whatever the size.

Every figure counts what the list shows when one follows it: both are narrowed by `limits.narrowed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session

from engine import access, definitions, divisions
from engine.lamps import LAMPS, many
from engine.models import LEVELS, Account, Division, Timer, WorkItem
from engine.supervision import limits
from engine.supervision.limits import LimitFilter


@dataclass(frozen=True)
class Lamps:
    """How many limits stand under each lamp, and the oldest passed one."""

    red: int = 0
    yellow: int = 0
    green: int = 0
    oldest: datetime | None = None

    @property
    def total(self) -> int:
        """All of them."""
        return self.red + self.yellow + self.green


@dataclass(frozen=True)
class Line:
    """A place, a limit of a procedure, or a step, with its lamps; `key` is what the filter takes."""

    key: str
    name: str
    lamps: Lamps
    note: str = ""


@dataclass(frozen=True)
class Board:
    """Everything the page counts."""

    place: Division
    path: Sequence[Division]
    """From the widest division that the actor reaches down to `place`."""
    lamps: Lamps
    places: Sequence[Line]
    limits: Sequence[Line]
    steps: Sequence[Line]


def board(session: Session, actor: Account, wanted: LimitFilter, now: datetime) -> Board:
    """The page's counts under every lamp, whichever the list is narrowed to. Raises NotFound, NotAllowed."""
    wanted = replace(wanted, lamp="")
    place = limits.place_of(session, actor, wanted.division)
    by_place = _by_place(session, place, wanted, now)
    total = (
        _sum(line.lamps for line in by_place) if by_place else _lamps(session.execute(_all(place, wanted, now)).one())
    )
    by_limit, by_step = _by_limit(session, place, wanted, now), _by_step(session, place, wanted, now)
    return Board(place, _path(session, actor, place), total, by_place, by_limit, by_step)


def lamps(session: Session, actor: Account, wanted: LimitFilter, now: datetime) -> Lamps:
    """The three counts alone, for a page that refreshes by itself."""
    place = limits.place_of(session, actor, wanted.division)
    return _lamps(session.execute(_all(place, replace(wanted, lamp=""), now)).one())


def _all(place: Division, wanted: LimitFilter, now: datetime, *columns: Any) -> Select[*tuple[Any, ...]]:
    query = select(*columns, *_columns(now)).select_from(Timer)
    return query.where(*limits.here(place), *limits.narrowed(place, wanted, now))


def _columns(now: datetime) -> list[ColumnElement[Any]]:
    colours = [many(Timer.due_at, colour, now).label(colour) for colour in LAMPS]
    return [
        *colours,
        func.min(case((Timer.due_at <= now, Timer.due_at))).label("oldest"),
    ]


def _lamps(row: Any) -> Lamps:
    return Lamps(row.red or 0, row.yellow or 0, row.green or 0, row.oldest)


def _sum(found: Iterable[Lamps]) -> Lamps:
    each = list(found)
    oldest = min((one.oldest for one in each if one.oldest is not None), default=None)
    return Lamps(sum(o.red for o in each), sum(o.yellow for o in each), sum(o.green for o in each), oldest)


def _by_place(session: Session, place: Division, wanted: LimitFilter, now: datetime) -> list[Line]:
    """The divisions right below, the reddest first; those without a limit are left out."""
    if place.level == "village":
        return []
    level = LEVELS[LEVELS.index(place.level) + 1]
    child = func.substr(Timer.village_code, 1, access.PREFIX_LENGTH[level]).label("child")
    rows = session.execute(_all(place, wanted, now, child).group_by(child)).all()
    codes = {row.child: row.child.ljust(12, "0") for row in rows}
    names = divisions.names(session, codes.values())
    lines = [Line(codes[row.child], names.get(codes[row.child], codes[row.child]), _lamps(row)) for row in rows]
    return sorted(lines, key=lambda line: (-line.lamps.red, -line.lamps.yellow, line.key))


def _by_limit(session: Session, place: Division, wanted: LimitFilter, now: datetime) -> list[Line]:
    """Each limit of each procedure, the procedures' in a row; whichever limit the list is narrowed to."""
    key = (Timer.procedure_key, Timer.element_id)
    query = _all(place, replace(wanted, limit=""), now, *key, func.max(Timer.id).label("last"))
    rows = session.execute(query.group_by(*key)).all()
    last = [row.last for row in rows]
    named = {row.id: row.name for row in session.execute(select(Timer.id, Timer.name).where(Timer.id.in_(last)))}
    procedures = definitions.names(session, {row.procedure_key for row in rows})
    reds: dict[str, int] = {}
    for row in rows:
        reds[row.procedure_key] = reds.get(row.procedure_key, 0) + (row.red or 0)
    return [
        Line(f"{row.procedure_key}:{row.element_id}", named[row.last], _lamps(row), procedures.get(row.procedure_key, ""))
        for row in sorted(rows, key=lambda row: (-reds[row.procedure_key], row.procedure_key, -(row.red or 0)))
    ]  # fmt: skip


def _by_step(session: Session, place: Division, wanted: LimitFilter, now: datetime) -> list[Line]:
    """The steps of the open tasks under the limits: a limit with tasks of two steps counts in both, of one step once."""
    key = (WorkItem.procedure_key, WorkItem.element_id, WorkItem.queue)
    items = limits.items(place).add_columns(*key, func.max(WorkItem.id).label("last"))
    one = items.group_by(WorkItem.case_id, WorkItem.due_at, *key).subquery()  # so that two tasks of a step count once
    step = (one.c.procedure_key, one.c.element_id, one.c.queue)
    query = select(*step, func.max(one.c.last).label("last"), *_columns(now)).select_from(Timer)
    query = query.join(one, and_(one.c.case_id == Timer.case_id, one.c.due_at == Timer.due_at))
    query = query.where(*limits.here(place), *limits.narrowed(place, replace(wanted, step=""), now)).group_by(*step)
    rows = session.execute(query).all()
    last = [row.last for row in rows]
    found = session.execute(select(WorkItem.id, WorkItem.name).where(WorkItem.id.in_(last)))
    named = {row.id: row.name for row in found}
    return [
        Line(f"{row.procedure_key}:{row.element_id}", named[row.last], _lamps(row), access.QUEUE_NAMES[row.queue])
        for row in sorted(
            rows, key=lambda row: (-(row.red or 0), -(row.yellow or 0), row.procedure_key, row.element_id)
        )
    ]


def _path(session: Session, actor: Account, place: Division) -> list[Division]:
    scopes = access.scopes(actor, access.WATCH_ROLES)
    found = []
    for level in LEVELS[: LEVELS.index(place.level) + 1]:
        code = access.ancestor(place.code, level)
        scope = access.scope_of(code)
        if any(one.low <= scope.low and scope.high <= one.high for one in scopes):
            found.append(divisions.get(session, code))
    return found
