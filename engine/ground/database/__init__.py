"""The database, the same for SQLite and PostgreSQL: connections, the write transaction, rows stored.

Three rooms that everybody uses by this name; statements that a step runs each time are in `prepared` and
`objects`.
"""

from engine.ground.database.connections import (
    HIDING,
    WRITING,
    Patience,
    address,
    configure,
    create_engine,
    for_driver,
    is_postgres,
    session_factory,
)
from engine.ground.database.stored import insert_once, put, save, set_stored, upsert
from engine.ground.database.transactions import (
    after_commit,
    discarding,
    forget,
    once,
    ping,
    reaches_writer,
    whole,
    write,
)

__all__ = [
    "HIDING",
    "WRITING",
    "Patience",
    "address",
    "after_commit",
    "configure",
    "create_engine",
    "discarding",
    "for_driver",
    "forget",
    "insert_once",
    "is_postgres",
    "once",
    "ping",
    "put",
    "reaches_writer",
    "save",
    "session_factory",
    "set_stored",
    "upsert",
    "whole",
    "write",
]
