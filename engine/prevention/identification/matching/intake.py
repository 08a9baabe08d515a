"""A department's answers as a file: one row for each person and matter, let in by the county (R09).

Only who stands in the batch is taken, and of a person only what is said of this batch; what was said before
stays, as an earlier version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session, joinedload

from engine.casework.kit import Kit
from engine.casework.models import Account, CaseFile
from engine.casework.organisation import access
from engine.casework.portions.imports.kinds import Become, Column, Fault, ImportKind, Judged, Sent, Target
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.errors import NotFound
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.identification.matching import batches, requests
from engine.prevention.identification.matching.needs import columns_of
from engine.prevention.models import MatchingEntry, MatchingFinding, Member
from engine.prevention.register import persons

NAME = "matching"
NOT_IN = Fault(
    "",
    "这个人不在本批送比对的名单里（别的批次、别的县的，没有签授权书的，都不收）",
    "核对证件号码；不在名单里的，删去这一行",
)


def key_of(batch_id: int, department: str) -> str:
    """What the address of a department's file ends with."""
    return f"{batch_id}-{department}"


def ref_of(entry_id: int, member_key: str) -> str:
    """By what a department's file calls a person, whoever has no ID number too."""
    return f"{entry_id}-{member_key[:6]}"


def target_of(session: Session, actor: Account, key: str) -> Target:
    """A department of a batch of the actor's county. Raises NotFound, NotAllowed."""
    number, _, department = key.partition("-")
    batch_id = text.whole(number)
    if batch_id is None or department not in DEPARTMENTS:
        raise NotFound("没有找到这一批次。")
    batch = batches.of_county(session, actor, batch_id)
    requests.one_of(batch, department)
    title = f"{batch.number} {DEPARTMENTS[department]}"
    county = access.scope_of(access.ancestor(batch.township_code, "county"))
    return Target(key, title, {"batch": batch_id, "department": department, "county": county})


def _columns(_session: Session, target: Target) -> list[Column]:
    return columns_of(target.parts["department"])


def _foreign(_session: Session, _target: Target, key: str) -> str:
    number, _, department = key.partition("-")
    name = DEPARTMENTS.get(department, "别的部门")
    return f"这是另一批次或另一部门的文件（第 {number[:12]} 号批次，{name}）：请在那里上传。"


# -- whom a row is about ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Person:
    """A member of a household of the batch."""

    entry: MatchingEntry
    member: Member


class _People:
    """Whom the rows of a portion name, read at once."""

    def __init__(self, session: Session, target: Target, sent: Sequence[Sent]) -> None:
        numbers = {persons.of(one.values.get("id_number")) for one in sent} - {None}
        refs = {_entry_id(one.values.get("ref")) for one in sent} - {None}
        named = Member.person.in_(numbers) | MatchingEntry.id.in_(refs)
        query = (
            select(MatchingEntry, Member)
            .join(Member, Member.household_id == MatchingEntry.household_id)
            .join(CaseFile, CaseFile.id == MatchingEntry.case_id)
            .where(
                MatchingEntry.batch_id == target.parts["batch"],
                MatchingEntry.status != "returned",
                access.within(MatchingEntry.village_code, [target.parts["county"]]),
                named,
            )
            .options(joinedload(MatchingEntry.case))
        )
        self._by_number: dict[str, _Person] = {}
        self._by_ref: dict[str, _Person] = {}
        for row in session.execute(query.order_by(MatchingEntry.id)):
            found = _Person(row.MatchingEntry, row.Member)
            self._by_ref[ref_of(found.entry.id, found.member.key)] = found
            if found.member.person:
                self._by_number[found.member.person] = found

    def of(self, one: Sent) -> tuple[_Person | None, list[Fault]]:
        """Whom a row is about, or what is wrong with it."""
        number = persons.of(one.values.get("id_number"))
        found = self._by_ref.get(str(one.values.get("ref") or ""))
        if number and (found is None or found.member.person != number):
            found = self._by_number.get(number)
        if found is None:
            return None, [NOT_IN]
        name = one.values.get("name")
        if name and text.key(str(name)) != text.key(found.member.name):
            return None, [Fault("name", f"与名单上的“{found.member.name}”不一样", "核对是不是填错了行")]
        return found, []


def _entry_id(ref: object) -> int | None:
    return text.whole(str(ref or "").partition("-")[0])


# -- what it says ----------------------------------------------------------------------------------


def _said(one: Sent) -> dict[str, Any]:
    """The answer of a row, as the table has it."""
    values = one.values
    amount, day = values.get("amount"), values.get("as_of")
    return {
        "outcome": values["outcome"],
        "detail": values.get("detail") or "",
        "amount": Decimal(amount) if amount is not None else None,
        "as_of": date.fromisoformat(day) if day else None,
    }


def _faults(one: Sent, today: date) -> list[Fault]:
    said = _said(one)
    found = []
    if said["outcome"] == "hit" and not said["detail"]:
        found.append(Fault("detail", "没有填", "结果是“有”的，写明发现了什么"))
    if said["outcome"] != "hit" and said["amount"]:
        found.append(Fault("amount", "结果不是“有”，却有金额", "核对结果，或者删去金额"))
    if said["amount"] is not None and not 0 <= said["amount"] < 10**12:
        found.append(Fault("amount", "不是可能的金额", "填 0 以上的数，单位是元"))
    if said["as_of"] is not None and not 1980 <= said["as_of"].year <= today.year:
        found.append(Fault("as_of", "不是可能的日期", "核对年份"))
    if said["as_of"] is not None and said["as_of"] > today:
        found.append(Fault("as_of", "晚于今天", "填数据截止的日期"))
    return found


def _current(session: Session, target: Target, people: Sequence[_Person]) -> dict[tuple[int, str, str], Any]:
    """What the department has said so far of these people's households."""
    query = select(MatchingFinding).where(
        MatchingFinding.entry_id.in_({one.entry.id for one in people}),
        MatchingFinding.department == target.parts["department"],
        MatchingFinding.standing == "current",
    )
    return {(one.entry_id, one.member_key, one.item): one for one in session.scalars(query)}


def _place(person: _Person, one: Sent) -> tuple[int, str, str]:
    return person.entry.id, person.member.key, one.values.get("item") or ""


def _is_same(before: MatchingFinding | None, said: Mapping[str, Any]) -> bool:
    return before is not None and all(getattr(before, name) == value for name, value in said.items())


def _check(
    session: Session, _actor: Account, target: Target, sent: Sequence[Sent], clock: Clock
) -> list[Judged]:
    people, today = _People(session, target, sent), local_date(clock.now())
    persons_of = [people.of(one) for one in sent]
    current = _current(session, target, [person for person, _ in persons_of if person is not None])
    answer = []
    for one, (person, faults) in zip(sent, persons_of, strict=True):
        wrong = [*faults, *_faults(one, today)]
        if wrong or person is None:
            answer.append(Judged(wrong))
            continue
        place = _place(person, one)
        same = _is_same(current.get(place), _said(one))
        answer.append(Judged(same=same, key="/".join(map(str, place)), note=_note(person, place in current)))
    return answer


def _note(person: _Person, known: bool) -> str:
    if person.entry.case.status != "open":
        return "这户的识别认定已经办结：登记留存，并告知村、乡"
    if person.entry.status == "answered":
        return "这户的结果已经反馈：作为迟到的结果登记，并告知正在办理的各级"
    return "与以前的答复不同：登记为新的一版" if known else ""


def _write(
    session: Session, actor: Account, target: Target, sent: Sequence[Sent], clock: Clock
) -> list[Become]:
    people = _People(session, target, sent)
    persons_of = [people.of(one) for one in sent]
    current = _current(session, target, [person for person, _ in persons_of if person is not None])
    rows, replaced, answer = [], [], []
    for one, (person, faults) in zip(sent, persons_of, strict=True):
        if person is None:  # returned since it was checked
            answer.append(Become("refused", faults))
            continue
        place, said = _place(person, one), _said(one)
        before = current.get(place)
        if _is_same(before, said):
            answer.append(Become("same"))
            continue
        if before is not None:
            replaced.append(before.id)
        rows.append(_row(actor, target, person, place, before, clock.now()) | said)
        answer.append(Become("done", note=_note(person, before is not None)))
    _store(session, replaced, rows)
    return answer


def _row(
    actor: Account,
    target: Target,
    person: _Person,
    place: tuple[int, str, str],
    before: MatchingFinding | None,
    now: datetime,
) -> dict[str, Any]:
    return {
        "entry_id": person.entry.id,
        "department": target.parts["department"],
        "member_key": place[1],
        "member_name": person.member.name,
        "item": place[2],
        "version": before.version + 1 if before is not None else 1,
        "standing": "current",
        "late": person.entry.status == "answered",
        "recorded_by": actor.id,
        "recorded_at": now,
    }


def _store(session: Session, replaced: Sequence[int], rows: Sequence[Mapping[str, Any]]) -> None:
    if replaced:
        gone = update(MatchingFinding).where(MatchingFinding.id.in_(replaced))
        session.execute(gone.values(standing="replaced"))
    if rows:
        session.execute(insert(MatchingFinding), rows)


KIND = ImportKind(NAME, "比对结果", "人", target_of, _columns, _check, _write, foreign=_foreign)
KIT = Kit(imports={NAME: KIND})
