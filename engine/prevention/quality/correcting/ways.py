"""Where what was found is put right: one way of changing the register for each kind, none beside them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """One way: what people call it, and what they do."""

    name: str
    sentence: str


OTHER = Way("农户档案", "在农户页面核对，按实际情况办理。")
WAYS = {
    "members": Way(
        "成员变动", "增减、姓名、性别、与户主关系、证件号码：在农户页面的“成员变动”里登记或更正。"
    ),
    "contact": Way("联系方式", "在农户页面更正电话、组别、地址。"),
    "years": Way("年度收入", "在整改表“年度收入”里填写更正后的数，乡级确认后记入档案。"),
    "check": Way(
        "入户核查",
        "收支、“三保障”、饮水、风险、健康、就学、劳动力以核查为准：在农户页面启动存量帮扶核查或者回头看；"
        "脱贫不享受政策户没有这两项，收入确有变化的，录入线索，由入户核实更正。",
    ),
    "plan": Way("帮扶计划和措施", "在农户页面的帮扶里补充措施、登记进展，或者重新制定计划。"),
    "merge": Way("合并、并户", "在农户页面提出合并重复登记的农户，由上级核对。"),
    "standing": Way("纳入、消除、回退、清退", "按规定的程序办理，不能直接改：在农户页面启动相应的流程。"),
}
"""By `Finding.way`."""


def way_of(code: str) -> Way:
    """The way of a finding; of one without, the household's page."""
    return WAYS.get(code, OTHER)
