"""A county's concentrated check is opened, looked for, closed (R03)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from engine.casework import audit, definitions
from engine.casework.models import Account, MonitoringLine
from engine.casework.organisation import access, divisions
from engine.flow.decisions import Decision
from engine.flow.diagram.properties import page_forms
from engine.flow.forms import Form, compile_form
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.paging import Page, page_of
from engine.prevention.campaign import milestones
from engine.prevention.models import Campaign
from engine.prevention.register.monitoring_lines import ruling

PROCEDURE = "identification"
"""Which procedure in force gives a campaign its form and its decision tables."""
FORM, FLAGS, GROUPS = "screeningForm", "flagsDecision", "groupsDecision"
OPENS = frozenset({"county_approver"})
LONGEST = timedelta(days=366)
IDENTIFIED = timedelta(days=15)
"""R15."""
WARNED = timedelta(days=7)
"""From 24 May on, of a campaign that ends on 31 May (domain 0.10)."""
LINE_WORD = "监测范围"
"""In the form's labels: the printed form has the year's amount there (R01)."""
_FORMS: dict[tuple[str, int], Form] = {}
"""Compiled forms by what they are made of: a version's hash and the line's amount."""


@dataclass(frozen=True)
class Basis:
    """What a campaign is worked by: the same for all its rows, whatever is in force meanwhile (Q79)."""

    form: Form
    flags: Decision
    groups: Decision
    line: Mapping[str, Any]
    """As `monitoring_lines.facts`."""
    facts: Mapping[str, Any]
    """What the form compares its fields with."""


def basis(session: Session, campaign: Campaign) -> Basis:
    """The campaign's form, tables, line and dates."""
    definition = definitions.load(session, campaign.version_id)
    key = page_forms(definition.properties).get(FORM, "")
    known = campaign.version.sha256, campaign.line.amount
    form = _FORMS.get(known)
    if form is None:
        form = _FORMS[known] = compile_form(_named(definition.form_schema(key), campaign.line))
    dates = {"starts_on": campaign.starts_on.isoformat(), "ends_on": campaign.ends_on.isoformat()}
    return Basis(
        form,
        definition.page_decision(FLAGS),
        definition.page_decision(GROUPS),
        ruling.facts(campaign.line, campaign.starts_on),
        {"campaign": dates},
    )


def _named(schema: dict[str, Any], line: MonitoringLine) -> dict[str, Any]:
    """The form with the line's amount in its labels: 是否超过5000元 (R01, R03)."""
    written = json.dumps(schema["components"], ensure_ascii=False)
    return {**schema, "components": json.loads(written.replace(LINE_WORD, f"{line.amount}元"))}


# -- opening and closing ---------------------------------------------------------------------------


@whole
def begin(
    session: Session,
    actor: Account,
    county_code: str,
    name: str,
    starts_on: date | None,
    ends_on: date | None,
    *,
    clock: Clock,
) -> Campaign:
    """Open a county's campaign with the line and the form of its first day, and its usual milestones (R37).

    Raises Invalid for what was typed, NotAllowed, and Conflict while another one is open.
    """
    require_opener(actor, county_code)
    _require_typed(name, starts_on, ends_on)
    assert starts_on is not None and ends_on is not None
    version = definitions.current(session, PROCEDURE)
    line = ruling.in_force(session, county_code, starts_on)
    try:
        with write(session):
            campaign = Campaign(
                county_code=county_code,
                name=text.line(name),
                starts_on=starts_on,
                ends_on=ends_on,
                line_id=line.id,
                version_id=version.id,
                status="open",
                opened_by=actor.id,
                opened_at=clock.now(),
            )
            session.add(campaign)
            session.flush()
            milestones.plan(session, campaign, definitions.load(session, version.id))
            _log(session, actor, campaign, "campaign_opened", clock.now())
    except IntegrityError as error:
        raise Conflict("本县已有一次集中排查没有结束，请先结束它。") from error
    return campaign


def _require_typed(name: str, starts_on: date | None, ends_on: date | None) -> None:
    wrong: dict[str, list[str]] = {}
    if not text.line(name) or len(text.line(name)) > 80:
        wrong["name"] = ["名称：请填写，不超过 80 字。"]
    if starts_on is None:
        wrong["starts_on"] = ["开始日期：请填写。"]
    if ends_on is None:
        wrong["ends_on"] = ["结束日期：请填写。"]
    elif starts_on is not None and ends_on < starts_on:
        wrong["ends_on"] = ["结束日期：不能早于开始日期。"]
    elif starts_on is not None and ends_on - starts_on > LONGEST:
        wrong["ends_on"] = ["结束日期：离开始日期超过一年，请核对。"]
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)


@whole
def close(session: Session, actor: Account, campaign_id: int, *, clock: Clock) -> Campaign:
    """End a campaign: its rows stay as they are, and no more come in (domain S1)."""
    campaign = view(session, actor, campaign_id)
    require_opener(actor, campaign.county_code)
    with write(session):
        if status_held(session, campaign.id, alone=True) != "open":
            raise Conflict("这次集中排查已经结束。")
        campaign.status, campaign.closed_by, campaign.closed_at = "closed", actor.id, clock.now()
        _log(session, actor, campaign, "campaign_closed", clock.now())
    return campaign


def status_held(session: Session, campaign_id: int, *, alone: bool = False) -> str:
    """How the campaign stands, held until the end: by many who enter, or `alone` to change it."""
    held = select(Campaign.status).where(Campaign.id == campaign_id)
    return session.scalars(held.with_for_update(read=not alone)).one()


def require_opener(actor: Account, county_code: str) -> None:
    """Raise NotAllowed unless the actor approves for the whole county."""
    if access.level_of(county_code) != "county" or not access.reaches(actor, county_code, OPENS):
        raise NotAllowed("集中排查由县级开展，您没有这个县的县级审批权限。")


def _log(session: Session, actor: Account, campaign: Campaign, kind: str, now: datetime) -> None:
    said = {"campaign": campaign.id, "division": campaign.county_code, "name": campaign.name}
    audit.record(session, "access", actor.id, kind, said, now)


# -- looking ---------------------------------------------------------------------------------------


def visible(actor: Account) -> ColumnElement[bool]:
    """SQL: the campaigns of the counties that the actor works in, below or above."""
    ranges = access.scopes(actor)
    if not ranges:
        return false()
    counties = [(access.ancestor(one.low, "county"), one.high) for one in ranges]
    return or_(*(Campaign.county_code.between(low, high) for low, high in counties))


def listing(session: Session, actor: Account, page: int = 1) -> Page[Campaign]:
    """The campaigns that concern the actor, the open ones first, then the latest."""
    query = select(Campaign).where(visible(actor))
    ordered = query.order_by(Campaign.status.desc(), Campaign.starts_on.desc(), Campaign.county_code)
    return page_of(session, query, ordered.options(joinedload(Campaign.line)), page)


def running(session: Session, actor: Account) -> Sequence[Campaign]:
    """The open campaigns that concern the actor, a hundred at the most: who enters works in one county."""
    query = select(Campaign).where(visible(actor), Campaign.status == "open")
    ordered = query.order_by(Campaign.county_code).options(joinedload(Campaign.line))
    return session.scalars(ordered.limit(100)).all()


def view(session: Session, actor: Account, campaign_id: int) -> Campaign:
    """One campaign. Raises NotFound out of the actor's reach."""
    query = select(Campaign).where(Campaign.id == campaign_id, visible(actor))
    campaign = session.scalar(query.options(joinedload(Campaign.line), joinedload(Campaign.version)))
    if campaign is None:
        raise NotFound("没有找到这次集中排查。")
    return campaign


def open_for(session: Session, village_code: str) -> Campaign | None:
    """The campaign that is open for a village's county."""
    county = access.ancestor(village_code, "county")
    return session.scalar(select(Campaign).where(Campaign.county_code == county, Campaign.status == "open"))


def openable(session: Session, actor: Account) -> list[tuple[str, str]]:
    """The counties for which the actor may open a campaign: code and name."""
    return sorted(divisions.names(session, access.offices(actor, OPENS, ("county",))).items())


def warned(campaign: Campaign, now: datetime) -> str:
    """What people are told in the last days: the plan has no slack at its end; '' before and after.

    A clue of the last day has its fifteenth day on the day by which the entry is due (domain 0.10, R15).
    """
    today, last = local_date(now), campaign.ends_on
    entry = next((one.due_on for one in campaign.milestones if one.kind == "enter"), None)
    if entry is None or campaign.status != "open" or not last - WARNED <= today <= last:
        return ""
    approval = max(today, campaign.starts_on) + IDENTIFIED
    spare = (entry - approval).days
    if spare > WARNED.days:
        return ""
    left = f"只剩 {spare} 天" if spare > 0 else "没有余地" if spare == 0 else f"已晚 {-spare} 天"
    return (
        f"今天发现的线索，识别认定的 15 天到 {approval.month}月{approval.day}日届满；"
        f"录入建档的节点是 {entry.month}月{entry.day}日，批准之后才能公告、录入，{left}。请当天入户、当天录入。"
    )
