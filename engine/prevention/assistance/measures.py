"""Measures as they are carried out (R21): progress, reminders of what is late, lists.

They live on after their case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select, update
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from engine.casework import definitions
from engine.casework.acts import attachments
from engine.casework.kit import Kit
from engine.casework.models import Account, CaseFile, Timer
from engine.casework.organisation import access
from engine.casework.step.steps import Step
from engine.flow.forms import Form
from engine.flow.forms.schema import options, walk
from engine.flow.history import lines
from engine.flow.receivers import CHOICE, DAY, Need, Receiver
from engine.ground.clock import Clock, local_date, start_of_day
from engine.ground.database import write
from engine.ground.errors import Conflict, NotAllowed, NotFound
from engine.ground.paging import Page, page_of
from engine.ground.text import key
from engine.prevention.assistance import officials
from engine.prevention.models import (
    IS_ENDED,
    IS_UNFINISHED,
    PLAN_IN_FORCE,
    AssistancePlan,
    Household,
    Measure,
    MeasureProgress,
    ResponsibleOfficial,
)
from engine.prevention.register import observations
from engine.prevention.register.households import finding as households

PROCEDURE = "assistance"
PROGRESS_FORM = "measureForm"
"""The property of the procedure that names the form of a measure's progress (form 12)."""
UNFINISHED = ("planned", "under_way")
STATUS_NAMES = {"planned": "尚未开始", "under_way": "正在实施", "done": "已完成", "stopped": "已停止"}
REPORTERS = frozenset({"village_official", "township_reviewer"})
REMINDER = "reminder"


@dataclass(frozen=True)
class Assistance:
    """What is done for a household: its official,
    its plans (latest first) with their measures and progress.
    """

    official: ResponsibleOfficial | None
    plans: Sequence[AssistancePlan]
    unassisted: bool
    """只纳入不帮扶: the limit has passed and nothing was declared (T25)."""
    today: date

    @property
    def plan(self) -> AssistancePlan | None:
        """The plan in force."""
        return next((plan for plan in self.plans if plan.status in PLAN_IN_FORCE), None)

    @property
    def earlier(self) -> Sequence[AssistancePlan]:
        """The plans that it took the place of."""
        return [plan for plan in self.plans if plan.status not in PLAN_IN_FORCE]

    def passed_on(self, plan: AssistancePlan) -> list[str]:
        """What the plan listed and a later one goes on with: the contents of those measures."""
        listed = Counter(
            (str(row.get("risk") or ""), str(row.get("type") or ""), str(row.get("content") or ""))
            for row in plan.listed
        )
        own = Counter((measure.risk, measure.type, measure.content) for measure in plan.measures)
        return [content for _, _, content in (listed - own).elements()]

    def late(self, measure: Measure) -> bool:
        """Whether the measure should be finished and is not."""
        return is_late(measure, self.today)


def is_late(measure: Measure, today: date) -> bool:
    """Whether the measure should be finished by now and is not."""
    return measure.status in UNFINISHED and measure.ends_on < today


def of_household(session: Session, actor: Account, household_id: int, now: datetime) -> Assistance:
    """The household's assistance. Raises NotFound outside the actor's reach."""
    seen = select(Household.id).where(Household.id == household_id, households.visible(actor))
    if session.scalar(seen) is None:
        raise NotFound("没有找到这户人家。")
    query = select(AssistancePlan).where(
        AssistancePlan.household_id == household_id, AssistancePlan.status != "withdrawn"
    )
    loaded = query.options(selectinload(AssistancePlan.measures).selectinload(Measure.progress))
    plans = list(session.scalars(loaded.order_by(AssistancePlan.id.desc())))
    overdue = select(CaseFile.id).where(
        CaseFile.subject_id == household_id,
        CaseFile.procedure_key == PROCEDURE,
        CaseFile.status == "open",
        CaseFile.lamp_floor == "red",
    )
    cases = set(session.scalars(overdue))
    replaced = {plan.case_id for plan in plans if plan.status == "superseded" and plan.declared_on}
    declared = replaced | {plan.case_id for plan in plans if plan.status in ("declared", "accepted")}
    return Assistance(
        officials.in_office(session, household_id), plans, bool(cases - declared), local_date(now)
    )


# -- lists -----------------------------------------------------------------------------------------


def listing(
    session: Session, actor: Account, now: datetime, *, status: str = "", text: str = "", page: int = 1
) -> Page[Measure]:
    """Measures in the actor's reach, what is due first on top: the unfinished ones ('' or a status),
    or the ``late``.
    """
    found = households.headed_by(session, actor, text) if key(text) else households.ALL
    every = (
        select(Measure)
        .join(AssistancePlan, AssistancePlan.id == Measure.plan_id)
        .where(observations.counted(), _of_status(status, local_date(now)))
    )
    query = every.join(Household, Household.id == Measure.household_id).where(found.condition)
    here, by_day = access.within(Measure.village_code, access.scopes(actor)), _by_day(actor, found)
    newest_first = status in ("done", "stopped")
    order = Measure.ends_on.desc() if newest_first else Measure.ends_on
    shown = query.where(by_day).options(contains_eager(Measure.household).joinedload(Household.division))
    whose = every if found is households.ALL else query  # of whom they are is asked for those shown
    counted = whose.where(by_day if found.everywhere else here)
    return page_of(session, counted, shown.order_by(order, Measure.id), page, sought=found.sought)


def _by_day(actor: Account, found: households.Found) -> ColumnElement[bool]:
    """SQL: the measures of the reach, of a wide one met by the index of their days: by that of places they
    would all be sorted. Of few households they are found by these.
    """
    if found.everywhere or found is households.ALL:
        return access.met_within(Measure.village_code, actor)
    return access.within(Measure.village_code, access.scopes(actor))


def _of_status(status: str, today: date) -> ColumnElement[bool]:
    if status == "late":
        return and_(IS_UNFINISHED, Measure.ends_on < today)
    if status not in STATUS_NAMES:
        return IS_UNFINISHED
    return and_(IS_UNFINISHED if status in UNFINISHED else IS_ENDED, Measure.status == status)


def words(session: Session) -> dict[str, dict[str, str]]:
    """The words of risks and measure types as the plan's form in force has them:
    no code list lives in Python.
    """
    definition = definitions.load(session, definitions.current(session, PROCEDURE).id)
    found: dict[str, dict[str, str]] = {"risk": {}, "type": {}}
    for component in walk(list(definition.form_schema("assistance_plan")["components"])):
        if component.get("key") in found:
            found[str(component["key"])].update(options(component))
    return found


# -- progress --------------------------------------------------------------------------------------


def view(session: Session, actor: Account, measure_id: int) -> Measure:
    """A measure with household, plan and progress. Raises NotFound outside the actor's reach."""
    query: Select[Any] = select(Measure).where(
        Measure.id == measure_id, access.within(Measure.village_code, access.scopes(actor))
    )
    loaded = query.options(
        joinedload(Measure.plan),
        joinedload(Measure.household).joinedload(Household.division),
        selectinload(Measure.progress),
    )
    found: Measure | None = session.scalar(loaded.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("没有找到这项措施。")
    return found


def progress_form(session: Session) -> Form:
    """The form in force for a measure's progress."""
    return definitions.load(session, definitions.current(session, PROCEDURE).id).page_form(PROGRESS_FORM)


def may_report(actor: Account, measure: Measure) -> bool:
    """Whether the actor may report on the measure, and there is something left to report."""
    in_reach = access.reaches(actor, measure.village_code, REPORTERS)
    return in_reach and measure.plan.status in PLAN_IN_FORCE and measure.status in UNFINISHED


def require_reporter(actor: Account, measure: Measure) -> None:
    """Raise NotAllowed unless the actor reports on measures in the household's village."""
    if not access.reaches(actor, measure.village_code, REPORTERS):
        raise NotAllowed("措施进展由村级、乡级登记，您只能查看。")


def upload(
    session: Session, actor: Account, measure_id: int, field: str, filename: str, body: bytes, now: datetime
) -> int:
    """Keep a file for a measure's progress; answers its number."""
    measure = view(session, actor, measure_id)
    require_reporter(actor, measure)
    return attachments.store_for_case(session, actor, measure.plan.case_id, field, filename, body, now).id


def facts(measure: Measure) -> dict[str, Any]:
    """What the progress form compares its fields with: the measure as its plan has it."""
    recorded_on = local_date(measure.plan.recorded_at)
    starts_on = measure.starts_on or recorded_on
    return {
        "planned": {
            "known_on": min(starts_on, recorded_on).isoformat(),
            "starts_on": starts_on.isoformat(),
            "ends_on": measure.ends_on.isoformat(),
        }
    }


def report(
    session: Session, actor: Account, measure_id: int, raw: Mapping[str, Any], *, clock: Clock
) -> MeasureProgress:
    """登记进展: what became of a measure, from the raw data of the progress form; the case's history shows it.

    Raises NotFound, NotAllowed, Invalid, or Conflict when the measure is done or stopped.
    """
    now = clock.now()
    measure = view(session, actor, measure_id)
    require_reporter(actor, measure)
    case_id, form = measure.plan.case_id, progress_form(session)
    known = attachments.of_case(session, case_id) if form.takes_files else {}
    clean = form.validate(raw, today=local_date(now), attachments=known, context=facts(measure))
    with write(session):
        step = Step.on(session, case_id, actor, now)
        session.refresh(measure)
        if measure.plan.status not in PLAN_IN_FORCE:
            raise Conflict("这项措施所在的计划已由新计划代替，请在新计划中登记。")
        if measure.status not in UNFINISHED:
            raise Conflict(
                f"这项措施{STATUS_NAMES[measure.status]}，不能再登记进展；需要继续的，请调整帮扶计划。"
            )
        row = MeasureProgress(
            measure_id=measure.id,
            reported_on=date.fromisoformat(clean["reported_on"]),
            status=clean["status"],
            amount=Decimal(str(clean["amount"])) if clean.get("amount") is not None else None,
            effect=str(clean.get("effect") or clean.get("reason") or clean.get("remark") or ""),
            data=clean,
            recorded_by=actor.id,
            recorded_at=now,
            form_sha256=definitions.form_digest(session, PROCEDURE, PROGRESS_FORM),
        )
        measure.progress.append(row)
        measure.status = row.status
        if row.status not in UNFINISHED:
            measure.done_on = row.reported_on if row.status == "done" else None
            cancel_reminder(session, measure)
        step.log(
            lines.Measured(measure=measure.id, name=measure.content[:60], outcome=STATUS_NAMES[row.status])
        )
    return row


# -- reminders -------------------------------------------------------------------------------------


def _token(measure: Measure) -> str:
    return f"measure-{measure.id}"


def set_reminder(session: Session, measure: Measure, case_id: int, village_code: str) -> None:
    """Remind village and township at 00:00 after the measure's last day,
    unless it is finished by then (R21).
    """
    if measure.status not in UNFINISHED:
        return
    due = start_of_day(measure.ends_on + timedelta(days=1))
    session.add(
        Timer(
            case_id=case_id,
            token=_token(measure),
            element_id=REMINDER,
            name=measure.content[:60],
            kind=REMINDER,
            village_code=village_code,
            due_at=due,
        )
    )


def cancel_reminder(session: Session, measure: Measure) -> None:
    """The measure needs no reminder any more; whichever of the household's cases holds it."""
    session.flush()
    cases = select(CaseFile.id).where(CaseFile.subject_id == measure.household_id)
    waiting = update(Timer).where(
        Timer.case_id.in_(cases),
        Timer.status == "waiting",
        Timer.kind == REMINDER,
        Timer.token == _token(measure),
    )
    session.execute(waiting.values(status="cancelled"))


def stop_all(session: Session, household_id: int) -> dict[str, str]:
    """Stop what is still to be done for a household, and its reminders; answers how each measure stood,
    by number.
    """
    session.flush()
    query = select(Measure).where(Measure.household_id == household_id, Measure.status.in_(UNFINISHED))
    stood = {}
    for measure in session.scalars(query.order_by(Measure.id)):
        stood[str(measure.id)], measure.status = measure.status, "stopped"
        cancel_reminder(session, measure)
    return stood


def resume(session: Session, stood: Mapping[str, str]) -> None:
    """Undo of `stop_all`: the measures go on as they stood, and are recalled again."""
    query = (
        select(Measure).where(Measure.id.in_([int(key) for key in stood])).options(joinedload(Measure.plan))
    )
    for measure in session.scalars(query.order_by(Measure.id)):
        measure.status = stood[str(measure.id)]
        set_reminder(session, measure, measure.plan.case_id, measure.village_code)


def remind(step: Step, row: Timer) -> None:
    """A measure is late: its case's history says so, village and township hear of it."""
    row.status, row.fired_at = "fired", step.now
    step.log(lines.Reminded(name=row.name, due=row.due_at), row.element_id)
    last = local_date(row.due_at) - timedelta(days=1)
    text = f"{step.case.subject}户：帮扶措施“{row.name}”应于{last.month}月{last.day}日前完成，请抓紧落实并登记进展。"
    for queue in ("township", "village"):
        step.notify(queue, REMINDER, text)


KIT = Kit(
    lines={
        lines.Measured: lambda line, name, people: f"登记措施“{name}”的进展：{line.outcome}",
        lines.Reminded: lambda line, name, people: f"措施“{name}”到期没有完成",
    },
    outliving=(REMINDER,),
    due={REMINDER: remind},
    receivers=(
        Receiver(
            "page",
            PROGRESS_FORM,
            {"reported_on": Need(DAY), "status": Need(CHOICE, among=frozenset(STATUS_NAMES))},
            words="措施进展表单",
        ),
    ),
)
