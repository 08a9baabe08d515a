"""The rules of assistance: what is proposed for which household, and what a plan or a check finds wrong (R21,
R22).
"""

from __future__ import annotations

from typing import Any

import pytest

from engine.flow.decisions import Decision, parse_decision
from engine.prevention.installation import ROOT

ASSURANCES = ("education_ok", "medical_ok", "housing_ok", "water_ok")
RISKS = (
    "illness disability schooling natural_disaster accident project_failure unstable_work lack_of_labour "
    "housing water "
    "compulsory_education income_drop other"
).split()
DEVELOPMENT = {"industry", "employment", "public_post", "finance"}


def rule(key: str) -> Decision:
    return parse_decision((ROOT / "bpmn" / "decisions" / f"{key}.dmn").read_bytes())


def situation(**changes: Any) -> dict[str, Any]:
    """A household of one healthy worker under the line, with one measure and an official."""
    found = {
        "risks": [],
        "labours": ["ordinary"],
        "since": dict.fromkeys(ASSURANCES),
        "per_capita": 6000,
        "line": 6900,
        "official": "赵国梁",
        "measures": 1,
        "measure_types": ["employment"],
        "measure_risks": ["general"],
        "measures_late": 0,
        "pass_reason": "",
    }
    return {"situation": {**found, **changes}}


def proposed(**changes: Any) -> list[tuple[str, str]]:
    return [(row["risk"], row["type"]) for row in rule("proposed_measures").evaluate(situation(**changes))]


@pytest.mark.duty("R22")
@pytest.mark.parametrize("labours", [["ordinary"], ["none", "lost"]])
@pytest.mark.parametrize("risk", RISKS)
def test_every_recorded_risk_gets_a_proposal(risk: str, labours: list[str]) -> None:
    rows = rule("proposed_measures").evaluate(situation(risks=[risk], labours=labours))
    assert risk in {row["risk"] for row in rows} and all(row["content"] for row in rows)
    kinds = {row["type"] for row in rows}
    assert bool(kinds & DEVELOPMENT) == (labours == ["ordinary"])  # R22 ③: labour first, and only with labour


@pytest.mark.duty("R22")
@pytest.mark.parametrize("per_capita", [5000, 6900, 9000, None])
@pytest.mark.parametrize("labours", [["weak", "none"], ["none"], []])
def test_nobody_is_left_without_a_proposal_that_could_be_made(
    per_capita: int | None, labours: list[str]
) -> None:
    rows = proposed(per_capita=per_capita, labours=labours)
    low = per_capita is not None and per_capita <= 6900
    expected = (
        "employment" if low and "weak" in labours else "industry" if "weak" in labours else "safety_net"
    )
    assert rows == ([("general", expected)] if low or "weak" in labours else [])


@pytest.mark.duty("R22")
def test_an_assurance_that_is_not_met_is_solved_once() -> None:
    unmet = {**dict.fromkeys(ASSURANCES), "housing_ok": "2022-03-01", "water_ok": "2022-03-01"}
    rows = proposed(risks=["housing"], since=unmet)
    assert rows.count(("housing", "housing")) == 1 and ("water", "water") in rows


@pytest.mark.duty("R22")
def test_a_complex_case_gets_several_kinds_of_measures() -> None:
    kinds = {kind for _, kind in proposed(risks=["illness", "housing", "unstable_work"])}
    assert kinds == {"health", "housing", "employment"}


def checked(kinds: list[str], untreated: list[str] | None = None, **changes: Any) -> list[str]:
    plan = {
        "measures": [{"type": kind} for kind in kinds],
        "untreated": untreated or [],
        "untreated_reason": "已治愈",
    }
    found = rule("plan_check").evaluate({**situation(**changes), "assistance_plan": plan})
    assert all(one["finding"] for one in found)
    return [one["code"] for one in found]


@pytest.mark.duty("R21", "R22")
def test_t24_only_the_safety_net_for_people_who_can_work() -> None:
    assert checked(["safety_net", "safety_net"]) == ["safety_net_only"]
    assert checked(["safety_net"], labours=["none", "lost"]) == []
    assert checked(["safety_net", "employment"]) == []
    assert checked(["health"]) == ["no_development"]
    assert checked(["health"], labours=["lost"]) == []


@pytest.mark.duty("R22")
def test_untreated_risks_are_named_with_the_reason() -> None:
    plan = {
        "measures": [{"type": "employment"}],
        "untreated": ["illness", "schooling"],
        "untreated_reason": "已治愈",
    }
    found = rule("plan_check").evaluate({**situation(), "assistance_plan": plan})
    assert [one["finding"] for one in found] == ["因病、因学没有安排措施，理由：已治愈"]
    assert checked(["employment"], risks=["illness", "schooling"]) == ["single"]


@pytest.mark.duty("R21", "R18")
def test_the_check_of_existing_help_finds_what_is_wrong() -> None:
    def found(**changes: Any) -> list[str]:
        return [one["code"] for one in rule("assistance_findings").evaluate(situation(**changes))]

    assert found() == []
    assert found(official="") == ["no_official"]
    assert found(measures=0, measure_types=[], measure_risks=[], risks=["illness"]) == ["no_measures"]
    assert found(measure_types=["safety_net"]) == ["safety_net_only"]
    assert found(measure_types=["safety_net"], labours=["none"]) == []
    assert found(measures_late=2) == ["late"]
    assert found(risks=["illness"]) == ["untreated"]
    assert found(risks=["illness", "water"], measure_risks=["illness", "water"]) == ["single"]
