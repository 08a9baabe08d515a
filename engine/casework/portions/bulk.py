"""One act on many items (R11, R12, S15): a decision or a return, typed once, worked off in portions.

What an official saw and chose is written down first; each item is then its own step, with its own line of the
log, and may be refused for its own reason. A portion that is cut off is taken up again without doubling
anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from engine.casework import acts
from engine.casework.acts import attachments, prefill
from engine.casework.desk import views
from engine.casework.kit import Kit
from engine.casework.models import Account, BulkAct, BulkEntry, CaseFile, WorkItem
from engine.casework.organisation import access
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs.kinds import JobKind, Progress, by_person, of_counts
from engine.casework.portions.portion import Portions, work_off
from engine.casework.step import reading
from engine.flow.feel import compile_expression
from engine.flow.forms import Form, shown
from engine.flow.forms import schema as s
from engine.flow.machine import codec
from engine.ground import text as normal
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Invalid, ShouwangError, Unavailable
from engine.ground.paging import Page

MAX_ITEMS = 1000
PORTION = 10
TRIED_FIRST = 20
COLUMNS = 4
STOPPED = "已停下，没有办理，仍在待办里。"
_ACTS = Portions(
    BulkAct, BulkEntry, BulkEntry.act_id, ("pending", "done", "refused"), "没有找到这次批量办理。"
)
get = _ACTS.get
counts = _ACTS.counts
_WORDS = {"textfield", "textarea", "select", "radio", "datetime", "number"}


# -- what the official sees before deciding --------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """The items of a bulk act with what the system says of each."""

    items: Sequence[WorkItem]
    columns: Sequence[str]
    rows: Mapping[int, Sequence[str]]
    """By item: the words for each column."""
    facts: Mapping[str, Sequence[Any]]
    """The read-only values that occur among the items, by key."""

    @property
    def common(self) -> dict[str, Any]:
        """The read-only values that all items share."""
        return {key: values[0] for key, values in self.facts.items() if len(values) == 1}


def preview(session: Session, items: Sequence[WorkItem], form: Form, now: datetime) -> Preview:
    """What the form says of each item: its read-only words, and the values that blanks will take."""
    told = [c for c in form.inputs if _told(c)][:COLUMNS]
    seen: dict[str, dict[str, Any]] = {}
    rows: dict[int, list[str]] = {}
    for item, variables in variables_of(session, items):
        context = prefill.context(session, item.case, variables, form.reads, now)
        values = form.prefill(context)
        rows[item.id] = [shown(c, values.get(str(c["key"]))) for c in told]
        for key, value in form.settled({}, context).items():
            seen.setdefault(key, {})[repr(value)] = value
    facts = {key: list(values.values()) for key, values in seen.items()}
    return Preview(items, [s.label(c) for c in told], rows, facts)


def form_for(form: Form, found: Preview) -> Form:
    """The form as it is asked once for all items.

    Read-only fields stay with each item; a field is hidden only where it would be hidden for every item; what
    each case prefills may be left blank.
    """
    return Form({**form.schema, "components": [_asked_once(c, found) for c in form.components]})


def _asked_once(component: s.Component, found: Preview) -> s.Component:
    changed = dict(component)
    if s.fixed(component):  # conditions still read what all items share
        return {**changed, "conditional": {"hide": "=true"}}
    if component["type"] == "group":
        changed["components"] = [_asked_once(child, found) for child in s.children(component)]
    text = s.hide_text(component)
    several = {key: found.facts[key] for key in _names(text) if len(found.facts.get(key, ())) > 1}
    if several:
        lists = ", ".join(
            f"{key} in {json.dumps(values, ensure_ascii=False)}" for key, values in several.items()
        )
        changed["conditional"] = {"hide": f"=every {lists} satisfies {text}"}
        changed["validate"] = {**(component.get("validate") or {}), "required": False}
        changed["description"] = f"只用于需要填写的。{component.get('description') or ''}"
    if s.given(component, "prefill"):
        changed["validate"] = {**(component.get("validate") or {}), "required": False}
        changed["description"], changed["placeholder"] = "留空的，按各自的值（见名单）", "按各自的值"
    return changed


def _names(text: str | None) -> frozenset[str]:
    return frozenset(compile_expression(text).names()) if text else frozenset()


def _told(component: s.Component) -> bool:
    """What the system says of a case and people should see: prefilled, and not hidden for good."""
    return (
        bool(s.given(component, "prefill"))
        and s.hide_text(component) != "true"
        and component["type"] in _WORDS
    )


def variables_of(session: Session, items: Sequence[WorkItem]) -> list[tuple[WorkItem, Mapping[str, Any]]]:
    """Each item with its case's variables, read from the stored states in one query."""
    query = select(CaseFile.id, CaseFile.state).where(CaseFile.id.in_([item.case_id for item in items]))
    states = {row.id: row.state for row in session.execute(query)}
    found: list[tuple[WorkItem, Mapping[str, Any]]] = []
    for item in items:
        try:
            found.append((item, codec.variables(states[item.case_id])))
        except codec.StateFormatError:
            found.append((item, reading.instance_of(session, item.case).variables))
    return found


# -- the act ---------------------------------------------------------------------------------------


def decide(
    session: Session, actor: Account, item_ids: Sequence[int], raw: Mapping[str, Any], *, clock: Clock
) -> BulkAct:
    """Begin to finish the items with one decision, and work off the first of them.

    Raises Invalid, and does nothing, when what was typed suits none of the first items.
    """
    items = views.items_of_one_step(session, actor, _some(item_ids))
    _try(session, actor, items[:TRIED_FIRST], raw, clock.now())
    return _begin(session, actor, "complete", items, raw, clock)


def send_back(
    session: Session, actor: Account, item_ids: Sequence[int], reason: str, *, clock: Clock
) -> BulkAct:
    """Begin to return the items to the step before, with one reason, and work off the first of them."""
    if not reason.strip():
        raise Invalid("请写明退回的原因。", {"reason": ["请写明退回的原因。"]})
    items = views.items_of_one_step(session, actor, _some(item_ids))
    return _begin(session, actor, "return", items, {"reason": reason.strip()}, clock)


def _some(item_ids: Sequence[int]) -> list[int]:
    if not item_ids:
        raise Invalid("请先勾选要办理的事项。")
    if len(item_ids) > MAX_ITEMS:
        raise Invalid(f"一次最多办理 {MAX_ITEMS} 件，请缩小范围或分批办理。")
    return list(dict.fromkeys(item_ids))


def _try(
    session: Session, actor: Account, items: Sequence[WorkItem], raw: Mapping[str, Any], now: datetime
) -> None:
    """Whether what was typed can stand at all: a wrong date is said once, not a thousand times."""
    first: Invalid | None = None
    files = attachments.uploaded(session, actor, files_named(session, items[0], raw))
    for item, variables in variables_of(session, items):
        form = acts.definition_of(session, item.case).form(item.form_key)
        context = prefill.context(session, item.case, variables, form.reads, now)
        context["step"] = prefill.step(session, item.case_id, item.token, item.opened_at)
        try:
            form.validate(
                form.filled(raw, context), today=local_date(now), attachments=files, context=context
            )
            return
        except Invalid as error:
            first = first or error
    if first is not None:
        raise first


def files_named(session: Session, item: WorkItem, raw: Mapping[str, Any]) -> list[int]:
    """The attachments that what was typed names."""
    files = acts.definition_of(session, item.case).form(item.form_key).files_of(raw)
    found = (normal.whole(value) for values in files.values() for value in values)
    return [key for key in found if key is not None]


def _begin(
    session: Session,
    actor: Account,
    kind: str,
    items: Sequence[WorkItem],
    data: Mapping[str, Any],
    clock: Clock,
) -> BulkAct:
    for item in items:
        access.require_work(actor, item)
    with write(session):
        act = BulkAct(
            account_id=actor.id,
            kind=kind,
            procedure_key=items[0].procedure_key,
            element_id=items[0].element_id,
            name=items[0].name,
            data=dict(data),
            at=clock.now(),
            total=len(items),
        )
        _ACTS.write_down(session, act, [{"work_item_id": item.id, "text": ""} for item in items])
        jobs.defer(session, "bulk", act.id, actor, clock.now(), total=act.total)
    return go_on(session, actor, act.id, clock=clock)


def go_on(session: Session, actor: Account, act_id: int, *, clock: Clock) -> BulkAct:
    """Work off what one request may of one's own act."""
    act = get(session, actor, act_id)
    work_off(session, actor, lambda: _portion(session, actor, act, clock))
    return act


def stop(session: Session, actor: Account, act_id: int, clock: Clock) -> None:
    """Decide no further item; those left stay where they are."""
    act = get(session, actor, act_id)
    with write(session):
        left = update(BulkEntry).where(*_ACTS.within(act, "pending"))
        session.execute(left.values(status="refused", text=STOPPED))
        jobs.stopped(session, "bulk", act_id, clock.now())


def _advance(session: Session, actor: Account, act_id: int, clock: Clock) -> Progress:
    act = go_on(session, actor, act_id, clock=clock)
    return of_counts(counts(session, act), "pending")


def _portion(session: Session, actor: Account, act: BulkAct, clock: Clock) -> bool:
    """Work off a few items and note what became of them; answers whether to go on.

    What the surroundings stopped stays pending, for who goes on later.
    """
    ids = [entry.work_item_id for entry in session.scalars(_ACTS.next(act, "pending", PORTION))]
    if not ids:
        return False
    if act.kind == "return":
        outcomes = acts.return_many(session, actor, ids, str(act.data["reason"]), clock=clock)
    else:
        outcomes = acts.complete_many(session, actor, ids, act.data, act=f"bulk:{act.id}", clock=clock)
    told = [(item_id, outcome) for item_id, outcome in outcomes if not isinstance(outcome, Unavailable)]
    return _noted(session, act, told) and len(told) == len(outcomes)


def _noted(session: Session, act: BulkAct, outcomes: Sequence[acts.Outcome]) -> bool:
    """Note what became of the items; False when it could not be:
    whoever goes on gets the same answers again.
    """
    try:
        if outcomes:
            _note_all(session, act, outcomes)
    except Unavailable:
        return False
    return True


@whole
def _note_all(session: Session, act: BulkAct, outcomes: Sequence[acts.Outcome]) -> None:
    with write(session):
        for item_id, outcome in outcomes:
            _note(session, act, item_id, outcome)


def _note(session: Session, act: BulkAct, item_id: int, outcome: acts.StepResult | ShouwangError) -> None:
    """What became of an item. Two portions at once may meet on an item: done stays done."""
    mine = update(BulkEntry).where(BulkEntry.act_id == act.id, BulkEntry.work_item_id == item_id)
    if isinstance(outcome, acts.StepResult):
        session.execute(mine.values(status="done", text=outcome.summary[:500]))
        return
    fields = getattr(outcome, "fields", None) or {}
    text = " ".join([outcome.message, *(text for texts in fields.values() for text in texts)])
    session.execute(mine.where(BulkEntry.status == "pending").values(status="refused", text=text[:500]))


def entries(session: Session, act: BulkAct, status: str, page: int = 1, size: int = 50) -> Page[BulkEntry]:
    """The act's items with a status, in the order they were chosen."""
    return _ACTS.entries(session, act, status, page, joinedload(BulkEntry.item), size=size)


def item_ids(session: Session, act: BulkAct, status: str = "done") -> list[int]:
    """The items of the act with a status: what a list is printed for."""
    query = select(BulkEntry.work_item_id).where(*_ACTS.within(act, status))
    return list(session.scalars(query.order_by(BulkEntry.id)))


KIT = Kit(jobs={"bulk": JobKind("批量办理", by_person(_advance), stop)})
