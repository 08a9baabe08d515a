"""What a procedure is about: its steps are where that is, its forms and conditions read what that has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.casework import kit
from engine.casework.kit import Kit, Subjects
from engine.flow.check import check
from engine.flow.diagram.resources import read_resources
from engine.flow.vocabulary import Given
from engine.prevention.installation import ROOT
from engine.prevention.kit import KIT

IDENTIFICATION = (ROOT / "bpmn" / "identification.bpmn").read_text()

_ABOUT = '<spiffworkflow:properties><spiffworkflow:property name="about" value="hazard" />'


def _never(*_: Any) -> Any:
    raise AssertionError("a check asks for no subject")


DAM = Subjects(
    kind="dam",
    words="水库",
    known_as="dam",
    level="county",
    model=None,
    first_number=2_000_000_000,
    known_since="",
    series="",
    called=str,
    look_up=_never,
    first_variables=_never,
    opens_for=_never,
    concerned=_never,
    listed=_never,
)


@pytest.fixture
def dams() -> Iterator[None]:
    """A field with another kind of subject."""
    kit.use(KIT | Kit(subjects=(DAM,), given=(Given("dam.height", "坝高", "number", about="dam"),)))
    yield
    kit.use(KIT)


def _said(about: str) -> list[str]:
    body = IDENTIFICATION.replace(
        '<spiffworkflow:property name="exclusive"',
        f'<spiffworkflow:property name="about" value="{about}" /><spiffworkflow:property name="exclusive"',
    )
    assert body != IDENTIFICATION
    _, findings = check(body.encode(), read_resources(ROOT))
    return [one.message for one in findings if one.severity == "error"]


@pytest.mark.duty("C2")
def test_nobody_below_it_has_a_step_and_nothing_of_another_kind_is_read(dams: None) -> None:
    said = _said("dam")
    assert "水库在县级，乡级没有它的待办：请移到上一级的泳道。" in said
    assert any("从农户预填，而这个流程办理的是水库" in one for one in said)
    assert any(
        "“discovery_date”没有任何步骤" in one for one in said
    )  # a condition reads what a dam does not have


@pytest.mark.duty("C1")
def test_what_there_is_not_is_refused(dams: None) -> None:
    assert any("没有“bridge”这一种" in one for one in _said("bridge"))


def test_numbers_say_which_kind_they_are_of(dams: None) -> None:
    assert kit.subjects_of(1).kind == kit.subjects_of(999_999_999).kind == ""
    assert kit.subjects_of(2_000_000_000).kind == "dam"


@pytest.mark.duty("C2", "R33")
@pytest.mark.parametrize(
    ("diagram", "old", "new", "said"),
    [
        ("hazard", "hazard.respond", "registration.admit", "只能用于农户，而这个流程办理的是规模性风险"),
        (
            "identification",
            "registration.admit",
            "hazard.respond",
            "只能用于规模性风险，而这个流程办理的是农户",
        ),
        ("hazard", 'name="about" value="hazard"', 'name="note" value=""', "只能用于规模性风险"),
        ("identification", "<spiffworkflow:properties>", _ABOUT, "调用的环节里有"),
    ],
)
def test_a_service_of_another_kind_is_refused(diagram: str, old: str, new: str, said: str) -> None:
    """It would look for a subject that the case is not about, and fail every time."""
    body = (ROOT / "bpmn" / f"{diagram}.bpmn").read_text()
    assert old in body
    _, findings = check(body.replace(old, new, 1).encode(), read_resources(ROOT))
    assert any(said in one.message for one in findings if one.severity == "error")
