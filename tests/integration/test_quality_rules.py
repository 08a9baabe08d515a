"""Every rule finds its broken example and leaves its clean one alone; a usual household breaks none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from engine.casework.organisation import access
from engine.ground.database import create_engine
from engine.ground.tables import Base, as_kept
from engine.prevention.models import Household
from engine.prevention.quality.correcting.ways import WAYS
from engine.prevention.quality.findings import SEVERITIES
from engine.prevention.quality.rules.catalogue import BY_NAME, RULES
from engine.prevention.quality.rules.parameters import DEFAULTS, PARAMETERS
from engine.prevention.quality.rules.rule import Example, Moment, Rule
from tests.support import databases, quality
from tests.support.quality import DAY, MOMENT, VILLAGE


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def tables(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Bare tables: what examples are made of refers to no account, case or campaign."""
    if request.param == "sqlite":
        engine = create_engine("sqlite://")
        event.listen(engine, "connect", lambda made, _: made.execute("PRAGMA foreign_keys=OFF"))
        Base.metadata.create_all(engine)
        yield engine
        return
    with databases.empty() as url:
        engine = create_engine(url)
        event.listen(engine, "connect", _without_references)
        Base.metadata.create_all(engine)
        yield engine
        engine.dispose()


def _without_references(connection: object, _record: object) -> None:
    connection.execute("SET session_replication_role = replica")  # type: ignore[attr-defined]
    connection.commit()  # type: ignore[attr-defined]


@pytest.fixture
def session(tables: Engine) -> Iterator[Session]:
    """A session of which nothing stays."""
    with Session(tables) as made:
        yield made


def found_by(session: Session, rule: Rule) -> dict[int, str]:
    """What a rule says, by household."""
    return {one.household_id: one.sentence for one in rule.find(session, access.scope_of(VILLAGE), MOMENT)}


@pytest.mark.duty("R34", "R35")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_finds_just_the_broken_example(session: Session, rule: Rule) -> None:
    clean = quality.put(session, rule.clean)
    broken = quality.put(session, rule.broken)
    found = found_by(session, rule)
    beside = {row.id for row in session.query(Household.id) if row.id not in (clean.id, broken.id)}
    assert broken.id in found and clean.id not in found, found
    assert set(found) - {broken.id} <= beside
    assert re.sub(r"\d{3}…\d{3}[\dX]", "411…002X", found[broken.id]) == rule.broken.said


@pytest.mark.duty("R35")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_finding_stands_on_the_same_facts_tomorrow(session: Session, rule: Rule) -> None:
    """What was justified would be asked again every day; and another village's run finds nothing here."""
    household = quality.put(session, rule.broken)
    later = Moment(DAY + timedelta(days=12), DEFAULTS)
    today, tomorrow = (
        {one.member_key: dict(one.facts) for one in found if one.household_id == household.id}
        for found in (rule.find(session, access.scope_of(VILLAGE), when) for when in (MOMENT, later))
    )
    assert today == tomorrow and as_kept(today) == today
    assert not list(rule.find(session, access.scope_of("411723100201"), MOMENT))


@pytest.mark.duty("R35")
def test_a_usual_household_breaks_no_rule(session: Session) -> None:
    quality.put(session, Example())
    assert {rule.name: found for rule in RULES if (found := found_by(session, rule))} == {}


@pytest.mark.duty("R35")
def test_nobody_is_asked_about_but_the_monitored_and_the_formerly_poor(session: Session) -> None:
    """二(五), Q79: whatever is wrong with the record of an ordinary household, no village is asked."""
    for rule in RULES:
        household = quality.put(session, rule.broken)
        household.status, household.household_type = "ordinary", "ordinary"
    session.flush()
    besides = {
        one.household_id for rule in RULES for one in rule.find(session, access.scope_of(VILLAGE), MOMENT)
    }
    kept = [session.get_one(Household, number) for number in besides]
    assert not [one for one in kept if one.status == "ordinary" and "lifted" not in one.household_type]


LEFT = {"status": "eliminated", "eliminated_on": "2022-02-28", "elimination_manner": "stable"}
"""A mark of 风险消除 on the last day of February."""
BORN_SINCE = {3: {"name": "王小云", "relation": "daughter", "birth_date": "2022-05-20"}}
CHANGE = {"kind": "birth", "recorded_at": "2022-05-20T02:00:00+00:00"}
HOUSING_DONE = {"type": "housing", "risk": "housing", "status": "done"}
RIGHT = {
    "a baby came after the check": (
        "per_capita_size",
        Example(
            members=BORN_SINCE,
            year={"recorded_at": "2022-05-01T02:00:00+00:00"},
            more=(("change", CHANGE),),
        ),
    ),
    "a baby came after the screening": (
        "screened_size",
        Example(members=BORN_SINCE, more=(("screening", {"household_size": 3}), ("change", CHANGE))),
    ),
    "a check after the screening found it put right": (
        "screened_unmet",
        Example(more=(("screening", {"assured": False}),)),
    ),
    "the house is repaired, its risk not yet eliminated": (
        "risk_assured",
        Example(household={"risks": ["illness", "housing"]}, measures=(HOUSING_DONE, {"type": "health"})),
    ),
    "six months to the last day of February": (
        "eliminated_early",
        Example(household={**LEFT, "monitored_on": "2021-08-31"}),
    ),
    "nobody has said who can work": (
        "eliminated_no_labour",
        Example(household=LEFT, members={0: {"labour": "lost"}, 1: {"labour": None}}),
    ),
    "the sick one has a disability certificate": (
        "disability_health",
        Example(members={1: {"id_type": "disability", "suffix": "43", "health": "chronic"}}),
    ),
    "nobody has said how they are": ("risk_illness_person", Example(members={1: {"health": None}})),
    "who had the public post has grown old since it ended": (
        "post_age",
        Example(
            members={0: {"birth_date": "1950-01-01"}, 1: {"birth_date": "1951-01-01"}},
            measures=({"type": "public_post", "status": "done"}, {"type": "health"}),
        ),
    ),
    "the child has left school, its measure is done": (
        "education_unfounded",
        Example(members={2: None}, measures=({"type": "education", "status": "done"}, {"type": "health"})),
    ),
    "this year's wage is not on file": (
        "wage_fell",
        Example(
            household={"household_type": "lifted_with_policy", "category": "unstable"},
            year={"wage": None},
            years=({"year": 2021, "wage": 18000},),
        ),
    ),
    "the income rises again with assistance": (
        "risk_income",
        Example(household={"risks": ["income_drop"]}, years=({"year": 2021, "wage": 9000},)),
    ),
}
"""What is in order, as it happens; the rule that must say nothing of it."""


@pytest.mark.duty("R34", "R35")
@pytest.mark.parametrize("name", RIGHT)
def test_a_household_in_order_is_left_alone(session: Session, name: str) -> None:
    rule, example = RIGHT[name]
    household = quality.put(session, example)
    assert household.id not in found_by(session, BY_NAME[rule])


@pytest.mark.duty("R35")
@pytest.mark.parametrize(
    ("example", "names"),
    [
        (
            Example(household={**LEFT, "monitored_on": "2022-01-05", "risks": []}),
            {"eliminated_early", "eliminated_at_once"},
        ),
        (Example(year={"recorded_at": "2019-03-01T00:00:00+00:00"}), {"not_updated", "year_missing"}),
        (Example(measures=()), {"measures_none", "development_none", "safety_net_only"}),
        (Example(measures=({"type": "safety_net"},)), {"development_none", "safety_net_only"}),
        (Example(year={"wage": 80}), {"wage_tiny", "month_wage"}),
        (Example(members={2: {"work_months": 6}}), {"child_works", "student_works"}),
    ],
)
def test_one_thing_wrong_is_said_once(session: Session, example: Example, names: set[str]) -> None:
    household = quality.put(session, example)
    assert sum(household.id in found_by(session, BY_NAME[name]) for name in names) == 1


@pytest.mark.duty("R35")
def test_who_puts_an_earlier_year_right_has_checked_nothing_anew(session: Session) -> None:
    """T30 corrects 2019's income: the household's latest check is as old as before."""
    corrected = {"year": 2019, "recorded_at": "2022-06-10T02:00:00+00:00"}
    for recorded, rule in (("2021-05-01", "not_updated"), ("2019-12-01", "year_missing")):
        example = Example(year={"recorded_at": f"{recorded}T02:00:00+00:00"}, years=(corrected,))
        assert quality.put(session, example).id in found_by(session, BY_NAME[rule])


HINTED = {"hint_rows", "heap_percent", "same_households", "hint_seconds", "fast_rows", "quiet_rows"}


def test_names_clauses_and_parameters_are_as_the_catalogue_says() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert {rule.severity for rule in RULES} <= set(SEVERITIES)
    assert {rule.way for rule in RULES} <= set(WAYS)
    used = {name for rule in RULES for name in rule.uses}
    assert used | HINTED == set(PARAMETERS)
    for rule in RULES:
        asked = {
            name for name in PARAMETERS if f"given_{name}" in rule.asked or f"before_{name}" in rule.asked
        }
        assert asked == set(rule.uses), rule.name
        assert all(f"{{{name}}}" in rule.title for name in rule.uses), rule.name
