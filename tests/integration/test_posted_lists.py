"""A notice lists a household by its head and the people of the review's day; when they change, another
list hangs its own five days (R10, domain S11).
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from engine.casework.acts import return_targets, return_to
from engine.casework.models import CaseFile
from engine.ground.errors import Invalid
from engine.prevention.identification.notices import objections
from engine.prevention.models import Notice
from engine.prevention.register.members import taking_back
from tests.support import members, stages
from tests.support.world import World


def _notices(world: World, case: CaseFile) -> list[Notice]:
    world.session.commit()
    query = select(Notice).where(Notice.case_id == case.id).order_by(Notice.id)
    return list(world.session.scalars(query.execution_options(populate_existing=True)))


def _posted(world: World) -> CaseFile:
    case = world.enter()
    world.to_notice(case)
    return case


def _object(world: World, case: CaseFile) -> None:
    data = {"matter": "家里有车", "raised_on": world.today.isoformat()}
    objections.raise_objection(world.session, world.official("cun"), case.id, data, clock=world.clock)


@pytest.mark.duty("R10", "R38")
def test_the_head_dies_on_day_two_and_another_notice_hangs_five_full_days(world: World) -> None:
    case = _posted(world)
    world.go_to(2)
    members.record(world, case.household_id, "death", member="王建国", head="李秀英")
    (old,) = _notices(world, case)
    assert old.status == "superseded" and old.listed == {"head": "王建国", "size": 2, "review": "2022-05-05"}
    assert "reverify" in world.open_items(case)
    world.go_to(3)
    family = world.last_submission(case, "verification")["members"][1:]
    widow = {**family[0], "relation": "head"}
    world.finish(case, "reverify", "cun", members=[widow])
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    new = _notices(world, case)[-1]
    assert new.listed == {"head": "李秀英", "size": 1, "review": "2022-05-08"} and "李秀英" in new.text
    world.go_to(8)
    assert "end_notice" not in world.open_items(case)  # R10: five days of its own
    world.go_to(9)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian")
    assert world.case(case.id).subject == "李秀英"
    world.assert_replays(case.id)


CHANGES: dict[str, tuple[str, dict[str, Any], int, bool]] = {
    "a child is born after the review": ("birth", members.CHILD, 2, False),
    "a child was born on the day of the review": ("birth", members.CHILD, 0, True),
    "the wife dies after the review": ("death", {"member": "李秀英"}, 2, False),
    "the wife had died before the review": ("death", {"member": "李秀英"}, -1, True),
    "another is the head": ("head", {"head": "李秀英"}, 2, True),
    "the head's name was misspelt": ("corrected", {"member": "王建国", "name": "王建囯"}, 2, True),
    "the wife's name was misspelt": ("corrected", {"member": "李秀英", "name": "李秀瑛"}, 2, False),
}


@pytest.mark.duty("R10", "R38")
@pytest.mark.parametrize(("kind", "typed", "day", "another"), list(CHANGES.values()), ids=list(CHANGES))
def test_what_changes_the_posted_list(
    small_world: World, kind: str, typed: dict[str, Any], day: int, another: bool
) -> None:
    world = small_world
    case = _posted(world)
    world.go_to(2)
    on = world.day(day).date().isoformat()
    members.record(world, case.household_id, kind, "xiang", happened_on=on, **typed)
    (notice,) = _notices(world, case)
    assert (notice.status == "superseded") is another
    assert ("reverify" in world.open_items(case)) is another
    if not another:
        world.go_to(6)
        assert "end_notice" in world.open_items(case)  # not a day later than posted
    world.assert_replays(case.id)


@pytest.mark.duty("R10", "R38")
def test_a_change_during_an_objection_is_looked_at_when_the_objection_is_decided(small_world: World) -> None:
    world = small_world
    case = _posted(world)
    world.go_to(1)
    _object(world, case)
    members.record(world, case.household_id, "head", head="李秀英")
    assert set(world.open_items(case)) == {"examine_objection"}
    world.finish(case, "examine_objection", "xiang", outcome="dismissed")
    assert _notices(world, case)[0].status == "superseded" and "reverify" in world.open_items(case)
    world.assert_replays(case.id)


@pytest.mark.duty("R10", "R38")
def test_a_change_before_the_notice_is_in_it(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.finish(case, "verify", "cun")
    members.record(world, case.household_id, "birth", **members.CHILD)
    for element_id, who in (("sign", "cun"), ("submit_batch", "xiang"), ("run_matching", "xian2")):
        world.finish(case, element_id, who)
    world.finish(case, "appraise", "cun")
    told = world.last_submission(case, "appraisal")["members_text"]  # domain S11: who reviews knows of it
    assert told.startswith("2022年5月5日出生王小宝。评议之日以前发生的，先退回核实")
    world.finish(case, "post_notice", "cun")
    (notice,) = _notices(world, case)
    assert (notice.status, notice.listed) == ("open", {"head": "王建国", "size": 3, "review": "2022-05-05"})
    world.go_to(6)
    assert "end_notice" in world.open_items(case)
    world.assert_replays(case.id)


@pytest.mark.duty("R10", "R38")
@pytest.mark.parametrize("kind", ["head", "birth"])
def test_a_change_after_the_last_day_and_before_the_report(small_world: World, kind: str) -> None:
    world = small_world
    case = _posted(world)
    world.go_to(6)
    assert "end_notice" in world.open_items(case)
    typed = {"head": {"head": "李秀英"}, "birth": members.CHILD}[kind]
    members.record(world, case.household_id, kind, **typed)
    world.finish(case, "end_notice", "cun")
    assert ("reverify" if kind == "head" else "review") in world.open_items(case)
    world.assert_replays(case.id)


@pytest.mark.duty("R10", "R38", "R12")
def test_with_the_township_and_the_county_a_changed_list_is_not_approved(small_world: World) -> None:
    world = small_world
    case = _posted(world)
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    members.record(world, case.household_id, "birth", **members.CHILD)
    world.finish(case, "review", "xiang")  # born after the review: the list is the same
    told = world.last_submission(case, "township_review")["members_text"]
    assert "公示户主王建国，2人（以2022年5月5日评议之日的成员为准）" in told
    members.record(world, case.household_id, "head", head="李秀英")
    with pytest.raises(Invalid) as refused:
        world.finish(case, "approve", "xian")
    assert "不能照原公示批准" in refused.value.fields["outcome"][0]
    item, actor = world.open_items(case)["approve"], world.official("xian")
    targets = return_targets(world.session, actor, item.id)
    seq = next(one.seq for one in targets if one.element_id == "appraise")
    return_to(world.session, actor, item.id, seq, "户主已变更", clock=world.clock)
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    assert _notices(world, case)[-1].listed == {"head": "李秀英", "size": 3, "review": "2022-05-11"}
    world.go_to(12)
    for element_id, who in (("end_notice", "cun"), ("review", "xiang"), ("approve", "xian")):
        world.finish(case, element_id, who)
    world.assert_replays(case.id)


@pytest.mark.duty("R10", "R38")
def test_a_change_taken_back_finds_the_list_as_it_was(small_world: World) -> None:

    world = small_world
    case = world.enter()
    for element_id, who in (("verify", "cun"), ("sign", "cun"), ("submit_batch", "xiang")):
        world.finish(case, element_id, who)
    world.finish(case, "run_matching", "xian2")
    world.finish(case, "appraise", "cun")
    act = members.record(world, case.household_id, "head", head="李秀英")[0].act
    taking_back.take_back(
        world.session, world.official("cun"), case.household_id, act, "看错了", clock=world.clock
    )
    world.finish(case, "post_notice", "cun")  # both changes were held until the notice hangs
    (notice,) = _notices(world, case)
    assert (notice.status, notice.listed and notice.listed["head"]) == ("open", "王建国")
    assert world.case(case.id).subject == "王建国"
    world.assert_replays(case.id)


@pytest.mark.duty("R10", "R38")
def test_a_mark_of_elimination_is_posted_anew_as_well(small_world: World) -> None:
    world = small_world
    household = stages.admitted(world)
    world.go_to(30)
    case = stages.propose(world, household)
    world.finish(case, "check", "cun", risk_checks=stages.NATURAL)
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    members.record(world, household.id, "death", member="王建国", head="李秀英")
    assert _notices(world, case)[-1].status == "superseded" and "check" in world.open_items(case)
    world.assert_replays(case.id)
