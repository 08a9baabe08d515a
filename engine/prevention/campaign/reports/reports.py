"""Summary reports: opened by a campaign's last milestone or by hand, and what their diagram does (R40).

A city reports for all its counties at once; a county that answers to the province reports for itself. Their
steps are drawn (``bpmn/summary_report.bpmn``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.kit import Kit, Subjects
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account, CaseFile, Division, Procedure
from engine.casework.organisation import access, divisions
from engine.casework.papers import contents
from engine.flow.receivers import Receiver
from engine.flow.services import Service
from engine.flow.vocabulary import Given
from engine.ground import text
from engine.ground.clock import Clock, local_date, written
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed
from engine.ground.tables import to_json
from engine.prevention.campaign.reports import figures
from engine.prevention.campaign.reports.lists import PROCEDURE, campaigns_of, latest, view
from engine.prevention.models import Campaign, Milestone, ReportAnnex, SummaryReport

KIND = "report"
FIRST_NUMBER = 1_100_000_001
WRITERS = {"city": "city_reviewer", "county": "county_approver"}
"""Who writes the report of a city, and of a county without a city above it."""
LATE = timedelta(days=30)
"""So long after its day a milestone still opens a report: older campaigns were summed up otherwise."""


# -- opening ---------------------------------------------------------------------------------------


def reporting(session: Session, county_code: str) -> str:
    """Who reports on a county: its city, or itself where it answers to the province."""
    alone = divisions.province_managed(session, county_code)
    return county_code if alone else access.ancestor(county_code, "city")


def writable(session: Session, actor: Account) -> list[tuple[str, str]]:
    """The divisions for which the actor writes reports: code and name."""
    codes = {
        grant.division_code
        for grant in actor.grants
        if WRITERS.get(access.level_of(grant.division_code)) == grant.role
    }
    own = {
        code for code in codes if reporting(session, access.ancestor(code, "county")) == code or _city(code)
    }
    return sorted(divisions.names(session, own).items())


def _city(code: str) -> bool:
    return access.level_of(code) == "city"


@dataclass(frozen=True)
class Typed:
    """What is typed to open a report by hand."""

    division_code: str
    name: str
    starts_on: date | None
    ends_on: date | None
    due_on: date | None


@whole
def begin(session: Session, actor: Account, typed: Typed, *, clock: Clock) -> SummaryReport:
    """Open a report by hand. Raises Invalid for what was typed, NotAllowed, and Conflict while the division
    has an open one of these days.
    """
    if typed.division_code not in dict(writable(session, actor)):
        raise NotAllowed("总结报告由市级编写，省直管的县自己编写；您不能为这个地方编写。")
    _require_typed(typed)
    assert typed.starts_on and typed.ends_on and typed.due_on
    with write(session):
        _lock(session, typed.division_code)
        if _open_of(session, typed.division_code, typed.starts_on, typed.ends_on) is not None:
            raise Conflict("这段时间已有一份总结报告正在办理，请在那一份里编写。")
        return _new(
            session,
            typed.division_code,
            text.line(typed.name),
            (typed.starts_on, typed.ends_on, typed.due_on),
            actor,
            clock.now(),
        )


def _require_typed(typed: Typed) -> None:
    wrong: dict[str, list[str]] = {}
    if not text.line(typed.name) or len(text.line(typed.name)) > 80:
        wrong["name"] = ["名称：请填写，不超过 80 字。"]
    if typed.starts_on is None:
        wrong["starts_on"] = ["开始日期：请填写。"]
    if typed.ends_on is None or (typed.starts_on and not 0 <= (typed.ends_on - typed.starts_on).days <= 366):
        wrong["ends_on"] = ["结束日期：请填写，不早于开始日期，不超过一年。"]
    if typed.due_on is None or (typed.ends_on and abs((typed.due_on - typed.ends_on).days) > 366):
        wrong["due_on"] = ["报送日期：请填写，离结束日期不超过一年。"]
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)


def _lock(session: Session, code: str) -> None:
    """The division's row is the lock: two first campaigns of a day must not open two reports."""
    session.scalars(select(Division).where(Division.code == code).with_for_update(key_share=True)).one()


def _case_open() -> ColumnElement[bool]:
    return exists().where(
        CaseFile.subject_id == SummaryReport.id,
        CaseFile.procedure_key == PROCEDURE,
        CaseFile.status == "open",
    )


def _open_of(session: Session, code: str, starts_on: date, ends_on: date) -> SummaryReport | None:
    query = select(SummaryReport).where(
        SummaryReport.village_code == code,
        SummaryReport.starts_on <= ends_on,
        SummaryReport.ends_on >= starts_on,
        _case_open(),
    )
    return session.scalar(query.order_by(SummaryReport.id).limit(1))


def _new(
    session: Session,
    code: str,
    name: str,
    days: tuple[date, date, date],
    actor: Account | None,
    now: datetime,
) -> SummaryReport:
    starts_on, ends_on, due_on = days
    report = SummaryReport(
        village_code=code,
        name=name,
        starts_on=starts_on,
        ends_on=ends_on,
        due_on=due_on,
        opened_by=actor.id if actor else None,
        opened_at=now,
    )
    session.add(report)
    session.flush()
    for campaign in session.scalars(_unreported(code, starts_on, ends_on)):
        campaign.report_id = report.id
    session.flush()
    acts.open_case(session, actor, PROCEDURE, report, first_variables(session, report, local_date(now)), now)
    return report


def _unreported(code: str, starts_on: date, ends_on: date) -> Select[Campaign]:
    scope = access.scope_of(code)
    return select(Campaign).where(
        Campaign.county_code.between(scope.low, scope.high),
        Campaign.report_id.is_(None),
        Campaign.starts_on <= ends_on,
        Campaign.ends_on >= starts_on,
    )


def look_after(sessions: Callable[[], Session], clock: Clock) -> int:
    """A round of the ticker: open the reports whose milestone has come; answers for how many campaigns."""
    with sessions() as session:
        procedure = session.get(Procedure, PROCEDURE)
        if procedure is None or procedure.current_version_id is None:
            return 0
        ids = session.scalars(_come(local_date(clock.now()))).all()
        return sum(_sum_up(session, campaign_id, clock=clock) for campaign_id in ids)


def _come(today: date) -> Select[int]:
    """The campaigns without a report whose milestone has begun, or is due where no beginning is planned."""
    return (
        select(Campaign.id)
        .join(Milestone, Milestone.campaign_id == Campaign.id)
        .where(
            Milestone.kind == "report",
            Campaign.report_id.is_(None),
            func.coalesce(Milestone.begins_on, Milestone.due_on) <= today,
            Milestone.due_on >= today - LATE,
        )
        .order_by(Campaign.id)
        .distinct()
    )


@whole
def _sum_up(session: Session, campaign_id: int, *, clock: Clock) -> int:
    """Let a campaign join the open report of its city, or open one; answers whether it was done."""
    with write(session):
        campaign = session.get_one(Campaign, campaign_id)
        code = reporting(session, campaign.county_code)
        _lock(session, code)
        session.refresh(campaign, with_for_update=True)
        if campaign.report_id is not None:
            return 0
        report = _open_of(session, code, campaign.starts_on, campaign.ends_on)
        if report is None:
            due_on = min(one.due_on for one in campaign.milestones if one.kind == "report")
            place = divisions.names(session, [code]).get(code, "")
            name = f"{place}{campaign.name}总结报告"
            _new(session, code, name[:80], (campaign.starts_on, campaign.ends_on, due_on), None, clock.now())
            session.refresh(campaign)
        else:
            campaign.report_id = report.id
            report.starts_on = min(report.starts_on, campaign.starts_on)
            report.ends_on = max(report.ends_on, campaign.ends_on)
        return 1


# -- what the diagram's steps do -------------------------------------------------------------------


def _of(call: ServiceCall) -> SummaryReport:
    return call.session.get_one(SummaryReport, call.case.subject_id)


def fix_figures(call: ServiceCall) -> dict[str, Any]:
    """Make the figures of the report as they are now, and keep them: each time another annex."""
    report = _of(call)
    campaigns = campaigns_of(call.session, report.id)
    wanted = figures.asked(call.session, report.village_code, report.starts_on, report.ends_on, call.now)
    tables = [one.to_json() for one in figures.sheets(call.session, wanted, campaigns)]
    last = select(func.max(ReportAnnex.number)).where(ReportAnnex.report_id == report.id)
    annex = ReportAnnex(
        report_id=report.id,
        number=(call.session.scalar(last) or 0) + 1,
        day=wanted.today,
        tables=tables,
        sha256=hashlib.sha256(to_json(tables).encode()).hexdigest(),
        made_by=call.actor.id if call.actor else None,
        made_at=call.now,
    )
    call.session.add(annex)
    call.session.flush()
    return {"annex": annex.id, "number": annex.number, "day": annex.day.isoformat(), "sha256": annex.sha256}


def receive(call: ServiceCall, number: str, received_on: str) -> None:
    """The province has filed the report under a number."""
    report = _of(call)
    report.receipt, report.received_on = str(number)[:80], date.fromisoformat(received_on)


def _unreceive(call: ServiceCall, _: Any) -> None:
    report = _of(call)
    report.receipt, report.received_on = "", None


def first_variables(session: Session, report: SummaryReport, day: date) -> dict[str, Any]:
    """What the case of a report begins with."""
    return {
        "report": {"name": report.name, "due_on": report.due_on.isoformat()},
        "province_managed": not _city(report.village_code),
        "opened_on": day.isoformat(),
    }


def facts(session: Session, report_id: int, _: str, day: date, *more: Any) -> dict[str, Any]:
    """What forms know of a report."""
    report = session.get_one(SummaryReport, report_id)
    annex = latest(session, report.id)
    return {
        "name": report.name,
        "path": divisions.paths(session, [report.village_code]).get(report.village_code, ""),
        "due_text": written(report.due_on),
        "figures_text": said(annex) if annex else "还没有生成",
    }


def said(annex: ReportAnnex) -> str:
    """An annex in a sentence: which one, of which day, and the monitored households in it."""
    words = f"第{annex.number}份，截至{written(annex.day)}"
    sheets = [figures.from_json(one) for one in annex.tables]
    for sheet in sheets:
        if sheet.title == figures.MONITORED and sheet.rows:
            told = dict(zip((head.name for head in sheet.heads), sheet.said(sheet.rows[-1]), strict=True))
            words += f"：监测对象{told['户数']}户{told['人数']}人，未消除风险{told['未消除风险']}户，"
            words += f"本期新纳入{told['本期新纳入']}户"
    return words


def _invented(session: Session, village_code: str, now: datetime) -> SummaryReport:
    """A report for a trial."""
    today, code = local_date(now), reporting(session, access.ancestor(village_code, "county"))
    report = SummaryReport(
        village_code=code, name="试办的总结报告", starts_on=today, ends_on=today, due_on=today, opened_at=now
    )
    session.add(report)
    session.flush()
    return report


KIT = Kit(
    subjects=(
        Subjects(
            kind=KIND,
            words="总结报告",
            known_as="report",
            level="county",  # of one without a city above it
            model=SummaryReport,
            first_number=FIRST_NUMBER,
            look_up=view,
            first_variables=first_variables,
            listed=contents.by_name,
            invented=_invented,
        ),
    ),
    given=(
        Given("report.name", "报告名称", "string", steady=True, about=KIND),
        Given("report.due_on", "报送日期", "day", steady=True, about=KIND),
        Given("province_managed", "是否省直管县", "boolean", steady=True, about=KIND),
        Given("opened_on", "启动日期", "day", steady=True, about=KIND),
    ),
    registered={"report": ("name", "path", "due_text", "figures_text")},
    prefills={"report": facts},
    receivers=(Receiver("start", PROCEDURE, {}),),  # a milestone opens it, or a page
    services=(
        Service(
            "report.figures",
            "生成数据附表",
            "按系统里的数，生成即定稿",
            fix_figures,
            said=lambda result: f"生成第{result['number']}份附表",
        ),
        Service(
            "report.receive",
            "登记省级收文",
            "收文号和日期",
            receive,
            {"number": "文号", "received_on": "收文日期"},
            undo=_unreceive,
            decides=True,
        ),
    ),
    rounds=(look_after,),
)
