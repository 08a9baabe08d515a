"""What has been decided by a line (R01): while there is anything, its figure is not put right."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.casework.models import CaseFile, MonitoringLine, WorkItem
from engine.casework.organisation import access
from engine.ground.clock import written
from engine.prevention.models import CaseLine, Observation
from engine.prevention.register.monitoring_lines.ruling import IN_FORCE


def _decided(since: InstrumentedAttribute[datetime]) -> ColumnElement[bool]:
    """SQL over CaseFile: what has ended, or of which a level above the village has finished a step `since`
    it was judged.
    """
    above = exists().where(
        WorkItem.case_id == CaseFile.id,
        WorkItem.status == "done",
        WorkItem.queue != "village",
        WorkItem.closed_at > since,
    )
    return or_(CaseFile.status != "open", above)


def _in_reign(session: Session, line: MonitoringLine) -> ColumnElement[bool]:
    """SQL: seen from the line's first day until the next line's."""
    following = select(func.min(MonitoringLine.effective_from)).where(
        MonitoringLine.province_code == line.province_code,
        MonitoringLine.status == IN_FORCE,
        MonitoringLine.effective_from > line.effective_from,
    )
    end = session.scalar(following)
    since = Observation.observed_on >= line.effective_from
    return since if end is None else and_(since, Observation.observed_on < end)


def decided_by(session: Session, line: MonitoringLine) -> int:
    """How many households have a case that was judged by the line and is decided.

    A case says itself by which line; one of an earlier release, by what was seen under the line.
    """
    own = select(CaseFile.subject_id).join(CaseLine, CaseLine.case_id == CaseFile.id)
    seen = select(CaseFile.subject_id).join(Observation, Observation.case_id == CaseFile.id)
    unnamed = and_(Observation.line_id.is_(None), _in_reign(session, line))
    households = union(
        own.where(CaseLine.line_id == line.id, _decided(CaseLine.set_at)),
        seen.where(
            or_(Observation.line_id == line.id, unnamed),
            ~exists().where(CaseLine.case_id == CaseFile.id),
            access.within(CaseFile.village_code, [access.scope_of(line.province_code)]),
            _decided(Observation.recorded_at),
        ),
    ).subquery()
    return session.scalar(select(func.count()).select_from(households)) or 0


def _decided_since(session: Session, line: MonitoringLine) -> int:
    """How many households were decided by another line on or after the day from which this one is to rule."""
    following = session.scalar(
        select(func.min(MonitoringLine.effective_from)).where(
            MonitoringLine.province_code == line.province_code,
            MonitoringLine.status == IN_FORCE,
            MonitoringLine.effective_from > line.effective_from,
        )
    )
    count = (
        select(func.count(func.distinct(CaseFile.subject_id)))
        .join(CaseLine, CaseLine.case_id == CaseFile.id)
        .where(
            access.within(CaseFile.village_code, [access.scope_of(line.province_code)]),
            CaseLine.on_day >= line.effective_from,
            CaseLine.on_day < (following or date.max),
            _decided(CaseLine.set_at),
        )
    )
    return session.scalar(count) or 0


def consequences(session: Session, line: MonitoringLine, today: date) -> list[str]:
    """What somebody has to know before the line is asked for or confirmed, in sentences."""
    said = []
    if line.effective_from < today:
        days, count = (today - line.effective_from).days, _decided_since(session, line)
        said.append(
            f"起始日期已过 {days} 天：这段时间已有 {count} 户按原来的标准决定，不自动改变；"
            "按新标准结论不同的，请逐户按回退、识别认定的规定办理。"
        )
    if line.replaces_id is not None:
        before = session.get_one(MonitoringLine, line.replaces_id)
        said.append(
            f"这是更正：{written(before.effective_from)}起的 {before.amount:,} 元还没有一户据此上报或决定，"
            f"确认后由 {line.amount:,} 元代替；正在办理的，下次核实或评议时按新标准。"
        )
    return said
