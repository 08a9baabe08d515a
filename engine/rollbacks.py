"""Rollback and clearance: what their execution changes in the register, and what a household's standing is meanwhile.

The procedures are drawn (``bpmn/rollback.bpmn``, ``bpmn/clearance.bpmn``). Neither ever deletes (R29): a household
changes its status, and what it was before stays in the case's history.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import locks, notifications, runtime
from engine.clock import CHINA, local_date, written
from engine.errors import Conflict, Invalid
from engine.households import STATUS_NAMES
from engine.models import BatchEntry, Household, Measure, Telling
from engine.services import ServiceCall, service

_KEPT = ("status", "eliminated_on", "elimination_manner", "labour_exception", "cleared_on")


def _household(call: ServiceCall, *allowed: str) -> Household:
    """The case's household, locked; raises Conflict unless its status is one of `allowed`."""
    household = locks.household(call.session, call.case.household_id)
    if household.status not in allowed:
        raise Conflict(f"{household.head_name}户现在的状态是“{STATUS_NAMES[household.status]}”，不能执行这项变更。")
    return household


def _was(household: Household) -> dict[str, Any]:
    values = {key: getattr(household, key) for key in _KEPT}
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in values.items()}


def _restore(call: ServiceCall, result: Any) -> None:
    """The execution was taken back: the household is again what it was.

    Raises Conflict when another case of the household has already ended by it.
    """
    if result.get("told"):
        raise Conflict("该户正在办理的帮扶已经随清退结束，不能再撤回或退回到这一步之前。")
    household = call.session.get_one(Household, call.case.household_id)
    for key in _KEPT:
        value = result["was"].get(key, "")
        setattr(household, key, date.fromisoformat(value) if value and key.endswith("_on") else value)
    query = select(Measure).where(Measure.id.in_([int(key) for key in result.get("stopped", {})]))
    for measure in call.session.scalars(query):
        measure.status = result["stopped"][str(measure.id)]


def _require_consent(consent_number: str | None) -> str:
    """R28: whatever the diagram says, the register changes only on the national bureau's consent."""
    if not (consent_number or "").strip():
        raise Invalid("没有国家局同意的文号，不能变更农户状态。")
    return str(consent_number).strip()


@service("household.roll_back", undo=_restore)
def roll_back(call: ServiceCall, executed_on: str, consent_number: str | None = None) -> dict[str, Any]:
    """The mark is cancelled: the household is monitored again; the mark's date stays in the history (R28)."""
    number = _require_consent(consent_number)
    household = _household(call, "eliminated")
    was = _was(household)
    household.status, household.eliminated_on = "monitored", None
    household.elimination_manner, household.labour_exception, household.updated_at = "", "", call.now
    result = f"回退：取消风险消除标注，恢复为监测对象（国家局同意文号：{number}，执行日期：{written(date.fromisoformat(executed_on))}）"
    _tell_queues(call, result)
    return {"was": was, "executed_on": executed_on, "result": result}


@service("household.clear", undo=_restore)
def clear(
    call: ServiceCall, executed_on: str, reason: str | None = None, consent_number: str | None = None
) -> dict[str, Any]:
    """The household leaves the register of the monitored; its record stays, with the reason (R29).

    Measures that still run stop with the execution, never before it. The household's other open cases hear of it by
    the message ``household_cleared``; their diagrams say what follows.
    """
    number = _require_consent(consent_number)
    household = _household(call, "monitored", "eliminated")
    was = _was(household)
    household.status, household.cleared_on, household.updated_at = "cleared", date.fromisoformat(executed_on), call.now
    query = select(Measure).where(Measure.household_id == household.id, Measure.status.in_(("planned", "under_way")))
    stopped = {}
    for measure in call.session.scalars(query):
        stopped[str(measure.id)], measure.status = measure.status, "stopped"
    result = f"清退：不再作为监测对象，档案保留（国家局同意文号：{number}，执行日期：{written(date.fromisoformat(executed_on))}）"
    _tell_queues(call, result)
    call.session.flush()
    told = runtime.tell_household(
        call.session, call.actor, household.id, "household_cleared", {"executed_on": executed_on}, call.now,
        besides=call.case.id,
    )  # fmt: skip
    return {
        "was": was, "executed_on": executed_on, "reason": reason or "", "stopped": stopped, "result": result, "told": told,
    }  # fmt: skip


def _tell_queues(call: ServiceCall, result: str) -> None:
    for queue in ("county", "township", "village"):
        notifications.send(call.session, call.case, queue, "result", f"{call.case.subject}户{result}", call.now)


def _untell(call: ServiceCall, result: Any) -> None:
    telling = call.session.get(Telling, result["id"])
    if telling is not None:
        call.session.delete(telling)


@service("household.record_telling", undo=_untell)
def record_telling(call: ServiceCall, result: str, form: str) -> dict[str, Any]:
    """The household was told `result`, on the day and in the manner that `form` says: kept in its life (R25, R29)."""
    data = call.submission(form)
    if data is None:
        raise Invalid("还没有登记告知的日期和方式。")
    fields = runtime.definition_of(call.session, call.case).form(form).review(data)
    words = {field.path: field.shown for field in fields}
    how = "，".join(part for part in (words["manner"], f"被告知人：{words['receiver']}") if part)
    day = date.fromisoformat(data["told_on"])
    telling = Telling(
        case_id=call.case.id, household_id=call.case.household_id, text=f"{result}。{how}"[:1000],
        at=call.now if day == local_date(call.now) else datetime.combine(day, time(12), CHINA),
    )  # fmt: skip
    call.session.add(telling)
    call.session.flush()
    return {"id": telling.id}


def pending(session: Session, household_id: int) -> str:
    """What the household's page says while its register is about to change, e.g. 回退审批中; '' when nothing is open.

    From the county's application until the execution the change awaits consent (R28); before that it is being handled.
    """
    case = runtime.open_of_group(session, household_id, "register")
    if case is None:
        return ""
    waiting = select(BatchEntry.id).where(BatchEntry.case_id == case.id, BatchEntry.result.in_(("waiting", "agreed")))
    applied = session.scalar(waiting.limit(1)) is not None
    return f"{case.version.procedure.name}{'审批中' if applied else '办理中'}"
