"""Rollback and clearance: what their execution changes in the register,
and what a household's standing is meanwhile.

The procedures are drawn (``bpmn/rollback.bpmn``, ``bpmn/clearance.bpmn``). Neither ever deletes (R29): a
household changes its status, and what it was before stays in the case's history.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.kit import Kit, Result
from engine.casework.kit.services import ServiceCall
from engine.casework.organisation import bodies
from engine.casework.telling import notifications
from engine.flow.receivers import CHOICE, DAY, TEXT, Need, Receiver
from engine.flow.services import Service
from engine.flow.vocabulary import LegalLimit
from engine.ground.clock import CHINA, local_date, written
from engine.ground.errors import Invalid
from engine.prevention.assistance import measures
from engine.prevention.models import BatchEntry, Telling
from engine.prevention.standing import changes
from engine.prevention.transfers import offers


def _consented(call: ServiceCall, executed_on: str, consent_number: str | None) -> str:
    """By whose consent and when, in words; R28: whatever the diagram says, the register changes only on the
    national body's consent.
    """
    number = (consent_number or "").strip()
    day = date.fromisoformat(executed_on)
    above = bodies.national(call.session, call.case.village_code, day)
    if not number:
        raise Invalid(f"没有{above}同意的文号，不能变更农户状态。")
    return f"{above}同意文号：{number}，执行日期：{written(day)}"


def roll_back(call: ServiceCall, executed_on: str, consent_number: str | None = None) -> dict[str, Any]:
    """The mark is cancelled: the household is monitored again; the mark's date stays in the history (R28)."""
    consent = _consented(call, executed_on, consent_number)
    household = changes.require(call, "eliminated")
    result = f"回退：取消风险消除标注，恢复为监测对象（{consent}）"
    _tell_queues(call, result)
    changed = changes.change(
        call,
        household,
        "rolled_back",
        executed_on,
        status="monitored",
        eliminated_on=None,
        elimination_manner="",
        labour_exception="",
    )
    return {**changed, "executed_on": executed_on, "result": result}


def _take_back_clearance(call: ServiceCall, result: Any) -> None:
    changes.restore(call, result)
    measures.resume(call.session, result.get("stopped", {}))


def clear(
    call: ServiceCall, executed_on: str, reason: str | None = None, consent_number: str | None = None
) -> dict[str, Any]:
    """The household leaves the register of the monitored; its record stays, with the reason (R29).

    Measures that still run stop with the execution, never before it, and are recalled no more.
    """
    consent = _consented(call, executed_on, consent_number)
    household = changes.require(call, "monitored", "eliminated")
    stopped = measures.stop_all(call.session, household.id)
    result = f"清退：不再作为监测对象，档案保留（{consent}）"
    _tell_queues(call, result)
    changed = changes.change(
        call, household, "cleared", executed_on, status="cleared", cleared_on=date.fromisoformat(executed_on)
    )
    offers.void(call.session, call.actor, household.id, "这户已清退。", call.now)
    return {
        **changed,
        "executed_on": executed_on,
        "reason": reason or "",
        "stopped": stopped,
        "result": result,
    }


def _tell_queues(call: ServiceCall, result: str) -> None:
    queues = ("county", "township", "village")
    notifications.send_each(
        call.session, call.case, queues, "result", f"{call.case.subject}户{result}", call.now
    )


def _untell(call: ServiceCall, result: Any) -> None:
    telling = call.session.get(Telling, result["id"])
    if telling is not None:
        call.session.delete(telling)


def record_telling(call: ServiceCall, result: str, form: str) -> dict[str, Any]:
    """The household was told `result`, on the day and in the manner that `form` says: kept in its life (R25,
    R29).
    """
    data = call.submission(form)
    if data is None:
        raise Invalid("还没有登记告知的日期和方式。")
    fields = acts.definition_of(call.session, call.case).form(form).review(data)
    words = {field.path: field.shown for field in fields}
    how = "，".join(part for part in (words["manner"], f"被告知人：{words['receiver']}") if part)
    day = date.fromisoformat(data["told_on"])
    telling = Telling(
        case_id=call.case.id,
        household_id=call.case.subject_id,
        text=f"{result}。{how}"[:1000],
        at=call.now if day == local_date(call.now) else datetime.combine(day, time(12), CHINA),
    )
    call.session.add(telling)
    call.session.flush()
    return {"id": telling.id}


def pending(session: Session, household_id: int) -> str:
    """What the household's page says while its register is about to change, e.g. 回退审批中;
    '' when nothing is open.

    From the county's application until the execution the change awaits consent (R28); before that it is being
    handled.
    """
    case = acts.open_of_group(session, household_id, "register")
    if case is None:
        return ""
    waiting = select(BatchEntry.id).where(
        BatchEntry.case_id == case.id, BatchEntry.result.in_(("waiting", "agreed"))
    )
    applied = session.scalar(waiting.limit(1)) is not None
    return f"{case.version.procedure.name}{'审批中' if applied else '办理中'}"


CARD = "回退和清退"
"""Where the statistics show both."""
KIT = Kit(
    results=(
        Result(
            "rolled_back",
            "household.roll_back",
            "回退",
            "户次",
            "期内取消风险消除标注（回退）的户次，按执行之日计。",
            card=CARD,
        ),
        Result(
            "cleared",
            "household.clear",
            "清退",
            "户次",
            "期内移出监测名册（清退）的户次，按执行之日计。",
            card=CARD,
        ),
    ),
    law=(LegalLimit("R29", "clearance", "no_answer", "清退前农户有不少于 5 天答复", at_least=5),),
    services=(
        Service(
            "household.roll_back",
            "取消风险消除标注",
            "恢复为监测对象；没有同意文号的拒绝",
            roll_back,
            {"executed_on": "执行日期", "consent_number": "同意文号"},
            undo=changes.restore,
            decides=True,
        ),
        Service(
            "household.clear",
            "移出名册",
            "档案保留；没有同意文号的拒绝",
            clear,
            {"executed_on": "执行日期", "reason": "理由", "consent_number": "同意文号"},
            undo=_take_back_clearance,
            decides=True,
        ),
        Service(
            "household.record_telling",
            "登记已告知农户",
            "按表上的日期、方式、被告知人",
            record_telling,
            {"result": "结果", "form": "取哪张表"},
            undo=_untell,
        ),
    ),
    receivers=(
        Receiver("message", "household_answer", {"answered_on": Need(DAY)}),
        Receiver(
            "service",
            "household.record_telling",
            {"told_on": Need(DAY), "manner": Need(CHOICE | TEXT), "receiver": Need(TEXT, required=False)},
        ),
    ),
)
