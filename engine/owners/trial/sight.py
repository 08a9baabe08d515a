"""What is to be seen of a trial after its last act: plain values,
since the rows they were read from are gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from engine.casework import kit
from engine.casework.desk import progress, views
from engine.casework.desk.timeline import Event
from engine.casework.models import LEVELS, CaseFile, ProcedureVersion, Timer
from engine.casework.organisation import access
from engine.flow.diagram.element import Element
from engine.flow.forms import Field
from engine.flow.forms.schema import OUTCOME_KEYS
from engine.owners.rehearsal.target import Target
from engine.owners.trial.script import Act, Script

if TYPE_CHECKING:
    from engine.owners.trial.play import Stage


@dataclass(frozen=True)
class Problem:
    """The act that was refused, why, and the fields that were wrong."""

    act: Act
    sentence: str
    fields: Mapping[str, list[str]]


@dataclass(frozen=True)
class Decided:
    """A decision that was taken: where, by which table, what,
    and the rules that held with the cells that asked.
    """

    at: datetime
    name: str
    decision: str
    result: Any
    rules: Sequence[tuple[int, Sequence[tuple[str, str]]]]


@dataclass(frozen=True)
class Task:
    """An open step with its form, filled with a sample; `choices` are the outcomes by value,
    of field `choice_key`.
    """

    token: str
    element_id: str
    name: str
    queue: str
    due_at: datetime | None
    instructions: str
    fields: Sequence[Field]
    files: Sequence[str]
    choice_key: str
    choices: Mapping[str, str]


@dataclass(frozen=True)
class Message:
    """A message that can be sent now, with its form."""

    name: str
    label: str
    fields: Sequence[Field]


@dataclass(frozen=True)
class Wait:
    """A timer that waits."""

    name: str
    due_at: datetime
    kind: str  # event, limit, warning, reminder
    own: bool
    """Whether it belongs to the case itself, and not to one that it has opened."""


@dataclass(frozen=True)
class Sight:
    """The trial as it now stands."""

    script: Script
    procedure: str
    subject: str
    now: datetime
    finished: bool
    outcome: str
    lamp: str
    tasks: Sequence[Task]
    messages: Sequence[Message]
    waits: Sequence[Wait]
    variables: Mapping[str, Any]
    timeline: Sequence[Event]
    progress: Sequence[progress.Progress]
    decided: Sequence[Decided]
    called: Sequence[tuple[str, str, Mapping[str, Any]]]
    """Services called: element's name, service, parameters."""
    here: Sequence[str]
    done: Sequence[str]
    drawings: Sequence[tuple[str, str]]
    others: Sequence[tuple[str, str]]
    """Cases that this one's steps opened: procedure and state."""
    problem: Problem | None


def see(stage: Stage, target: Target, script: Script, problem: Problem | None) -> Sight:
    """Read off the stage all that is to be seen."""
    session, case = stage.session, stage.case
    session.flush()
    session.expire_all()
    view = views.case_view(session, stage.officials.next(_seen_from(case)), case.id)
    elements = view.definition.elements
    variables = dict(view.variables)
    called = [
        (elements[one].name if one in elements else one, name, given) for one, name, given in stage.calls
    ]
    return Sight(
        script=script,
        procedure=view.definition.name,
        subject=kit.called(case),
        now=stage.clock.now(),
        finished=case.status != "open",
        outcome=case.outcome,
        lamp=case.lamp_floor,
        tasks=[_task(stage, view, item.token, problem) for item in stage.items()],
        messages=[] if case.status != "open" else _messages(stage, view, problem),
        waits=_waits(stage),
        variables=variables,
        timeline=view.timeline,
        progress=view.progress,
        decided=stage.decided,
        called=called,
        here=view.here,
        done=view.finished_elements,
        drawings=view.drawings,
        others=_others(stage),
        problem=problem,
    )


def _seen_from(case: CaseFile) -> str:
    """Whose official sees the whole case: the county's, or the level's above at which it is."""
    level = access.level_of(case.village_code)
    return level if LEVELS.index(level) < LEVELS.index("county") else "county"


def _task(stage: Stage, view: views.CaseView, token: str, problem: Problem | None) -> Task:
    item = next(one for one in stage.items() if one.token == token)
    element, form = view.definition.elements[item.element_id], view.definition.form(item.form_key)
    mine = problem if problem is not None and problem.act.token == token else None
    typed = mine.act.data if mine else {}
    values = stage.sample(form, view.instance.variables_at(token), typed, lambda key: [])
    fields = form.render(values, mine.fields if mine else None)
    files = [
        one.label for one in _flat(fields) if one.kind == "filepicker" and one.required and not one.hidden
    ]
    choice = _choice(view, element, fields)
    return Task(
        token,
        element.id,
        item.name,
        item.queue,
        item.due_at,
        element.instructions,
        _without_files(fields),
        files,
        str(choice.component["key"]) if choice else "",
        choice.options if choice else {},
    )


def _choice(view: views.CaseView, element: Element, fields: Sequence[Field]) -> Field | None:
    """The field that decides how the case goes on: the form's outcome,
    else the first choice that the diagram reads.
    """
    read = view.definition.reads.get(element.variable or "", frozenset())
    choices = [
        one
        for one in _flat(fields)
        if one.kind in ("radio", "select") and not one.hidden and not one.readonly
    ]
    asked = [one for one in choices if read is None or one.component["key"] in read]
    return next(
        (one for one in asked if one.component["key"] in OUTCOME_KEYS), asked[0] if len(asked) == 1 else None
    )


def _flat(fields: Sequence[Field]) -> list[Field]:
    """The fields of one level, groups only being a frame."""
    return [inner for one in fields for inner in (_flat(one.children) if one.kind == "group" else [one])]


def _without_files(fields: Sequence[Field]) -> list[Field]:
    kept = [one for one in fields if one.kind != "filepicker"]
    for one in kept:
        if one.kind == "group":
            one.children = _without_files(one.children)
    return kept


def _messages(stage: Stage, view: views.CaseView, problem: Problem | None) -> list[Message]:
    """What can be reported: as on a case's page, and what waits without a form."""
    found = []
    labels = {one.name: one.label for one in view.expected}
    for name in sorted(view.waits_for | labels.keys()):
        form = view.definition.message_form(name)
        mine = (
            problem
            if problem is not None and (problem.act.kind, problem.act.element) == ("message", name)
            else None
        )
        values = (
            stage.sample(form, view.variables, mine.act.data if mine else {}, lambda key: []) if form else {}
        )
        fields = form.render(values, mine.fields if mine else None) if form else []
        caught = next((e.name for e in view.definition.elements.values() if e.message == name), name)
        found.append(Message(name, labels.get(name, f"发出“{caught}”"), _without_files(fields)))
    return found


def _waits(stage: Stage) -> list[Wait]:
    cases = select(CaseFile.id).where(CaseFile.subject_id == stage.case.subject_id)
    query = (
        select(Timer)
        .where(Timer.status == "waiting", Timer.case_id.in_(cases))
        .order_by(Timer.due_at, Timer.id)
    )
    rows = stage.session.scalars(query.limit(50))
    return [Wait(row.name, row.due_at, row.kind, row.case_id == stage.case.id) for row in rows]


def _others(stage: Stage) -> list[tuple[str, str]]:
    query = select(CaseFile).where(CaseFile.subject_id == stage.case.subject_id, CaseFile.id != stage.case.id)
    named = joinedload(CaseFile.version).joinedload(ProcedureVersion.procedure)
    words = {"open": "正在办理", "finished": "已办结", "cancelled": "已撤回"}
    found = stage.session.scalars(query.options(named).order_by(CaseFile.id))
    return [(one.version.procedure.name, words.get(one.status, one.status)) for one in found]
