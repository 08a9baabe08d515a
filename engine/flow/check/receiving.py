"""Checks of forms that something takes in: each has the fields that its receiver reads.
And of tables that a page consults: each reads what it is given and answers what is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from engine.flow import vocabulary
from engine.flow.check.draft import Draft, found
from engine.flow.decisions import Decision, parse_decision
from engine.flow.diagram import xml as x
from engine.flow.diagram.properties import page_decisions, page_forms
from engine.flow.forms import schema as s
from engine.flow.receivers import Consulted, Need, Receiver
from engine.ground.errors import DefinitionError, Finding


def received(draft: Draft) -> Iterator[Finding]:
    """A form without a field that its receiver needs:
    whoever fills it in would be told that the system failed.
    """
    for node, receiver, key in _uses(draft):
        if draft.schema(key)[0] is None:
            continue  # the check of the forms says so
        given = {s.key(component): component for component in _level(draft.components(key))}
        for name, need in receiver.fields.items():
            optional = not need.required and (bool(need.columns) or name in given)
            sentence = "" if optional and name not in given else _missing(given.get(name), need)
            if sentence:
                yield found(
                    node, f"表单“{key}”里的“{name}”{sentence}，“{receiver.name}”收到后没有它就办不下去。"
                )


def consulted(draft: Draft) -> Iterator[Finding]:
    """Tables of the pages beside the steps that are missing or broken, read what nobody gives them,
    or do not answer what is asked.
    """
    asked = {one.name: one for one in vocabulary.used().consulted}
    for process in draft.processes:
        for name, key in page_decisions(x.properties(process)).items():
            if key not in draft.decisions:
                yield found(process, f"“{name}”写明的决策表“{key}”不存在。")
                continue
            try:
                decision = parse_decision(draft.decisions[key])
            except DefinitionError as error:
                yield from (found(process, f"决策表“{key}”：{one.message}") for one in error.findings)
                continue
            sentences = _unfit(decision, asked[name]) if name in asked else ()
            yield from (found(process, f"决策表“{key}”{sentence}") for sentence in sentences)


def _unfit(decision: Decision, asked: Consulted) -> Iterator[str]:
    """What the table lacks for the page that consults it, as the ends of sentences."""
    known = {f"{name}.{part}" for name, parts in asked.given.items() for part in parts} | set(asked.given)
    for label in decision.without_value:
        yield f"的输入“{label}”没有写明取什么值。"
    for name in sorted(set(decision.certain_names()) - known):
        yield f"用到“{name}”，“{asked.words}”不提供它，可用：{'、'.join(sorted(known - set(asked.given)))}。"
    for name in sorted(asked.answers - set(decision.outputs)):
        yield f"没有输出“{name}”，“{asked.words}”要用它。"


def _uses(draft: Draft) -> Iterator[tuple[x.Node, Receiver, str]]:
    """Each place of the diagram where a form goes to a receiver, with the form's key."""
    known = vocabulary.used().receiver
    names = {message.get("id"): message.get("name") or "" for message in x.children(draft.root, "message")}
    for node in draft.nodes.values():
        sent = [names.get(e.get("messageRef"), "") for e in x.children(node, "messageEventDefinition")]
        yield from _form_at(node, [("message", name) for name in sent])
        for operator in node.iter(f"{{{x.SPIFF}}}serviceTaskOperator"):
            receiver = known.get(("service", operator.get("id", "")))
            if receiver is not None:
                yield node, receiver, _form_of(operator) or receiver.form
    for process in draft.processes:
        for name, key in page_forms(x.properties(process)).items():
            if ("page", name) in known:
                yield process, known["page", name], key
        for start in x.children(process, "startEvent"):
            yield from _form_at(start, [("start", process.get("id", ""))])


def _form_at(node: x.Node, takers: Iterable[tuple[str, str]]) -> Iterator[tuple[x.Node, Receiver, str]]:
    """The form of an event, for each of the `takers` that is a receiver."""
    known, form = vocabulary.used().receiver, x.properties(node).get("formKey")
    for taker in takers if form else ():
        if form and taker in known:
            yield node, known[taker], form


def _form_of(operator: x.Node) -> str:
    """The form that a service's parameter ``form`` names by itself; '' where it is worked out."""
    for parameter in operator.iter(f"{{{x.SPIFF}}}parameter"):
        if parameter.get("id") == "form":
            try:
                value = json.loads(parameter.get("value", ""))
            except ValueError:
                return ""
            return value if isinstance(value, str) else ""
    return ""


def _level(components: list[s.Component]) -> Iterator[s.Component]:
    """The fields of one level; what a group hides is hidden in it."""
    for component in components:
        if component.get("type") == "group":
            hidden = component.get("conditional")
            yield from (
                {**inner, "conditional": hidden or inner.get("conditional")}
                for inner in _level(s.children(component))
            )
        else:
            yield component


def _missing(component: s.Component | None, need: Need) -> str:
    """What is wrong with the field, as the end of a sentence; '' when it is as needed."""
    if component is None:
        return "没有了"
    if component.get("type") not in need.types:
        return f"的类型应为 {'、'.join(sorted(need.types))} 之一"
    if need.required and not _filled(component):
        return "须为必填，不带隐藏条件"
    foreign = sorted(s.options(component).keys() - need.among) if need.among else []
    if foreign:
        return f"的选项“{'、'.join(foreign)}”没有人认识，可用：{'、'.join(sorted(need.among))}"
    return _columns(component, need)


def _filled(component: s.Component) -> bool:
    required = bool((component.get("validate") or {}).get("required")) or s.fixed(component)
    return required and s.hide_text(component) is None


def _columns(component: s.Component, need: Need) -> str:
    given: Mapping[str, s.Component] = {s.key(one): one for one in _level(s.children(component))}
    missing = sorted(name for name in need.columns if name not in given or not _filled(given[name]))
    return f"每行须有必填的“{'、'.join(missing)}”" if missing else ""
