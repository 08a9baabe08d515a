"""回放: finished cases on another version, in simulated time with the delays that people had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from engine.casework import audit, definitions
from engine.casework.definitions import resources_of_version
from engine.casework.models import CaseFile, ProcedureVersion, RehearsalEntry
from engine.casework.organisation import calendar
from engine.casework.step.submissions import submissions_of
from engine.flow.diagram.resources import Resources
from engine.flow.machine.definition import Definition
from engine.flow.replay import inputs_of
from engine.ground.database import write
from engine.ground.errors import Conflict
from engine.owners import drafting
from engine.owners.rehearsal import acts, past, target
from engine.owners.rehearsal.course import Course
from engine.owners.rehearsal.report import report
from engine.owners.rehearsal.simulation import Assumption, Misfit, moved, simulate
from tests.support.moving import SEVEN, deploy, looked_at, move_all
from tests.support.world import World


def finished(world: World, while_posted: Callable[[CaseFile], None] = lambda case: None) -> CaseFile:
    """An identification from clue to archive, with days between the steps."""
    case = world.enter()
    world.go_to(1)
    world.finish(case, "verify", "cun")
    world.finish(case, "sign", "cun")
    world.go_to(2)
    world.finish(case, "submit_batch", "xiang")
    world.finish(case, "run_matching", "xian2")
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    world.go_to(4)
    while_posted(case)
    world.go_to(10)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    world.go_to(12)
    world.finish(case, "approve", "xian")
    world.finish(case, "announce", "xiang")
    world.go_to(13)
    world.finish(case, "register", "xiang")
    case = world.case(case.id)
    assert case.status == "finished"
    return case


def remembered(world: World, case: CaseFile) -> past.Past:
    inputs = inputs_of(audit.history(world.session, case.id))
    definition = definitions.load(world.session, case.version_id)
    submissions = submissions_of(world.session, case.id)
    return past.remember(definition, inputs, submissions, calendar.workdays_after(world.session))


def on(
    world: World, case: CaseFile, replaced: Mapping[str, str], assumption: Assumption | None = None
) -> Course:
    """The case's course on its own version with texts of the diagrams replaced: old by new."""
    version = world.session.get_one(ProcedureVersion, case.version_id)
    kept = resources_of_version(world.session, version)

    def changed(body: bytes) -> bytes:
        for old, new in replaced.items():
            body = body.replace(old.encode(), new.encode())
        return body

    parts = {key: changed(body) for key, body in kept.part.items()}
    definition = Definition(changed(version.xml), Resources(kept.form, kept.decision, parts))
    workdays = calendar.workdays_after(world.session)
    return simulate(definition, remembered(world, case), workdays, assumption or Assumption()).course


def test_a_finished_case_on_its_own_version_differs_in_nothing(small_world: World) -> None:
    case = finished(small_world)
    old, new = remembered(small_world, case).course, on(small_world, case, {})
    assert (new.happenings, new.desks, new.missed, new.ended) == (
        old.happenings,
        old.desks,
        old.missed,
        old.ended,
    )


FIVE, SEVEN_DAYS = "days after(notice.posted_on, 5)", "days after(notice.posted_on, 7)"
NEW_STEP = {
    '<bpmn:userTask id="announce" name="结果公告">': """<bpmn:userTask id="inspect" name="抽查">
      <bpmn:extensionElements>
        <spiffworkflow:properties><spiffworkflow:property name="formKey" value="registration" />
        <spiffworkflow:property name="variable" value="inspection" /></spiffworkflow:properties>
      </bpmn:extensionElements></bpmn:userTask>
      <bpmn:sequenceFlow id="flow_inspect__announce" sourceRef="inspect" targetRef="announce" />
      <bpmn:userTask id="announce" name="结果公告">""",
    'sourceRef="prepare_announcement" targetRef="announce"': 'sourceRef="prepare_announcement" '
    'targetRef="inspect"',
}
"""A step between the announcement's preparation and its posting."""


def test_a_notice_of_seven_days_shifts_what_follows_and_people_take_as_long_as_they_took(
    small_world: World,
) -> None:
    case = finished(small_world)
    old, new = remembered(small_world, case).course, on(small_world, case, {FIVE: SEVEN_DAYS})
    assert new.path() == old.path() | new.path()  # everything that was done is done
    assert old.ended and new.ended and new.ended - old.ended == timedelta(days=2)
    assert new.days == (old.days or 0) + 2


def test_the_limit_passes_when_the_shift_takes_the_approval_behind_it(small_world: World) -> None:
    case = finished(small_world)
    course = on(small_world, case, {FIVE: "days after(notice.posted_on, 14)"}, Assumption(defaults=True))
    assert not remembered(small_world, case).course.missed
    assert [one.element_id for one in course.missed] == ["limit_15"]


def test_a_new_step_without_an_answer_is_named_and_with_the_assumption_done_after_so_many_days(
    small_world: World,
) -> None:
    case = finished(small_world)
    old = remembered(small_world, case).course
    with pytest.raises(Misfit, match="抽查"):
        on(small_world, case, NEW_STEP)
    new = on(small_world, case, NEW_STEP, Assumption(defaults=True, after=3))
    assert new.more(old) == {"抽查": 1}
    assert new.ended and old.ended and new.ended - old.ended == timedelta(days=3)


@pytest.mark.duty("C5")
def test_a_draft_of_the_notice_is_replayed_on_the_procedures_that_call_it(world: World) -> None:
    finished(world)
    owner, now = world.official("liucheng"), world.clock.now()
    draft = drafting.create(world.session, owner, name="公示改为7天", procedure_key="public_notice", now=now)
    longer = draft.xml.replace(FIVE.encode(), SEVEN_DAYS.encode()).replace(
        "公示满5天".encode(), "公示满7天".encode()
    )
    drafting.save(world.session, owner, draft.id, draft.revision, now, diagram=longer)
    wanted = target.of_draft(world.session, owner, draft.id)
    assert "identification" in wanted.procedures
    act = acts.begin(world.session, owner, wanted, Assumption(), cases=10, now=now)
    assert acts.counts(world.session, act) == {"pending": 0, "same": 0, "differs": 1, "misfit": 0}
    found = report(world.session, act)
    assert found.days and found.days.new_median - found.days.old_median == 2
    assert not found.reasons and not found.added and not found.left_out
    entry = acts.entries(world.session, act, "differs").items
    assert (
        acts.openable(world.session, owner, entry) == frozenset()
    )  # an owner of procedures sees no households


def test_every_finished_case_of_a_history_is_the_same_on_its_own_version(small_world: World) -> None:
    finished(small_world)
    owner = small_world.official("liucheng")
    wanted = target.of_version(small_world.session, owner, "identification", 1)
    act = acts.begin(small_world.session, owner, wanted, Assumption(), cases=10, now=small_world.clock.now())
    assert acts.counts(small_world.session, act)["same"] == act.total


@pytest.mark.duty("C5")
def test_a_case_that_was_moved_while_it_ran_is_replayed_on_the_version_it_came_to(small_world: World) -> None:
    world = small_world
    owner = world.official("liucheng")

    def move(case: CaseFile) -> None:
        assert move_all(world, looked_at(world, deploy(world, SEVEN)))["moved"] == 1

    case = finished(world, move)
    old, new = remembered(world, case).course, on(world, case, {})
    assert (new.happenings, new.desks, new.missed, new.ended) == (
        old.happenings,
        old.desks,
        old.missed,
        old.ended,
    )
    back = on(world, case, {SEVEN_DAYS: FIVE})
    assert old.ended and back.ended and old.ended - back.ended == timedelta(days=2)
    act = acts.begin(
        world.session,
        owner,
        target.of_version(world.session, owner, "identification", 2),
        Assumption(),
        cases=10,
        now=world.clock.now(),
    )
    assert acts.counts(world.session, act)["same"] == act.total == 1


def test_a_draft_that_changes_meanwhile_stops_its_replay(small_world: World) -> None:
    finished(small_world)
    session, owner, now = small_world.session, small_world.official("liucheng"), small_world.clock.now()
    draft = drafting.create(session, owner, name="公示改为7天", procedure_key="public_notice", now=now)
    act = acts.begin(
        session, owner, target.of_draft(session, owner, draft.id), Assumption(), cases=1, now=now
    )
    drafting.save(
        session,
        owner,
        draft.id,
        draft.revision,
        now,
        diagram=draft.xml.replace(FIVE.encode(), SEVEN_DAYS.encode()),
    )
    with pytest.raises(Conflict, match="重新回放"):
        acts.go_on(session, owner, act.id, target.of_draft(session, owner, draft.id))


def test_a_replay_is_stopped_and_keeps_what_it_has(small_world: World) -> None:
    finished(small_world)
    session, owner = small_world.session, small_world.official("liucheng")
    wanted = target.of_version(session, owner, "identification", 1)
    act = acts.begin(session, owner, wanted, Assumption(), cases=1, now=small_world.clock.now())
    with write(session):
        session.execute(update(RehearsalEntry).values(status="pending", facts={}))
    acts.stop(session, owner, act.id, small_world.clock)
    assert acts.counts(session, acts.go_on(session, owner, act.id, wanted))["pending"] == 1
    assert report(session, act).days is None


def test_dates_written_on_or_after_the_opening_move_and_earlier_ones_stay() -> None:
    opened = date(2022, 5, 5)
    told = {
        "born": "1980-01-01",
        "posted": "2022-05-06",
        "rows": [{"at": "2022-05-05T09:00:00+08:00"}],
        "n": 3,
        "t": "2022-99-99",
    }
    assert moved(told, 2, opened) == {
        "born": "1980-01-01",
        "posted": "2022-05-08",
        "rows": [{"at": "2022-05-07T09:00:00+08:00"}],
        "n": 3,
        "t": "2022-99-99",
    }
