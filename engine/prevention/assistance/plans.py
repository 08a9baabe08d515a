"""Assistance plans and their declaration (R19, R22): what the diagrams' services record of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Submission
from engine.casework.telling import notifications
from engine.flow.receivers import ROWS, Need, Receiver
from engine.flow.services import Service
from engine.flow.vocabulary import LegalLimit
from engine.ground.clock import local_date
from engine.ground.errors import Conflict, Invalid
from engine.prevention.assistance import measures
from engine.prevention.models import PLAN_IN_FORCE, AssistancePlan, Household, Measure
from engine.prevention.register.households import finding as households

FORM = "assistance_plan"


def in_force(session: Session, household_id: int) -> AssistancePlan | None:
    """The household's plan in force with its measures, or None."""
    query = select(AssistancePlan).where(
        AssistancePlan.household_id == household_id, AssistancePlan.status.in_(PLAN_IN_FORCE)
    )
    newest = query.order_by(AssistancePlan.id.desc()).limit(1).options(selectinload(AssistancePlan.measures))
    return session.scalar(newest.execution_options(populate_existing=True))


def present_plan(call: ServiceCall) -> dict[str, Any]:
    """What the plan in force still has to do: as rows of form ``assistance_plan``,
    and by the measures' numbers.
    """
    call.session.flush()
    plan = in_force(call.session, call.case.subject_id)
    unfinished = [m for m in plan.measures if m.status in measures.UNFINISHED] if plan else []
    return {
        "rows": [_row(measure) for measure in unfinished],
        "measures": [measure.id for measure in unfinished],
    }


def _row(measure: Measure) -> dict[str, Any]:
    return {
        "risk": measure.risk,
        "type": measure.type,
        "content": measure.content,
        "unit": measure.unit,
        "amount": float(measure.amount) if measure.amount is not None else None,
        "starts_on": measure.starts_on.isoformat() if measure.starts_on else None,
        "ends_on": measure.ends_on.isoformat(),
    }


def _unrecord(call: ServiceCall, result: Any) -> None:
    """The step is taken back: the former plan is in force again;
    progress reported meanwhile stays with its measures.

    Unless another case's plan has replaced this one meanwhile: then that one stays in force.
    """
    session = call.session
    session.flush()
    plan = session.get_one(AssistancePlan, result["plan"])
    replaced, plan.status = plan.status == "superseded", "withdrawn"
    if replaced:
        return
    former = session.get(AssistancePlan, result["former"]) if result["former"] is not None else None
    for kept in result.get("kept", []):
        _give_back(session, kept, result["former"], call.case.village_code)
    session.expire(plan, ["measures"])
    for measure in plan.measures:
        measures.cancel_reminder(session, measure)
    if former is None:
        return
    if former.status == "superseded":  # not when it has been withdrawn itself
        former.status = result["was"]
    for measure_id, status in result["stopped"]:
        measure = session.get_one(Measure, measure_id)
        measure.status = status
        measures.set_reminder(session, measure, former.case_id, call.case.village_code)


def _give_back(session: Session, kept: Mapping[str, Any], former: int, village_code: str) -> None:
    """A measure that had gone over to the new plan belongs to the former one again, as that had it."""
    measure = session.get_one(Measure, kept["measure"])
    measure.plan_id = former
    _change(session, measure, {**kept["was"], **_days(kept["was"])}, village_code)


def _days(values: Mapping[str, Any]) -> dict[str, date | None]:
    return {key: date.fromisoformat(values[key]) if values[key] else None for key in ("starts_on", "ends_on")}


def record_plan(
    call: ServiceCall,
    findings: list[str] | None = None,
    pass_reason: str | None = None,
    seen: list[int] | None = None,
) -> dict[str, Any]:
    """Put the plan that was last filled in into force; it takes the place of the former one.

    A measure of the former plan that the new one names again goes on as it is: its row, with its progress and
    what was paid, goes over to the new plan. So does one that whoever made the plan could not see, because
    another case's plan came into force meanwhile: `seen` are the measures that they saw (None: all). The
    others end. `findings` and `pass_reason` are the review's. Raises Invalid when a recorded risk has neither
    measure nor reason (R22).
    """
    session = call.session
    session.flush()
    household = households.locked(session, call.case.subject_id)
    sent = _last_plan(call)
    data: Mapping[str, Any] = sent.data
    rows: list[dict[str, Any]] = data["measures"]
    untreated = [risk for risk in household.risks if risk not in {row.get("risk") for row in rows}]
    reason = str(data.get("untreated_reason") or "")
    if untreated and not reason:
        raise Invalid("有风险没有对应的措施，也没有写明理由，请退回村级补充。")
    former = in_force(session, household.id)
    plan = AssistancePlan(
        household_id=household.id,
        case_id=call.case.id,
        made_on=local_date(sent.submitted_at),
        goal=str(data.get("goal") or ""),
        listed=rows,
        untreated=untreated,
        untreated_reason=reason if untreated else "",
        findings=[text for text in findings or [] if text],
        pass_reason=pass_reason or "",
        recorded_by=sent.submitted_by,
        recorded_at=call.now,
    )
    session.add(plan)
    session.flush()
    before: dict[str, Any] = {"former": None, "was": "", "stopped": [], "kept": []}
    if former is not None:
        before = _supersede(session, former, plan, rows, seen)
    goes_on = {kept["row"] for kept in before["kept"]}
    added = [_measure(household, row) for number, row in enumerate(rows) if number not in goes_on]
    for measure in added:
        measure.plan_id = plan.id
    session.add_all(added)
    session.flush()
    session.expire(plan, ["measures"])
    for measure in added:
        measures.set_reminder(session, measure, plan.case_id, household.village_code)
    return {"plan": plan.id, "measures": len(plan.measures), **before}


Key = tuple[str, str, str]
"""What tells a measure from another: risk, type and content."""


def _key(row: Mapping[str, Any]) -> Key:
    return str(row.get("risk") or ""), str(row.get("type") or ""), str(row.get("content") or "")


def _supersede(
    session: Session,
    former: AssistancePlan,
    plan: AssistancePlan,
    rows: Sequence[Mapping[str, Any]],
    seen: Sequence[int] | None,
) -> dict[str, Any]:
    """End the former plan; answers how it was, which of its measures stopped,
    and which the new plan goes on with.
    """
    named: dict[Key, list[int]] = {}
    for number, row in enumerate(rows):
        named.setdefault(_key(row), []).append(number)
    stopped: list[list[Any]] = []
    kept: list[dict[str, Any]] = []
    for measure in [measure for measure in former.measures if measure.status in measures.UNFINISHED]:
        again = named.get((measure.risk, measure.type, measure.content))
        if again or (seen is not None and measure.id not in seen):
            place = again.pop(0) if again else None
            kept.append({"measure": measure.id, "row": place, "was": _stood(measure)})
            measure.plan_id = plan.id
            if place is not None:
                _change(session, measure, _asked(rows[place]), measure.village_code)
        else:
            stopped.append([measure.id, measure.status])
            measure.status = "stopped"
            measures.cancel_reminder(session, measure)
    before = {"former": former.id, "was": former.status, "stopped": stopped, "kept": kept}
    former.status = "superseded"
    session.flush()
    session.expire(former, ["measures"])
    return before


def _stood(measure: Measure) -> dict[str, Any]:
    """What a new plan may change of a measure that goes on, as JSON has it."""
    return {
        "amount": str(measure.amount) if measure.amount is not None else None,
        "unit": measure.unit,
        "starts_on": measure.starts_on.isoformat() if measure.starts_on else None,
        "ends_on": measure.ends_on.isoformat(),
    }


def _asked(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row of the plan's form asks of its measure: amount (yuan), unit, first and last day."""
    return {
        "amount": row.get("amount"),
        "unit": str(row.get("unit") or ""),
        "starts_on": date.fromisoformat(row["starts_on"]) if row.get("starts_on") else None,
        "ends_on": date.fromisoformat(row["ends_on"]),
    }


def _change(session: Session, measure: Measure, asked: Mapping[str, Any], village_code: str) -> None:
    """The measure goes on as `asked`; it is recalled anew only when its last day moves."""
    moved = measure.ends_on != asked["ends_on"]
    measure.amount = Decimal(str(asked["amount"])) if asked["amount"] is not None else None
    measure.unit, measure.starts_on, measure.ends_on = asked["unit"], asked["starts_on"], asked["ends_on"]
    session.flush()
    if moved:
        measures.cancel_reminder(session, measure)
        case_id = session.get_one(AssistancePlan, measure.plan_id).case_id
        measures.set_reminder(session, measure, case_id, village_code)


def _last_plan(call: ServiceCall) -> Submission:
    query = select(Submission).where(Submission.case_id == call.case.id, Submission.form_key == FORM)
    found = call.session.scalar(query.order_by(Submission.id.desc()).limit(1))
    if found is None:
        raise Invalid("还没有制定帮扶计划。")
    return found


def _measure(household: Household, row: Mapping[str, Any]) -> Measure:
    risk, kind, content = _key(row)
    asked = _asked(row)
    asked["amount"] = Decimal(str(asked["amount"])) if asked["amount"] is not None else None
    return Measure(
        household_id=household.id,
        village_code=household.village_code,
        risk=risk,
        type=kind,
        content=content,
        status="planned",
        **asked,
    )


def _undeclare(call: ServiceCall, result: Any) -> None:
    plan = call.session.get_one(AssistancePlan, result["plan"])
    plan.declaration_number = result["number"]
    plan.declared_on = date.fromisoformat(result["on"]) if result["on"] else None
    if plan.status in PLAN_IN_FORCE:
        plan.status = result["was"]


def declare(call: ServiceCall, declaration_number: str, declared_on: str) -> dict[str, Any]:
    """The measures of the case's own plan were declared to the departments (R19).
    Raises Conflict when it has none.

    A plan that another case's has replaced meanwhile keeps its number and date, but is not in force again.
    """
    plan = _plan_of(call)
    before = {
        "plan": plan.id,
        "was": plan.status,
        "number": plan.declaration_number,
        "on": plan.declared_on.isoformat() if plan.declared_on else None,
    }
    plan.declaration_number, plan.declared_on = declaration_number[:60], date.fromisoformat(declared_on)
    if plan.status in PLAN_IN_FORCE:
        plan.status = "declared"
    return before


def _unsettle(call: ServiceCall, result: Any) -> None:
    plan = call.session.get_one(AssistancePlan, result["plan"])
    if plan.status in PLAN_IN_FORCE:
        plan.status = result["was"]


def settle(call: ServiceCall, outcome: str, reason: str | None = None) -> dict[str, Any]:
    """The departments accepted the declared measures, or refused them:
    then village and township hear why (R19).
    """
    plan = _plan_of(call)
    before = {"plan": plan.id, "was": plan.status}
    if plan.status in PLAN_IN_FORCE:
        plan.status = "accepted" if outcome == "accepted" else "made"
    if outcome != "accepted":
        text = f"{call.case.subject}户申报的帮扶措施不予受理：{reason or '未写明理由'}"
        notifications.send_each(call.session, call.case, ("township", "village"), "result", text, call.now)
    return before


def _plan_of(call: ServiceCall) -> AssistancePlan:
    """The plan that this case made last, be it in force or replaced by another case's."""
    call.session.flush()
    own = select(AssistancePlan).where(
        AssistancePlan.case_id == call.case.id, AssistancePlan.status != "withdrawn"
    )
    plan = call.session.scalar(own.order_by(AssistancePlan.id.desc()).limit(1))
    if plan is None:
        raise Conflict("这件事项还没有制定帮扶计划。")
    return plan


KIT = Kit(
    law=(
        LegalLimit(
            "R19",
            "assistance",
            "limit_10",
            "帮扶计划和措施申报自批准起不超过 10 天",
            at_most=10,
            reads=frozenset({"approved_on", "opened_on"}),
        ),
    ),
    services=(
        Service(
            "assistance.present_plan",
            "读取现行帮扶计划",
            "现行计划还要做的措施",
            present_plan,
        ),
        Service(
            "assistance.record_plan",
            "帮扶计划生效",
            "代替原来的；有风险没有措施又没有理由的拒绝",
            record_plan,
            {"findings": "检查发现的问题", "pass_reason": "仍予通过的理由", "seen": "制定时看到的措施"},
            undo=_unrecord,
        ),
        Service(
            "assistance.declare",
            "登记措施申报",
            "申报编号和日期",
            declare,
            {"declaration_number": "申报编号", "declared_on": "申报日期"},
            undo=_undeclare,
        ),
        Service(
            "assistance.settle",
            "登记部门受理结果",
            "不予受理的通知村、乡",
            settle,
            {"outcome": "结论", "reason": "理由"},
            undo=_unsettle,
        ),
    ),
    receivers=(
        Receiver(
            "service",
            "assistance.record_plan",
            {"measures": Need(ROWS, required=False, columns=frozenset({"risk", "type", "content"}))},
            form=FORM,
        ),
    ),
)
