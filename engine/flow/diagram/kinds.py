"""What people call the kinds of elements."""

from __future__ import annotations

from collections.abc import Iterable

KINDS = {
    "startEvent": "开始",
    "endEvent": "结束",
    "intermediateCatchEvent": "等待",
    "boundaryEvent": "附着的期限或消息",
    "userTask": "人工任务",
    "manualTask": "人工任务",
    "serviceTask": "自动办理",
    "businessRuleTask": "决策表",
    "exclusiveGateway": "判断",
    "parallelGateway": "并行",
    "inclusiveGateway": "可多选的判断",
    "eventBasedGateway": "先到为准",
    "subProcess": "子流程",
    "callActivity": "公用环节",
}
"""The flow nodes that we run."""


def said(kinds: Iterable[str]) -> str:
    """Several kinds, the process among them, for a sentence."""
    return "、".join(dict.fromkeys({**KINDS, "process": "流程"}[kind] for kind in kinds))
