"""What a hazard puts on each village's desk: clues, open cases, how many for each official (T26)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from engine.casework.models import Account, CaseFile, RoleGrant
from engine.casework.organisation import access, divisions
from engine.ground.paging import Page, page_of_rows
from engine.prevention.hazards import choosing, working
from engine.prevention.models import Hazard, HazardHousehold, Household, RiskClue

SHOWN = 50
MOST_VILLAGES = 300
"""Villages of a county that a page lists to choose from."""


@dataclass(frozen=True)
class Load:
    """A place with its clues of the hazard."""

    code: str
    path: str
    by_state: Mapping[str, int]
    """Households by what became of their clue."""
    open: int
    """Cases that are still worked on."""
    overdue: int
    """Of those: past their limit."""
    officials: Sequence[str]
    """Of a village: who works there."""

    @property
    def households(self) -> int:
        """With a clue, or about to have one."""
        return sum(number for state, number in self.by_state.items() if state != "refused")

    @property
    def each(self) -> int | None:
        """Open cases for each official of the village, rounded up; None where nobody works."""
        return -(-self.open // len(self.officials)) if self.officials else None


def of(session: Session, actor: Account, hazard: Hazard, page: int = 1) -> Page[Load]:
    """The villages in the actor's reach with clues of the hazard, those with most to do first."""
    here = access.within(HazardHousehold.village_code, access.scopes(actor))
    still = func.sum(case((CaseFile.status == "open", 1), else_=0))
    late = func.sum(case(((CaseFile.status == "open") & (CaseFile.lamp_floor == "red"), 1), else_=0))
    by_village = (
        select(HazardHousehold.village_code, still.label("open"), late.label("late"))
        .outerjoin(RiskClue, RiskClue.id == HazardHousehold.clue_id)
        .outerjoin(CaseFile, CaseFile.id == RiskClue.case_id)
        .where(HazardHousehold.hazard_id == hazard.id, here)
        .group_by(HazardHousehold.village_code)
        .order_by(still.desc(), HazardHousehold.village_code)
    )
    found = page_of_rows(session, by_village, page, SHOWN)
    codes = [row.village_code for row in found.items]
    paths, people = divisions.paths(session, codes), _officials(session, codes)
    states = _states(session, hazard, codes)
    rows = [
        Load(
            row.village_code,
            paths.get(row.village_code, ""),
            states.get(row.village_code, {}),
            row.open,
            row.late,
            people.get(row.village_code, ()),
        )
        for row in found.items
    ]
    return found.showing(rows)


@dataclass(frozen=True)
class Village:
    """A village of the area where the actor raises clues."""

    code: str
    path: str
    households: int
    raised: int


def villages(session: Session, actor: Account, hazard: Hazard) -> list[Village]:
    """The villages of the area where the actor raises clues, as far as a page shows them."""
    meant = choosing.meant(actor, hazard, choosing.Chosen())
    query = select(Household.village_code, func.count()).where(*meant).group_by(Household.village_code)
    counted = session.execute(query.order_by(Household.village_code).limit(MOST_VILLAGES)).all()
    codes = [row[0] for row in counted]
    paths = divisions.paths(session, codes)
    had = select(HazardHousehold.village_code, func.count()).where(
        HazardHousehold.hazard_id == hazard.id, HazardHousehold.village_code.in_(codes)
    )
    raised = {row[0]: row[1] for row in session.execute(had.group_by(HazardHousehold.village_code))}
    return [Village(code, paths.get(code, ""), number, raised.get(code, 0)) for code, number in counted]


def groups(session: Session, actor: Account, hazard: Hazard, village_code: str) -> list[str]:
    """The names of the groups of a village of the area."""
    meant = choosing.meant(actor, hazard, choosing.Chosen([village_code]))
    query = select(Household.group_name).where(*meant, Household.group_name != "")
    return list(session.scalars(query.distinct().order_by(Household.group_name).limit(MOST_VILLAGES)))


def totals(session: Session, actor: Account, hazard: Hazard) -> dict[str, int]:
    """Households in the actor's reach by what became of their clue."""
    here = access.within(HazardHousehold.village_code, access.scopes(actor))
    query = select(HazardHousehold.status, func.count()).where(HazardHousehold.hazard_id == hazard.id, here)
    found = {row[0]: row[1] for row in session.execute(query.group_by(HazardHousehold.status))}
    return {**dict.fromkeys(working.STATES, 0), **found}


def _states(session: Session, hazard: Hazard, codes: Collection[str]) -> dict[str, dict[str, int]]:
    query = select(HazardHousehold.village_code, HazardHousehold.status, func.count()).where(
        HazardHousehold.hazard_id == hazard.id, HazardHousehold.village_code.in_(codes)
    )
    found: dict[str, dict[str, int]] = {}
    for code, state, number in session.execute(
        query.group_by(HazardHousehold.village_code, HazardHousehold.status)
    ):
        found.setdefault(code, {})[state] = number
    return found


def _officials(session: Session, codes: Collection[str]) -> dict[str, list[str]]:
    query = (
        select(RoleGrant.division_code, Account.name)
        .join(Account, Account.id == RoleGrant.account_id)
        .where(RoleGrant.role == "village_official", RoleGrant.division_code.in_(codes), Account.active)
        .distinct()
        .order_by(RoleGrant.division_code, Account.name)
    )
    found: dict[str, list[str]] = {}
    for code, name in session.execute(query):
        found.setdefault(code, []).append(name)
    return found
