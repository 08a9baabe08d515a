"""Checks of the drawing itself: only what the engine really runs,
connected so that a case can come to an end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from engine.flow.check.draft import Draft, apart, closure, found, name_of, reaches
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import FLOW_NODES, TIMERS
from engine.flow.diagram.resources import calls_out
from engine.ground.errors import Finding

NAMES = {
    "scriptTask": "脚本任务",
    "task": "未定类型的任务",
    "sendTask": "发送任务",
    "receiveTask": "接收任务",
    "complexGateway": "复杂网关",
    "adHocSubProcess": "临时子流程",
    "transaction": "事务子流程",
    "intermediateThrowEvent": "中间抛出事件",
    "event": "未定类型的事件",
    "implicitThrowEvent": "隐含抛出事件",
    "callChoreography": "调用编排",
    "choreographyTask": "编排任务",
    "subChoreography": "子编排",
}
EVENTS = {
    "signal": "信号",
    "error": "错误",
    "escalation": "升级",
    "compensate": "补偿",
    "cancel": "取消",
    "link": "链接",
    "conditional": "条件",
    "message": "消息",
    "timer": "定时",
    "terminate": "终止",
}
_ALLOWED_EVENTS = {
    "startEvent": {"messageEventDefinition"},
    "endEvent": {"terminateEventDefinition"},
    "intermediateCatchEvent": {"messageEventDefinition", "timerEventDefinition"},
    "boundaryEvent": {"messageEventDefinition", "timerEventDefinition"},
}
_HOLDERS = ("userTask", "manualTask", "callActivity", "subProcess")
"""What a boundary event may hang on."""
_WAITS = {
    "userTask",
    "manualTask",
    "intermediateCatchEvent",
    "eventBasedGateway",
    "callActivity",
    "subProcess",
}


def elements(draft: Draft) -> Iterator[Finding]:
    """Only what the engine really runs: an element it would skip in silence is an error."""
    for node in draft.refused.values():
        kind = x.local(node)
        yield found(node, f"本系统不运行“{NAMES.get(kind, kind)}”，请换成支持的元素。")
    for node in draft.of_kind("subProcess"):
        if x.flag(node, "triggeredByEvent"):
            yield found(node, "不支持事件子流程，请改用步骤上的事件。")


def flags(draft: Draft) -> Iterator[Finding]:
    """Flags are true or false: anything else would be read as one of them by whoever reads it."""
    for node in draft.root.iter(f"{{{x.BPMN}}}*"):
        for name in sorted(x.FLAGS & set(node.keys())):
            if node.get(name) not in ("true", "false"):
                holder = node.getparent()
                yield found(
                    node if holder is None or holder.get("id") not in draft.nodes else holder,
                    f"“{name}”写成了“{node.get(name)}”，只能写 true 或 false。",
                )


def unique(draft: Draft) -> Iterator[Finding]:
    """No id means two things."""
    counts = Counter(n.get("id") for n in draft.root.iter(f"{{{x.BPMN}}}*") if n.get("id"))
    for identifier, count in counts.items():
        if count > 1:
            yield Finding(str(identifier), "", f"编号“{identifier}”重复出现了 {count} 次。")


def _event(kind: str) -> str:
    return f"{EVENTS.get(kind.removesuffix('EventDefinition'), '未知')}（{kind}）"


def events(draft: Draft) -> Iterator[Finding]:
    messages = {m.get("id"): m.get("name") for m in x.children(draft.root, "message")}
    for kind, allowed in _ALLOWED_EVENTS.items():
        for node in draft.of_kind(kind):
            definitions = [
                child for child in node if x.is_bpmn(child) and x.local(child).endswith("EventDefinition")
            ]
            for child in definitions:
                if x.local(child) not in allowed:
                    yield found(node, f"这里不支持“{_event(x.local(child))}”类型的事件。")
                elif x.local(child) == "timerEventDefinition":
                    yield from _timer(node, child)
                elif x.local(child) == "messageEventDefinition" and not messages.get(child.get("messageRef")):
                    yield found(node, "消息事件没有指明消息的名称。")
            if len(definitions) != 1 and kind in ("intermediateCatchEvent", "boundaryEvent"):
                yield found(node, "这个事件须恰好有一个定义：等待时间或等待消息。")
    for node in draft.of_kind("boundaryEvent"):
        if node.get("attachedToRef") not in draft.refused:
            yield from _attached(draft, node)


def _timer(node: x.Node, timer: x.Node) -> Iterator[Finding]:
    if sum(bool(x.text_of(timer, name)) for name in TIMERS) != 1:
        yield found(node, "定时事件须写明到期日期（timeDate）、时长（timeDuration）、周期（timeCycle）之一。")
    elif x.text_of(timer, "timeCycle") and x.flag(node, "cancelActivity", default=True):
        yield found(
            node, "周期（timeCycle）只能用在不中断这一步的、步骤上的事件，别处的定时只会到期一次，请写时长。"
        )


def _attached(draft: Draft, node: x.Node) -> Iterator[Finding]:
    """What a boundary event hangs on."""
    holder = draft.nodes.get(node.get("attachedToRef", ""))
    if holder is None:
        yield found(node, "步骤上的事件没有附着在任何步骤上。")
    elif x.local(holder) not in _HOLDERS:
        yield found(node, "步骤上的事件只能附着在人工任务、子流程或公用环节上。")


def flows(draft: Draft) -> Iterator[Finding]:
    elsewhere = {node.get("id", "") for node in draft.root.iter(f"{{{x.BPMN}}}*")}
    for flow in draft.flows:
        yield from _ends(draft, flow, elsewhere)
        source = draft.nodes.get(flow.get("sourceRef", ""))
        target = draft.nodes.get(flow.get("targetRef", ""))
        if source is not None and target is not None and source.getparent() is not target.getparent():
            yield found(flow, "连线穿过了子流程的边框：子流程里外要分开连，进出都连在子流程上。")
        deciding = source is not None and x.local(source) in ("exclusiveGateway", "inclusiveGateway")
        if source is not None and not deciding and x.text_of(flow, "conditionExpression"):
            yield found(flow, "只有从排他或包容网关出发的连线才能写条件，这里的条件会被忽略。")
    for node in draft.nodes.values():
        if not apart(node):
            yield from _ways(draft, node)


def _ends(draft: Draft, flow: x.Node, elsewhere: Collection[str]) -> Iterator[Finding]:
    """Both ends of a flow are elements of this process."""
    for end, label in (("sourceRef", "起点"), ("targetRef", "终点")):
        name = flow.get(end)
        if name in draft.nodes or name in draft.refused:
            continue
        if name and name in elsewhere:
            yield found(flow, f"连线的{label}“{name}”不在这个流程里，连线不能通到别的流程。")
        else:
            yield found(flow, f"连线的{label}“{name}”不存在。" if name else f"连线没有写明{label}。")


def _ways(draft: Draft, node: x.Node) -> Iterator[Finding]:
    """A case can come to an element and go on from it."""
    kind, out = x.local(node), draft.outgoing(node)
    if not out and kind != "endEvent":
        yield found(node, "没有出口：走到这里就再也走不下去了。")
    if not draft.incoming(node) and kind not in ("startEvent", "boundaryEvent"):
        yield found(node, "没有入口：永远走不到这里。")
    if len(out) > 1 and not kind.endswith("Gateway"):
        yield found(node, "有多条出口，请用网关分开。")


def gateways(draft: Draft) -> Iterator[Finding]:
    for node in draft.of_kind("exclusiveGateway", "inclusiveGateway"):
        out = draft.outgoing(node)
        if len(out) < 2:
            if out and x.text_of(out[0], "conditionExpression"):
                yield found(node, "只有一条出口却写了条件：条件不成立时无路可走。")
            continue
        default = node.get("default")
        if default not in {flow.get("id") for flow in out}:
            yield found(node, "网关没有默认出口：条件都不成立时无路可走。请把其中一条设为默认。")
        for flow in out:
            if flow.get("id") != default and not x.text_of(flow, "conditionExpression"):
                yield found(flow, f"网关“{name_of(node)}”的这条出口没有写条件。")
    for node in draft.of_kind("eventBasedGateway"):
        targets = [draft.nodes.get(flow.get("targetRef", "")) for flow in draft.outgoing(node)]
        if any(t is None or x.local(t) != "intermediateCatchEvent" for t in targets):
            yield found(node, "事件网关之后只能接等待时间或等待消息的事件。")
        timers = sum(
            1
            for t in targets
            if t is not None and next(x.descendants(t, "timerEventDefinition"), None) is not None
        )
        if timers > 1:
            yield found(node, "一个事件网关之后最多只能有一个定时事件。")


def processes(draft: Draft) -> Iterator[Finding]:
    if not draft.processes:
        yield Finding("", "", "文件中没有画出流程。")
    for process in draft.processes:
        yield from _process(process)
    for node in draft.of_kind("subProcess"):
        starts = x.children(node, "startEvent")
        if len(starts) != 1 and not apart(node):
            yield found(node, f"子流程里须恰好画一个开始事件，这里有 {len(starts)} 个。")
    yield from _calls(draft)


def _process(process: x.Node) -> Iterator[Finding]:
    starts = x.children(process, "startEvent")
    if len(starts) != 1:
        yield found(process, f"每个流程须恰好有一个开始事件，这里有 {len(starts)} 个。")
    if not x.children(process, "endEvent"):
        yield found(process, "流程没有结束事件。")
    if not x.flag(process, "isExecutable", default=True):
        yield found(
            process, "流程被标记为不可执行（isExecutable=false）。要启用，请在流程的属性里勾选可执行。"
        )


def _calls(draft: Draft) -> Iterator[Finding]:
    """What call activities call is there, and comes to an end."""
    callable_ = {process.get("id") for process in draft.processes} | set(draft.parts)
    callable_ |= {
        node.get("id") for node in draft.root if x.is_bpmn(node) and x.local(node).startswith("global")
    }
    for node in draft.of_kind("callActivity"):
        called = node.get("calledElement")
        if not called:
            yield found(node, "没有指定要调用哪个公用环节。")
        elif called not in callable_:
            yield found(node, f"调用的流程“{called}”不存在。")
    calls = {
        process.get("id", ""): {c.get("calledElement", "") for c in x.descendants(process, "callActivity")}
        for process in draft.processes
    }
    for process in draft.processes:
        if reaches(calls, process.get("id", ""), process.get("id", "")):
            yield found(process, "公用环节互相调用，永远不会结束。")


def called_parts(draft: Draft) -> Iterator[Finding]:
    """Parts drawn elsewhere: no part calls itself in a circle,
    and no id means two things in one procedure.
    """
    roots = draft.part_roots
    calls = {key: set(calls_out(root)) for key, root in roots.items()}
    owner = dict.fromkeys(draft.nodes, "")
    main = {process.get("id", "") for process in draft.processes}
    for key, root in roots.items():
        if reaches(calls, key, key) or calls[key] & main:
            yield Finding(key, key, f"公用环节“{key}”绕一圈又调用了自己，永远不会结束。")
        for node in root.iter(f"{{{x.BPMN}}}*"):
            identifier = node.get("id", "")
            if x.local(node) in FLOW_NODES and identifier in owner:
                yield Finding(
                    identifier,
                    node.get("name") or "",
                    f"编号“{identifier}”与公用环节“{key}”中的重复，请改用别的编号。",
                )
            elif x.local(node) in FLOW_NODES:
                owner[identifier] = key


def _scope(node: x.Node) -> str:
    """The process or subprocess that the element stands in, by its id."""
    holder = node.getparent()
    return "" if holder is None else holder.get("id") or ""


def reachable(draft: Draft) -> Iterator[Finding]:
    """Every element can be reached from a start and can reach an end; no loop without a wait."""
    forward = closure(draft.next, [n.get("id", "") for n in draft.of_kind("startEvent")])
    back: dict[str, list[str]] = {}
    for source, targets in draft.next.items():
        for target in targets:
            back.setdefault(target, []).append(source)
    backward = closure(back, [n.get("id", "") for n in draft.of_kind("endEvent")])
    stopped = {_scope(n) for n in draft.of_kind("endEvent") if x.children(n, "terminateEventDefinition")}
    for identifier, node in draft.nodes.items():
        if apart(node):
            continue
        if identifier not in forward:
            yield found(node, "从开始事件走不到这里。")
        elif (
            identifier not in backward and _scope(node) not in stopped
        ):  # else the exploration sees whether it is stopped
            yield found(node, "从这里走不到任何结束事件。")
    automatic = {
        source: {t for t in targets if t in draft.nodes and x.local(draft.nodes[t]) not in _WAITS}
        for source, targets in draft.next.items()
        if source in draft.nodes and x.local(draft.nodes[source]) not in _WAITS
    }
    for identifier, node in draft.nodes.items():
        if reaches(automatic, identifier, identifier):
            yield found(node, "环路中没有任何等待（人工任务或等待事件），会无休止地运行。")
