"""The numbers of the rules that the plan leaves open: months, amounts (yuan), shares (percent)."""

from __future__ import annotations

from collections.abc import Mapping

from engine.prevention.quality.parameters import Number, Numbers

PARAMETERS: Mapping[str, Number] = {
    "plan_months": Number("识别后多久应有帮扶措施和责任人", "个月", 1, 1, 12),
    "develop_months": Number("有劳动力的，识别后多久应有开发式帮扶", "个月", 6, 1, 24),
    "eliminate_months": Number("识别到风险消除至少", "个月", 6, 1, 24),
    "update_months": Number("监测对象的收支多久须更新", "个月", 12, 1, 24),
    "follow_months": Number("情况变化后多久应反映到档案", "个月", 1, 1, 12),
    "progress_months": Number("实施中的措施多久应登记进展", "个月", 6, 1, 24),
    "equal_years": Number("几年收入完全相同须核实", "年", 3, 2, 10),
    "fall_percent": Number("经营性、工资性收入比上年下降", "%", 30, 5, 95),
    "able_percent": Number("“缺劳动力”的家庭，有劳动力的人不应达到", "%", 50, 10, 100),
    "wage_least": Number("全年工资性收入不为零时，不应低于", "元", 100, 1, 10_000),
    "month_wage_least": Number("月均工资不应低于", "元", 100, 1, 10_000),
    "month_wage_most": Number("月均工资不应高于", "元", 30_000, 3_000, 200_000),
    "hint_rows": Number("提示“整千收入过多”：一村至少几户", "户", 20, 5, 1000),
    "heap_percent": Number("提示“整千收入过多”：整千的占", "%", 50, 10, 100),
    "same_households": Number("提示“收支完全相同”：一村至少几户", "户", 5, 2, 100),
    "hint_seconds": Number("提示“登记太快”：两户相隔不到", "秒", 20, 5, 600),
    "fast_rows": Number("提示“登记太快”：至少几户", "户", 10, 1, 1000),
    "quiet_rows": Number("提示“全部没有变化”：一人至少登记几户", "户", 50, 10, 1000),
    "income_most": Number("识别时人均纯收入不应高于", "元", 20_000, 5_000, 200_000),
}
DEFAULTS: Mapping[str, int] = {name: one.usual for name, one in PARAMETERS.items()}
NUMBERS = Numbers("quality", "quality_parameters", "核查规则的参数由省级审核设定。", PARAMETERS)
