"""What was seen of a household over time, and its situation on a day:
what the decision tables judge by (R21–R26).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, selectinload

from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import MonitoringLine
from engine.flow.services import Service
from engine.ground.clock import local_date
from engine.ground.database.objects import Objects
from engine.ground.database.remembered import Remembered
from engine.ground.database.stored import add
from engine.ground.tables import table
from engine.prevention.models import (
    PLAN_IN_FORCE,
    AssistancePlan,
    Household,
    HouseholdYear,
    Measure,
    Observation,
    ResponsibleOfficial,
)
from engine.prevention.register.monitoring_lines import ruling

_YEAR = table(HouseholdYear)
_YEARS = Remembered(
    Objects(
        select(_YEAR).where(_YEAR.c.household_id == bindparam("household_id")).order_by(_YEAR.c.year.desc()),
        [HouseholdYear],
        own=True,
    ),
    HouseholdYear,
)
ASSURANCES = ("education_ok", "medical_ok", "housing_ok", "water_ok")


def record(
    session: Session,
    household: Household,
    data: Mapping[str, Any],
    source: str,
    now: datetime,
    *,
    case_id: int | None,
    actor_id: int | None,
) -> int | None:
    """Keep what a form of today says of income (yuan, last 12 months) and assurances; answers the
    observation's number, None when the form says nothing.
    """
    if data.get("per_capita") is None:
        return None
    today = local_date(now)
    line = ruling.in_force(session, household.village_code, today)
    return add(
        session,
        Observation,
        household_id=household.id,
        case_id=case_id,
        observed_on=today,
        source=source,
        recorded_by=actor_id,
        net_income=Decimal(str(data.get("net_income") or 0)),
        per_capita=Decimal(str(data["per_capita"])),
        line_amount=line.amount,
        line_id=line.id,
        assurances={key: data[key] for key in ASSURANCES if data.get(key)},
        recorded_at=now,
    )


def of_household(session: Session, household_id: int) -> Sequence[Observation]:
    """All observations of a household, earliest first."""
    query = select(Observation).where(Observation.household_id == household_id)
    return list(session.scalars(query.order_by(Observation.observed_on, Observation.id)))


def years_of(session: Session, household_id: int) -> list[HouseholdYear]:
    """What was recorded of a household's income and spending, the latest year first."""
    return _YEARS.all(session, household_id=household_id)


def months_between(first: date, last: date) -> int:
    """Full months from `first` to `last`; the last day of a month completes one that has no such day."""
    short = last.day < min(first.day, monthrange(last.year, last.month)[1])
    return (last.year - first.year) * 12 + last.month - first.month - short


def _judge_as_before(call: ServiceCall, result: Mapping[str, Any]) -> None:
    """The step was returned or withdrawn: the case is judged by what judged it before."""
    if "before" in result:  # a case of an earlier release answered without it
        ruling.judge_as_before(call.session, call.case.id, result["before"], call.now)


def situation(call: ServiceCall) -> dict[str, Any]:
    """The household as the register knows it today; the decision tables say what follows from it."""
    today = local_date(call.now)
    line = ruling.in_force(call.session, call.case.village_code, today)
    found = _seen(call.session, call.case.subject_id, today, line)
    return {**found, "before": ruling.rule(call.session, call.case.id, line, today, call.now)}


def line(call: ServiceCall, day: str | None = None) -> dict[str, Any]:
    """The reference line (yuan) in force for the household on a day, today when none is given (R01).

    What it says of its basis stands with the line itself (`ruling.ruled_by`): the history keeps
    what decisions read.
    """
    on = date.fromisoformat(day[:10]) if day else local_date(call.now)
    found = ruling.in_force(call.session, call.case.village_code, on)
    before = ruling.rule(call.session, call.case.id, found, on, call.now)
    own = found.year == on.year
    return {
        "year": found.year,
        "amount": found.amount,
        "on": on.isoformat(),
        "of_year": own,
        "before": before,
    }


def facts(session: Session, household_id: int, day: date) -> dict[str, Any]:
    """The situation of a household on a day: income history against the line, assurances, labour, risks,
    measures.

    ``above_since`` is the day of the first observation of the present unbroken run above the line of `day`
    (R23: the line of the year that decides), and ``since`` by assurance the day since which it has been
    observed not to be met. The last observation of a day is what was seen that day. Days are ISO, amounts
    yuan.
    """
    village = session.get_one(Household, household_id).village_code
    return _seen(session, household_id, day, ruling.in_force(session, village, day))


def _seen(session: Session, household_id: int, day: date, line: MonitoringLine) -> dict[str, Any]:
    session.flush()
    query = select(Household).where(Household.id == household_id).options(selectinload(Household.members))
    household = session.scalars(query).one()
    history = list({row.observed_on: row for row in of_household(session, household_id)}.values())
    last = history[-1] if history else None
    above = _above_since(history, line.amount)
    return {
        "day": day.isoformat(),
        "per_capita": float(last.per_capita) if last else None,
        "line": line.amount,
        "line_year": line.year,
        "line_document": line.document,
        "observed_on": last.observed_on.isoformat() if last else None,
        "above_since": above.isoformat() if above else None,
        "above_months": months_between(above, day) if above else 0,
        "monitored_since": household.monitored_on.isoformat() if household.monitored_on else None,
        "monitored_months": months_between(household.monitored_on, day) if household.monitored_on else 0,
        "size": len(household.members),
        "labours": [str(m.facts.get("labour") or "") for m in household.members],
        "since": {key: _unmet_since(history, key) for key in ASSURANCES},
        "risks": list(household.risks),
        "labour_exception": household.labour_exception,
        "official": _official(session, household_id),
        **_measures(session, household_id, day),
    }


def _above_since(history: Sequence[Observation], line: int) -> date | None:
    """R23: since when every observation has been above the `line`,
    the one of the year that decides (当年监测范围).
    """
    since = None
    for row in reversed(history):
        if row.per_capita <= line:
            break
        since = row.observed_on
    return since


def _unmet_since(history: Sequence[Observation], key: str) -> str | None:
    since = None
    for row in reversed(history):
        if row.assurances.get(key) != "no":
            break
        since = row.observed_on.isoformat()
    return since


def _official(session: Session, household_id: int) -> str:
    query = select(ResponsibleOfficial.name).where(
        ResponsibleOfficial.household_id == household_id, ResponsibleOfficial.until.is_(None)
    )
    return session.scalar(query) or ""


def counted() -> ColumnElement[bool]:
    """SQL over measures and their plans: those of the plan in force,
    and what was done under an earlier one.
    """
    done_before = and_(AssistancePlan.status == "superseded", Measure.status == "done")
    return or_(AssistancePlan.status.in_(PLAN_IN_FORCE), done_before)


def _measures(session: Session, household_id: int, day: date) -> dict[str, Any]:
    """The measures of the plans in force: their types, how many are done, under way and late (R21)."""
    query = (
        select(Measure)
        .join(AssistancePlan, AssistancePlan.id == Measure.plan_id)
        .where(Measure.household_id == household_id, Measure.status != "stopped", counted())
    )
    measures = list(session.scalars(query.order_by(Measure.id)))
    unfinished = [m for m in measures if m.status != "done"]
    return {
        "measure_types": list(dict.fromkeys(m.type for m in measures)),
        "measures": len(measures),
        "measure_risks": list(dict.fromkeys(m.risk for m in measures)),
        "pass_reason": _pass_reason(session, household_id),
        "measures_done": len(measures) - len(unfinished),
        "measures_late": sum(m.ends_on < day for m in unfinished),
        "plans": session.scalar(
            select(func.count()).select_from(AssistancePlan).where(*_plans(household_id))
        ),
    }


def _plans(household_id: int) -> tuple[ColumnElement[bool], ...]:
    return (AssistancePlan.household_id == household_id, AssistancePlan.status != "withdrawn")


def _pass_reason(session: Session, household_id: int) -> str:
    """Why the plan in force passed although it is 一兜了之 (T24)."""
    query = select(AssistancePlan.pass_reason).where(
        AssistancePlan.household_id == household_id, AssistancePlan.status.in_(PLAN_IN_FORCE)
    )
    return session.scalar(query.order_by(AssistancePlan.id.desc()).limit(1)) or ""


KIT = Kit(
    services=(
        Service(
            "household.situation",
            "读取农户现状",
            "农户在档案里的现状，供决策表和条件使用",
            situation,
            undo=_judge_as_before,
        ),
        Service(
            "household.line",
            "读取监测范围",
            "农户所在地某一天执行的监测范围，没有写日期就是当天",
            line,
            {"day": "哪一天"},
            undo=_judge_as_before,
        ),
    ),
)
