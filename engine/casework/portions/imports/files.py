"""Files of rows that people sent: one's own, how their rows stand, how long they are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from engine.casework.models import Account, SheetImport, SheetImportRow
from engine.casework.portions.imports import kinds
from engine.casework.portions.imports.kinds import ImportKind, Target
from engine.casework.portions.portion import Portions
from engine.ground import idnumber, text
from engine.ground.clock import Clock
from engine.ground.database import write

KEPT_DAYS = 30
"""Days after which the rows of a file are forgotten: they are people's names and numbers."""
SWEPT = 20_000
"""Rows that go in one round."""
LATEST = 5
KEPT = 10
"""Files of one person of which the rows are kept; of older ones that have ended they are forgotten."""
STATES = ("raw", "good", "same", "blank", "wrong", "done", "refused")
STATE_NAMES = {
    "raw": "还没有检查",
    "good": "可以导入",
    "same": "已有相同的，不再重复",
    "blank": "还没有填",
    "wrong": "要更正",
    "done": "已导入",
    "refused": "没有导入",
}
IMPORTS = Portions(SheetImport, SheetImportRow, SheetImportRow.import_id, STATES, "没有找到这次导入。")
get = IMPORTS.get
counts = IMPORTS.counts


def forget_old(session: Session, actor: Account) -> None:
    """Whole lists of people are not kept for ever: the rows of a person's older files go."""
    mine = select(SheetImport.id).where(SheetImport.account_id == actor.id).order_by(SheetImport.id.desc())
    ended = select(SheetImport.id).where(
        SheetImport.id.in_(list(session.scalars(mine.offset(KEPT).limit(50)))),
        SheetImport.status.in_(("done", "cancelled", "reading")),
    )
    forget(session, list(session.scalars(ended)))


def forget(session: Session, gone: Sequence[int]) -> None:
    """The rows of these files go, and what stood above them."""
    if not gone:
        return
    with write(session):
        session.execute(delete(SheetImportRow).where(SheetImportRow.import_id.in_(gone)))
        session.execute(update(SheetImport).where(SheetImport.id.in_(gone)).values(above=[]))


def sweep(sessions: Callable[[], Session], clock: Clock) -> int:
    """Forget the rows of files that nobody has gone on with for `KEPT_DAYS`, some each round; an import that
    had not ended is stopped, and says why.

    A file that was cut off while it was read has no owner who could find it: its rows go the next day.
    """
    now = clock.now()
    cut_off = and_(SheetImport.status == "reading", SheetImport.at < now - timedelta(days=1))
    old = or_(SheetImport.at < now - timedelta(days=KEPT_DAYS), cut_off)
    row_there = exists().where(SheetImportRow.import_id == SheetImport.id)
    query = select(SheetImport).where(old, row_there).order_by(SheetImport.id).limit(1)
    with sessions() as session:
        if (found := session.scalar(query)) is None:
            return 0
        with write(session):
            session.refresh(found, with_for_update=True)
            if found.status not in ("done", "cancelled"):
                read = found.status != "reading"
                why = f"上传以后 {KEPT_DAYS} 天没有导完，已停止。" if read else "文件没有读完：请再传一次。"
                found.status, found.notes = "cancelled", [*found.notes, why]
            found.above = []
            some = select(SheetImportRow.id).where(SheetImportRow.import_id == found.id).limit(SWEPT)
            session.execute(delete(SheetImportRow).where(SheetImportRow.id.in_(some)))
    return 1


def of(session: Session, actor: Account, import_id: int) -> tuple[SheetImport, ImportKind, Target]:
    """One's own import with what it is and what it goes into. Raises NotFound."""
    found = get(session, actor, import_id)
    kind = kinds.of(found.kind)
    return found, kind, kind.target(session, actor, found.target)


def latest(session: Session, actor: Account, kind_name: str, key: str) -> list[SheetImport]:
    """One's own last imports into a target."""
    query = select(SheetImport).where(
        SheetImport.account_id == actor.id,
        SheetImport.kind == kind_name,
        SheetImport.target == key,
        SheetImport.status != "reading",
    )
    return list(session.scalars(query.order_by(SheetImport.id.desc()).limit(LATEST)))


def samples(session: Session, found: SheetImport, number: int = 3) -> list[list[str]]:
    """What stands in the first rows of a file, shortened; of ID numbers the ends."""
    query = select(SheetImportRow.cells).where(SheetImportRow.import_id == found.id)
    rows = session.scalars(query.order_by(SheetImportRow.id).limit(number))
    return [[_short(cell) for cell in row] for row in rows]


def _short(cell: str) -> str:
    number = text.identity(cell)
    return idnumber.mask(number)[-6:] if number else cell[:12]


def listed(session: Session, found: SheetImport, status: str, page: int) -> Any:
    """A page of the rows with a status, in the order of the file."""
    return IMPORTS.entries(session, found, status, page)
