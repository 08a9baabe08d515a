"""Four eyes (R12, R38): whoever did one step of a case may not do another
that the diagram keeps apart from it.

A user task's ``separateFrom`` lists steps, or ``*`` for every step but those after an exclamation mark:
``*, !explain_delay``. The start event among them means who brought the case: opened it, or brought it
otherwise, as the field has it (entered a clue of it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from engine.casework import definitions, kit
from engine.casework.models import Account, CaseFile, WorkItem
from engine.casework.step import past
from engine.casework.step.past import Past
from engine.flow.diagram.element import Element
from engine.flow.machine.definition import Definition
from engine.ground.database.prepared import Prepared
from engine.ground.paging.walking import aside
from engine.ground.tables import table

_ITEM = table(WorkItem)
# by the case, of which there are a few steps; an official has done thousands
_DONE = Prepared(
    select(_ITEM.c.id, _ITEM.c.element_id, _ITEM.c.name).where(
        _ITEM.c.case_id == bindparam("case_id"),
        aside(_ITEM.c.closed_by) == bindparam("actor_id"),
        _ITEM.c.status == "done",
    ),
    own=True,
)


@dataclass(frozen=True)
class Seen:
    """What somebody has read of a case already: the steps that the actor has done in it, and its past."""

    done: Sequence[WorkItem]
    past: Past


def obstacle(
    session: Session,
    actor: Account,
    case: CaseFile,
    definition: Definition,
    element: Element,
    seen: Seen | None = None,
) -> str:
    """Why the actor may not do this step of the case, in a sentence; '' when nothing keeps them apart."""
    named = element.separate_from
    if not named:
        return ""
    if _covers(named, definition.start.id) and _brought(session, actor, case):
        return "本事项由您提出，按规定须由他人办理这一步。"
    done: Sequence[Any] = seen.done if seen else _DONE.all(session, case_id=case.id, actor_id=actor.id)
    if not done:
        return ""
    history = seen.past if seen else past.of_case(session, case)
    for one in done:
        # What was done on another version is what the present one calls so: a move does not make a stranger
        # of anybody.
        if _covers(named, history.present(one.element_id, history.seq_of_item(one.id))):
            return f"您办理过本事项的“{one.name}”，按规定须由他人办理这一步。"
    return ""


def _covers(named: frozenset[str], element_id: str) -> bool:
    return element_id in named or ("*" in named and f"!{element_id}" not in named)


def _brought(session: Session, actor: Account, case: CaseFile) -> bool:
    """Whether the actor opened the case by hand, or brought it otherwise;
    what another case opened nobody brought.
    """
    if case.started_by == actor.id and case.origin_id is None:
        return True
    ways = map(_of_one_case, kit.used().brought)
    return any(way.scalar(session, case_id=case.id, actor_id=actor.id) is not None for way in ways)


@cache
def _of_one_case(brought: kit.Brought) -> Prepared:
    """Prepared: every step that is kept apart from who brought the case asks it."""
    return Prepared(brought(bindparam("actor_id"), [bindparam("case_id")]).limit(1), own=True)


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
    own = select(_ITEM.c.case_id).where(
        _ITEM.c.case_id.in_(ids), aside(_ITEM.c.closed_by) == actor.id, _ITEM.c.status == "done"
    )
    brought = [CaseFile.id.in_(brought(actor.id, ids)) for brought in kit.used().brought]
    mine = or_(CaseFile.started_by == actor.id, CaseFile.id.in_(own), *brought)
    query = select(CaseFile).where(CaseFile.id.in_(ids), mine)
    return {case.id: case for case in session.scalars(query)}
