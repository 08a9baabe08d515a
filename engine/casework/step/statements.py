"""The prepared statements with which a step writes itself back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, literal_column, select, update

from engine.casework.models import Attachment, Draft, Timer, WorkItem
from engine.casework.telling import ladder
from engine.ground.database.prepared import Prepared
from engine.ground.tables import table

_ITEM, _TIMER, _DRAFT = table(WorkItem), table(Timer), table(Draft)
DRAWN = ("event", "limit", "warning")
"""The kinds of timers that follow from the diagram; the others are the host's own."""

ITEM, DRAFT = "item", "draft"
"""What the other rows of `STANDING` are."""
_NO_TIME: Any = literal_column("NULL")
_NO_WORD: Any = literal_column("''")
STANDING = Prepared(
    select(_TIMER.c.id, _TIMER.c.token, _TIMER.c.kind, _TIMER.c.status, _TIMER.c.due_at, _TIMER.c.standing)
    .add_columns(_TIMER.c.held, _NO_WORD.label("limits"))
    .where(_TIMER.c.case_id == bindparam("case_id"), _TIMER.c.status != "cancelled", _TIMER.c.kind.in_(DRAWN))
    .union_all(
        select(
            _ITEM.c.id, _ITEM.c.token, literal_column(f"'{ITEM}'"), _ITEM.c.status, _ITEM.c.due_at, _NO_WORD
        )
        .add_columns(_NO_WORD, _ITEM.c.limits)
        .where(_ITEM.c.case_id == bindparam("case_id"), _ITEM.c.status == "open"),
        select(
            _DRAFT.c.id,
            _NO_WORD,
            literal_column(f"'{DRAFT}'"),
            _NO_WORD,
            _NO_TIME,
            _NO_WORD,
            _NO_WORD,
            _NO_WORD,
        ).where(_DRAFT.c.work_item_id == bindparam("ended")),
    ),
    own=True,
)
"""What a step finds of its case: timers that follow from the diagram, open items, and whether anybody has a
draft of the item that it ended. One statement: each costs some 10 µs of CPU however little it finds, and on
PostgreSQL a way there and back.
"""
DROP_DRAFTS = Prepared(delete(_DRAFT).where(_DRAFT.c.work_item_id == bindparam("ended")))
MOVE_ITEM = Prepared(
    update(_ITEM)
    .where(_ITEM.c.id == bindparam("item_id"))
    .values(due_at=bindparam("due_at"), limits=bindparam("limits"))
)
CANCEL_ITEM = Prepared(
    update(_ITEM)
    .where(_ITEM.c.id == bindparam("item_id"))
    .values(status="cancelled", closed_at=bindparam("now"))
)
OPEN_QUEUES = Prepared(
    select(_ITEM.c.queue)
    .where(_ITEM.c.case_id == bindparam("case_id"), _ITEM.c.status == "open", _ITEM.c.due_at.is_not(None))
    .distinct(),
    own=True,
)
WAITING_EVENTS = Prepared(
    select(_TIMER.c.element_id).where(
        _TIMER.c.case_id == bindparam("case_id"), _TIMER.c.status == "waiting", _TIMER.c.kind == "event"
    ),
    own=True,
)
RENAMED = ("token", "element_id", "name", "queue", "division_code", "form_key", "limits")
RENAME_ITEM = Prepared(
    update(_ITEM)
    .where(_ITEM.c.case_id == bindparam("case"), _ITEM.c.token == bindparam("old"), _ITEM.c.status == "open")
    .values({"due_at": bindparam("due_at"), **{name: bindparam(name) for name in RENAMED}})
)
RENAME_TIMER = Prepared(
    update(_TIMER)
    .where(_TIMER.c.case_id == bindparam("case"), _TIMER.c.token == bindparam("old"))
    .values({name: bindparam(name) for name in ("token", "element_id", "name")})
)
MOVE_TIMER = Prepared(
    update(_TIMER)
    .where(_TIMER.c.id == bindparam("timer_id"))
    .values(status="waiting", due_at=bindparam("due_at"))
)
END_TIMER = Prepared(
    update(_TIMER)
    .where(_TIMER.c.id == bindparam("timer_id"))
    .values(
        status=bindparam("end"),
        fired_at=bindparam("fired_at"),
        standing=bindparam("standing"),
        due_at=bindparam("due"),
    )
)
REDATE_LIMIT = Prepared(
    update(_TIMER).where(_TIMER.c.id == bindparam("timer_id")).values(due_at=bindparam("due"))
)
SETTLE_LIMIT = Prepared(
    update(_TIMER).where(_TIMER.c.id == bindparam("timer_id")).values(standing=bindparam("stands"))
)
HOLD_LIMIT = Prepared(update(_TIMER).where(_TIMER.c.id == bindparam("timer_id")).values(held=bindparam("by")))
NO_REPEAT = Prepared(
    update(_TIMER)
    .where(
        _TIMER.c.case_id == bindparam("of_case"),
        _TIMER.c.token == bindparam("of_token"),
        _TIMER.c.kind == ladder.REPEAT,
        _TIMER.c.status == "waiting",
    )
    .values(status="cancelled")
)
LIMIT = Prepared(
    select(Timer)
    .where(Timer.case_id == bindparam("case_id"), Timer.token == bindparam("token"), Timer.kind == "limit")
    .order_by(Timer.id.desc())
    .limit(1)
    .execution_options(populate_existing=True),
    own=True,
)
_FILE = table(Attachment)
FILES = Prepared(
    select(_FILE.c.id, _FILE.c.filename, _FILE.c.media_type, _FILE.c.size, _FILE.c.sha256).where(
        _FILE.c.case_id == bindparam("case_id")
    ),
    own=True,
)
