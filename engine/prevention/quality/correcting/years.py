"""The income of earlier years, put right (T30): the only values of the register that no other act changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.ground.errors import Invalid
from engine.prevention.models import Finding, HouseholdYear

AMOUNTS = ("net_income", "per_capita")


def known(session: Session, household_id: int, found: Iterable[Finding]) -> list[dict[str, Any]]:
    """The years that findings name, with what the register has of them (yuan), the earliest first."""
    named = {year for one in found for year in _named(one)}
    if not named:
        return []
    query = select(HouseholdYear).where(
        HouseholdYear.household_id == household_id, HouseholdYear.year.in_(named)
    )
    rows = session.scalars(query.order_by(HouseholdYear.year))
    return [
        {
            "year": str(row.year),
            "net_before": _shown(row.net_income),
            "per_before": _shown(row.per_capita),
            "net_income": _shown(row.net_income),
            "per_capita": _shown(row.per_capita),
        }
        for row in rows
    ]


_YEAR = re.compile(r"\b\d{4}\b", re.ASCII)


def _named(one: Finding) -> list[int]:
    """The years that a finding says under ``years``: a list, or a text (2019、2020、2021)."""
    said = one.facts.get("years") if one.way == "years" else ""
    written = "、".join(map(str, said)) if isinstance(said, list) else str(said or "")
    return [int(year) for year in _YEAR.findall(written)]


def changed(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The typed years of which an amount differs from what stood there; left blank is left as it is."""
    return [row for row in rows if _differs(row, "net_income", "net_before", "per_capita", "per_before")]


def _differs(row: Mapping[str, Any], *names: str) -> bool:
    typed = [(row.get(name), row.get(before)) for name, before in zip(names[::2], names[1::2], strict=True)]
    return any(now is not None and _money(now) != _money(before) for now, before in typed)


def require_change(found: Iterable[Finding], typed: Sequence[Mapping[str, Any]]) -> None:
    """Who says that a year's income was corrected gives the right one. Raises Invalid."""
    wanting = any(one.way == "years" and one.answer == "corrected" and _named(one) for one in found)
    if wanting and not changed(typed):
        sentence = "年度收入填了“已更正”，更正后的数却与原来的相同：请填写更正后的数，或者说明为什么没有错。"
        raise Invalid(sentence, {"years": [sentence]})


def write(
    session: Session, household_id: int, typed: Sequence[Mapping[str, Any]], by: int | None, now: datetime
) -> dict[str, list[Any]]:
    """The years as they were typed; answers what stood there, by year, for `put_back`."""
    right = {int(row["year"]): row for row in changed(typed)}
    before: dict[str, list[Any]] = {}
    query = select(HouseholdYear).where(
        HouseholdYear.household_id == household_id, HouseholdYear.year.in_(right)
    )
    for year in session.scalars(query):
        at = year.recorded_at.isoformat()
        before[str(year.year)] = [str(year.net_income), str(year.per_capita), year.recorded_by, at]
        for name in AMOUNTS:
            if right[year.year].get(name) is not None:
                setattr(year, name, _money(right[year.year][name]))
        year.recorded_by, year.recorded_at = by, now
    session.flush()
    return before


def put_back(session: Session, household_id: int, before: Mapping[str, Sequence[Any]]) -> None:
    """What `write` had changed is as it was, and whose it was (R38)."""
    query = select(HouseholdYear).where(
        HouseholdYear.household_id == household_id, HouseholdYear.year.in_([int(year) for year in before])
    )
    for year in session.scalars(query):
        net_income, per_capita, *whose = before[str(year.year)]
        year.net_income, year.per_capita = Decimal(net_income), Decimal(per_capita)
        if whose:
            year.recorded_by, year.recorded_at = whose[0], datetime.fromisoformat(whose[1])


def _shown(amount: Decimal) -> int | float:
    """The amount as people type it: 24000, not 24000.0."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _money(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))
