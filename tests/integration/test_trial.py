"""试运行: a draft or a version on the real engine with a sample household, of which nothing stays."""

from __future__ import annotations

import time
from datetime import timedelta
from hashlib import sha256
from threading import Event, Thread

import pytest
from sqlalchemy import select

from engine.casework.models import Procedure, Setting
from engine.ground.database import create_engine, session_factory, write
from engine.ground.errors import Invalid
from engine.ground.tables import Base
from engine.owners import drafting
from engine.owners.rehearsal import target
from engine.owners.rehearsal.target import Target
from engine.owners.trial.play import play
from engine.owners.trial.script import Act, Script, dump, load
from engine.owners.trial.sight import Sight
from engine.prevention.demo.samples import HOUSEHOLDS
from engine.prevention.models import Household
from tests.support.world import World


def version(world: World, key: str = "identification") -> Target:
    return target.of_version(world.session, world.official("liucheng"), key, 1)


def script(world: World, key: str = "identification", household: str = "three") -> Script:
    return Script("试走", key, household, world.clock.now().isoformat())


def content(world: World) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and the hash of all that they hold."""
    world.session.commit()
    found = {}
    for table in Base.metadata.sorted_tables:
        rows = sorted(repr(tuple(row)) for row in world.session.execute(select(table)))
        found[table.name] = (len(rows), sha256("\n".join(rows).encode()).hexdigest())
    world.session.commit()
    return found


def names(sight: Sight) -> list[str]:
    return [task.element_id for task in sight.tasks]


@pytest.mark.duty("C5", "R33", "R36", "R40")
@pytest.mark.parametrize(
    ("key", "outcome"),
    [("hazard", "已销号"), ("summary_report", "省级已收文"), ("township_module", "已审核")],
)
def test_what_is_about_no_household_is_tried_too(small_world: World, key: str, outcome: str) -> None:
    sight = play(small_world.session, version(small_world, key), script(small_world, key), walk=True)
    assert (sight.problem, sight.outcome) == (None, outcome)


@pytest.mark.duty("C5")
def test_a_trial_walks_the_whole_procedure_and_leaves_no_row_behind(world: World) -> None:
    before = content(world)
    sight = play(world.session, version(world), script(world), walk=True)
    assert sight.problem is None
    assert sight.finished and sight.outcome == "已纳入", names(sight)
    assert ("帮扶", "正在办理") in sight.others
    assert {name for _, name, _ in sight.called} >= {
        "notice.open",
        "registration.admit",
        "announcement.prepare",
    }
    assert sight.decided and any(one.rules for one in sight.decided)
    assert content(world) == before


@pytest.mark.duty("C5")
def test_every_procedure_can_be_tried_whatever_it_is_about(small_world: World) -> None:
    keys = small_world.session.scalars(
        select(Procedure.key).where(~Procedure.part).order_by(Procedure.key)
    ).all()
    about = {key: version(small_world, key) for key in keys}
    assert {one.definition.about for one in about.values()} >= {"", "hazard", "report", "township_module"}
    for key, one in about.items():
        sight = play(small_world.session, one, script(small_world, key))
        assert sight.problem is None and (sight.tasks or sight.finished), key
        assert ("户" in sight.subject) == (not one.definition.about), sight.subject


def test_each_step_can_be_taken_otherwise_and_undone(small_world: World) -> None:
    wanted = version(small_world)
    sight = play(small_world.session, wanted, script(small_world))
    assert names(sight) == ["verify"] and sight.tasks[0].choices and sight.tasks[0].fields
    sight = play(
        small_world.session, wanted, sight.script, extra=Act("complete", "verify", sight.tasks[0].token)
    )
    assert "sign" in names(sight)
    sign = next(task for task in sight.tasks if task.element_id == "sign")
    refused = Act("complete", "sign", sign.token, {sign.choice_key: "no"})
    other = play(small_world.session, wanted, sight.script, extra=refused)
    assert "unauthorised" in names(other)
    back = play(small_world.session, wanted, other.script.without_last())
    assert (names(back), back.variables) == (names(sight), sight.variables)


def test_what_is_typed_is_checked_as_in_the_office_and_stays(small_world: World) -> None:
    wanted = version(small_world)
    first = play(small_world.session, wanted, script(small_world))
    wrong = Act("complete", "verify", first.tasks[0].token, {"phone": "12"})
    sight = play(small_world.session, wanted, first.script, extra=wrong)
    assert sight.problem is not None and "phone" in sight.problem.fields
    assert names(sight) == ["verify"] and not sight.script.acts


@pytest.mark.duty("R10")
def test_the_clock_is_moved_to_the_next_limit_and_an_objection_can_be_sent(small_world: World) -> None:
    wanted, session = version(small_world), small_world.session
    sight = play(session, wanted, script(small_world))
    while not any(one.name == "公示满5天" for one in sight.waits):
        item = sight.tasks[0]
        sight = play(session, wanted, sight.script, extra=Act("complete", item.element_id, item.token))
        assert sight.problem is None
    assert "objection" in {one.name for one in sight.messages}
    objected = play(session, wanted, sight.script, extra=Act("message", "objection"))
    assert objected.problem is None and "公示满5天" not in {one.name for one in objected.waits}
    due = next(one.due_at for one in sight.waits if one.name == "公示满5天")
    early = Act("time", to=(due - timedelta(seconds=1)).isoformat())
    later = play(session, wanted, sight.script, extra=early)
    assert "end_notice" not in names(later)
    later = play(session, wanted, later.script, extra=Act("time", to=due.isoformat()))
    assert "end_notice" in names(later) and later.now == due


@pytest.mark.parametrize("household", [*HOUSEHOLDS])
@pytest.mark.parametrize(
    "key",
    [
        "identification",
        "assistance",
        "risk_elimination",
        "rollback",
        "clearance",
        "existing_check",
        "look_back",
    ],
)
def test_every_procedure_is_walked_with_every_sample_household(
    small_world: World, key: str, household: str
) -> None:
    sight = play(
        small_world.session, version(small_world, key), script(small_world, key, household), walk=True
    )
    assert sight.problem is None
    assert sight.finished, (names(sight), sight.waits, sight.messages)


def test_a_draft_of_a_part_is_tried_in_a_procedure_that_calls_it(small_world: World) -> None:
    owner, now, session = small_world.official("liucheng"), small_world.clock.now(), small_world.session
    draft = drafting.create(session, owner, name="公示改为7天", procedure_key="public_notice", now=now)
    longer = draft.xml.replace(b"days after(notice.posted_on, 5)", b"days after(notice.posted_on, 7)")
    drafting.save(session, owner, draft.id, draft.revision, now, diagram=longer)
    before = content(small_world)
    seven = play(session, target.of_draft(session, owner, draft.id), script(small_world), walk=True)
    five = play(session, version(small_world), script(small_world), walk=True)
    assert seven.finished and seven.now - five.now == timedelta(days=2)
    assert content(small_world) == before


def test_other_work_waits_no_longer_than_the_trial_takes(world: World) -> None:
    wanted, begun, other = version(world), Event(), create_engine(world.url)
    took: list[float] = []

    def work() -> None:
        begun.wait()
        with session_factory(other)() as session:
            at = time.monotonic()
            with write(session):
                session.add(Setting(key="beside", value="1"))
            took.append(time.monotonic() - at)

    thread = Thread(target=work)
    thread.start()
    at = time.monotonic()
    begun.set()
    play(world.session, wanted, script(world), walk=True)
    played = time.monotonic() - at
    thread.join()
    other.dispose()
    assert took and took[0] <= played + 0.5
    world.session.commit()
    assert world.session.get(Setting, "beside") is not None
    assert world.session.scalar(select(Household.id).where(Household.head_name == "王示例")) is None


def test_a_trial_is_kept_as_a_file_and_what_is_no_such_file_is_refused(small_world: World) -> None:
    sight = play(small_world.session, version(small_world), script(small_world), walk=True)
    assert load(dump(sight.script)) == sight.script
    again = play(small_world.session, version(small_world), load(dump(sight.script)))
    assert (again.variables, again.finished, again.now) == (sight.variables, True, sight.now)
    for text in ("", "[]", "{}", '{"format": 1}', "[" * 100_000, '{"format": 1, "name": 3}'):
        with pytest.raises(Invalid):
            load(text)


def test_a_new_procedure_is_tried_before_it_exists(small_world: World) -> None:
    owner, session = small_world.official("liucheng"), small_world.session
    draft = drafting.create(session, owner, name="走访", now=small_world.clock.now())
    wanted = target.of_draft(session, owner, draft.id)
    (key,) = wanted.procedures
    sight = play(session, wanted, script(small_world, key), walk=True)
    assert sight.problem is None and sight.finished


def test_a_fault_of_what_is_tried_is_said_and_the_trial_stands_before_it(small_world: World) -> None:
    owner, session, now = small_world.official("liucheng"), small_world.session, small_world.clock.now()
    draft = drafting.create(session, owner, name="错参数", procedure_key="public_notice", now=now)
    broken = draft.xml.replace(
        b"""id="posted_on" type="string" value="notice.posted_on\"""",
        b"""id="posted_on" type="string" value="17\"""",
    )
    assert broken != draft.xml
    drafting.save(session, owner, draft.id, draft.revision, now, diagram=broken)
    before = content(small_world)
    sight = play(session, target.of_draft(session, owner, draft.id), script(small_world), walk=True)
    assert sight.problem is not None and "出错" in sight.problem.sentence
    assert "post_notice" in names(sight) and sight.script.acts
    assert content(small_world) == before
