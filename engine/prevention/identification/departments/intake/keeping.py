"""The rows in their table: kept whole and counted; what they replace stays beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine.ground.tables import table
from engine.prevention.identification.departments.intake.results import AGAIN, Home, Judged, Outcome
from engine.prevention.identification.departments.intake.statements import Channel, Told, day_of
from engine.prevention.models import DepartmentBatch, DepartmentCandidate, DepartmentRow

_ROW = table(DepartmentRow)


def row_of(
    batch: DepartmentBatch,
    channel: Channel,
    told: Told,
    what: Judged,
    outcome: Outcome,
    key: str,
    now: datetime,
) -> dict[str, Any]:
    before = what.before
    mine = before is not None and before.division_code == channel.division_code
    home_id = before.household_id if before is not None and what.kind == AGAIN else None
    return {
        "batch_id": batch.id,
        "division_code": channel.division_code,
        "department": channel.department,
        "matter": channel.matter.code,
        "key": key,
        "standing": "current",
        "replaces_id": before.id if before is not None else None,
        "record": told.record or (before.record if before is not None and mine else ""),
        "name": told.name,
        "id_number": told.id_number,
        "told_on": told.told_on,
        "discovered_on": day_of(told, now),
        "period": told.period,
        "amount": told.amount,
        "bar": what.bar,
        "note": told.note,
        "place": told.place,
        "phone": told.phone,
        "outcome": outcome.kind,
        "household_id": what.home.id if what.home is not None else home_id,
        "village_code": what.village_code,
        "clue_id": outcome.clue_id,
        "entered_by": channel.account_id,
        "entered_at": now,
        "settled": "",
        "settled_note": "",
    }


def store(session: Session, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Keep the rows; answers their numbers by key. What they replace stays, and is current no more."""
    if not rows:
        return {}
    session.flush()
    replaced = [row["replaces_id"] for row in rows if row["replaces_id"] is not None]
    if replaced:
        session.execute(update(_ROW).where(_ROW.c.id.in_(replaced)).values(standing="replaced"))
    session.execute(insert(_ROW), list(rows))
    keys = [row["key"] for row in rows]
    query = select(_ROW.c.key, _ROW.c.id).where(_ROW.c.key.in_(keys), _ROW.c.standing == "current")
    return {row.key: row.id for row in session.execute(query)}


def ask_villages(session: Session, several: Iterable[tuple[int | None, Sequence[Home]]]) -> None:
    """The villages that have the person each see the row (T29)."""
    rows = [
        {"row_id": row_id, "household_id": home.id, "village_code": home.village_code}
        for row_id, homes in several
        if row_id is not None
        for home in homes
    ]
    if rows:
        session.execute(insert(table(DepartmentCandidate)), rows)


def count(session: Session, batch: DepartmentBatch, kinds: Sequence[str], now: datetime) -> None:
    """The batch's counts, in the transaction that changes them."""
    if not kinds:
        return
    added = {kind: getattr(DepartmentBatch, kind) + kinds.count(kind) for kind in set(kinds)}
    counted = update(DepartmentBatch).where(DepartmentBatch.id == batch.id)
    session.execute(counted.values(**added, last_at=now, untold=True))
