"""A system to tell stories on: officials by name, a movable clock,
and the steps they take through the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import tests.support.alone
import tests.support.field  # diagrams call its services
import tests.support.sharing  # noqa: F401  from here on engines share what they compiled
from engine.casework import acts, audit, definitions
from engine.casework.acts import StepResult, attachments, openings
from engine.casework.audit import verification
from engine.casework.models import Account, CaseFile, Submission, WorkItem
from engine.casework.step import reading
from engine.casework.step.submissions import submissions_of
from engine.casework.supervision.counts import adding
from engine.casework.time import timers
from engine.flow.history import lines
from engine.flow.replay import Replay, inputs_of
from engine.ground.clock import MovableClock, local_date, start_of_day
from engine.ground.database import Patience, create_engine, session_factory
from engine.prevention.identification import entering
from engine.prevention.models import Household
from engine.prevention.transfers import offers
from tests.support import databases, papers
from tests.support.template import START

APPROVED = 6
"""Days from a clue until its household is approved."""


class World:
    """One database, one clock, one session for what the test looks at."""

    def __init__(self, url: str, patience: Patience | None = None) -> None:
        self.url = url
        self.engine = create_engine(url, patience or Patience())
        self.sessions = session_factory(self.engine)
        self.clock = MovableClock(at=START)
        self.session: Session = self.sessions()

    def close(self) -> None:
        """Give the connections back."""
        self.session.close()
        self.engine.dispose()

    def counted(self) -> list[object]:
        """Where the counters of what is open are not what there is: nowhere, whatever was done."""
        with self.sessions() as session:
            return [*adding.differences(session), *map(str, adding.misheld(session))]

    # -- time --------------------------------------------------------------------------------------

    def day(self, number: int, hour: int = 9) -> datetime:
        """The instant on day `number` of the story, at `hour` in China."""
        return start_of_day(local_date(START) + timedelta(days=number)).replace(hour=hour)

    def go_to(self, number: int, hour: int = 9) -> int:
        """Move the clock and fire what fell due; answers how many timers fired."""
        self.session.commit()
        self.clock.set(self.day(number, hour))
        return timers.fire_due(self.sessions, self.clock)

    @property
    def number(self) -> int:
        """Which day of the story it is."""
        return (self.today - local_date(START)).days

    @property
    def today(self) -> date:
        """The day in China."""
        return local_date(self.clock.now())

    # -- people and cases --------------------------------------------------------------------------

    def official(self, username: str) -> Account:
        """An account of the template."""
        return self.session.scalars(select(Account).where(Account.username == username)).one()

    def enter(self, username: str = "cun", **changes: Any) -> CaseFile:
        """A clue is entered today; answers the case it opened or joined."""
        household_id = changes.pop("household_id", None)
        if household_id is None and "name" in changes and "id_number" not in changes:
            changes["id_number"] = self._next_number()
        data = papers.clue(changes.pop("day", self.today), **changes)
        found = entering.enter(
            self.session,
            self.official(username),
            data,
            clock=self.clock,
            household_id=household_id,
            confirmed_new=True,
        )
        assert found.case is not None
        return found.case

    def _next_number(self) -> str:
        """The ID number of a man whom no household has: HEAD_ID in a world without households."""
        count = self.session.scalar(select(func.count()).select_from(Household)) or 0
        return papers.id_number(f"41990119620308{count * 2 + 1:03d}" if count else papers.HEAD_ID)

    def case(self, case_id: int) -> CaseFile:
        """The case as it is now."""
        self.session.commit()
        return self.session.get_one(CaseFile, case_id, populate_existing=True)

    def open_items(self, case: CaseFile) -> dict[str, WorkItem]:
        """The case's open items by element."""
        self.session.commit()
        query = select(WorkItem).where(WorkItem.case_id == case.id, WorkItem.status == "open")
        return {
            item.element_id: item
            for item in self.session.scalars(query.execution_options(populate_existing=True))
        }

    def upload(self, username: str, item: WorkItem) -> str:
        """A photo for the item."""
        found = attachments.store(
            self.session, self.official(username), item.id, "photo", "photo.png", papers.PNG, self.clock.now()
        )
        return str(found.id)

    def finish(
        self, case: CaseFile, element_id: str, username: str, key: str | None = None, **changes: Any
    ) -> StepResult:
        """An official finishes the open item of a step with valid data, changed as told."""
        item = self.open_items(case)[element_id]
        data = papers.paper(item.form_key, self.today, self.upload(username, item), **changes)
        if "members" in data and "members" not in changes:
            household = case.household
            number = household.head_id_number or f"41990119700101{household.id:03d}"
            data["members"] = papers.family(household.head_name, number)
        return acts.complete(
            self.session, self.official(username), item.id, data, idempotency_key=key, clock=self.clock
        )

    def to_notice(self, case: CaseFile) -> None:
        """Everything up to the posted notice, with the matching done, all today."""
        self.finish(case, "verify", "cun")
        self.finish(case, "sign", "cun")
        self.finish(case, "submit_batch", "xiang")
        self.finish(case, "run_matching", "xian2")
        self.finish(case, "appraise", "cun")
        self.finish(case, "post_notice", "cun")

    def approved(self, **changes: Any) -> CaseFile:
        """A household identified as monitored, approved today; answers its identification.

        Where a story begins with it, its database is put there; else it is told again (`approve`).
        """
        self.session.commit()
        if changes or self.clock.now() != START or not databases.begun(self.url):
            return self.approve(**changes)
        self.session.expire_all()
        self.clock.set(self.day(APPROVED))
        query = select(CaseFile).where(CaseFile.procedure_key == "identification")
        return self.session.scalars(query).one()

    def approve(self, **changes: Any) -> CaseFile:
        """Every step from the clue to the approval."""
        case = self.enter(**changes)
        self.to_notice(case)
        self.go_to(self.number + APPROVED)
        self.finish(case, "end_notice", "cun")
        self.finish(case, "review", "xiang")
        self.finish(case, "approve", "xian")
        return self.case(case.id)

    def assistance_of(self, identification: CaseFile) -> CaseFile:
        """The assistance that the approval opened."""
        self.session.commit()
        return self.session.scalars(select(CaseFile).where(CaseFile.origin_id == identification.id)).one()

    def assistance(self, **changes: Any) -> CaseFile:
        """The assistance of a household approved today."""
        return self.assistance_of(self.approved(**changes))

    def to_declared(self, case: CaseFile, **plan: Any) -> None:
        """Official, plan, declaration and archive, all today: the assistance is arranged."""
        self.finish(case, "name_official", "xiang")
        self.finish(case, "make_plan", "cun", **plan)
        self.finish(case, "review_plan", "xiang")
        self.finish(case, "build_archive", "cun")
        self.finish(case, "declare_measures", "cun")
        self.finish(case, "accept_measures", "xian")

    def open_by_hand(self, household_id: int, key: str, username: str) -> CaseFile:
        """An official opens a procedure for the household on its page."""
        self.session.commit()
        return openings.open_by_hand(
            self.session, self.official(username), household_id, key, {}, clock=self.clock
        )

    def hand_over(
        self, household_id: int, village: str, reason: str = "全家迁居", receiver: str = "waixian"
    ) -> None:
        """The county offers a household to another village, and the receiver accepts it."""
        self.session.commit()
        county, other = self.official("xian"), self.official(receiver)
        row = offers.offer(self.session, county, household_id, village, reason, clock=self.clock)
        offers.accept(self.session, other, row.id, clock=self.clock)

    def variables(self, case: CaseFile) -> Mapping[str, Any]:
        """The case's variables as they are now."""
        return reading.instance_of(self.session, self.case(case.id)).variables

    def last_submission(self, case: CaseFile, key: str) -> dict[str, Any]:
        """The clean data of the case's latest submission of a form."""
        query = select(Submission.data).where(Submission.case_id == case.id, Submission.form_key == key)
        data: dict[str, Any] = self.session.scalars(query.order_by(Submission.id.desc())).first() or {}
        return data

    # -- proof -------------------------------------------------------------------------------------

    def assert_replays(self, case_id: int) -> None:
        """The case's history rebuilds its stored state, and its log is unbroken."""
        case = self.case(case_id)
        entries = audit.history(self.session, case.id)
        definition = definitions.load(self.session, case.version_id)
        submissions = submissions_of(self.session, case.id)
        days = lines.kept_days(entry.line for entry in entries)
        rebuilt = Replay(definition, inputs_of(entries), submissions, lambda day, count: day, days).run()
        assert rebuilt.canonical() == reading.instance_of(self.session, case).canonical()
        assert list(verification.verify(self.session)) == []
