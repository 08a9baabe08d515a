"""A parsed procedure: what the runtime asks of one version of a diagram with its forms and decisions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from functools import cached_property
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec

from engine.flow.decisions import Decision, parse_decision
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import Element, elements
from engine.flow.diagram.properties import ABOUT, page_decisions, page_forms
from engine.flow.diagram.resources import Resources, digest_of, is_part, main_process, parts_of
from engine.flow.diagram.texts import expressions
from engine.flow.feel import FeelSyntaxError, compile_expression
from engine.flow.forms import Form, compile_form
from engine.flow.forms.rules import facts_read
from engine.flow.forms.schema import given, walk
from engine.flow.machine.parsing import CaseParser, trust
from engine.ground.errors import DefinitionError, Finding, Invalid, NotFound
from engine.ground.surroundings import trouble_of


class Definition:
    """One version of a procedure, parsed and ready to run. Immutable; shared by all cases of the version."""

    def __init__(self, body: bytes, resources: Resources) -> None:
        """Parse a diagram with what it uses of `resources`. Raises DefinitionError with findings."""
        self.body = body = x.in_utf8(body)
        root = x.parse_xml(body)
        main = _main_process(root)
        self.key, self.name = str(main.get("id", "")), str(main.get("name") or main.get("id", ""))
        self.properties: Mapping[str, str] = x.properties(main)
        self.is_part = is_part(root)
        self.about = ABOUT.text(self.properties)
        """The kind of subject that its cases are about."""
        self.part_bodies = parts_of(root, resources.part)
        self._roots = {self.key: root, **{key: x.parse_xml(text) for key, text in self.part_bodies.items()}}
        self.elements: dict[str, Element] = {}
        for one in self._roots.values():
            self.elements.update((element.id, element) for element in elements(one))
        self._called = {
            x.extension_text(task, "calledDecisionId") for task in self._nodes("businessRuleTask")
        }
        decisions = self._called | set(page_decisions(self.properties).values())
        self.decisions: dict[str, Decision] = {
            key: parse_decision(resources.decision[key])
            for key in sorted(decisions)
            if key in resources.decision
        }
        keys = {element.form_key for element in self.elements.values() if element.form_key}
        keys |= set(page_forms(self.properties).values())
        self.form_bodies = {key: resources.form[key] for key in sorted(keys) if key in resources.form}
        self.form_digests = {key: digest_of("form", key, body) for key, body in self.form_bodies.items()}
        self._forms: dict[str, Form] = {}

    def _nodes(self, name: str) -> Iterator[x.Node]:
        """The elements called `name` of the diagram and of the parts it calls."""
        return (node for root in self._roots.values() for node in x.descendants(root, name))

    def diagrams(self) -> dict[str, bytes]:
        """The drawings by key: the procedure's own first, then those of the parts it calls."""
        return {self.key: self.body, **self.part_bodies}

    def drawing_of(self, process_id: str) -> str:
        """The key of the drawing that holds a process."""
        return next(
            (
                k
                for k, r in self._roots.items()
                if any(n.get("id") == process_id for n in x.children(r, "process"))
            ),
            self.key,
        )

    def process_names(self) -> dict[str, str]:
        """The names of all processes by id."""
        return {
            node.get("id", ""): node.get("name") or node.get("id") or "" for node in self._nodes("process")
        }

    @cached_property
    def specs(self) -> tuple[BpmnProcessSpec, dict[str, BpmnProcessSpec]]:
        """SpiffWorkflow's spec of the main process and of every process it calls or holds."""
        parser = CaseParser()
        try:
            for root in self._roots.values():
                parser.add_bpmn_xml(_without_data(root))
            spec = parser.get_spec(self.key)
            inner = parser.get_subprocess_specs(spec.name, specs={})
            trust((spec, *inner.values()))
            return spec, inner
        except DefinitionError:
            raise
        except RecursionError as error:
            sentence = "流程里一个接一个的元素太多，引擎读不完，请分成几个公用环节。"
            raise DefinitionError(sentence, [Finding("", "", sentence)]) from error
        except Exception as error:
            if trouble_of(error) is not None:
                raise
            sentence = f"流程图不能运行：{error}"
            raise DefinitionError(
                sentence, [Finding(str(getattr(error, "id", "") or ""), "", sentence)]
            ) from error

    def form(self, key: str) -> Form:
        """The compiled form `key`. Raises Invalid when the version has none."""
        if key not in self._forms:
            if key not in self.form_bodies:
                raise Invalid(f"这一版流程没有表单“{key}”。")
            self._forms[key] = compile_form(json.loads(self.form_bodies[key]))
        return self._forms[key]

    def form_schema(self, key: str) -> dict[str, Any]:
        """The form-js schema of form `key`."""
        schema: dict[str, Any] = json.loads(self.form_bodies[key])
        return schema

    @cached_property
    def messages(self) -> frozenset[str]:
        """Names of the messages that a running case of this version can catch."""
        return frozenset(e.message for e in self.elements.values() if e.message and e.kind != "startEvent")

    @cached_property
    def reports(self) -> Mapping[str, Element]:
        """The events that catch what people report on a form (an objection, an answer),
        by the message's name.
        """
        caught = [e for e in self.elements.values() if e.message and e.form_key and e.kind != "startEvent"]
        return {str(element.message): element for element in reversed(caught)}

    def beside_steps(self, message: str) -> dict[str, Element]:
        """The events without a form that catch `message` beside a step with one, by the step."""
        caught = [
            e for e in self.elements.values() if e.message == message and e.attached_to and not e.form_key
        ]
        return {str(e.attached_to): e for e in caught if self.elements[str(e.attached_to)].form_key}

    @cached_property
    def flows(self) -> dict[str, tuple[str, str]]:
        """Source and target of every sequence flow of all drawings, by its id."""
        return {
            flow.get("id", ""): (flow.get("sourceRef", ""), flow.get("targetRef", ""))
            for flow in self._nodes("sequenceFlow")
        }

    @cached_property
    def flow_names(self) -> dict[str, str]:
        """What is written on each sequence flow, by its id; empty where nothing is."""
        return {flow.get("id", ""): flow.get("name") or "" for flow in self._nodes("sequenceFlow")}

    @cached_property
    def calls(self) -> dict[str, str]:
        """The process that each call activity and subprocess runs, by its id."""
        inner = {node.get("id", ""): node.get("calledElement", "") for node in self._nodes("callActivity")}
        return inner | {node.get("id", ""): node.get("id", "") for node in self._nodes("subProcess")}

    def awaited(self, gateway_id: str) -> list[str]:
        """The events that an event-based gateway waits for."""
        return [target for source, target in self.flows.values() if source == gateway_id]

    @cached_property
    def in_flow_order(self) -> list[Element]:
        """The elements as an official would tell them: each after all that leads to it,
        a called process after its call.

        Loops aside; branches one after another.
        """
        following: dict[str, list[str]] = {}
        for flow in self._nodes("sequenceFlow"):
            following.setdefault(flow.get("sourceRef", ""), []).append(flow.get("targetRef", ""))
        for element in self.elements.values():
            following.setdefault(element.attached_to or "", []).append(element.id)
        holders = [*self._nodes("process"), *self._nodes("subProcess")]
        starts = {h.get("id", ""): s.get("id", "") for h in holders for s in x.children(h, "startEvent")}
        inner = self.calls

        def told(start: str) -> Iterator[str]:
            for at in _topological(start, following):
                yield at
                if inner.get(at) in starts:
                    yield from told(starts[inner[at]])

        order = dict.fromkeys(told(starts[self.key]))  # what is called twice is told where it comes first
        return [self.elements[identifier] for identifier in order if identifier in self.elements]

    @cached_property
    def start(self) -> Element:
        """The start event of the main process."""
        return next(e for e in self.elements.values() if e.kind == "startEvent" and e.process_id == self.key)

    @property
    def start_form(self) -> Form | None:
        """The form of the main process's start event: what opens a case."""
        return self.form(self.start.form_key) if self.start.form_key else None

    def page_form(self, name: str) -> Form:
        """The form that the process's property `name` gives to a page beside the steps.

        Raises NotFound without one.
        """
        key = page_forms(self.properties).get(name)
        if key is None:
            raise NotFound(f"现行流程没有写明表单“{name}”。")
        return self.form(key)

    def page_decision(self, name: str) -> Decision:
        """The table that the process's property `name` gives to a page. Raises NotFound without one."""
        found = self.decisions.get(page_decisions(self.properties).get(name, ""))
        if found is None:
            raise NotFound(f"现行流程没有写明决策表“{name}”。")
        return found

    def message_form(self, name: str) -> Form | None:
        """The form that an event catching message `name` carries: what people fill in to send it."""
        keys = (e.form_key for e in self.elements.values() if e.message == name and e.form_key)
        key = next(keys, None)
        return self.form(key) if key else None

    def service_parameter(self, service: str, parameter: str) -> str | None:
        """The FEEL text that the first task calling `service` gives for `parameter`, or None."""
        for task in self._nodes("serviceTask"):
            for operator in task.iter(f"{{{x.SPIFF}}}serviceTaskOperator"):
                for node in operator.iter(f"{{{x.SPIFF}}}parameter"):
                    if operator.get("id") == service and node.get("id") == parameter:
                        return node.get("value")
        return None

    @cached_property
    def reads(self) -> dict[str, frozenset[str] | None]:
        """For each variable the diagram reads: the keys it reads of it, or None when it reads the whole."""
        found: dict[str, set[str] | None] = {}
        for name in self._names_read():
            root, _, rest = name.partition(".")
            keys = found.setdefault(root, set())
            if not rest:
                found[root] = None
            elif keys is not None:
                keys.add(rest.partition(".")[0])
        return {root: None if keys is None else frozenset(keys) for root, keys in found.items()}

    def project(self, variable: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Of a form's `data`, only what the diagram reads of `variable`: the rest stays in the submission."""
        keys = self.reads.get(variable, frozenset())
        return dict(data) if keys is None else {key: data[key] for key in data if key in keys}

    def _names_read(self) -> Iterator[str]:
        for root in self._roots.values():
            for _, text in expressions(root):
                try:
                    yield from compile_expression(text).names()
                except FeelSyntaxError:
                    continue  # the check reports it with its element
        for key, decision in self.decisions.items():
            yield from decision.names() if key in self._called else ()
        for name in _form_names(self.form_bodies.values()):
            if name.startswith("case."):
                yield name.removeprefix("case.")


def _topological(start: str, following: Mapping[str, list[str]]) -> list[str]:
    """What `start` leads to, each after everything that leads to it; a flow that goes back does not count."""
    finished: list[str] = []
    seen = {start}
    path = [(start, reversed(following.get(start, [])))]
    while path:
        at, targets = path[-1]
        target = next((one for one in targets if one not in seen), None)
        if target is None:
            finished.append(at)
            path.pop()
        else:
            seen.add(target)
            path.append((target, reversed(following.get(target, []))))
    return finished[::-1]


def _form_names(bodies: Iterable[bytes]) -> Iterator[str]:
    """The dotted names that fill the forms' fields, and those that these are compared with."""
    for body in bodies:
        components = json.loads(body).get("components") or []
        yield from facts_read(components)
        for component in walk(components):
            text = given(component, "prefill")
            try:
                yield from compile_expression(str(text)).names() if text else ()
            except FeelSyntaxError:
                continue


def _main_process(root: x.Node) -> x.Node:
    main = main_process(root)
    if main is None:
        sentence = "文件中没有可以启动的流程。"
        raise DefinitionError(sentence, [Finding("", "", sentence)])
    return main


_DATA = (
    "dataStore",
    "ioSpecification",
    "dataInputAssociation",
    "dataOutputAssociation",
    "correlationProperty",
    "correlationKey",
    "collaboration",
)


def _without_data(root: x.Node) -> x.Node:
    """The diagram without what only pictures data and partners:
    the library would demand an implementation of it.
    """
    found = deepcopy(root)
    for name in _DATA:
        for node in list(x.descendants(found, name)):
            node.getparent().remove(node)  # type: ignore[union-attr]
    return found
