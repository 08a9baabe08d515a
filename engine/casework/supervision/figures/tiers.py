"""Where the roll-ups keep what: by which level of division and which length of period.

Fine tiers answer for villages up to counties by range scans; coarse ones for cities and the province, whose
fine rows would be too many to add up while somebody waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import IntEnum

from engine.casework.organisation import access
from engine.casework.supervision.figures.facts import FLOW, STEP


class Tier(IntEnum):
    """A level and a length of period."""

    VILLAGE_DAY = 1
    CITY_DAY = 2
    CITY_MONTH = 3
    PROVINCE_DAY = 4
    PROVINCE_MONTH = 5
    TOWNSHIP_MONTH = 6


LEVEL = {
    Tier.VILLAGE_DAY: "village",
    Tier.TOWNSHIP_MONTH: "township",
    Tier.CITY_DAY: "city",
    Tier.CITY_MONTH: "city",
    Tier.PROVINCE_DAY: "province",
    Tier.PROVINCE_MONTH: "province",
}
MONTHLY = frozenset({Tier.CITY_MONTH, Tier.PROVINCE_MONTH, Tier.TOWNSHIP_MONTH})
_HEADLINE = (Tier.VILLAGE_DAY, Tier.CITY_DAY, Tier.CITY_MONTH, Tier.PROVINCE_DAY, Tier.PROVINCE_MONTH)
_OTHER: Mapping[str, tuple[Tier, ...]] = {
    STEP: (Tier.VILLAGE_DAY, Tier.CITY_MONTH, Tier.PROVINCE_MONTH),
    FLOW: (Tier.TOWNSHIP_MONTH, Tier.CITY_MONTH, Tier.PROVINCE_MONTH),
}
"""Steps and flows are shown by whole months, and nobody counts one village's flows."""


def tiers_of(measure: str) -> tuple[Tier, ...]:
    """The tiers that keep `measure`."""
    return _OTHER.get(measure, _HEADLINE)


def place(tier: Tier, village_code: str) -> str:
    """The division of `tier` that holds a village."""
    return access.ancestor(village_code, LEVEL[tier])


def period(tier: Tier, day: date) -> date:
    """The first day of the period of `tier` that holds `day`."""
    return day.replace(day=1) if tier in MONTHLY else day


def tier_for(measure: str, level: str, *, monthly: bool) -> Tier:
    """The coarsest tier that can tell `measure` by divisions of `level`, by day or (`monthly`) by month."""
    able = [
        tier
        for tier in tiers_of(measure)
        if access.PREFIX_LENGTH[LEVEL[tier]] >= access.PREFIX_LENGTH[level]
        and (monthly or tier not in MONTHLY)
    ]
    return min(able, key=lambda tier: (access.PREFIX_LENGTH[LEVEL[tier]], tier not in MONTHLY))
