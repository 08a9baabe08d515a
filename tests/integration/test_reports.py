"""What reaches a case from outside: only who may do a step may report it, with the step's own form (R08, R09,
R29).
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from engine.casework import definitions
from engine.casework.acts import messages
from engine.casework.models import CaseFile, Submission, WorkItem
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound, ShouwangError
from tests.integration.test_clearance import propose, to_hearing
from tests.support import papers
from tests.support.template import OFFICIALS
from tests.support.world import World


def _report(world: World, case: CaseFile, username: str, name: str, data: dict[str, Any]) -> bool:
    return messages.send(world.session, world.official(username), case.id, name, data, clock=world.clock)


def _at(world: World, last: str) -> CaseFile:
    """A case that has come as far as the step `last`."""
    case = world.enter()
    for step, who in (("verify", "cun"), ("sign", "cun"), ("submit_batch", "xiang")):
        if step == last:
            break
        world.finish(case, step, who)
    return case


@pytest.mark.duty("R08", "R09", "R12")
@pytest.mark.parametrize(
    ("step", "name", "who"),
    [
        ("sign", "authorisation", {"cun", "cun2"}),
        ("run_matching", "matching_result", {"xian", "xian2"}),
    ],
)
def test_nobody_but_those_of_the_step_reports_it(
    small_world: World, step: str, name: str, who: set[str]
) -> None:
    case = _at(small_world, step)
    for username, *_ in OFFICIALS:
        with pytest.raises(ShouwangError) as refused:
            _report(small_world, case, username, name, {})
        expected = (Invalid,) if username in who else (NotAllowed, NotFound)
        assert isinstance(refused.value, expected), username
    assert step in small_world.open_items(case)
    small_world.assert_replays(case.id)


@pytest.mark.duty("R08", "R12")
def test_a_result_that_was_reported_is_kept_as_the_step_done(small_world: World) -> None:
    world = small_world
    case = _at(world, "run_matching")
    item = world.open_items(case)["run_matching"]
    data = papers.paper("matching_result", world.today, world.upload("xian2", item))
    assert _report(world, case, "xian2", "matching_result", data)
    world.session.refresh(item)
    assert (item.status, item.closed_by) == ("done", world.official("xian2").id)
    kept = world.session.scalars(select(Submission).where(Submission.work_item_id == item.id)).one()
    assert kept.data["effect"] == "none"
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    with pytest.raises(NotAllowed, match="办理过本事项"):
        world.finish(case, "approve", "xian2")
    world.finish(case, "approve", "xian")
    world.assert_replays(case.id)


@pytest.mark.duty("R08")
def test_a_result_before_the_letter_waits_nowhere(small_world: World) -> None:
    case = _at(small_world, "sign")
    with pytest.raises(Conflict, match="不接收"):
        _report(small_world, case, "xian2", "matching_result", {"effect": "none"})
    item = small_world.open_items(case)["sign"]
    refusal = {"signed": "no", "refusal_reason": "担心影响子女"}
    assert _report(small_world, case, "cun", "authorisation", refusal)
    assert set(small_world.open_items(case)) == {
        "unauthorised"
    }  # as when the step itself had been finished so
    assert small_world.session.get_one(WorkItem, item.id).outcome == "收到授权书"
    small_world.assert_replays(case.id)


@pytest.mark.duty("R19", "R29")
def test_no_person_sends_what_only_the_register_says(small_world: World) -> None:
    """A change of the register, a clue: whatever a diagram of ours listens to without a form."""
    case = small_world.assistance()
    open_before = set(small_world.open_items(case))
    drawn = definitions.load(small_world.session, case.version_id).elements.values()
    named = {element.message for element in drawn} - {None}
    assert "household_cleared" in named
    for name in sorted(named):
        for username in ("xiang", "xian", "sheng", "ducha"):
            with pytest.raises(Invalid, match="不从外面接收"):
                _report(small_world, case, username, str(name), {"on": "2022-05-11"})
    assert set(small_world.open_items(case)) == open_before


@pytest.mark.duty("R29")
def test_who_supervises_does_not_answer_for_the_household(small_world: World) -> None:
    case = propose(small_world)
    to_hearing(small_world, case)
    answer = papers.paper("household_answer", small_world.today, "")
    with pytest.raises(NotAllowed, match="只能查看"):
        _report(small_world, case, "ducha", "household_answer", answer)
    assert _report(small_world, case, "xiang", "household_answer", answer)
