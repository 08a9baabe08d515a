"""What the register says of each place of a county: households, people, monitored, still at risk (R31)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, delete, func, insert, select
from sqlalchemy.orm import Session

from engine.casework.organisation import access
from engine.prevention.models import Household, Member, WatchFigure
from engine.prevention.register.households import finding as households

LEVELS = ("county", "township", "village")
MONITORED = ("monitored", "eliminated")
"""监测对象: admitted and not cleared, whether the risk is eliminated or not."""
COUNTED = ("households", "people", "monitored", "monitored_people", "open")
_IS_MONITORED = case((Household.status.in_(MONITORED), 1), else_=0)
_IS_OPEN = case((Household.status == "monitored", 1), else_=0)


@dataclass(frozen=True)
class Share:
    """Two figures that places are compared by, in per cent."""

    share: float
    """Monitored people of all people of the register (占农业人口比例)."""
    open_share: float
    """Households whose risk is not eliminated, of the monitored ones."""


def of(row: Mapping[str, Any]) -> Share:
    """The shares of counted figures; 0 where there is nothing to share."""
    return Share(_per_cent(row["monitored_people"], row["people"]), _per_cent(row["open"], row["monitored"]))


def _per_cent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def next_county(session: Session, after: str) -> str | None:
    """The next county with households, by code; a step in the index, not a walk through it."""
    last = access.scope_of(after).high if after else ""
    code = session.scalar(select(func.min(Household.village_code)).where(Household.village_code > last))
    return access.ancestor(code, "county") if code else None


def count(session: Session, week: date, county: str) -> None:
    """Count a county's places anew for a week, inside the caller's transaction."""
    scope = access.scope_of(county)
    here = Household.village_code.between(scope.low, scope.high)
    of_households = select(
        Household.village_code,
        func.count(),
        func.sum(_IS_MONITORED),
        func.sum(_IS_OPEN),
    ).where(here, households.there())
    of_people = (
        select(Household.village_code, func.count(), func.sum(_IS_MONITORED))
        .join(Member, Member.household_id == Household.id)
        .where(here, households.there())
    )
    places: dict[tuple[str, str], dict[str, int]] = {}
    for code, number, monitored, still in session.execute(of_households.group_by(Household.village_code)):
        _put(places, code, {"households": number, "monitored": monitored, "open": still})
    for code, people, monitored in session.execute(of_people.group_by(Household.village_code)):
        _put(places, code, {"people": people, "monitored_people": monitored})
    old = delete(WatchFigure).where(
        WatchFigure.week == week, WatchFigure.division_code.between(scope.low, scope.high)
    )
    session.execute(old)
    rows = [
        {"week": week, "division_code": code, "level": level, **dict.fromkeys(COUNTED, 0), **counted}
        for (level, code), counted in places.items()
    ]
    if rows:
        session.execute(insert(WatchFigure), rows)


def _put(places: dict[tuple[str, str], dict[str, int]], village: str, counted: Mapping[str, int]) -> None:
    for level in LEVELS:
        here = places.setdefault((level, access.ancestor(village, level)), {})
        for name, number in counted.items():
            here[name] = here.get(name, 0) + int(number or 0)


def row(figure: WatchFigure) -> dict[str, int]:
    """The counted figures of a place."""
    return {name: getattr(figure, name) for name in COUNTED}


def summed(figures: Iterable[WatchFigure]) -> dict[str, int]:
    """Together."""
    found = dict.fromkeys(COUNTED, 0)
    for figure in figures:
        for name in COUNTED:
            found[name] += getattr(figure, name)
    return found


def province(session: Session, week: date) -> dict[str, int]:
    """All counties of a week together."""
    columns = [func.sum(getattr(WatchFigure, name)) for name in COUNTED]
    found = session.execute(
        select(*columns).where(WatchFigure.week == week, WatchFigure.level == "county")
    ).one()
    return {name: int(number or 0) for name, number in zip(COUNTED, found, strict=True)}


def of_county(session: Session, week: date, county: str) -> list[WatchFigure]:
    """A county's places, from the widest down."""
    scope = access.scope_of(county)
    query = select(WatchFigure).where(
        WatchFigure.week == week, WatchFigure.division_code.between(scope.low, scope.high)
    )
    found = list(session.scalars(query.order_by(WatchFigure.division_code)))
    return sorted(found, key=lambda one: (LEVELS.index(one.level), one.division_code))
