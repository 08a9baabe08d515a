"""Assistance plans and their declaration (R19, R22): what the diagrams' services record of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from engine import locks, measures, notifications
from engine.clock import local_date
from engine.errors import Conflict, Invalid
from engine.models import PLAN_IN_FORCE, AssistancePlan, Household, Measure, Submission
from engine.services import ServiceCall, service

FORM = "assistance_plan"


def in_force(session: Session, household_id: int) -> AssistancePlan | None:
    """The household's plan in force with its measures, or None."""
    query = select(AssistancePlan).where(
        AssistancePlan.household_id == household_id, AssistancePlan.status.in_(PLAN_IN_FORCE)
    )
    newest = query.order_by(AssistancePlan.id.desc()).limit(1).options(selectinload(AssistancePlan.measures))
    return session.scalar(newest.execution_options(populate_existing=True))


@service("assistance.present_plan")
def present_plan(call: ServiceCall) -> dict[str, Any]:
    """What the plan in force still has to do, as rows of form ``assistance_plan``."""
    call.session.flush()
    plan = in_force(call.session, call.case.household_id)
    unfinished = [m for m in plan.measures if m.status in measures.UNFINISHED] if plan else []
    return {"rows": [_row(measure) for measure in unfinished]}


def _row(measure: Measure) -> dict[str, Any]:
    return {
        "risk": measure.risk, "type": measure.type, "content": measure.content, "unit": measure.unit,
        "amount": float(measure.amount) if measure.amount is not None else None,
        "starts_on": measure.starts_on.isoformat() if measure.starts_on else None,
        "ends_on": measure.ends_on.isoformat(),
    }  # fmt: skip


def _unrecord(call: ServiceCall, result: Any) -> None:
    """The step is taken back: the former plan is in force again; progress reported meanwhile stays with its measures."""
    session = call.session
    session.flush()
    plan = session.get_one(AssistancePlan, result["plan"])
    plan.status = "withdrawn"
    for measure in plan.measures:
        measures.cancel_reminder(session, measure, plan.case_id)
    former = session.get(AssistancePlan, result["former"]) if result["former"] is not None else None
    if former is None:
        return
    former.status = result["was"]
    for measure_id, status in result["stopped"]:
        measure = session.get_one(Measure, measure_id)
        measure.status = status
        measures.set_reminder(session, measure, former.case_id, call.case.village_code)


@service("assistance.record_plan", undo=_unrecord)
def record_plan(call: ServiceCall, findings: list[str] | None = None, pass_reason: str | None = None) -> dict[str, Any]:
    """Put the plan that was last filled in into force; it takes the place of the former one.

    A measure of the former plan that the new one names again goes on where it stood; the others end. `findings` and
    `pass_reason` are the review's. Raises Invalid when a recorded risk has neither measure nor reason (R22).
    """
    session = call.session
    session.flush()
    household = locks.household(session, call.case.household_id)
    sent = _last_plan(call)
    data: Mapping[str, Any] = sent.data
    rows: list[dict[str, Any]] = data["measures"]
    untreated = [risk for risk in household.risks if risk not in {row.get("risk") for row in rows}]
    reason = str(data.get("untreated_reason") or "")
    if untreated and not reason:
        raise Invalid("有风险没有对应的措施，也没有写明理由，请退回村级补充。")
    former = in_force(session, household.id)
    before, went = _supersede(session, former) if former else ({"former": None, "was": "", "stopped": []}, {})
    plan = AssistancePlan(
        household_id=household.id, case_id=call.case.id, made_on=local_date(sent.submitted_at),
        goal=str(data.get("goal") or ""), untreated=untreated, untreated_reason=reason if untreated else "",
        findings=[text for text in findings or [] if text], pass_reason=pass_reason or "",
        recorded_by=sent.submitted_by, recorded_at=call.now,
    )  # fmt: skip
    session.add(plan)
    plan.measures = [_measure(household, row, went) for row in rows]
    session.flush()
    for measure in plan.measures:
        measures.set_reminder(session, measure, plan.case_id, household.village_code)
    return {"plan": plan.id, "measures": len(plan.measures), **before}


Key = tuple[str, str, str]
"""What tells a measure from another: risk, type and content."""


def _supersede(session: Session, former: AssistancePlan) -> tuple[dict[str, Any], dict[Key, str]]:
    """End the former plan and what it has not finished; answers how it was, and how each of its measures stood."""
    unfinished = [measure for measure in former.measures if measure.status in measures.UNFINISHED]
    before = {"former": former.id, "was": former.status, "stopped": [[m.id, m.status] for m in unfinished]}
    went = {(m.risk, m.type, m.content): m.status for m in unfinished}
    former.status = "superseded"
    for measure in unfinished:
        measure.status = "stopped"
        measures.cancel_reminder(session, measure, former.case_id)
    return before, went


def _last_plan(call: ServiceCall) -> Submission:
    query = select(Submission).where(Submission.case_id == call.case.id, Submission.form_key == FORM)
    found = call.session.scalar(query.order_by(Submission.id.desc()).limit(1))
    if found is None:
        raise Invalid("还没有制定帮扶计划。")
    return found


def _measure(household: Household, row: Mapping[str, Any], went: Mapping[Key, str]) -> Measure:
    risk, kind, content = (str(row.get(key) or "") for key in ("risk", "type", "content"))
    return Measure(
        household_id=household.id, village_code=household.village_code, risk=risk, type=kind, content=content,
        amount=Decimal(str(row["amount"])) if row.get("amount") is not None else None, unit=str(row.get("unit") or ""),
        starts_on=date.fromisoformat(row["starts_on"]) if row.get("starts_on") else None,
        ends_on=date.fromisoformat(row["ends_on"]), status=went.get((risk, kind, content), "planned"),
    )  # fmt: skip


def _undeclare(call: ServiceCall, result: Any) -> None:
    plan = call.session.get_one(AssistancePlan, result["plan"])
    plan.declaration_number = result["number"]
    plan.declared_on = date.fromisoformat(result["on"]) if result["on"] else None
    if plan.status in PLAN_IN_FORCE:
        plan.status = result["was"]


@service("assistance.declare", undo=_undeclare)
def declare(call: ServiceCall, declaration_number: str, declared_on: str) -> dict[str, Any]:
    """The plan's measures were declared to the departments (R19). Raises Conflict without a plan in force."""
    plan = _plan_of(call)
    before = {
        "plan": plan.id, "was": plan.status, "number": plan.declaration_number,
        "on": plan.declared_on.isoformat() if plan.declared_on else None,
    }  # fmt: skip
    plan.status, plan.declaration_number = "declared", declaration_number[:60]
    plan.declared_on = date.fromisoformat(declared_on)
    return before


def _unsettle(call: ServiceCall, result: Any) -> None:
    plan = call.session.get_one(AssistancePlan, result["plan"])
    if plan.status in PLAN_IN_FORCE:
        plan.status = result["was"]


@service("assistance.settle", undo=_unsettle)
def settle(call: ServiceCall, outcome: str, reason: str | None = None) -> dict[str, Any]:
    """The departments accepted the declared measures, or refused them: then village and township hear why (R19)."""
    plan = _plan_of(call)
    before = {"plan": plan.id, "was": plan.status}
    plan.status = "accepted" if outcome == "accepted" else "made"
    if outcome != "accepted":
        for queue in ("township", "village"):
            text = f"{call.case.subject}户申报的帮扶措施不予受理：{reason or '未写明理由'}"
            notifications.send(call.session, call.case, queue, "result", text, call.now)
    return before


def _plan_of(call: ServiceCall) -> AssistancePlan:
    call.session.flush()
    plan = in_force(call.session, call.case.household_id)
    if plan is None:
        raise Conflict("这户没有生效的帮扶计划。")
    return plan
