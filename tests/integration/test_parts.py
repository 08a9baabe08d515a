"""Parts: diagrams drawn once and called by others, with versions of their own."""

from __future__ import annotations

import pytest

from engine.casework import definitions
from engine.casework.definitions import deployment
from engine.flow.check import check
from engine.flow.diagram.resources import Resources, read_resources
from engine.ground.errors import DefinitionError
from engine.prevention.installation import ROOT
from tests.support.world import World

NOTICE = (ROOT / "bpmn" / "public_notice.bpmn").read_bytes()
SEVEN = NOTICE.replace(b"days after(notice.posted_on, 5)", b"days after(notice.posted_on, 7)")


def _deploy(world: World, body: bytes) -> int:
    resources = definitions.resources_in_force(world.session, None)
    return deployment.deploy(world.session, None, body, resources, "公示改为 7 天", world.clock.now()).number


@pytest.mark.duty("C1", "C5", "R10")
def test_a_new_version_of_a_part_takes_its_callers_along_and_leaves_running_cases_alone(
    small_world: World,
) -> None:
    old = small_world.enter()
    before = definitions.current(small_world.session, "identification").number
    assert _deploy(small_world, SEVEN) == 2
    current = definitions.current(small_world.session, "identification")
    assert current.number == before + 1 and "公示与异议" in current.note
    new = small_world.enter(name="李四", id_number="", address="西沟2号")
    for case in (old, new):
        small_world.to_notice(case)
    small_world.go_to(6, 0)
    assert "end_notice" in small_world.open_items(old) and "end_notice" not in small_world.open_items(new)
    small_world.go_to(8, 0)
    assert "end_notice" in small_world.open_items(new)
    for case in (old, new):
        small_world.assert_replays(case.id)


@pytest.mark.duty("C5")
def test_a_part_that_would_break_a_caller_is_refused_and_nothing_changes(small_world: World) -> None:
    clash = NOTICE.replace(b'"close_notice"', b'"appraise"').replace(b">close_notice<", b">appraise<")
    with pytest.raises(DefinitionError) as refused:
        _deploy(small_world, clash)
    assert any(f.element_id == "appraise" and "重复" in f.message for f in refused.value.findings)
    assert definitions.current(small_world.session, "public_notice").number == 1
    assert definitions.current(small_world.session, "identification").number == 1


def test_a_call_of_a_part_that_does_not_exist_is_found() -> None:
    body = (ROOT / "bpmn" / "identification.bpmn").read_bytes()
    resources = read_resources(ROOT)
    without = Resources(resources.form, resources.decision)
    assert any(f.element_id == "notice" and "public_notice" in f.message for f in check(body, without)[1])


def test_parts_that_call_each_other_in_a_circle_are_found() -> None:
    def calling(key: str, called: str) -> bytes:
        body = (ROOT / "bpmn" / f"{key}.bpmn").read_bytes()
        call = f'<bpmn:callActivity id="again" name="x" calledElement="{called}" />'.encode()
        return body.replace(b"<bpmn:startEvent ", call + b"<bpmn:startEvent ", 1)

    notice, review = (
        calling("public_notice", "review_and_approval"),
        calling("review_and_approval", "public_notice"),
    )
    parts = Resources(part={"public_notice": notice, "review_and_approval": review})
    found = check(notice, read_resources(ROOT) | parts)[1]
    assert any("绕一圈" in f.message for f in found), found


def test_settings_are_refused_where_they_would_be_ignored() -> None:
    body = NOTICE.replace(b'name="list" value="notice"', b'name="set:x" value="1"')
    assert any("会被忽略" in f.message for f in check(body, read_resources(ROOT))[1])


@pytest.mark.parametrize(("key", "sentence"), [("public_notice", "公用环节"), ("nothing", "没有启用的版本")])
def test_neither_a_part_nor_what_is_not_in_force_opens_a_case(
    small_world: World, key: str, sentence: str
) -> None:
    from engine.casework import acts
    from engine.ground.errors import NotFound
    from engine.prevention.models import Household

    case = small_world.enter()
    household = small_world.session.get_one(Household, case.household_id)
    official, clock = small_world.official("cun"), small_world.clock
    with pytest.raises(NotFound, match=sentence):
        acts.start_case(small_world.session, official, key, household, {}, clock=clock)
