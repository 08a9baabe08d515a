"""What the register says has changed since a finding: old and new values as they were recorded (S7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.organisation.privacy import masked_text
from engine.flow.forms import schema as s
from engine.ground.clock import start_of_day, written
from engine.prevention.models import ContactChange, Finding, MemberChange, Observation
from engine.prevention.register import contact
from engine.prevention.register.member_history import COLUMNS, KINDS
from engine.prevention.register.members import kinship

MOST = 50
"""So many of each kind are read: who changes more has to look at the household's own page."""


@dataclass(frozen=True)
class Trace:
    """One change of the household's record: when it was recorded, by whom, in words without full numbers."""

    at: datetime
    by: int | None
    text: str
    member_key: str = ""


def since(session: Session, household_id: int, day: date) -> list[Trace]:
    """What was recorded of a household from a day on, the earliest first."""
    start = start_of_day(day)
    found = [
        *_members(session, household_id, start),
        *_contacts(session, household_id, start),
        *_observations(session, household_id, start),
    ]
    return sorted(found, key=lambda one: one.at)


def of_finding(session: Session, row: Finding) -> list[Trace]:
    """What changed since it was found; of its own member, where it is about one."""
    return about(since(session, row.household_id, row.found_on), row)


def about(traces: list[Trace], row: Finding) -> list[Trace]:
    """Those that may have to do with a finding."""
    own = ("", row.member_key)
    return [one for one in traces if not row.member_key or one.member_key in own]


def _members(session: Session, household_id: int, start: datetime) -> Iterator[Trace]:
    query = select(MemberChange).where(
        MemberChange.household_id == household_id,
        MemberChange.recorded_at >= start,
        MemberChange.undone_at.is_(None),
    )
    rows = list(session.scalars(query.order_by(MemberChange.id.desc()).limit(MOST)))
    listed = kinship.verified_form(session).component("members") if rows else None
    columns = {s.key(one): one for one in s.children(listed)} if listed else {}
    for row in rows:
        yield Trace(row.recorded_at, row.recorded_by, _said(row, columns), row.member_key)


def _said(row: MemberChange, columns: Mapping[str, s.Component]) -> str:
    """A change with what differs: 2022年5月6日更正：李秀英（健康状况：健康 → 大病）."""
    head = f"{written(row.happened_on)}{KINDS[row.kind]}：{row.name}"
    if not (row.before and row.after):
        return head
    before, after = _flat(row.before), _flat(row.after)
    differing = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    words = [
        f"{s.label(columns[key])}：{_shown(columns[key], before)} → {_shown(columns[key], after)}"
        for key in differing
        if key in columns
    ]
    return masked_text(f"{head}（{'；'.join(words)}）") if words else head


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: row.get(name) for name in COLUMNS}, **(row.get("facts") or {})}


def _shown(column: s.Component, row: Mapping[str, Any]) -> str:
    value = row.get(s.key(column))
    if value in (None, "", []):
        return "（空）"
    names = s.options(column)
    several = value if isinstance(value, list) else [value]
    return "、".join(names.get(str(one), str(one)) for one in several)


def _contacts(session: Session, household_id: int, start: datetime) -> Iterator[Trace]:
    query = select(ContactChange).where(
        ContactChange.household_id == household_id, ContactChange.recorded_at >= start
    )
    for row in session.scalars(query.order_by(ContactChange.id.desc()).limit(MOST)):
        yield Trace(row.recorded_at, row.recorded_by, f"联系方式：{contact.said(row)}")


def _observations(session: Session, household_id: int, start: datetime) -> Iterator[Trace]:
    query = select(Observation).where(
        Observation.household_id == household_id, Observation.recorded_at >= start
    )
    for row in session.scalars(query.order_by(Observation.id.desc()).limit(MOST)):
        text = f"{written(row.observed_on)}核实收入和保障：人均纯收入 {row.per_capita.normalize():f} 元"
        yield Trace(row.recorded_at, row.recorded_by, text)
