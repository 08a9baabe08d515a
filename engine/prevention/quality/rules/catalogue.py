"""All rules, in the order of the plan's clauses."""

from __future__ import annotations

from collections.abc import Mapping

from engine.prevention.quality.rules import (
    completeness,
    elimination,
    freshness,
    identity,
    incomes,
    kinship,
    measures,
    risks,
    schooling,
)
from engine.prevention.quality.rules.rule import Rule

GROUPS: Mapping[str, tuple[Rule, ...]] = {
    "收入": incomes.RULES,
    "关键信息": completeness.KEY_FACTS,
    "证件": identity.RULES,
    "家庭成员": kinship.RULES,
    "上学和务工": schooling.RULES,
    "联系方式": completeness.CONTACT,
    "监测对象类别": completeness.CATEGORY,
    "返贫致贫风险": risks.RULES,
    "帮扶措施": measures.RULES,
    "风险消除": elimination.RULES,
    "更新": freshness.RULES,
}
RULES: tuple[Rule, ...] = tuple(rule for group in GROUPS.values() for rule in group)
BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in RULES}
