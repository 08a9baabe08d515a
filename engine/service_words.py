"""What the services that a diagram may call are for, and their parameters, as process owners read them."""

from __future__ import annotations

SERVICES: dict[str, tuple[str, str]] = {
    "clue.raise": ("录入风险线索", "与人工录入一样，开出识别认定或并入已有的一件"),
    "case.open": ("启动另一个流程", "为同一户启动"),
    "case.notify": ("发通知", "给选定的几级"),
    "household.record": ("记入农户档案", "核实的成员、收支、风险等"),
    "household.line": ("读取监测范围", "农户所在地某一天执行的监测范围，没有写日期就是当天"),
    "household.situation": ("读取农户现状", "农户在档案里的现状，供决策表和条件使用"),
    "household.tell": ("登记须告知农户的结果", "记下把结果和原因告知农户"),
    "household.record_telling": ("登记已告知农户", "按表上的日期、方式、被告知人"),
    "household.eliminate": ("标注风险消除", "不是监测对象的拒绝"),
    "household.roll_back": ("取消风险消除标注", "恢复为监测对象；没有同意文号的拒绝"),
    "household.clear": ("移出名册", "档案保留；没有同意文号的拒绝"),
    "matching.find_reusable": ("查找可引用的比对结果", "近期有比对结果的直接引用"),
    "matching.record": ("登记比对结果", "没有签授权书的拒绝"),
    "notice.open": ("公示开始", "到图上的定时事件期满；前一份失效"),
    "notice.close": ("公示结束", "本事项还有未处理的异议时拒绝"),
    "objection.decide": ("登记异议结论", "正在核查的那一件异议"),
    "registration.admit": ("纳入监测对象", "自当天起"),
    "registration.confirm": ("登记全国系统编号", "全国系统的户编号"),
    "announcement.prepare": ("生成公告", "或并入本村同一份"),
    "announcement.post": ("登记公告已张贴", "名单关闭"),
    "assistance.name_official": ("登记帮扶责任人", "原来的终止；不是公职人员的拒绝"),
    "assistance.present_plan": ("读取现行帮扶计划", "现行计划还要做的措施"),
    "assistance.record_plan": ("帮扶计划生效", "代替原来的；有风险没有措施又没有理由的拒绝"),
    "assistance.declare": ("登记措施申报", "申报编号和日期"),
    "assistance.settle": ("登记部门受理结果", "不予受理的通知村、乡"),
    "elimination.push": ("记下消除批准日期", "并通知村、乡"),
    "batch.enter": ("编入当天的批次", "逐级报批的批次"),
    "batch.agree": ("登记国家局同意", "文号和日期"),
    "batch.refuse": ("登记不同意", "哪一级不同意和理由"),
    "batch.execute": ("登记省里已执行", "没有文号和日期的拒绝"),
}
"""Name and use by the name that diagrams write."""

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
