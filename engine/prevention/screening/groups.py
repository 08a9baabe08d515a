"""The ten key groups (R04): which ones the register knows of a household, by the campaign's decision table.

Facts are read for a whole portion at once; what makes a group stands in the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.flow.receivers import Consulted
from engine.ground.tables import table
from engine.prevention.campaign.campaigns import GROUPS, Basis
from engine.prevention.models import Household, HouseholdYear, Member
from engine.prevention.register.households import checked

NAMES = {
    "willing": "有自主申报意愿",
    "lifted": "脱贫户",
    "low_income": "收入较低或明显减少",
    "destitute": "分散供养特困",
    "allowance": "农村低保",
    "disabled": "残疾人家庭",
    "children": "多子女",
    "unstable_work": "务工不稳",
    "heavy_spending": "刚性支出较大或收入大幅缩减",
    "other": "其他",
}
PUPILS = frozenset(
    {"kindergarten", "primary", "junior", "senior", "vocational", "college", "bachelor", "graduate"}
)
LATER = frozenset({"senior", "vocational", "college", "bachelor", "graduate"})
"""Schooling beyond the compulsory one (domain Q16)."""
KNOWN = (
    "household_type per_capita income_drop disabled pupils later_pupils wage_share work_months "
    "rigid_share line"
).split()
"""What the table reads of a household; None for what the register does not have."""


@dataclass(frozen=True)
class Known:
    """What the register says of a household that a screening begins from."""

    size: int
    groups: tuple[str, ...]
    reasons: tuple[str, ...]
    per_capita: float | None
    assured: bool | None
    """Whether all assurances were met as last verified; None where nobody has."""


def known(session: Session, ids: Iterable[int], basis: Basis) -> dict[int, Known]:
    """By household, in three queries whatever the number."""
    wanted = list(ids)
    types = _types(session, wanted)
    members = _members(session, wanted)
    years = _years(session, wanted)
    return {one: _known(types[one], members.get(one, ()), years.get(one, ()), basis) for one in types}


def _known(
    household_type: str, members: Sequence[Mapping[str, Any]], years: Sequence[Any], basis: Basis
) -> Known:
    facts = {**_people(members), **_money(years), "household_type": household_type}
    hits = basis.groups.evaluate({"known": {**facts, "line": basis.line["amount"]}})
    rows = [hits] if isinstance(hits, Mapping) else hits or []
    groups = dict.fromkeys(str(row["group"]) for row in rows if row.get("group") in NAMES)
    return Known(
        max(1, len(members)),
        tuple(groups),
        tuple(str(row["reason"]) for row in rows if row.get("reason")),
        facts["per_capita"],
        _assured(years),
    )


def _people(members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    schooling = [str(one.get("schooling") or "") for one in members]
    months = [int(one["work_months"]) for one in members if _is_number(one.get("work_months"))]
    return {
        "disabled": sum(1 for one in members if one.get("health") == "disabled"),
        "pupils": sum(1 for one in schooling if one in PUPILS),
        "later_pupils": sum(1 for one in schooling if one in LATER),
        "work_months": max(months) if months else None,
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _money(years: Sequence[Any]) -> dict[str, Any]:
    """Of the latest year, and of the one before for a drop; the latest comes first."""
    nothing = {"per_capita": None, "income_drop": None, "wage_share": None, "rigid_share": None}
    if not years:
        return nothing
    latest, before = years[0], next((one for one in years if one.year == years[0].year - 1), None)
    earned = _sum(latest.income, checked.INCOME)
    wage = _sum(latest.income, ("wage",))
    rigid = _sum(latest.spending, checked.SPENDING)
    net = float(latest.net_income)
    drop = 1 - float(latest.per_capita) / float(before.per_capita) if before and before.per_capita else None
    return {
        "per_capita": float(latest.per_capita),
        "income_drop": drop,
        "wage_share": wage / earned if earned else None,
        "rigid_share": rigid / net if net > 0 and latest.spending else None,
    }


def _sum(amounts: Mapping[str, Any], names: Iterable[str]) -> float:
    return float(sum(amounts[name] for name in names if _is_number(amounts.get(name))))


def _assured(years: Sequence[Any]) -> bool | None:
    said = [value for value in (years[0].assurances if years else {}).values() if value in ("yes", "no")]
    return "no" not in said if said else None


# -- what the register has -------------------------------------------------------------------------

_HOUSEHOLD, _MEMBER, _YEAR = table(Household), table(Member), table(HouseholdYear)


def _types(session: Session, ids: Sequence[int]) -> dict[int, str]:
    query = select(_HOUSEHOLD.c.id, _HOUSEHOLD.c.household_type).where(_HOUSEHOLD.c.id.in_(ids))
    return {row.id: row.household_type for row in session.execute(query)}


def _members(session: Session, ids: Sequence[int]) -> dict[int, list[Mapping[str, Any]]]:
    found: dict[int, list[Mapping[str, Any]]] = {}
    query = select(_MEMBER.c.household_id, _MEMBER.c.facts).where(_MEMBER.c.household_id.in_(ids))
    for row in session.execute(query):
        found.setdefault(row.household_id, []).append(row.facts)
    return found


def _years(session: Session, ids: Sequence[int]) -> dict[int, list[Any]]:
    """The years of each household, the latest first."""
    found: dict[int, list[Any]] = {}
    query = select(_YEAR).where(_YEAR.c.household_id.in_(ids)).order_by(_YEAR.c.year.desc())
    for row in session.execute(query):
        found.setdefault(row.household_id, []).append(row)
    return found


KIT = Kit(
    consulted=(
        Consulted(
            GROUPS,
            "登记簿中重点群体的决策表",
            {"known": frozenset(KNOWN)},
            frozenset({"group", "reason"}),
        ),
    ),
)
