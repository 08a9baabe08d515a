"""The numbers of the rules that the plan leaves open: months, amounts (yuan), shares (percent).

A province sets its own (`Setting`, key ``quality.`` and the name); these hold until it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """A number of the rules: what it is, its usual value and its bounds."""

    words: str
    unit: str
    usual: int
    least: int
    most: int


PARAMETERS: Mapping[str, Parameter] = {
    "plan_months": Parameter("识别后多久应有帮扶措施和责任人", "个月", 1, 1, 12),
    "develop_months": Parameter("有劳动力的，识别后多久应有开发式帮扶", "个月", 6, 1, 24),
    "eliminate_months": Parameter("识别到风险消除至少", "个月", 6, 1, 24),
    "update_months": Parameter("监测对象的收支多久须更新", "个月", 12, 1, 24),
    "follow_months": Parameter("情况变化后多久应反映到档案", "个月", 1, 1, 12),
    "progress_months": Parameter("实施中的措施多久应登记进展", "个月", 6, 1, 24),
    "equal_years": Parameter("几年收入完全相同须核实", "年", 3, 2, 10),
    "fall_percent": Parameter("经营性、工资性收入比上年下降", "%", 30, 5, 95),
    "able_percent": Parameter("“缺劳动力”的家庭，有劳动力的人不应达到", "%", 50, 10, 100),
    "wage_least": Parameter("全年工资性收入不为零时，不应低于", "元", 100, 1, 10_000),
    "month_wage_least": Parameter("月均工资不应低于", "元", 100, 1, 10_000),
    "month_wage_most": Parameter("月均工资不应高于", "元", 30_000, 3_000, 200_000),
    "hint_rows": Parameter("提示“整千收入过多”：一村至少几户", "户", 20, 5, 1000),
    "heap_percent": Parameter("提示“整千收入过多”：整千的占", "%", 50, 10, 100),
    "same_households": Parameter("提示“收支完全相同”：一村至少几户", "户", 5, 2, 100),
    "hint_seconds": Parameter("提示“登记太快”：两户相隔不到", "秒", 20, 5, 600),
    "fast_rows": Parameter("提示“登记太快”：至少几户", "户", 10, 1, 1000),
    "quiet_rows": Parameter("提示“全部没有变化”：一人至少登记几户", "户", 50, 10, 1000),
    "income_most": Parameter("识别时人均纯收入不应高于", "元", 20_000, 5_000, 200_000),
}
DEFAULTS: Mapping[str, int] = {name: one.usual for name, one in PARAMETERS.items()}
