"""The numbers that the plan leaves open, as each province has set them: read, bounded, kept and logged alike.

A room that looks at data says which numbers it goes by (`Numbers`); until a province sets one, the usual one
holds. None of them limits anything (R02).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, Setting
from engine.casework.organisation import access
from engine.ground import text
from engine.ground.database import upsert, whole, write
from engine.ground.errors import Invalid, NotAllowed

ROLE = "province_reviewer"
"""Who sets them: the reviewer of a whole province, for all its counties alike."""


@dataclass(frozen=True)
class Number:
    """One of them: its name, what it is counted in where that does not say so, usual value and bounds."""

    words: str
    unit: str
    usual: int
    least: int
    most: int


@dataclass(frozen=True)
class Numbers:
    """Those that a province sets together."""

    key: str
    """Of the setting, before the province's code."""
    line: str
    """The kind of the log's line."""
    refusal: str
    """For whoever may not set them."""
    each: Mapping[str, Number]


def of_place(session: Session, numbers: Numbers, code: str) -> dict[str, int]:
    """The value of each number in the place's province; the usual ones where `code` is ''."""
    kept = _kept(session, numbers, access.ancestor(code, "province")) if code else {}
    return {name: kept.get(name, one.usual) for name, one in numbers.each.items()}


def of_actor(session: Session, numbers: Numbers, actor: Account) -> dict[str, int]:
    """The value of each number in the province where the actor works."""
    return of_place(session, numbers, next((scope.low for scope in access.scopes(actor)), ""))


def _kept(session: Session, numbers: Numbers, province: str) -> dict[str, int]:
    value = session.scalar(select(Setting.value).where(Setting.key == f"{numbers.key}:{province}"))
    return dict(cast("dict[str, int]", value)) if value is not None else {}


def may_set(actor: Account) -> bool:
    """Whether the actor sets them."""
    return access.has_everywhere(actor, ROLE)


@whole
def set_all(
    session: Session, actor: Account, numbers: Numbers, typed: Mapping[str, str], now: datetime
) -> list[str]:
    """Keep what was typed; answers what changed. Raises NotAllowed, or Invalid field by field."""
    if not may_set(actor):
        raise NotAllowed(numbers.refusal)
    values = _read(numbers, typed)
    province = next(grant.division_code for grant in actor.grants if grant.role == ROLE)
    with write(session, alone=True):
        before = of_place(session, numbers, province)
        changed = [name for name, value in values.items() if value != before[name]]
        if changed:
            value = _kept(session, numbers, province) | {name: values[name] for name in changed}
            row = {"key": f"{numbers.key}:{province}", "value": value}
            session.execute(upsert(session, Setting, row, ["key"]))
            said = {name: [before[name], values[name]] for name in changed}
            audit.record(session, "parameters", actor.id, numbers.line, {"division": province, **said}, now)
    return changed


def _read(numbers: Numbers, typed: Mapping[str, str]) -> dict[str, int]:
    values, wrong = dict[str, int](), dict[str, list[str]]()
    for name, one in numbers.each.items():
        number = text.number(typed.get(name, ""), one.unit)
        if number is None or number != int(number) or not one.least <= number <= one.most:
            wrong[name] = [f"{one.words}：须是 {one.least:,} 到 {one.most:,} 的整数。"]
        else:
            values[name] = int(number)
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    return values
