"""Checks of the names and values in FEEL texts: each name is set by something, each value can occur.

A name comes from the form of a step or of a message, the result of a service or decision, a ``set:``
property, the system itself, or whoever opens the case; a part's names may also come from what calls it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.flow.check.draft import Draft, found
from engine.flow.decisions import Decision, parse_decision
from engine.flow.decisions.cells import wrong_cells
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import REPETITIONS, SETTING_KINDS, settings_of
from engine.flow.diagram.properties import RECEIVES
from engine.flow.diagram.resources import calls_out, is_part
from engine.flow.diagram.texts import expressions
from engine.flow.feel import FeelSyntaxError, compile_expression
from engine.flow.feel.kinds import WORDS, Known, kind_of, never
from engine.flow.feel.nodes import Node
from engine.flow.feel.reading import certain_names, compared
from engine.flow.forms import bounds, rules
from engine.flow.forms import schema as s
from engine.flow.vocabulary import PLACES, used
from engine.ground.errors import DefinitionError, Finding

Component = Mapping[str, Any]


@dataclass
class Variable:
    """What is known of a variable: the keys that it has,
    each with its form component where a form gives it.
    """

    keys: dict[str, Component | None] = field(default_factory=dict)
    open: bool = False
    """Whether it may have keys that we cannot know: the result of a service, the payload of a message."""
    plain: bool = False
    """Whether it has no keys at all."""
    origin: str = ""


Variables = dict[str, Variable]


def names(draft: Draft) -> Iterator[Finding]:
    """Names that nothing sets, keys that a form or decision does not have,
    values that a form does not offer.
    """
    known = known_variables(draft)
    kinds = known_kinds(known, draft.about)
    alone = is_part(draft.root)
    for node, text, tree in _texts(draft.root):
        extra = PLACES if x.local(node) == "userTask" else frozenset()
        for name in sorted(certain_names(tree)):
            yield from _name(known, node, f"“{_short(text)}”", name, alone, extra)
        values = [
            f for name, value in compared(tree) for f in _value(known, node, f"“{_short(text)}”", name, value)
        ]
        yield from values or _kinds(kinds, node, text, tree)
        if x.local(node) == "sequenceFlow":
            yield from _chosen_by_nobody(known, node, certain_names(tree))
    yield from _compared_in_forms(draft, known, alone)
    for node, decision in _decisions(draft):
        for label in decision.without_value:
            yield found(node, f"决策表“{decision.id}”的输入“{label}”没有写明取什么值。")
        for name in sorted(decision.certain_names()):
            yield from _name(known, node, f"决策表“{decision.id}”", name, alone, frozenset())
        where = f"决策表“{decision.id}”"
        values = [f for name, value in decision.compared() for f in _value(known, node, where, name, value)]
        yield from values or _cells(kinds, node, decision)
    if not alone:
        yield from _wanted_by_parts(draft, known)


# -- what is known ---------------------------------------------------------------------------------


def known_variables(draft: Draft) -> Variables:
    """Every variable that something sets, in the diagram and in the parts it calls."""
    roots = [draft.root, *draft.part_roots.values()]
    known: Variables = {
        name: Variable(dict.fromkeys(keys), plain=not keys, origin="系统")
        for name, keys in used().speaking_of(draft.about).given_variables.items()
    }
    for root in roots:
        for process in x.children(root, "process"):
            for node in process.iter(f"{{{x.BPMN}}}*"):
                _add(known, draft, node)
        for message in x.children(root, "message"):
            known.setdefault(message.get("name") or "", Variable()).open = True
    for _, decision in _decisions(draft, roots):
        keys = decision.outputs if decision.table is not None else ()
        for name in _result_names(roots, decision):
            one = known.setdefault(name, Variable(origin=f"决策表“{decision.id}”"))
            one.keys.update(dict.fromkeys(key for key in keys if key not in one.keys))
            one.open = one.open or decision.table is None
    for name in (name for root in roots for name in _of_any_shape(root)):
        known.setdefault(name, Variable(open=True))
    known.pop("", None)
    return known


def _of_any_shape(root: x.Node) -> Iterator[str]:
    """The variables whose shape nobody tells, unless something else in the draft does."""
    for node in x.descendants(root, "businessRuleTask"):  # a table that is missing or wrong is named as such
        key = x.extension_text(node, "calledDecisionId")
        yield x.properties(node).get("resultVariable", key)
    for start in x.descendants(
        root, "startEvent"
    ):  # what a part's caller sets has the shape that it has there
        yield from RECEIVES.several(x.properties(start))


def known_kinds(known: Variables, about: str) -> Known:
    """The kinds of the variables' keys, as far as a form, a decision or the system tells."""

    def kind(dotted: str) -> str | None:
        root, *path = dotted.split(".")
        one = known.get(root)
        if one is None or one.open or len(path) > 1:
            return None
        if one.origin == "系统":
            return used().speaking_of(about).given_kinds.get(dotted)
        component = one.keys.get(path[0]) if path else None
        return s.KINDS.get(str(component.get("type"))) if component is not None else None

    return kind


def _add(known: Variables, draft: Draft, node: x.Node) -> None:
    """What one element sets."""
    kind, given = x.local(node), x.properties(node)
    if kind in ("userTask", "startEvent") and given.get("formKey") in draft.forms:
        key = given["formKey"]
        one = known.setdefault(given.get("variable") or key, Variable(origin=f"表单“{key}”"))
        one.keys.update(_components(draft, key))
    for name in (*_set_by(node, kind, given), *_repeated(node)):
        known.setdefault(name, Variable()).open = True


def _set_by(node: x.Node, kind: str, given: Mapping[str, str]) -> Iterator[str]:
    """The variables of any shape that an element of this kind sets."""
    if kind == "serviceTask":
        for operator in node.iter(f"{{{x.SPIFF}}}serviceTaskOperator"):
            yield operator.get("resultVariable") or ""
    if kind in SETTING_KINDS:
        yield from settings_of(given)
    if kind == "endEvent" and "outcome" in given:
        yield "outcome"


def _repeated(node: x.Node) -> Iterator[str]:
    """The variables of an element that is done several times: an item, what came of it, the list of these."""
    for mark in (mark for name in REPETITIONS for mark in x.children(node, name)):
        for name in ("inputDataItem", "outputDataItem"):
            yield from (item.get("name") or item.get("id") or "" for item in x.children(mark, name))
        yield x.text_of(mark, "loopDataOutputRef")


def _components(draft: Draft, form: str) -> dict[str, Component | None]:
    """The keys of a form's data, each with its component."""
    flat = _level(draft.components(form))
    return {
        str(one.get("path") or one.get("key")): one
        for one in flat
        if one.get("type") in s.INPUTS | {"expression"}
    }


def _level(components: Iterable[Component]) -> Iterator[Component]:
    for component in components:
        yield component
        if component.get("type") == "group":
            yield from _level(s.children(component))


def _decisions(draft: Draft, roots: Iterable[x.Node] | None = None) -> Iterator[tuple[x.Node, Decision]]:
    """Each business rule task with its decision, as far as it can be read."""
    for root in [draft.root] if roots is None else roots:
        for node in x.descendants(root, "businessRuleTask"):
            body = draft.decisions.get(x.extension_text(node, "calledDecisionId"))
            if body is not None:
                try:
                    yield node, parse_decision(body)
                except DefinitionError:
                    continue  # the check of the steps says so


def _result_names(roots: Iterable[x.Node], decision: Decision) -> Iterator[str]:
    for root in roots:
        for node in x.descendants(root, "businessRuleTask"):
            key = x.extension_text(node, "calledDecisionId")
            if key == decision.id:
                yield x.properties(node).get("resultVariable", key)


# -- judgement -------------------------------------------------------------------------------------


def _texts(root: x.Node) -> Iterator[tuple[x.Node, str, Any]]:
    for node, text in expressions(root):
        try:
            yield node, text, compile_expression(text).tree
        except FeelSyntaxError:
            continue  # the check of the writing says so


def _compared_in_forms(draft: Draft, known: Variables, alone: bool) -> Iterator[Finding]:
    """The facts of the case that the forms' fields are compared with, at each step that uses the form."""
    for node in draft.nodes.values():
        for component in s.walk(draft.components(x.properties(node).get("formKey", ""))):
            where = f"表单的“{s.label(component)}”"
            optional = {term.name for term in bounds.readable(component) if term.optional}
            for name in sorted(set(_facts_of(component))):
                yield from _name(known, node, where, name, alone or f"case.{name}" in optional, frozenset())
            for name in sorted(_prefilled_by(component)):
                told = _name(known, node, f"{where}预填", name, alone, frozenset())
                yield from (
                    replace(one, severity="warning") for one in told
                )  # what is not there, is left blank
            for term in bounds.readable(component):
                yield from _dated(known, node, where, term.name.removeprefix("case."))


def _facts_of(component: Component) -> Iterator[str]:
    """The case's variables, with what is read of them, that one component is compared with."""
    alone = {key: value for key, value in component.items() if key != "components"}
    return (name.removeprefix("case.") for name in rules.facts_read([alone]) if name.startswith("case."))


def _prefilled_by(component: Component) -> Iterator[str]:
    """The case's variables, with what is read of them, that one component is filled from."""
    text = s.given(component, "prefill")
    try:
        read = certain_names(compile_expression(str(text)).tree) if text else frozenset[str]()
    except FeelSyntaxError:
        return  # the check of the form says so
    yield from (name.removeprefix("case.") for name in read if name.startswith("case."))


def _dated(known: Variables, node: x.Node, where: str, name: str) -> Iterator[Finding]:
    """An end of a date names a date."""
    root, _, key = name.partition(".")
    one = known.get(root)
    component = one.keys.get(key) if one is not None else None
    if component is not None and component.get("type") != "datetime":
        yield found(node, f"{where}不早于、不晚于的“{name}”不是日期。")


def _name(
    known: Variables, node: x.Node, where: str, name: str, alone: bool, extra: frozenset[str]
) -> Iterator[Finding]:
    root, *path = name.split(".")
    if root in extra:
        return
    one = known.get(root)
    if one is None:
        if not alone:  # a part may be given it by what calls it
            yield found(
                node,
                f"{where}用到的“{root}”没有任何步骤、服务、决策或消息给出。"
                f"如果由别的流程启动时带入，请写在开始事件的属性 {RECEIVES.name} 里。",
            )
    elif path and not one.open:
        if path[0] not in one.keys:
            yield found(node, f"{where}用到“{name}”，而{one.origin or f'“{root}”'}没有“{path[0]}”这一项。")
        elif len(path) > 1:
            yield from _row(node, where, name, one.keys[path[0]], path[1])


def _row(node: x.Node, where: str, name: str, component: Component | None, key: str) -> Iterator[Finding]:
    """A key of a list's rows."""
    if component is not None and component.get("type") == "dynamiclist":
        keys = {str(one.get("path") or one.get("key")) for one in _level(s.children(component))}
        if key not in keys:
            yield found(node, f"{where}用到“{name}”，而清单“{s.label(component)}”没有“{key}”这一栏。")


def _kinds(kinds: Known, node: x.Node, text: str, tree: Node) -> Iterator[Finding]:
    """Comparisons of what can never be of one kind, and a condition that is neither true nor false."""
    for sentence in never(tree, kinds):
        yield found(node, f"“{_short(text)}”里，{sentence}")
    answer = kind_of(tree, kinds)
    if x.local(node) == "sequenceFlow" and answer not in (None, "boolean"):
        yield found(
            node, f"“{_short(text)}”的结果是{WORDS[answer]}，不是“成立”或“不成立”，这条连线永远不会走。"
        )


def _cells(kinds: Known, node: x.Node, decision: Decision) -> Iterator[Finding]:
    """Cells that can never hold, or do not give what their column says."""
    inner = decision.inner_names()

    def outside(dotted: str) -> str | None:
        return None if dotted.partition(".")[0] in inner else kinds(dotted)

    for wrong in wrong_cells(decision.table, outside) if decision.table else ():
        yield found(node, f"决策表“{decision.id}”{wrong.place}：{wrong.sentence}", wrong.severity)


def _value(known: Variables, node: x.Node, where: str, name: str, value: Any) -> Iterator[Finding]:
    """A comparison with what the form can never answer."""
    root, *path = name.split(".")
    one = known.get(root)
    component = one.keys.get(path[0]) if one is not None and len(path) == 1 else None
    if component is None or value is None or (one is not None and one.open):
        return
    kind = component.get("type")
    if kind in s.CHOICES and component.get("values"):
        offered = s.options(component)
        if not isinstance(value, str) or value not in offered:
            words = "、".join(f"{key}（{label}）" for key, label in offered.items())
            yield found(node, f"{where}把“{name}”同{_shown(value)}相比，而表单里只能选：{words}。")
    elif kind == "checkbox" and not isinstance(value, bool):
        yield found(node, f"{where}把“{name}”同{_shown(value)}相比，而它是勾选项，只有 true 和 false。")


def _chosen_by_nobody(known: Variables, node: x.Node, names: Iterable[str]) -> Iterator[Finding]:
    """A choice that decides the way and has a default: where nobody chose, the default would decide."""
    for name in sorted(names):
        root, *path = name.split(".")
        one = known.get(root)
        component = one.keys.get(path[0]) if one is not None and len(path) == 1 else None
        if component is None or component.get("type") not in s.CHOICES | {"checkbox"} or s.fixed(component):
            continue
        if component.get("defaultValue") not in (None, "", [], False):
            label = s.label(component)
            yield found(
                node,
                f"“{label}”决定走哪条线，{one.origin if one else ''}里不能给它默认值：没有选的，不能算作选了。",
            )


def _wanted_by_parts(draft: Draft, known: Variables) -> Iterator[Finding]:
    """What a called part reads and nobody gives: the caller sets it on the call."""
    calls = {call.get("calledElement", ""): call for call in x.descendants(draft.root, "callActivity")}
    for key, root in draft.part_roots.items():
        caller = next(
            (node for called, node in calls.items() if called == key or key in _calls_of(draft, called)), None
        )
        wanted = {name.partition(".")[0] for _, _, tree in _texts(root) for name in certain_names(tree)}
        wanted |= {
            name.partition(".")[0] for _, one in _decisions(draft, [root]) for name in one.certain_names()
        }
        for name in sorted(wanted - known.keys() - PLACES):
            if caller is not None:
                yield found(
                    caller, f"公用环节“{key}”要用“{name}”，请在调用它的那一步上用属性“set:{name}”写明。"
                )


def _calls_of(draft: Draft, key: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """The parts that a part calls, those that they call included."""
    if key not in draft.part_roots or key in seen:
        return set()
    direct = set(calls_out(draft.part_roots[key]))
    return direct.union(*(_calls_of(draft, one, seen | {key}) for one in direct))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:58] + "…"


def _shown(value: Any) -> str:
    return f"“{value}”" if isinstance(value, str) else f" {str(value).lower()} "
