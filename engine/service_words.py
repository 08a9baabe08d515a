"""What the parameters of services are called, as process owners read them."""

from __future__ import annotations

PARAMETERS: dict[str, str] = {
    "approved_on": "批准日期", "basis": "依据", "by": "由哪一级", "category": "类别", "channel": "发现渠道",
    "clues": "留存的线索由这次核查了结",
    "consent_number": "同意文号", "consented_on": "同意日期", "contact": "联系方式", "day": "哪一天", "declaration_number": "申报编号",
    "declared_on": "申报日期", "description": "情况", "exception": "例外", "executed_on": "执行日期", "finder": "发现人",
    "finding": "核查情况", "findings": "检查发现的问题", "form": "取哪张表", "kind": "通知种类", "letter": "授权书",
    "level": "哪一级", "manner": "方式", "matter": "事由", "national_number": "全国系统户编号", "number": "文号", "objection": "异议编号",
    "official": "责任人", "outcome": "结论", "pass_reason": "仍予通过的理由", "place": "地点", "posted_on": "张贴日期",
    "procedure": "启动的流程", "queues": "通知哪几级", "reason": "理由", "result": "结果", "risks": "风险",
    "seen": "制定时看到的措施",
    "text": "通知内容", "timer": "到哪个定时事件期满", "variables": "带去的变量", "word": "批次编号用字",
}  # fmt: skip
"""What each parameter is called; the same name means the same in every service."""
