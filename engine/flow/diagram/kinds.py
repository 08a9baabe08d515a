"""What people call the kinds of elements."""

from __future__ import annotations

from collections.abc import Iterable

KINDS = {
    "startEvent": "开始",
    "endEvent": "结束",
    "intermediateCatchEvent": "等待",
    "boundaryEvent": "步骤上的事件",
    "userTask": "人工任务",
    "manualTask": "线下任务",
    "serviceTask": "系统功能",
    "businessRuleTask": "决策表",
    "exclusiveGateway": "排他网关",
    "parallelGateway": "并行网关",
    "inclusiveGateway": "包容网关",
    "eventBasedGateway": "事件网关",
    "subProcess": "子流程",
    "callActivity": "公用环节",
}
"""The flow nodes that we run, in the words of the drawing page (web/assets/modeler/panel/kinds.js)."""


def said(kinds: Iterable[str]) -> str:
    """Several kinds, the process among them, for a sentence."""
    return "、".join(dict.fromkeys({**KINDS, "process": "流程"}[kind] for kind in kinds))
