"""Who visits which households of a village: pairs of investigators for its groups (Q6, domain S1).

Without areas every official of the village may. An entry of somebody who has lost the area meanwhile is not
lost: the township decides about it (T27).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from engine.casework.models import Account, RoleGrant
from engine.casework.organisation import access, divisions
from engine.ground import text
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Invalid, NotAllowed, NotFound
from engine.prevention.campaign import campaigns
from engine.prevention.models import Campaign, Household, ScreeningArea, ScreeningInvestigator
from engine.prevention.register.households import finding as households

DIVIDES = frozenset({"township_reviewer", "county_approver"})
PAIR = 2
"""Investigators of an area, at the least (Q6)."""


@dataclass(frozen=True)
class Divided:
    """The areas of villages as they were at any moment."""

    by_village: Mapping[str, Sequence[ScreeningArea]]

    def may(self, account_id: int, village_code: str, group: str, at: datetime) -> bool:
        """Whether the account visited the group's households at that moment: of areas that were not made yet
        nobody could know.
        """
        areas = [area for area in self.by_village.get(village_code, ()) if _was(area, at)]
        if not areas:
            return True
        named = [one for one in areas if group in one.groups]
        concerned = named or [one for one in areas if not one.groups]
        return not concerned or any(
            one.account_id == account_id and one.since <= at and (one.until is None or at < one.until)
            for area in concerned
            for one in area.investigators
        )


def _was(area: ScreeningArea, at: datetime) -> bool:
    return any(one.since <= at for one in area.investigators)


def divided(session: Session, campaign_id: int, villages: Collection[str]) -> Divided:
    """The areas of these villages, in two queries."""
    query = select(ScreeningArea).where(
        ScreeningArea.campaign_id == campaign_id, ScreeningArea.village_code.in_(villages)
    )
    found: dict[str, list[ScreeningArea]] = {}
    ordered = query.options(selectinload(ScreeningArea.investigators)).order_by(ScreeningArea.id)
    for area in session.scalars(ordered.execution_options(populate_existing=True)):
        found.setdefault(area.village_code, []).append(area)
    return Divided(found)


# -- what the township does ------------------------------------------------------------------------


def candidates(session: Session, village_code: str) -> list[Account]:
    """The officials of a village who can be sent out."""
    query = select(Account).join(RoleGrant, RoleGrant.account_id == Account.id)
    query = query.where(
        RoleGrant.role == "village_official", RoleGrant.division_code == village_code, Account.active
    )
    return list(session.scalars(query.order_by(Account.name, Account.id).distinct()))


def groups_of(session: Session, village_code: str) -> list[str]:
    """The names of a village's groups that its households carry."""
    query = select(Household.group_name).where(
        Household.village_code == village_code, households.there(), Household.group_name != ""
    )
    return list(session.scalars(query.distinct().order_by(Household.group_name)))


def require_divider(actor: Account, campaign: Campaign, village_code: str) -> None:
    """Raise NotAllowed unless the actor guides the village's investigators (R03)."""
    if access.ancestor(village_code, "county") != campaign.county_code or not access.reaches(
        actor, village_code, DIVIDES
    ):
        raise NotAllowed("片区由乡镇划分，您没有这个村的乡级审核权限。")


@whole
def assign(
    session: Session,
    actor: Account,
    campaign_id: int,
    village_code: str,
    name: str,
    groups: Sequence[str],
    account_ids: Sequence[int],
    *,
    clock: Clock,
    area_id: int | None = None,
) -> ScreeningArea:
    """Make an area, or change one: who is no longer named has lost it from now on, and stays on record.

    Raises Invalid, NotAllowed, NotFound.
    """
    campaign = campaigns.view(session, actor, campaign_id)
    require_divider(actor, campaign, village_code)
    with write(session):
        chosen = _checked(session, village_code, name, groups, account_ids)
        area = _area(session, campaign, village_code, area_id)
        area.name, area.groups = text.line(name), list(dict.fromkeys(groups))
        session.flush()
        present = {one.account_id: one for one in area.investigators if one.until is None}
        for account_id, one in present.items():
            if account_id not in chosen:
                one.until = clock.now()
        for account_id in chosen:
            if account_id not in present:
                one = ScreeningInvestigator(area_id=area.id, account_id=account_id, since=clock.now())
                area.investigators.append(one)
    return area


def _area(session: Session, campaign: Campaign, village_code: str, area_id: int | None) -> ScreeningArea:
    if area_id is None:
        area = ScreeningArea(campaign_id=campaign.id, village_code=village_code, name="", groups=[])
        session.add(area)
        return area
    found = session.get(ScreeningArea, area_id, with_for_update=True)
    if found is None or (found.campaign_id, found.village_code) != (campaign.id, village_code):
        raise NotFound("没有找到这个片区。")
    return found


def _checked(
    session: Session, village_code: str, name: str, groups: Sequence[str], account_ids: Sequence[int]
) -> list[int]:
    """The accounts of an area as it was typed."""
    wrong: dict[str, list[str]] = {}
    if divisions.standing(session, village_code).level != "village":
        wrong["village_code"] = ["所在村：请选择到村（社区）。"]
    if not text.line(name) or len(text.line(name)) > 40:
        wrong["name"] = ["片区名称：请填写，不超过 40 字。"]
    foreign = [one for one in groups if one not in groups_of(session, village_code)]
    if foreign:
        wrong["groups"] = [f"村民小组：本村登记簿里没有“{foreign[0]}”。"]
    able = {one.id for one in candidates(session, village_code)}
    chosen = [one for one in dict.fromkeys(account_ids) if one in able]
    if len(chosen) < PAIR:
        wrong["accounts"] = ["调查员：每个片区至少两人，从本村的经办人员中选择。"]  # Q6
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    return chosen


@whole
def dissolve(session: Session, actor: Account, campaign_id: int, area_id: int, *, clock: Clock) -> None:
    """Take an area back: its investigators have lost it from now on."""
    campaign = campaigns.view(session, actor, campaign_id)
    area = session.get(ScreeningArea, area_id)
    if area is None or area.campaign_id != campaign.id:
        raise NotFound("没有找到这个片区。")
    require_divider(actor, campaign, area.village_code)
    with write(session):
        for one in list(area.investigators):
            session.delete(one)
        session.flush()
        session.expire(area, ["investigators"])
        session.delete(area)
