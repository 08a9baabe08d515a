"""An objection is answered, whatever way the case goes: several at once, going back, taking back,
time (R10).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine.casework import audit, definitions
from engine.casework.acts import messages, openings, return_targets, return_to, withdraw
from engine.casework.audit import verification
from engine.casework.models import CaseFile, Incident, Notification, Submission, Timer, WorkItem
from engine.casework.step import reading
from engine.flow.history import lines
from engine.ground.errors import Conflict, Invalid, ShouwangError
from engine.prevention.identification.notices import objections
from engine.prevention.installation import ROOT
from engine.prevention.models import Notice, Objection, Telling
from tests.support import databases, papers, stages
from tests.support.client import application, signed_in
from tests.support.moving import deploy
from tests.support.world import World


def _object(world: World, case: CaseFile, matter: str = "家有汽车") -> int:
    data = {"matter": matter, "raised_on": world.today.isoformat()}
    return objections.raise_objection(
        world.session, world.official("xiang"), case.id, data, clock=world.clock
    ).id


def _statuses(world: World) -> dict[int, str]:
    world.session.commit()
    return {row.id: row.status for row in world.session.scalars(select(Objection).order_by(Objection.id))}


def _back(world: World, case: CaseFile, item: WorkItem, to: str, who: str) -> None:
    targets = return_targets(world.session, world.official(who), item.id)
    seq = next(target.seq for target in targets if target.element_id == to)
    return_to(world.session, world.official(who), item.id, seq, "请更正", clock=world.clock)


@pytest.mark.duty("R10", "R11")
def test_an_objection_under_examination_goes_along_when_the_case_goes_back(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    world.go_to(1)
    objection = _object(world, case)
    _back(world, case, world.open_items(case)["examine_objection"], "post_notice", "xiang")
    assert set(world.open_items(case)) == {"post_notice"}
    world.finish(case, "post_notice", "cun")
    assert set(world.open_items(case)) == {"examine_objection"}
    world.go_to(12)  # well past the end of the new notice
    assert set(world.open_items(case)) == {"examine_objection"}
    world.finish(case, "examine_objection", "xiang", outcome="dismissed", finding="已过户给他人")
    assert _statuses(world) == {objection: "dismissed"}
    world.assert_replays(case.id)
    world.go_to(13)
    assert set(world.open_items(case)) == {"end_notice"}
    assert world.session.scalars(select(Incident.id)).all() == []


@pytest.mark.duty("R10")
def test_objections_at_once_each_get_a_task_and_a_finding_of_their_own(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    first, second, third = (_object(world, case, matter) for matter in ("有汽车", "有楼房", "有存款"))
    for number, outcome in ((first, "dismissed"), (second, "upheld_changed"), (third, "dismissed")):
        context = world.variables(case)["objection"]
        assert context["id"] == number
        world.finish(case, "examine_objection", "xiang", outcome=outcome, finding=f"第 {number} 件")
    assert _statuses(world) == {first: "dismissed", second: "upheld_changed", third: "dismissed"}
    found = world.session.scalars(select(Objection).order_by(Objection.id)).all()
    assert [row.finding for row in found] == [f"第 {row.id} 件" for row in found]
    assert set(world.open_items(case)) == {"reverify"}  # the gravest finding counts, not the last
    world.assert_replays(case.id)


@pytest.mark.duty("R10")
def test_the_gravest_finding_is_the_reason_that_the_household_is_told(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    _object(world, case, "全家迁出")
    _object(world, case, "有汽车")
    world.finish(case, "examine_objection", "xiang", outcome="upheld_withdrawn", finding="全家已迁出")
    world.finish(case, "examine_objection", "xiang", outcome="dismissed", finding="没有汽车")
    case = world.case(case.id)
    assert (case.status, case.outcome) == ("finished", "异议成立")
    assert "全家已迁出" in world.session.scalars(select(Telling.text)).one()
    assert set(_statuses(world).values()) == {"upheld_withdrawn", "dismissed"}


@pytest.mark.duty("R10", "R12")
def test_a_finding_taken_back_opens_the_objection_and_its_notice_again(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    objection = _object(world, case)
    item = world.open_items(case)["examine_objection"]
    world.finish(case, "examine_objection", "xiang", outcome="upheld_changed")
    withdraw(world.session, world.official("xiang"), item.id, clock=world.clock)
    assert _statuses(world) == {objection: "open"}
    assert set(world.open_items(case)) == {"examine_objection"}
    world.finish(case, "examine_objection", "xiang", outcome="dismissed", finding="查无此事")
    assert _statuses(world) == {objection: "dismissed"}
    world.go_to(6)
    assert set(world.open_items(case)) == {"end_notice"}
    assert world.session.scalars(select(Notice.status)).all() == ["closed"]
    world.assert_replays(case.id)


@pytest.mark.duty("R10", "R11")
def test_going_back_to_the_examination_after_the_notice_ended_lets_it_end_again(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    objection = _object(world, case)
    world.finish(case, "examine_objection", "xiang", outcome="dismissed")
    world.go_to(6)
    _back(world, case, world.open_items(case)["end_notice"], "examine_objection", "cun")
    assert _statuses(world) == {objection: "open"}
    world.go_to(7)
    world.finish(case, "examine_objection", "xiang", outcome="dismissed")
    world.go_to(8)
    assert set(world.open_items(case)) == {"end_notice"}
    assert world.session.scalars(select(Incident.id)).all() == []
    world.assert_replays(case.id)


@pytest.mark.duty("R10")
def test_a_posting_with_an_objection_is_not_withdrawn(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    query = select(WorkItem.id).where(WorkItem.element_id == "post_notice", WorkItem.status == "done")
    posted = world.session.scalars(query).one()
    _object(world, case)
    with pytest.raises(ShouwangError, match="已经收到异议或意见"):
        withdraw(world.session, world.official("cun"), posted, clock=world.clock)


@pytest.mark.duty("R29")
def test_what_a_household_answered_stays_known_and_it_has_its_days_again(world: World) -> None:
    household = stages.admitted(world)
    raw = papers.paper("clearance_proposal", world.today, "")
    case = openings.open_by_hand(
        world.session, world.official("xian"), household.id, "clearance", raw, clock=world.clock
    )
    world.finish(case, "check_clearance", "cun")
    world.finish(case, "verify_clearance", "xiang")
    world.finish(case, "hear_household", "xiang")
    answer = papers.paper("household_answer", world.today, "")
    messages.send(
        world.session, world.official("xiang"), case.id, "household_answer", answer, clock=world.clock
    )
    _back(world, case, world.open_items(case)["decide_clearance"], "hear_household", "xian2")
    world.go_to(world.number + 1)
    world.finish(case, "hear_household", "xiang")
    assert world.open_items(case) == {}  # the household has its five days
    assert "household_answer" in world.variables(case)
    world.assert_replays(case.id)
    world.go_to(world.number + 6)
    assert set(world.open_items(case)) == {"decide_clearance"}
    assert world.session.scalars(select(Submission.id).where(Submission.form_key == "household_answer")).all()
    world.assert_replays(case.id)


# -- any order -------------------------------------------------------------------------------------


def _identification(world: World) -> CaseFile:
    case = world.enter()
    world.to_notice(case)
    return world.case(case.id)


def _elimination(world: World) -> CaseFile:
    household = stages.admitted(world)
    world.go_to(40)
    case = stages.propose(world, household)
    world.finish(case, "check", "cun", risk_checks=stages.NATURAL)
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    return world.case(case.id)


def _rollback(world: World) -> CaseFile:
    household = stages.eliminated(world)
    world.go_to(60)
    raw = papers.paper("rollback_proposal", world.today, "")
    who = world.official("cun")
    case = openings.open_by_hand(world.session, who, household.id, "rollback", raw, clock=world.clock)
    world.finish(case, "check_rollback", "cun")
    world.finish(case, "appraise_rollback", "cun")
    world.finish(case, "post_notice", "cun")
    return world.case(case.id)


class _Officials:
    """Officials who do at random what they may: object, finish, send back, take back; or time passes."""

    def __init__(self, world: World, case: CaseFile, seed: int) -> None:
        self.world, self.case, self.random = world, case, Random(seed)

    def act(self) -> None:
        """One act; a refusal with a sentence is an answer too."""
        acts: list[Callable[[], None]] = [
            self._object,
            self._object_late,
            self._finish,
            self._finish,
            self._back,
            self._take_back,
            self._wait,
        ]
        try:
            self.random.choice(acts)()
        except ShouwangError:
            self.world.session.rollback()

    def _object(self) -> None:
        _object(self.world, self.case, f"异议{self.random.randint(1, 99)}")

    def _object_late(self) -> None:
        day = self.world.today - timedelta(days=self.random.randint(1, 6))
        data = {"matter": "夜里送来", "raised_on": day.isoformat(), "late_reason": "当天没有人"}
        who = self.world.official("xiang")
        messages.send(self.world.session, who, self.case.id, "objection", data, clock=self.world.clock)

    def _one(self) -> WorkItem | None:
        items = sorted(self.world.open_items(self.case).values(), key=lambda item: item.id)
        return self.random.choice(items) if items else None

    def _who(self, item: WorkItem) -> str:
        return {"village": "cun", "township": "xiang", "county": self.random.choice(["xian", "xian2"])}.get(
            item.queue, "sheng"
        )

    def _finish(self) -> None:
        item = self._one()
        if item is None:
            return
        changes = {}
        if item.form_key == "objection_finding":
            changes["outcome"] = self.random.choice(
                ["dismissed", "dismissed", "upheld_changed", "upheld_withdrawn"]
            )
        self.world.finish(self.case, item.element_id, self._who(item), **changes)

    def _back(self) -> None:
        item = self._one()
        if item is not None:
            who = self.world.official(self._who(item))
            targets = return_targets(self.world.session, who, item.id)
            target = self.random.choice(targets).seq if targets else None
            return_to(self.world.session, who, item.id, target, "请更正", clock=self.world.clock)

    def _take_back(self) -> None:
        query = select(WorkItem).where(WorkItem.case_id == self.case.id, WorkItem.status == "done")
        done = self.world.session.scalars(query.order_by(WorkItem.id)).all()
        if not done:  # everything has been taken back
            return
        item = self.random.choice(done[-3:])
        assert item.closer is not None
        withdraw(self.world.session, item.closer, item.id, clock=self.world.clock)

    def _wait(self) -> None:
        self.world.go_to(self.world.number + self.random.randint(1, 4))


def _legal(world: World, case: CaseFile) -> None:
    """No objection is without its task or place in the queue,
    and an open case waits for somebody or something.
    """
    case = world.case(case.id)
    assert world.session.scalars(select(Incident.error)).all() == []
    query = select(Objection.id).where(Objection.case_id == case.id, Objection.status == "open")
    left = set(world.session.scalars(query))
    if case.status != "open":
        assert not left
        return
    elements = set(world.open_items(case))
    waiting = select(Timer.id).where(
        Timer.case_id == case.id, Timer.status == "waiting", Timer.kind == "event"
    )
    assert elements or world.session.scalars(waiting).all()
    instance = reading.instance_of(world.session, case)
    held = {payload["id"] for payload in instance.pending("objection")}
    examined = {instance.variables["objection"]["id"]} if "examine_objection" in elements else set()
    assert left == held | examined
    if left:
        assert not elements & {"end_notice", "review", "approve"}


def _earlier(world: World) -> CaseFile:
    deploy(world, EARLIER, "补登以前的公示")
    return _identification(world)


STARTS = (_identification, _elimination, _rollback, _earlier)


@pytest.fixture(scope="module", params=STARTS, ids=lambda start: start.__name__)
def posted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int, datetime]:
    """A database with a case whose notice hangs, the case, and the instant."""
    path = tmp_path_factory.mktemp("posted") / "base.sqlite"
    shutil.copy(databases.sqlite(), path)
    world = World(f"sqlite:///{path}")
    case: CaseFile = request.param(world)
    found = path, case.id, world.clock.now()
    world.close()
    return found


@pytest.mark.duty("R10", "R11", "R12")
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(min_value=0, max_value=10**9))
def test_no_order_of_acts_loses_an_objection(posted: tuple[Path, int, datetime], seed: int) -> None:
    base, case_id, now = posted
    copy = base.with_name("copy.sqlite")
    shutil.copy(base, copy)
    world = World(f"sqlite:///{copy}")
    try:
        world.clock.set(now)
        case = world.case(case_id)
        officials = _Officials(world, case, seed)
        for _ in range(25):
            officials.act()
            _legal(world, case)
            if world.case(case.id).status != "open":
                break
        world.assert_replays(case.id)
    finally:
        world.close()


@pytest.mark.duty("R10")
def test_an_objection_at_the_instant_the_notice_ends_hears_that_it_has_ended(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.to_notice(case)
    world.session.commit()
    world.clock.set(world.day(6, 0))  # and no timer has been fired yet
    data = {"matter": "家中有车", "raised_on": world.today.isoformat()}
    with pytest.raises(Conflict, match="公示已于2022年5月10日期满，这一天以后提出的"):
        messages.send(world.session, world.official("cun"), case.id, "objection", data, clock=world.clock)
    world.clock.set(world.day(5, 23))
    messages.send(
        world.session,
        world.official("cun"),
        case.id,
        "objection",
        {**data, "raised_on": world.today.isoformat()},
        clock=world.clock,
    )
    assert "examine_objection" in world.open_items(case)


def _late(
    world: World, case: CaseFile, day: int, username: str = "cun", reason: str = "村民晚上送来"
) -> None:
    """An objection of a day of the story is entered now."""
    data = {"matter": "家中有车", "raised_on": world.day(day).date().isoformat(), "late_reason": reason}
    world.session.commit()
    messages.send(world.session, world.official(username), case.id, "objection", data, clock=world.clock)


@pytest.mark.duty("R10", "R15")
@pytest.mark.parametrize("seen_to", [True, False])
def test_an_objection_of_the_last_day_counts_as_long_as_the_next_step_is_open(
    small_world: World, seen_to: bool
) -> None:
    world = small_world
    case = world.enter()
    world.to_notice(case)
    if seen_to:
        world.go_to(8)
    else:  # the scheduler is behind
        world.session.commit()
        world.clock.set(world.day(8))
    with pytest.raises(Invalid, match="请写明当天没有登记的原因"):
        _late(world, case, 5, reason=" ")
    with pytest.raises(Conflict, match="公示已于2022年5月10日期满，这一天以后提出的"):
        _late(world, case, 6)
    assert _statuses(world) == {}
    client = signed_in(application(world), world.official("cun"))
    if seen_to:
        assert "补登公示期内的异议" in client.get(f"/cases/{case.id}").text
    _late(world, case, 5)
    assert set(world.open_items(case)) == {"examine_objection"}
    notice = world.session.scalars(select(Notice)).one()
    assert notice.status == "open" and notice.closed_at is None
    told = select(Notification.text).where(Notification.kind == "backdated")
    assert ["村民晚上送来" in one for one in world.session.scalars(told)] == [True]
    assert "当天没有登记的原因：村民晚上送来" in client.get(f"/cases/{case.id}").text
    _late(world, case, 4, "xiang")  # while one is examined, as before
    for _ in range(2):
        world.finish(case, "examine_objection", "xiang", outcome="dismissed", finding="已过户")
    assert set(world.open_items(case)) == {"end_notice"}  # it has hung its days: no new ones
    world.assert_replays(case.id)
    _late(world, case, 3)
    world.finish(case, "examine_objection", "xiang", outcome="upheld_changed", finding="确有")
    assert set(world.open_items(case)) == {"reverify"}
    world.assert_replays(case.id)


@pytest.mark.duty("R10")
def test_once_the_result_has_gone_up_an_objection_is_the_townships(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.to_notice(case)
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    with pytest.raises(Conflict, match="结果已经上报，不能登记异议；公示结束后的情况请向乡级审核人反映"):
        _late(world, case, 5)
    item = world.open_items(case)["review"]
    return_to(world.session, world.official("xiang"), item.id, None, "还有异议", clock=world.clock)
    _late(world, case, 5)
    assert set(world.open_items(case)) == {"examine_objection"}
    _back(world, case, world.open_items(case)["examine_objection"], "post_notice", "xiang")
    world.finish(case, "post_notice", "cun")
    assert set(world.open_items(case)) == {"examine_objection"}
    world.assert_replays(case.id)


EARLIER = re.sub(
    rb'<bpmn:boundaryEvent id="objection_entered".*?</bpmn:serviceTask>',
    b"",
    (ROOT / "bpmn" / "public_notice.bpmn").read_bytes(),
    flags=re.DOTALL,
)
for _element in ("objection_entered", "reopen_notice"):
    EARLIER = re.sub(
        rb"\s*<bpmn:(sequenceFlow|flowNodeRef|outgoing|incoming)[^\n]*\b" + _element.encode() + rb"\b[^\n]*",
        b"",
        EARLIER,
    )
"""The notice as earlier versions drew it, without a way for what was entered late."""


@pytest.mark.duty("R10", "R15", "C5")
@pytest.mark.parametrize("seen_to", [True, False])
def test_a_version_that_draws_no_late_entry_takes_one_all_the_same(small_world: World, seen_to: bool) -> None:
    world = small_world
    deploy(world, EARLIER, "补登以前的公示")
    case = world.enter()
    world.to_notice(case)
    assert "objection_entered" not in definitions.load(world.session, case.version_id).elements
    if seen_to:
        world.go_to(18)  # the fifteen days have passed as well
    else:
        world.session.commit()
        world.clock.set(world.day(18))
    client = signed_in(application(world), world.official("cun"))
    if seen_to:
        page = client.get(f"/cases/{case.id}/messages/objection").text
        assert "已于2022年5月10日期满" in page
    with pytest.raises(Invalid, match="请写明当天没有登记的原因"):
        _late(world, case, 5, reason=" ")
    with pytest.raises(Conflict, match="这一天以后提出的"):
        _late(world, case, 6)
    _late(world, case, 5)
    assert set(world.open_items(case)) == {"examine_objection", "explain_delay"}
    notice = world.session.scalars(select(Notice)).one()
    assert notice.status == "open" and notice.closed_at is None
    told = select(Notification.text).where(Notification.kind == "backdated")
    assert ["村民晚上送来" in one for one in world.session.scalars(told)] == [True]
    world.assert_replays(case.id)
    world.finish(case, "examine_objection", "xiang", outcome="dismissed", finding="已过户")
    assert "end_notice" in world.open_items(case)  # it has hung its days: no new ones
    world.assert_replays(case.id)
    _late(world, case, 3)
    world.finish(case, "examine_objection", "xiang", outcome="upheld_changed", finding="确有")
    assert "reverify" in world.open_items(case)
    world.assert_replays(case.id)
    assert list(verification.verify(world.session)) == []


@pytest.mark.duty("R10", "R38")
def test_an_objection_is_kept_with_its_form_by_whom_and_with_its_hash(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.to_notice(case)
    data = {"matter": "家中有车", "raised_on": world.today.isoformat(), "raised_by": "李四"}
    messages.send(world.session, world.official("xiang"), case.id, "objection", data, clock=world.clock)
    world.session.commit()
    kept = world.session.scalars(select(Submission).where(Submission.form_key == "objection")).one()
    assert (kept.data["matter"], kept.data["raised_by"]) == ("家中有车", "李四")
    assert kept.submitted_by == world.official("xiang").id and len(kept.form_sha256) == 64
    entry = next(one for one in audit.history(world.session, case.id) if isinstance(one.line, lines.Caught))
    assert entry.line.submission == kept.id and entry.line.sha == audit.digest(kept.data)
    page = signed_in(application(world), world.official("cun")).get(f"/cases/{case.id}").text
    assert "收到异议" in page and "李四" in page
    world.assert_replays(case.id)
