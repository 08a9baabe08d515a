"""What departments say of people comes in (R06, R32): from a list, from a programme, all through `take`.

Nothing is dropped: whom nobody has registered, who stands in two records (T29), who lives elsewhere and who
is below the amount is kept, and people look at it. Each portion is read in a fixed number of statements;
only a clue is an act of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.ground.errors import ShouwangError, Unavailable
from engine.ground.tables import table
from engine.prevention.identification import clues
from engine.prevention.identification.departments.intake.judging import Portion
from engine.prevention.identification.departments.intake.keeping import ask_villages, count, row_of, store
from engine.prevention.identification.departments.intake.raising import raise_clue
from engine.prevention.identification.departments.intake.results import (
    AGAIN,
    JOINED,
    KEPT,
    RAISED,
    REFUSED,
    SAME,
    Judged,
    Outcome,
    answer_before,
    in_words,
)
from engine.prevention.identification.departments.intake.statements import Channel, Told
from engine.prevention.models import DepartmentBatch, Household

_HOUSEHOLD = table(Household)


def expected(session: Session, channel: Channel, told: Sequence[Told], now: datetime) -> list[Outcome]:
    """What would become of rows, in words; nothing is written."""
    portion = Portion(session, channel, told, now)
    judged = [portion.judged(one) for one in told]
    hit = {one.home.id: one.home for one in judged if one.kind == RAISED and one.home is not None}
    under_way = clues.under_way(session, list(hit))
    return [_expected(one, under_way) for one in judged]


def _expected(one: Judged, under_way: Mapping[int, int]) -> Outcome:
    if one.kind == SAME:
        return answer_before(one)
    if one.kind != RAISED or one.home is None:
        return Outcome(one.kind, in_words(one, one.kind))
    case_id = under_way.get(one.home.id)
    kind = JOINED if case_id is not None else KEPT if one.home.status == "monitored" else RAISED
    return Outcome(kind, in_words(one, kind, case_id), case_id=case_id)


def take(
    session: Session, batch: DepartmentBatch, channel: Channel, told: Sequence[Told], now: datetime
) -> list[Outcome]:
    """Take rows in, each said once in `told`; inside the caller's transaction.

    A row whose clue cannot be placed is refused alone, and nothing of it stays.
    """
    portion = Portion(session, channel, told, now)
    portion.file = batch.id if batch.import_id is not None else None
    judged = [portion.judged(one) for one in told]
    _lock(session, judged)
    rows: list[dict[str, Any]] = []
    found: list[Outcome] = []
    for one, what in zip(told, judged, strict=True):
        outcome = _placed(session, channel, one, what, now)
        if outcome.kind not in (SAME, REFUSED):
            rows.append(row_of(batch, channel, one, what, outcome, portion.keys[one], now))
        found.append(outcome)
    ids = store(session, rows)
    ask_villages(
        session, [(ids.get(portion.keys[one]), what.homes) for one, what in zip(told, judged, strict=True)]
    )
    count(session, batch, [row["outcome"] for row in rows], now)
    return [
        outcome if outcome.row_id else _with_row(outcome, ids.get(portion.keys[one]))
        for one, outcome in zip(told, found, strict=True)
    ]


def _lock(session: Session, judged: Iterable[Judged]) -> None:
    """The households that get clues, in the order of their numbers (engine/casework/step/locks.py)."""
    ids = {one.home.id for one in judged if one.kind in (RAISED, AGAIN) and one.home is not None}
    if ids:
        wanted = select(_HOUSEHOLD.c.id).where(_HOUSEHOLD.c.id.in_(sorted(ids))).order_by(_HOUSEHOLD.c.id)
        session.execute(wanted.with_for_update(key_share=True)).all()


def _placed(session: Session, channel: Channel, told: Told, what: Judged, now: datetime) -> Outcome:
    """The outcome of a row; a clue is placed where one follows from it."""
    if what.kind == SAME:
        return answer_before(what)
    if what.kind not in (AGAIN, RAISED) or (what.kind == RAISED and what.home is None):
        return Outcome(what.kind, in_words(what, what.kind))
    try:
        return (_updated if what.kind == AGAIN else _raised)(session, channel, told, what, now)
    except Unavailable:
        raise
    except ShouwangError as error:
        return Outcome(REFUSED, error.message)


def _updated(session: Session, _channel: Channel, told: Told, what: Judged, now: datetime) -> Outcome:
    """The clue that there is stays; R06: where its day was an earlier one, that day rules."""
    assert what.before is not None
    case_id, clue_id = what.before.case_id, what.before.clue_id
    if told.told_on is not None and told.told_on < what.before.discovered_on:
        with session.begin_nested():
            clues.found_earlier(session, clue_id, told.told_on, now)
    return Outcome(AGAIN, in_words(what, AGAIN, case_id), None, case_id, clue_id)


def _raised(session: Session, channel: Channel, told: Told, what: Judged, now: datetime) -> Outcome:
    assert what.home is not None
    clue, case, joined = raise_clue(session, channel, what.home.id, told, what, now)
    kind = JOINED if joined else RAISED if case is not None else KEPT
    case_id = case.id if case is not None else None
    return Outcome(kind, in_words(what, kind, case_id), None, case_id, clue.id)


def _with_row(outcome: Outcome, row_id: int | None) -> Outcome:
    return Outcome(outcome.kind, outcome.text, row_id, outcome.case_id, outcome.clue_id)
