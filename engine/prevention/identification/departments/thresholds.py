"""Above which amount a row counts (domain S2): a parameter of a county, a city or the province, dated.

西安: yuan, one amount for low-income households and one for others; 阳原: per cent of last year's rural income
per head; 滨州: what adds up in months.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, Division
from engine.casework.organisation import access, divisions
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Invalid, NotAllowed
from engine.ground.paging import Page, page_of
from engine.prevention.identification.departments import matters
from engine.prevention.models import DepartmentThreshold
from engine.prevention.register.monitoring_lines import ruling

AMOUNT, LINE, INCOME = "amount", "line", "income"
BASES = {AMOUNT: "元", LINE: "监测范围的百分之几", INCOME: "上年度农村居民人均可支配收入的百分之几"}
SETS = {"county_approver": "county", "city_reviewer": "city", "province_reviewer": "province"}
"""Who sets them, at which level."""
LEVELS = ("county", "city", "province")
"""The nearest first."""
KEY_TYPES = frozenset({"lifted_with_policy", "lifted_without_policy", "allowance", "destitute"})
"""The households of the first amount; monitored ones have it too (低收入人口)."""
MOST_AMOUNT, MOST_PERCENT, MOST_MONTHS = Decimal(10_000_000), Decimal(1000), 24


@dataclass(frozen=True)
class Asked:
    """What somebody typed for a threshold, as texts."""

    division: str = ""
    department: str = ""
    matter: str = ""
    basis: str = ""
    for_key: str = ""
    for_others: str = ""
    income: str = ""
    months: str = ""
    effective_from: str = ""
    document: str = ""


class Bars:
    """The thresholds of a matter in force on a day: which yuan a household's amount is held against."""

    def __init__(self, session: Session, department: str, matter: str, day: date) -> None:
        self.session, self.day = session, day
        query = select(DepartmentThreshold).where(
            DepartmentThreshold.department == department,
            DepartmentThreshold.matter == matter,
            DepartmentThreshold.effective_from <= day,
            DepartmentThreshold.ended_at.is_(None),
        )
        ordered = query.order_by(DepartmentThreshold.effective_from, DepartmentThreshold.id)
        self._of = {row.division_code: row for row in session.scalars(ordered)}  # the latest day stays
        self._lines: dict[str, int] = {}

    def at(self, code: str) -> DepartmentThreshold | None:
        """The threshold of the nearest place at or above `code`; None where nobody has set one."""
        found = (self._of.get(access.ancestor(code, level)) for level in LEVELS)
        return next((one for one in found if one is not None), None)

    def yuan(self, one: DepartmentThreshold, village_code: str, *, is_key: bool) -> Decimal:
        """Above which amount a household of the village counts."""
        said = one.for_key if is_key else one.for_others
        if one.basis == AMOUNT:
            return said
        whole = one.income if one.basis == INCOME else Decimal(self._line(village_code))
        return (said * (whole or Decimal(0)) / 100).quantize(Decimal("0.01"))

    def _line(self, village_code: str) -> int:
        """The province's monitoring line of the day (R01). Raises Invalid where none is set."""
        province = access.ancestor(village_code, "province")
        if province not in self._lines:
            self._lines[province] = ruling.in_force(self.session, village_code, self.day).amount
        return self._lines[province]

    def touches(self, code: str) -> bool:
        """Whether any is set for the place, or within it."""
        scope = access.scope_of(code)
        return self.at(code) is not None or any(scope.holds(one) for one in self._of)


def settable(session: Session, actor: Account) -> list[tuple[str, str]]:
    """The places for which the actor sets thresholds: code and name."""
    codes = {grant.division_code for grant in actor.grants if _sets(grant.role, grant.division_code)}
    return sorted(divisions.names(session, codes).items())


def _sets(role: str, code: str) -> bool:
    return SETS.get(role) == access.level_of(code)


def listing(session: Session, actor: Account, page: int = 1) -> Page[DepartmentThreshold]:
    """The thresholds that concern the actor: of the places in reach and of those above; the latest first."""
    query = select(DepartmentThreshold).where(_concerning(actor), DepartmentThreshold.ended_at.is_(None))
    ordered = query.order_by(
        DepartmentThreshold.department,
        DepartmentThreshold.matter,
        DepartmentThreshold.division_code,
        DepartmentThreshold.effective_from.desc(),
    )
    return page_of(session, query, ordered, page)


def _concerning(actor: Account) -> ColumnElement[bool]:
    scopes = access.scopes(actor)
    above = {access.ancestor(scope.low, level) for scope in scopes for level in LEVELS}
    return or_(
        access.within(DepartmentThreshold.division_code, scopes),
        DepartmentThreshold.division_code.in_(sorted(above)),
    )


@whole
def set_one(session: Session, actor: Account, asked: Asked, *, clock: Clock) -> DepartmentThreshold:
    """Set a threshold from a day on; of the same day the one before ends. Raises Invalid, NotAllowed."""
    matter = matters.get(asked.department, asked.matter)
    if asked.division not in dict(settable(session, actor)):
        raise NotAllowed("标准由县、市、省各自为本地设定。")
    values = _read(asked, matter, local_date(clock.now()))
    key = {"division_code": asked.division, "department": asked.department, "matter": asked.matter}
    with write(session, alone=True):
        place = select(Division).where(Division.code == asked.division).with_for_update()
        session.scalars(place).one()  # two who set one at the same moment wait for each other
        same = [getattr(DepartmentThreshold, name) == value for name, value in key.items()]
        before = update(DepartmentThreshold).where(
            *same,
            DepartmentThreshold.effective_from == values["effective_from"],
            DepartmentThreshold.ended_at.is_(None),
        )
        session.execute(before.values(ended_at=clock.now()))
        row = DepartmentThreshold(**key, **values, set_by=actor.id, set_at=clock.now())
        session.add(row)
        session.flush()
        _log(session, actor, row, clock.now())
    return row


def _log(session: Session, actor: Account, row: DepartmentThreshold, now: datetime) -> None:
    details = {
        "division": row.division_code,
        "department": row.department,
        "matter": row.matter,
        "basis": row.basis,
        "for_key": str(row.for_key),
        "for_others": str(row.for_others),
        "from": row.effective_from.isoformat(),
    }
    audit.record(session, "access", actor.id, "department_threshold", details, now)


def _read(asked: Asked, matter: matters.Matter, today: date) -> dict[str, Any]:
    """The values as they are kept. Raises Invalid, with the sentences at the fields."""
    wrong: dict[str, list[str]] = {}
    if not matter.amount:
        wrong["matter"] = ["这项预警没有金额，名单上的都是线索，不用设标准。"]
    if asked.basis not in BASES:
        wrong["basis"] = ["请选择按什么算。"]
    most = MOST_AMOUNT if asked.basis == AMOUNT else MOST_PERCENT
    values: dict[str, Any] = {"basis": asked.basis}
    for name in ("for_key", "for_others"):
        values[name] = _number(getattr(asked, name), most, name, wrong)
    values["income"] = _number(asked.income, MOST_AMOUNT, "income", wrong) if asked.basis == INCOME else None
    values["months"] = _months(asked.months, wrong)
    values["effective_from"] = _day(asked.effective_from, today, wrong)
    values["document"] = text.line(asked.document)[:200]
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    return values


def _number(said: str, most: Decimal, name: str, wrong: dict[str, list[str]]) -> Decimal | None:
    found = text.number(said)
    if found is None or not 0 <= found <= most:
        wrong[name] = [f"请填 0 到 {most:,} 之间的数。"]
        return None
    return found.quantize(Decimal("0.01"))


def _months(said: str, wrong: dict[str, list[str]]) -> int:
    found = text.whole(text.half(said) or "0", MOST_MONTHS)
    if found is None:
        wrong["months"] = [f"请填 0 到 {MOST_MONTHS} 之间的整数；0 是每条单独算。"]
    return found or 0


def _day(said: str, today: date, wrong: dict[str, list[str]]) -> date | None:
    found = text.day(said)
    if found is None or found.year < 2000 or found.year > today.year + 1:
        wrong["effective_from"] = ["请填从哪一天起执行。"]
        return None
    return found


def names(session: Session, rows: Sequence[DepartmentThreshold]) -> Mapping[str, str]:
    """What the places of thresholds are called."""
    return divisions.names(session, [row.division_code for row in rows])
