"""The dates of a campaign (R37): planned by a table, changed by the county, reported by divisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.flow.feel import to_plain
from engine.flow.machine.definition import Definition
from engine.flow.receivers import Consulted
from engine.prevention.models import Campaign, Milestone

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


KIT = Kit(
    consulted=(
        Consulted(
            PLANNED,
            "集中排查时间节点的决策表",
            {"campaign": frozenset({"name", "starts_on", "ends_on"})},
            frozenset({"kind", "name", "level", "begins_on", "due_on"}),
        ),
    ),
)
