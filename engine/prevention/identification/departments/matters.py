"""What departments warn of (R32, domain S2): the matters of each, the risk that they mean, what is an amount.

Every department has `OTHER`: whatever a place has agreed upon besides.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.ground.errors import NotFound
from engine.prevention.identification.departments.codes import DEPARTMENTS

OTHER = "other"


@dataclass(frozen=True)
class Matter:
    """One thing that a department warns of."""

    code: str
    name: str
    risk: str = ""
    """As the clue's form has it; '' where the matter alone does not say."""
    amount: str = ""
    """What its amount is called; '' where a row counts whatever an amount says."""


_MEDICAL = "个人自付金额（元）"
_COST = "家庭自付金额（元）"
MATTERS: dict[str, tuple[Matter, ...]] = {
    "public_security": (
        Matter("accident", "交通、意外事故", "accident"),
        Matter("death", "户内主要劳力死亡"),
    ),
    "civil_affairs": (
        Matter("allowance", "新纳入低保、特困"),
        Matter("relief", "临时救助", "", "救助金额（元）"),
    ),
    "medical_insurance": (
        Matter("medical_costs", "医疗费用自付较高", "illness", _MEDICAL),
        Matter("uninsured", "没有参加基本医保"),
    ),
    "health": (Matter("serious_illness", "新发大病、重病、慢性病", "illness"),),
    "human_resources": (
        Matter("work_lost", "务工人员失业、返乡", "unstable_work"),
        Matter("wages", "工资被拖欠", "income_drop", "拖欠金额（元）"),
    ),
    "disabled_persons": (Matter("disabled", "新持证的重度残疾人", "disability"),),
    "education": (
        Matter("dropout", "义务教育阶段失学辍学", "compulsory_education"),
        Matter("schooling_costs", "教育支出较大", "schooling", _COST),
    ),
    "housing": (Matter("dangerous_house", "住房有安全隐患", "housing"),),
    "water": (Matter("unsafe_water", "饮水不安全、不稳定", "water"),),
    "market": (Matter("unsold", "农产品滞销", "income_drop"),),
    "tax": (),
    "natural_resources": (Matter("geological", "地质灾害威胁、搬离", "natural_disaster"),),
    "finance": (Matter("overdue", "小额信贷逾期", "income_drop", "逾期金额（元）"),),
    "emergency": (Matter("disaster", "受灾农户", "natural_disaster"),),
    "weather": (Matter("weather", "气象灾害影响的农户", "natural_disaster"),),
    "agriculture": (
        Matter("losses", "种养业损失较大", "project_failure", "损失金额（元）"),
        Matter("epidemic", "动植物疫病", "project_failure"),
    ),
}
_OTHER = Matter(OTHER, "其他预警")


def of_department(department: str) -> tuple[Matter, ...]:
    """The matters of a department, `OTHER` last. Raises NotFound for one that there is not."""
    if department not in DEPARTMENTS:
        raise NotFound("没有这个部门。")
    return (*MATTERS[department], _OTHER)


def get(department: str, code: str) -> Matter:
    """A matter by its department and code. Raises NotFound."""
    found = next((one for one in of_department(department) if one.code == code), None)
    if found is None:
        raise NotFound("这个部门没有这项预警。")
    return found


def title(department: str, code: str) -> str:
    """How a list is called: 医保：医疗费用自付较高; also of a matter that is no more."""
    known = {one.code: one.name for one in (*MATTERS.get(department, ()), _OTHER)}
    return f"{DEPARTMENTS.get(department, department)}：{known.get(code, code)}"
