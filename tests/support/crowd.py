"""A full database from one with a few rows of everything: each row again, many times over, here and all over
the province.

The rows are what the product wrote; only numbers, names and places are others. So a table is as full as life
makes it without a story told for each row, and whatever table comes to be is filled by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    func,
    insert,
    literal,
    select,
    text,
)

from engine.casework.models import LEVELS, Division
from engine.casework.organisation import access
from engine.casework.supervision.counts import adding
from engine.ground.clock import local_date
from engine.ground.tables import Base, JsonText, UtcDateTime
from tests.support.template import OTHER_VILLAGE, START, VILLAGE

FEW = {
    "calendar_day": "days of a few years",
    "calendar_year": "years",
    "department_threshold": "a county's own numbers",
    "department_token": "programmes of departments",
    "desk_count": "desks",
    "division": "the list of divisions, which installing fills",
    "division_code": "the same",
    "figure_gap": "what is missing of a day's log",
    "figure_state": "one row",
    "legal_limit": "clauses of the law",
    "limit_count": "counties, steps and days",
    "monitoring_line": "years",
    "notification_rule": "rules that people keep",
    "open_change": "what a round of the ticker has not added up yet",
    "procedure": "procedures",
    "procedure_version": "their versions",
    "province": "one row",
    "quality_rhythm": "places",
    "resource": "forms and decisions of versions",
    "running_process": "processes that run",
    "schedule": "procedures of counties",
    "setting": "what an administrator sets",
    "step_count": "counties and steps",
    "watch_week": "weeks",
}
"""The tables that do not grow with households, cases and acts, and what they grow with."""
HERE = 25
"""So many times a row is there again at its own place: more than a page of a list shows."""
STEP = 10_000
"""What is added to the numbers of the rows, time by time."""
HOLDERS = frozenset(
    {
        "account",
        "account_import",
        "application_batch",
        "bulk_act",
        "campaign",
        "department_batch",
        "hazard",
        "hazard_act",
        "matching_batch",
        "migration",
        "outgoing_file",
        "procedure_draft",
        "quality_run",
        "rehearsal",
        "sample",
        "sample_stratum",
        "sheet_import",
        "summary_report",
    }
)
"""What has many rows of others: those that are here again are its own."""
OF_ACCOUNTS = frozenset({"api_token", "password_past", "role_grant"})
"""The tables whose rows go along with the copies of their accounts."""
_ONCE = " ON CONFLICT DO NOTHING"
OF_ONE = frozenset({"milestone", "report_annex"})
"""The tables of which a holder has always as many rows."""
NAMES = frozenset({"head_name", "head_key", "head_id_number", "subject", "subject_key"})


def large() -> frozenset[str]:
    """The tables that grow with households, cases and acts."""
    return frozenset(Base.metadata.tables) - FEW.keys()


def fill(engine: Engine, elsewhere: int, here: int = HERE) -> None:
    """Every row of the large tables again: `here` times at its place, `elsewhere` times at others."""
    with engine.connect() as connection:
        postgres = engine.dialect.name == "postgresql"
        keys = "SET session_replication_role = replica" if postgres else "PRAGMA foreign_keys=OFF"
        connection.connection.cursor().execute(keys)  # rows refer to others that are still to come
        _places(connection, here, elsewhere)
        for table in Base.metadata.sorted_tables:
            if table.name in large():
                _fill(connection, table, invents=elsewhere > 0)
        connection.exec_driver_sql("DROP TABLE crowd")
        adding.recount(connection)
        connection.commit()
    engine.dispose()  # no connection goes on without its keys
    if postgres:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM (ANALYZE)")  # as the server does by itself


def _fill(connection: Connection, table: Table, *, invents: bool) -> None:
    """What the story left empty gets an invented row, which is only elsewhere: no page shows it."""
    invented = invents and connection.execute(select(literal(1)).select_from(table).limit(1)).first() is None
    if invented:
        connection.execute(insert(table).values(_invented(connection, table)))
    connection.execute(text(_copied(table) + (" AND c.here = 0" if invented else "") + _ONCE))
    if invented:
        place = list(table.primary_key.columns)
        first = connection.execute(select(*place).order_by(*place).limit(1)).one()
        same = [column == value for column, value in zip(place, first, strict=True)]
        connection.execute(delete(table).where(*same))


def _invented(connection: Connection, table: Table) -> dict[str, object]:
    """A row that the columns allow; whatever it belongs to is there."""
    found: dict[str, object] = {}
    for column in table.columns:
        given = column.nullable or column.default is not None or column.server_default is not None
        if given and not column.foreign_keys:
            continue
        for key in column.foreign_keys:
            found[column.name] = connection.scalar(select(func.min(key.column)))
        if not column.foreign_keys:
            found[column.name] = _some(column)
    return found


def _some(column: Column[object]) -> object:
    if column.name.endswith("_code"):
        return VILLAGE
    kinds: tuple[tuple[type, object], ...] = (
        (JsonText, {}),
        (UtcDateTime, START),
        (Date, local_date(START)),
        (LargeBinary, b""),
        (Boolean, False),
        (Integer, 1),
    )
    return next((value for kind, value in kinds if isinstance(column.type, kind)), "")


def _places(connection: Connection, here: int, elsewhere: int) -> None:
    """The table of the copies: number, what is added, whether their rows are here, and their divisions."""
    codes = ", ".join(f"{level} VARCHAR(12)" for level in LEVELS)
    connection.exec_driver_sql(f"CREATE TABLE crowd (k INTEGER, shift INTEGER, here INTEGER, {codes})")
    villages = connection.scalars(
        select(Division.code).where(Division.level == "village").order_by(Division.code)
    ).all()
    stride = max(1, len(villages) // max(1, elsewhere))
    chosen = [(VILLAGE, 1)] * here + [(villages[k * stride], 0) for k in range(elsewhere)]
    rows = [
        {"k": k, "shift": k * STEP, "here": at_home}
        | {level: access.ancestor(village, level) for level in LEVELS}
        for k, (village, at_home) in enumerate(chosen, 1)
    ]
    values = ", ".join(f":{name}" for name in rows[0])
    connection.execute(text(f"INSERT INTO crowd VALUES ({values})"), rows)


def _copied(table: Table) -> str:
    shown = {column.name: _value(table, column) for column in table.columns}
    for columns in _unique(table):
        _told_apart(shown, columns)
    names, values = ", ".join(f'"{name}"' for name in shown), ", ".join(shown.values())
    return (
        f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {table.name} t CROSS JOIN crowd c"
        " WHERE true"
    )


def _value(table: Table, column: Column[object]) -> str:
    """What stands in a copy instead of the column's value."""
    name = f't."{column.name}"'
    if column.name == "stream":  # case:7
        number = f"CAST(substr({name}, 6) AS INTEGER) + c.shift"
        return f"CASE WHEN {name} LIKE 'case:%' THEN 'case:' || ({number}) ELSE {name} || c.k END"
    if column.name == "subject_id" or (column.name == "id" and column.primary_key):
        return f"{name} + c.shift"
    for key in column.foreign_keys:
        return _reference(table, key.column.table.name, name)
    if column.name.endswith("_code") and column.name != "outcome_code":
        return _place(name)
    return _longer(name, column) if column.name in NAMES else name


def _reference(table: Table, other: str, name: str) -> str:
    if other in FEW or (other == "account" and table.name not in OF_ACCOUNTS):
        return name
    if other in HOLDERS and table.name not in OF_ACCOUNTS | OF_ONE:
        return f"CASE WHEN c.here = 1 THEN {name} ELSE {name} + c.shift END"
    return f"{name} + c.shift"


def _place(name: str) -> str:
    known = {access.ancestor(VILLAGE, level): f"c.{level}" for level in LEVELS} | {OTHER_VILLAGE: "c.village"}
    cases = " ".join(f"WHEN {name} = '{code}' AND c.here = 0 THEN {to}" for code, to in known.items())
    return f"CASE {cases} ELSE {name} END"


def _longer(value: str, column: Column[object]) -> str:
    kind = column.type
    length = kind.length if isinstance(kind, String) and kind.length else 80
    return f"substr({value}, 1, {length - 6}) || c.k"


def _unique(table: Table) -> Iterator[Sequence[Column[object]]]:
    """The sets of columns that no two rows share."""
    yield list(table.primary_key.columns)
    for constraint in table.constraints:
        if type(constraint).__name__ == "UniqueConstraint":
            yield list(constraint.columns)
    for index in table.indexes:
        if index.unique:
            yield [column for column in index.columns if isinstance(column, Column)]


def _told_apart(shown: dict[str, str], columns: Sequence[Column[object]]) -> None:
    """Let the copies differ in one of `columns` if they do in none yet."""
    if any("c.shift" in shown[one.name] and "here" not in shown[one.name] for one in columns):
        return
    free = [one for one in columns if not one.foreign_keys]
    if numbers := [one for one in free if isinstance(one.type, Integer)]:
        shown[numbers[-1].name] = f"({shown[numbers[-1].name]}) + c.k"
    elif texts := [one for one in free if isinstance(one.type, String) and not one.name.endswith("_code")]:
        shown[texts[-1].name] = _longer(shown[texts[-1].name], texts[-1])
