"""The prepared statements with which a step writes itself back."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select, update

from engine.casework.models import Timer, WorkItem
from engine.casework.telling import ladder
from engine.ground.tables import table

_ITEM, _TIMER = table(WorkItem), table(Timer)
DRAWN = ("event", "limit", "warning")
"""The kinds of timers that follow from the diagram; the others are the host's own."""

OPEN_ITEMS = select(_ITEM.c.id, _ITEM.c.token, _ITEM.c.due_at, _ITEM.c.limits).where(
    _ITEM.c.case_id == bindparam("case_id"), _ITEM.c.status == "open"
)
OPEN_ITEM = insert(_ITEM)
MOVE_ITEM = (
    update(_ITEM)
    .where(_ITEM.c.id == bindparam("item_id"))
    .values(due_at=bindparam("due_at"), limits=bindparam("limits"))
)
CANCEL_ITEM = (
    update(_ITEM)
    .where(_ITEM.c.id == bindparam("item_id"))
    .values(status="cancelled", closed_at=bindparam("now"))
)
TIMERS = select(
    _TIMER.c.id, _TIMER.c.token, _TIMER.c.kind, _TIMER.c.status, _TIMER.c.due_at, _TIMER.c.standing
).where(_TIMER.c.case_id == bindparam("case_id"), _TIMER.c.status != "cancelled", _TIMER.c.kind.in_(DRAWN))
OPEN_QUEUES = (
    select(_ITEM.c.queue)
    .where(_ITEM.c.case_id == bindparam("case_id"), _ITEM.c.status == "open", _ITEM.c.due_at.is_not(None))
    .distinct()
)
WAITING_EVENTS = select(_TIMER.c.element_id).where(
    _TIMER.c.case_id == bindparam("case_id"), _TIMER.c.status == "waiting", _TIMER.c.kind == "event"
)
RENAMED = ("token", "element_id", "name", "queue", "division_code", "form_key", "limits")
RENAME_ITEM = (
    update(_ITEM)
    .where(_ITEM.c.case_id == bindparam("case"), _ITEM.c.token == bindparam("old"), _ITEM.c.status == "open")
    .values({"due_at": bindparam("due_at"), **{name: bindparam(name) for name in RENAMED}})
)
RENAME_TIMER = (
    update(_TIMER)
    .where(_TIMER.c.case_id == bindparam("case"), _TIMER.c.token == bindparam("old"))
    .values({name: bindparam(name) for name in ("token", "element_id", "name")})
)
SET_TIMER = insert(_TIMER)
MOVE_TIMER = (
    update(_TIMER)
    .where(_TIMER.c.id == bindparam("timer_id"))
    .values(status="waiting", due_at=bindparam("due_at"))
)
END_TIMER = (
    update(_TIMER)
    .where(_TIMER.c.id == bindparam("timer_id"))
    .values(
        status=bindparam("end"),
        fired_at=bindparam("fired_at"),
        standing=bindparam("standing"),
        due_at=bindparam("due"),
    )
)
REDATE_LIMIT = update(_TIMER).where(_TIMER.c.id == bindparam("timer_id")).values(due_at=bindparam("due"))
SETTLE_LIMIT = update(_TIMER).where(_TIMER.c.id == bindparam("timer_id")).values(standing=bindparam("stands"))
NO_REPEAT = (
    update(_TIMER)
    .where(
        _TIMER.c.case_id == bindparam("of_case"),
        _TIMER.c.token == bindparam("of_token"),
        _TIMER.c.kind == ladder.REPEAT,
        _TIMER.c.status == "waiting",
    )
    .values(status="cancelled")
)
LIMIT = (
    select(Timer)
    .where(Timer.case_id == bindparam("case_id"), Timer.token == bindparam("token"), Timer.kind == "limit")
    .order_by(Timer.id.desc())
    .limit(1)
    .execution_options(populate_existing=True)
)
