"""What is open at and below a large place, from the counters and what is noted beside them: one subquery, and
so one instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    func,
    literal,
    select,
    true,
    union_all,
)

from engine.casework.models import LEVELS, DeskCount, Division, LimitCount, OpenChange, StepCount, Timer
from engine.casework.organisation import access
from engine.casework.supervision.limits import LARGE, STANDING, Condition
from engine.ground.clock import local_date, start_of_day
from engine.ground.tables import UtcDateTime, table

_CHANGE, _LIMIT = table(OpenChange), table(LimitCount)
_STEP, _DESK, _TIMER = table(StepCount), table(DeskCount), table(Timer)
OF_TASKS, OF_LIMITS = _CHANGE.c.due_on.is_(None), _CHANGE.c.due_on.is_not(None)


def serves(place: Division) -> bool:
    """Whether the counters, which tell counties apart, answer for a place; what is open in a smaller one is
    counted one by one.
    """
    return place.level in LARGE


def child_level(place: Division) -> str:
    """The level right below; of a village, its own."""
    return LEVELS[min(LEVELS.index(place.level) + 1, len(LEVELS) - 1)]


def child(column: Any, place: Division, by: int = 0) -> ColumnElement[str]:
    """SQL: the division right below `place` that a code is in, or `by` so many digits; of a village, it."""
    return func.substr(column, 1, by or access.PREFIX_LENGTH[child_level(place)]).label("child")


def _here(column: Any, place: Division) -> ColumnElement[bool]:
    return access.within(column, [access.scope_of(place.code)])


def noon(now: datetime) -> datetime:
    """The noon of today in China, under which limits are counted that pass within today."""
    return start_of_day(local_date(now)) + timedelta(hours=12)


def limits(place: Division, now: datetime, within: Sequence[Condition], by: int = 0) -> Subquery:
    """SQL: limits that count, `many` of each `child`, `procedure_key`, `element_id`, `held` and `due_on`.

    `passed` is 1 of those within today's noon bucket that have passed already, told one by one: they are
    taken out of the bucket. All meet the conditions `within`. `child` is the
    division right below, or `by` so many digits of its code.
    """
    names = ("procedure_key", "element_id", "held", "due_on")
    parts: list[Select[Any]] = []
    for rows, own in ((_LIMIT, true()), (_CHANGE, OF_LIMITS)):
        columns = [child(rows.c.county, place, by), *(rows.c[name] for name in names)]
        met = [meets(rows.c) for meets in within]
        parts.append(
            select(*columns, literal(0).label("passed"), rows.c.many).where(
                own, _here(rows.c.county, place), *met
            )
        )
    parts += _passed_today(place, now, within, by)
    every = union_all(*parts).subquery()
    keys = [every.c[name] for name in ("child", *names, "passed")]
    many = func.sum(every.c.many)
    return select(*keys, many.label("many")).group_by(*keys).having(many != 0).subquery()


def _passed_today(place: Division, now: datetime, within: Sequence[Condition], by: int) -> list[Select[Any]]:
    """SQL: the limits that have passed since today began; each once as passed, once out of its bucket."""
    since = and_(_TIMER.c.due_at > start_of_day(local_date(now)), _TIMER.c.due_at <= now)
    met = [meets(_TIMER.c) for meets in within]
    own = [
        child(_TIMER.c.village_code, place, by),
        _TIMER.c.procedure_key,
        _TIMER.c.element_id,
        _TIMER.c.held,
    ]
    place_code = func.coalesce(_TIMER.c.village_code, "")  # the index by instants serves, not that by places
    where = (STANDING, since, _here(place_code, place), *met)
    bucket = literal(noon(now), UtcDateTime()).label("due_on")
    return [
        select(*own, _TIMER.c.due_at.label("due_on"), literal(1), literal(1)).where(*where),
        select(*own, bucket, literal(0), literal(-1)).where(*where),
    ]


def tasks(place: Division, procedure: str = "") -> Subquery:
    """SQL: open tasks, `many` of each `child`, `procedure_key` and `element_id`; none of it is sure to be
    other than 0.
    """
    parts = []
    for rows, own in ((_STEP, true()), (_CHANGE, OF_TASKS)):
        columns = [child(rows.c.county, place), rows.c.procedure_key, rows.c.element_id, rows.c.many]
        of = rows.c.procedure_key == procedure if procedure else true()
        parts.append(select(*columns).where(own, of, _here(rows.c.county, place)))
    return union_all(*parts).subquery()


def desks(place: Division, *, held: bool = False) -> Subquery:
    """SQL: open tasks, `many` of each `queue`, `desk` and `holder`; of those that somebody holds alone."""
    parts = []
    for rows, own in ((_DESK, true()), (_CHANGE, OF_TASKS)):
        taken = rows.c.holder != 0 if held else true()
        columns = (rows.c.queue, rows.c.desk, rows.c.holder, rows.c.many)
        parts.append(select(*columns).where(own, taken, _here(rows.c.county, place)))
    return union_all(*parts).subquery()
