"""Every rule finds its broken example and leaves its clean one alone; a usual household breaks none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from engine.casework.organisation import access
from engine.ground.tables import Base, as_kept
from engine.prevention.models import Household
from engine.prevention.quality.correcting.ways import WAYS
from engine.prevention.quality.findings import SEVERITIES
from engine.prevention.quality.rules.catalogue import RULES
from engine.prevention.quality.rules.parameters import DEFAULTS, PARAMETERS
from engine.prevention.quality.rules.rule import Example, Moment, Rule
from tests.support import databases, quality
from tests.support.quality import DAY, MOMENT, VILLAGE


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def tables(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Bare tables: what examples are made of refers to no account, case or campaign."""
    if request.param == "sqlite":
        engine = create_engine("sqlite://")
        Base.metadata.create_all(engine)
        yield engine
        return
    with databases.empty() as url:
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
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
