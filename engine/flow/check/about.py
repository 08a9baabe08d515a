"""Checks of what the procedure is about: its steps are where that is, its forms read what that has."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.check.draft import Draft, found
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import QUEUES, lane_queue
from engine.flow.diagram.properties import QUEUE
from engine.flow.feel import FeelSyntaxError, compile_expression
from engine.flow.forms import schema as s
from engine.flow.services import Service
from engine.flow.vocabulary import About, used
from engine.ground.errors import Finding

_LEVELS = {queue: word for word, queue in QUEUES.items()}


def about(draft: Draft) -> Iterator[Finding]:
    """Nobody below the level at which the subject is has a step of it."""
    kind = used().subject_kinds.get(draft.about)
    if kind is None:
        return  # the check of the properties says which there are
    yield from _below(draft, kind)
    yield from _services_of_others(draft, kind)
    for node in draft.nodes.values():
        form = x.properties(node).get("formKey", "")
        for component in s.walk(draft.components(form)):
            yield from _read_of_others(draft, node, kind, component)


def _below(draft: Draft, kind: About) -> Iterator[Finding]:
    levels = list(_LEVELS)
    below = levels[: levels.index(kind.level)]
    lanes = {
        (reference.text or "").strip(): lane_queue(lane)
        for lane in x.descendants(draft.root, "lane")
        for reference in x.children(lane, "flowNodeRef")
    }
    for node in draft.of_kind("userTask", "manualTask", "startEvent"):
        queue = QUEUE.text(x.properties(node)) or lanes.get(node.get("id", ""))
        if queue in below:
            yield found(
                node,
                f"{kind.words}在{_LEVELS[kind.level]}级，{_LEVELS[queue]}级没有它的待办：请移到上一级的泳道。",
            )


def _services_of_others(draft: Draft, kind: About) -> Iterator[Finding]:
    """A service of another kind would look for a subject that the case is not about, and fail every time."""
    for node in draft.of_kind("serviceTask"):
        for service in _foreign(node, kind):
            yield found(node, f"“{service.title}”只能用于{_words(service)}，而这个流程办理的是{kind.words}。")
    for node in draft.of_kind("callActivity"):
        part = draft.part_roots.get(node.get("calledElement", ""))
        for service in _foreign(part, kind) if part is not None else ():
            said = f"调用的环节里有“{service.title}”，只能用于{_words(service)}"
            yield found(node, f"{said}，而这个流程办理的是{kind.words}。")


def _foreign(node: x.Node, kind: About) -> list[Service]:
    """The services called inside that are for another kind of subject."""
    names = [one.get("id", "") for one in node.iter(f"{{{x.SPIFF}}}serviceTaskOperator")]
    called = [used().service[name] for name in names if name in used().service]
    return [one for one in called if one.of not in (None, kind.kind)]


def _words(service: Service) -> str:
    other = used().subject_kinds.get(service.of or "")
    return other.words if other is not None else service.of or ""


def _read_of_others(draft: Draft, node: x.Node, kind: About, component: s.Component) -> Iterator[Finding]:
    """A form filled from another kind of subject would stay blank."""
    try:
        read = compile_expression(str(s.given(component, "prefill") or "null")).names()
    except FeelSyntaxError:
        return  # the check of the forms says so
    firsts = {name.partition(".")[0] for name in read}
    for other in used().subjects:
        if other.kind != kind.kind and other.known_as in firsts:
            label = s.label(component)
            yield found(node, f"表单的“{label}”从{other.words}预填，而这个流程办理的是{kind.words}。")
