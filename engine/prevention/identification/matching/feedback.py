"""Results return to the cases: each household's answers together, by the step's own message, a household a
transaction (R09). What came late reaches its case by another message, and stops nothing (T09).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from engine.casework import acts, kit
from engine.casework.kit import Kit
from engine.casework.models import Account
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs.kinds import JobKind, Progress, by_person
from engine.casework.portions.portion import work_off
from engine.casework.telling import notifications
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, ShouwangError, Unavailable
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.identification.matching import batches, requests, results
from engine.prevention.models import (
    MatchingBatch,
    MatchingEntry,
    MatchingFinding,
    MatchingRequest,
)

PORTION = 10
NOT_DRAWN = "流程图没有登记这一结果，请在待办里办理。"
_UNTOLD = exists().where(
    MatchingFinding.entry_id == MatchingEntry.id,
    MatchingFinding.standing == "current",
    MatchingFinding.result_id.is_(None),
)


def go_on(session: Session, actor: Account, batch_id: int, *, clock: Clock) -> int:
    """Let results return, as many as one request may; answers how many households are left.

    Raises Conflict while a department has neither answered nor been marked 无数据.
    """
    batch = batches.of_county(session, actor, batch_id)
    _require_settled(batch)
    work_off(session, actor, lambda: _portion(session, actor, batch, clock))
    return left(session, batch)


def begin(session: Session, actor: Account, batch_id: int, *, clock: Clock) -> None:
    """Let the results return by themselves. Raises as `go_on`."""
    batch = batches.of_county(session, actor, batch_id)
    _require_settled(batch)
    with write(session):
        if not jobs.is_open(session, "feedback", batch_id):
            jobs.defer(session, "feedback", batch_id, actor, clock.now(), total=left(session, batch))


def _advance(session: Session, actor: Account, batch_id: int, clock: Clock) -> Progress:
    open_ones = go_on(session, actor, batch_id, clock=clock)
    all_of_it = select(func.count()).select_from(MatchingEntry).where(MatchingEntry.batch_id == batch_id)
    total = session.scalar(all_of_it) or 0
    return Progress(total - open_ones, total, open_ones > 0)


def _stop(session: Session, actor: Account, batch_id: int, _clock: Clock) -> None:
    """Nothing to note: what has not returned waits, and is let return by whoever presses again."""
    batches.of_county(session, actor, batch_id)


def _require_settled(batch: MatchingBatch) -> None:
    if batch.asked_on is None:
        raise Conflict("这一批还没有送部门比对。")
    waiting = "、".join(DEPARTMENTS[one.department] for one in batch.requests if one.status == "waiting")
    if waiting:
        raise Conflict(f"{waiting}还没有反馈：收到后登记“反馈完毕”，到期没有反馈的标“无数据”。")


def left(session: Session, batch: MatchingBatch) -> int:
    """The households of the batch whose answers their cases have not heard of."""
    query = select(func.count()).select_from(MatchingEntry).where(*_open(batch))
    return session.scalar(query) or 0


def late(session: Session, batch: MatchingBatch) -> int:
    """Those of them that have had a result before."""
    mine = (MatchingEntry.batch_id == batch.id, MatchingEntry.status == "answered", _UNTOLD)
    return session.scalar(select(func.count()).select_from(MatchingEntry).where(*mine)) or 0


def _open(batch: MatchingBatch) -> tuple[Any, ...]:
    answered_late = (MatchingEntry.status == "answered") & _UNTOLD
    return MatchingEntry.batch_id == batch.id, (MatchingEntry.status == "waiting") | answered_late


def try_again(session: Session, actor: Account, batch_id: int) -> None:
    """The households whose results could not reach their cases wait again."""
    batch = batches.of_county(session, actor, batch_id)
    other = aliased(MatchingEntry)
    waits = exists().where(other.case_id == MatchingEntry.case_id, other.status == "waiting")
    with write(session):
        refused = update(MatchingEntry).where(
            MatchingEntry.batch_id == batch.id, MatchingEntry.status == "refused", ~waits
        )
        session.execute(refused.values(status="waiting", note=""))


# -- portions --------------------------------------------------------------------------------------


def _portion(session: Session, actor: Account, batch: MatchingBatch, clock: Clock) -> bool:
    """Some households; answers whether there are more. What the surroundings stopped waits."""
    query = select(MatchingEntry).where(*_open(batch)).order_by(MatchingEntry.id).limit(PORTION)
    found = list(session.scalars(query.options(joinedload(MatchingEntry.case))))
    answers = _answers(session, [one.id for one in found])
    asked = list(batch.requests)
    today = local_date(clock.now())
    for entry in found:
        said = composed(batch, asked, answers.get(entry.id, []), today)
        if entry.status == "answered":
            _deliver_late(session, actor, entry, said, clock)
        else:
            _deliver(session, actor, entry, said, clock)
    return len(found) == PORTION


def _answers(session: Session, ids: Sequence[int]) -> dict[int, list[MatchingFinding]]:
    query = select(MatchingFinding).where(
        MatchingFinding.entry_id.in_(ids), MatchingFinding.standing == "current"
    )
    found: dict[int, list[MatchingFinding]] = {}
    for one in session.scalars(query.order_by(MatchingFinding.id)):
        found.setdefault(one.entry_id, []).append(one)
    return found


def _deliver(
    session: Session, actor: Account, entry: MatchingEntry, said: Mapping[str, Any], clock: Clock
) -> None:
    """As if the official had filled in the step's form: the diagram registers it and goes on."""
    entry_id = entry.id
    try:
        acts.report_step(session, actor, entry.case_id, requests.MESSAGE, said, clock=clock)
        note = NOT_DRAWN
    except Unavailable:
        raise
    except ShouwangError as error:
        fields = getattr(error, "fields", None) or {}
        note = " ".join([error.message, *(one for words in fields.values() for one in words)])
    with write(session):  # what was registered is no longer waiting
        mine = update(MatchingEntry).where(MatchingEntry.id == entry_id, MatchingEntry.status == "waiting")
        session.execute(mine.values(status="refused", note=note[:500]))


def _deliver_late(
    session: Session, actor: Account, entry: MatchingEntry, said: Mapping[str, Any], clock: Clock
) -> None:
    """A case that hears of it registers it itself; of any other it is kept, and its desks are told (T09)."""
    entry_id = entry.id
    try:
        acts.send_message(session, actor, entry.case_id, results.LATE, said, clock=clock)
    except Unavailable:
        raise
    except ShouwangError:  # ended, or on a version that knows no late results
        pass
    _keep_late(session, actor, entry_id, said, clock)


@whole
def _keep_late(
    session: Session, actor: Account, entry_id: int, said: Mapping[str, Any], clock: Clock
) -> None:
    with write(session):
        query = select(MatchingEntry).where(MatchingEntry.id == entry_id, _UNTOLD).with_for_update()
        entry = session.scalar(query)
        if entry is None:  # the diagram has registered it
            return
        row = results.kept(session, entry.case, said, actor, clock.now())
        text = f"{kit.called(entry.case)}：迟到的比对结果：{results.sentence(row)}。请核对。"
        for queue in ("village", "township", "county"):
            notifications.send_about(session, entry.household, queue, "result", text, clock.now())


# -- what a household's answers come to ------------------------------------------------------------


def composed(
    batch: MatchingBatch,
    asked: Sequence[MatchingRequest],
    answers: Sequence[MatchingFinding],
    today: date,
) -> dict[str, Any]:
    """The step's form from the departments' answers.

    A hit makes it something to look into, never a refusal (R16, T09): people decide. Where no department had
    data the result is not there, with the reasons.
    """
    lacking = [_lacking(one, answers) for one in asked]
    no_data = [one for one in lacking if one is not None]
    hits = [_hit(one) for one in answers if one.outcome == "hit"]
    said: dict[str, Any] = {"batch": batch.number[:40], "matched_on": today.isoformat()}
    if hits:
        return {**said, "effect": "to_verify", "findings": hits, "no_data": no_data}
    if asked and len(no_data) == len(asked):
        reasons = "；".join(f"{one['source']}：{one['reason']}" for one in no_data)
        return {**said, "effect": "unavailable", "unavailable_reason": reasons[:1000]}
    return {**said, "effect": "none", "no_data": no_data}


def _lacking(request: MatchingRequest, answers: Sequence[MatchingFinding]) -> dict[str, str] | None:
    """What is missing of a department; None where it has said something of the household."""
    own = [one for one in answers if one.department == request.department]
    name = DEPARTMENTS[request.department]
    if request.status == "no_data" and not own:
        return {"source": name, "reason": request.reason}
    if own and all(one.outcome == "no_data" for one in own):
        return {"source": name, "reason": (own[0].detail or "部门答复没有数据")[:200]}
    return None


def _hit(one: MatchingFinding) -> dict[str, Any]:
    words = f"{one.item}：{one.detail}" if one.item else one.detail
    found: dict[str, Any] = {
        "member": one.member_name,
        "source": DEPARTMENTS[one.department],
        "finding": words[:200],
    }
    if one.amount is not None:
        found["amount"] = _number(one.amount)
    if one.as_of is not None:
        found["as_of"] = one.as_of.isoformat()
    return found


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == int(amount) else float(amount)


KIT = Kit(jobs={"feedback": JobKind("反馈比对结果", by_person(_advance), _stop)})
