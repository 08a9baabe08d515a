"""What each department is told of a household, and no more: its members' names and numbers, those of an age
that its data can be about, and where they live only where that is what it looks up (R09).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from engine.casework.portions.imports.kinds import Column


class Person(Protocol):
    """Of a member: what decides whether a department is asked."""

    @property
    def relation(self) -> str:
        """To the head."""

    @property
    def birth_date(self) -> date | None:
        """Where it is known."""


@dataclass(frozen=True)
class Need:
    """What one department needs."""

    least_age: int = 0
    most_age: int = 200
    head_only: bool = False
    address: bool = False
    relation: bool = False

    def wants(self, member: Person, today: date) -> bool:
        """Whether the department is asked about the member; one whose age nobody knows is asked about."""
        if self.head_only:
            return member.relation == "head"
        born = member.birth_date
        if born is None:
            return True
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        return self.least_age <= age <= self.most_age


NEEDS = {
    "public_security": Need(relation=True),  # 户籍, 车辆
    "civil_affairs": Need(relation=True),  # 低保, 特困, 婚姻
    "medical_insurance": Need(),
    "health": Need(),
    "human_resources": Need(least_age=16),  # the working age begins at 16
    "disabled_persons": Need(),
    "education": Need(most_age=30),
    "housing": Need(head_only=True, address=True),
    "water": Need(head_only=True, address=True),
    "market": Need(least_age=16),
    "tax": Need(least_age=16),
    "natural_resources": Need(least_age=16),
    "finance": Need(least_age=16),
}
"""By department: those that the plan's matching names (forms.md: matching sources)."""
OUTCOMES = {"hit": "有", "none": "无", "no_data": "无数据"}
_ADDRESS = Column("address", "家庭住址", known=True, width=30)
_RELATION = Column("relation", "与户主关系", known=True, width=12)
_WHOSE = (
    Column("ref", "编号", known=True, width=14),
    Column("name", "姓名", ("名字", "成员姓名"), known=True, calls=True, width=12),
    Column(
        "id_number",
        "证件号码",
        ("身份证号", "身份证号码", "公民身份号码", "证件号"),
        known=True,
        width=22,
    ),
)
_SAID = (
    Column("outcome", "结果", ("比对结果",), reads="choice", required=True, options=OUTCOMES, width=10),
    Column("item", "事项", ("比对事项", "类别"), longest=40, hint="如：车辆、企业登记、不动产", width=16),
    Column("detail", "说明", ("发现", "情况说明", "备注"), longest=200, hint="结果是“有”的必填", width=40),
    Column("amount", "金额", ("金额（元）", "价值"), reads="number", hint="单位：元"),
    Column("as_of", "数据日期", ("截止日期", "日期"), reads="day"),
)


def columns_of(department: str) -> list[Column]:
    """What a department's file has: whom it is asked about, and what it fills in."""
    need = NEEDS[department]
    extra = [*([_RELATION] if need.relation else []), *([_ADDRESS] if need.address else [])]
    return [*_WHOSE, *extra, *_SAID]
