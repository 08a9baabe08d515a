"""Contingency plans and their measures (R33): recorded, reported on, reminded of, shown when late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from engine.casework import definitions
from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account, Timer
from engine.casework.organisation import access
from engine.casework.step.steps import Step
from engine.flow.forms import Form
from engine.flow.history import lines
from engine.flow.receivers import CHOICE, DAY, ROWS, TEXT, Need, Receiver
from engine.flow.services import Service
from engine.ground.clock import Clock, local_date, start_of_day, written
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.text import whole as whole_number
from engine.prevention.hazards import hazards
from engine.prevention.models import Hazard, HazardMeasure, HazardPlan, HazardProgress

FORM = "hazard_plan"
PROGRESS_FORM = "hazardMeasureForm"
"""The property of the procedure that names the form of a measure's progress."""
UNFINISHED = ("planned", "under_way")
STATUS_NAMES = {"planned": "尚未开始", "under_way": "正在落实", "done": "已完成", "stopped": "已停止"}
REPORTS = frozenset({"township_reviewer", "county_approver"})
KIND = "hazard"
SOON, LATE = "soon", "late"


def of_hazard(session: Session, hazard_id: int) -> Sequence[HazardPlan]:
    """The plans of a hazard with their measures and progress, the earliest first."""
    query = select(HazardPlan).where(HazardPlan.hazard_id == hazard_id, HazardPlan.status == "made")
    loaded = query.options(selectinload(HazardPlan.measures).selectinload(HazardMeasure.progress))
    return list(session.scalars(loaded.order_by(HazardPlan.id).execution_options(populate_existing=True)))


def unfinished(session: Session, hazard_id: int) -> list[HazardMeasure]:
    """The measures that are still to be done, what is due first on top."""
    query = (
        select(HazardMeasure)
        .join(HazardPlan, HazardPlan.id == HazardMeasure.plan_id)
        .where(
            HazardMeasure.hazard_id == hazard_id,
            HazardMeasure.status.in_(UNFINISHED),
            HazardPlan.status == "made",
        )
    )
    return list(session.scalars(query.order_by(HazardMeasure.due_on, HazardMeasure.id)))


def is_late(measure: HazardMeasure, today: date) -> bool:
    """Whether the measure should be finished by now and is not."""
    return measure.status in UNFINISHED and measure.due_on < today


def late_counts(session: Session, hazard_ids: Sequence[int], today: date) -> dict[int, int]:
    """How many measures of each hazard are late."""
    query = (
        select(HazardMeasure.hazard_id, func.count())
        .join(HazardPlan, HazardPlan.id == HazardMeasure.plan_id)
        .where(
            HazardMeasure.hazard_id.in_(hazard_ids),
            HazardMeasure.status.in_(UNFINISHED),
            HazardMeasure.due_on < today,
            HazardPlan.status == "made",
        )
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(HazardMeasure.hazard_id))}


# -- what the diagram records ----------------------------------------------------------------------


def record_plan(call: ServiceCall) -> dict[str, Any]:
    """The plan that was last filled in, with its measures; earlier plans of the hazard stay in force."""
    data = call.submission(FORM)
    if data is None:
        raise Invalid("还没有制定工作预案。")
    hazard = hazards.held(call.session, call.case.subject_id)
    plan = HazardPlan(
        hazard_id=hazard.id,
        case_id=call.case.id,
        name=str(data["name"])[:120],
        made_on=date.fromisoformat(str(data["made_on"])),
        goal=str(data.get("goal") or "")[:1000],
        recorded_by=call.actor.id if call.actor else None,
        recorded_at=call.now,
    )
    call.session.add(plan)
    call.session.flush()
    ahead = whole_number(data.get("remind_days")) or 0
    rows = data.get("measures") or []
    for row in rows:
        measure = _measure(plan, row)
        call.session.add(measure)
        call.session.flush()
        _set_reminders(call.session, measure, call.case.id, hazard.village_code, ahead, call.now)
    call.session.expire(plan, ["measures"])
    return {"plan": plan.id, "measures": len(rows)}


_FITS = {"content": 500, "unit": 80, "person": 40, "phone": 20}
"""Characters that the table keeps of each; the case keeps the whole form."""


def _measure(plan: HazardPlan, row: Mapping[str, Any]) -> HazardMeasure:
    given = {name: str(row.get(name) or "")[:most] for name, most in _FITS.items()}
    return HazardMeasure(
        plan_id=plan.id,
        hazard_id=plan.hazard_id,
        due_on=date.fromisoformat(str(row["due_on"])),
        status="planned",
        **given,
    )


def _withdraw(call: ServiceCall, result: Any) -> None:
    """The step is taken back: the plan is withdrawn, what was reported on its measures stays with it."""
    plan = call.session.get_one(HazardPlan, result["plan"])
    plan.status = "withdrawn"
    for measure in plan.measures:
        _cancel_reminders(call.session, measure, plan.case_id)


# -- progress --------------------------------------------------------------------------------------


def view(session: Session, actor: Account, measure_id: int) -> HazardMeasure:
    """A measure with its plan and progress. Raises NotFound where its hazard does not concern the actor."""
    query = select(HazardMeasure).where(HazardMeasure.id == measure_id)
    loaded = query.options(joinedload(HazardMeasure.plan), selectinload(HazardMeasure.progress))
    found = session.scalar(loaded.execution_options(populate_existing=True))
    if found is None or found.plan.status != "made":
        raise NotFound("没有找到这项措施。")
    hazards.view(session, actor, found.hazard_id)
    return found


def progress_form(session: Session) -> Form:
    """The form in force for a measure's progress."""
    version = definitions.current(session, hazards.PROCEDURE)
    return definitions.load(session, version.id).page_form(PROGRESS_FORM)


def planned(measure: HazardMeasure) -> dict[str, Any]:
    """What the progress form compares its fields with."""
    made = measure.plan.made_on.isoformat()
    return {"planned": {"known_on": made, "starts_on": made, "ends_on": measure.due_on.isoformat()}}


def may_report(actor: Account, hazard: Hazard) -> bool:
    """Whether the actor reports on the hazard's measures: the county, and the townships where it reaches."""
    scopes = access.scopes(actor, REPORTS)
    areas = [access.scope_of(area.division_code) for area in hazard.areas]
    return any(one.holds(area.low) or area.holds(one.low) for one in scopes for area in areas)


@whole
def report(
    session: Session, actor: Account, measure_id: int, raw: Mapping[str, Any], *, clock: Clock
) -> HazardProgress:
    """登记进展, from the raw data of the progress form; the case's history shows it.

    Raises NotFound, NotAllowed, Invalid, or Conflict when the measure is done or stopped.
    """
    now = clock.now()
    measure = view(session, actor, measure_id)
    if not may_report(actor, hazards.view(session, actor, measure.hazard_id)):
        raise NotAllowed("措施进展由县级和所在乡镇登记，您只能查看。")
    clean = progress_form(session).validate(raw, today=local_date(now), context=planned(measure))
    with write(session):
        step = Step.on(session, measure.plan.case_id, actor, now)
        session.refresh(measure)
        if measure.status not in UNFINISHED:
            raise Conflict(f"这项措施{STATUS_NAMES[measure.status]}，不能再登记进展。")
        row = HazardProgress(
            measure_id=measure.id,
            reported_on=date.fromisoformat(str(clean["reported_on"])),
            status=clean["status"],
            note=str(clean.get("note") or "")[:500],
            recorded_by=actor.id,
            recorded_at=now,
        )
        measure.progress.append(row)
        measure.status, measure.note = row.status, row.note
        if row.status not in UNFINISHED:
            measure.done_on = row.reported_on if row.status == "done" else None
            _cancel_reminders(session, measure, measure.plan.case_id)
        step.log(
            lines.Measured(measure=measure.id, name=measure.content[:60], outcome=STATUS_NAMES[row.status])
        )
    return row


# -- reminders -------------------------------------------------------------------------------------


def _tokens(measure: HazardMeasure) -> list[str]:
    return [f"hazard-{measure.id}-{when}" for when in (SOON, LATE)]


def _set_reminders(
    session: Session, measure: HazardMeasure, case_id: int, county: str, ahead: int, now: datetime
) -> None:
    """Remind the county `ahead` days before the measure's last day, and at 00:00 after it."""
    soon, late = _tokens(measure)
    days = {late: start_of_day(measure.due_on + timedelta(days=1))}
    before = start_of_day(measure.due_on - timedelta(days=ahead))
    if ahead and before > now:
        days[soon] = before
    for token, due in days.items():
        session.add(
            Timer(
                case_id=case_id,
                token=token,
                procedure_key=hazards.PROCEDURE,
                element_id="hazard_measure",
                name=measure.content[:60],
                kind=KIND,
                village_code=county,
                due_at=due,
            )
        )


def _cancel_reminders(session: Session, measure: HazardMeasure, case_id: int) -> None:
    session.flush()
    waiting = update(Timer).where(
        Timer.case_id == case_id,
        Timer.status == "waiting",
        Timer.kind == KIND,
        Timer.token.in_(_tokens(measure)),
    )
    session.execute(waiting.values(status="cancelled"))


def remind(step: Step, row: Timer) -> None:
    """A measure is due soon, or late: the county hears of it; that it is late the history says too."""
    row.status, row.fired_at = "fired", step.now
    measure_id = whole_number(row.token.split("-")[1])
    measure = step.session.get(HazardMeasure, measure_id) if measure_id else None
    if measure is None or measure.status not in UNFINISHED:
        return
    late = row.token.endswith(LATE)
    if late:
        step.log(lines.Reminded(name=row.name, due=row.due_at), row.element_id)
    day = written(measure.due_on)
    told = f"应于{day}前完成，已经超期" if late else f"{day}到期"
    who = f"{measure.unit} {measure.person}"
    step.notify(
        "county", "reminder", f"{step.case.subject}：措施“{row.name}”（{who}）{told}，请督促落实并登记进展。"
    )


def stop_all(session: Session, hazard_id: int, case_id: int, reason: str) -> dict[str, list[str]]:
    """What is not done as the hazard is closed stops; answers how each stood, by number."""
    stood = {}
    for measure in unfinished(session, hazard_id):
        stood[str(measure.id)] = [measure.status, measure.note]
        measure.status, measure.note = "stopped", reason[:500]
        _cancel_reminders(session, measure, measure.plan.case_id)
    session.flush()
    return stood


def resume(
    session: Session, stood: Mapping[str, Sequence[str]], case_id: int, county: str, now: datetime
) -> None:
    """Undo of `stop_all`."""
    for number, (status, note) in stood.items():
        measure = session.get_one(HazardMeasure, int(number))
        measure.status, measure.note = status, note
        _set_reminders(session, measure, measure.plan.case_id, county, 0, now)


KIT = Kit(
    due={KIND: remind},
    services=(
        Service(
            "hazard.record_plan",
            "登记工作预案",
            "各项措施有责任人和完成日期，到期提醒",
            record_plan,
            undo=_withdraw,
        ),
    ),
    receivers=(
        Receiver(
            "service",
            "hazard.record_plan",
            {
                "name": Need(TEXT),
                "made_on": Need(DAY),
                "measures": Need(
                    ROWS, required=False, columns=frozenset({"content", "unit", "person", "due_on"})
                ),
            },
            form=FORM,
        ),
        Receiver(
            "page",
            PROGRESS_FORM,
            {"reported_on": Need(DAY), "status": Need(CHOICE, among=frozenset(STATUS_NAMES))},
            words="风险措施进展表单",
        ),
    ),
)
