"""What people type about a change of persons, read field by field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from engine.ground import idnumber, text
from engine.ground.clock import written
from engine.ground.errors import Invalid
from engine.prevention.models import Household
from engine.prevention.register import member_history, persons
from engine.prevention.register.member_history import KINDS, Row
from engine.prevention.register.members import kinship

COMING = {kind: member_history.COMING[kind] for kind in ("birth", "adoption", "marriage_in", "move_in")}
LEAVING = {kind: member_history.LEAVING[kind] for kind in ("death", "marriage_out", "move_out")}
STAYING = {kind: member_history.CHANGING[kind] for kind in ("head", "corrected")}
TYPED = {**COMING, **LEAVING, **STAYING}
"""What people record themselves; the rest comes of checks, splits and joins."""
PROOFS = {
    "birth": "出生医学证明、户口簿",
    "adoption": "收养登记证",
    "marriage_in": "结婚证",
    "move_in": "户口簿、准迁证",
    "death": "死亡证明、火化证明或户口注销证明",
    "marriage_out": "结婚证、户口簿",
    "move_out": "户口迁移证",
    "head": "户口簿",
    "corrected": "身份证、户口簿",
}
"""What proves each, as an example."""
MAX_YEARS = 10
"""What happened longer ago is nothing to be recorded by hand."""
_WORDS = {
    "name": "姓名",
    "sex": "性别",
    "relation": "与户主关系",
    "id_number": "证件号码",
    "birth_date": "出生日期",
    "happened_on": "日期",
    "member": "成员",
    "head": "新户主",
    "proof": "证明",
}


@dataclass(frozen=True)
class Asked:
    """What somebody typed about a change."""

    kind: str = ""
    member: str = ""
    head: str = ""
    name: str = ""
    sex: str = ""
    relation: str = ""
    id_number: str = ""
    birth_date: str = ""
    happened_on: str = ""
    proof: str = ""
    moves: bool = False
    """The person leaves the household that has it, in the actor's own reach."""
    files: Sequence[tuple[str, bytes]] = field(default_factory=tuple)


class Reading:
    """What was typed, field by field; the first look at a fault collects them all."""

    def __init__(self, session: Session, household: Household, asked: Asked, today: date) -> None:
        self.session, self.household, self.asked, self.today = session, household, asked, today
        self.rows = member_history.present(session, household.id)
        self.faults: dict[str, list[str]] = {}

    def fault(self, name: str, sentence: str) -> None:
        """Say what is wrong at a field."""
        self.faults.setdefault(name, []).append(f"{_WORDS[name]}：{sentence}")

    def settle(self) -> None:
        """Raise Invalid if anything was wrong."""
        if self.faults:
            raise Invalid(next(iter(self.faults.values()))[0], self.faults)

    def proof(self, files: bool) -> str:
        """The proof in words; without a file it says at least what was seen."""
        typed = text.paragraphs(self.asked.proof)
        if len(typed) > 400 or (len(typed) < 2 and not files):
            self.fault(
                "proof",
                f"请拍照上传，或写明看过什么证件（如{PROOFS.get(self.asked.kind, '户口簿')}），400 字以内。",
            )
        return typed

    def day(self) -> date:
        """The day on which it happened: not to come, and not longer ago than MAX_YEARS."""
        found = text.day(self.asked.happened_on)
        earliest = date(self.today.year - MAX_YEARS, 1, 1)
        if found is None or not earliest <= found <= self.today:
            self.fault("happened_on", f"请填{written(earliest)}到今天之间的一天。")
        return found or self.today

    def member(self, key: str, name: str = "member") -> Row:
        """One of the household's members."""
        found = next((row for row in self.rows if row["key"] == key), None)
        if found is None:
            self.fault(name, "请选择这户的一名成员。")
            self.settle()
        assert found is not None  # settle has raised
        return found

    def person(self, before: Row | None = None) -> Row:
        """Who is described: a newcomer, or a member put right (what was left empty stays)."""
        asked, row = self.asked, dict(before or {"position": len(self.rows), "facts": {}})
        name = text.name(asked.name) or row.get("name", "")
        if not 1 <= len(name) <= 40:
            self.fault("name", "请填姓名，40 字以内。")
        number = self._number(asked.id_number) if asked.id_number.strip() else row.get("id_number", "")
        row |= {"name": name, "id_number": number, "id_type": _id_type(number)}
        row["sex"] = idnumber.sex(number) if number else asked.sex or row.get("sex", "")
        if row["sex"] not in ("male", "female"):
            self.fault("sex", "请选择性别。")
        row["relation"] = asked.relation or row.get("relation", "")
        row["birth_date"] = self._born(number, row.get("birth_date"))
        return row

    def _number(self, typed: str) -> str:
        try:
            return idnumber.validate(typed, self.today)
        except ValueError as error:
            self.fault("id_number", str(error))
            return ""

    def _born(self, number: str, before: object) -> str | None:
        if number:
            return idnumber.birth_date(number).isoformat()
        if self.asked.kind == "birth":
            return self.day_or_none()
        typed = text.day(self.asked.birth_date)
        if self.asked.birth_date.strip() and (typed is None or typed > self.today):
            self.fault("birth_date", "请填今天以前的一天。")
        return typed.isoformat() if typed else str(before) if before else None

    def day_or_none(self) -> str | None:
        """A child without a number was born on the day of its birth."""
        found = text.day(self.asked.happened_on)
        return found.isoformat() if found else None

    def require_after(self, row: Row, on: date) -> None:
        """A change of a person is not earlier than its birth, nor than what is recorded of it later."""
        born = text.day(row.get("birth_date"))
        if born is not None and on < born:
            self.fault("happened_on", f"{row['name']}出生于{written(born)}，不能早于这一天。")
        told = [
            change
            for change in member_history.in_force(self.session, self.household.id)
            if change.member_key == row["key"] and change.kind not in ("corrected", "checked")
        ]
        if told and on < told[-1].happened_on:
            last = f"{written(told[-1].happened_on)}{KINDS[told[-1].kind]}"
            self.fault("happened_on", f"{row['name']}已登记{last}，不能早于这一天；有误的请先撤销那一项。")

    def require_alive(self, row: Row) -> None:
        """Nobody comes whose death the household has on record; what was recorded wrongly is taken back."""
        person = persons.of(row["id_number"])
        for change in member_history.in_force(self.session, self.household.id):
            if person and change.kind == "death" and persons.of(change.before["id_number"]) == person:
                died = written(change.happened_on)
                self.fault("id_number", f"{change.name}已登记{died}死亡；登记有误的，先撤销那一项。")

    def require_fitting(self, rows: Sequence[Row], changed: Sequence[str]) -> None:
        """The household fits together by the rules of the form by which it is verified; of what was wrong
        before nobody is asked now.
        """
        told = {*kinship.faults(self.session, rows, self.today).items()}
        known = {*kinship.faults(self.session, self.rows, self.today).items()}
        for (key, name), sentence in sorted(told - known):
            if not key or key in changed:
                self.fault(name if name in _WORDS else "relation", sentence)


def _id_type(number: str) -> str:
    if not number:
        return "none"
    return "id_card" if len(number) == 18 else "disability"
