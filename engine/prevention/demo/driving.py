"""Drives one household's cases step by step through the real runtime, with a clock that is moved on."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine.casework import acts
from engine.casework.acts import attachments
from engine.casework.desk import views
from engine.casework.models import Account, CaseFile, WorkItem
from engine.casework.organisation import access
from engine.casework.time import timers
from engine.ground.clock import CHINA, MovableClock, local_date
from engine.ground.errors import ShouwangError
from engine.prevention.demo.answers.forms import ANSWERS
from engine.prevention.demo.answers.scene import Scene
from engine.prevention.demo.people import Family
from engine.prevention.identification.notices import objections
from engine.prevention.models import Household, Notice

OFFICE = 1.2
"""How much longer a case waits on a township's or county's desk than in the village."""
DECIDES = ("approve", "decide_clearance")
"""Steps that another person of the county does than its earlier ones (R12)."""

Officials = dict[tuple[str, str], list[Account]]
"""Who works on which queue, by queue and division."""
Factory = sessionmaker[Session]


def at_work(random: Random, instant: datetime) -> datetime:
    """The instant, or the nearest morning after it when nobody would be at work."""
    local = instant.astimezone(CHINA)
    if 8 <= local.hour < 18:
        return instant
    morning = local.replace(hour=8, minute=random.randrange(60)) + timedelta(days=local.hour >= 18)
    return morning.astimezone(UTC)


class Course:
    """The cases of one household, driven to where they would stand now.

    `rests_at` is a step that is left waiting, `answers` what differs from the plausible answer, by step.
    """

    def __init__(
        self,
        sessions: Factory,
        random: Random,
        officials: Officials,
        family: Family,
        household_id: int,
        start: datetime,
        now: datetime,
    ) -> None:
        self.sessions, self.random, self.officials, self.family = sessions, random, officials, family
        self.household_id, self.now = household_id, now
        self.clock = MovableClock(at=start)
        self.pace = random.choice((6, 10, 14, 20, 30, 60))
        """Mean hours between two steps: some villages are slow."""
        self.rests_at = ""
        self.answers: Mapping[str, Mapping[str, Any]] = {}

    def advance(self, session: Session, case_id: int) -> bool:
        """One more step, or waiting for a timer; False when the case rests or the present is reached."""
        query = select(WorkItem).join(CaseFile, CaseFile.id == WorkItem.case_id)
        query = query.where(CaseFile.subject_id == self.household_id, WorkItem.status == "open").order_by(
            WorkItem.id
        )
        items = list(session.scalars(query))
        session.commit()
        if not items:
            due = timers.next_due(session)
            session.commit()
            if due is None or due > self.now:
                return False
            self.clock.set(max(due, self.clock.now()))
            return timers.fire_due(self.sessions, self.clock) > 0
        items = [item for item in items if item.element_id != self.rests_at]
        if not items:
            return False
        item = self.random.choice(items)
        pace = self.pace * (1 if item.queue == "village" else OFFICE)
        step = timedelta(hours=self.random.expovariate(1 / pace) + 0.2)
        at = at_work(self.random, self.clock.now() + step)
        if at > self.now:
            self.clock.set(self.now)
            return False
        self.let_pass(session, at)
        self._maybe_object(session, case_id)
        return self._finish(session, item)

    def let_pass(self, session: Session, until: datetime) -> None:
        """Let time pass, each timer firing at its own due time."""
        while (due := timers.next_due(session)) is not None and due <= until:
            session.commit()
            self.clock.set(max(due, self.clock.now()))
            timers.fire_due(self.sessions, self.clock)
        session.commit()
        self.clock.set(until)

    def _maybe_object(self, session: Session, case_id: int) -> None:
        notice = session.scalar(select(Notice).where(Notice.case_id == case_id, Notice.status == "open"))
        session.commit()
        if notice is None or notice.objections or self.random.random() > 0.05:
            return
        actor = self.actor(session.get_one(Household, self.household_id).village_code, "township")
        today = local_date(self.clock.now())
        data = {"matter": "反映该户有小汽车。", "raised_on": today.isoformat()}
        objections.raise_objection(session, actor, case_id, data, clock=self.clock)

    def _finish(self, session: Session, item: WorkItem) -> bool:
        session.refresh(item)
        if item.status != "open":
            return True
        actor = self.actor(item.village_code, item.queue, first=item.element_id in DECIDES)

        def upload(field: str) -> str:
            body = picture(field)
            return str(
                attachments.store(session, actor, item.id, field, f"{field}.png", body, self.clock.now()).id
            )

        def filled() -> Mapping[str, Any]:
            return views.task_view(session, actor, item.id, self.clock.now()).values

        township = access.ancestor(item.village_code, "township")
        scene = Scene(self.random, self.family, local_date(self.clock.now()), upload, filled, township)
        data = {**ANSWERS[item.form_key](scene), **self.answers.get(item.element_id, {})}
        try:
            acts.complete(session, actor, item.id, data, clock=self.clock)
        except ShouwangError as error:
            raise RuntimeError(f"{item.name}: {error.message} {getattr(error, 'fields', '')}") from error
        return True

    def actor(self, village: str, queue: str, *, first: bool = False) -> Account:
        """The queue's own official; approval is by another person than the matching (R12)."""
        people = self.officials[queue, access.ancestor(village, queue)]
        return people[0] if first or queue != "county" else people[-1]


_PICTURES: dict[str, bytes] = {}


def picture(field: str) -> bytes:
    """A small picture that stands for the photo or scan of a form's field."""
    if field not in _PICTURES:
        image = Image.new("RGB", (240, 160), (236, 240, 245))
        draw = ImageDraw.Draw(image)
        draw.rectangle((16, 16, 224, 144), outline=(90, 110, 140), width=2)
        draw.text((28, 70), f"DEMO {field}", fill=(60, 80, 110))
        packed = io.BytesIO()
        image.save(packed, "PNG")
        _PICTURES[field] = packed.getvalue()
    return _PICTURES[field]
