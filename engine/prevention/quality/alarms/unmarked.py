"""应消不消: monitored households that have met the conditions for months, and nobody has looked (Q57).

The conditions are the decision tables of risk elimination, asked as of some months ago; whether the recorded
risks are gone only a visit can tell, and the alarm says so. A household wholly without labour never comes
(T12): the tables refuse it. Each comes once for each time above the line: what nobody has looked into stays
on the list, what somebody has explained does not come again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from engine.casework import definitions
from engine.casework.models import CaseFile
from engine.casework.organisation import access
from engine.flow.machine.definition import Definition
from engine.ground.clock import months_later, start_of_day, written
from engine.ground.errors import Invalid
from engine.prevention.models import Alarm, Household, Observation
from engine.prevention.quality.alarms.parameters import Parameters
from engine.prevention.register import observations
from engine.prevention.register.monitoring_lines import ruling

KIND = "unmarked"
PROCEDURE, CONDITIONS, NO_LABOUR = "risk_elimination", "elimination_conditions", "no_labour"


def alarms(session: Session, county_code: str, day: date, rule: Parameters) -> Iterator[Alarm]:
    """The county's households that have met the conditions for the months of the parameters on `day`."""
    try:
        line = ruling.in_force(session, county_code, day)
    except Invalid:  # nobody can say who is above a line that is not set
        return
    definition = definitions.load(session, definitions.current(session, PROCEDURE).id)
    if CONDITIONS not in definition.decisions:  # the owners judge otherwise now
        return
    before, told = months_later(day, -rule.unmarked_months), _told(session, county_code)
    for household in session.scalars(_candidates(county_code, before, line.amount)).all():
        seen = observations.facts(session, household.id, day)
        if (household.id, seen["above_since"]) not in told and not _missing(definition, seen, before):
            sentence = (
                f"收入自{written(date.fromisoformat(seen['above_since']))}起高于监测范围，"
                f"“三保障”和饮水安全都达标，符合消除条件已满 {rule.unmarked_months} 个月，没有开展核查。"
                "档案里的风险是否稳定消除，须入户看。"
            )
            facts = {"since": seen["above_since"], "per_capita": seen["per_capita"], "line": seen["line"]}
            yield Alarm(
                kind=KIND,
                place_code=household.village_code,
                household_id=household.id,
                sentence=sentence,
                facts={**facts, "parameters": asdict(rule)},
            )


def _told(session: Session, county_code: str) -> set[tuple[int | None, str]]:
    """The households that were told of already, with the day since when."""
    query = select(Alarm.household_id, Alarm.facts).where(
        access.within(Alarm.place_code, [access.scope_of(county_code)]), Alarm.kind == KIND
    )
    return {(row.household_id, str(row.facts.get("since"))) for row in session.execute(query)}


def _candidates(county_code: str, before: date, line: int) -> Any:
    """SQL: monitored since before then, above the line without a break since before then, and no elimination
    begun since.
    """
    looked = exists().where(
        CaseFile.subject_id == Household.id,
        CaseFile.procedure_key == PROCEDURE,
        (CaseFile.status == "open") | (CaseFile.started_at >= start_of_day(before)),
    )
    query = select(Household).where(
        access.within(Household.village_code, [access.scope_of(county_code)]),
        Household.status == "monitored",
        Household.monitored_on <= before,
        _above_since(before, line),
        ~looked,
    )
    return query.order_by(Household.id)


def _above_since(before: date, line: int) -> ColumnElement[bool]:
    """SQL: an observation of before then was above the line, and none since was not."""
    first, later = aliased(Observation), aliased(Observation)
    broken = exists().where(
        later.household_id == first.household_id,
        later.observed_on >= first.observed_on,
        later.per_capita <= line,
    )
    above = (first.household_id == Household.id, first.observed_on <= before, first.per_capita > line)
    return exists().where(*above, ~broken)


def _missing(definition: Definition, seen: dict[str, Any], before: date) -> Any:
    """What the tables miss, were the recorded risks gone, asked as of then."""
    labour = definition.decisions.get(NO_LABOUR)
    known = {
        "manner": "stable",
        "situation": {**seen, "day": before.isoformat()},
        "no_labour": labour.evaluate({"situation": seen}) if labour is not None else None,
        "stability_check": {
            "risk_checks": [{"risk": one, "gone": "yes", "how": "helped"} for one in seen["risks"]],
            "visited_on": seen["day"],
        },
    }
    return definition.decisions[CONDITIONS].evaluate(known)
