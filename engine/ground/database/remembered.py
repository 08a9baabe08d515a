"""Questions that a transaction asks once, until it writes into a table that they read, or locks a row.

What a step's guard has read, its service and its form read again, and in between nothing but the step itself
has changed it: whoever changes such a row holds the subject, as the step does. So an answer stands until the
transaction writes into one of the tables, by whichever way. Who has waited for a lock asks again for what it
waited for: a row that is locked ends all answers.

To find an answer again takes some 4 µs of CPU, to ask SQLite again 12 to 40, PostgreSQL a way there and back.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from engine.ground.database.objects import Objects
from engine.ground.database.prepared import Prepared, connection_of
from engine.ground.database.touched import A_LOCK, WATCHED, last
from engine.ground.database.transactions import once
from engine.ground.tables import Base, table

R = TypeVar("R")


def remembered(session: Session, key: Hashable, models: Sequence[type[Base]], ask: Callable[[], R]) -> R:
    """What `ask` answers from the tables of `models` alone."""
    return once(session, (key, _stands(session, _watched(models))), ask)


class Remembered:
    """A constant question about rows of `models`, which are all the tables that it reads."""

    def __init__(self, question: Prepared | Objects, *models: type[Base]) -> None:
        self._question, self._tables = question, _watched(models)

    def all(self, session: Session, **values: Any) -> list[Any]:
        """The rows, or the objects, that it finds."""
        key = (self, *values.values(), _stands(session, self._tables))
        return [*once(session, key, lambda: self._question.all(session, **values))]

    def first(self, session: Session, **values: Any) -> Any:
        """The first of them, or None."""
        found = self.all(session, **values)
        return found[0] if found else None


class RememberedEach:
    """A constant question for rows of one table by a list of their keys: each is asked for once.

    The first column that it answers is the key, and `keys` the name of the list.
    """

    def __init__(self, question: Prepared, model: type[Base]) -> None:
        self._question, self._tables = question, _watched([model])

    def of(self, session: Session, keys: Iterable[Any]) -> dict[Any, Any]:
        """The rows by their keys; keys that no row has are left out."""
        wanted = sorted(set(keys))
        empty: dict[Any, Any] = {}
        known = once(session, (self, _stands(session, self._tables)), lambda: empty)
        missing = tuple([key for key in wanted if key not in known])
        if missing:
            known |= dict.fromkeys(missing)
            known |= {row[0]: row for row in self._question.all(session, keys=missing)}
        return {key: known[key] for key in wanted if known[key] is not None}


def _watched(models: Iterable[type[Base]]) -> tuple[str, ...]:
    tables = (A_LOCK, *(table(model).name for model in models))
    WATCHED.update(tables)
    return tables


def _stands(session: Session, tables: Sequence[str]) -> tuple[int, ...]:
    """Until when an answer stands; what objects hold unwritten is written first, and touches its table."""
    return last(connection_of(session), tables)
