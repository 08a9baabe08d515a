"""The demo shows every procedure at several stages,
also those that begin long after a household's admission.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import tests.support.field  # noqa: F401  the demo's diagrams call its services
from engine.casework.models import Account, CaseFile, Incident, Procedure, WorkItem
from engine.ground.clock import CHINA
from engine.ground.database import create_engine, session_factory
from engine.migrations import schema
from engine.prevention import installation
from engine.prevention.demo import hazards, populate, rest
from engine.prevention.demo.driving import Factory
from engine.prevention.models import Household, Measure
from engine.prevention.rollback import lists
from tests.support import databases

NOW = datetime(2026, 3, 4, 21, 40, tzinfo=CHINA)


@pytest.fixture
def demo(tmp_path: Path) -> Factory:
    """The demo without its identification cases, late on an evening: nobody is at work."""
    shutil.copy(databases.prepared("demo", build), tmp_path / "demo.sqlite")
    return session_factory(create_engine(f"sqlite:///{tmp_path / 'demo.sqlite'}"))


def build(url: str) -> None:
    """Fill the empty database at `url`."""
    engine = create_engine(url)
    schema.upgrade(engine)
    sessions = session_factory(engine)
    with sessions() as session:
        installation.install(session, NOW)
    populate(sessions, NOW, cases=0)
    hazards.add(sessions, NOW)
    rest.add(sessions, NOW)
    engine.dispose()


def test_every_later_procedure_is_at_work(demo: Factory) -> None:
    """Each is open somewhere; eliminations went through;
    city and province have several cases of one batch to review.
    """
    with demo() as session:
        running = set(session.scalars(select(CaseFile.procedure_key).where(CaseFile.status == "open")))
        assert {"risk_elimination", "look_back", "rollback", "clearance", "existing_check"} <= running
        assert set(session.scalars(select(Procedure.key).where(Procedure.part.is_(False)))) - running <= {
            "identification",
            "assistance",
        }
        steps = set(session.scalars(select(WorkItem.element_id).where(WorkItem.status == "open")))
        assert {
            "check",
            "review",
            "approve",
            "announce",
            "revisit",
            "city_reviews",
            "province_reviews",
        } <= steps
        assert {"register_consent", "execute_in_system", "confirm_check"} <= steps
        marked = (
            select(CaseFile)
            .where(CaseFile.outcome_code == "eliminated")
            .join(Household, Household.id == CaseFile.subject_id)
        )
        assert (
            len(
                list(
                    session.scalars(marked.where(Household.eliminated_on > (NOW - timedelta(days=30)).date()))
                )
            )
            == 2
        )
        assert session.scalars(select(Incident)).first() is None
        for username, step in (("shiji", "city_reviews"), ("shengji", "province_reviews")):
            actor = session.scalars(select(Account).where(Account.username == username)).one()
            waiting = lists.at_step(session, actor, "rollback", step)
            assert sum(len(batch.entries) for batch in waiting if batch.level == "county") == 2, username


def test_the_admitted_have_a_plan_whose_measures_are_done(demo: Factory) -> None:
    """Households that are being marked were helped first."""
    with demo() as session:
        helped = select(Measure).join(CaseFile, CaseFile.household_id == Measure.household_id)
        found = list(session.scalars(helped.where(CaseFile.procedure_key == "risk_elimination")))
        assert found and {measure.status for measure in found} == {"done"}
        assert {measure.plan.status for measure in found} == {"accepted"}
