"""What was found, as lists and counts: in one's reach, by state, rule, place and page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select
from sqlalchemy.orm import Session, joinedload

from engine.casework.models import Account, Division
from engine.casework.organisation import access, divisions
from engine.ground.errors import NotFound
from engine.ground.paging import Page, page_of
from engine.prevention.models import Finding, Household
from engine.prevention.quality import parameters
from engine.prevention.quality.correcting import traces
from engine.prevention.quality.entries import reviews
from engine.prevention.quality.rules.catalogue import BY_NAME
from engine.prevention.quality.rules.parameters import NUMBERS
from engine.prevention.quality.sampling.results import KINDS

STATUS = {
    "waiting": "等待下发",
    "asked": "待村级整改",
    "corrected": "已更正，待乡级确认",
    "justified": "已说明，待乡级确认",
    "confirmed": "乡级已确认",
    "closed": "已销号",
}
ENDINGS = {
    "no_longer": "再次核查已不再查出",
    "confirmed": "乡级确认后销号",
    "gone": "全户已不在册",
    "merged": "已并入别户",
}
HINT = "提示，不要求整改"
"""Instead of the state of a hint that waits: no village is asked (`asking.ASKED`)."""
_SHOWN_ONLY = (Finding.status == "waiting") & (Finding.severity == "hint")
OPEN = ("waiting", "asked", "corrected", "justified")
"""What somebody still has to do something about."""
STATES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "open": ("未办结", OPEN),
    "asked": ("待村级整改", ("waiting", "asked")),
    "answered": ("待乡级确认", ("corrected", "justified")),
    "confirmed": ("乡级已确认", ("confirmed",)),
    "closed": ("已销号", ("closed",)),
}
"""What the list is narrowed to, with the states that it means."""


@dataclass(frozen=True)
class FindingFilter:
    """What the list is narrowed to; every field may be empty."""

    state: str = "open"
    rule: str = ""
    division: str = ""
    severity: str = ""


@dataclass(frozen=True)
class Count:
    """So many findings of one place: plainly, without aims or ranks (R02)."""

    code: str
    name: str
    asked: int
    answered: int
    again: int
    """Of those still open, such as were found once more after they had been confirmed, or sent back."""
    confirmed: int
    closed: int


def titles(session: Session, actor: Account) -> Callable[[str], str]:
    """What people call a rule, with the province's numbers, or a kind of problem of a sample or a review."""
    numbers = parameters.of_actor(session, NUMBERS, actor)

    def title(rule: str) -> str:
        if rule in BY_NAME:
            return BY_NAME[rule].title.format_map(numbers)
        kind = rule.removeprefix("sample_")
        if kind in KINDS:
            return f"抽查：{KINDS[kind]}"
        entry = rule.removeprefix("entry_")
        return f"录入复核：{reviews.KINDS[entry]}" if entry in reviews.KINDS else rule

    return title


def listing(session: Session, actor: Account, wanted: FindingFilter, page: int = 1) -> Page[Finding]:
    """The findings in the actor's reach, the latest first."""
    query = select(Finding).where(*_within(actor, wanted.division), *_narrowed(wanted))
    household = joinedload(Finding.household).joinedload(Household.division)
    return page_of(session, query, query.order_by(Finding.id.desc()).options(household), page)


def _within(actor: Account, division: str) -> Iterable[ColumnElement[bool]]:
    yield access.within(Finding.village_code, access.scopes(actor))
    if division:
        yield access.within(Finding.village_code, [access.scope_of(division)])


def _narrowed(wanted: FindingFilter) -> Iterable[ColumnElement[bool]]:
    if wanted.state in STATES:
        yield Finding.status.in_(STATES[wanted.state][1])
    if wanted.state == "asked":
        yield ~_SHOWN_ONLY
    if wanted.rule:
        yield Finding.rule == wanted.rule
    if wanted.severity:
        yield Finding.severity == wanted.severity


def rules(session: Session, actor: Account) -> dict[str, tuple[str, int]]:
    """By rule: what people call it and how many are open in the actor's reach, the most first."""
    query = select(Finding.rule, func.count()).where(*_within(actor, ""), Finding.status.in_(OPEN))
    counted = session.execute(query.group_by(Finding.rule).order_by(func.count().desc(), Finding.rule))
    title = titles(session, actor)
    return {rule: (title(rule), count) for rule, count in counted}


def counts(session: Session, actor: Account, division: str) -> list[Count]:
    """How many of each state, by the divisions right below one in the actor's reach."""
    below = divisions.children(session, division)
    if not below:
        return []
    finest = max(access.PREFIX_LENGTH[access.level_of(one.code)] for one in below)
    code = func.substr(Finding.village_code, 1, finest)
    open_ = Finding.status.in_(OPEN)
    query = select(
        code,
        _sum(Finding.status.in_(STATES["asked"][1]) & ~_SHOWN_ONLY),
        _sum(Finding.status.in_(STATES["answered"][1])),
        _sum(open_ & (Finding.times > 1)),
        _sum(Finding.status == "confirmed"),
        _sum(Finding.status == "closed"),
    ).where(*_within(actor, division))
    rows = session.execute(query.group_by(code)).all()
    counted = [_count(one, [row for row in rows if _holds(one, row[0])]) for one in below]
    return [one for one in counted if one is not None]


def _holds(one: Division, prefix: str) -> bool:
    return access.scope_of(one.code).holds(prefix.ljust(12, "0"))


def _count(one: Division, rows: Sequence[Row[Any]]) -> Count | None:
    if not rows:
        return None
    return Count(one.code, one.name, *(sum(int(row[place]) for row in rows) for place in range(1, 6)))


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def get(session: Session, actor: Account, finding_id: int) -> Finding:
    """One finding. Raises NotFound outside the actor's reach."""
    found = session.get(Finding, finding_id, options=[joinedload(Finding.household)])
    if found is None or not access.reaches(actor, found.village_code):
        raise NotFound("没有找到这项问题。")
    return found


def of_household(session: Session, household_id: int) -> Sequence[Finding]:
    """All that was found of a household, what is open first; whoever asks has seen the household."""
    over = case((Finding.status.in_(OPEN), 0), else_=1)
    query = select(Finding).where(Finding.household_id == household_id)
    return session.scalars(query.order_by(over, Finding.id.desc()).limit(traces.MOST)).all()


def state_of(row: Finding) -> str:
    """What people call the state of a finding."""
    return HINT if (row.status, row.severity) == ("waiting", "hint") else STATUS[row.status]


def people(session: Session, numbers: Iterable[int | None]) -> dict[int, str]:
    """The names of accounts by their numbers."""
    query = select(Account.id, Account.name).where(Account.id.in_({one for one in numbers if one}))
    return {row.id: row.name for row in session.execute(query)}
