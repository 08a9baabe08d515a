"""Where a case stands in its drawing: what is done, what is open, what comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.acts import Over
from engine.casework.models import Account, CaseFile
from engine.casework.organisation import access
from engine.flow.diagram.element import Element
from engine.flow.machine.definition import Definition
from engine.ground.errors import NotFound


@dataclass(frozen=True)
class Progress:
    """One step of the procedure as a phone shows it instead of the diagram."""

    element_id: str
    name: str
    queue: str
    state: str  # done, open, ahead


@dataclass(frozen=True)
class Expected:
    """A message with a form that the case takes now: what people may report on its page."""

    name: str
    label: str
    event: Element
    over: Over | None = None
    """The wait that is over, whose reports are still entered with a reason."""


def diagram_xml(session: Session, actor: Account, case_id: int, key: str = "") -> bytes:
    """The drawing `key` of the case's own version (default: the procedure's own),
    for the picture with its tokens.
    """
    case = session.scalar(select(CaseFile).where(CaseFile.id == case_id, access.visible_cases(actor)))
    if case is None:
        raise NotFound("没有找到这件事项。")
    definition = definitions.load(session, case.version_id)
    drawings = definition.diagrams()
    if (key or definition.key) not in drawings:
        raise NotFound("这一版流程没有这张图。")
    return drawings[key or definition.key]


def progress_of(
    definition: Definition, open_elements: Sequence[str], finished: Sequence[str]
) -> list[Progress]:
    """The steps in the order of the flow, with where the case stands;
    exceptional ones only once they are reached.
    """
    steps = [
        e for e in definition.in_flow_order if e.kind in ("userTask", "manualTask", "intermediateCatchEvent")
    ]
    gateways = [
        at for at in open_elements if at in definition.elements and "Gateway" in definition.elements[at].kind
    ]
    awaited = {e for gateway in gateways for e in definition.awaited(gateway)}
    usual = {e for e in awaited if not definition.elements[e].exceptional}
    standing = {*open_elements, *usual}
    states = {e.id: "open" if e.id in standing else "done" if e.id in finished else "ahead" for e in steps}
    return [
        Progress(e.id, e.name, e.queue or "", states[e.id])
        for e in steps
        if states[e.id] != "ahead" or not e.exceptional
    ]
