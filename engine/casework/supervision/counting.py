"""The limits that count, added up by place, by limit and by step:
a fixed number of statements whatever the size.

Every figure counts what the list shows when one follows it: both are narrowed by `limits.narrowed`. A
province's and a city's come from the counters (`counts`), which are the same at every instant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, case, func, literal, not_, select
from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.lamps import over_for, soon_ends, today_ends
from engine.casework.models import LEVELS, Account, CaseFile, Division, Timer, WorkItem
from engine.casework.organisation import access, divisions
from engine.casework.supervision import limits
from engine.casework.supervision.counts import reading
from engine.casework.supervision.limits import STANDING, LimitFilter


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

    def under(self, lamp: str) -> int:
        """How many are under what the filter calls a lamp ('': all)."""
        named = {"": self.total, "red": self.red, "yellow": self.yellow, "green": self.green}
        return {**named, limits.PRESSING: self.red + self.yellow}.get(lamp, 0)


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
    limit = ("procedure_key", "element_id")
    cells = _cells(session, place, wanted, now, "child", *limit, "held")
    of_limits = _cells(session, place, replace(wanted, limit=""), now, *limit) if wanted.limit else cells
    any_step = _source(place, replace(wanted, step=""), now)
    steps = _by_step(_by_holders(session, any_step, now) if wanted.step else cells)
    named = _names(session, of_limits, steps)
    return Board(
        place,
        _path(session, actor, place),
        _whole(cells),
        _by_place(session, place, cells),
        _limit_lines(session, of_limits, named),
        _step_lines(steps, named),
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
    return _added(_cells(session, place, wanted, now, "child"), _code)


def together(found: Iterable[Lamps]) -> Lamps:
    """The lamps of several places as one."""
    each = list(found)
    oldest = min((one.oldest for one in each if one.oldest is not None), default=None)
    red, yellow, green = sum(o.red for o in each), sum(o.yellow for o in each), sum(o.green for o in each)
    return Lamps(red, yellow, green, sum(o.today for o in each), oldest)


def by_step(
    session: Session, place: Division, wanted: LimitFilter, now: datetime, version_id: int = 0
) -> dict[tuple[str, str], Lamps]:
    """The limits under which tasks are open, by the procedure and step of these: once for each step, however
    many tasks it has; of cases of one version, or (0) of all.
    """
    of_version = Timer.case_id.in_(select(CaseFile.id).where(CaseFile.version_id == version_id))
    source = _source(place, wanted, now, *([of_version] if version_id else []))
    found: dict[tuple[str, str], Lamps] = {}
    for (procedure, element, _), lamps in _by_step(_by_holders(session, source, now)).items():
        found[procedure, element] = together((found.get((procedure, element), Lamps()), lamps))
    return found


def by_desk(
    session: Session, place: Division, now: datetime, desks: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Lamps]:
    """The limits under which tasks are open at these desks, by queue and division of the desk.

    A task is at the desk of its queue above its village: so are the limits around it.
    """
    by_queue: dict[str, set[str]] = {}
    for queue, code in desks:
        by_queue.setdefault(queue, set()).add(code)
    found: dict[tuple[str, str], Lamps] = {}
    for queue, codes in by_queue.items():
        rows = _at_desks(place, queue, codes, now)
        cells = session.execute(_shaded(rows, now, ["desk"])).all()
        lamps = _added(cells, lambda row: row.desk.ljust(12, "0"))
        found |= {(queue, code): lamps[code] for code in codes if code in lamps}
    return found


def by_holder(
    session: Session, place: Division, now: datetime, people: Iterable[int]
) -> dict[tuple[int, str, str], Lamps]:
    """The limits under which these people have taken up tasks, by account, queue and division of the desk:
    once for each desk, however many tasks.
    """
    key = (WorkItem.claimed_by, WorkItem.queue, WorkItem.division_code)
    pairs = select(Timer.id, Timer.due_at.label("due_on"), *key).distinct().select_from(Timer)
    pairs = pairs.join(WorkItem, limits.bounds(Timer))
    pairs = pairs.where(*limits.tasks(place, WorkItem.claimed_by.in_(list(people))), *limits.here(place))
    one = pairs.add_columns(literal(0).label("passed"), literal(1).label("many")).subquery()
    rows = session.execute(_shaded(_Source(one, counted=False), now, [column.key for column in key]))
    return _added(rows, lambda row: (row.claimed_by, row.queue, row.division_code))


# -- one pass over the limits, or over their counters ----------------------------------------------

_TODAY = "today"
"""The shade of yellow of what has its last day today."""
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class _Source:
    """SQL: rows of limits with `many`, `due_on`, `passed` and what else they are counted by."""

    rows: Subquery
    counted: bool
    """Whether they come from the counters, where today's noon stands for the whole of today."""


def _source(place: Division, wanted: LimitFilter, now: datetime, *more: ColumnElement[bool]) -> _Source:
    """The limits at and below a division that the filter finds: from the counters where these can tell."""
    if reading.serves(place) and limits.is_plain(wanted) and not wanted.lamp and not more:
        rows = reading.limits(place, now, limits.plain(wanted))
        return _Source(_overdue(rows, wanted.over, now) if wanted.over else rows, counted=True)
    own = [getattr(Timer, name) for name in ("procedure_key", "element_id", "held")]
    query = select(reading.child(Timer.village_code, place), *own, *_ONE)
    query = query.where(*limits.here(place), *limits.narrowed(place, wanted, now), *more)
    return _Source(query.subquery(), counted=False)


_ONE = (Timer.due_at.label("due_on"), literal(0).label("passed"), literal(1).label("many"))


def _overdue(rows: Subquery, days: int, now: datetime) -> Subquery:
    """SQL: of counted limits, those that are overdue for so many days."""
    of_today = and_(rows.c.due_on == reading.noon(now), rows.c.passed == 0)  # none of these has passed
    return select(rows).where(over_for(rows.c.due_on, days, now), not_(of_today)).subquery()


def _at_desks(place: Division, queue: str, codes: Iterable[str], now: datetime) -> _Source:
    """The limits with work at a level's desks of these divisions, by `desk`."""
    width, at_desk = access.PREFIX_LENGTH[queue], limits.plain(LimitFilter(holder=queue))
    if reading.serves(place) and not access.above("county", queue):
        rows = reading.limits(place, now, at_desk, by=width)
        return _Source(select(rows, rows.c.child.label("desk")).subquery(), counted=True)
    lower = [code for code in codes if not access.scope_of(code).holds(place.code)]
    own = [access.scope_of(code) for code in lower] or [access.scope_of(place.code)]
    desk = func.substr(Timer.village_code, 1, width).label("desk")
    query = select(desk, *_ONE).where(STANDING, access.within(Timer.village_code, own))
    return _Source(query.where(*(meets(Timer) for meets in at_desk)).subquery(), counted=False)


def _cells(
    session: Session, place: Division, wanted: LimitFilter, now: datetime, *key: str
) -> Sequence[Row[Any]]:
    """The limits that the filter finds, counted by `key` and shade: few rows of however many limits."""
    return session.execute(_shaded(_source(place, wanted, now), now, key)).all()


def _shaded(source: _Source, now: datetime, key: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """SQL: limits counted by `key` and shade, with the first due time of each."""
    rows = source.rows.c
    columns, shade = [rows[name] for name in key], _shade(source, now)
    query = select(*columns, shade, func.sum(rows.many).label("many"), func.min(rows.due_on).label("first"))
    return query.group_by(*columns, shade)


def _shade(source: _Source, now: datetime) -> Any:
    """SQL: the lamp of a limit, asked once of each."""
    rows = source.rows.c
    within_today = [(rows.due_on == reading.noon(now), _TODAY)] if source.counted else []
    return case(
        (rows.passed == 1, "red"),
        *within_today,
        (rows.due_on <= now, "red"),
        (rows.due_on <= today_ends(now), _TODAY),
        (rows.due_on <= soon_ends(now), "yellow"),
        else_="green",
    ).label("shade")


def _by_holders(session: Session, source: _Source, now: datetime) -> Sequence[Row[Any]]:
    """The limits by procedure and the steps at work under them."""
    return session.execute(_shaded(source, now, ["procedure_key", "held"])).all()


def _by_step(cells: Iterable[Row[Any]]) -> dict[tuple[str, str, str], Lamps]:
    """The limits with open tasks under them, by procedure, step and queue."""
    found: dict[tuple[str, str, str], list[Lamps]] = {}
    for row in cells:
        for step in row.held.split():
            element, _, queue = step.rpartition(":")
            found.setdefault((row.procedure_key, element, queue), []).append(_lamps(row))
    return {at: together(lamps) for at, lamps in found.items()}


def _code(row: Any) -> str:
    found: str = row.child.ljust(12, "0")
    return found


def _added(rows: Iterable[Row[Any]], key: Callable[[Row[Any]], K]) -> dict[K, Lamps]:
    """The lamps of each `key` among counted rows."""
    found: dict[K, list[Lamps]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(_lamps(row))
    return {one: together(lamps) for one, lamps in found.items()}


def _whole(rows: Iterable[Row[Any]]) -> Lamps:
    return together(_lamps(row) for row in rows)


def _lamps(row: Row[Any]) -> Lamps:
    many = int(row.many)
    if row.shade == "red":
        return Lamps(red=many, oldest=row.first if many else None)
    if row.shade == "green":
        return Lamps(green=many)
    return Lamps(yellow=many, today=many if row.shade == _TODAY else 0)


# -- as lines of the page --------------------------------------------------------------------------


def _by_place(session: Session, place: Division, cells: Sequence[Row[Any]]) -> list[Line]:
    """The divisions right below, the reddest first; those without a limit are left out."""
    if place.level == "village":
        return []
    found = _added(cells, _code)
    names = divisions.names(session, found)
    lines = [Line(code, names.get(code, code), lamps) for code, lamps in found.items()]
    return sorted(lines, key=lambda line: (-line.lamps.red, -line.lamps.yellow, line.key))


Names = Mapping[tuple[str, str], str]


def _names(session: Session, cells: Sequence[Row[Any]], steps: Mapping[tuple[str, str, str], Lamps]) -> Names:
    """What the diagrams call these limits and steps."""
    limits = {(row.procedure_key, row.element_id) for row in cells}
    return definitions.element_names(session, limits | {at[:2] for at in steps})


def _limit_lines(session: Session, cells: Sequence[Row[Any]], named: Names) -> list[Line]:
    """Each limit of each procedure, the procedures' in a row; whichever limit the list is narrowed to."""
    found = _added(cells, lambda row: (row.procedure_key, row.element_id))
    procedures = definitions.names(session, {procedure for procedure, _ in found})
    reds: Counter[str] = Counter()
    for (procedure, _), lamps in found.items():
        reds[procedure] += lamps.red
    ordered = sorted(found.items(), key=lambda one: (-reds[one[0][0]], one[0][0], -one[1].red, one[0][1]))
    return [
        Line(f"{procedure}:{element}", named[procedure, element], lamps, procedures.get(procedure, ""))
        for (procedure, element), lamps in ordered
    ]


def _step_lines(steps: Mapping[tuple[str, str, str], Lamps], named: Names) -> list[Line]:
    """The steps of the open tasks under the limits: a limit with tasks of two steps counts in both,
    of one step once.
    """
    ordered = sorted(steps.items(), key=lambda one: (-one[1].red, -one[1].yellow, one[0]))
    return [
        Line(f"{procedure}:{element}", named[procedure, element], lamps, access.QUEUE_NAMES[queue])
        for (procedure, element, queue), lamps in ordered
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
