"""Checks of what the procedure is about: its steps are where that is, its forms read what that has."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.check.draft import Draft, found
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import QUEUES, lane_queue
from engine.flow.diagram.properties import QUEUE
from engine.flow.feel import FeelSyntaxError, compile_expression
from engine.flow.forms import schema as s
from engine.flow.vocabulary import About, used
from engine.ground.errors import Finding

_LEVELS = {queue: word for word, queue in QUEUES.items()}


def about(draft: Draft) -> Iterator[Finding]:
    """Nobody below the level at which the subject is has a step of it."""
    kind = used().subject_kinds.get(draft.about)
    if kind is None:
        return  # the check of the properties says which there are
    yield from _below(draft, kind)
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
