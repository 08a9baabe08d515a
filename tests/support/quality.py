"""Households as the examples of the rules have them, put into the tables as they are; and their day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from engine.casework.models import CaseFile, Submission
from engine.casework.organisation import access
from engine.ground import idnumber
from engine.prevention.models import (
    AssistancePlan,
    Household,
    HouseholdYear,
    Measure,
    MeasureProgress,
    Member,
    MemberChange,
    Observation,
    ResponsibleOfficial,
    RiskClue,
    Screening,
)
from engine.prevention.quality.rules.parameters import DEFAULTS
from engine.prevention.quality.rules.rule import Example, Moment
from engine.prevention.register.households.checked import INCOME

DAY = date(2022, 6, 15)
NOW = datetime(2022, 6, 15, 2, tzinfo=UTC)
MOMENT = Moment(DAY, DEFAULTS)
VILLAGE = "411723100200"
_SERIAL = count(1)
_HOUSEHOLD = {
    "head_name": "王大山",
    "household_type": "ordinary",
    "status": "monitored",
    "category": "marginal",
    "monitored_on": "2021-10-01",
    "national_number": "4117231000",
    "risks": ["illness"],
}
_MEMBERS: tuple[dict[str, Any], ...] = (
    {
        "name": "王大山",
        "relation": "head",
        "sex": "male",
        "birth_date": "1980-03-05",
        "labour": "ordinary",
        "health": "healthy",
        "education": "junior",
        "work_place": "苏州",
        "work_months": 8,
        "medical_insurance": "yes",
    },
    {
        "name": "李秀英",
        "relation": "spouse",
        "sex": "female",
        "birth_date": "1982-06-07",
        "labour": "weak",
        "health": "chronic",
        "education": "primary",
        "medical_insurance": "yes",
    },
    {
        "name": "王小明",
        "relation": "son",
        "sex": "male",
        "birth_date": "2012-02-03",
        "labour": "none",
        "health": "healthy",
        "schooling": "primary",
        "medical_insurance": "yes",
    },
)
_NEW = {
    "sex": "male",
    "relation": "other",
    "birth_date": "1990-01-02",
    "labour": "none",
    "health": "healthy",
    "education": "junior",
    "medical_insurance": "yes",
}
_YEAR = {
    "wage": 12000,
    "business": 5000,
    "property": 0,
    "pension": 0,
    "allowance_income": 0,
    "subsidy": 800,
    "other_transfer": 0,
    "business_cost": 2000,
    "medical": 9000,
    "education": 500,
    "disaster": 0,
    "other_rigid": 0,
    "education_ok": "yes",
    "medical_ok": "yes",
    "housing_ok": "yes",
    "water_ok": "yes",
}
_INCOME = (*INCOME, "business_cost")
_SPENDING = ("medical", "education", "disaster", "other_rigid")
_ASSURANCES = ("education_ok", "medical_ok", "housing_ok", "water_ok")
_MEASURES = ({"type": "health", "risk": "illness"}, {"type": "employment", "risk": "general"})


def number(birth_date: str, sex: str) -> str:
    """An ID number that nobody has."""
    serial = next(_SERIAL)
    first = (
        f"{411700 + serial // 499:06d}{birth_date.replace('-', '')}{serial % 499 * 2 + (sex == 'male'):03d}"
    )
    return first + idnumber.check_digit(first)


def put(session: Session, example: Example, village: str = VILLAGE) -> Household:
    """The household of an example, and the one beside it."""
    household = _put(session, village, example)
    if example.beside is not None:
        _put(session, village, example.beside, household)
    session.flush()
    return household


def _put(session: Session, village: str, example: Example, near: Household | None = None) -> Household:
    serial = next(_SERIAL)
    values = {**_HOUSEHOLD, "phone": f"137{serial:08d}", **example.household}
    for name in ("monitored_on", "eliminated_on"):
        values[name] = _day(values.get(name))
    household = Household(
        number=f"Q{serial:09d}",
        division_id=1,
        village_code=village,
        updated_at=NOW,
        **values,
    )
    session.add(household)
    session.flush()
    _members(session, household, example, near)
    _years(session, household, example)
    _measures(session, household, example)
    rows = {"seen": {"observed_on": "2021-09-15", "per_capita": 5266}, "official": {}} | dict(example.more)
    for name, row in rows.items():
        session.add(_ROWS[name](household, row))
    session.flush()
    return household


def _members(session: Session, household: Household, example: Example, near: Household | None) -> None:
    rows: list[dict[str, Any] | None] = [dict(row) for row in _MEMBERS]
    for position, tweak in example.members.items():
        if position < len(rows):
            rows[position] = None if tweak is None else {**_MEMBERS[position], **tweak}
        elif tweak is not None:
            rows.append({**_NEW, **tweak})
    for position, row in enumerate(rows):
        if row is not None:
            session.add(_member(session, household, position, row, near))


def _member(
    session: Session, household: Household, position: int, row: dict[str, Any], near: Household | None
) -> Member:
    made = {name: row.pop(name, None) for name in ("wrong_check", "suffix", "same_as")}
    kind = row.pop("id_type", "id_card")
    birth_date = row.pop("birth_date")
    own = number(birth_date, row["sex"]) + (made["suffix"] or "")
    id_number = row.pop("id_number", own)
    if made["wrong_check"]:
        id_number = own[:17] + ("1" if own[17] != "1" else "2")
    if made["same_as"]:
        twin = select(Member.id_number).where(Member.household_id == near.id if near else False)
        id_number = session.scalars(twin.order_by(Member.position)).all()[made["same_as"][1]]
    return Member(
        household_id=household.id,
        position=position,
        id_type=kind,
        id_number=id_number,
        person=None if made["same_as"] or not id_number else id_number[:18],
        birth_date=_day(row.pop("registered_birth", birth_date)),
        sex=row.pop("registered_sex", row.pop("sex")),
        name=row.pop("name", "王某"),
        relation=row.pop("relation"),
        facts={name: value for name, value in row.items() if value is not None and name != "sex"},
    )


def _years(session: Session, household: Household, example: Example) -> None:
    session.flush()
    people = select(Member.id).where(Member.household_id == household.id)
    size = len(session.scalars(people).all()) or 1
    if any(position > 2 for position in example.members):
        size = 3  # who has come since is not counted yet
    for values in ({"year": DAY.year, **example.year}, *example.years):
        session.add(_year(household, {**_YEAR, **values}, size))


def _year(household: Household, row: Mapping[str, Any], size: int) -> HouseholdYear:
    income = {name: row[name] for name in _INCOME if row[name] is not None}
    net = sum(income.get(name, 0) for name in INCOME) - income.get("business_cost", 0)
    net = row.get("net_income", net)
    at = row.get("recorded_at")
    return HouseholdYear(
        household_id=household.id,
        year=row["year"],
        income=income,
        spending={name: row[name] for name in _SPENDING if row[name] is not None},
        assurances={name: row[name] for name in _ASSURANCES if row[name] is not None},
        net_income=net,
        per_capita=row.get("per_capita", round(net / size, 2)),
        recorded_at=datetime.fromisoformat(at) if at else NOW,
    )


def _measures(session: Session, household: Household, example: Example) -> None:
    rows = _MEASURES if example.measures is None else example.measures
    plan = AssistancePlan(
        household_id=household.id, case_id=1, made_on=DAY, status="accepted", recorded_at=NOW
    )
    session.add(plan)
    session.flush()
    for row in rows:
        reported = row.get("reported_on", "2022-05-01")
        measure = Measure(
            plan_id=plan.id,
            household_id=household.id,
            village_code=household.village_code,
            type=row["type"],
            risk=row.get("risk", "general"),
            content=row.get("content", ""),
            starts_on=_day(row.get("starts_on", "2021-10-10")),
            ends_on=_day(row.get("ends_on", "2022-12-31")),
            status=row.get("status", "under_way"),
        )
        session.add(measure)
        session.flush()
        if reported:
            session.add(
                MeasureProgress(
                    measure_id=measure.id, reported_on=_day(reported), status="under_way", recorded_at=NOW
                )
            )


def _seen(household: Household, row: Mapping[str, Any]) -> Observation:
    return Observation(
        household_id=household.id,
        observed_on=_day(row["observed_on"]),
        net_income=row["per_capita"] * 3,
        per_capita=row["per_capita"],
        line_amount=7000,
        source="verification",
        recorded_at=NOW,
    )


def _official(household: Household, row: Mapping[str, Any]) -> ResponsibleOfficial:
    return ResponsibleOfficial(
        household_id=household.id,
        county_code=access.ancestor(household.village_code, "county"),
        village_code=household.village_code,
        name="张干部",
        unit="县农业农村局",
        phone="13800000000",
        since=date(2021, 10, 5),
        until=_day(row.get("until")),
        recorded_at=NOW,
    )


def _change(household: Household, row: Mapping[str, Any]) -> MemberChange:
    return MemberChange(
        household_id=household.id,
        act="a",
        kind=row["kind"],
        member_key="k",
        name="王老根",
        happened_on=date(2022, 3, 30),
        recorded_at=datetime.fromisoformat(row["recorded_at"]),
    )


def _clue(household: Household, row: Mapping[str, Any]) -> RiskClue:
    return RiskClue(
        household_id=household.id,
        village_code=household.village_code,
        channel="department_warning",
        finder="医保局",
        discovered_on=_day(row["discovered_on"]),
        entered_at=NOW,
    )


def _form(household: Household, row: Mapping[str, Any]) -> Submission:
    case = CaseFile(
        procedure_key="identification",
        version_id=1,
        subject_id=household.id,
        village_code=household.village_code,
        subject="王大山户",
        started_at=NOW,
    )
    session = object_session(household)
    assert session is not None
    session.add(case)
    session.flush()
    return Submission(
        case_id=case.id,
        form_key="verification",
        form_sha256="",
        element_id="verify",
        data=dict(row),
        submitted_at=NOW,
    )


def _screening(household: Household, row: Mapping[str, Any]) -> Screening:
    return Screening(
        campaign_id=1,
        household_id=household.id,
        village_code=household.village_code,
        uuid=str(uuid4()),
        result="done",
        visited_on=date(2022, 5, 10),
        source="page",
        collected_by="刘网格",
        entered_by=1,
        entered_at=NOW,
        **row,
    )


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None


_ROWS: dict[str, Any] = {
    "form": _form,
    "seen": _seen,
    "official": _official,
    "change": _change,
    "clue": _clue,
    "screening": _screening,
}
