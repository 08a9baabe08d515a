"""What tests of a process share, though each has an application and a database of its own:
compiled statements, templates and routes, which depend on neither.

To compile statements and templates anew took an eighth of the time of all tests with a database; to compile
the routes takes half of the time of making an application.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry, Pool
from werkzeug.routing import Rule

_FIRST: dict[tuple[type[Dialect], object], Engine] = {}
"""The first engine of each kind of database and compiler: those after it use what it compiled."""


@event.listens_for(Pool, "checkout")
def _hurry(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """Tests need no durability: SQLite need not wait for the disk, as the tests' PostgreSQL does not."""
    if isinstance(connection, sqlite3.Connection) and "hurried" not in record.info:
        connection.execute("PRAGMA synchronous=OFF")
        record.info["hurried"] = True


@event.listens_for(Engine, "engine_connect")
def _share_statements(connection: Connection) -> None:
    kind = (type(connection.dialect), connection.dialect.statement_compiler)
    first = _FIRST.setdefault(kind, connection.engine)
    connection.dialect = first.dialect
    connection.engine._compiled_cache = first._compiled_cache


class _Templates(BytecodeCache):
    """Compiled templates, in memory."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, if its template was compiled before."""
        if bucket.key in self._codes:
            bucket.bytecode_from_string(self._codes[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._codes[bucket.key] = bucket.bytecode_to_string()


_TEMPLATES = _Templates()
_BUILDERS: dict[tuple[Any, ...], Any] = {}


class _Route(Rule):
    """A route whose addresses are written by a function that was compiled once for all applications."""

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        described = (self.rule, self.subdomain, str(self.defaults), append_unknown)
        if described not in _BUILDERS:
            _BUILDERS[described] = super()._compile_builder(append_unknown)
        return _BUILDERS[described]


Flask.url_rule_class = _Route


def share_templates(app: Flask) -> None:
    """Let the application use what others compiled."""
    app.jinja_env.bytecode_cache = _TEMPLATES
