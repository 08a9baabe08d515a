"""Checks of what an event waits for: a message that somebody can send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.flow import vocabulary
from engine.flow.check.draft import Draft, found, name_of
from engine.flow.diagram import xml as x
from engine.flow.diagram.properties import FORM_KEY
from engine.ground.errors import Finding

CATCHING = ("intermediateCatchEvent", "boundaryEvent", "receiveTask")


def heard(draft: Draft) -> Iterator[Finding]:
    """An event whose message neither a form, nor the step that it stands beside, nor the system sends:
    the case would wait for ever.
    """
    sent = vocabulary.used().sends
    names = {m.get("id"): m.get("name") or "" for m in x.children(draft.root, "message")}
    on_forms = set(_with_forms(draft))
    for node in draft.nodes.values():
        name = _message(node, names)
        if name and name not in on_forms and name not in sent and not _beside_a_form(draft, node):
            system = "、".join(f"{words}（{known}）" for known, words in sorted(sent.items()))
            yield found(
                node,
                f"“{name_of(node)}”等的消息“{name}”没有人能送：事件没有表单，也不在有表单的步骤旁边，"
                f"系统自己不送这个消息。请给事件选一张表单，由人登记；或者改用系统会送的消息：{system}。",
                "warning",
            )


def _message(node: x.Node, names: Mapping[str | None, str]) -> str:
    """The message that an event of the flow, or beside a step, waits for; ''."""
    if x.local(node) not in CATCHING:
        return ""
    return next((names.get(e.get("messageRef"), "") for e in x.children(node, "messageEventDefinition")), "")


def _with_forms(draft: Draft) -> Iterator[str]:
    """The messages that people fill in a form for, here or in a part that is called."""
    for root in (draft.root, *draft.part_roots.values()):
        names = {m.get("id"): m.get("name") or "" for m in x.children(root, "message")}
        for node in root.iter(f"{{{x.BPMN}}}*"):
            name = _message(node, names)
            if name and FORM_KEY.text(x.properties(node)):
                yield name


def _beside_a_form(draft: Draft, node: x.Node) -> bool:
    """Whether who does the step beside the event sends the message, by the step's form."""
    host = draft.nodes.get(node.get("attachedToRef") or "")
    return host is not None and bool(FORM_KEY.text(x.properties(host)))
