"""The limits that count, added up by place, by limit and by step:
a fixed number of statements whatever the size.

Every figure counts what the list shows when one follows it: both are narrowed by `limits.narrowed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, case, func, select, tuple_
from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.lamps import soon_ends, today_ends
from engine.casework.models import LEVELS, Account, CaseFile, Division, Timer, WorkItem
from engine.casework.organisation import access, divisions
from engine.casework.supervision import limits
from engine.casework.supervision.limits import LimitFilter


@dataclass(frozen=True)
class Lamps:
    """How many limits stand under each lamp, and the oldest passed one."""

    red: int = 0
    yellow: int = 0
    green: int = 0
    today: int = 0
    """How many of the yellow ones have their last day today."""
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
    child, limit = _child(place), (Timer.procedure_key, Timer.element_id)
    cells = _cells(session, place, wanted, now, child, *limit)
    of_limits = _cells(session, place, replace(wanted, limit=""), now, *limit) if wanted.limit else cells
    return Board(
        place,
        _path(session, actor, place),
        _whole(cells),
        _by_place(session, place, cells),
        _by_limit(session, of_limits),
        _by_step(session, place, wanted, now),
    )


def lamps(session: Session, actor: Account, wanted: LimitFilter, now: datetime) -> Lamps:
    """The three counts alone, for a page that refreshes by itself."""
    return of_place(session, limits.place_of(session, actor, wanted.division), replace(wanted, lamp=""), now)


# -- the counts, for every page that shows a lamp --------------------------------------------------


def of_place(session: Session, place: Division, wanted: LimitFilter, now: datetime) -> Lamps:
    """The limits at and below a division."""
    return _whole(_cells(session, place, wanted, now))


def by_child(session: Session, place: Division, wanted: LimitFilter, now: datetime) -> dict[str, Lamps]:
    """The limits of each division right below (of a village: its own), by code;
    those without any are left out.
    """
    return _added(_cells(session, place, wanted, now, _child(place)), _code)


def together(found: Iterable[Lamps]) -> Lamps:
    """The lamps of several places as one."""
    each = list(found)
    oldest = min((one.oldest for one in each if one.oldest is not None), default=None)
    red, yellow, green = sum(o.red for o in each), sum(o.yellow for o in each), sum(o.green for o in each)
    return Lamps(red, yellow, green, sum(o.today for o in each), oldest)


def by_step(
    session: Session, place: Division, wanted: LimitFilter, now: datetime, version_id: int = 0
) -> dict[tuple[str, str], Lamps]:
    """The limits under which tasks are open, by the procedure and step of these; of cases of one version,
    or (0) of all.
    """
    key = (WorkItem.procedure_key, WorkItem.element_id)
    of_version = WorkItem.case_id.in_(select(CaseFile.id).where(CaseFile.version_id == version_id))
    query = _holding(place, wanted, now, key, *([of_version] if version_id else []))
    return _added(session.execute(query), lambda row: (row.procedure_key, row.element_id))


def by_desk(
    session: Session, place: Division, now: datetime, desks: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Lamps]:
    """The limits under which tasks are open at these desks, by queue and division of the desk."""
    key = (WorkItem.queue, WorkItem.division_code)
    query = _holding(place, LimitFilter(), now, key, tuple_(*key).in_(list(desks)))
    return _added(session.execute(query), lambda row: (row.queue, row.division_code))


def by_holder(
    session: Session, place: Division, now: datetime, people: Iterable[int]
) -> dict[tuple[int, str, str], Lamps]:
    """The limits under which these people have taken up tasks, by account, queue and division of the desk."""
    key = (WorkItem.claimed_by, WorkItem.queue, WorkItem.division_code)
    query = _holding(place, LimitFilter(), now, key, WorkItem.claimed_by.in_(list(people)))
    return _added(session.execute(query), lambda row: (row.claimed_by, row.queue, row.division_code))


# -- one pass over the limits ----------------------------------------------------------------------

_TODAY = "today"
"""The shade of yellow of what has its last day today."""
K = TypeVar("K", bound=Hashable)


def _shade(due_at: Any, now: datetime) -> Any:
    """SQL: the lamp of a limit, asked once of each."""
    return case(
        (due_at <= now, "red"),
        (due_at <= today_ends(now), _TODAY),
        (due_at <= soon_ends(now), "yellow"),
        else_="green",
    ).label("shade")


def _child(place: Division) -> Any:
    """SQL: the division right below `place` that a limit is in; of a village, itself."""
    level = LEVELS[min(LEVELS.index(place.level) + 1, len(LEVELS) - 1)]
    return func.substr(Timer.village_code, 1, access.PREFIX_LENGTH[level]).label("child")


def _code(row: Any) -> str:
    found: str = row.child.ljust(12, "0")
    return found


def _cells(session: Session, place: Division, wanted: LimitFilter, now: datetime, *key: Any) -> Sequence[Any]:
    """The limits that the filter finds, counted by `key` and shade: few rows of however many limits."""
    shade = _shade(Timer.due_at, now)
    query = select(*key, shade, *_sums(Timer.due_at), func.max(Timer.id).label("last")).select_from(Timer)
    query = query.where(*limits.here(place), *limits.narrowed(place, wanted, now))
    return session.execute(query.group_by(*key, shade)).all()


def _holding(
    place: Division, wanted: LimitFilter, now: datetime, key: Sequence[Any], *of_tasks: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    """SQL: limits counted by `key` of the open tasks under them: once for each,
    however many tasks it has there.
    """
    pairs = select(Timer.due_at, *key, func.max(WorkItem.id).label("last")).select_from(Timer)
    pairs = pairs.join(WorkItem, limits.bounds(Timer)).where(*limits.tasks(place, *of_tasks))
    pairs = pairs.where(*limits.here(place), *limits.narrowed(place, wanted, now))
    one = pairs.group_by(Timer.id, Timer.due_at, *key).subquery()
    columns, shade = [one.c[column.key] for column in key], _shade(one.c.due_at, now)
    query = select(*columns, shade, *_sums(one.c.due_at), func.max(one.c.last).label("last"))
    return query.group_by(*columns, shade)


def _sums(due_at: Any) -> tuple[Any, Any]:
    return func.count().label("many"), func.min(due_at).label("first")


def _added(rows: Iterable[Row[Any]], key: Callable[[Row[Any]], K]) -> dict[K, Lamps]:
    """The lamps of each `key` among counted rows."""
    found: dict[K, Lamps] = {}
    for row in rows:
        before = found.get(key(row), Lamps())
        found[key(row)] = together((before, _lamps(row)))
    return found


def _whole(rows: Iterable[Row[Any]]) -> Lamps:
    return together(_lamps(row) for row in rows)


def _lamps(row: Row[Any]) -> Lamps:
    many: int = row.many
    if row.shade == "red":
        return Lamps(red=many, oldest=row.first)
    if row.shade == "green":
        return Lamps(green=many)
    return Lamps(yellow=many, today=many if row.shade == _TODAY else 0)


def _last(rows: Iterable[Row[Any]], key: Callable[[Row[Any]], K]) -> dict[K, int]:
    """The newest row of each `key`: what it is called, the key is called."""
    found: dict[K, int] = {}
    for row in rows:
        found[key(row)] = max(found.get(key(row), 0), row.last)
    return found


# -- as lines of the page --------------------------------------------------------------------------


def _by_place(session: Session, place: Division, cells: Sequence[Row[Any]]) -> list[Line]:
    """The divisions right below, the reddest first; those without a limit are left out."""
    if place.level == "village":
        return []
    found = _added(cells, _code)
    names = divisions.names(session, found)
    lines = [Line(code, names.get(code, code), lamps) for code, lamps in found.items()]
    return sorted(lines, key=lambda line: (-line.lamps.red, -line.lamps.yellow, line.key))


def _by_limit(session: Session, cells: Sequence[Row[Any]]) -> list[Line]:
    """Each limit of each procedure, the procedures' in a row; whichever limit the list is narrowed to."""

    def limit(row: Row[Any]) -> tuple[str, str]:
        return row.procedure_key, row.element_id

    found, last = _added(cells, limit), _last(cells, limit)
    query = select(Timer.id, Timer.name).where(Timer.id.in_(last.values()))
    named = {row.id: row.name for row in session.execute(query)}
    procedures = definitions.names(session, {procedure for procedure, _ in found})
    reds: Counter[str] = Counter()
    for (procedure, _), lamps in found.items():
        reds[procedure] += lamps.red
    ordered = sorted(found.items(), key=lambda one: (-reds[one[0][0]], one[0][0], -one[1].red, one[0][1]))
    return [
        Line(f"{procedure}:{element}", named[last[procedure, element]], lamps, procedures.get(procedure, ""))
        for (procedure, element), lamps in ordered
    ]


def _by_step(session: Session, place: Division, wanted: LimitFilter, now: datetime) -> list[Line]:
    """The steps of the open tasks under the limits: a limit with tasks of two steps counts in both,
    of one step once.
    """

    def step(row: Row[Any]) -> tuple[str, str, str]:
        return row.procedure_key, row.element_id, row.queue

    key = (WorkItem.procedure_key, WorkItem.element_id, WorkItem.queue)
    cells = session.execute(_holding(place, replace(wanted, step=""), now, key)).all()
    found, last = _added(cells, step), _last(cells, step)
    query = select(WorkItem.id, WorkItem.name).where(WorkItem.id.in_(last.values()))
    named = {row.id: row.name for row in session.execute(query)}
    ordered = sorted(found.items(), key=lambda one: (-one[1].red, -one[1].yellow, one[0]))
    return [
        Line(f"{at[0]}:{at[1]}", named[last[at]], lamps, access.QUEUE_NAMES[at[2]]) for at, lamps in ordered
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
