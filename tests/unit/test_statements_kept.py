"""A connection to SQLite keeps as many statements read as the pages have."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from engine.ground.database import create_engine
from engine.ground.database.connections import STATEMENTS


def test_every_connection_is_opened_with_room_for_them() -> None:
    opened: list[int] = []

    def hear(_dialect: Any, _record: Any, _given: Any, named: dict[str, Any]) -> None:
        opened.append(named["cached_statements"])

    engine = create_engine("sqlite://")
    event.listen(engine, "do_connect", hear)
    engine.connect().close()
    assert opened == [STATEMENTS] and STATEMENTS > 128
