"""Checks of size and of ids: run first, so that nothing that follows can take long or be misled."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from engine.flow.check.draft import Draft, found
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import FLOW_NODES
from engine.ground.errors import Finding

MAX_NODES = 300
"""Elements of one process: the library reads a process by going down one call at a time."""
MAX_ALL = 1_000
"""Elements of a file."""
MAX_PLACE = 1_000_000
MAX_ID = 200
MAX_NAME = 300
MAX_DOCUMENTATION = 20_000
MAX_AHEAD = 2_000
"""Steps that the library lays out in advance for every case:
it predicts each path behind parallel branches by itself.
"""
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of writing: a name would read otherwise than it is."""
_DECIDING = frozenset({"exclusiveGateway", "inclusiveGateway", "eventBasedGateway"})


def limits(draft: Draft) -> Iterator[Finding]:
    """More than the engine can carry, ids that cannot be seen or are missing,
    texts that nobody could read.
    """
    for process in draft.processes:
        nodes = sum(1 for node in process.iter(f"{{{x.BPMN}}}*") if x.local(node) in FLOW_NODES)
        if nodes > MAX_NODES:
            yield found(
                process, f"一个流程里最多 {MAX_NODES} 个元素，这里有 {nodes} 个，请把一部分画成公用环节。"
            )
    if len(draft.nodes) > MAX_ALL:
        yield Finding("", "", f"一个文件里最多 {MAX_ALL} 个元素，这里有 {len(draft.nodes)} 个。")
    for node in draft.root.iter(f"{{{x.BPMN}}}*"):
        if x.local(node) in FLOW_NODES | {"sequenceFlow", "process", "lane", "message"}:
            yield from _identity(node)
        elif x.local(node) == "documentation" and len(node.text or "") > MAX_DOCUMENTATION:
            owner = node.getparent()
            yield found(node if owner is None else owner, f"说明文字过长（上限 {MAX_DOCUMENTATION} 字）。")


def drawing(draft: Draft) -> Iterator[Finding]:
    """Places in the drawing that are no places."""
    for tag, names in (
        (f"{{{x.DC}}}Bounds", ("x", "y", "width", "height")),
        (f"{{{x.DI}}}waypoint", ("x", "y")),
    ):
        for node in draft.root.iter(tag):
            if not all(_is_place(node.get(name)) for name in names):
                shape = node.getparent()
                owner = "" if shape is None else shape.get("bpmnElement") or ""
                yield Finding(owner, "", "图形的位置或大小写得不对，画不出来。")


def _is_place(text: str | None) -> bool:
    try:
        return text is not None and abs(float(text)) < MAX_PLACE
    except ValueError:
        return False


def _identity(node: x.Node) -> Iterator[Finding]:
    identifier, name = node.get("id") or "", node.get("name") or ""
    if not identifier:
        yield found(node, f"有一个“{x.local(node)}”没有编号（id）。")
    elif len(identifier) > MAX_ID:
        yield Finding(identifier[:MAX_ID], name[:MAX_NAME], f"编号过长（上限 {MAX_ID} 字）。")
    elif any(unicodedata.category(character)[0] in "CZ" for character in identifier):
        yield found(node, "编号里有空格或看不见的字符，请改用字母、数字和下划线。")
    if len(name) > MAX_NAME:
        yield Finding(identifier[:MAX_ID], name[:MAX_NAME], f"名称过长（上限 {MAX_NAME} 字）。")
    elif _DIRECTIONS & set(name):
        yield found(node, "名称里有改变文字方向的隐藏字符，看到的与实际的不一样，请重新输入名称。")


def layout(draft: Draft) -> Iterator[Finding]:
    """Parallel branches that the library would lay out into more steps than it can carry, or without end."""
    weights: dict[str, int] = {}
    for identifier in draft.nodes:
        _weigh(draft, identifier, weights)
    for process in draft.processes:
        inside = [node for node in process.iter(f"{{{x.BPMN}}}*") if node.get("id") in weights]
        heaviest = max(inside, key=lambda node: weights[node.get("id", "")], default=None)
        if heaviest is not None and weights[heaviest.get("id", "")] > MAX_AHEAD:
            first = next(
                (
                    n
                    for n in inside
                    if x.local(n) == "parallelGateway" and weights[n.get("id", "")] > MAX_AHEAD
                ),
                heaviest,
            )
            yield found(
                first,
                f"并行分支一处接一处，引擎要预先铺开的步骤太多（上限 {MAX_AHEAD} 步）：请把后面的并行分支放进子流程。",
            )


def _weigh(draft: Draft, start: str, weights: dict[str, int]) -> None:
    """How many steps the library lays out from an element on: up to the next decision,
    each path by itself.
    """
    path = [start]
    inside = {start}
    while path:
        at = path[-1]
        targets = [flow.get("targetRef", "") for flow in draft.leaving.get(at, [])]
        node = draft.nodes.get(at)
        if at in weights or node is None or x.local(node) in _DECIDING:
            weights.setdefault(at, 1 + len(targets))
        else:
            later = next((one for one in targets if one not in weights and one not in inside), None)
            if later is not None:
                path.append(later)
                inside.add(later)
                continue
            endless = MAX_AHEAD + 1  # a circle without a decision
            weights[at] = min(
                1 + sum(endless if one in inside else weights[one] for one in targets), 10 * MAX_AHEAD
            )
        inside.discard(path.pop())
