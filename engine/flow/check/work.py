"""Checks of what the steps use: queues, forms, decision tables, services, papers,
and the writing of every FEEL text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from engine.flow import feel, vocabulary
from engine.flow.check.draft import Draft, found, name_of
from engine.flow.decisions import parse_model
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import REPETITIONS, lane_queue, paper_words
from engine.flow.diagram.properties import PAPER_FIELDS, PAPER_TEXTS, page_forms, paper_of
from engine.flow.diagram.texts import expressions
from engine.flow.feel import strip_equals
from engine.flow.feel.values import to_plain
from engine.flow.forms.schema import PLACEHOLDER, walk
from engine.flow.machine.repetition import MAX_ROUNDS
from engine.flow.machine.script import MAX_INSTANCES, instances
from engine.ground.errors import DefinitionError, Finding
from engine.ground.text import whole


def repetitions(draft: Draft) -> Iterator[Finding]:
    """A user task may be done several times; every other repetition is drawn as a loop."""
    for node in draft.nodes.values():
        marks = [mark for kind in REPETITIONS for mark in x.children(node, kind)]
        if marks and x.local(node) != "userTask":
            yield found(node, "只有人工任务可以加多实例或循环标记，其他步骤请用网关画出回路。")
        for mark in marks if x.local(node) == "userTask" else []:
            yield from _repetition(draft, node, mark)


def _repetition(draft: Draft, node: x.Node, mark: x.Node) -> Iterator[Finding]:
    given = {name: x.text_of(mark, name) for name in REPETITIONS[x.local(mark)]}
    if x.local(mark) == "standardLoopCharacteristics":
        yield from _loop(node, mark, given["loopCondition"])
    elif bool(given["loopDataInputRef"]) == bool(given["loopCardinality"]):
        yield found(node, "多实例标记须写明按哪个清单（loopDataInputRef）或办理几次（loopCardinality）之一。")
    names = {
        name: item.get("name") or item.get("id") or ""
        for name in ("inputDataItem", "outputDataItem")
        for item in x.children(mark, name)
    }
    for name in [*names.values(), x.text_of(mark, "loopDataOutputRef")]:
        if name and not name.isidentifier():
            yield found(node, f"多实例标记中的“{name}”不是变量名（字母、数字和下划线）。")
    if bool(x.text_of(mark, "loopDataOutputRef")) != ("outputDataItem" in names):
        yield found(node, "多实例标记的汇总清单（loopDataOutputRef）须与取值（outputDataItem）同时写明。")
    yield from _gathered(draft, node, mark, names)
    for name in ("loopDataInputRef", "loopCardinality"):
        if given.get(name):
            yield from _how_often(draft, node, name, strip_equals(given[name]))


def _loop(node: x.Node, mark: x.Node, condition: str) -> Iterator[Finding]:
    """A step that is done again has a condition for it, or a number of rounds."""
    most = whole(mark.get("loopMaximum"))
    if mark.get("loopMaximum") is not None and not most:
        yield found(node, "循环标记的最多次数（loopMaximum）须是大于 0 的整数，用 0 到 9 的数字写。")
    elif most is not None and most > MAX_ROUNDS:
        yield found(
            node, f"循环标记的最多次数（loopMaximum）写的是 {most}：到第 {MAX_ROUNDS} 次为止。", "warning"
        )
    elif not condition and most is None:
        yield found(node, "循环标记须写明再办一次的条件（loopCondition）或最多几次（loopMaximum）。")


def _gathered(draft: Draft, node: x.Node, mark: x.Node, names: Mapping[str, str]) -> Iterator[Finding]:
    """The list of results is emptied as the step begins: it may be nothing that somebody else still needs."""
    result = x.text_of(mark, "loopDataOutputRef")
    if not result:
        return
    read = _roots(strip_equals(x.text_of(mark, "loopDataInputRef") or x.text_of(mark, "loopCardinality")))
    if result == _variable(node) or result in names.values():
        yield found(node, f"汇总清单“{result}”与每一次填写或取用的变量同名，填写的内容会丢失，请换一个名称。")
    elif result in read:
        yield found(node, f"汇总清单“{result}”与办理依据的清单同名，一开始就会被清空，请换一个名称。")
    else:
        for other in draft.of_kind("userTask", "startEvent"):
            if other is not node and _variable(other) == result:
                yield found(
                    node, f"汇总清单“{result}”与“{name_of(other)}”填写的变量同名，会把它盖掉，请换一个名称。"
                )


def _variable(node: x.Node) -> str:
    given = x.properties(node)
    return given.get("variable") or given.get("formKey") or ""


def _roots(text: str) -> set[str]:
    try:
        return {name.partition(".")[0] for name in feel.compile_expression(text).names()} if text else set()
    except feel.FeelSyntaxError:
        return set()  # the check of the writing says so


_LISTS_OF_FORMS = frozenset({"dynamiclist", "checklist", "taglist", "filepicker"})
_OPEN_KINDS = frozenset({"expression"})
"""The kinds of form fields whose value is a list, and those whose value may be anything."""


def _how_often(draft: Draft, node: x.Node, name: str, text: str) -> Iterator[Finding]:
    """What the number of times comes to, as far as it can be known before."""
    try:
        compiled = feel.compile_expression(text)
        value = None if compiled.names() else to_plain(compiled.evaluate({}))
    except (feel.FeelSyntaxError, feel.FeelLimitError):
        return  # the check of the writing says so
    if not compiled.names():
        if not instances(value):
            limit = (
                f"须是 1 到 {MAX_INSTANCES} 的整数"
                if name == "loopCardinality"
                else f"须是有 1 到 {MAX_INSTANCES} 项的清单"
            )
            yield found(node, f"“{text[:60]}”算不出办理几次：{limit}。")
        return
    kind = _kind_of_field(draft, text)
    if kind is None or kind in _OPEN_KINDS:
        return
    if name == "loopCardinality" and kind != "number":
        yield found(node, f"“{text}”在表单里不是数字，算不出办理几次。")
    elif name == "loopDataInputRef" and kind not in _LISTS_OF_FORMS:
        yield found(node, f"“{text}”在表单里不是清单，办到这里会算不出办理几次。", "warning")


def _kind_of_field(draft: Draft, text: str) -> str | None:
    """The kind of the form field that the text names (``variable.key``); None for anything else."""
    variable, _, key = text.partition(".")
    for other in draft.of_kind("userTask", "startEvent"):
        if _variable(other) == variable:
            components = draft.components(x.properties(other).get("formKey", ""))
            return next((str(one.get("type")) for one in components if key and one.get("key") == key), None)
    return None


def papers(draft: Draft) -> Iterator[Finding]:
    """A step's paper is one we make, and the diagram has the words for it."""
    known = vocabulary.used().paper
    for node in draft.of_kind("userTask"):
        given = x.properties(node)
        kind, words = paper_of(given), paper_words(given)
        if kind and kind not in known:
            yield found(node, f"没有“{kind}”这一种文书，可用：{'、'.join(known)}。")
        written = {name.removeprefix("paper:") for name in given if name.startswith("paper:")}
        for name in sorted(written - PAPER_TEXTS.keys() - {"fields"}):
            yield found(node, f"不认识“paper:{name}”，可用：{'、'.join(sorted(PAPER_TEXTS))}、fields。")
        if kind in known and known[kind].listed and not {"matter", "basis"} <= words.keys():
            yield found(node, "打印名单须用“paper:matter”写明事由，用“paper:basis”写明依据。")
        keys = {component.get("key") for component in walk(draft.components(given.get("formKey", "")))}
        for key in PAPER_FIELDS.several(given):
            if key not in keys:
                yield found(node, f"“paper:fields”中的“{key}”不是这一步表单的项目。")


def tasks(draft: Draft) -> Iterator[Finding]:
    lanes: set[str] = set()  # a lane without a queue is named itself, not each of its tasks
    for lane in x.descendants(draft.root, "lane"):
        inside = {(reference.text or "").strip() for reference in x.children(lane, "flowNodeRef")}
        lanes |= inside
        if lane_queue(lane) is None and inside & draft.nodes.keys():
            yield found(lane, "泳道名称中没有“村、乡、县、市、省”，不知道任务归哪个待办。")
    for node in draft.of_kind("userTask", "manualTask"):
        yield from _task(node, lanes)
    for node in draft.nodes.values():
        key = x.properties(node).get("formKey")
        if key and key not in draft.forms:
            yield found(node, f"表单“{key}”不存在。")
    for node in draft.of_kind("businessRuleTask"):
        yield from _decision(draft, node)


def _task(node: x.Node, lanes: Collection[str]) -> Iterator[Finding]:
    """A person's task lands in a queue, and has a form."""
    given, holder = x.properties(node), node.getparent()
    in_lane = node.get("id") in lanes or (holder is not None and holder.get("id") in lanes)
    if not given.get("queue") and not in_lane:
        yield found(node, "任务不在任何泳道里，不知道归哪个待办。")
    if not given.get("formKey"):
        yield found(node, "任务没有指定表单（formKey）。")


def _decision(draft: Draft, node: x.Node) -> Iterator[Finding]:
    key = x.extension_text(node, "calledDecisionId")
    if not key:
        yield found(node, "没有指定决策表。")
    elif key not in draft.decisions:
        yield found(node, f"决策表“{key}”不存在。")
    else:
        try:
            parse_model(draft.decisions[key])
        except DefinitionError as error:
            yield from (found(node, f"决策表“{key}”：{f.message}") for f in error.findings)


def forms(draft: Draft) -> Iterator[Finding]:
    keys = {x.properties(n).get("formKey", "") for n in draft.nodes.values()}
    for process in draft.processes:
        for name, key in page_forms(x.properties(process)).items():
            keys.add(key)
            if key not in draft.forms:
                yield found(process, f"“{name}”写明的表单“{key}”不存在。")
    for key in sorted(keys):
        _, problems = draft.schema(key)
        yield from (Finding(key, f.element_name, f"表单“{key}”：{f.message}", f.severity) for f in problems)


def instructions(draft: Draft) -> Iterator[Finding]:
    """Places in a step's instructions that nothing fills: who works on it would read the braces."""
    for node in draft.nodes.values():
        for place in PLACEHOLDER.findall(x.extension_text(node, "instructionsForEndUser")):
            yield found(
                node,
                f"办事提示里的“{place}”不会换成值，办理的人看到的就是这几个字。要显示值，请在表单里用只读项加预填。",
            )


def services_called(draft: Draft) -> Iterator[Finding]:
    every = vocabulary.used().service
    for node in draft.of_kind("serviceTask"):
        operators = node.findall(f"{{{x.BPMN}}}extensionElements/{{{x.SPIFF}}}serviceTaskOperator")
        if len(operators) != 1:
            yield found(node, "没有指定要用哪项系统功能。")
            continue
        name = operators[0].get("id", "")
        known = every.get(name)
        if known is None:
            yield found(node, f"服务“{name}”不存在。可用的有：{'、'.join(sorted(every))}。")
            continue
        for parameter in operators[0].iter(f"{{{x.SPIFF}}}parameter"):
            if parameter.get("id") not in known.parameters:
                yield found(node, f"服务“{name}”没有参数“{parameter.get('id')}”。")
            elif parameter.get("id") in draft.nodes:  # the library would take the parameter for the element
                yield found(node, f"图中有元素的编号与参数“{parameter.get('id')}”相同，请改用别的编号。")


_OTHER_LANGUAGES = {
    "${": '这是 Camunda 7 一类引擎的写法（JUEL），请改写成 FEEL，如 review.outcome = "approve"。',
    "#{": '这是 Camunda 7 一类引擎的写法（JUEL），请改写成 FEEL，如 review.outcome = "approve"。',
    "getDataObject(": '这是 XPath 的写法，请改写成 FEEL，如 review.outcome = "approve"。',
}
"""How texts of other languages are known; FEEL has none of these."""


def expressions_written(draft: Draft) -> Iterator[Finding]:
    for node, text in expressions(draft.root):
        try:
            written = feel.compile_expression(text)
            if not written.names():
                written.evaluate({})  # what reads nothing is always worth the same, or always too much
        except feel.FeelSyntaxError as error:
            elsewhere = next((words for begin, words in _OTHER_LANGUAGES.items() if begin in text), None)
            yield found(node, f"表达式“{text[:80]}”写得不对：{elsewhere or error}")
        except feel.FeelLimitError as error:
            yield found(node, f"表达式“{text[:80]}”算不完：{error.message}")
    for name in ("preScript", "postScript"):
        for script in draft.root.iter(f"{{{x.SPIFF}}}{name}"):
            owner = script.getparent().getparent()  # type: ignore[union-attr]
            yield found(owner, "不允许在流程图里写脚本（preScript/postScript）。")  # type: ignore[arg-type]
