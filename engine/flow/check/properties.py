"""Checks of extension properties against their table: an unknown one, one in a wrong place, a wrong value."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.check.draft import Draft, found
from engine.flow.diagram import properties as p
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import QUEUES, SETTING_KINDS
from engine.flow.diagram.kinds import said
from engine.flow.diagram.resources import is_part
from engine.flow.vocabulary import used
from engine.ground.errors import Finding
from engine.ground.text import whole


def properties(draft: Draft) -> Iterator[Finding]:
    """What would be read as nothing, or as something else than was meant."""
    for process in draft.processes:
        for node in process.iter(f"{{{x.BPMN}}}*"):
            for name, text in x.properties(node).items():
                yield from _property(draft, node, name, text)


def _property(draft: Draft, node: x.Node, name: str, text: str) -> Iterator[Finding]:
    kind, known = x.local(node), p.TABLE.get(name)
    if name.startswith(p.SETS):
        yield from _setting(node, kind, name)
    elif kind == "process" and name in used().page_words:
        return  # the check of the forms asks for its form
    elif known is None:
        if not name.startswith("paper:"):  # the check of the papers says which there are
            yield found(node, f"不认识属性“{name}”，写了也不起作用。", "warning")
    elif kind not in known.on:
        yield found(
            node, f"属性“{name}”（{known.words}）写在这里不起作用，只能写在“{said(known.on)}”上。", "warning"
        )
    else:
        wrong = _wrong(draft, known, text)
        if wrong:
            yield found(node, f"“{name}”（{known.words}）{wrong}")


def _setting(node: x.Node, kind: str, name: str) -> Iterator[Finding]:
    """``set:`` properties only where they take effect, each naming a variable."""
    if kind not in SETTING_KINDS:
        yield found(node, f"“{name}”只能写在“{said(SETTING_KINDS)}”上，写在这里会被忽略。")
    elif not name.removeprefix(p.SETS).strip().isidentifier():
        yield found(node, f"“{name}”没有写明变量名（字母、数字和下划线）。")


def _wrong(draft: Draft, known: p.Property, text: str) -> str:
    """What is wrong with the text, as the end of a sentence; '' when it can be read."""
    if known.kind is p.Kind.FLAG and text not in ("true", "false"):
        return f"只能写 true 或 false，写成“{text}”不起作用。"
    if known.kind is p.Kind.NUMBER:
        return _number(known, text)
    if known.kind is p.Kind.CHOICE and text not in known.choices:
        return f"没有“{text}”这一种，可用：{'、'.join(filter(None, known.choices))}。"
    if known.kind is p.Kind.SUBJECT and text not in used().subject_kinds:
        return f"没有“{text}”这一种，可用：{'、'.join(filter(None, used().subject_kinds))}。"
    if known.kind is p.Kind.QUEUE and text not in QUEUES.values():
        return f"写的待办“{text}”不存在。"
    return _steps(draft, known, text) if known.kind is p.Kind.STEPS else ""


def _number(known: p.Property, text: str) -> str:
    read = whole(text, known.most)
    if read is not None and read >= known.least:
        return ""
    count = known.unit.removeprefix("个")
    return f"须是 {known.least} 到 {known.most} {known.unit}，写整数{count}数，用 0 到 9 的数字，写的是“{text}”。"


def _steps(draft: Draft, known: p.Property, text: str) -> str:
    """Steps that no drawing has: what is kept apart from them is kept apart from nobody (R12).

    A part may name steps of what calls it.
    """
    if is_part(draft.root):
        return ""
    named = [part.strip().removeprefix("!") for part in text.split(",") if part.strip()]
    drawn = {node.get("id") for root in draft.part_roots.values() for node in root.iter(f"{{{x.BPMN}}}*")}
    missing = [name for name in named if name != "*" and name not in draft.nodes and name not in drawn]
    return f"写的“{'、'.join(missing)}”不是图上的步骤。" if missing else ""
