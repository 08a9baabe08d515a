"""Each desk is told once of a list, however many of its households stand in it (R32).

A file is told of when it is in, or has rested; what a programme sends, when it has been quiet. Who stands
in two records, or lives elsewhere, is told of to both sides (T29).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from engine.casework.models import SheetImport
from engine.casework.organisation import access
from engine.casework.telling import notifications
from engine.ground.clock import Clock
from engine.ground.database import write
from engine.ground.tables import table
from engine.prevention.identification.departments import matters
from engine.prevention.identification.departments.intake import results
from engine.prevention.models import DepartmentBatch, DepartmentCandidate, DepartmentRow

QUIET = timedelta(minutes=10)
"""How long nothing has come from a programme, or of a file that nobody goes on with."""
KIND = "department"
TOLD = (results.RAISED, results.JOINED, results.KEPT, results.UNKNOWN, results.ELSEWHERE)
"""What desks hear of; rows below the amount are looked up by whoever wants to."""
DESKS = {"village": "village", "township": "township", "county": "county"}
_ROW, _ASKED = table(DepartmentRow), table(DepartmentCandidate)
Counts = dict[str, dict[str, int]]
"""By place: how many rows became what."""


def tell_due(sessions: Callable[[], Session], clock: Clock) -> int:
    """Tell of every batch that is due, each in a transaction of its own; answers how many."""
    now = clock.now()
    with sessions() as session:
        due = list(session.scalars(_due(now)))
        session.commit()
        for batch_id in due:
            with write(session):
                batch = session.get_one(
                    DepartmentBatch, batch_id, with_for_update=True, populate_existing=True
                )
                if batch.untold:
                    _tell(session, batch, now)
    return len(due)


def _due(now: datetime) -> Select[int]:
    ended = select(SheetImport.id).where(
        SheetImport.id == DepartmentBatch.import_id, SheetImport.status.in_(("done", "cancelled"))
    )
    quiet = DepartmentBatch.last_at <= now - QUIET
    query = select(DepartmentBatch.id).where(DepartmentBatch.untold, or_(quiet, ended.exists()))
    return query.order_by(DepartmentBatch.id)


def _tell(session: Session, batch: DepartmentBatch, now: datetime) -> None:
    last = session.scalar(select(func.max(_ROW.c.id)).where(_ROW.c.batch_id == batch.id)) or 0
    for queue, code, counts in _desks(_counted(session, batch, last)):
        words = sentence(batch, counts)
        notifications.send_place(session, code.ljust(12, "0"), queue, KIND, words, now)
    done = update(DepartmentBatch).where(DepartmentBatch.id == batch.id)
    session.execute(done.values(untold=False, told_to=last))


def _counted(session: Session, batch: DepartmentBatch, last: int) -> Counts:
    """What became of the rows that nobody has heard of, by village or place; where people stand in several
    records, of each of those records' villages.
    """
    mine = (_ROW.c.batch_id == batch.id, _ROW.c.id > batch.told_to, _ROW.c.id <= last)
    query = select(_ROW.c.village_code, _ROW.c.outcome, func.count()).where(*mine, _ROW.c.outcome.in_(TOLD))
    found: Counts = {}
    for code, outcome, count in session.execute(query.group_by(_ROW.c.village_code, _ROW.c.outcome)):
        found.setdefault(code, {})[outcome] = count
    asked = select(_ASKED.c.village_code, func.count()).join(_ROW, _ROW.c.id == _ASKED.c.row_id)
    for code, count in session.execute(asked.where(*mine).group_by(_ASKED.c.village_code)):
        found.setdefault(code, {})[results.SEVERAL] = count
    return found


def _desks(counts: Counts) -> Iterable[tuple[str, str, dict[str, int]]]:
    """Each desk with what concerns it: the villages', those of the townships and counties above them."""
    for queue in DESKS:
        length = access.PREFIX_LENGTH[queue]
        summed: Counts = {}
        for code, of_place in counts.items():
            if access.PREFIX_LENGTH[access.level_of(code)] < length:
                continue  # a place above this desk
            desk = summed.setdefault(code[:length].ljust(12, "0"), {})
            for outcome, count in of_place.items():
                desk[outcome] = desk.get(outcome, 0) + count
        for code, found in sorted(summed.items()):
            yield queue, code, found


def sentence(batch: DepartmentBatch, counts: Mapping[str, int]) -> str:
    """What a desk is told of a batch."""
    said = {
        results.RAISED: "{} 条新线索",
        results.JOINED: "{} 条并入在办事项",
        results.KEPT: "{} 条是监测对象的，请核实并调整帮扶措施",
        results.UNKNOWN: "{} 人登记簿里没有，请核对",
        results.SEVERAL: "{} 人的证件号码在两户以上登记，请核对",
        results.ELSEWHERE: "{} 人由外地的名单转来，请核对",
    }
    parts = [words.format(counts[kind]) for kind, words in said.items() if counts.get(kind)]
    return f"部门信息（{matters.title(batch.department, batch.matter)}）：{'；'.join(parts)}。见“部门信息”。"
