"""Households that were admitted long before the demo begins, and what is going on with them now.

What lies before the demo's weeks is written into the register; everything since goes through the real
runtime.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.acts import openings
from engine.casework.models import Account
from engine.casework.organisation import access
from engine.casework.time import timers
from engine.ground.clock import CHINA, MovableClock, local_date
from engine.ground.database import write
from engine.prevention.assistance import measures
from engine.prevention.demo.answers.assistance import DEPARTMENTS, PEOPLE
from engine.prevention.demo.driving import Course, Factory, Officials, at_work
from engine.prevention.demo.people import Family
from engine.prevention.models import Household, HouseholdYear, Measure, Observation, ResponsibleOfficial
from engine.prevention.register.monitoring_lines import ruling
from engine.prevention.register.observations import ASSURANCES

APPLICATION = "county_applies"
PACE = 5
"""Mean hours between two steps: the cases must get to where they are wanted."""
ADMITTED, MARKED = 365, 250
"""Days ago: admission of those who are monitored; the mark of those whose risk was eliminated before."""
MARKED_ADMITTED = 610
"""Days ago: admission of those whose risk was eliminated before."""
SEEN = (0, 110, 200, 290)
"""Days after admission on which the household's income was looked at: below the line first,
above it since (R23).
"""
PLANNED = (35, 40)
"""Days ago, from and to: the check of existing help that led to the present plan."""
NEARBY = 15
"""How many of the households, which come by village,
live where the role switcher's village official works.
"""


@dataclass(frozen=True)
class Act:
    """A procedure opened by hand some days ago, and where it is left waiting."""

    procedure: str
    days: int
    rests_at: str = ""
    """A step of this procedure or of one that it opens; empty when all goes as far as it can."""
    raw: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    applied: int = 0
    """Days ago on which the county applies upwards: cases of one day share a batch (R28)."""
    unfinished: bool = False
    """Whether a measure of the plan is still to be done."""


APPROVED: Mapping[str, Any] = {"outcome": "approve", "reason": ""}
READY = {
    "check": {"opinion": "eliminate", "opinion_reason": "", "housing_ok": "yes"},
    "approve": {**APPROVED, "manner": "stable"},
}
CONFIRMED = {
    "decide_clearance": {"outcome": "apply", "reason": "纳入时不符合条件，应予清退。"},
    "city_reviews": {"outcome": "agree", "reason": ""},
    "province_reviews": {"outcome": "agree", "reason": ""},
}
IN_PLACE = {"outcome": "in_place"}
STILL_WELL = {"revisit": {"income_stable": "yes", "new_risk": "no", "opinion": "stable", "housing_ok": "yes"}}
POOR = {"wage": 5400, "business": 0, "subsidy": 600, "business_cost": 600}
"""Yuan a member: what is left when the work away from home is lost."""
FALLEN_BACK = {
    "revisit": {
        "income_stable": "no",
        "new_risk": "no",
        "opinion": "unstable",
        "note": "务工收入中断，生活又有困难。",
        **POOR,
    },
    "check_rollback": {
        "opinion": "unstable",
        "housing_ok": "yes",
        "facts": "务工收入中断，收入回落，原有风险没有稳定消除。",
        **POOR,
    },
    "approve": APPROVED,
    **CONFIRMED,
}


def _elimination(days: int, rests_at: str = "", source: str = "campaign") -> Act:
    raw = {"source": source, "reason": "收入已经稳定高于监测范围，风险已经消除。"}
    return Act("risk_elimination", days, rests_at, raw, READY)


def _clearance(days: int, rests_at: str = "", applied: int = 0) -> Act:
    raw = {"ground": "misidentified", "source": "matching", "description": "比对发现纳入时名下有注册企业。"}
    return Act("clearance", days, rests_at, raw, CONFIRMED, applied)


def _check(days: int, rests_at: str, *, unfinished: bool) -> Act:
    return Act("existing_check", days, rests_at, answers={"check_measures": IN_PLACE}, unfinished=unfinished)


def _look_back(
    days: int, rests_at: str = "", applied: int = 0, answers: Mapping[str, Mapping[str, Any]] = FALLEN_BACK
) -> Act:
    return Act("look_back", days, rests_at, {}, answers, applied)


MONITORED_HERE = (
    _elimination(2, "check", "village"),
    _elimination(4),
    _elimination(13, "review"),
    _check(2, "check_measures", unfinished=True),
    _elimination(24),
)
MONITORED = (
    _elimination(3, "check", "household"),
    _elimination(3, "appraise", "official"),
    _elimination(5),
    _elimination(14, "approve"),
    _elimination(13, "approve"),
    _elimination(16, "announce"),
    _elimination(25),
    _check(3, "confirm_check", unfinished=False),
    _clearance(4),
    _clearance(20, "register_consent", applied=6),
    _clearance(14, "city_reviews", applied=2),
)
"""What is going on with the monitored: in the demo's village and elsewhere."""
ELIMINATED_HERE = (_look_back(3, "revisit"),)
ELIMINATED = (
    _look_back(2, "revisit"),
    _look_back(1, "revisit"),
    _look_back(9, answers=STILL_WELL),
    _look_back(5, "post_notice"),
    _look_back(26, "execute_in_system", applied=9),
    _look_back(21, "province_reviews", applied=5),
    _look_back(20, "province_reviews", applied=5),
    _look_back(18, "city_reviews", applied=2),
    _look_back(19, "city_reviews", applied=2),
)
"""What is going on with those whose risk was eliminated before: in the demo's village and elsewhere.

Who applied first stands first, so that the batches' numbers follow their days.
"""


def add(sessions: Factory, officials: Officials, families: Mapping[int, Family], now: datetime) -> None:
    """Let some of the households, by id, have been admitted long before `now`. The same each time."""
    random = Random(365)
    able = [number for number in sorted(families) if _has_labour(families[number])]
    here, away = MONITORED_HERE + ELIMINATED_HERE, MONITORED + ELIMINATED
    chosen = random.sample(able[:NEARBY], len(here)) + random.sample(able[NEARBY:], len(away))
    acts = dict(zip(chosen, here + away, strict=True))
    with sessions() as session, write(session):
        for household_id, act in acts.items():
            _admit(session, random, officials, families[household_id], household_id, now, marked=_marked(act))
    for household_id, act in acts.items():
        course = _Act(sessions, random, officials, families[household_id], household_id, now, now)
        if not _marked(act):
            course.plan(act.unfinished)
        course.play(act)
    timers.fire_due(sessions, MovableClock(at=now))


def _marked(act: Act) -> bool:
    return act.procedure == "look_back"


def _has_labour(family: Family) -> bool:
    """A household wholly without labour is not marked (R24)."""
    return any(member["labour"] == "ordinary" for member in family.members)


# -- what the register knows -----------------------------------------------------------------------


def _admit(
    session: Session,
    random: Random,
    officials: Officials,
    family: Family,
    household_id: int,
    now: datetime,
    *,
    marked: bool,
) -> None:
    """Write the admission, what was seen since, the responsible official and, if `marked`,
    the elimination.
    """
    household = session.get_one(Household, household_id)
    today, actor = local_date(now), officials["village", household.village_code][-1]
    since = today - timedelta(days=(MARKED_ADMITTED if marked else ADMITTED) + random.randrange(20))
    household.status, household.monitored_on, household.risks = "monitored", since, list(family.risks)
    household.category = "unstable" if family.household_type.startswith("lifted") else "marginal"
    household.national_number = f"41{random.randrange(10**10):010d}"
    if marked:
        household.status, household.eliminated_on = (
            "eliminated",
            today - timedelta(days=MARKED + random.randrange(20)),
        )
        household.elimination_manner = "stable"
    # The province has entered no earlier year's line: the earliest that is known serves.
    line = ruling.in_force(session, household.village_code, today).amount
    for number, days in enumerate(SEEN):
        per_capita = line - random.randint(400, 1900) if number == 0 else line + random.randint(1300, 4200)
        seen_on = since + timedelta(days=days)
        source = "existing_check" if number else "verification"
        row = _seen(household, family, seen_on, per_capita, line, source, actor)
        session.add(row)
        household.updated_at = row.recorded_at
        _keep_year(session, row)
    session.add(_official(random, household, since + timedelta(days=9), actor))


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(10, 20), CHINA).astimezone(UTC)


def _seen(
    household: Household, family: Family, day: date, per_capita: int, line: int, source: str, actor: Account
) -> Observation:
    return Observation(
        household_id=household.id,
        observed_on=day,
        net_income=Decimal(per_capita * len(family.members)),
        per_capita=Decimal(per_capita),
        line_amount=line,
        assurances=dict.fromkeys(ASSURANCES, "yes"),
        source=source,
        recorded_by=actor.id,
        recorded_at=_morning(day),
    )


def _keep_year(session: Session, row: Observation) -> None:
    """The year's income is the last that was seen in it."""
    query = select(HouseholdYear).where(
        HouseholdYear.household_id == row.household_id, HouseholdYear.year == row.observed_on.year
    )
    year = session.scalar(query) or HouseholdYear(household_id=row.household_id, year=row.observed_on.year)
    net = int(row.net_income)
    subsidy = net // 10
    year.net_income, year.per_capita, year.assurances = row.net_income, row.per_capita, row.assurances
    year.income = {"wage": net - subsidy, "subsidy": subsidy}
    year.recorded_by, year.recorded_at = row.recorded_by, row.recorded_at
    session.add(year)
    session.flush()


def _official(random: Random, household: Household, since: date, actor: Account) -> ResponsibleOfficial:
    return ResponsibleOfficial(
        household_id=household.id,
        county_code=access.ancestor(household.village_code, "county"),
        village_code=household.village_code,
        name=random.choice("冯陈褚卫蒋沈韩杨") + random.choice(PEOPLE)[1:],
        post="科员",
        unit=random.choice(sorted(set(DEPARTMENTS.values()))),
        phone=f"199{random.randrange(10**8):08d}",
        since=since,
        recorded_by=actor.id,
        recorded_at=_morning(since),
    )


# -- what goes on now ------------------------------------------------------------------------------


class _Act(Course):
    """What goes on with one household."""

    def plan(self, unfinished: bool) -> None:
        """A check of the existing help leads to a declared plan; its measures are done,
        but the last if `unfinished`.
        """
        days = self.random.randint(*PLANNED)
        self.play(Act("existing_check", days, answers={"check_measures": {"outcome": "adjust"}}))
        with self.sessions() as session:
            query = select(Measure).where(
                Measure.household_id == self.household_id, Measure.status == "planned"
            )
            rows = list(session.scalars(query.order_by(Measure.id)))
            session.commit()
            for measure in rows[: len(rows) - unfinished]:
                self.let_pass(session, at_work(self.random, self.clock.now() + timedelta(hours=20)))
                self._report(session, measure)

    def _report(self, session: Session, measure: Measure) -> None:
        data = {
            "status": "done",
            "reported_on": local_date(self.clock.now()).isoformat(),
            "effect": "已经落实，农户表示满意。",
            "remark": "",
        }
        measures.report(
            session, self.actor(measure.village_code, "village"), measure.id, data, clock=self.clock
        )

    def play(self, act: Act) -> None:
        """Open the act's procedure on its day and go on until it rests."""
        self.clock.set(at_work(self.random, self.now - timedelta(days=act.days)))
        self.pace, self.rests_at = PACE, APPLICATION if act.applied else act.rests_at
        self.answers = {step: self._of_all(answer) for step, answer in act.answers.items()}
        with self.sessions() as session:
            village = session.get_one(Household, self.household_id).village_code
            actor = self.actor(village, "county" if act.procedure == "clearance" else "village")
            case = openings.open_by_hand(
                session, actor, self.household_id, act.procedure, act.raw, clock=self.clock
            )
            self._go_on(session, case.id)
            if act.applied:
                self.let_pass(session, _morning(local_date(self.now) - timedelta(days=act.applied)))
                self.pace, self.rests_at = 1, act.rests_at
                self._go_on(session, case.id)

    def _go_on(self, session: Session, case_id: int) -> None:
        while self.advance(session, case_id):
            pass

    def _of_all(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Incomes are given by member: a number in an answer is the household's times its members."""
        size = len(self.family.members)
        return {key: value * size if isinstance(value, int) else value for key, value in answer.items()}
