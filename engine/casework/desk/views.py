"""What a page or an API answer shows of a task or a case: read-only, access-controlled,
a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload, undefer

from engine.casework import acts, audit, definitions, kit, lamps
from engine.casework.acts import Over, prefill
from engine.casework.acts.separation import Seen
from engine.casework.desk import foreseen, inbox
from engine.casework.desk.progress import Expected, Progress, progress_of
from engine.casework.desk.timeline import Event, event_of, people_of
from engine.casework.models import (
    Account,
    Attachment,
    CaseFile,
    Draft,
    LogEntry,
    ProcedureVersion,
    Submission,
    Timer,
    WorkItem,
)
from engine.casework.organisation import access
from engine.casework.papers.kinds import kinds
from engine.casework.step import past, provisional
from engine.casework.step.past import Past, Sent
from engine.casework.step.steps import Step
from engine.flow.diagram.element import Element
from engine.flow.feel import compile_expression, to_plain
from engine.flow.forms import Form
from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.flow.vocabulary import PaperKind
from engine.ground.database.objects import found_by
from engine.ground.errors import Invalid, NotFound

_VERSION = joinedload(CaseFile.version).joinedload(ProcedureVersion.procedure)
_CASE = contains_eager(WorkItem.case)
_WITH_CASE = (
    _CASE.undefer(CaseFile.state),
    _CASE.joinedload(CaseFile.version).joinedload(ProcedureVersion.procedure),
)


@dataclass(frozen=True)
class CaseView:
    """Everything a case page shows."""

    case: CaseFile
    definition: Definition
    items: Sequence[WorkItem]
    timers: Sequence[Timer]
    open_elements: Sequence[str]
    finished_elements: Sequence[str]
    progress: Sequence[Progress]
    timeline: Sequence[Event]
    submissions: Sequence[Submission]
    sent: Sequence[Sent]
    """The submissions with what they were sent with."""
    past: Past
    parts: Mapping[str, Sequence[Any]]
    """What the field keeps of the case, by the name that its kit has for it."""
    takes: frozenset[str]
    """The messages that the case takes now though its diagram may not wait for them at this moment."""
    attachments: Sequence[Attachment]
    instance: Instance
    variables: Mapping[str, Any]
    waits_for: frozenset[str]
    belated: Mapping[str, Over]
    """By message: the waits that are over, and whose reports are still entered (R10, R29)."""
    provisional: Mapping[str, datetime]
    """By element: the ends that are counted by weekends alone, for a year's days off are not published."""
    people: Mapping[int, str]
    related: Sequence[CaseFile]

    @property
    def files(self) -> dict[int, Attachment]:
        """The attachments by id."""
        return {attachment.id: attachment for attachment in self.attachments}

    @property
    def standing(self) -> list[Sent]:
        """The submissions that count."""
        return [one for one in self.sent if one.undoing is None]

    @property
    def void(self) -> list[Sent]:
        """The submissions that were taken back or sent back: they stay in the file, and count no more."""
        return [one for one in self.sent if one.undoing is not None]

    @property
    def here(self) -> list[str]:
        """The elements to mark in the picture: where tokens stand, and the calls that hold them."""
        return [*self.open_elements, *self.instance.active_calls()]

    @property
    def drawings(self) -> list[tuple[str, str]]:
        """Key and name of the drawings, the one where the case stands first."""
        names = self.definition.process_names()
        elements = self.definition.elements
        standing = {
            self.definition.drawing_of(elements[e].process_id) for e in self.open_elements if e in elements
        }
        keys = sorted(self.definition.diagrams(), key=lambda key: key not in standing)
        return [(key, names.get(key, key)) for key in keys]

    @property
    def expected(self) -> list[Expected]:
        """What people may report now."""
        taken = self.waits_for | self.takes | self.belated.keys()
        catching: dict[str, list[Element]] = {}
        for event in self.definition.elements.values():
            if event.message in taken and event.form_key and event.kind != "startEvent":
                catching.setdefault(event.message, []).append(event)
        return [self._expected(name, events) for name, events in catching.items()]

    def _expected(self, name: str, events: Sequence[Element]) -> Expected:
        """A message that several events catch is called by the one beside an open step, else by the first in
        the flow.
        """
        beside = [event for event in events if event.attached_to in self.open_elements]
        in_flow = [event for event in events if not event.attached_to]
        event = [*beside, *in_flow, *events][0]
        bare, over = event.name.removeprefix("收到"), self.belated.get(name)
        verb = "补登" if over is not None else "登记"
        return Expected(name, bare if bare.startswith(("登记", "补登")) else verb + bare, event, over)

    @property
    def limit_runs(self) -> bool:
        """Whether a limit of the case counts, kept or passed:
        something under it is being done or waited for.
        """
        return self.case.status == "open" and self.case.limit_at is not None


@dataclass(frozen=True)
class TaskView:
    """Everything a task page shows."""

    item: WorkItem
    element: Element
    form: Form
    values: Mapping[str, Any]
    attachments: Mapping[int, Attachment]
    draft: Draft | None
    """What the actor has typed so far and not sent."""
    matter: str
    """What is decided here, in the diagram's words; '' where the step decides nothing of a case."""
    subject: Mapping[str, Any]
    """Whom the case is about, as forms read it."""
    barred: str
    """Why the actor may not do this step of this case although it is the actor's queue (R12); '' else."""
    may_complete: bool
    may_withdraw: bool
    may_return: bool
    may_supervise: bool
    held_by: str
    closed_by: str
    colleagues: Sequence[Account]
    lamp: str
    context: Mapping[str, Any]
    paper: PaperKind | None
    case_view: CaseView = field(repr=False)


def case_view(session: Session, actor: Account, case_id: int) -> CaseView:
    """The case with all that belongs to it.

    Raises NotFound when the actor's grants do not reach its village.
    """
    query = (
        select(CaseFile)
        .where(CaseFile.id == case_id, access.visible_cases(actor))
        .options(undefer(CaseFile.state), _VERSION)
    )
    case = session.scalar(query)
    if case is None:
        raise NotFound("没有找到这件事项。")
    return _view(session, actor, case)


def _view(session: Session, actor: Account, case: CaseFile, item: WorkItem | None = None) -> CaseView:
    """A case that the actor may see; of an `item` only what the page of its step shows as well."""
    foreseen.case_page(session, actor, case, item)
    step = Step(session, case, actor, case.started_at)
    instance = step.instance
    entries = audit.history(session, case.id)
    items = found_by(WorkItem, "case_id").all(session, case_id=case.id)
    people = people_of(session, entries, items)
    open_elements = [task.element_id for task in instance.open_tasks()] + instance.waiting_elements()
    finished = instance.finished_elements()
    history = past.of_case(session, case, entries)
    submissions = found_by(Submission, "case_id").all(session, case_id=case.id)
    return CaseView(
        case=case,
        definition=step.definition,
        items=items,
        timers=found_by(Timer, "case_id", "due_at").all(session, case_id=case.id),
        open_elements=open_elements,
        finished_elements=finished,
        progress=progress_of(step.definition, open_elements, finished),
        timeline=[event_of(entry, history, people) for entry in entries if entry.kind != lines.Begun.KIND],
        submissions=submissions,
        sent=past.sent(session, history, submissions, items, entries),
        past=history,
        parts=_parts(session, case, at_step=item is not None),
        takes=frozenset() if item is not None else _takes(session, case),
        attachments=_attachments(session, case),
        instance=instance,
        variables=instance.variables,
        waits_for=instance.waits_for(),
        belated=_belated(step, entries),
        provisional=_provisional(session, case, instance),
        people=people,
        related=[] if item is not None else _related(session, case),
    )


def _attachments(session: Session, case: CaseFile) -> list[Attachment]:
    """Without what they hold."""
    query = select(Attachment).where(Attachment.case_id == case.id).order_by(Attachment.id)
    return list(session.scalars(query))


def _parts(session: Session, case: CaseFile, *, at_step: bool) -> dict[str, Sequence[Any]]:
    brought = kit.used()
    names = brought.step_parts if at_step else brought.case_parts
    return {name: brought.case_parts[name](session, case.id) for name in names}


def _takes(session: Session, case: CaseFile) -> frozenset[str]:
    deliveries = kit.used().deliveries
    return frozenset(name for name, one in deliveries.items() if one.taken(session, case.id))


def _provisional(session: Session, case: CaseFile, instance: Instance) -> dict[str, datetime]:
    waits = [*instance.timers(), *instance.passed()]
    limits = [(case.id, one.element_id, one.due_at) for one in waits if case.status == "open"]
    return {element_id: due for _, element_id, due in provisional.marked(session, limits)}


def _belated(step: Step, entries: Sequence[LogEntry]) -> dict[str, Over]:
    """The waits of the case that are over, and whose reports are still entered, by message."""
    asked = step.definition.reports.keys() - step.instance.waits_for()
    found = ((name, acts.over(step, name, entries)) for name in sorted(asked))
    return {name: over for name, over in found if over is not None}


def subject_of(session: Session, case: CaseFile) -> Any:
    """Whom the case is about."""
    return session.get_one(kit.subjects_of(case.subject_id).model, case.subject_id)


def task_view(session: Session, actor: Account, item_id: int, now: datetime) -> TaskView:
    """The task with its form, filled from draft, else the last submission of the same step,
    else the register.
    """
    item = session.scalar(
        select(WorkItem)
        .join(WorkItem.case)
        .where(WorkItem.id == item_id, access.visible_items(actor), access.visible_cases(actor))
        .options(*_WITH_CASE)
    )
    if item is None:
        raise NotFound("没有找到这件事项。")
    view = _view(session, actor, item.case, item)
    element, form = _step_of(session, view, item)
    variables, subject = (
        view.instance.variables_at(item.token),
        kit.subjects_of(item.case.subject_id).known_as,
    )
    context = prefill.context(session, view.case, variables, form.reads | prefill.whole(subject), now)
    context["step"] = prefill.step_of([one.opened_at for one in view.items if one.token == item.token])
    draft = session.scalar(select(Draft).where(Draft.work_item_id == item.id, Draft.account_id == actor.id))
    values = _values(form, context, draft, _same_step(view, item))
    may_work = access.may_work(actor, item)
    barred = _barred(session, actor, view, item, element) if may_work else ""
    hands_on = may_work or access.may_supervise(actor, item)
    return TaskView(
        item=item,
        element=element,
        form=form,
        values=values,
        attachments=view.files,
        draft=draft,
        matter=_matter(element, variables),
        subject=context[subject],
        barred=barred,
        may_complete=may_work
        and not barred
        and item.status == "open"
        and item.claimed_by in (None, actor.id),
        may_withdraw=acts.may_withdraw(item, actor),
        may_return=may_work and item.status == "open" and any(i.status == "done" for i in view.items),
        held_by=view.people.get(item.claimed_by or 0, ""),
        closed_by=view.people.get(item.closed_by or 0, ""),
        colleagues=inbox.colleagues(session, actor, item) if hands_on and item.status == "open" else [],
        may_supervise=item.status == "open" and access.may_supervise(actor, item),
        lamp=lamps.lamp(item.due_at, now),
        context=context,
        case_view=view,
        paper=kinds().get(element.paper),
    )


def _barred(session: Session, actor: Account, view: CaseView, item: WorkItem, element: Element) -> str:
    if item.status != "open":
        return ""
    own = [one for one in view.items if one.closed_by == actor.id and one.status == "done"]
    seen = Seen(own, view.past)
    return acts.obstacle(session, actor, view.case, view.definition, element, seen)


def _matter(element: Element, variables: Mapping[str, Any]) -> str:
    text = element.paper_words.get("matter")
    return str(to_plain(compile_expression(text).evaluate(variables)) or "") if text else ""


def _same_step(view: CaseView, item: WorkItem) -> list[Submission]:
    """What was entered in this item, else at this very step before 退回 or 撤回 brought it back.

    The step of another round (an upheld objection, a fresh meeting) is another one: it has another token, and
    what was entered there is no answer here. A move to another version keeps the tokens of steps that it
    recognises.
    """
    own = [s for s in view.submissions if s.work_item_id == item.id]
    if own:
        return own
    tokens = {one.id: view.past.present_token(one) for one in view.items}
    mine = tokens.get(item.id, item.token)
    return [s for s in view.submissions if s.work_item_id is not None and tokens.get(s.work_item_id) == mine]


def _step_of(session: Session, view: CaseView, item: WorkItem) -> tuple[Element, Form]:
    """The step and form of the item: of an open one the present version's,
    of a closed one those it was done with.
    """
    form = past.form_of_item(session, item)
    element = past.element_at(view.past, item)
    if element is None:
        raise NotFound("没有找到这一步。")
    return element, form


def _related(session: Session, case: CaseFile) -> list[CaseFile]:
    """The case whose step opened this one, and the cases that this one's steps opened."""
    opened = CaseFile.origin_id == case.id
    # `id = NULL` among the alternatives would make SQLite look at every case
    query = select(CaseFile).where(
        opened if case.origin_id is None else or_(opened, CaseFile.id == case.origin_id)
    )
    named = joinedload(CaseFile.version).joinedload(ProcedureVersion.procedure)
    return list(session.scalars(query.options(named).order_by(CaseFile.id)))


def _values(
    form: Form, context: Mapping[str, Any], draft: Draft | None, previous: Sequence[Submission]
) -> dict[str, Any]:
    """Draft over last submission over prefill; what the register says read-only always wins."""
    values = form.prefill(context)
    if previous:
        values.update(previous[-1].data)
    if draft is not None:
        values.update(draft.data)
    return form.settled(values, context)


def items_of_one_step(session: Session, actor: Account, item_ids: Sequence[int]) -> list[WorkItem]:
    """The visible items of `item_ids`, all of one step that the diagram lets be decided in bulk,
    in the given order.
    """
    items = visible_of_one_step(session, actor, item_ids)
    if not items:
        raise Invalid("请勾选同一步骤的事项。")
    return items


def visible_of_one_step(session: Session, actor: Account, item_ids: Sequence[int]) -> list[WorkItem]:
    """As `items_of_one_step`, where none may be visible: each is then refused by itself."""
    query = select(WorkItem).where(WorkItem.id.in_(item_ids), access.visible_items(actor))
    found = {item.id: item for item in session.scalars(query.options(joinedload(WorkItem.case)))}
    items = [found[item_id] for item_id in item_ids if item_id in found]
    if len({(item.procedure_key, item.element_id) for item in items}) > 1:
        raise Invalid("请勾选同一步骤的事项。")
    if items:
        element = definitions.load(session, items[0].case.version_id).elements[items[0].element_id]
        if not element.bulk:
            raise Invalid(f"“{element.name}”须逐件办理。")
    return items
