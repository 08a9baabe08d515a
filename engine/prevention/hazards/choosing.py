"""Which households of a hazard's area an act is about, and who may begin one (R33)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, literal, select
from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.casework.organisation import access, divisions
from engine.ground.errors import NotAllowed
from engine.ground.paging import Page, page_of
from engine.prevention.hazards import hazards
from engine.prevention.models import Hazard, HazardHousehold, Household, RiskClue
from engine.prevention.register.households import finding as households

RAISES = frozenset({"township_reviewer", "county_approver"})
"""Who raises clues for many households: a township for its own, a county for all."""


@dataclass(frozen=True)
class Chosen:
    """A part of a hazard's area; nothing chosen is all of it."""

    villages: Sequence[str] = ()
    groups: Sequence[str] = ()
    """Of the one village that is chosen."""
    household_ids: Sequence[int] = ()

    def condition(self) -> ColumnElement[bool]:
        """SQL: the households that are meant."""
        parts: list[ColumnElement[bool]] = []
        if self.villages:
            parts.append(Household.village_code.in_(self.villages))
        if self.groups:
            parts.append(Household.group_name.in_(self.groups))
        if self.household_ids:
            parts.append(Household.id.in_(self.household_ids))
        return and_(*parts) if parts else literal(True)

    def words(self, names: Mapping[str, str]) -> str:
        """What was chosen, for people to read later."""
        if not self.villages and not self.household_ids:
            return "全部范围"
        places = "、".join(divisions.short_name(names[code]) for code in self.villages if code in names)
        groups = "、".join(self.groups)
        ticked = f"勾选 {len(self.household_ids)} 户" if self.household_ids else ""
        return "，".join(part for part in (places, groups, ticked) if part)[:300]


@dataclass(frozen=True)
class Preview:
    """How many households an act would be about, by what they are now."""

    waiting: int
    """Without a clue of this hazard."""
    monitored: int
    """Of those: monitored, not identified again."""
    present: int
    """That have a clue of this hazard already."""


def preview(session: Session, actor: Account, hazard: Hazard, chosen: Chosen) -> Preview:
    """What an act about `chosen` would come to."""
    these = and_(*meant(actor, hazard, chosen))
    total = select(func.count()).select_from(Household).where(these)
    fresh = total.where(~had(hazard))
    all_of_them, waiting = session.scalar(total) or 0, session.scalar(fresh) or 0
    monitored = session.scalar(fresh.where(Household.status == "monitored")) or 0
    return Preview(waiting, monitored, all_of_them - waiting)


def meant(actor: Account, hazard: Hazard, chosen: Chosen) -> list[ColumnElement[bool]]:
    """SQL: the households that an act about `chosen` means: in the area, in the actor's reach, there."""
    reach = access.within(Household.village_code, access.scopes(actor, RAISES))
    return [hazards.in_area(hazard), reach, households.there(), chosen.condition()]


def had(hazard: Hazard) -> ColumnElement[bool]:
    """SQL: the household has had its clue of the hazard, or that of a record that was merged into its own."""
    of_it = HazardHousehold.hazard_id == hazard.id
    own = select(HazardHousehold.id).where(of_it, HazardHousehold.household_id == Household.id)
    brought = select(RiskClue.id).join(HazardHousehold, HazardHousehold.clue_id == RiskClue.id)
    return own.exists() | brought.where(of_it, RiskClue.household_id == Household.id).exists()


def choosable(
    session: Session, actor: Account, hazard: Hazard, village_code: str, group: str = "", page: int = 1
) -> Page[Household]:
    """The households of a village of the area, to tick some of them."""
    chosen = Chosen([village_code], [group] if group else [])
    query = select(Household).where(*meant(actor, hazard, chosen))
    return page_of(
        session, query, query.order_by(Household.group_name, Household.head_name, Household.id), page, 50
    )


def raised(session: Session, hazard: Hazard, household_ids: Collection[int]) -> dict[int, HazardHousehold]:
    """What the hazard has meant for some households, by their number."""
    query = select(HazardHousehold).where(
        HazardHousehold.hazard_id == hazard.id, HazardHousehold.household_id.in_(household_ids)
    )
    return {row.household_id: row for row in session.scalars(query)}


def require(actor: Account, hazard: Hazard) -> None:
    """Raise NotAllowed unless the actor raises clues somewhere in the hazard's area."""
    if not may(actor, hazard):
        raise NotAllowed("批量录入线索由县级或所在乡镇办理。")


def may(actor: Account, hazard: Hazard) -> bool:
    """Whether the actor raises clues somewhere in the hazard's area."""
    scopes = access.scopes(actor, RAISES)
    areas = [access.scope_of(area.division_code) for area in hazard.areas]
    return any(one.holds(area.low) or area.holds(one.low) for one in scopes for area in areas)
