"""What somebody who draws a procedure may name: forms with their fields, decisions, services, parts,
procedures.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, undefer

from engine.casework.models import Procedure, ProcedureDraft, ProcedureVersion
from engine.casework.organisation.access import QUEUE_NAMES
from engine.flow import feel, vocabulary
from engine.flow.check.draft import Draft
from engine.flow.check.names import known_variables
from engine.flow.decisions import parse_decision
from engine.flow.diagram import properties as p
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import QUEUES, Element, settings_of
from engine.flow.diagram.properties import page_decisions, page_forms
from engine.flow.diagram.resources import Resources, main_process
from engine.flow.diagram.texts import timer_feel
from engine.flow.forms import schema as s
from engine.flow.machine.definition import Definition
from engine.flow.services import Service
from engine.ground.errors import DefinitionError
from engine.owners import drafts


def known(session: Session, draft: ProcedureDraft) -> dict[str, Any]:
    """Everything by kind, each with its key, its name and what it holds;
    of the draft and of what is in force.
    """
    resources = drafts.resources_of(session, draft)
    own = drafts.changed(session, draft)
    given = vocabulary.used().speaking_of(_about(draft)).given
    procedures = session.execute(
        select(Procedure.key, Procedure.name).where(~Procedure.part).order_by(Procedure.key)
    )
    return {
        "queues": [{"key": key, "name": QUEUE_NAMES[key], "sign": sign} for sign, key in QUEUES.items()],
        "forms": [
            {"key": key, "fields": list(_fields(body)), "changed": key in own["form"]}
            for key, body in sorted(resources.form.items())
        ],
        "decisions": [
            {**_decision(key, body), "changed": key in own["decision"]}
            for key, body in sorted(resources.decision.items())
        ],
        "parts": [_part(key, body, resources) for key, body in sorted(resources.part.items())],
        "services": [_service(one) for _, one in sorted(vocabulary.used().service.items())],
        "procedures": [{"key": row.key, "name": row.name} for row in procedures],
        "papers": [
            {"key": key, "name": kind.name, "listed": kind.listed}
            for key, kind in vocabulary.used().paper.items()
        ],
        "given": [{"key": one.name, "name": one.words} for one in given],
        "subjects": [{"key": one.kind, "name": one.words} for one in vocabulary.used().subjects],
        "opens_for": [{"key": code, "name": name} for code, name in vocabulary.used().opens_for.items()],
        "properties": list(_properties()),
        "handed": _handed(session, draft),
    }


def _about(draft: ProcedureDraft) -> str:
    """The kind of subject that the draft is about, as far as it can be read."""
    try:
        main = main_process(x.parse_xml(draft.xml))
    except DefinitionError:
        return ""
    return p.ABOUT.text(x.properties(main)) if main is not None else ""


def _properties() -> Iterator[dict[str, Any]]:
    """The extension properties, as the panel beside the drawing asks for them."""
    for one in p.TABLE.values():
        yield {
            "key": one.name,
            "label": one.label or one.words,
            "hint": one.hint,
            "on": list(one.on),
            "choices": [{"key": key, "name": words} for key, words in one.choices.items()],
            "least": one.least,
            "most": one.most or None,
        }
    for name, words in vocabulary.used().page_words.items():
        yield {"key": name, "label": words, "hint": "", "on": ["process"], "choices": []}


def _service(one: Service) -> dict[str, Any]:
    parameters = [
        {"key": key, "name": one.parameters[key], "required": key in one.required}
        for key in sorted(one.parameters)
    ]
    return {"key": one.name, "name": one.title, "about": one.about, "parameters": parameters}


def _handed(session: Session, draft: ProcedureDraft) -> list[dict[str, str]]:
    """What the procedures in force hand to the draft's part as they call it:
    each variable with the caller's name.
    """
    if not draft.procedure_key:
        return []
    found: dict[str, str] = {}
    query = select(ProcedureVersion).join(Procedure, Procedure.current_version_id == ProcedureVersion.id)
    for version in session.scalars(
        query.options(undefer(ProcedureVersion.xml), joinedload(ProcedureVersion.procedure))
    ):
        for call in x.descendants(x.parse_xml(version.xml), "callActivity"):
            if call.get("calledElement") == draft.procedure_key:
                for name in settings_of(x.properties(call)):
                    found.setdefault(name, version.procedure.name)
    return [{"key": key, "name": name} for key, name in sorted(found.items())]


def _fields(body: bytes) -> Iterator[dict[str, Any]]:
    """The fields of a form that conditions may ask for; none of a broken one (the check reports it)."""
    try:
        schema = json.loads(body)
    except ValueError:
        return
    components = schema.get("components") if isinstance(schema, dict) else None
    for component in _level(components if isinstance(components, list) else []):
        key = component.get("key") or component.get("path")
        if key and component.get("type") in s.INPUTS | {"expression"}:
            yield _field(key, s.label(component), component)


def _level(components: list[s.Component]) -> Iterator[s.Component]:
    """The components of one level: a list's columns are no fields of the form, and may be called the same."""
    for component in components:
        yield component
        if component.get("type") == "group":
            yield from _level(s.children(component))


def _field(key: str, name: str, component: s.Component) -> dict[str, Any]:
    options = [{"value": value, "label": text} for value, text in s.options(component).items()]
    return {"key": key, "name": name, "type": component["type"], "options": options}


def _decision(key: str, body: bytes) -> dict[str, Any]:
    try:
        decision = parse_decision(body)
    except DefinitionError:
        return {"key": key, "name": key, "outputs": []}
    return {"key": key, "name": decision.name, "outputs": decision.outputs}


def _part(key: str, body: bytes, resources: Resources) -> dict[str, Any]:
    """A part: its name, what it is for, the variables that it sets and its caller may read."""
    root = x.parse_xml(body)
    main = main_process(root)
    if main is None:
        return {"key": key, "name": key, "about": "", "names": []}
    name = main.get("name") or key
    return {
        "key": key,
        "name": name,
        "about": x.text_of(main, "documentation"),
        "names": list(_set_by(root, name, resources)),
    }


def _set_by(root: x.Node, title: str, resources: Resources) -> Iterator[dict[str, Any]]:
    """The variables that a part called `title` sets itself, with the keys that are known of them."""
    for name, variable in known_variables(Draft(root, resources)).items():
        if name not in vocabulary.used().given_variables:
            if variable.open or variable.plain:
                yield {"key": name, "name": f"“{title}”的结果"}
            for key, component in variable.keys.items():
                label = key if component is None else s.label(component)
                words = f"“{title}”：{label}"
                full = f"{name}.{key}"
                yield {"key": full, "name": words} if component is None else _field(full, words, component)


def wrong(text: str, *, timer: bool = False) -> str:
    """Why `text` cannot be read as FEEL, or with `timer` as a limit; empty when it can."""
    try:
        feel.compile_expression(timer_feel(text) if timer else feel.strip_equals(text))
    except feel.FeelSyntaxError as error:
        return str(error)
    return ""


@dataclass(frozen=True)
class Listed:
    """A form or decision of a draft: whether its diagram names it, the draft changes it,
    something is in force.
    """

    kind: str
    part: str
    key: str
    name: str
    used: bool
    changed: bool
    in_force: bool


def listed(session: Session, draft: ProcedureDraft) -> list[Listed]:
    """The forms and decisions that the draft's diagram uses or the draft itself changes."""
    resources, own = drafts.resources_of(session, draft), drafts.changed(session, draft)
    before = drafts.resources_of(session, draft, own=False)
    try:
        named = used(resources, draft.xml)
    except DefinitionError:
        named = Resources()  # the check says what is wrong with the diagram
    steps = _steps_by_form(draft)
    return [
        Listed(
            kind,
            f"{kind}s",
            key,
            _decision(key, body)["name"] if kind == "decision" else steps.get(key, key),
            key in named.of(kind),
            key in own[kind],
            key in before.of(kind),
        )
        for kind in ("form", "decision")
        for key, body in sorted(resources.of(kind).items())
        if key in named.of(kind) or key in own[kind]
    ]


def _steps_by_form(draft: ProcedureDraft) -> dict[str, str]:
    """The names of the steps that show a form, by its key: what people call the form."""
    found: dict[str, list[str]] = {}
    try:
        root = x.parse_xml(draft.xml)
    except DefinitionError:
        return {}
    for node in root.iter(f"{{{x.BPMN}}}*"):
        key = x.properties(node).get("formKey")
        if key and node.get("name"):
            found.setdefault(key, []).append(node.get("name", ""))
    return {key: "、".join(dict.fromkeys(names)) for key, names in found.items()}


def told(definition: Definition | None, body: bytes) -> list[Element]:
    """The elements in the order of the work; of a diagram that cannot run yet, as the file has them."""
    if definition is not None:
        return definition.in_flow_order
    try:
        return list(Definition(body, Resources()).elements.values())
    except DefinitionError:
        return []


def used(resources: Resources, body: bytes) -> Resources:
    """Of `resources`, the forms and decisions that a diagram names itself, its parts' left out."""
    root = x.parse_xml(body)
    nodes = list(root.iter(f"{{{x.BPMN}}}*"))
    forms = {x.properties(node).get("formKey", "") for node in nodes}
    forms |= {
        value
        for process in x.children(root, "process")
        for value in page_forms(x.properties(process)).values()
    }
    decisions = {
        x.extension_text(node, "calledDecisionId") for node in x.descendants(root, "businessRuleTask")
    }
    decisions |= {
        value
        for process in x.children(root, "process")
        for value in page_decisions(x.properties(process)).values()
    }
    return Resources(
        {key: text for key, text in resources.form.items() if key in forms},
        {key: text for key, text in resources.decision.items() if key in decisions},
    )
