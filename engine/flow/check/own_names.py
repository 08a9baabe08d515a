"""Checks of the names that a diagram gives its variables: each can be read again,
and none is the system's.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.check.draft import Draft, found
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import REPETITIONS, SETTING_KINDS, settings_of
from engine.flow.diagram.properties import RECEIVES
from engine.flow.forms.schema import FEEL_WORDS
from engine.flow.vocabulary import used
from engine.ground.errors import Finding


def own_names(draft: Draft) -> Iterator[Finding]:
    """A variable that expressions take for something else, cannot read,
    or that replaces what the system gives.
    """
    processes = {process.get("id", "") for process in draft.processes}
    by_clue = any(("start", key) in used().receiver for key in processes)
    house = used().speaking_of(draft.about)
    ours = house.given_variables.keys() - (frozenset() if by_clue else house.changing)
    for node in draft.nodes.values():
        for name in dict.fromkeys(_named(node)):
            if name in FEEL_WORDS:
                yield found(node, f"变量名“{name}”是表达式自己的词，条件里读不到它，请换一个，如 {name}_1。")
            elif not name.isidentifier():
                yield found(
                    node, f"变量名“{name}”在条件里读不到：请只用字母、数字和下划线，不以数字开头。", "warning"
                )
        filled = x.local(node) == "userTask" or (x.local(node) == "startEvent" and not by_clue)
        for name in _filled(node) if filled else ():
            if name in ours:
                yield found(node, f"变量名“{name}”是系统给的，填了表就会盖掉它，请用属性 variable 换一个。")


def _filled(node: x.Node) -> Iterator[str]:
    """The variable that a form fills."""
    given = x.properties(node)
    if given.get("formKey") and x.local(node) in ("userTask", "startEvent"):
        yield given.get("variable") or given["formKey"]


def _named(node: x.Node) -> Iterator[str]:
    """Every name that the element gives to a variable."""
    kind, given = x.local(node), x.properties(node)
    yield from _filled(node)
    if kind == "serviceTask":
        operators = node.iter(f"{{{x.SPIFF}}}serviceTaskOperator")
        yield from filter(None, (operator.get("resultVariable") for operator in operators))
    if kind == "businessRuleTask":
        yield from filter(None, [given.get("resultVariable") or x.extension_text(node, "calledDecisionId")])
    if kind in SETTING_KINDS:
        yield from (name for name in settings_of(given) if name.isidentifier())
    if kind == "startEvent":
        yield from RECEIVES.several(given)
    for mark in (mark for name in REPETITIONS for mark in x.children(node, name)):
        items = [item for name in ("inputDataItem", "outputDataItem") for item in x.children(mark, name)]
        names = [item.get("name") or item.get("id") or "" for item in items]
        yield from (name for name in [*names, x.text_of(mark, "loopDataOutputRef")] if name.isidentifier())
