"""The declarative base and the column types that SQLite and PostgreSQL share."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    event,
    literal,
    type_coerce,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from engine.ground.text import key


def _encoding(*, in_order: bool) -> Callable[[Any], str]:
    """What `JSONEncoder.encode` does, by Python's own encoder in C made once: that makes a new one each time,
    which minds circles. A step encodes a dozen values: 14 µs of CPU less.
    """
    encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=in_order)
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    words: Any = getattr(json.encoder, "c_encode_basestring", None)
    if make is None or words is None:
        return encoder.encode
    encode = make(None, encoder.default, words, None, ":", ",", in_order, False, True)
    return lambda value: "".join(encode(value, 0))


to_json = _encoding(in_order=False)
"""JSON text as short as it goes, keys in the order they came. Raises RecursionError for what holds itself."""
to_json_in_order = _encoding(in_order=True)
"""The same with the keys, which are texts, in order."""


_read = json.JSONDecoder().raw_decode
"""What `json.loads` comes to, for a text of ours: nothing stands before the value, nor behind it."""


def as_kept(value: Any) -> Any:
    """A JSON value as it comes back out of a `JsonText` column."""
    return _read(to_json(value))[0]


BigId = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit key that SQLite can still use as its row id."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """An aware instant as SQLite keeps it: microseconds since 1970, 8 bytes where a text takes 26."""
    return (at - _EPOCH) // _MICROSECOND


def instant(number: int) -> datetime:
    """The instant that SQLite keeps as a number."""
    return _EPOCH + timedelta(0, 0, number)


class Microseconds(sqlite.DATETIME):
    """How SQLite keeps an instant. The column is still declared DATETIME: numbers stay numbers in it."""

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:
        """A naive value is UTC already."""

        def write(value: datetime | None) -> int | None:
            if value is None:
                return None
            return microseconds(value if value.tzinfo is not None else value.replace(tzinfo=UTC))

        return write

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[int | str | None], datetime | None]:
        """Migrations meet the texts of releases before."""

        def read(value: int | str | None) -> datetime | None:
            if isinstance(value, int):
                return _EPOCH + timedelta(0, 0, value)
            return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)

        return read

    def literal_processor(self, dialect: Dialect) -> Callable[[datetime], str]:
        return lambda value: str(microseconds(value))


def _handed(value: datetime | None) -> int | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("naive datetime")
    return (value - _EPOCH) // _MICROSECOND


class Days(sqlite.DATE):
    """How SQLite keeps a day: as SQLAlchemy writes it, in a third of the time."""

    def bind_processor(self, dialect: Dialect) -> Callable[[date | None], str | None]:
        """Of an instant its day."""
        return lambda value: None if value is None else date.isoformat(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored as UTC; refuses naive values."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """On SQLite a number."""
        if dialect.name != "sqlite":
            return dialect.type_descriptor(self.impl_instance)
        return dialect.type_descriptor(Microseconds())  # type: ignore[no-untyped-call]

    def bind_processor(self, dialect: Dialect) -> Any:
        """On SQLite at once, where SQLAlchemy calls three functions: a step hands over some 40 instants."""
        return _handed if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """On SQLite the number's own reader answers UTC already."""
        if dialect.name == "sqlite":
            return self.impl_instance.result_processor(dialect, coltype)
        return super().result_processor(dialect, coltype)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None or value.tzinfo is UTC else value.astimezone(UTC)


class Written(NamedTuple):
    """A JSON value that is text already: a `JsonText` column takes it as it is."""

    text: str


class JsonText(TypeDecorator[Any]):
    """JSON kept as text, so that key order survives in every database."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """At once, as a text needs nothing else in either database."""
        return _as_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Likewise."""
        return _of_text

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return _as_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return _of_text(value)


def _as_text(value: Any) -> str | None:
    if type(value) is Written:
        return value.text
    return None if value is None else to_json(value)


def _of_text(value: str | None) -> Any:
    return None if value is None else _read(value)[0]


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


@event.listens_for(Index, "after_parent_attach")
def _of_rows_that_have_one(index: Index, _table: Any) -> None:
    """An index over a reference that rows need not have holds those that have one.

    SQLite takes any index for ``IS NULL`` as if few rows had none: with all rows in it, a village's list of
    households that were not merged was read through the whole province.
    """
    only, *more = index.columns
    refers = bool(only.foreign_keys) or isinstance(only.type, Integer)
    if not more and only.nullable and refers and not index.unique:
        for options in (index.dialect_options["sqlite"], index.dialect_options["postgresql"]):
            options["where"] = only.is_not(None) if options["where"] is None else options["where"]


def key_of(column: str, most: int) -> Callable[[DefaultExecutionContext], str]:
    """A column's default: the form in which another column of the new row is compared and looked for."""

    def default(context: DefaultExecutionContext) -> str:
        parameters = context.get_current_parameters()  # type: ignore[no-untyped-call]
        return key(str(parameters.get(column) or ""))[:most]

    return default


def other_key_of(column: str, most: int) -> Callable[[DefaultExecutionContext], str]:
    """As `key_of`, but nothing where the form is the text itself, as it is of most names."""
    whole = key_of(column, most)

    def default(context: DefaultExecutionContext) -> str:
        parameters = context.get_current_parameters()  # type: ignore[no-untyped-call]
        found = whole(context)
        return "" if found == parameters.get(column) else found

    return default


def table(model: type[Base]) -> Table:
    """The bare table of `model`, for statements whose rows need not become objects.

    The step transaction keeps such statements as module constants: SQLAlchemy then builds each of them once,
    where an object or a statement built anew costs three to six times as much.
    """
    return cast(Table, model.__table__)


# -- the beginning of a text, in SQL -----------------------------------------------------------------


class begins(FunctionElement[bool]):
    """Whether a text begins with another, found by the column's index.

    SQLite takes none for LIKE with a parameter: a person's number was looked for in every household.
    PostgreSQL takes one for LIKE whose operators are `varchar_pattern_ops` (`prefixed`), in any collation.
    """

    type = Boolean()
    inherit_cache = True

    def __init__(self, column: Any, beginning: str) -> None:
        written = "".join(f"/{sign}" if sign in "/%_" else sign for sign in beginning)
        super().__init__(
            column, literal(beginning), literal(f"{beginning}\U0010ffff"), literal(f"{written}%")
        )

    def self_group(self, against: Any = None) -> Any:
        """A condition, no value: «= 1» behind it would hide the index from SQLite."""
        return self


@compiles(begins, "sqlite")
def _begins_sqlite(element: Any, compiler: Any, **words: Any) -> str:
    column, low, high, _ = element.clauses
    first, last = (
        f"{compiler.process(column, **words)} {sign} {compiler.process(end, **words)}"
        for sign, end in ((">=", low), ("<", high))
    )
    return f"({first} AND {last})"


@compiles(begins, "postgresql")
def _begins_postgres(element: Any, compiler: Any, **words: Any) -> str:
    column, _, _, pattern = element.clauses
    return f"{compiler.process(column, **words)} LIKE {compiler.process(pattern, **words)} ESCAPE '/'"


def prefixed(table_name: str, column: str, *beside: str) -> Index:
    """An index of a text column that finds both its values and what they begin with, and holds what is asked
    `beside`.
    """
    name, operators = f"ix_{table_name}_{column}", {column: "varchar_pattern_ops"}
    return Index(name, column, *beside, postgresql_ops=operators)


# -- days beside instants, in SQL ------------------------------------------------------------------


class midnight(FunctionElement[datetime]):
    """The instant at which a day begins in China, eight hours before UTC, for comparing it with instants.

    PostgreSQL by itself would take the day of whatever time zone its server is set to.
    """

    type = UtcDateTime()
    inherit_cache = True


@compiles(midnight, "sqlite")
def _midnight_sqlite(element: Any, compiler: Any, **words: Any) -> str:
    seconds = f"CAST(strftime('%s', {compiler.process(element.clauses, **words)}) AS INTEGER)"
    return f"(({seconds} - 28800) * 1000000)"


@compiles(midnight, "postgresql")
def _midnight_postgres(element: Any, compiler: Any, **words: Any) -> str:
    day = compiler.process(element.clauses, **words)
    return f"((CAST({day} AS timestamp) - interval '8 hours') AT TIME ZONE 'UTC')"


# -- inside a JSON column, in SQL ------------------------------------------------------------------


class json_word(FunctionElement[str]):
    """The text at the top level of a `JsonText` column under a name; NULL where there is none."""

    type = String()
    inherit_cache = True

    def __init__(self, column: Any, name: str) -> None:
        super().__init__(column, literal(name, literal_execute=True))


class json_number(FunctionElement[float]):
    """The number at the top level of a `JsonText` column under a name; NULL where none stands there."""

    type = Float()
    inherit_cache = True

    def __init__(self, column: Any, name: str) -> None:
        super().__init__(column, literal(name, literal_execute=True))


@compiles(json_word, "sqlite")
def _word_sqlite(element: Any, compiler: Any, **words: Any) -> str:
    column, name = _both(element, compiler, words)
    return f"json_extract({column}, '$.' || {name})"


@compiles(json_word, "postgresql")
def _word_postgres(element: Any, compiler: Any, **words: Any) -> str:
    column, name = _both(element, compiler, words)
    return f"(CAST({column} AS json) ->> {name})"


@compiles(json_number, "sqlite")
def _number_sqlite(element: Any, compiler: Any, **words: Any) -> str:
    column, name = _both(element, compiler, words)
    path = f"'$.' || {name}"
    kind = f"json_type({column}, {path})"
    return f"CASE WHEN {kind} IN ('integer', 'real') THEN json_extract({column}, {path}) END"


@compiles(json_number, "postgresql")
def _number_postgres(element: Any, compiler: Any, **words: Any) -> str:
    column, name = _both(element, compiler, words)
    value = f"CAST({column} AS json) -> {name}"
    return f"CASE json_typeof({value}) WHEN 'number' THEN CAST(({value}) #>> '{{}}' AS numeric) END"


def _both(element: Any, compiler: Any, words: dict[str, Any]) -> tuple[str, str]:
    column, name = element.clauses
    return compiler.process(column, **words), compiler.process(name, **words)


def names(column: Any, code: str) -> ColumnElement[bool]:
    """SQL: whether the list of codes in a `JsonText` column names `code`; read as text, nothing is parsed."""
    return type_coerce(column, Text).contains(f'"{code}"')
