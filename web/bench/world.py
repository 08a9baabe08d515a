"""A system to measure: officials, cases, and who takes them through."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session, sessionmaker

from engine.casework.acts import attachments
from engine.casework.desk import views
from engine.casework.models import Account, WorkItem
from engine.casework.organisation import accounts
from engine.casework.organisation.identity import passwords
from engine.casework.time import timers
from engine.ground.clock import CHINA, MovableClock, local_date
from engine.ground.database import create_engine, session_factory, write
from engine.ground.errors import Conflict
from engine.migrations import schema
from engine.prevention import installation
from engine.prevention.demo.answers.forms import ANSWERS
from engine.prevention.demo.answers.scene import Scene
from engine.prevention.demo.driving import picture
from engine.prevention.demo.people import Family, family
from engine.prevention.identification import entering

VILLAGE, TOWNSHIP, COUNTY = "410325103202", "410325103000", "410325000000"
START = datetime(2022, 5, 5, 9, tzinfo=CHINA)
PASSWORD = "Celiang-2022"
TYPICAL, BUSY = "410325101000", "410325102000"
OFFICIALS = (
    ("village", "village_official", VILLAGE),
    ("township", "township_reviewer", TOWNSHIP),
    ("county", "county_approver", COUNTY),
    ("matching", "county_approver", COUNTY),
    ("typical", "township_reviewer", TYPICAL),
    ("busy", "township_reviewer", BUSY),
)
PATIENCE = 20.0
"""Seconds for a step that another process opens."""
QUEUES = {"typical": (TYPICAL, 500), "busy": (BUSY, 5000)}
"""How many open items the two officials have whose inbox is measured, however many lie around theirs."""
STEPS = (
    "verify",
    "sign",
    "submit_batch",
    "run_matching",
    "appraise",
    "post_notice",
    "end_notice",
    "review",
    "approve",
    "announce",
    "register",
)
"""The user tasks of the plain way through the identification, in order."""
Factory = sessionmaker[Session]
Figures = dict[str, Any]


class Steady(random.Random):
    """A source of answers that never takes the rare turn: every case goes the plain way."""

    def random(self) -> float:
        """Always the middle."""
        return 0.5


def prepare(url: str) -> Factory:
    """Install the product into the empty database and add the officials."""
    engine = create_engine(url)
    if inspect(engine).get_table_names():
        raise Conflict("测量须用空数据库，请另建一个。")
    schema.upgrade(engine)
    sessions = session_factory(engine)
    with sessions() as session:
        installation.install(session, START)
    add_officials(sessions)
    return sessions


def add_officials(sessions: Factory) -> None:
    """An official for each queue of one village, and two more townships'."""
    with sessions() as session:
        password = passwords.hash_password(PASSWORD)
        with write(session):
            for username, role, division in OFFICIALS:
                accounts.grant(
                    session, accounts.create(session, username, username, password, START), role, division
                )


class Driver:
    """Takes cases through the procedure, one step after the other, as its officials would."""

    def __init__(self, sessions: Factory, seed: int) -> None:
        self.sessions, self.random = sessions, Steady(seed)
        self.numbers = random.Random(seed)
        self.clock = MovableClock(at=START)
        with sessions() as session:
            self.people = {a.username: a for a in session.scalars(select(Account)).unique() if a.grants}

    def enter(self, session: Session) -> tuple[int, Family]:
        """A clue about a new household; answers the case."""
        one = family(self.numbers, START.date())
        data = {
            **one.__dict__,
            "village_code": VILLAGE,
            "channel": "cadre_check",
            "discovered_on": START.date().isoformat(),
            "finder": "网格员",
            "description": "支出骤增",
            "head_name": one.head_name,
        }
        entered = entering.enter(session, self.people["village"], data, clock=self.clock, confirmed_new=True)
        assert entered.case is not None
        return entered.case.id, one

    def item(self, session: Session, case_id: int, element_id: str) -> WorkItem:
        """The case's open item; lets the notice run out when the step waits for that.

        Where two processes fire at once, a notice may be in the other's hands: then its item comes a moment
        later.
        """
        if element_id == "end_notice":
            self.clock.set(START + timedelta(days=6))
            timers.fire_due(self.sessions, self.clock)
        query = select(WorkItem).where(
            WorkItem.case_id == case_id, WorkItem.element_id == element_id, WorkItem.status == "open"
        )
        until = time.monotonic() + PATIENCE
        while (found := session.scalars(query).one_or_none()) is None:
            session.commit()
            if time.monotonic() > until:
                raise TimeoutError(f"case {case_id} has not come to {element_id}")
            time.sleep(0.002)
        session.commit()
        return found

    def actor(self, item: WorkItem) -> Account:
        """Who does the item; matching and approval are two people's (R12)."""
        return self.people["matching" if item.element_id == "run_matching" else item.queue]

    def answer(self, session: Session, item: WorkItem, one: Family) -> dict[str, Any]:
        """What the official fills in, with its files uploaded."""
        actor = self.actor(item)

        def upload(field: str) -> str:
            stored = attachments.store(
                session, actor, item.id, field, "photo.png", picture(field), self.clock.now()
            )
            return str(stored.id)

        def filled() -> Mapping[str, Any]:
            return views.task_view(session, actor, item.id, self.clock.now()).values

        scene = Scene(self.random, one, local_date(self.clock.now()), upload, filled)
        return ANSWERS[item.form_key](scene)

    def through(
        self, session: Session, complete: Callable[[WorkItem, dict[str, Any]], None], *, before: str = ""
    ) -> int:
        """One case from the clue to the register, or to the step `before`, by `complete`;
        answers the case.
        """
        self.clock.set(START)
        case_id, one = self.enter(session)
        for element_id in STEPS[: STEPS.index(before) if before else None]:
            item = self.item(session, case_id, element_id)
            data = self.answer(session, item, one)
            session.commit()
            complete(item, data)
        return case_id
