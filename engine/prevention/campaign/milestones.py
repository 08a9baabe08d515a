"""The dates of a campaign (R37): planned by a table, changed by the county, reported by divisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.casework.models import Account, Division
from engine.casework.organisation import access
from engine.casework.telling import notifications
from engine.flow.feel import to_plain
from engine.flow.machine.definition import Definition
from engine.flow.receivers import Consulted
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import upsert, whole, write
from engine.ground.errors import Invalid, NotAllowed, NotFound
from engine.prevention.campaign import coverage
from engine.prevention.models import (
    Campaign,
    Household,
    Milestone,
    MilestoneDone,
    ScreeningCount,
    SummaryReport,
)
from engine.prevention.register.households import finding as households

PLANNED = "milestonesDecision"
KINDS = {
    "train": "部署培训",
    "screen": "入户筛查",
    "enter": "录入整改",
    "audit": "审核抽查",
    "report": "总结报告",
    "other": "其他",
}


def plan(session: Session, campaign: Campaign, definition: Definition) -> None:
    """Write down the milestones that the table in force gives for the campaign's dates."""
    told = {"name": campaign.name, "starts_on": campaign.starts_on, "ends_on": campaign.ends_on}
    rows = definition.page_decision(PLANNED).evaluate({"campaign": told})
    for position, row in enumerate(rows if isinstance(rows, list) else [rows]):
        session.add(_milestone(campaign, position, to_plain(row)))
    session.flush()


def _milestone(campaign: Campaign, position: int, row: Mapping[str, Any]) -> Milestone:
    return Milestone(
        campaign_id=campaign.id,
        position=position,
        kind=row["kind"] if row.get("kind") in KINDS else "other",
        name=str(row.get("name") or "")[:80],
        level=str(row.get("level") or "county"),
        begins_on=_day(row.get("begins_on")),
        due_on=_day(row.get("due_on")) or campaign.ends_on,
    )


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10]) if value else None


def of(session: Session, campaign_id: int) -> Sequence[Milestone]:
    """The campaign's milestones in their order."""
    query = select(Milestone).where(Milestone.campaign_id == campaign_id)
    return session.scalars(query.order_by(Milestone.due_on, Milestone.position)).all()


# -- what people do --------------------------------------------------------------------------------

RECORDS = {
    "village": frozenset({"village_official", "township_reviewer"}),
    "township": frozenset({"township_reviewer"}),
    "county": frozenset({"county_approver"}),
    "city": frozenset({"city_reviewer"}),
}
"""Who reports that a division of a level has reached a milestone."""


@dataclass(frozen=True)
class Done:
    """How a milestone is typed as reached; of a training how many should have come, and came (Q68)."""

    done_on: date | None
    expected: int | None = None
    attended: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Progress:
    """A milestone with the divisions that have reached it."""

    milestone: Milestone
    total: int
    done: Mapping[str, MilestoneDone]
    """Who reported it, by division."""
    left: int
    missing: Sequence[tuple[str, str]]
    """Code and name of those that have not, at the most `SHOWN`."""
    own: Sequence[tuple[str, str]]
    """Those of them for which the actor reports."""

    def late(self, today: date) -> bool:
        """Whether its day has passed without all."""
        return today > self.milestone.due_on and self.left > 0

    @property
    def expected(self) -> int:
        """Of a training: people who should have come."""
        return sum(one.expected or 0 for one in self.done.values())

    @property
    def attended(self) -> int:
        """Of a training: people who came."""
        return sum(one.attended or 0 for one in self.done.values())


SHOWN = 30


def progress(session: Session, actor: Account, campaign: Campaign, today: date) -> list[Progress]:
    """Each milestone with who has reached it and who has not, as far as the actor works there (R37)."""
    found = of(session, campaign.id)
    query = select(MilestoneDone).where(MilestoneDone.milestone_id.in_([one.id for one in found]))
    done: dict[int, dict[str, MilestoneDone]] = {}
    for row in session.scalars(query):
        done.setdefault(row.milestone_id, {})[row.division_code] = row
    places = {level: _places(session, campaign, level) for level in {one.level for one in found}}
    return [
        _progress(
            actor, one, done.get(one.id, {}), places[one.level], _counted(session, campaign, one, today)
        )
        for one in found
    ]


def _counted(session: Session, campaign: Campaign, milestone: Milestone, today: date) -> set[str]:
    """Where the system itself knows that it is reached: nobody reports that again (R41)."""
    if milestone.kind == "report":
        report = session.get(SummaryReport, campaign.report_id) if campaign.report_id else None
        filed = report is not None and report.received_on is not None  # R40
        return set(_places(session, campaign, milestone.level)) if filed else set()
    screens = milestone.kind == "screen" and milestone.level in access.PREFIX_LENGTH
    return coverage.complete(session, campaign, milestone.level, today) if screens else set()


def _progress(
    actor: Account,
    milestone: Milestone,
    done: Mapping[str, MilestoneDone],
    places: Mapping[str, str],
    counted: set[str],
) -> Progress:
    reached = counted | done.keys()
    missing = [(code, name) for code, name in sorted(places.items()) if code not in reached]
    own = [place for place in missing if _records(actor, milestone.level, place[0])]
    return Progress(milestone, len(places), done, len(missing), missing[:SHOWN], own[:SHOWN])


def _records(actor: Account, level: str, code: str) -> bool:
    return access.reaches(actor, code, RECORDS.get(level, frozenset()))


def _places(session: Session, campaign: Campaign, level: str) -> dict[str, str]:
    """The divisions that a milestone is for: of villages those with households."""
    county = access.scope_of(campaign.county_code)
    if level in ("county", "city"):
        wanted = Division.code == access.ancestor(campaign.county_code, level)
    else:
        wanted = (Division.level == level) & Division.code.between(county.low, county.high)
    query = select(Division.code, Division.name).where(wanted)
    if level in ("village", "township"):
        living = set(
            session.scalars(
                select(Household.village_code)
                .where(Household.village_code.between(county.low, county.high), households.there())
                .distinct()
            )
        )
        here = {access.ancestor(code, level) for code in living}
        return {row.code: row.name for row in session.execute(query) if row.code in here}
    return {row.code: row.name for row in session.execute(query)}


@whole
def report(
    session: Session,
    actor: Account,
    campaign: Campaign,
    milestone_id: int,
    division_code: str,
    typed: Done,
    *,
    clock: Clock,
) -> None:
    """A division has reached a milestone. Raises Invalid, NotFound, NotAllowed."""
    milestone = session.get(Milestone, milestone_id)
    if milestone is None or milestone.campaign_id != campaign.id:
        raise NotFound("没有找到这个时间节点。")
    if division_code not in _places(session, campaign, milestone.level):
        raise NotFound("没有找到这个地方。")
    if not _records(actor, milestone.level, division_code):
        raise NotAllowed("这个时间节点由当地登记，您只能查看。")
    _require_typed(milestone, typed, local_date(clock.now()))
    row = {
        "milestone_id": milestone.id,
        "division_code": division_code,
        "done_on": typed.done_on,
        "expected": typed.expected,
        "attended": typed.attended,
        "note": text.line(typed.note),
        "recorded_by": actor.id,
        "recorded_at": clock.now(),
    }
    with write(session):
        session.execute(upsert(session, MilestoneDone, row, ["milestone_id", "division_code"]))


def _require_typed(milestone: Milestone, typed: Done, today: date) -> None:
    wrong: dict[str, list[str]] = {}
    if typed.done_on is None or typed.done_on > today:
        wrong["done_on"] = ["完成日期：请填写，不能晚于今天。"]
    if milestone.kind == "train":  # Q68: everybody responsible is trained
        if not typed.expected:
            wrong["expected"] = ["应训人数：请填写。"]
        if typed.attended is None or (typed.expected and typed.attended > typed.expected):
            wrong["attended"] = ["实训人数：请填写，不超过应训人数。"]
    if len(text.line(typed.note)) > 300:
        wrong["note"] = ["说明：不超过 300 字。"]
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)


@whole
def move(session: Session, campaign: Campaign, milestone_id: int, name: str, due_on: date | None) -> None:
    """The county changes what a milestone is called and its day; the caller has checked that it may."""
    milestone = session.get(Milestone, milestone_id)
    if milestone is None or milestone.campaign_id != campaign.id:
        raise NotFound("没有找到这个时间节点。")
    if due_on is None or abs((due_on - campaign.ends_on).days) > 366:
        raise Invalid("截止日期：请填写，离排查结束不超过一年。", {"due_on": ["截止日期：请填写。"]})
    if not text.line(name) or len(text.line(name)) > 80:
        raise Invalid("名称：请填写，不超过 80 字。", {"name": ["名称：请填写，不超过 80 字。"]})
    with write(session):
        milestone.name, milestone.due_on, milestone.reminded_on = text.line(name), due_on, None


# -- reminders -------------------------------------------------------------------------------------

REMINDED = timedelta(days=2)
"""So long before its day whoever has not reached a milestone is reminded."""
_QUEUES = {"village": "village", "township": "township", "county": "county", "city": "city"}


def remind(session: Session, now: datetime) -> int:
    """Remind the divisions that have not reached a milestone two days before it, once (R37)."""
    today = local_date(now)
    query = select(Milestone, Campaign).join(Campaign, Campaign.id == Milestone.campaign_id)
    entered = exists().where(ScreeningCount.campaign_id == Campaign.id)
    due = query.where(
        or_(Campaign.status == "open", entered),  # what is due after the doors were visited is due still
        Milestone.reminded_on.is_(None),
        Milestone.due_on >= today,
        Milestone.due_on <= today + REMINDED,
    )
    count = 0
    for milestone, campaign in session.execute(due).all():
        with write(session):
            session.refresh(milestone, with_for_update=True)
            if milestone.reminded_on is None:
                milestone.reminded_on = today
                count += _remind(session, campaign, milestone, now)
    return count


def look_after(sessions: Callable[[], Session], clock: Clock) -> int:
    """A round of the ticker."""
    with sessions() as session:
        return remind(session, clock.now())


def _remind(session: Session, campaign: Campaign, milestone: Milestone, now: datetime) -> int:
    done = select(MilestoneDone.division_code).where(MilestoneDone.milestone_id == milestone.id)
    reached = set(session.scalars(done)) | _counted(session, campaign, milestone, local_date(now))
    missing = [code for code in _places(session, campaign, milestone.level) if code not in reached]
    day = f"{milestone.due_on.month}月{milestone.due_on.day}日"
    words = f"{campaign.name}：“{milestone.name}”应于{day}前完成，完成后请在“集中排查”登记。"
    for code in missing:
        notifications.send_place(session, code, _QUEUES[milestone.level], "milestone", words, now)
    return len(missing)


KIT = Kit(
    rounds=(look_after,),
    consulted=(
        Consulted(
            PLANNED,
            "集中排查时间节点的决策表",
            {"campaign": frozenset({"name", "starts_on", "ends_on"})},
            frozenset({"kind", "name", "level", "begins_on", "due_on"}),
        ),
    ),
    log_kinds={
        "campaign_opened": "开展集中排查",
        "campaign_closed": "结束集中排查",
        "module_opened": "开始乡镇监测模块的采集",
    },
    log_facts={
        "campaign": "集中排查",
        "report": "总结报告",
        "annex": "第几份附表",
        "townships": "新开的乡镇",
    },
)
