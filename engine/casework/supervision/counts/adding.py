"""Adding up what the database has noted; counting anew; comparing the counters with what there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.casework.models import DeskCount, LimitCount, OpenChange, StepCount
from engine.casework.step.waiting import LONGEST
from engine.casework.supervision.counts.triggers import LIMITS, TASKS, Kind, every, install
from engine.ground.clock import Clock
from engine.ground.database import write
from engine.ground.tables import Base, table

PORTION = 5000
"""Changes that one transaction adds up."""
COUNTERS: Mapping[type[Base], Kind] = {LimitCount: LIMITS, StepCount: TASKS, DeskCount: TASKS}
_CHANGE = table(OpenChange)
_NEXT = select(_CHANGE).order_by(_CHANGE.c.id).limit(PORTION).with_for_update(skip_locked=True)
Sessions = Callable[[], Session]


def keys_of(counter: type[Base]) -> list[str]:
    """The columns that tell a counter's rows apart."""
    return [column.name for column in table(counter).primary_key]


def add_up(sessions: Sessions, _clock: Clock) -> int:
    """Take what has been noted into the counters; returns how many changes that were.

    Several processes may do so at a time: each takes changes that no other has, and adds them in one order.
    """
    total = 0
    with sessions() as session:
        while session.scalar(select(_CHANGE.c.id).limit(1)) is not None:
            with write(session):
                taken = take(session)
            total += taken
            if taken < PORTION:
                break
    return total


def take(session: Session) -> int:
    """One portion of `add_up`, within the transaction; returns how many changes it took."""
    rows = session.execute(_NEXT).all()
    for counter, kind in COUNTERS.items():
        own = [row for row in rows if (row.due_on is None) is (kind is TASKS)]
        names, changes = keys_of(counter), Counter[tuple[Any, ...]]()
        for row in own:
            changes[tuple(getattr(row, name) for name in names)] += row.many
        _add(session, counter, {key: many for key, many in sorted(changes.items()) if many})
    if rows:
        ids = [{"b_id": row.id} for row in rows]
        session.connection().execute(delete(_CHANGE).where(_CHANGE.c.id == bindparam("b_id")), ids)
    return len(rows)


def _add(session: Session, counter: type[Base], changes: Mapping[tuple[Any, ...], int]) -> None:
    """Add to the counters; one that nothing is left of goes."""
    if not changes:
        return
    rows, names = table(counter), keys_of(counter)
    insert: Any = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(rows)
    added = {"many": rows.c.many + statement.excluded.many}
    values = [{**dict(zip(names, key, strict=True)), "many": many} for key, many in changes.items()]
    connection = session.connection()
    connection.execute(statement.on_conflict_do_update(index_elements=names, set_=added), values)
    less = [{f"b_{name}": row[name] for name in names} for row in values if row["many"] < 0]
    if less:
        whose = (rows.c[name] == bindparam(f"b_{name}", type_=rows.c[name].type) for name in names)
        connection.execute(delete(rows).where(rows.c.many == 0, *whose), less)


def recount(connection: Connection) -> None:
    """Count all that is open from end to end, and forget what was counted and noted before.

    On PostgreSQL whoever changes a task or a limit meanwhile waits, for seconds with a million of them.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {_CHANGE.name} IN EXCLUSIVE MODE")
    connection.execute(delete(_CHANGE))
    for counter, kind in COUNTERS.items():
        connection.execute(delete(table(counter)))
        names = ", ".join(keys_of(counter))
        own = every(kind, sqlite=connection.dialect.name == "sqlite")
        connection.exec_driver_sql(
            f"INSERT INTO {table(counter).name} ({names}, many) "
            f"SELECT {names}, count(*) FROM ({own}) open_now GROUP BY {names}"
        )


def begin(connection: Connection) -> None:
    """Let the database note changes from here on, and count what is open now."""
    install(connection)
    recount(connection)


@dataclass(frozen=True)
class Difference:
    """A counter that says other than the tasks and limits themselves."""

    counter: str
    key: Mapping[str, Any]
    said: int
    there: int


def differences(session: Session) -> Iterator[Difference]:
    """Where the counters, with what is not yet added up, differ from what is open; one statement each."""
    dialect = session.get_bind().dialect.name
    for counter, kind in COUNTERS.items():
        names = ", ".join(keys_of(counter))
        noted = "due_on IS NULL" if kind is TASKS else "due_on IS NOT NULL"
        every_one = every(kind, sqlite=dialect == "sqlite")
        rows = session.execute(
            text(
                f"SELECT {names}, sum(said) AS said, sum(there) AS there FROM ("
                f"SELECT {names}, many AS said, 0 AS there FROM {table(counter).name} "
                f"UNION ALL SELECT {names}, many, 0 FROM {_CHANGE.name} WHERE {noted} "
                f"UNION ALL SELECT {names}, 0, 1 FROM ({every_one}) open_now"
                f") both_ways GROUP BY {names} HAVING sum(said) <> sum(there) ORDER BY {names}"
            )
        )
        for row in rows:
            key = {name: getattr(row, name) for name in keys_of(counter)}
            yield Difference(table(counter).name, key, int(row.said), int(row.there))


def said(session: Session) -> Iterator[str]:
    """`differences` and `misheld` as lines for people."""
    for one in differences(session):
        of = "，".join(str(value) for value in one.key.values())
        yield f"计数 {one.counter}（{of}）：记的 {one.said}，实际 {one.there}"
    for row in misheld(session):
        yield f"事项 {row.case_id} 的时限 {row.element_id}：记的“{row.held.strip()}”在办，实际“{row.there.strip()}”"


_SAID = {
    "sqlite": "group_concat(step, ' ')",
    "postgresql": "string_agg(step, ' ' ORDER BY step COLLATE \"C\")",
}
_MISHELD = """
SELECT case_id, element_id, held, there FROM (
  SELECT t.id, t.case_id, t.element_id, t.held, coalesce(' ' || (
    SELECT {said} FROM (
      SELECT DISTINCT i.element_id || '\\:' || i.queue AS step FROM work_item i
      WHERE i.case_id = t.case_id AND i.status = 'open'
      AND ' ' || i.limits || ' ' LIKE '% ' || t.token || ' %' ORDER BY 1
    ) steps
  ) || ' ', '') AS there
  FROM timer t WHERE t.standing = 'open'
) both_ways WHERE held <> there AND length(there) < {longest} ORDER BY id
"""


def misheld(session: Session) -> Sequence[Row[Any]]:
    """The limits that count and do not say at which steps tasks are open under them: `held`, not `there`."""
    said = _SAID[session.get_bind().dialect.name]
    return session.execute(text(_MISHELD.format(said=said, longest=LONGEST))).all()
