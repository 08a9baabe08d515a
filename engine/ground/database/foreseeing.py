"""Where foresight begins and ends: many cases in one transaction, one step whose rows are locked, or what is
read for a page.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, Connection, column, text
from sqlalchemy.orm import Session

from engine.ground.database.compiled import Rows, Values
from engine.ground.database.connections import WRITING
from engine.ground.database.foresight import Foresight, Lesson, Member
from engine.ground.database.prepared import Prepared, connection_of, send, wire_of
from engine.ground.database.wire import Wire
from engine.ground.tables import Base, table

MOST_REMEMBERED = 1000
"""Steps whose questions a process remembers; with one more all are forgotten."""
_last: dict[Any, Lesson] = {}
_DRAW = Prepared(
    text(
        "SELECT nextval(CAST(pg_get_serial_sequence(one, 'id') AS regclass))"
        " FROM unnest(CAST(:tables AS text[])) AS one"
    ).columns(column("number", BigInteger))
)


@dataclass(frozen=True)
class _Ways:
    """How what is foreseen is asked."""

    connection: Connection
    wire: Wire
    spare: bool = False
    """Whether a page goes on without them if the server refuses them."""

    def ask(self, statement: Prepared, values: Values, heard: Callable[[Rows], None]) -> None:
        """Along with whatever is asked next."""
        statement.ahead(self.connection, self.wire, values, heard, spare=self.spare)

    def draw(self, tables: Sequence[str], heard: Callable[[Rows], None]) -> None:
        """As each new row would."""
        _DRAW.ahead(self.connection, self.wire, {"tables": list(tables)}, heard, spare=False)

    def send(self) -> None:
        """All in one pipeline."""
        send(self.connection, self.wire)


def drawn(on: Session | Connection, model: type[Base]) -> int | None:
    """The number of a new row, where it was drawn beforehand."""
    wire = wire_of(connection_of(on))
    return wire.foresight.number(table(model).name) if wire is not None and wire.foresight else None


@contextmanager
def foreseeing(session: Session, members: Mapping[Any, Member]) -> Iterator[Callable[[Any], None]]:
    """Meanwhile the members' questions are foreseen; gives what is to be called as each one's turn begins."""
    connection = connection_of(session)
    wire = wire_of(connection)
    if wire is None or len(members) == 1:
        yield lambda member: None
        return

    wire.foresight = Foresight(members, _Ways(connection, wire))
    try:
        yield wire.foresight.begin
    finally:
        wire.foresight = None


@contextmanager
def expecting(session: Session, known: Callable[[], Member]) -> Iterator[None]:
    """Meanwhile a step, whose rows are locked, is expected to ask what the last one like it asked.

    Within `foreseeing` that is known better, and SQLite has no way to be asked ahead: there `known` is not
    called.
    """
    connection = connection_of(session)
    wire = wire_of(connection)
    if wire is None or wire.foresight is not None:
        yield
        return
    member = known()
    foresight = Foresight.of_one(member, _Ways(connection, wire), _last.get(member.like))
    wire.foresight = foresight
    try:
        yield
    finally:
        wire.foresight = None
    _remember(member, foresight.lesson)


def foresee_page(session: Session, like: Hashable, **facts: Hashable) -> None:
    """From here to the end of the transaction, or until something is written, what is asked by these facts is
    expected to be what the last page like this one asked. Before it, who asks has been let in.
    """
    connection = connection_of(session)
    wire = wire_of(connection)
    if wire is None or wire.foresight is not None or session.info.get(WRITING):
        return
    member, ways = Member(facts, like), _Ways(connection, wire, spare=True)
    wire.foresight = Foresight.of_page(member, ways, _last.get(like), partial(_remember, member))


def _remember(member: Member, lesson: Lesson | None) -> None:
    if lesson is None:
        _last.pop(member.like, None)
        return
    if len(_last) >= MOST_REMEMBERED:
        _last.clear()
    _last[member.like] = lesson
