"""The lines of a province: its own, who may see them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Account, MonitoringLine
from engine.casework.organisation import access
from engine.ground.errors import NotFound
from engine.ground.paging import Page, page_of


def province_of(actor: Account) -> str:
    """The code of the province whose line the actor reads: that of the first grant."""
    return access.ancestor(actor.grants[0].division_code, "province") if actor.grants else ""


def get(session: Session, actor: Account, line_id: int) -> MonitoringLine:
    """The line, which everybody of the province may read. Raises NotFound."""
    line = session.get(MonitoringLine, line_id)
    if line is None or line.province_code != province_of(actor):
        raise NotFound("没有找到这一项监测范围。")
    return line


def listing(session: Session, actor: Account, page: int = 1) -> Page[MonitoringLine]:
    """The province's lines, the latest day first."""
    query = select(MonitoringLine).where(MonitoringLine.province_code == province_of(actor))
    ordered = query.order_by(MonitoringLine.effective_from.desc(), MonitoringLine.id.desc())
    return page_of(session, query, ordered, page)


def people(session: Session, lines: Sequence[MonitoringLine]) -> dict[int, str]:
    """The names of who asked and who decided, by account."""
    wanted = {line.asked_by for line in lines} | {line.decided_by for line in lines}
    rows = session.execute(select(Account.id, Account.name).where(Account.id.in_(wanted)))
    return {row.id: row.name for row in rows}
