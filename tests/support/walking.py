"""Officials of the demo county who finish the cases that stand in its database, one step after the other,
whoever is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from sqlalchemy import func, select

from engine.casework import acts
from engine.casework.acts import attachments
from engine.casework.desk import views
from engine.casework.models import Account, CaseFile, LogEntry, RoleGrant, WorkItem
from engine.casework.organisation import access
from engine.casework.time import timers
from engine.ground.clock import MovableClock, local_date
from engine.ground.database import create_engine, session_factory
from engine.prevention.demo.answers.forms import ANSWERS
from engine.prevention.demo.answers.scene import Scene
from engine.prevention.demo.driving import DECIDES, picture
from engine.prevention.demo.people import Family
from engine.prevention.models import Household
from tests.support import papers

ROUNDS = 60
"""More rounds of steps and waiting than any case needs."""
ROLE_OF = {queue: role for role, queue in access.QUEUE_OF_ROLE.items()}


class Walk:
    """The database at `url` from the instant of its latest line on."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        self.sessions = session_factory(self.engine)
        self.session = self.sessions()
        latest = self.session.scalar(select(func.max(LogEntry.at)))
        assert latest is not None
        self.clock, self.random = MovableClock(at=latest), Random(410325)

    def close(self) -> None:
        """Give the connections back."""
        self.session.close()
        self.engine.dispose()

    def places(self) -> dict[tuple[str, str], int]:
        """Where cases stand, procedure and element, with one case that stands there."""
        place = (CaseFile.procedure_key, WorkItem.element_id)
        query = select(*place, func.min(CaseFile.id)).join(CaseFile, CaseFile.id == WorkItem.case_id)
        rows = self.session.execute(query.where(WorkItem.status == "open").group_by(*place)).all()
        return {(procedure, element): case_id for procedure, element, case_id in rows}

    def to_the_end(self, cases: Iterable[int]) -> None:
        """Finish every step of the cases that opens, and let time pass while none is open."""
        walked = sorted(set(cases))
        for _ in range(ROUNDS):
            self.session.commit()
            if not self._open(CaseFile.id, walked):
                return
            if items := self._items(walked):
                for item in items:
                    self._finish(item)
            else:
                self._wait()
        assert not self._open(CaseFile.procedure_key, walked), "they never end"

    def _open(self, column: Any, cases: list[int]) -> list[Any]:
        query = select(column).where(CaseFile.id.in_(cases), CaseFile.status == "open")
        return list(self.session.scalars(query))

    def _items(self, cases: list[int]) -> list[WorkItem]:
        query = (
            select(WorkItem)
            .where(WorkItem.case_id.in_(cases), WorkItem.status == "open")
            .order_by(WorkItem.id)
        )
        return list(self.session.scalars(query))

    def _wait(self) -> None:
        due = timers.next_due(self.session)
        self.session.commit()
        assert due is not None, "nothing is open and nothing is waited for"
        self.clock.set(max(due, self.clock.now()))
        timers.fire_due(self.sessions, self.clock)

    def _finish(self, item: WorkItem) -> None:
        self.session.refresh(item)
        if item.status != "open":  # an earlier step of this round ended it
            return
        actor = self._actor(item)
        filled = views.task_view(self.session, actor, item.id, self.clock.now()).values
        data = ANSWERS[item.form_key](self._scene(item, actor, filled))
        acts.complete(self.session, actor, item.id, data, clock=self.clock)

    def _actor(self, item: WorkItem) -> Account:
        """An official of the queue; approval is by another person than the matching (R12)."""
        place = access.ancestor(item.village_code, item.queue)
        granted = select(RoleGrant.account_id).where(
            RoleGrant.role == ROLE_OF[item.queue], RoleGrant.division_code == place
        )
        people = (
            self.session.scalars(select(Account).where(Account.id.in_(granted)).order_by(Account.id))
            .unique()
            .all()
        )
        return people[0 if item.element_id in DECIDES or item.queue != "county" else -1]

    def _scene(self, item: WorkItem, actor: Account, filled: Mapping[str, Any]) -> Scene:
        household = self.session.get_one(Household, item.case.household_id)
        kept = ("head_name", "group_name", "address", "phone", "household_type")
        family = Family(
            **{name: getattr(household, name) for name in kept},
            id_number=household.head_id_number,
            members=filled.get("members") or papers.family(household.head_name, household.head_id_number),
            per_capita=6000,
            risks=list(household.risks or ["illness"]),
        )

        def upload(field: str) -> str:
            body, now = picture(field), self.clock.now()
            return str(attachments.store(self.session, actor, item.id, field, f"{field}.png", body, now).id)

        township = access.ancestor(item.village_code, "township")
        return Scene(self.random, family, local_date(self.clock.now()), upload, lambda: filled, township)
