"""A new list of divisions against the one there is: what is new, renamed, moved, gone, and what hangs on it.

A code may pass to another place, and a place to another code: neither is guessed. The list says with
``formerly`` where a place was before; until it does, a division that vanished with subjects, cases or
accounts on it, or whose code now names what sounds like another place, is refused, with what hangs on it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework import kit
from engine.casework.models import Account, CaseFile, Division, RoleGrant
from engine.casework.organisation import access
from engine.casework.organisation.division_changes.recoding import portions
from engine.casework.organisation.divisions import Row

_COMMON = re.compile(r"村民委员会|居民委员会|村委会|居委会|办事处|街道|社区|[村乡镇县市区]")


@dataclass(frozen=True)
class Weight:
    """What hangs on a division."""

    subjects: Mapping[str, int] = field(default_factory=dict)
    """How many of each kind of what cases are about, by the word in which they are counted."""
    cases: int = 0
    accounts: int = 0

    def __bool__(self) -> bool:
        return bool(any(self.subjects.values()) or self.cases or self.accounts)

    def __str__(self) -> str:
        parts = {**self.subjects, "件在办事项": self.cases, "个账号或角色": self.accounts}
        return "、".join(f"{count} {words}" for words, count in parts.items() if count)


@dataclass(frozen=True)
class Change:
    """A division that is otherwise on the new list."""

    code: str
    before: str
    name: str
    former_name: str
    weight: Weight

    def __str__(self) -> str:
        moved = f"{self.before} → {self.code} " if self.before != self.code else f"{self.code} "
        name = self.name if self.name == self.former_name else f"{self.former_name} → {self.name}"
        return f"{moved}{name}" + (f"（{self.weight}一并改）" if self.weight else "")


@dataclass
class Plan:
    """What a list would change, and why it may not yet."""

    rows: Sequence[Row]
    edition: date
    new: list[str] = field(default_factory=list)
    renamed: list[Change] = field(default_factory=list)
    moved: list[Change] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def changes(self) -> Sequence[object]:
        """What would become of which place, whatever hangs on it."""
        others = [(one.before, one.code, one.former_name, one.name) for one in (*self.renamed, *self.moved)]
        return [*others, self.new, self.gone]

    @property
    def only_new(self) -> bool:
        """Whether nothing that is there changes."""
        return not (self.renamed or self.moved or self.gone or self.refused)


def plan(session: Session, rows: Sequence[Row], edition: date) -> Plan:
    """What loading the list would do; nothing is stored."""
    there = {
        row.code: row.name
        for row in session.execute(select(Division.code, Division.name).where(Division.valid_to.is_(None)))
    }
    found = Plan(rows, edition)
    listed = {row["code"]: row for row in rows}
    former = _former(found, listed, there)
    weights = _weights(session, _touched(listed, there, former))
    for row in listed.values():
        _judge(found, row, there, former, weights)
    if any(row["level"] == "province" for row in rows):  # the list is whole: what it lacks is gone
        for code in sorted(there.keys() - listed.keys() - former.keys()):
            _gone(found, code, there[code], weights.get(code, Weight()))
    return found


def _former(found: Plan, listed: Mapping[str, Row], there: Mapping[str, str]) -> dict[str, str]:
    """Old code → new code, as the list says with ``formerly``."""
    former: dict[str, str] = {}
    for code, row in listed.items():
        for old in re.findall(r"[^;；,，、\s]+", row.get("formerly") or ""):
            if old not in there and code in there:
                continue  # done before: lists keep saying where a place was
            if old not in there:
                found.refused.append(f"{code} {row['name']}：原代码 {old[:20]} 不在现有区划里。")
            elif access.level_of(old) != access.level_of(code):
                found.refused.append(f"{code} {row['name']}：原代码 {old} 不是同一级。")
            elif old in former:
                found.refused.append(f"{code} {row['name']}：原代码 {old} 已写给 {former[old]}。")
            elif old != code and old in listed and not listed[old].get("formerly"):
                found.refused.append(
                    f"{code} {row['name']}：原代码 {old} 在表里还在。分设的新村不写原代码，归它的另行移交；"
                    f"{old} 现在是另一个地方的，在它那一行也写原代码。"
                )
            else:
                former[old] = code
    return former


def _touched(listed: Mapping[str, Row], there: Mapping[str, str], former: Mapping[str, str]) -> set[str]:
    """The codes on which something would change."""
    renamed = {code for code, row in listed.items() if code in there and row["name"] != there[code]}
    return renamed | set(former) | (there.keys() - listed.keys())


def _judge(
    found: Plan,
    row: Row,
    there: Mapping[str, str],
    former: Mapping[str, str],
    weights: Mapping[str, Weight],
) -> None:
    code, name = row["code"], row["name"]
    olds = [old for old, new in former.items() if new == code]
    for old in olds:
        change = Change(code, old, name, there[old], weights.get(old, Weight()))
        if old != code:
            found.moved.append(change)
        elif name != there[old]:
            found.renamed.append(change)
    if olds:
        return
    if code not in there or code in former:
        found.new.append(code)
    elif name != there[code]:
        weight = weights.get(code, Weight())
        if _alike(name, there[code]) or not weight:
            found.renamed.append(Change(code, code, name, there[code], weight))
        else:
            found.refused.append(
                f"{code} 原是“{there[code]}”，表里是“{name}”：是改名还是换了地方？其上有{weight}。"
                f"改名的，在这一行的 formerly 写 {code}；换了地方的，写明两个地方各自的原代码。"
            )


def _alike(name: str, other: str) -> bool:
    """Whether two names have something of their own in common."""
    return bool(set(_COMMON.sub("", name)) & set(_COMMON.sub("", other)))


def _gone(found: Plan, code: str, name: str, weight: Weight) -> None:
    if weight:
        found.refused.append(
            f"{code} {name}在表里没有了，其上还有{weight}：在接收它的那一行的 formerly 写 {code}，没有的请先移交。"
        )
    else:
        found.gone.append(code)


def _weights(session: Session, codes: Collection[str]) -> dict[str, Weight]:
    """What hangs on each of the divisions itself; those below have their own."""
    subjects = {
        one.unit or f"个{one.words}": _counts(session, codes, one.model.village_code)
        for one in kit.used().subjects
    }
    cases = _counts(session, codes, CaseFile.village_code, CaseFile.status == "open")
    grants = _counts(session, codes, RoleGrant.division_code)
    accounts = _counts(session, codes, Account.division_code)
    return {
        code: Weight(
            {words: counted.get(code, 0) for words, counted in subjects.items()},
            cases.get(code, 0),
            grants.get(code, 0) + accounts.get(code, 0),
        )
        for code in codes
    }


def _counts(session: Session, codes: Collection[str], column: Any, *where: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in portions(sorted(codes)):
        query = select(column, func.count()).where(column.in_(part), *where).group_by(column)
        found |= {row[0]: row[1] for row in session.execute(query)}
    return found
