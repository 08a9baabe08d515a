"""What rules for everybody is written alone (`write(alone=True)`): from the import of this on, a write of the
product to its tables that is not is an error, in every test.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any
from weakref import ref

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from engine.ground.database import WRITING
from engine.ground.database.transactions import stands_alone

RULES = frozenset(
    {
        "body",
        "calendar_day",
        "calendar_year",
        "department_threshold",
        "division",
        "division_code",
        "legal_limit",
        "monitoring_line",
        "notification_rule",
        "province",
    }
)
"""Tables by whose rows the transactions of others go, as long as those last."""
_WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)')
_ROOT = Path(__file__).parents[2]
_WHOSE = "shouwang_tests_session"


@event.listens_for(Session, "after_begin")
def _note(session: Session, _transaction: Any, connection: Connection) -> None:
    connection.info[_WHOSE] = ref(session)


@event.listens_for(Engine, "before_cursor_execute")
def _look(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    found = _WRITES.match(statement)
    if found is None or found[1] not in RULES or _WHOSE not in connection.info:
        return
    session = connection.info[_WHOSE]()
    if session is not None and session.info.get(WRITING) and not stands_alone(session) and _is_products():
        raise AssertionError(f"{found[1]} is written by one who is not alone")


def _is_products() -> bool:
    """Whether the product writes, and not a test that arranges its world."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_ROOT) and ".venv" not in path.parts:
            room = path.relative_to(_ROOT).parts
            if room[:2] != ("engine", "ground"):
                return room[0] in ("engine", "web") and "demo" not in room
        frame = frame.f_back
    return False
