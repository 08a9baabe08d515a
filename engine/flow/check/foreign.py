"""Checks of files drawn elsewhere: behaviour that this engine does not have is named, mere pictures pass."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.flow.check.draft import Draft, found, name_of
from engine.flow.diagram import xml as x
from engine.flow.diagram.dialects import CAMUNDA_LIKE, ZEEBE
from engine.flow.diagram.resources import is_empty
from engine.ground.errors import Finding

_TOOLS = {
    **dict.fromkeys(CAMUNDA_LIKE, "camunda"),
    CAMUNDA_LIKE[1]: "flowable",
    CAMUNDA_LIKE[2]: "activiti",
    ZEEBE: "zeebe",
}
_CODE = {
    "executionListener": "监听器",
    "taskListener": "监听器",
    "executionListeners": "监听器",
    "taskListeners": "监听器",
    "script": "脚本",
    "connector": "连接器",
    "errorEventDefinition": "错误映射",
    "field": "字段注入",
}
"""Extension elements of Camunda and its kin that do something."""
_CALLS = ("class", "delegateExpression", "expression", "type")
"""Attributes of a service task that call code of the application around those engines."""
_WHO = ("assignee", "candidateGroups", "candidateUsers")
_WHEN = ("dueDate", "followUpDate")
_UNKNOWN_ROOTS = {
    "choreography": "编排图",
    "globalChoreographyTask": "编排任务",
    "conversation": "会话图",
    "globalUserTask": "全局任务",
    "globalManualTask": "全局任务",
    "globalScriptTask": "全局任务",
    "globalBusinessRuleTask": "全局任务",
    "globalTask": "全局任务",
}


def other_pools(draft: Draft) -> Iterator[Finding]:
    """One procedure a file: what other pools draw is not run, and is said to be not."""
    run = {process.get("id") for process in draft.processes}
    pools = {p.get("processRef"): p.get("name") for p in x.descendants(draft.root, "participant")}
    for process in x.children(draft.root, "process"):
        if process.get("id") in run or is_empty(process):
            continue
        name = " ".join((pools.get(process.get("id")) or name_of(process)).split())
        if x.flag(process, "isExecutable"):
            yield found(
                process,
                f"一个文件只办理一个流程，“{name}”没有被调用，不会运行。请另存为单独的文件，或去掉可执行标记。",
            )
        else:
            yield found(process, f"“{name}”里画的内容只作示意，本系统不办理。", "warning")
    for node in draft.root:
        if x.is_bpmn(node) and x.local(node) in _UNKNOWN_ROOTS:
            yield found(node, f"本系统不运行“{_UNKNOWN_ROOTS[x.local(node)]}”（{x.local(node)}）。")


def message_flows(draft: Draft) -> Iterator[Finding]:
    """A line between pools sends nothing by itself."""
    for flow in x.descendants(draft.root, "messageFlow"):
        target = draft.nodes.get(flow.get("targetRef", ""))
        if target is not None and next(x.descendants(target, "messageEventDefinition"), None) is None:
            yield found(
                flow, "这条消息流指向的步骤不等待消息，连线本身不会传递任何东西，只作示意。", "warning"
            )


def unusual(draft: Draft) -> Iterator[Finding]:
    """Attributes of the standard that change how an element runs, which this engine does not know."""
    for node in draft.nodes.values():
        if x.flag(node, "isForCompensation"):
            yield found(node, "不支持补偿活动（isForCompensation）。")
        for name in ("startQuantity", "completionQuantity"):
            if node.get(name, "1") != "1":
                yield found(node, f"不支持令牌数量（{name}={node.get(name)}），请用并行网关。")
        if x.flag(node, "instantiate"):
            yield found(node, "网关不能启动流程（instantiate），请用开始事件。")
        if node.get("eventGatewayType", "Exclusive") != "Exclusive":
            yield found(node, "事件网关只能等第一个到的事件（eventGatewayType=Exclusive）。")
        for reference in x.children(node, "eventDefinitionRef"):
            yield found(
                node,
                f"事件的定义须写在事件里，不能引用别处的“{(reference.text or '').strip()}”（eventDefinitionRef）。",
            )


def other_tools(draft: Draft) -> Iterator[Finding]:
    """What Camunda, Flowable and Activiti would do at an element and we do not."""
    for process in draft.processes:
        for node in process.iter(f"{{{x.BPMN}}}*"):
            yield from _extensions(node)
            yield from _attributes(node)


def _extensions(node: x.Node) -> Iterator[Finding]:
    service = x.local(node) == "serviceTask"
    for child in node.findall(f"{{{x.BPMN}}}extensionElements/*"):
        name = etree.QName(child)
        tool = _TOOLS.get(name.namespace or "") if isinstance(child.tag, str) else None
        written = f"{tool}:{name.localname}"
        if tool is None:
            continue
        if name.localname in _CODE:
            yield found(
                node, f"{_CODE[name.localname]}（{written}）在本系统不会运行，请去掉，或改为系统功能。"
            )
        elif name.localname in ("inputOutput", "ioMapping") and not (service and _only_inputs(child)):
            yield found(
                node, f"输入输出映射（{written}）在本系统不起作用：变量全案共用。请去掉，或改用“set:”属性。"
            )
        elif name.localname in ("in", "out") and child.get("source", "") != child.get("target", ""):
            yield found(node, f"调用时改名传递变量（{written}）不起作用：变量全案共用。请改用“set:”属性。")
        elif name.localname in ("formData", "userTaskForm"):
            yield found(node, f"画在图里的表单（{written}）不会显示，请另做表单并写明编号。", "warning")
        elif name.localname == "assignmentDefinition":
            yield found(node, f"办理人（{written}）不起作用：由谁办理看泳道。", "warning")
        elif name.localname == "taskSchedule":
            yield found(node, f"到期日（{written}）不起作用：时限请画成边界定时事件。", "warning")


def _only_inputs(mapping: x.Node) -> bool:
    return all(
        etree.QName(c).localname in ("input", "inputParameter") for c in mapping if isinstance(c.tag, str)
    )


def _attributes(node: x.Node) -> Iterator[Finding]:
    kind = x.local(node)
    for namespace in CAMUNDA_LIKE:
        given = {
            str(key)[len(namespace) + 2 :] for key in node.attrib if str(key).startswith(f"{{{namespace}}}")
        }
        tool = _TOOLS[namespace]
        for name in _WHO:
            if name in given:
                yield found(node, f"办理人（{tool}:{name}）不起作用：由谁办理看泳道。", "warning")
        for name in _WHEN:
            if name in given:
                yield found(node, f"到期日（{tool}:{name}）不起作用：时限请画成边界定时事件。", "warning")
        external = node.get(f"{{{namespace}}}type") == "external"
        if kind == "serviceTask":
            for name in _CALLS:
                if name in given and not (name == "type" and external):
                    yield found(node, f"“{tool}:{name}”调用的程序本系统没有，请指定登记过的服务。")
    owners = ("potentialOwner", "humanPerformer", "performer", "resourceRole")
    if any(x.children(node, name) for name in owners):
        yield found(node, "办理人（potentialOwner）不起作用：由谁办理看泳道。", "warning")
