"""Which batch rows belong to: a file's own; of a programme's calls, those since its desks were last told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import SheetImport
from engine.prevention.identification.departments.intake.statements import Channel
from engine.prevention.models import DepartmentBatch, DepartmentToken


def of_import(session: Session, channel: Channel, import_id: int, now: datetime) -> DepartmentBatch:
    """The batch of a file, made with its first row; its import is locked by who lets it in."""
    found = session.scalar(select(DepartmentBatch).where(DepartmentBatch.import_id == import_id))
    if found is not None:
        return found
    filename = session.get_one(SheetImport, import_id).filename
    return _made(session, channel, now, filename, import_id=import_id, account_id=channel.account_id)


def of_calls(session: Session, channel: Channel, token: DepartmentToken, now: datetime) -> DepartmentBatch:
    """The batch that gathers a programme's rows of a matter; its token is locked by who authenticates it."""
    query = select(DepartmentBatch).where(
        DepartmentBatch.token_id == token.id,
        DepartmentBatch.matter == channel.matter.code,
        DepartmentBatch.untold,
    )
    found = session.scalar(query.order_by(DepartmentBatch.id.desc()).limit(1))
    return found if found is not None else _made(session, channel, now, token.name, token_id=token.id)


def _made(
    session: Session,
    channel: Channel,
    now: datetime,
    title: str,
    *,
    import_id: int | None = None,
    token_id: int | None = None,
    account_id: int | None = None,
) -> DepartmentBatch:
    found = DepartmentBatch(
        division_code=channel.division_code,
        department=channel.department,
        matter=channel.matter.code,
        import_id=import_id,
        token_id=token_id,
        account_id=account_id,
        title=title[:200],
        at=now,
        last_at=now,
    )
    session.add(found)
    session.flush()
    return found
