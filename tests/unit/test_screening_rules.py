"""What a screening is judged by: its tables, row by row, and what may be written into them (R04, R05)."""

from __future__ import annotations

from typing import Any

import pytest

import tests.support.field  # noqa: F401  diagrams call its services
from engine.flow.check import check
from engine.flow.decisions import parse_decision
from engine.flow.diagram.resources import Resources, read_resources
from engine.prevention.installation import ROOT
from engine.prevention.screening import papers
from engine.prevention.screening.groups import KNOWN

RESOURCES = read_resources(ROOT)
DIAGRAM = (ROOT / "bpmn" / "identification.bpmn").read_bytes()
FLAGS, GROUPS = (parse_decision(RESOURCES.decision[key]) for key in ("screening_flags", "key_groups"))
FINE = {
    "declares": "no",
    "assured": "yes",
    "above_line": "yes",
    "in_group": "no",
    "unmet": None,
    "groups": None,
}


def flags(status: str = "ordinary", **changes: Any) -> list[str]:
    """The codes that the table answers."""
    given = {"screening": {**FINE, **changes}, "household": {"status": status}, "line": {"amount": 6900}}
    return [row["code"] for row in FLAGS.evaluate(given)]


@pytest.mark.duty("R05")
def test_what_goes_on_to_verification() -> None:
    assert flags() == []
    assert flags(declares="yes") == ["declares"]
    assert flags(above_line="no") == ["below"]  # whatever else: income is a reference, never a gate (R16)
    assert flags(assured="no", unmet=["food"]) == ["unmet"]
    assert flags(assured="no", unmet=["education", "water"]) == ["unmet", "education", "water"]
    assert flags(in_group="yes", groups=["disabled"]) == ["group"]
    assert flags("monitored", in_group="yes", groups=["disabled"]) == []
    assert flags("monitored", above_line="no") == ["below"]
    assert flags(declares=None, assured=None, above_line=None, in_group=None) == []  # nobody was met


def groups(**known: Any) -> list[str]:
    """The groups that the table answers."""
    facts = {**dict.fromkeys(KNOWN), "household_type": "ordinary", "line": 6900, "disabled": 0, **known}
    return [row["group"] for row in GROUPS.evaluate({"known": facts})]


@pytest.mark.duty("R04")
def test_the_key_groups_that_the_register_knows() -> None:
    assert groups() == []
    assert groups(household_type="lifted_without_policy") == ["lifted"]  # R33: never left out for its type
    assert groups(household_type="destitute") == ["destitute"]
    assert groups(household_type="allowance") == ["allowance"]
    assert groups(per_capita=6900) == ["low_income"] and groups(per_capita=6901) == []
    assert groups(per_capita=9000, income_drop=0.35) == ["low_income"]
    assert groups(disabled=1) == ["disabled"]
    assert groups(pupils=3) == ["children"] and groups(pupils=2, later_pupils=2) == ["children"]
    assert groups(wage_share=0.8, work_months=5) == ["unstable_work"]
    assert groups(wage_share=0.8) == []  # nobody has said how long
    assert groups(rigid_share=0.6) == ["heavy_spending"]


@pytest.mark.duty("C5")
@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("screening.declares", "screening.wishes", "用到“screening.wishes”"),
        ('name="reason"', 'name="because"', "没有输出“reason”"),
        ("<text>screening.assured</text>", "<text></text>", "没有写明取什么值"),
        ("<text>household.status</text>", "<text>household.(</text>", "决策表“screening_flags”"),
    ],
)
def test_a_table_that_the_screening_cannot_use_is_refused(before: str, after: str, said: str) -> None:
    body = RESOURCES.decision["screening_flags"].decode()
    assert before in body
    changed = RESOURCES | Resources(decision={"screening_flags": body.replace(before, after).encode()})
    assert any(said in one.message for one in check(DIAGRAM, changed)[1])
    without = Resources(RESOURCES.form, {}, RESOURCES.part)
    assert any("“flagsDecision”写明的决策表" in one.message for one in check(DIAGRAM, without)[1])


def test_strokes_are_drawn_and_nothing_else_is_taken_for_them() -> None:
    drawn = papers.strokes("[[[0,0],[10,20]],[[5,5]]]")
    assert b'd="M0 0L10 20M5 5L5 5"' in papers.picture(drawn)
    for wrong in (
        "",
        "{}",
        "[]",
        "[[]]",
        '[["<",1]]',
        "[[[0.5,1]]]",
        "[[[1,2,3]]]",
        f"[{'[[1,1]],' * 2100}[[1,1]]]",
    ):
        with pytest.raises(papers.Invalid):
            papers.strokes(wrong)
