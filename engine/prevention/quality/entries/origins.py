"""谁采集、谁录入、谁复核: of every value in a household's record, where it comes from (R38, Q71).

Nothing is noted twice: steps' submissions, changes of members and of contact, rows of screenings and the
years' figures already say who and when. A value's origin is the latest of them that has it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Account, CaseFile, Submission, WorkItem
from engine.casework.organisation import access
from engine.casework.organisation.privacy import mask_phone
from engine.ground import text
from engine.prevention.models import (
    Campaign,
    ContactChange,
    Household,
    MemberChange,
    ResponsibleOfficial,
    RiskClue,
    Screening,
)
from engine.prevention.register import contact, member_history
from engine.prevention.register.households import finding as households

Words = Mapping[str, Mapping[str, str]]
VALUES = {
    "head_name": "户主",
    "phone": "电话",
    "group_name": "村民小组",
    "address": "住址",
    "household_type": "户类型",
    "key_groups": "重点群体",
    "risks": "风险",
}
"""The record's own values, by the key that forms have for them."""
ASSURANCES = {
    "education_ok": "义务教育",
    "medical_ok": "基本医疗",
    "housing_ok": "住房安全",
    "water_ok": "饮水安全",
}
COLLECTORS = ("investigator_1", "investigator_2", "investigator", "finder")
"""Where forms name who was there."""


@dataclass(frozen=True)
class Source:
    """Something that was entered: who collected it, who entered it, who reviewed it."""

    name: str
    """What it was: a step, a change, a screening."""
    entered_at: datetime
    entered_by: int | None = None
    collected: str = ""
    collected_on: date | None = None
    reviewed_by: int | None = None
    reviewed_at: datetime | None = None
    case_id: int | None = None
    queue: str = "village"
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Origin:
    """A value of the record with its source; `source` is None where nothing says it."""

    what: str
    value: str
    source: Source | None


def of_household(session: Session, actor: Account, household_id: int, words: Words) -> list[Origin]:
    """Every value of the record with where it comes from, in a fixed number of queries.

    `words` names coded values by field. Raises NotFound out of the actor's reach.
    """
    household = households.view(session, actor, household_id)
    steps = [*_registered(session, household), *_steps(session, household_id)]
    contacts = _contacts(session, household_id, steps)
    members = _members(session, household_id, steps)
    return [
        *_values(household, [*steps, *contacts], words),
        *_people(household, members, steps, words),
        *_years(household, steps),
        *_assured(household, steps, words),
        *_official(session, household_id, steps),
        *_screened(session, household_id),
    ]


def people(session: Session, origins: Iterable[Origin]) -> dict[int, str]:
    """The names of who entered and reviewed, by account."""
    told = [one.source for one in origins if one.source is not None]
    ids = {one.entered_by for one in told} | {one.reviewed_by for one in told}
    query = select(Account.id, Account.name).where(Account.id.in_(ids - {None}))
    return {row.id: row.name for row in session.execute(query)}


# -- what was entered ------------------------------------------------------------------------------


def _steps(session: Session, household_id: int) -> list[Source]:
    """What was sent with the steps of the household's cases, the earliest first; what was taken back is none.

    A step is reviewed by the first decision after it that another person took at a higher desk.
    """
    cases = select(CaseFile.id).where(CaseFile.subject_id == household_id)
    decided: dict[int, list[Any]] = {}
    decisions = select(WorkItem.case_id, WorkItem.queue, WorkItem.closed_by, WorkItem.closed_at).where(
        WorkItem.case_id.in_(cases), WorkItem.status == "done", WorkItem.outcome != ""
    )
    for row in session.execute(decisions.order_by(WorkItem.closed_at, WorkItem.id)):
        decided.setdefault(row.case_id, []).append(row)
    sent = (
        select(Submission, WorkItem.name, WorkItem.queue)
        .outerjoin(WorkItem, WorkItem.id == Submission.work_item_id)
        .where(Submission.case_id.in_(cases))
        .where(Submission.work_item_id.is_(None) | (WorkItem.status == "done"))
    )
    found = [
        Source(
            name or "录入线索",
            row.submitted_at,
            row.submitted_by,
            _collectors(row.data),
            text.day(row.data.get("visited_on") or row.data.get("discovered_on")),
            case_id=row.case_id,
            queue=queue or "village",
            data=row.data,
        )
        for row, name, queue in session.execute(sent.order_by(Submission.submitted_at, Submission.id))
    ]
    return [_reviewed(one, decided.get(one.case_id or 0, ())) for one in found]


def _registered(session: Session, household: Household) -> list[Source]:
    """How the household came into the register: with a clue or a screening of that moment, or by itself."""
    if household.entered_at is None:
        return []
    known = {key: getattr(household, key) for key in VALUES if key not in ("key_groups", "risks")}
    query = select(RiskClue.finder, RiskClue.discovered_on).where(
        RiskClue.household_id == household.id, RiskClue.entered_at == household.entered_at
    )
    clue = session.execute(query.limit(1)).first()
    return [
        Source(
            "录入线索" if clue else "登记",
            household.entered_at,
            household.entered_by,
            clue.finder if clue else "",
            clue.discovered_on if clue else None,
            data=known,
        )
    ]


def _collectors(data: Mapping[str, Any]) -> str:
    return "、".join(dict.fromkeys(str(data[key]) for key in COLLECTORS if data.get(key)))


def _reviewed(source: Source, decisions: Sequence[Any]) -> Source:
    """With the first decision about it that another person took at a higher desk."""
    for one in decisions:
        later = one.closed_at >= source.entered_at and one.closed_by not in (None, source.entered_by)
        if later and access.above(one.queue, source.queue):
            return replace(source, reviewed_by=one.closed_by, reviewed_at=one.closed_at)
    return source


def _of_case(
    row: ContactChange | MemberChange, name: str, steps: Sequence[Source], keys: Collection[str]
) -> Source:
    """A change as a source: that of the check that saw it, which had one of the keys; else of who recorded it
    by hand.
    """
    mine = [one for one in steps if one.case_id == row.case_id]
    seen = _sent_at(mine, row.recorded_at, keys) if row.case_id is not None else None
    if seen is not None:
        return replace(seen, name=f"{name}（{seen.name}）")
    return Source(
        name,
        row.recorded_at,
        row.recorded_by,
        reviewed_by=row.reviewed_by if not row.sent_back else None,
        reviewed_at=row.reviewed_at if not row.sent_back else None,
        case_id=row.case_id,
    )


def _sent_at(steps: Sequence[Source], moment: datetime, keys: Collection[str]) -> Source | None:
    """The step of that moment with one of the keys: what it sent is what was kept then."""
    return _latest([one for one in steps if one.entered_at == moment], *keys)


def _contacts(session: Session, household_id: int, steps: Sequence[Source]) -> list[Source]:
    query = select(ContactChange).where(ContactChange.household_id == household_id)
    rows = session.scalars(query.order_by(ContactChange.id))
    return [replace(_of_case(row, "改电话住址", steps, contact.FIELDS), data=_changed(row)) for row in rows]


def _changed(row: ContactChange) -> dict[str, str]:
    """The values that a change of contact changed."""
    pairs = {
        "phone": (row.phone_before, row.phone),
        "group_name": (row.group_before, row.group_name),
        "address": (row.address_before, row.address),
    }
    return {key: after for key, (before, after) in pairs.items() if before != after}


def _members(session: Session, household_id: int, steps: Sequence[Source]) -> dict[str, Source]:
    """The latest change of each member that holds."""
    return {
        row.member_key: _of_case(row, member_history.KINDS[row.kind], steps, ["members"])
        for row in member_history.in_force(session, household_id)
    }


# -- the record ------------------------------------------------------------------------------------


def _latest(sources: Iterable[Source], *keys: str) -> Source | None:
    """The latest source that has one of the keys."""
    having = [one for one in sources if any((one.data or {}).get(key) not in (None, "") for key in keys)]
    return sorted(having, key=lambda one: one.entered_at)[-1] if having else None  # of one moment the last


def _values(household: Household, sources: Sequence[Source], words: Words) -> Iterator[Origin]:
    for key, name in VALUES.items():
        value = getattr(household, key)
        if value:
            yield Origin(name, _said(key, value, words), _latest(sources, key))


def _said(key: str, value: Any, words: Words) -> str:
    """A value in words; a telephone masked."""
    if key == "phone":
        return mask_phone(value)
    codes = value if isinstance(value, list) else [value]
    return "、".join(words.get(key, {}).get(str(code), str(code)) for code in codes)


def _people(
    household: Household, changed: Mapping[str, Source], steps: Sequence[Source], words: Words
) -> Iterator[Origin]:
    first = _latest(steps, "members") or _latest(steps, "head_name")
    for member in household.members:
        relation = words.get("relation", {}).get(member.relation, "")
        yield Origin("成员", f"{member.name} {relation}".strip(), changed.get(member.key, first))


def _years(household: Household, steps: Sequence[Source]) -> Iterator[Origin]:
    """A year's income and spending come from the form of the same moment."""
    for year in reversed(household.years):
        source = _sent_at(steps, year.recorded_at, ["net_income", "per_capita"])
        source = source or Source("登记收入", year.recorded_at, year.recorded_by)
        said = f"家庭纯收入 {year.net_income:,.2f} 元，人均 {year.per_capita:,.2f} 元"
        yield Origin(f"{year.year}年收入支出", said, source)


def _assured(household: Household, steps: Sequence[Source], words: Words) -> Iterator[Origin]:
    known = household.years[-1].assurances if household.years else {}
    for key, name in ASSURANCES.items():
        if known.get(key):
            yield Origin(name, _said(key, known[key], words), _latest(steps, key))


def _official(session: Session, household_id: int, steps: Sequence[Source]) -> Iterator[Origin]:
    query = select(ResponsibleOfficial).where(
        ResponsibleOfficial.household_id == household_id, ResponsibleOfficial.until.is_(None)
    )
    for row in session.scalars(query):
        source = _sent_at(steps, row.recorded_at, ["unit"])
        source = source or Source("确定帮扶责任人", row.recorded_at, row.recorded_by)
        yield Origin("帮扶责任人", f"{row.name}（{row.unit}）", source)


def _screened(session: Session, household_id: int) -> Iterator[Origin]:
    """The screenings: who went there, who entered it, who compared it with the paper."""
    query = (
        select(Screening, Campaign.name)
        .join(Campaign, Campaign.id == Screening.campaign_id)
        .where(Screening.household_id == household_id, Screening.standing == "current")
    )
    manner = {"page": "网页填报", "phone": "手机填报", "workbook": "Excel 导入"}
    for row, name in session.execute(query.order_by(Screening.id.desc())):
        collected = "、".join(one for one in (row.collected_by, row.partner) if one)
        source = Source(
            manner.get(row.source, row.source),
            row.entered_at,
            row.entered_by,
            collected,
            row.visited_on,
            row.reviewed_by,
            row.reviewed_at,
        )
        yield Origin("筛查表", name, source)
