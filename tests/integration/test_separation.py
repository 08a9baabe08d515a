"""Four eyes are said on opening: in the list, on the page,
and by leaving the household out of a bulk act (R12).
"""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.casework import acts
from engine.casework.desk import views
from engine.ground.errors import NotAllowed
from engine.prevention.models import RiskClue
from tests.support.client import application, signed_in
from tests.support.world import World


@pytest.mark.duty("R12")
def test_who_prepared_a_case_hears_on_opening_that_another_decides(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.finish(case, "verify", "cun")
    world.finish(case, "sign", "cun")
    world.finish(case, "submit_batch", "xiang")
    world.finish(case, "run_matching", "xian")
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    world.go_to(world.number + 6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    item = world.open_items(case)["approve"]
    matched, other = world.official("xian"), world.official("xian2")
    assert "按规定须由他人办理" in acts.obstacles(world.session, matched, [item])[item.id]
    assert acts.obstacles(world.session, other, [item]) == {}
    view = views.task_view(world.session, matched, item.id, world.clock.now())
    assert view.barred and not view.may_complete
    with pytest.raises(NotAllowed, match="按规定须由他人办理"):
        world.finish(case, "approve", "xian")

    client = signed_in(application(world), matched)
    listed = client.get("/todo?step=identification:approve").text
    assert 'class="barred"' in listed and "按规定须由他人办理" in listed
    assert "按规定须由他人办理" in client.get(f"/tasks/{item.id}").text
    assert "按规定须由他人办理" in client.get(f"/tasks/bulk?id={item.id}").text


@pytest.mark.duty("R12")
@pytest.mark.parametrize("later", [False, True])
def test_who_brought_a_clue_of_the_case_does_not_approve_it(small_world: World, later: bool) -> None:
    world = small_world
    case = world.enter("cun" if later else "xian")
    if later:
        world.enter("xian", household_id=case.household_id)
    world.to_notice(case)
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    item, who = world.open_items(case)["approve"], world.official("xian")
    assert "由您提出" in acts.obstacles(world.session, who, [item])[item.id]
    with pytest.raises(NotAllowed, match="由您提出"):
        world.finish(case, "approve", "xian")
    clue = world.session.scalars(select(RiskClue).where(RiskClue.entered_by == who.id)).one()
    if later:  # a clue that was cancelled is nobody's
        clue.cancelled_at = world.clock.now()
        world.session.commit()
        world.finish(case, "approve", "xian")
