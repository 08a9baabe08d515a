"""What differs between two versions, in words and on the drawing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from engine.flow import vocabulary
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import FLOW_NODES, REPETITIONS
from engine.flow.diagram.kinds import KINDS
from engine.flow.forms import schema as s
from engine.flow.machine.definition import Definition
from engine.owners.words.wording import Grid, Wording, field_words, grid, quoted

ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"
Said = tuple[str, str]
"""What is written, and the words for it."""
_BOUNDS = "{http://www.omg.org/spec/DD/20100524/DC}Bounds"


@dataclass(frozen=True)
class Difference:
    """One thing that differs; `drawing` and `element_id` say where it is drawn,
    both empty for forms and decisions.
    """

    kind: str
    text: str
    drawing: str = ""
    element_id: str = ""


def differences(old: Definition, new: Definition) -> list[Difference]:
    """Everything that differs, steps first, then routes, forms, decisions;
    what only moved on the paper last.
    """
    return list(_Comparison(old, new).all())


class _Side:
    """One version, ready to be asked."""

    def __init__(self, definition: Definition) -> None:
        self.definition, self.words = definition, Wording(definition)
        self.roots = {key: x.parse_xml(body) for key, body in definition.diagrams().items()}
        self.nodes: dict[str, tuple[str, x.Node]] = {}
        self.flows: dict[str, tuple[str, x.Node]] = {}
        self.bounds: dict[str, tuple[str, str]] = {}
        self.notes: dict[str, tuple[str, str]] = {}
        for key, root in self.roots.items():
            for node in root.iter(f"{{{x.BPMN}}}*"):
                kind, identifier = x.local(node), node.get("id", "")
                if kind in FLOW_NODES:
                    self.nodes[identifier] = (key, node)
                elif kind == "sequenceFlow":
                    self.flows[identifier] = (key, node)
                elif kind == "textAnnotation":
                    self.notes[identifier] = (key, " ".join(x.text_of(node, "text").split()))
            for shape in root.iter(f"{{{x.BPMNDI}}}BPMNShape"):
                found = shape.find(_BOUNDS)
                if found is not None:
                    self.bounds[shape.get("bpmnElement", "")] = (found.get("x", ""), found.get("y", ""))

    def facts(self, identifier: str) -> dict[str, Said]:
        """What the diagram says of an element besides its name, by the word for it: as written,
        and in words.
        """
        _, node = self.nodes[identifier]
        element, words = self.definition.elements[identifier], self.words
        found = dict(
            _plain(
                {
                    "类型": KINDS[element.kind],
                    "办理层级": words.queue(element),
                    "说明": element.documentation,
                    "办理提示": element.instructions,
                    "消息": element.message or "",
                    "到期后": ("中断这一步" if element.cancel_activity else "照常办理")
                    if element.attached_to
                    else "",
                }
            )
        )
        found["时限"] = element.timer or "", words.timer(element.timer or "")
        found["附着在"] = (
            element.attached_to or "",
            f"“{words.title(element.attached_to)}”" if element.attached_to else "",
        )
        for name, value in element.properties.items():
            if name != "queue":
                found[words.property(name)] = value, words.value(name, value)
        called, decision = node.get("calledElement", ""), x.extension_text(node, "calledDecisionId")
        found |= {"调用": (called, words.called(called)), "决策表": (decision, words.decision(decision))}
        return found | dict(self._service(node)) | dict(self._repeats(node))

    def _service(self, node: x.Node) -> Iterator[tuple[str, Said]]:
        for operator in node.iter(f"{{{x.SPIFF}}}serviceTaskOperator"):
            service = operator.get("id", "")
            yield "服务", (service, self.words.service(service))
            yield from _plain({"结果变量": operator.get("resultVariable", "")})
            for parameter in operator.iter(f"{{{x.SPIFF}}}parameter"):
                name, value = parameter.get("id", ""), parameter.get("value", "")
                yield (
                    f"参数“{vocabulary.used().parameter_words.get(name, name)}”",
                    (value, self.words.condition(value)),
                )

    def _repeats(self, node: x.Node) -> Iterator[tuple[str, Said]]:
        for kind, names in REPETITIONS.items():
            for mark in x.children(node, kind):
                order = "依次" if x.flag(mark, "isSequential") or kind.startswith("standard") else "同时"
                texts = (x.text_of(mark, name) for name in names)
                yield from _plain({"办理多次": "；".join([order, *(text for text in texts if text)])})

    def ends(self, identifier: str) -> tuple[str, str]:
        """Where a flow comes from and leads to."""
        _, flow = self.flows[identifier]
        return flow.get("sourceRef", ""), flow.get("targetRef", "")

    def route(self, identifier: str) -> str:
        """A flow as a sentence part: “A”到“B”."""
        return "到".join(f"“{self.words.title(end)}”" for end in self.ends(identifier))

    def when(self, identifier: str) -> str:
        """The condition of a flow, in words."""
        text = self.condition(identifier)
        return self.words.condition(text) if text else "其他情况" if self.is_default(identifier) else ""

    def condition(self, identifier: str) -> str:
        """The condition of a flow, as written."""
        return " ".join(x.text_of(self.flows[identifier][1], "conditionExpression").split())

    def is_default(self, identifier: str) -> bool:
        """Whether the flow is taken when no other one is."""
        _, flow = self.flows[identifier]
        _, source = self.nodes.get(flow.get("sourceRef", ""), ("", flow))
        return source.get("default") == identifier


class _Comparison:
    def __init__(self, old: Definition, new: Definition) -> None:
        self.old, self.new = _Side(old), _Side(new)

    def all(self) -> Iterator[Difference]:
        moved: list[Difference] = []
        names = [*self.new.nodes, *(name for name in self.old.nodes if name not in self.new.nodes)]
        for name in names:
            yield from self._element(name, moved)
        yield from self._process()
        yield from self._routes()
        yield from self._notes(moved)
        yield from self._forms()
        yield from self._decisions()
        yield from moved

    def _element(self, name: str, moved: list[Difference]) -> Iterator[Difference]:
        old, new = self.old, self.new
        if name not in old.nodes:
            yield Difference(ADDED, f"新增{self._said(new, name)}", new.nodes[name][0], name)
        elif name not in new.nodes:
            yield Difference(REMOVED, f"去掉{self._said(old, name)}", old.nodes[name][0], name)
        else:
            changes = list(_changes(old.facts(name), new.facts(name)))
            before, after = old.words.title(name), new.words.title(name)
            title = f"“{before}” → “{after}”" if before != after else f"“{after}”"
            if changes or before != after:
                yield Difference(
                    CHANGED,
                    "：".join([title, *(["；".join(changes)] if changes else [])]),
                    new.nodes[name][0],
                    name,
                )
            elif old.bounds.get(name) != new.bounds.get(name):
                moved.append(Difference(MOVED, f"{title}在图上换了位置", new.nodes[name][0], name))

    def _said(self, side: _Side, name: str) -> str:
        element = side.definition.elements[name]
        level = side.words.queue(element) if "Task" in element.kind else ""
        when = side.words.timer(element.timer) if element.timer else ""
        facts = "，".join(part for part in (level, when) if part)
        return f"{KINDS[element.kind]}“{side.words.title(name)}”" + (f"（{facts}）" if facts else "")

    def _process(self) -> Iterator[Difference]:
        old, new = self.old.definition, self.new.definition
        if old.name != new.name:
            yield Difference(CHANGED, f"流程名称：“{old.name}” → “{new.name}”")
        before, after = (
            {self.new.words.property(k): v for k, v in one.properties.items()} for one in (old, new)
        )
        for change in _changes(dict(_plain(before)), dict(_plain(after))):
            yield Difference(CHANGED, f"流程设置：{change}")

    def _routes(self) -> Iterator[Difference]:
        """Routes between steps that are on both sides; those of a new or removed step go with it."""
        old, new = self.old, self.new
        for name, (drawing, _) in new.flows.items():
            if name not in old.flows:
                if set(new.ends(name)) <= old.nodes.keys():
                    yield Difference(
                        ADDED, f"新增路线：从{new.route(name)}{_in_brackets(new.when(name))}", drawing, name
                    )
            elif old.ends(name) != new.ends(name):
                yield Difference(CHANGED, f"路线：从{old.route(name)}改为从{new.route(name)}", drawing, name)
            elif (old.condition(name), old.is_default(name)) != (new.condition(name), new.is_default(name)):
                said = (
                    f"从{new.route(name)}的条件：{old.when(name) or '无条件'} → {new.when(name) or '无条件'}"
                )
                yield Difference(CHANGED, said, drawing, name)
        for name, (drawing, _) in old.flows.items():
            if name not in new.flows and set(old.ends(name)) <= new.nodes.keys():
                yield Difference(
                    REMOVED, f"去掉路线：从{old.route(name)}{_in_brackets(old.when(name))}", drawing, name
                )

    def _notes(self, moved: list[Difference]) -> Iterator[Difference]:
        """The texts that are written beside the drawing."""
        old, new = self.old.notes, self.new.notes
        for name, (drawing, text) in new.items():
            if name not in old:
                yield Difference(ADDED, f"新增注释“{text}”", drawing, name)
            elif old[name][1] != text:
                yield Difference(CHANGED, f"注释“{old[name][1]}” → “{text}”", drawing, name)
            elif self.old.bounds.get(name) != self.new.bounds.get(name):
                moved.append(Difference(MOVED, f"注释“{text}”在图上换了位置", drawing, name))
        for name, (drawing, text) in old.items():
            if name not in new:
                yield Difference(REMOVED, f"去掉注释“{text}”", drawing, name)

    def _forms(self) -> Iterator[Difference]:
        old, new = self.old.definition.form_bodies, self.new.definition.form_bodies
        for key in sorted(old.keys() | new.keys()):
            if key not in old or key not in new:
                kind, verb = (ADDED, "新增") if key not in old else (REMOVED, "不再使用")
                side = self.new if key in new else self.old
                yield Difference(kind, f"{verb}表单“{side.words.form(key)}”")
            elif old[key] != new[key]:
                for change in _form_changes(_fields(old[key]), _fields(new[key])):
                    yield Difference(CHANGED, f"表单“{self.new.words.form(key)}”：{change}")

    def _decisions(self) -> Iterator[Difference]:
        old, new = self.old.definition.decisions, self.new.definition.decisions
        for key in sorted(old.keys() | new.keys()):
            if key not in old or key not in new:
                kind, verb = (ADDED, "新增") if key not in old else (REMOVED, "不再使用")
                yield Difference(kind, f"{verb}决策表“{(new.get(key) or old[key]).name}”")
            else:
                for change in _rule_changes(grid(old[key]), grid(new[key]), self.new.words.cell):
                    yield Difference(CHANGED, f"决策表“{new[key].name}”：{change}")


def _in_brackets(when: str) -> str:
    return f"（{when}）" if when else ""


def _plain(facts: Mapping[str, str]) -> Iterator[tuple[str, Said]]:
    """Facts that are shown as they are written."""
    return ((name, (value, value)) for name, value in facts.items())


def _changes(old: Mapping[str, Said], new: Mapping[str, Said]) -> Iterator[str]:
    """What is written differently on two sides, as sentences in words:
    another word for the same is no change.
    """
    for name in dict.fromkeys([*new, *old]):
        (was, before), (now, after) = (
            tuple(" ".join(t.split()) for t in side.get(name, ("", ""))) for side in (old, new)
        )
        if was == now:
            continue
        if before == after:  # the words do not tell them apart
            before, after = was, now
        if not was:
            yield f"增加{name}{quoted(after)}"
        elif not now:
            yield f"去掉{name}{quoted(before)}"
        else:
            yield f"{name}由{quoted(before)}改为{quoted(after)}"


def _fields(body: bytes) -> dict[str, Mapping[str, Any]]:
    components = json.loads(body).get("components") or []
    own = ({name: value for name, value in c.items() if name != "components"} for c in s.walk(components))
    return {str(c.get("key") or c.get("path") or c.get("id")): c for c in own}


def _form_changes(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    for key in dict.fromkeys([*new, *old]):
        if key not in old:
            facts = field_words(new[key])
            yield f"新增“{_field_name(new[key], key)}”" + (f"（{facts}）" if facts else "")
        elif key not in new:
            yield f"去掉“{_field_name(old[key], key)}”"
        elif old[key] != new[key]:
            before, after = _field_name(old[key], key), _field_name(new[key], key)
            title = f"“{before}” → “{after}”" if before != after else f"“{after}”"
            was, now = field_words(old[key]) or "无要求", field_words(new[key]) or "无要求"
            yield title + (f"：由“{was}”改为“{now}”" if was != now else "" if before != after else "有改动")
    order = [key for key in old if key in new]
    if order != [key for key in new if key in old]:
        yield "各项的次序有变"


def _field_name(component: Mapping[str, Any], key: str) -> str:
    return str(component.get("label") or str(component.get("text") or "")[:20] or key)


def _rule_changes(old: Grid, new: Grid, say: Callable[[str], str]) -> Iterator[str]:
    """What differs between two tables; `say` puts a cell into words."""
    if (old.inputs, old.outputs) != (new.inputs, new.outputs):
        yield f"列由“{'、'.join([*old.inputs, *old.outputs])}”改为“{'、'.join([*new.inputs, *new.outputs])}”"
    columns = [*new.inputs, *new.outputs]
    for tag, a, b, c, d in SequenceMatcher(
        None, [tuple(r) for r in old.rules], [tuple(r) for r in new.rules]
    ).get_opcodes():
        if tag == "replace" and b - a == d - c and len(old.inputs) == len(new.inputs):
            for place in range(d - c):
                cells = _cells(columns, old.rules[a + place], new.rules[c + place], say)
                yield f"第 {c + place + 1} 条规则的{'；'.join(cells)}"
        elif tag != "equal":
            yield from (f"去掉规则：{_rule(old, rule, say)}" for rule in old.rules[a:b])
            yield from (f"新增规则：{_rule(new, rule, say)}" for rule in new.rules[c:d])


def _cells(
    columns: Sequence[str], before: Sequence[str], after: Sequence[str], say: Callable[[str], str]
) -> Iterator[str]:
    for name, was, now in zip(columns, before, after, strict=False):
        if was != now:
            yield f"“{name}”由{quoted(say(was) or '不限')}改为{quoted(say(now) or '不限')}"


def _rule(table: Grid, rule: Sequence[str], say: Callable[[str], str]) -> str:
    tests = [
        f"{name} {say(cell)}" for name, cell in zip(table.inputs, rule, strict=False) if cell and cell != "-"
    ]
    results = [
        f"{name} {say(cell)}" for name, cell in zip(table.outputs, rule[len(table.inputs) :], strict=False)
    ]
    return f"{'，'.join(tests) or '任何情况'} ⇒ {'，'.join(results)}"
