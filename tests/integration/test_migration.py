"""Running cases moved to another version on purpose (S16),
through the step transaction and on both databases.
"""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from engine.casework import acts, audit
from engine.casework.models import CaseFile, Draft, LogEntry, MigrationEntry, Timer, WorkItem
from engine.casework.portions import moving, plan
from engine.flow.replay.relocation import Wish
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed
from tests.support import many
from tests.support.moving import SEVEN, deploy, looked_at, move_all
from tests.support.world import World


def due(world: World, case: CaseFile) -> object:
    query = select(Timer.due_at).where(
        Timer.case_id == case.id, Timer.element_id == "notice_over", Timer.status == "waiting"
    )
    return world.session.scalar(query)


@pytest.mark.duty("R10", "C5")
def test_s16_thirty_waiting_notices_and_twenty_that_have_not_reached_it(world: World) -> None:
    waiting = many.to_notice(world, 30)
    world.go_to(2)
    early = [world.enter("cuncun", name=f"后来{n}", address=f"东沟{n}号", id_number="") for n in range(20)]
    version = deploy(world, SEVEN)
    newcomer = world.enter("cuncun", name="新来户", address="东沟99号", id_number="")
    world.session.commit()
    assert world.case(newcomer.id).version_id == version.id
    assert {due(world, case) for case in waiting} == {world.day(6, 0)}  # the old version goes on as it was

    act = looked_at(world, version)
    assert moving.counts(world.session, act) == {
        "pending": 0,
        "fits": 50,
        "misfit": 0,
        "moved": 0,
        "refused": 0,
    }
    shown = {entry.case_id: entry for entry in world.session.scalars(select(MigrationEntry)).all()}
    (change,) = [c for c in plan.changes(shown[waiting[0].id]) if c.due_before]
    assert (change.before, change.after) == ("公示满5天", "公示满7天")
    assert (change.due_before, change.due_after) == (world.day(6, 0).isoformat(), world.day(8, 0).isoformat())
    assert moving.changed(world.session, act, "fits") == 30
    assert {entry.case_id for entry in moving.entries(world.session, act, "fits").items} <= {
        c.id for c in waiting
    }
    assert plan.changes(shown[early[0].id]) == [] and plan.stands(shown[early[0].id]) == ["入户核实"]
    assert {due(world, case) for case in waiting} == {world.day(6, 0)}  # looking changes nothing

    assert move_all(world, act)["moved"] == 50
    assert {due(world, case) for case in waiting} == {
        world.day(8, 0)
    }  # from the posting day, not from the move
    assert all(world.case(case.id).version_id == version.id for case in [*waiting, *early])
    (line,) = [e for e in audit.history(world.session, waiting[0].id) if e.kind == "move"]
    assert line.actor_id == world.official("liucheng").id and line.data["version"] == version.number
    world.go_to(7)
    assert not world.session.scalars(select(WorkItem.id).where(WorkItem.element_id == "end_notice")).all()
    world.go_to(8, 0)
    for case in waiting:
        assert "end_notice" in world.open_items(case)
    for case in (waiting[0], early[0]):
        world.assert_replays(case.id)


@pytest.mark.duty("C5")
def test_a_case_moves_there_and_back_and_its_notice_is_not_shown_twice(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.to_notice(case)
    world.go_to(2)
    old = world.case(case.id).version
    new = deploy(world, SEVEN)
    assert move_all(world, looked_at(world, new))["moved"] == 1
    assert due(world, case) == world.day(8, 0)
    back = looked_at(world, old)
    assert moving.counts(world.session, back)["misfit"] == 1  # the sheet says seven days
    world.go_to(8, 0)
    world.finish(case, "end_notice", "cun")
    assert move_all(world, looked_at(world, old))["moved"] == 1
    assert set(world.open_items(case)) == {"review"}
    world.go_to(20)
    query = select(LogEntry).where(LogEntry.stream == f"case:{case.id}", LogEntry.element_id == "notice_over")
    assert [e.kind for e in world.session.scalars(query)] == ["timer"]  # never fired again
    world.assert_replays(case.id)


@pytest.mark.duty("C5")
def test_claims_and_drafts_stay_and_a_step_finished_before_the_move_can_still_be_taken_back(
    small_world: World,
) -> None:
    world = small_world
    case = world.enter()
    world.finish(case, "verify", "cun")
    item = world.open_items(case)["sign"]
    acts.claim(world.session, world.official("cun"), item.id, clock=world.clock)
    acts.save_draft(world.session, world.official("cun"), item.id, {"remark": "写到一半"}, clock=world.clock)
    assert move_all(world, looked_at(world, deploy(world, SEVEN)))["moved"] == 1
    kept = world.open_items(case)["sign"]
    assert (kept.id, kept.claimed_by) == (item.id, world.official("cun").id)
    assert world.session.scalars(select(Draft.data).where(Draft.work_item_id == item.id)).one() == {
        "remark": "写到一半"
    }
    world.finish(case, "sign", "cun")
    done = world.session.scalars(
        select(WorkItem).where(WorkItem.case_id == case.id, WorkItem.element_id == "verify")
    ).one()
    acts.return_to(
        world.session,
        world.official("xiang"),
        world.open_items(case)["submit_batch"].id,
        None,
        "签字不清",
        clock=world.clock,
    )
    assert set(world.open_items(case)) == {"sign"}
    target = acts.return_targets(world.session, world.official("cun"), world.open_items(case)["sign"].id)
    assert [one.element_id for one in target] == ["verify"]
    acts.return_to(
        world.session,
        world.official("cun"),
        world.open_items(case)["sign"].id,
        target[0].seq,
        "核实有误",
        clock=world.clock,
    )
    assert set(world.open_items(case)) == {"verify"} and done.status == "done"
    world.assert_replays(case.id)


@pytest.mark.duty("C5")
def test_a_case_that_was_worked_on_after_it_was_shown_is_not_moved(small_world: World) -> None:
    world = small_world
    case, other = world.enter(), world.enter(name="李四", id_number="", address="西沟2号")
    act = looked_at(world, deploy(world, SEVEN))
    before = world.case(case.id).version_id
    world.finish(case, "verify", "cun")
    assert move_all(world, act) == {"pending": 0, "fits": 0, "misfit": 0, "moved": 1, "refused": 1}
    (refused,) = moving.entries(world.session, act, "refused").items
    assert refused.case_id == case.id and "看过之后" in refused.text
    assert world.case(case.id).version_id == before != world.case(other.id).version_id


@pytest.mark.duty("C5")
def test_a_step_that_fails_at_the_move_leaves_the_case_as_it_was(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = small_world
    case = world.enter()
    act = looked_at(world, deploy(world, SEVEN))
    before = world.case(case.id)
    state, seq = before.state, before.log_seq
    monkeypatch.setattr("engine.casework.step.steps.Step.finish", lambda *_: 1 / 0)
    assert move_all(world, act)["refused"] == 1
    monkeypatch.undo()
    after = world.case(case.id)
    assert (after.state, after.log_seq, after.version_id) == (state, seq, before.version_id)
    assert "没有变动" in moving.entries(world.session, act, "refused").items[0].text
    world.finish(case, "verify", "cun")
    world.assert_replays(case.id)


@pytest.mark.duty("C5")
def test_who_may_move_what_and_what_is_refused_beforehand(small_world: World) -> None:
    world = small_world
    world.enter()
    version = deploy(world, SEVEN)
    with pytest.raises(NotAllowed):
        moving.begin(world.session, world.official("xian"), version, Wish(), clock=world.clock)
    with pytest.raises(Invalid, match="不存在"):
        moving.begin(
            world.session, world.official("liucheng"), version, Wish({"verify": "sign"}), clock=world.clock
        )
    act = looked_at(world, version)
    with pytest.raises(Invalid, match="请写明为什么迁移"):
        moving.confirm(world.session, world.official("liucheng"), act.id, " ", clock=world.clock)
    moving.stop(world.session, world.official("liucheng"), act.id, world.clock)
    with pytest.raises(Conflict, match="已停止"):
        moving.confirm(world.session, world.official("liucheng"), act.id, "不行", clock=world.clock)
    with write(world.session):
        world.session.execute(update(CaseFile).values(status="finished"))
    with pytest.raises(Invalid, match="没有在其他版本上"):
        moving.begin(world.session, world.official("liucheng"), version, Wish(), clock=world.clock)
