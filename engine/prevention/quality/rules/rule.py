"""A rule: a SELECT of what is wrong, where it stands in the plan, what is said of it, and two examples.

Every SELECT begins at `KEPT`, answers `household_id`, `member_key` ('' for the household itself) and what its
sentence names, and may ask for what `today`, `before` and `parameter` stand for. Nothing in it may differ
from one day to the next while the data stays as it is: a finding that was justified comes again when its
facts change. So a sentence says since when, never for how long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Date, Integer, Select, and_, bindparam, case, or_, select
from sqlalchemy import literal as _literal
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors

from engine.casework.organisation.access import Scope
from engine.ground.clock import local_date, months_later, written
from engine.prevention.models import Household, Member
from engine.prevention.quality.findings import Found
from engine.prevention.quality.rules.words import WORDS
from engine.prevention.register.households import finding as households

MONITORED = Household.status == "monitored"
ELIMINATED = Household.status == "eliminated"
REGISTERED = Household.status.in_(("monitored", "eliminated"))
"""监测对象, whose risk is or is not yet eliminated."""
LIFTED = Household.household_type.in_(("lifted_with_policy", "lifted_without_policy"))
"""脱贫户."""
KEPT = and_(households.there(), or_(REGISTERED, LIFTED))
"""二(五): the data of the formerly poor and of the monitored is verified; of nobody else is anything asked
(Q79).
"""


# -- what a SELECT may ask for -----------------------------------------------------------------------


def today() -> BindParameter[date]:
    """SQL: the day of the run."""
    return bindparam("today", type_=Date())


def before(months: int | str) -> BindParameter[date]:
    """SQL: the day so many months before the run's; of a parameter by its name."""
    return bindparam(f"before_{months}", type_=Date())


def born(years: int) -> BindParameter[date]:
    """SQL: who was born after this day is not yet so many years old."""
    return before(12 * years)


def parameter(name: str) -> BindParameter[int]:
    """SQL: a parameter of the province (`parameters.DEFAULTS`)."""
    return bindparam(f"given_{name}", type_=Integer())


@dataclass(frozen=True)
class Moment:
    """The day of a run, and the province's parameters."""

    today: date
    parameters: Mapping[str, int]

    def value(self, name: str) -> date | int:
        """What a name in a SELECT stands for."""
        kind, _, rest = name.partition("_")
        if kind == "today":
            return self.today
        if kind == "given":
            return self.parameters[rest]
        months = int(rest) if rest.isdecimal() else self.parameters[rest]
        return months_later(self.today, -months)


# -- a rule ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """A household as it differs from a usual one (`tests.support.quality`), and what is said of it.

    `members` by position, None: not there; positions past the last are added. `measures` and `years` instead
    of the usual ones; `more` are rows of other tables by their name; `beside` is another household.
    """

    said: str = ""
    household: Mapping[str, Any] = field(default_factory=dict)
    members: Mapping[int, Mapping[str, Any] | None] = field(default_factory=dict)
    year: Mapping[str, Any] = field(default_factory=dict)
    years: tuple[Mapping[str, Any], ...] = ()
    measures: tuple[Mapping[str, Any], ...] | None = None
    more: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    beside: Example | None = None


@dataclass(frozen=True)
class Rule:
    """What is wrong, by which clause; `way` is where it is put right (`correcting.ways`)."""

    name: str
    clause: str
    title: str
    sentence: str
    """With the columns of the SELECT in braces."""
    severity: str
    way: str
    query: Select[Any]
    broken: Example
    clean: Example
    uses: tuple[str, ...] = ()
    """The parameters that the title names."""

    @cached_property
    def asked(self) -> frozenset[str]:
        """The names of what its SELECT asks for."""
        found = visitors.iterate(self.query)
        return frozenset(str(one.key) for one in found if isinstance(one, BindParameter) and one.required)

    @cached_property
    def within(self) -> Select[Any]:
        """Its SELECT of a range of villages."""
        low: BindParameter[str] = bindparam("low")
        high: BindParameter[str] = bindparam("high")
        return self.query.where(Household.village_code.between(low, high))

    def find(self, session: Session, scope: Scope, moment: Moment) -> Iterable[Found]:
        """What is wrong in a range of villages on a day."""
        given = {name: moment.value(name) for name in self.asked}
        rows = session.execute(self.within, {**given, "low": scope.low, "high": scope.high})
        for row in rows.mappings():
            figures = {name: _read(name, value) for name, value in row.items() if name not in _WHOSE}
            yield Found(
                self.name,
                row["household_id"],
                row["member_key"],
                self.sentence.format_map({name: _said(name, value) for name, value in figures.items()}),
                {name: _kept(value) for name, value in figures.items()},
                self.severity,
                self.way,
            )


_WHOSE = ("household_id", "member_key")


def _read(name: str, value: Any) -> Any:
    """An instant is told by its day; years come one after another (`correcting.years`)."""
    if name == "years":
        return sorted(int(year) for year in value.split("、"))
    return local_date(value) if isinstance(value, datetime) else value


def _kept(value: Any) -> Any:
    """A column as both databases keep it in a finding's facts."""
    if isinstance(value, Decimal | float):
        return _amount(value)
    if isinstance(value, str):
        return value.removesuffix("、")
    return value.isoformat() if isinstance(value, date) else value


def _said(name: str, value: Any) -> str:
    if value is None or value == "":
        return "空"
    if isinstance(value, date):
        return written(value)
    if isinstance(value, list):
        return "、".join(map(str, value))
    return WORDS.get(name, {}).get(value, str(_kept(value)))


def _amount(value: Decimal | float) -> str:
    return f"{Decimal(str(value)).quantize(Decimal('0.01')):f}".removesuffix(".00")


def of_household(*figures: ColumnElement[Any], where: Iterable[ColumnElement[bool]]) -> Select[Any]:
    """SQL: the kept households for which all of `where` holds."""
    whose = (Household.id.label("household_id"), _literal("").label("member_key"))
    return select(*whose, *figures).select_from(Household).where(KEPT, *where)


def of_member(*figures: ColumnElement[Any], where: Iterable[ColumnElement[bool]]) -> Select[Any]:
    """SQL: the members of kept households for whom all of `where` holds; `name` is theirs."""
    whose = (Household.id.label("household_id"), Member.key.label("member_key"), Member.name.label("name"))
    query = select(*whose, *figures).select_from(Household).join(Member, Member.household_id == Household.id)
    return query.where(KEPT, *where)


def joined(parts: Iterable[tuple[ColumnElement[bool], str]]) -> ColumnElement[str]:
    """SQL: the words whose condition holds, one after another, each ended by 、."""
    text: ColumnElement[str] = _literal("")
    for condition, word in parts:
        text = text.concat(case((condition, f"{word}、"), else_=""))
    return text
