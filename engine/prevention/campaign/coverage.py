"""How far a campaign has come, place by place (R03, Q5, Q75): done, absent, refused, not yet.

Rows are counted as they come in (`screening_count`), households by an index: nothing adds up a million rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework.models import Account, Division
from engine.casework.organisation import access
from engine.ground.clock import local_date
from engine.ground.errors import NotFound
from engine.prevention.models import Campaign, Household, ScreeningCount

COUNTED = ("done", "absent", "refused", "conflict", "flagged")
NEAR_THE_END = timedelta(days=7)
ENOUGH = 0.95
"""In the last week a village below this share is named 留死角 (Q75; a proposal)."""
BELOW = {"county": "township", "township": "village"}


@dataclass(frozen=True)
class Place:
    """A division with its households and how many of them were entered as what."""

    code: str
    name: str
    households: int = 0
    done: int = 0
    absent: int = 0
    refused: int = 0
    conflict: int = 0
    flagged: int = 0
    empty: int = 0
    """空村: villages with households where nobody has entered one."""
    behind: int = 0
    """留死角: villages that are late in the last week."""

    @property
    def entered(self) -> int:
        """Households with a row, whatever it says."""
        return self.done + self.absent + self.refused

    @property
    def waiting(self) -> int:
        """Households of which nobody has entered anything."""
        return max(0, self.households - self.entered)

    @property
    def share(self) -> float:
        """The part that was entered, between 0 and 1; of no households all."""
        return min(1.0, self.entered / self.households) if self.households else 1.0

    def percent(self, count: int) -> float:
        """A count in percent of the households, for a bar."""
        return round(100 * count / max(1, self.households, self.entered), 2)


@dataclass(frozen=True)
class Coverage:
    """A place of a campaign as a whole, and what lies right below it, the least covered first."""

    whole: Place
    level: str
    parts: Sequence[Place]
    above: Sequence[tuple[str, str]]
    """Code and name of what lies above, up to the county."""


def of(session: Session, actor: Account, campaign: Campaign, code: str, now: datetime) -> Coverage:
    """Coverage of the county, or of one of its townships. Raises NotFound out of the actor's reach."""
    code = code or campaign.county_code
    level = access.level_of(code)
    if level not in BELOW or access.ancestor(code, "county") != campaign.county_code:
        raise NotFound("没有找到这个地方。")
    length = access.PREFIX_LENGTH[BELOW[level]]
    villages = _villages(session, campaign, access.scope_of(code), local_date(now))
    names = _names(
        session, [code, campaign.county_code, *(one.code[:length].ljust(12, "0") for one in villages)]
    )
    parts: dict[str, Place] = {}
    for one in villages:
        at = one.code[:length].ljust(12, "0")
        parts[at] = _sum(parts.get(at) or Place(at, names.get(at, at)), one)
    listed = [one for one in parts.values() if one.households or one.entered]
    whole = _sum(Place(code, names.get(code, code)), *listed)
    above = [] if level == "county" else [(campaign.county_code, names.get(campaign.county_code, ""))]
    reachable = [one for one in listed if _overlaps(actor, one.code)]
    return Coverage(whole, level, sorted(reachable, key=lambda one: (one.share, one.code)), above)


def _overlaps(actor: Account, code: str) -> bool:
    """Whether the actor works in the place, below it or above it."""
    place = access.scope_of(code)
    return any(one.low <= place.high and place.low <= one.high for one in access.scopes(actor))


def totals(session: Session, found: Iterable[Campaign]) -> dict[int, Place]:
    """Each campaign as a whole, for cities and the province."""
    wanted = list(found)
    columns = [func.coalesce(func.sum(getattr(ScreeningCount, name)), 0) for name in COUNTED]
    query = select(ScreeningCount.campaign_id, *columns).where(
        ScreeningCount.campaign_id.in_([one.id for one in wanted])
    )
    rows = {row[0]: row[1:] for row in session.execute(query.group_by(ScreeningCount.campaign_id))}
    names = _names(session, [one.county_code for one in wanted])
    living = _of_counties(session, {one.county_code for one in wanted})
    found_places = {}
    for one in wanted:
        counted = dict(zip(COUNTED, rows.get(one.id, (0,) * len(COUNTED)), strict=True))
        households = living.get(one.county_code, 0)
        place = Place(one.county_code, names.get(one.county_code, ""), households=households)
        found_places[one.id] = replace(place, **counted)
    return found_places


def complete(session: Session, campaign: Campaign, level: str, today: date) -> set[str]:
    """The villages, or divisions above them at `level`, where every household was entered:
    what nobody need report.
    """
    waiting: dict[str, int] = {}
    for one in _villages(session, campaign, access.scope_of(campaign.county_code), today):
        at = access.ancestor(one.code, level)
        waiting[at] = waiting.get(at, 0) + one.waiting
    return {code for code, count in waiting.items() if not count}


# -- counting --------------------------------------------------------------------------------------


def _villages(session: Session, campaign: Campaign, scope: access.Scope, today: date) -> list[Place]:
    living = _households(session, scope)
    query = select(ScreeningCount).where(
        ScreeningCount.campaign_id == campaign.id, ScreeningCount.village_code.between(scope.low, scope.high)
    )
    counted = {row.village_code: row for row in session.scalars(query)}
    late = campaign.status == "open" and today > campaign.ends_on - NEAR_THE_END
    return [
        _village(code, living.get(code, 0), counted.get(code), late)
        for code in sorted(living.keys() | counted.keys())
    ]


def _village(code: str, households: int, row: ScreeningCount | None, late: bool) -> Place:
    amounts: Mapping[str, Any] = {name: getattr(row, name) for name in COUNTED} if row is not None else {}
    place = Place(code, "", households, **amounts)
    behind = late and households > 0 and place.share < ENOUGH
    return replace(place, empty=int(households > 0 and not place.entered), behind=int(behind))


def _households(session: Session, scope: access.Scope) -> dict[str, int]:
    """By village; those merged into another, and those gone, are counted apart, so that each count is an
    index's.
    """
    return _counted(session, Household.village_code, [scope])


def _of_counties(session: Session, codes: Iterable[str]) -> dict[str, int]:
    """By county: as many statements for many as for one."""
    county = func.substr(Household.village_code, 1, access.PREFIX_LENGTH["county"])
    found = _counted(session, county, [access.scope_of(code) for code in sorted(codes)])
    return {prefix.ljust(12, "0"): count for prefix, count in found.items()}


def _counted(session: Session, key: Any, scopes: list[access.Scope]) -> dict[str, int]:
    inside = access.within(Household.village_code, scopes)
    place = key.label("place")
    query = select(place, func.count()).where(inside).group_by(place)
    found = {row[0]: row[1] for row in session.execute(query)}
    merged = Household.merged_into_id.is_not(None)
    gone = Household.merged_into_id.is_(None) & (Household.status == "gone")
    for no_more in (merged, gone):
        for code, count in session.execute(query.where(no_more)):
            found[code] -= count
    return found


def _names(session: Session, codes: Iterable[str]) -> dict[str, str]:
    query = select(Division.code, Division.name).where(Division.code.in_(set(codes)))
    return {row.code: row.name for row in session.execute(query)}


def _sum(place: Place, *others: Place) -> Place:
    names = ("households", *COUNTED, "empty", "behind")
    return replace(
        place, **{name: getattr(place, name) + sum(getattr(one, name) for one in others) for name in names}
    )


def village(session: Session, campaign: Campaign, code: str) -> Place:
    """One village as it stands."""
    row = session.get(ScreeningCount, (campaign.id, code), populate_existing=True)
    living = _households(session, access.scope_of(code)).get(code, 0)
    return replace(_village(code, living, row, False), name=_names(session, [code]).get(code, code))
