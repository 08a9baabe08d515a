"""The driver's own cursor on a connection that keeps orders back (`wire`): for what is not prepared by us."""

from __future__ import annotations

import re
from typing import Any

import psycopg
from psycopg import errors
from psycopg.adapt import Transformer

from engine.ground.database.wire.question import Question, question_of

_WRITES = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
_HARMLESS = ("SELECT", "SAVEPOINT", "RELEASE")


def _tell(wire: Any, query: str) -> None:
    """What goes by the driver's own cursor may change what was foreseen."""
    if query.startswith(_HARMLESS):
        return
    written = _WRITES.match(query)
    wire.wrote((written[1],) if written is not None else ())
    if written is None and wire.foresight is not None:
        wire.foresight.forget()


class Cursor(psycopg.Cursor[Any]):
    """A cursor of the driver: what is taken back need not be sent first, and a question goes together with
    what was kept.
    """

    @property
    def _pgconn(self) -> Any:
        """The connection as it is now: it may have been renewed since the cursor was made."""
        return self._conn.pgconn

    @_pgconn.setter
    def _pgconn(self, _at_first: Any) -> None:
        return

    def execute(self, query: Any, *more: Any, **named: Any) -> Any:
        """As the driver's; who has waited for a lock finds another world."""
        found = self._executed(query, *more, **named)
        foresight = self.connection.foresight  # type: ignore[attr-defined]
        if foresight is not None and "FOR UPDATE" in str(query):
            foresight.waited()
        return found

    def _executed(self, query: Any, *more: Any, **named: Any) -> Any:
        """As the driver's; a ROLLBACK TO SAVEPOINT takes back what was kept since.

        What was kept goes before, and by itself: the driver's statement begins a transaction, and may be said
        once more, only where nothing went before it.
        """
        wire: Any = self.connection
        if isinstance(query, str) and query.startswith("ROLLBACK"):
            wire.forget()
        elif wire.foresight is not None:
            _tell(wire, str(query))
        if isinstance(query, str) and wire.takes_orders and not named:
            question, given = question_of(query), (more[0] if more else None) or {}
            if question is not None and question.takes(given):
                return self._ask(question, given)
        wire.send()
        begins = wire.begins
        try:
            return super().execute(query, *more, **named)
        except errors.OperationalError as error:
            if not (begins and wire.is_renewed_after(error)):
                raise
        return super().execute(query, *more, **named)

    def _ask(self, question: Question, given: Any) -> Any:
        """Ask together with what was kept, if it is not known; the answer is read as the driver's are."""
        wire: Any = self.connection
        found = wire.foresight.known(question, given) if wire.foresight is not None else None
        if found is None:
            found = wire.ask(question.order(wire, given))[0]
        self._reset()
        self._tx = Transformer(self)
        self._check_results([found])
        self._set_results([found])
        return self

    def executemany(self, query: Any, *more: Any, **named: Any) -> Any:
        """As the driver's, in a pipeline of its own: what was kept goes before it."""
        wire: Any = self.connection
        wire.send()
        if wire.foresight is not None:
            _tell(wire, str(query))
        with wire.lent():
            return super().executemany(query, *more, **named)
