"""What a statement brings itself, written out: a plan that is kept can then use an index of some rows."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import replacement_traverse


def written_out(statement: Any) -> Any:
    """The statement with the words and numbers that it brings itself written out.

    SQLite plans a statement anew at every run whose value decides whether an index of a part of the rows
    serves (``status = ?`` beside an index ``WHERE status = 'open'``). What a step asks of its case's items
    and timers took the driver 28 µs of CPU, and takes 6 so. On PostgreSQL a plan that is kept can use such an
    index only so.
    """

    def written(element: Any, **_: Any) -> Any:
        if not isinstance(element, BindParameter) or element.required or element.callable is not None:
            return None
        values = element.value if element.expanding else [element.value]
        plain = isinstance(values, (list, tuple)) and all(type(one) in (str, int) for one in values)
        return element.render_literal_execute() if plain and values else None

    return replacement_traverse(statement, {}, written)


_VALUE = re.compile(r"%\((\w+)\)s|%%")


def in_server_words(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """A statement as PostgreSQL itself has it, and the names of its values $1, $2 in their order."""
    order: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else f"${order.setdefault(name, len(order) + 1)}"

    return _VALUE.sub(place, sql).encode(), tuple(order)
