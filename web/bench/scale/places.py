"""Where the households live: villages of very different size, each with its officials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from random import Random
from typing import Any

from sqlalchemy import Connection

from engine.casework.organisation import access
from engine.prevention.demo.populate import COUNTY, TOWNSHIP

SPREAD = 1.0
"""Of the logarithm of a village's households: one village in a hundred has ten times the median."""
LEVELS = ("village", "township", "county", "city")
PEOPLE = {"village": 1, "township": 1, "county": 2, "city": 1}
"""Officials of a place at each level; a county has two, for who matches does not approve (R12)."""
ROLES = {
    "village": "village_official",
    "township": "township_reviewer",
    "county": "county_approver",
    "city": "city_reviewer",
}


@dataclass(frozen=True)
class Place:
    """A village, and what lies above it: codes and names from the village up to the city."""

    division_id: int
    codes: tuple[str, ...]
    names: tuple[str, ...]

    @cached_property
    def named(self) -> list[Any]:
        """Codes and names by turns, from the village up, and the division's number: as stories name them."""
        pairs = zip(self.codes, self.names, strict=True)
        return [*(one for pair in pairs for one in pair), self.division_id]


@dataclass
class Officials:
    """Who works where: the demo's officials, and one for each place that had none."""

    of: dict[tuple[str, str], list[int]]
    """By role and division."""
    known: Mapping[int, tuple[str, str, int]]
    """The demo's: role, level, and which of those of its place."""
    accounts: list[dict[str, Any]] = field(default_factory=list)
    grants: list[dict[str, Any]] = field(default_factory=list)

    def instead(self, account: int, place: Place) -> int:
        """Who does at `place` what the demo's official did at theirs."""
        known = self.known.get(account)
        if known is None:
            return account
        role, level, which = known
        there = self.of.get((role, place.codes[LEVELS.index(level)]))
        return there[min(which, len(there) - 1)] if there else account


def places(connection: Connection) -> list[Place]:
    """Every village of the province, in the order of its code."""
    query = "SELECT id, code, name, level FROM division ORDER BY code"
    found = connection.exec_driver_sql(query).all()
    names = {code: name for _, code, name, _ in found}
    village_rows = [(number, code) for number, code, _, level in found if level == "village"]
    answer = []
    for number, code in village_rows:
        codes = tuple(access.ancestor(code, level) for level in LEVELS)
        answer.append(Place(number, codes, tuple(names.get(one, "") for one in codes)))
    return answer


def crowd(villages: int, households: int, chance: Random) -> list[int]:
    """How many of the households live in each village."""
    weights = list(accumulate(chance.lognormvariate(0, SPREAD) for _ in range(villages)))
    bounds = [round(households * weight / weights[-1]) for weight in weights]
    return [last - first for first, last in zip([0, *bounds], bounds, strict=False)]


def officials(connection: Connection, villages: Iterable[Place], now: Any) -> Officials:
    """The demo's officials, and rows of accounts for what has none of `villages` and above them."""
    held = connection.exec_driver_sql(
        "SELECT g.account_id, g.role, g.division_code, d.level FROM role_grant g"
        " JOIN division d ON d.code = g.division_code ORDER BY g.account_id"
    ).all()
    of: dict[tuple[str, str], list[int]] = {}
    known: dict[int, tuple[str, str, int]] = {}
    for account, role, code, level in held:
        there = of.setdefault((role, code), [])
        if ROLES.get(level) == role and code in _demo(code):
            known.setdefault(account, (role, level, len(there)))
        there.append(account)
    answer = Officials(of, known)
    model = dict(
        connection.exec_driver_sql(
            f"SELECT * FROM account WHERE id = {of['village_official', _first(of)][0]}"
        )
        .mappings()
        .one()
    )
    grant = dict(connection.exec_driver_sql("SELECT * FROM role_grant LIMIT 1").mappings().one())
    last = connection.exec_driver_sql("SELECT max(id) FROM account").scalar_one()
    last_grant = connection.exec_driver_sql("SELECT max(id) FROM role_grant").scalar_one()
    for place in villages:
        for level, code in zip(LEVELS, place.codes, strict=True):
            key = (ROLES[level], code)
            if key in of:
                continue
            of[key] = []
            for which in range(PEOPLE[level]):
                last, last_grant = last + 1, last_grant + 1
                name = f"{level[0]}{code}{'ab'[which] if which else ''}"
                of[key].append(last)
                answer.accounts.append(
                    {**model, "id": last, "username": name, "division_code": code, "created_at": now}
                )
                row = {"id": last_grant, "account_id": last, "role": ROLES[level], "division_code": code}
                answer.grants.append({**grant, **row})
    return answer


def _demo(code: str) -> tuple[str, ...]:
    return (code,) if code[:4] == COUNTY[:4] else ()


def _first(of: Mapping[tuple[str, str], list[int]]) -> str:
    return next(code for role, code in of if role == "village_official" and code[:9] == TOWNSHIP[:9])
