"""Keeps the roll-ups level with the log, case by case.

Not in the step transaction: the row of the province and the day would make every official in the province
wait for every other. The ticker reads what the log has gained instead, and counts each case it finds there
anew: what its history says now, less what it said when it was last counted (`FigureMark`). So nothing is
counted twice, whoever reads a line again, and a step taken back takes its figures back.

Lines become visible in another order than their numbers when transactions commit out of order. Numbers that
are missing when the reader passes them are remembered (`FigureGap`) and looked at again until they are a day
old; the history of one case has no such gaps, since a step holds the case's row from its first line to the
commit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.models import (
    CaseFile,
    Figure,
    FigureGap,
    FigureMark,
    FigureState,
    LogEntry,
    ProcedureVersion,
)
from engine.casework.supervision.figures.facts import Line, facts_of
from engine.casework.supervision.figures.routes import Routes
from engine.casework.supervision.figures.tiers import Tier, period, place, tiers_of
from engine.flow.history import lines as history
from engine.flow.machine.definition import Definition
from engine.ground.clock import Clock
from engine.ground.database import write
from engine.ground.tables import table

LINES = 4000
"""Lines of the log that one transaction takes in."""
PATIENCE = timedelta(days=1)
"""A number of the log still missing after this was given up by its transaction."""
CHUNK = 2000
_LOG, _CASE, _MARK, _FIGURE = table(LogEntry), table(CaseFile), table(FigureMark), table(Figure)
_GAP = table(FigureGap)
_NEW = select(_LOG.c.id, _LOG.c.stream).where(_LOG.c.id > bindparam("after")).order_by(_LOG.c.id).limit(LINES)
_BETWEEN = select(_LOG.c.id, _LOG.c.stream).where(_LOG.c.id.between(bindparam("first"), bindparam("last")))
_HISTORIES = (
    select(_LOG.c.stream, _LOG.c.seq, _LOG.c.kind, _LOG.c.at, _LOG.c.element_id, _LOG.c.data)
    .where(_LOG.c.stream.in_(bindparam("streams", expanding=True)))
    .order_by(_LOG.c.stream, _LOG.c.seq)
)
_CASES = select(_CASE.c.id, _CASE.c.procedure_key, _CASE.c.village_code, _CASE.c.version_id).where(
    _CASE.c.id.in_(bindparam("ids", expanding=True))
)
_MARKS = select(_MARK).where(_MARK.c.case_id.in_(bindparam("ids", expanding=True)))
_BY_VILLAGE = (
    select(_CASE.c.id, _CASE.c.village_code)
    .where(tuple_(_CASE.c.village_code, _CASE.c.id) > tuple_(bindparam("village"), bindparam("id")))
    .order_by(_CASE.c.village_code, _CASE.c.id)
    .limit(CHUNK)
)
_EMPTIED = delete(_FIGURE).where(
    _FIGURE.c.count == 0, *(column == bindparam(f"b_{column.name}") for column in _FIGURE.primary_key)
)
_PREFIX = "case:"
NOT_BEGUN = 0
"""How far the reader has come while the first count is under way."""
MARGIN = 20_000
"""Lines before the end of the log at which the reader begins after a full count:
older transactions have ended.
"""

Sessions = Callable[[], Session]


class Key(NamedTuple):
    """One cell of the roll-ups."""

    tier: int
    measure: str
    division_code: str
    start: date
    procedure_key: str
    version: int
    element_id: str
    value: int


@dataclass
class _Portion:
    """What one transaction is to write."""

    log_id: int = 0
    read: int = 0
    changes: Counter[Key] = field(default_factory=Counter)
    before: dict[int, int] = field(
        default_factory=dict
    )  # the marks it starts from: 0 for a case not counted yet
    marks: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)


def catch_up(sessions: Sessions, clock: Clock) -> int:
    """Take in what the log has gained; returns how many lines were read,
    or cases when all are counted anew.
    """
    with sessions() as session:
        if (session.scalar(select(FigureState.log_id)) or NOT_BEGUN) == NOT_BEGUN:
            return _count_all(session, clock)
        total = 0
        while True:
            portion = _read(session)
            if not _keep(session, portion, clock.now()):
                return total  # another process was faster: it does the rest
            total += portion.read
            if portion.read < LINES:
                return total


def rebuild(sessions: Sessions, clock: Clock) -> int:
    """Forget every figure and count every case anew; returns how many."""
    with sessions() as session, write(session):
        for model in (Figure, FigureMark, FigureGap, FigureState):
            session.execute(delete(model))
    return catch_up(sessions, clock)


def counted_at(session: Session) -> datetime | None:
    """Up to when the log is in the figures; None before the first count is through."""
    return session.scalar(select(FigureState.counted_at).where(FigureState.log_id > NOT_BEGUN))


def _count_all(session: Session, clock: Clock) -> int:
    """Count every case, by villages; then let the reader begin a good
    way before what is the end of the log now.
    """
    top = session.scalar(select(func.max(_LOG.c.id))) or 0
    total, at = 0, ("", 0)
    while rows := session.execute(_BY_VILLAGE, {"village": at[0], "id": at[1]}).all():
        portion = _Portion()
        _count(session, [row.id for row in rows], portion)
        if not _keep(session, portion, clock.now()):
            return total
        total, at = total + len(rows), (rows[-1].village_code, rows[-1].id)
    _keep(session, _Portion(log_id=max(1, top - MARGIN)), clock.now())
    return total


def _read(session: Session) -> _Portion:
    """Look, without a lock, at what is new, and count it."""
    if session.in_transaction():
        session.commit()
    after = session.scalar(select(FigureState.log_id)) or 0
    rows = session.execute(_NEW, {"after": after}).all()
    portion = _Portion(
        rows[-1].id if rows else after, len(rows), gaps=_missing(after, [row.id for row in rows])
    )
    streams = {row.stream for row in rows}
    for gap in session.execute(select(_GAP.c.first_id, _GAP.c.last_id)).all():
        streams.update(
            row.stream for row in session.execute(_BETWEEN, {"first": gap.first_id, "last": gap.last_id})
        )
    ids = sorted(int(stream.removeprefix(_PREFIX)) for stream in streams if stream.startswith(_PREFIX))
    for start in range(0, len(ids), CHUNK):
        _count(session, ids[start : start + CHUNK], portion)
    return portion


def _missing(after: int, ids: Sequence[int]) -> list[tuple[int, int]]:
    """The runs of numbers that are skipped between `after` and the last of `ids`."""
    return [
        (left + 1, right - 1) for left, right in zip([after, *ids], ids, strict=False) if right > left + 1
    ]


def _count(session: Session, ids: Sequence[int], portion: _Portion) -> None:
    """Add to `portion` how the figures of these cases change."""
    marks = {row.case_id: row for row in session.execute(_MARKS, {"ids": ids})}
    histories, versions = _histories(session, ids), _Versions(session)
    for case in session.execute(
        _CASES, {"ids": ids}
    ).all():  # after the lines: a hand-over's line is never without it
        lines, mark = histories.get(case.id, []), marks.get(case.id)
        portion.before[case.id] = mark.seq if mark is not None else 0
        seq = lines[-1].seq if lines else 0
        present = (seq, case.village_code, case.version_id)
        if mark is not None and (mark.seq, mark.village_code, mark.version_id) == present:
            continue
        _add(portion.changes, versions[case.version_id], case.procedure_key, case.village_code, lines, 1)
        if mark is not None:
            known = [line for line in lines if line.seq <= mark.seq]
            _add(portion.changes, versions[mark.version_id], case.procedure_key, mark.village_code, known, -1)
        names = ("case_id", "seq", "village_code", "version_id")
        portion.marks.append(dict(zip(names, (case.id, *present), strict=True)))


def _histories(session: Session, ids: Sequence[int]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = defaultdict(list)
    rows = session.execute(_HISTORIES, {"streams": [f"{_PREFIX}{number}" for number in ids]})
    for stream, seq, kind, at, element_id, data in rows:
        line = Line(seq, kind, at, element_id, history.read(kind, data))
        found[int(stream.removeprefix(_PREFIX))].append(line)
    return found


def _add(
    changes: Counter[Key],
    version: tuple[int, Routes],
    procedure_key: str,
    village_code: str,
    lines: Sequence[Line],
    sign: int,
) -> None:
    """Add a history's facts, `sign` times, to every tier that keeps them."""
    number, routes = version
    places = {tier: place(tier, village_code) for tier in Tier}
    for fact, count in facts_of(lines, routes).items():
        for tier in tiers_of(fact.measure):
            start = period(tier, fact.day)
            key = Key(
                tier, fact.measure, places[tier], start, procedure_key, number, fact.element_id, fact.value
            )
            changes[key] += sign * count


class _Versions:
    """Number and ways of each version, looked up once while cases are counted."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[int, tuple[int, Routes]] = {}

    def __getitem__(self, version_id: int) -> tuple[int, Routes]:
        if version_id not in self._known:
            number = self._session.get_one(ProcedureVersion, version_id).number
            self._known[version_id] = (number, routes_of(self._session, version_id))
        return self._known[version_id]


@lru_cache(maxsize=256)
def _routes(definition: Definition) -> Routes:
    return Routes(definition)


def routes_of(session: Session, version_id: int) -> Routes:
    """The ways through a version's diagram; the same object for the same version."""
    return _routes(definitions.load(session, version_id))


# -- writing ---------------------------------------------------------------------------------------


def _keep(session: Session, portion: _Portion, now: datetime) -> bool:
    """Write a portion, unless another process has counted one of its cases since;
    returns whether it was written.

    The one row of the state is the lock, the marks tell one process of another.
    """
    upsert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    with write(session):
        session.execute(
            upsert(FigureState).values(id=1, log_id=NOT_BEGUN, counted_at=now).on_conflict_do_nothing()
        )
        state = session.get_one(FigureState, 1, with_for_update=True, populate_existing=True)
        state.log_id, state.counted_at = max(state.log_id, portion.log_id), now
        present = {row.case_id: row.seq for row in session.execute(_MARKS, {"ids": list(portion.before)})}
        if any(present.get(number, 0) != seq for number, seq in portion.before.items()):
            session.rollback()
            return False
        _write_marks(session, upsert, portion.marks)
        _write_changes(session, upsert, portion.changes)
        session.execute(delete(FigureGap).where(FigureGap.seen_at < now - PATIENCE))
        if portion.gaps:
            rows = [{"first_id": first, "last_id": last, "seen_at": now} for first, last in portion.gaps]
            session.execute(upsert(FigureGap).on_conflict_do_nothing(), rows)
    return True


def _write_changes(session: Session, upsert: Any, changes: Counter[Key]) -> None:
    """Add to the cells; a cell that nothing is left in goes."""
    rows = [{**key._asdict(), "count": count} for key, count in sorted(changes.items()) if count]
    if not rows:
        return
    statement = upsert(_FIGURE)
    keys = [column.name for column in _FIGURE.primary_key]
    added = {"count": _FIGURE.c.count + statement.excluded.count}
    connection = session.connection()
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=added), rows)
    emptied = [{f"b_{name}": row[name] for name in keys} for row in rows if row["count"] < 0]
    if emptied:
        connection.execute(_EMPTIED, emptied)


def _write_marks(session: Session, upsert: Any, marks: Sequence[dict[str, Any]]) -> None:
    if not marks:
        return
    statement = upsert(_MARK)
    present = {name: statement.excluded[name] for name in ("seq", "village_code", "version_id")}
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["case_id"], set_=present), list(marks)
    )
