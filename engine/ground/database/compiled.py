"""A statement as it goes to one database: its words, the places of its values, what is made of each."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import iterate

from engine.ground.database.constants import in_server_words

MOST_KEPT = 1024
"""A statement with a longer list is built each time."""
Row = Any
"""A named tuple of the columns that the statement names."""
Values = Mapping[str, Any]
Rows = Sequence[Sequence[Any]]
Process = Callable[[Any], Any]


@dataclass(frozen=True)
class Compiled:
    """A statement in the words of one database."""

    dialect: Any
    sql: str
    wire: bytes
    """The same in PostgreSQL's own words, for who sends it without the driver's cursor; else empty."""
    wire_order: tuple[str, ...]
    lists: tuple[tuple[str, int], ...]
    """The names that stand for a list of values (IN), and how many each has room for."""
    constants: dict[str, Any]
    """What the statement brings itself, as the driver takes it."""
    order: tuple[str, ...]
    """The names of the values where they go by place; empty where they go by name."""
    bind: tuple[tuple[str, Process], ...]
    types: tuple[Any, ...]
    row: Callable[[Any], Row]
    decode: list[list[tuple[int, Process]]] = field(default_factory=list)
    """Known once something was found."""

    def values(self, given: Values) -> Any:
        """The values as the driver takes them. Raises KeyError for a missing one."""
        if self.order and not self.lists:
            picked = self._pick({**self.constants, **given} if self.constants else given)
            if not self._processed:
                return picked
            found = list(picked)
            for place, process in self._processed:
                found[place] = process(found[place])
            return tuple(found)
        known = {**self.constants, **given}
        for name, room in self.lists:
            values = [*known.pop(name)]
            for place in range(room):  # the last value once more: what is asked is the same
                known[f"{name}_{place + 1}"] = values[min(place, len(values) - 1)]
        for name, process in self.bind:
            known[name] = process(known[name])
        return tuple([known[name] for name in self.order]) if self.order else known

    @cached_property
    def _pick(self) -> Callable[[Values], tuple[Any, ...]]:
        """The values in their places."""
        several = len(self.order) > 1
        return itemgetter(*self.order) if several else lambda values: (values[self.order[0]],)

    @cached_property
    def _processed(self) -> list[tuple[int, Process]]:
        """The places of values of which the driver takes something else."""
        made = dict(self.bind)
        return [(place, made[name]) for place, name in enumerate(self.order) if name in made]

    def decoded(self, found: Rows, said: Callable[[], Sequence[Any]]) -> Rows:
        """What the driver found, with each value as its column has it.

        The driver has `said` of which type each column is to it.
        """
        if not found:
            return found
        decode = self.decode[0] if self.decode else self._decode(said)
        if not decode:
            return found
        rows = [list(one) for one in found]
        for values in rows:
            for place, process in decode:
                values[place] = process(values[place])
        return rows

    def _decode(self, said: Callable[[], Sequence[Any]]) -> list[tuple[int, Process]]:
        """How values become those of their columns; the driver says what it makes of each by itself."""
        made = [
            one._cached_result_processor(self.dialect, code)
            for one, code in zip(self.types, said(), strict=True)
        ]
        self.decode.append([(place, process) for place, process in enumerate(made) if process is not None])
        return self.decode[0]


def compile_for(
    statement: Any, names: Sequence[str] | None, dialect: Any, lists: Mapping[str, int]
) -> Compiled:
    """The statement in the words of a database, with room for so many values of each of its lists; `names`
    are the columns of a bare INSERT.
    """
    made: Any = statement.compile(dialect=dialect, column_keys=names)
    asked = {name for bind, name in made.bind_names.items() if bind.required}
    examples = {name: [None] * lists[name] if name in lists else None for name in asked}
    state = made.construct_expanded_state(examples)  # with each value of an IN in its place
    asked |= {f"{name}_{place + 1}" for name, room in lists.items() for place in range(room)}
    processors = {**made._bind_processors, **state.processors}
    constants = {
        name: processors[name](value) if name in processors else value
        for name, value in state.parameters.items()
        if name not in asked
    }
    bind = [(name, process) for name, process in processors.items() if name in asked]
    columns = made._result_columns or []
    words, order = in_server_words(state.statement) if dialect.name == "postgresql" else (b"", ())
    return Compiled(
        dialect,
        state.statement,
        words,
        order,
        tuple(lists.items()),
        constants,
        tuple(state.positiontup or ()),
        tuple(bind),
        tuple([one.type for one in columns]),
        _naming([one.keyname for one in columns]),
    )


def lists_of(statement: Any) -> tuple[str, ...]:
    """The names of its values that are lists."""
    found = [one for one in iterate(statement) if isinstance(one, BindParameter)]
    return tuple(sorted({str(one.key) for one in found if one.expanding and one.required}))


def room_for(count: int) -> int:
    """Room for a list is a power of two: so few statements serve lists of any length."""
    return 1 << max(count - 1, 0).bit_length() if count <= MOST_KEPT else count


def _naming(names: Sequence[str]) -> Callable[[Any], Row]:
    """What makes a row of its values; columns that share a name have none."""
    if not names or len(set(names)) < len(names):
        return tuple
    kind: Any = namedtuple("Row", names)  # type: ignore[misc]  # the names are the statement's
    make: Callable[[Any], Row] = kind._make
    return make
