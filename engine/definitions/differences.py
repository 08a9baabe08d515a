"""What differs between two versions, in words and on the drawing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from engine.definitions import xml as x
from engine.definitions.definition import FLOW_NODES, REPETITIONS, Definition
from engine.definitions.wording import KINDS, Grid, Wording, field_words, grid
from engine.forms import schema as s

ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"
_BOUNDS = "{http://www.omg.org/spec/DD/20100524/DC}Bounds"


@dataclass(frozen=True)
class Difference:
    """One thing that differs; `drawing` and `element_id` say where it is drawn, both empty for forms and decisions."""

    kind: str
    text: str
    drawing: str = ""
    element_id: str = ""


def differences(old: Definition, new: Definition) -> list[Difference]:
    """Everything that differs, steps first, then routes, forms, decisions; what only moved on the paper last."""
    return list(_Comparison(old, new).all())


class _Side:
    """One version, ready to be asked."""

    def __init__(self, definition: Definition) -> None:
        self.definition, self.words = definition, Wording(definition)
        self.roots = {key: x.parse_xml(body) for key, body in definition.diagrams().items()}
        self.nodes: dict[str, tuple[str, x.Node]] = {}
        self.flows: dict[str, tuple[str, x.Node]] = {}
        self.bounds: dict[str, tuple[str, str]] = {}
        for key, root in self.roots.items():
            for node in root.iter(f"{{{x.BPMN}}}*"):
                kind, identifier = x.local(node), node.get("id", "")
                if kind in FLOW_NODES:
                    self.nodes[identifier] = (key, node)
                elif kind == "sequenceFlow":
                    self.flows[identifier] = (key, node)
            for shape in root.iter(f"{{{x.BPMNDI}}}BPMNShape"):
                found = shape.find(_BOUNDS)
                if found is not None:
                    self.bounds[shape.get("bpmnElement", "")] = (found.get("x", ""), found.get("y", ""))

    def facts(self, identifier: str) -> dict[str, str]:
        """What the diagram says of an element besides its name, by the word for it."""
        _, node = self.nodes[identifier]
        element = self.definition.elements[identifier]
        found = {
            "类型": KINDS[element.kind],
            "办理层级": self.words.queue(element),
            "说明": element.documentation,
            "办理提示": element.instructions,
        }
        found |= {
            "时限": self.words.timer(element.timer or ""),
            "消息": element.message or "",
            "附着在": self._title(element.attached_to),
        }
        found["到期后"] = ("中断这一步" if element.cancel_activity else "照常办理") if element.attached_to else ""
        found |= {self.words.property(name): value for name, value in element.properties.items() if name != "queue"}
        found |= {"调用": node.get("calledElement", ""), "决策表": x.extension_text(node, "calledDecisionId")}
        found |= dict(self._service(node)) | dict(self._repeats(node))
        return {name: " ".join(value.split()) for name, value in found.items()}

    def _title(self, identifier: str | None) -> str:
        return f"“{self.words.title(identifier)}”" if identifier else ""

    def _service(self, node: x.Node) -> Iterator[tuple[str, str]]:
        for operator in node.iter(f"{{{x.SPIFF}}}serviceTaskOperator"):
            yield "服务", operator.get("id", "")
            yield "结果变量", operator.get("resultVariable", "")
            for parameter in operator.iter(f"{{{x.SPIFF}}}parameter"):
                yield f"参数“{parameter.get('id')}”", self.words.condition(parameter.get("value", ""))

    def _repeats(self, node: x.Node) -> Iterator[tuple[str, str]]:
        for kind, names in REPETITIONS.items():
            for mark in x.children(node, kind):
                order = "依次" if mark.get("isSequential") == "true" or kind.startswith("standard") else "同时"
                yield (
                    "办理多次",
                    "；".join([order, *(x.text_of(mark, name) for name in names if x.text_of(mark, name))]),
                )

    def ends(self, identifier: str) -> tuple[str, str]:
        """Where a flow comes from and leads to."""
        _, flow = self.flows[identifier]
        return flow.get("sourceRef", ""), flow.get("targetRef", "")

    def route(self, identifier: str) -> str:
        """A flow as a sentence part: “A”到“B”."""
        return "到".join(f"“{self.words.title(end)}”" for end in self.ends(identifier))

    def when(self, identifier: str) -> str:
        """The condition of a flow."""
        _, flow = self.flows[identifier]
        text = x.text_of(flow, "conditionExpression")
        _, source = self.nodes.get(flow.get("sourceRef", ""), ("", flow))
        return self.words.condition(text) if text else "其他情况" if source.get("default") == identifier else ""


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
                    CHANGED, "：".join([title, *(["；".join(changes)] if changes else [])]), new.nodes[name][0], name
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
        properties = ({self.new.words.property(k): v for k, v in one.properties.items()} for one in (old, new))
        for change in _changes(*properties):
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
            elif old.when(name) != new.when(name):
                said = f"从{new.route(name)}的条件：{old.when(name) or '无条件'} → {new.when(name) or '无条件'}"
                yield Difference(CHANGED, said, drawing, name)
        for name, (drawing, _) in old.flows.items():
            if name not in new.flows and set(old.ends(name)) <= new.nodes.keys():
                yield Difference(REMOVED, f"去掉路线：从{old.route(name)}{_in_brackets(old.when(name))}", drawing, name)

    def _forms(self) -> Iterator[Difference]:
        old, new = self.old.definition.form_bodies, self.new.definition.form_bodies
        for key in sorted(old.keys() | new.keys()):
            if key not in old or key not in new:
                kind, verb = (ADDED, "新增") if key not in old else (REMOVED, "不再使用")
                yield Difference(kind, f"{verb}表单“{key}”")
            elif old[key] != new[key]:
                for change in _form_changes(_fields(old[key]), _fields(new[key])):
                    yield Difference(CHANGED, f"表单“{key}”：{change}")

    def _decisions(self) -> Iterator[Difference]:
        old, new = self.old.definition.decisions, self.new.definition.decisions
        for key in sorted(old.keys() | new.keys()):
            if key not in old or key not in new:
                kind, verb = (ADDED, "新增") if key not in old else (REMOVED, "不再使用")
                yield Difference(kind, f"{verb}决策表“{(new.get(key) or old[key]).name}”")
            else:
                for change in _rule_changes(grid(old[key]), grid(new[key])):
                    yield Difference(CHANGED, f"决策表“{new[key].name}”：{change}")


def _in_brackets(when: str) -> str:
    return f"（{when}）" if when else ""


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """What differs between two sets of named values, as sentences."""
    for name in dict.fromkeys([*new, *old]):
        before, after = old.get(name, ""), new.get(name, "")
        if before != after and not before:
            yield f"增加{name}“{after}”"
        elif before != after and not after:
            yield f"去掉{name}“{before}”"
        elif before != after:
            yield f"{name}由“{before}”改为“{after}”"


def _fields(body: bytes) -> dict[str, Mapping[str, Any]]:
    components = json.loads(body).get("components") or []
    own = ({name: value for name, value in c.items() if name != "components"} for c in s.walk(components))
    return {str(c.get("key") or c.get("path") or c.get("id")): c for c in own}


def _form_changes(old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
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


def _rule_changes(old: Grid, new: Grid) -> Iterator[str]:
    if (old.inputs, old.outputs) != (new.inputs, new.outputs):
        yield f"列由“{'、'.join([*old.inputs, *old.outputs])}”改为“{'、'.join([*new.inputs, *new.outputs])}”"
    columns = [*new.inputs, *new.outputs]
    for tag, a, b, c, d in SequenceMatcher(
        None, [tuple(r) for r in old.rules], [tuple(r) for r in new.rules]
    ).get_opcodes():
        if tag == "replace" and b - a == d - c and len(old.inputs) == len(new.inputs):
            for place in range(d - c):
                cells = _cells(columns, old.rules[a + place], new.rules[c + place])
                yield f"第 {c + place + 1} 条规则的{'；'.join(cells)}"
        elif tag != "equal":
            yield from (f"去掉规则：{_rule(old, rule)}" for rule in old.rules[a:b])
            yield from (f"新增规则：{_rule(new, rule)}" for rule in new.rules[c:d])


def _cells(columns: Sequence[str], before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    for name, was, now in zip(columns, before, after, strict=False):
        if was != now:
            yield f"“{name}”由“{was or '不限'}”改为“{now or '不限'}”"


def _rule(table: Grid, rule: Sequence[str]) -> str:
    tests = [f"{name} {cell}" for name, cell in zip(table.inputs, rule, strict=False) if cell and cell != "-"]
    results = [f"{name} {cell}" for name, cell in zip(table.outputs, rule[len(table.inputs) :], strict=False)]
    return f"{'，'.join(tests) or '任何情况'} ⇒ {'，'.join(results)}"
