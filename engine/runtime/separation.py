"""Four eyes (R12, R38): whoever did one step of a case may not do another that the diagram keeps apart from it.

A user task's ``separateFrom`` lists steps, or ``*`` for every step but those after an exclamation mark:
``*, !explain_delay``. The start event among them means who opened the case.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import definitions, past
from engine.definitions import Definition, Element
from engine.models import Account, CaseFile, WorkItem


def obstacle(session: Session, actor: Account, case: CaseFile, definition: Definition, element: Element) -> str:
    """Why the actor may not do this step of the case, in a sentence; '' when nothing keeps them apart."""
    rule = element.properties.get("separateFrom")
    if not rule:
        return ""
    named = {part.strip() for part in rule.split(",")}
    if definition.start.id in named and case.started_by == actor.id:
        return "本事项由您提出，按规定须由他人办理这一步。"
    query = select(WorkItem.id, WorkItem.name, WorkItem.element_id).where(
        WorkItem.case_id == case.id, WorkItem.closed_by == actor.id, WorkItem.status == "done"
    )
    done = session.execute(query).all()
    history = past.of_case(session, case) if done else None
    for item_id, name, called in done:
        # What was done on another version is what the present one calls so: a move does not make a stranger of anybody.
        element_id = history.present(called, history.seq_of_item(item_id)) if history else called
        if element_id in named or ("*" in named and f"!{element_id}" not in named):
            return f"您办理过本事项的“{name}”，按规定须由他人办理这一步。"
    return ""


def obstacles(session: Session, actor: Account, items: Sequence[WorkItem]) -> dict[int, str]:
    """Of a page of open items, those that the actor may not finish, each with the sentence."""
    involved = _involved(session, actor, items)
    found: dict[int, str] = {}
    for item in items:
        case = involved.get(item.case_id)
        if case is None:
            continue
        definition = definitions.load(session, case.version_id)
        element = definition.elements.get(item.element_id)
        sentence = obstacle(session, actor, case, definition, element) if element is not None else ""
        if sentence:
            found[item.id] = sentence
    return found


def _involved(session: Session, actor: Account, items: Sequence[WorkItem]) -> dict[int, CaseFile]:
    """The items' cases in which the actor has had a hand, in one query: only these can be barred."""
    ids = {item.case_id for item in items}
    own = select(WorkItem.case_id).where(
        WorkItem.case_id.in_(ids), WorkItem.closed_by == actor.id, WorkItem.status == "done"
    )
    query = select(CaseFile).where(CaseFile.id.in_(ids), (CaseFile.started_by == actor.id) | CaseFile.id.in_(own))
    return {case.id: case for case in session.scalars(query)}
