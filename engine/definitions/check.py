"""The server-side check of a diagram: what the engine would ignore or fail on later is refused now, by element.

Every finding names the element and says in Chinese what to mend. The checks run over the XML, before SpiffWorkflow sees
it; then the diagram is parsed for good.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from engine import feel, services
from engine.decisions import parse_decision
from engine.definitions import xml as x
from engine.definitions.definition import (
    FLOW_NODES,
    REPETITIONS,
    SETTING_KINDS,
    Definition,
    expressions,
    page_forms,
    paper_words,
    queue_of,
)
from engine.definitions.resources import Resources, calls_out, parts_of
from engine.documents.kinds import KINDS, LISTS, PAPER_WORDS, kind_of_step
from engine.errors import DefinitionError, Finding
from engine.forms import check_form
from engine.forms.schema import walk

NAMES = {
    "scriptTask": "脚本任务", "task": "未定类型的任务", "sendTask": "发送任务", "receiveTask": "接收任务",
    "complexGateway": "复杂网关", "adHocSubProcess": "临时子流程", "transaction": "事务子流程",
    "intermediateThrowEvent": "中间抛出事件",
}  # fmt: skip
_ALLOWED_EVENTS = {
    "startEvent": {"messageEventDefinition"},
    "endEvent": {"terminateEventDefinition"},
    "intermediateCatchEvent": {"messageEventDefinition", "timerEventDefinition"},
    "boundaryEvent": {"messageEventDefinition", "timerEventDefinition"},
}
_WAITS = {"userTask", "manualTask", "intermediateCatchEvent", "eventBasedGateway", "callActivity", "subProcess"}
_IGNORED = {"sequenceFlow", "laneSet", "lane", "flowNodeRef", "textAnnotation", "association", "documentation",
            "extensionElements", "incoming", "outgoing", "group", "text"}  # fmt: skip
MAX_PARALLEL_BLOCKS = 4
"""The library predicts every path: k parallel blocks in a row cost it 2^k tasks a case."""

Checker = Callable[["_Draft"], Iterator[Finding]]


class _Draft:
    """A diagram being checked, with the look-ups that the checkers share."""

    def __init__(self, root: x.Node, resources: Resources) -> None:
        self.root = root
        self.forms, self.decisions = resources.form, resources.decision
        self.parts = parts_of(root, resources.part)
        self.processes = x.children(root, "process")
        self.nodes = {
            node.get("id", ""): node
            for process in self.processes
            for node in process.iter(f"{{{x.BPMN}}}*")
            if x.local(node) in FLOW_NODES
        }
        self.flows = list(x.descendants(root, "sequenceFlow"))
        self.next: dict[str, list[str]] = {identifier: [] for identifier in self.nodes}
        for flow in self.flows:
            self.next.setdefault(flow.get("sourceRef", ""), []).append(flow.get("targetRef", ""))
        for identifier, node in self.nodes.items():
            if x.local(node) == "boundaryEvent":
                self.next.setdefault(node.get("attachedToRef", ""), []).append(identifier)

    def of_kind(self, *kinds: str) -> Iterator[x.Node]:
        return (node for node in self.nodes.values() if x.local(node) in kinds)

    def outgoing(self, node: x.Node) -> list[x.Node]:
        return [flow for flow in self.flows if flow.get("sourceRef") == node.get("id")]

    def incoming(self, node: x.Node) -> list[x.Node]:
        return [flow for flow in self.flows if flow.get("targetRef") == node.get("id")]


def _found(node: x.Node, sentence: str, severity: str = "error") -> Finding:
    return Finding(node.get("id") or "", node.get("name") or "", sentence, severity)


def check(body: bytes, resources: Resources) -> tuple[Definition | None, list[Finding]]:
    """Check a diagram with the resources at hand; the definition is None when it cannot be built."""
    services.load_all()
    try:
        draft = _Draft(x.parse_xml(body), resources)
    except DefinitionError as error:
        return None, error.findings
    findings = [finding for checker in _CHECKERS for finding in checker(draft)]
    if any(finding.severity == "error" for finding in findings):
        return None, findings
    try:
        definition = Definition(body, resources)
        definition.specs  # noqa: B018 - parsing is the last check
    except DefinitionError as error:
        return None, [*findings, *error.findings]
    return definition, findings


def _elements(draft: _Draft) -> Iterator[Finding]:
    """Only what the engine really runs: an element it would skip in silence is an error."""
    for process in draft.processes:
        for node in process.iter(f"{{{x.BPMN}}}*"):
            kind = x.local(node)
            holder = node.getparent()
            if holder is None or x.local(holder) not in ("process", "subProcess") or kind in _IGNORED | FLOW_NODES:
                continue
            yield _found(node, f"本系统不运行“{NAMES.get(kind, kind)}”，请换成支持的元素。")
    for node in draft.of_kind("subProcess"):
        if node.get("triggeredByEvent") == "true":
            yield _found(node, "不支持事件子流程，请改用边界事件。")
    counts = Counter(n.get("id") for n in draft.root.iter(f"{{{x.BPMN}}}*") if n.get("id"))
    for identifier, count in counts.items():
        if count > 1:
            yield Finding(str(identifier), "", f"编号“{identifier}”重复出现了 {count} 次。")


def _repetitions(draft: _Draft) -> Iterator[Finding]:
    """A user task may be done several times; every other repetition is drawn as a loop."""
    for node in draft.nodes.values():
        marks = [mark for kind in REPETITIONS for mark in x.children(node, kind)]
        if marks and x.local(node) != "userTask":
            yield _found(node, "只有人工任务可以加多实例或循环标记，其他步骤请用网关画出回路。")
        for mark in marks if x.local(node) == "userTask" else []:
            yield from _repetition(node, mark)


def _repetition(node: x.Node, mark: x.Node) -> Iterator[Finding]:
    given = {name: x.text_of(mark, name) for name in REPETITIONS[x.local(mark)]}
    if x.local(mark) == "standardLoopCharacteristics":
        if not given["loopCondition"] and not (mark.get("loopMaximum") or "").isdigit():
            yield _found(node, "循环标记须写明再办一次的条件（loopCondition）或最多几次（loopMaximum）。")
    elif bool(given["loopDataInputRef"]) == bool(given["loopCardinality"]):
        yield _found(node, "多实例标记须写明按哪个清单（loopDataInputRef）或办理几次（loopCardinality）之一。")
    names = {name: found.get("name") or found.get("id") or "" for name in ("inputDataItem", "outputDataItem")
             for found in x.children(mark, name)}  # fmt: skip
    for name in [*names.values(), x.text_of(mark, "loopDataOutputRef")]:
        if name and not name.isidentifier():
            yield _found(node, f"多实例标记中的“{name}”不是变量名（字母、数字和下划线）。")
    if bool(x.text_of(mark, "loopDataOutputRef")) != ("outputDataItem" in names):
        yield _found(node, "多实例标记的汇总清单（loopDataOutputRef）须与取值（outputDataItem）同时写明。")


def _events(draft: _Draft) -> Iterator[Finding]:
    messages = {m.get("id"): m.get("name") for m in x.children(draft.root, "message")}
    for kind, allowed in _ALLOWED_EVENTS.items():
        for node in draft.of_kind(kind):
            given = [child for child in node if x.is_bpmn(child) and x.local(child).endswith("EventDefinition")]
            for child in given:
                if x.local(child) not in allowed:
                    yield _found(node, f"这里不支持“{x.local(child)}”类型的事件。")
                if x.local(child) == "messageEventDefinition" and not messages.get(child.get("messageRef")):
                    yield _found(node, "消息事件没有指明消息的名称。")
            if len(given) != 1 and kind in ("intermediateCatchEvent", "boundaryEvent"):
                yield _found(node, "这个事件须恰好有一个定义：等待时间或等待消息。")
            for timer in (child for child in given if x.local(child) == "timerEventDefinition"):
                if sum(bool(x.text_of(timer, name)) for name in ("timeDate", "timeDuration")) != 1:
                    yield _found(node, "定时事件须写明到期日期（timeDate）或时长（timeDuration）之一；不支持周期定时。")
    for node in draft.of_kind("boundaryEvent"):
        if node.get("attachedToRef") not in draft.nodes:
            yield _found(node, "边界事件没有附着在任何步骤上。")
        elif x.local(draft.nodes[node.get("attachedToRef", "")]) not in (
            "userTask",
            "manualTask",
            "callActivity",
            "subProcess",
        ):
            yield _found(node, "边界事件只能附着在人工任务、子流程或调用活动上。")
        days = x.properties(node).get("warnDays")
        if days is not None and not days.isdigit():
            yield _found(node, "“warnDays”须是提前预警的整数天数。")


def _flows(draft: _Draft) -> Iterator[Finding]:
    for flow in draft.flows:
        for end, label in (("sourceRef", "起点"), ("targetRef", "终点")):
            if flow.get(end) not in draft.nodes:
                yield _found(flow, f"连线的{label}“{flow.get(end)}”不存在。")
        source = draft.nodes.get(flow.get("sourceRef", ""))
        deciding = source is not None and x.local(source) in ("exclusiveGateway", "inclusiveGateway")
        if source is not None and not deciding and x.text_of(flow, "conditionExpression"):
            yield _found(flow, "只有从排他或包容网关出发的连线才能写条件，这里的条件会被忽略。")
    for node in draft.nodes.values():
        kind, out = x.local(node), draft.outgoing(node)
        if not out and kind != "endEvent":
            yield _found(node, "没有出口：走到这里就再也走不下去了。")
        if not draft.incoming(node) and kind not in ("startEvent", "boundaryEvent"):
            yield _found(node, "没有入口：永远走不到这里。")
        if len(out) > 1 and not kind.endswith("Gateway"):
            yield _found(node, "有多条出口，请用网关分开。")


def _gateways(draft: _Draft) -> Iterator[Finding]:
    for node in draft.of_kind("exclusiveGateway", "inclusiveGateway"):
        out = draft.outgoing(node)
        if len(out) < 2:
            continue
        default = node.get("default")
        if default not in {flow.get("id") for flow in out}:
            yield _found(node, "网关没有默认出口：条件都不成立时无路可走。请把其中一条设为默认。")
        for flow in out:
            if flow.get("id") != default and not x.text_of(flow, "conditionExpression"):
                yield _found(flow, f"网关“{node.get('name') or node.get('id')}”的这条出口没有写条件。")
    for node in draft.of_kind("eventBasedGateway"):
        targets = [draft.nodes.get(flow.get("targetRef", "")) for flow in draft.outgoing(node)]
        if any(t is None or x.local(t) != "intermediateCatchEvent" for t in targets):
            yield _found(node, "事件网关之后只能接等待时间或等待消息的事件。")
        timers = sum(
            1 for t in targets if t is not None and next(x.descendants(t, "timerEventDefinition"), None) is not None
        )
        if timers > 1:
            yield _found(node, "一个事件网关之后最多只能有一个定时事件。")
    for process in draft.processes:
        splits = [n for n in draft.of_kind("parallelGateway") if len(draft.outgoing(n)) > 1 and _holder(n) is process]
        if len(splits) > MAX_PARALLEL_BLOCKS:
            yield _found(process, f"一个流程里最多 {MAX_PARALLEL_BLOCKS} 处并行分支，更多的请放进子流程。")


def _holder(node: x.Node) -> x.Node | None:
    parent = node.getparent()
    while parent is not None and x.local(parent) != "process":
        parent = parent.getparent()
    return parent


def _processes(draft: _Draft) -> Iterator[Finding]:
    identifiers = {process.get("id") for process in draft.processes}
    calls: dict[str, set[str]] = {}
    for process in draft.processes:
        starts = x.children(process, "startEvent")
        if len(starts) != 1:
            yield _found(process, f"每个流程须恰好有一个开始事件，这里有 {len(starts)} 个。")
        if not x.children(process, "endEvent"):
            yield _found(process, "流程没有结束事件。")
        if process.get("isExecutable") == "false":
            yield _found(process, "流程被标记为不可执行（isExecutable=false）。")
        calls[process.get("id", "")] = {c.get("calledElement", "") for c in x.descendants(process, "callActivity")}
    for node in draft.of_kind("callActivity"):
        if node.get("calledElement") not in identifiers | set(draft.parts):
            yield _found(node, f"调用的流程“{node.get('calledElement')}”不存在。")
    for process in draft.processes:
        if _reaches(calls, process.get("id", ""), process.get("id", "")):
            yield _found(process, "调用活动互相调用，永远不会结束。")


def _called_parts(draft: _Draft) -> Iterator[Finding]:
    """Parts drawn elsewhere: no part calls itself in a circle, and no id means two things in one procedure."""
    roots = {key: x.parse_xml(body) for key, body in draft.parts.items()}
    calls = {key: set(calls_out(root)) for key, root in roots.items()}
    owner = dict.fromkeys(draft.nodes, "")
    main = {process.get("id", "") for process in draft.processes}
    for key, root in roots.items():
        if _reaches(calls, key, key) or calls[key] & main:
            yield Finding(key, key, f"公用环节“{key}”绕一圈又调用了自己，永远不会结束。")
        for node in root.iter(f"{{{x.BPMN}}}*"):
            identifier = node.get("id", "")
            if x.local(node) in FLOW_NODES and identifier in owner:
                yield Finding(
                    identifier, node.get("name") or "", f"编号“{identifier}”与公用环节“{key}”中的重复，请改用别的编号。"
                )
            elif x.local(node) in FLOW_NODES:
                owner[identifier] = key


def _settings(draft: _Draft) -> Iterator[Finding]:
    """``set:`` properties only where they take effect, each naming a variable."""
    for node in draft.nodes.values():
        for name in x.properties(node):
            if name.startswith("set:") and x.local(node) not in SETTING_KINDS:
                yield _found(node, f"“{name}”只能写在调用活动或结束事件上，写在这里会被忽略。")
            elif name.startswith("set:") and not name.removeprefix("set:").strip().isidentifier():
                yield _found(node, f"“{name}”没有写明变量名（字母、数字和下划线）。")


def _papers(draft: _Draft) -> Iterator[Finding]:
    """A step's paper is one we make, and the diagram has the words for it."""
    for node in draft.of_kind("userTask"):
        given = x.properties(node)
        kind, words = kind_of_step(given), paper_words(node)
        if kind and kind not in KINDS:
            yield _found(node, f"没有“{kind}”这一种文书，可用：{'、'.join(KINDS)}。")
        for name in words.keys() - PAPER_WORDS:
            yield _found(node, f"不认识“paper:{name}”，可用：{'、'.join(sorted(PAPER_WORDS))}、fields。")
        if kind in LISTS and not {"matter", "basis"} <= words.keys():
            yield _found(node, "打印名单须用“paper:matter”写明事由，用“paper:basis”写明依据。")
        form = json.loads(draft.forms.get(given.get("formKey", ""), b"{}"))
        keys = {component.get("key") for component in walk(form.get("components") or [])}
        for key in filter(None, (part.strip() for part in given.get("paper:fields", "").split(","))):
            if key not in keys:
                yield _found(node, f"“paper:fields”中的“{key}”不是这一步表单的项目。")


def _reaches(edges: Mapping[str, set[str]], start: str, goal: str) -> bool:
    seen: set[str] = set()
    stack = list(edges.get(start, ()))
    while stack:
        at = stack.pop()
        if at == goal:
            return True
        if at not in seen:
            seen.add(at)
            stack.extend(edges.get(at, ()))
    return False


def _reachable(draft: _Draft) -> Iterator[Finding]:
    """Every element can be reached from a start and can reach an end; no loop without a wait."""
    forward = _closure(draft.next, [n.get("id", "") for n in draft.of_kind("startEvent")])
    back: dict[str, list[str]] = {}
    for source, targets in draft.next.items():
        for target in targets:
            back.setdefault(target, []).append(source)
    backward = _closure(back, [n.get("id", "") for n in draft.of_kind("endEvent")])
    for identifier, node in draft.nodes.items():
        if identifier not in forward:
            yield _found(node, "从开始事件走不到这里。")
        elif identifier not in backward:
            yield _found(node, "从这里走不到任何结束事件。")
    automatic = {
        source: {t for t in targets if t in draft.nodes and x.local(draft.nodes[t]) not in _WAITS}
        for source, targets in draft.next.items()
        if source in draft.nodes and x.local(draft.nodes[source]) not in _WAITS
    }
    for identifier, node in draft.nodes.items():
        if _reaches(automatic, identifier, identifier):
            yield _found(node, "环路中没有任何等待（人工任务或等待事件），会无休止地运行。")


def _closure(edges: Mapping[str, list[str]], starts: list[str]) -> set[str]:
    seen, stack = set(starts), list(starts)
    while stack:
        for target in edges.get(stack.pop(), ()):
            if target not in seen:
                seen.add(target)
                stack.append(target)
    return seen


def _tasks(draft: _Draft) -> Iterator[Finding]:
    lanes: dict[str, str] = {}
    for lane in x.descendants(draft.root, "lane"):
        queue = queue_of(lane.get("name") or "", lane.get("id") or "")
        for reference in x.children(lane, "flowNodeRef"):
            if queue:
                lanes[(reference.text or "").strip()] = queue
            elif (reference.text or "").strip() in draft.nodes:
                yield _found(lane, "泳道名称中没有“村、乡、县、市、省”，不知道任务归哪个待办。")
                break
    for node in draft.of_kind("userTask", "manualTask"):
        given = x.properties(node)
        holder = node.getparent()
        if not (given.get("queue") or node.get("id") in lanes or (holder is not None and holder.get("id") in lanes)):
            yield _found(node, "任务不在任何泳道里，不知道归哪个待办。")
        if given.get("queue", "village") not in ("village", "township", "county", "city", "province"):
            yield _found(node, f"待办“{given['queue']}”不存在。")
        key = given.get("formKey")
        if not key:
            yield _found(node, "任务没有指定表单（formKey）。")
    for node in draft.nodes.values():
        key = x.properties(node).get("formKey")
        if key and key not in draft.forms:
            yield _found(node, f"表单“{key}”不存在。")
    for node in draft.of_kind("businessRuleTask"):
        key = x.extension_text(node, "calledDecisionId")
        if key not in draft.decisions:
            yield _found(node, f"决策表“{key}”不存在。")
        else:
            try:
                parse_decision(draft.decisions[key])
            except DefinitionError as error:
                yield from (_found(node, f"决策表“{key}”：{f.message}") for f in error.findings)


def _forms(draft: _Draft) -> Iterator[Finding]:
    keys = {x.properties(n).get("formKey", "") for n in draft.nodes.values()}
    for process in draft.processes:
        for name, key in page_forms(x.properties(process)).items():
            keys.add(key)
            if key not in draft.forms:
                yield _found(process, f"“{name}”写明的表单“{key}”不存在。")
    for key in sorted(keys):
        if key in draft.forms:
            try:
                schema = json.loads(draft.forms[key])
            except ValueError:
                yield Finding(key, key, f"表单“{key}”不是完整的 JSON 文件。")
                continue
            yield from (
                Finding(key, f.element_name, f"表单“{key}”：{f.message}", f.severity) for f in check_form(schema)
            )


def _services(draft: _Draft) -> Iterator[Finding]:
    for node in draft.of_kind("serviceTask"):
        operators = list(node.iter(f"{{{x.SPIFF}}}serviceTaskOperator"))
        if len(operators) != 1:
            yield _found(node, "服务任务没有指定要调用的服务。")
            continue
        name = operators[0].get("id", "")
        known = services.REGISTRY.get(name)
        if known is None:
            yield _found(node, f"服务“{name}”不存在。可用的有：{'、'.join(sorted(services.REGISTRY))}。")
            continue
        for parameter in operators[0].iter(f"{{{x.SPIFF}}}parameter"):
            if parameter.get("id") not in known.parameters:
                yield _found(node, f"服务“{name}”没有参数“{parameter.get('id')}”。")
            elif parameter.get("id") in draft.nodes:  # the library would take the parameter for the element
                yield _found(node, f"图中有元素的编号与参数“{parameter.get('id')}”相同，请改用别的编号。")


def _expressions(draft: _Draft) -> Iterator[Finding]:
    for node, text in expressions(draft.root):
        try:
            feel.compile_expression(text)
        except feel.FeelSyntaxError as error:
            yield _found(node, f"表达式“{text[:80]}”写得不对：{error}")
    for name in ("preScript", "postScript"):
        for script in draft.root.iter(f"{{{x.SPIFF}}}{name}"):
            owner = script.getparent().getparent()  # type: ignore[union-attr]
            yield _found(owner, "不允许在流程图里写脚本（preScript/postScript）。")  # type: ignore[arg-type]


_CHECKERS: tuple[Checker, ...] = (
    _elements, _repetitions, _events, _flows, _gateways, _processes, _called_parts, _settings, _papers, _reachable, _tasks, _forms,
    _services, _expressions,
)  # fmt: skip
