"""The limits that count, added up by place, by limit and by step:
a fixed number of statements whatever the size.

Every figure counts what the list shows when one follows it: both are narrowed by `limits.narrowed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select, tuple_
from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.lamps import LAMPS, counted, many, today_ends
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
    by_place = _by_place(session, place, wanted, now)
    total = _sum(line.lamps for line in by_place) if by_place else of_place(session, place, wanted, now)
    by_limit, by_step = _by_limit(session, place, wanted, now), _by_step(session, place, wanted, now)
    return Board(place, _path(session, actor, place), total, by_place, by_limit, by_step)


def lamps(session: Session, actor: Account, wanted: LimitFilter, now: datetime) -> Lamps:
    """The three counts alone, for a page that refreshes by itself."""
    return of_place(session, limits.place_of(session, actor, wanted.division), replace(wanted, lamp=""), now)


# -- the counts, for every page that shows a lamp --------------------------------------------------


def of_place(session: Session, place: Division, wanted: LimitFilter, now: datetime) -> Lamps:
    """The limits at and below a division."""
    return _lamps(session.execute(_all(place, wanted, now)).one())


def by_child(session: Session, place: Division, wanted: LimitFilter, now: datetime) -> dict[str, Lamps]:
    """The limits of each division right below (of a village: its own), by code;
    those without any are left out.
    """
    level = LEVELS[min(LEVELS.index(place.level) + 1, len(LEVELS) - 1)]
    child = func.substr(Timer.village_code, 1, access.PREFIX_LENGTH[level]).label("child")
    rows = session.execute(_all(place, wanted, now, child).group_by(child))
    return {row.child.ljust(12, "0"): _lamps(row) for row in rows}


def by_step(
    session: Session, place: Division, wanted: LimitFilter, now: datetime, version_id: int = 0
) -> dict[tuple[str, str], Lamps]:
    """The limits under which tasks are open, by the procedure and step of these; of cases of one version,
    or (0) of all.
    """
    key = (WorkItem.procedure_key, WorkItem.element_id)
    of_version = WorkItem.case_id.in_(select(CaseFile.id).where(CaseFile.version_id == version_id))
    query = _holding(place, wanted, now, key, *([of_version] if version_id else []))
    return {(row.procedure_key, row.element_id): _lamps(row) for row in session.execute(query)}


def by_desk(
    session: Session, place: Division, now: datetime, desks: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Lamps]:
    """The limits under which tasks are open at these desks, by queue and division of the desk."""
    key = (WorkItem.queue, WorkItem.division_code)
    query = _holding(place, LimitFilter(), now, key, tuple_(*key).in_(list(desks)))
    return {(row.queue, row.division_code): _lamps(row) for row in session.execute(query)}


def by_holder(
    session: Session, place: Division, now: datetime, people: Iterable[int]
) -> dict[tuple[int, str, str], Lamps]:
    """The limits under which these people have taken up tasks, by account, queue and division of the desk."""
    key = (WorkItem.claimed_by, WorkItem.queue, WorkItem.division_code)
    query = _holding(place, LimitFilter(), now, key, WorkItem.claimed_by.in_(list(people)))
    return {(row.claimed_by, row.queue, row.division_code): _lamps(row) for row in session.execute(query)}


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
    columns = [one.c[column.key] for column in key]
    query = select(*columns, func.max(one.c.last).label("last"), *_columns(one.c.due_at, now))
    return query.group_by(*columns)


def _all(place: Division, wanted: LimitFilter, now: datetime, *columns: Any) -> Select[*tuple[Any, ...]]:
    query = select(*columns, *_columns(Timer.due_at, now)).select_from(Timer)
    return query.where(*limits.here(place), *limits.narrowed(place, wanted, now))


def _columns(due_at: Any, now: datetime) -> list[ColumnElement[Any]]:
    colours = [many(due_at, colour, now).label(colour) for colour in LAMPS]
    return [
        *colours,
        counted(and_(due_at > now, due_at <= today_ends(now))).label("today"),
        func.min(case((due_at <= now, due_at))).label("oldest"),
    ]


def _lamps(row: Any) -> Lamps:
    return Lamps(row.red, row.yellow, row.green, row.today, row.oldest)


def _sum(found: Iterable[Lamps]) -> Lamps:
    each = list(found)
    oldest = min((one.oldest for one in each if one.oldest is not None), default=None)
    red, yellow, green = sum(o.red for o in each), sum(o.yellow for o in each), sum(o.green for o in each)
    return Lamps(red, yellow, green, sum(o.today for o in each), oldest)


def _by_place(session: Session, place: Division, wanted: LimitFilter, now: datetime) -> list[Line]:
    """The divisions right below, the reddest first; those without a limit are left out."""
    if place.level == "village":
        return []
    found = by_child(session, place, wanted, now)
    names = divisions.names(session, found)
    lines = [Line(code, names.get(code, code), lamps) for code, lamps in found.items()]
    return sorted(lines, key=lambda line: (-line.lamps.red, -line.lamps.yellow, line.key))


def _by_limit(session: Session, place: Division, wanted: LimitFilter, now: datetime) -> list[Line]:
    """Each limit of each procedure, the procedures' in a row; whichever limit the list is narrowed to."""
    key = (Timer.procedure_key, Timer.element_id)
    query = _all(place, replace(wanted, limit=""), now, *key, func.max(Timer.id).label("last"))
    rows = session.execute(query.group_by(*key)).all()
    last = [row.last for row in rows]
    named = {
        row.id: row.name for row in session.execute(select(Timer.id, Timer.name).where(Timer.id.in_(last)))
    }
    procedures = definitions.names(session, {row.procedure_key for row in rows})
    reds: dict[str, int] = {}
    for row in rows:
        reds[row.procedure_key] = reds.get(row.procedure_key, 0) + row.red
    return [
        Line(
            f"{row.procedure_key}:{row.element_id}",
            named[row.last],
            _lamps(row),
            procedures.get(row.procedure_key, ""),
        )
        for row in sorted(rows, key=lambda row: (-reds[row.procedure_key], row.procedure_key, -row.red))
    ]


def _by_step(session: Session, place: Division, wanted: LimitFilter, now: datetime) -> list[Line]:
    """The steps of the open tasks under the limits: a limit with tasks of two steps counts in both,
    of one step once.
    """
    key = (WorkItem.procedure_key, WorkItem.element_id, WorkItem.queue)
    rows = list(session.execute(_holding(place, replace(wanted, step=""), now, key)))
    last = [row.last for row in rows]
    found = session.execute(select(WorkItem.id, WorkItem.name).where(WorkItem.id.in_(last)))
    named = {row.id: row.name for row in found}
    rows.sort(key=lambda row: (-row.red, -row.yellow, row.procedure_key, row.element_id))
    return [
        Line(
            f"{row.procedure_key}:{row.element_id}",
            named[row.last],
            _lamps(row),
            access.QUEUE_NAMES[row.queue],
        )
        for row in rows
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
