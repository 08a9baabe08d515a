"""The tables of risk elimination and look-back: every condition,
and the days on which half a year is over.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engine.flow.decisions import parse_decision
from engine.prevention.installation import ROOT
from engine.prevention.register.observations import months_between

MET = {"education_ok": None, "medical_ok": None, "housing_ok": None, "water_ok": None}
SITUATION: dict[str, Any] = {
    "day": "2022-12-12",
    "per_capita": 12000.0,
    "line": 6900,
    "above_since": "2022-05-05",
    "above_months": 7,
    "monitored_since": "2022-05-05",
    "monitored_months": 7,
    "since": MET,
    "risks": ["illness"],
    "labours": ["ordinary"],
    "labour_exception": "",
}
HELPED = {"risk": "illness", "gone": "yes", "how": "helped"}
NATURAL = {"risk": "illness", "gone": "yes", "how": "natural"}
LOOK_BACK = {"new_risk": "no", "income_stable": "yes", "risk_stable": "yes", "opinion": "stable"}


def decide(key: str, context: dict[str, Any]) -> Any:
    return parse_decision((ROOT / "bpmn" / "decisions" / f"{key}.dmn").read_bytes()).evaluate(context)


def failing(manner: str = "stable", checks: Any = (HELPED,), **changes: Any) -> list[str]:
    """The sentences of the conditions that fail."""
    case = {
        key: changes.pop(key) for key in ("no_labour", "labour_exception", "latest_clue") if key in changes
    }
    check = {"risk_checks": list(checks), "visited_on": "2022-12-12"}
    context = {"situation": {**SITUATION, **changes}, "manner": manner, "stability_check": check, **case}
    return [line["reason"] for line in decide("elimination_conditions", context)]


@pytest.mark.duty("R23")
def test_nothing_fails_when_all_is_met() -> None:
    assert failing() == []


@pytest.mark.duty("R23")
@pytest.mark.parametrize(
    ("since", "day", "enough"),
    [
        ("2022-05-05", "2022-10-05", False),
        ("2022-05-05", "2022-11-05", False),
        ("2022-05-05", "2022-11-06", True),
        ("2022-08-31", "2023-02-28", False),
        ("2022-08-31", "2023-03-01", True),
        ("2022-08-31", "2023-03-02", True),
        ("2021-12-31", "2022-06-30", False),
        ("2021-12-31", "2022-07-01", True),
        ("2022-05-05", "2022-05-05", False),
    ],
)
def test_half_a_year_must_be_exceeded(since: str, day: str, enough: bool) -> None:
    assert (failing(above_since=since, day=day, monitored_since="2021-01-01") == []) is enough
    assert (failing(monitored_since=since, day=day, above_since="2021-01-01") == []) is enough


@pytest.mark.duty("R23")
def test_the_sentence_says_which_condition_fails_and_since_when() -> None:
    assert failing(
        day="2022-06-05", above_since="2022-01-05", above_months=5, monitored_since="2021-01-01"
    ) == ["人均纯收入自2022年1月5日起高于监测范围，至今5个月，须超过6个月，2022年7月6日起才符合"]
    assert failing(monitored_since="2022-09-01", monitored_months=3) == [
        "自2022年9月1日起纳入监测，至今3个月，须超过6个月，2023年3月2日起才符合"
    ]
    assert failing(per_capita=6900.0, above_since=None) == ["人均纯收入6900元，没有高于监测范围6900元"]
    assert failing(per_capita=None, above_since=None) == ["没有收入核实记录"]
    unmet = {**MET, "housing_ok": "2022-10-01", "water_ok": "2022-11-01"}
    assert failing(since=unmet) == [
        "“三保障”和饮水安全没有巩固：住房安全自2022年10月1日起不达标、饮水安全自2022年11月1日起不达标"
    ]


@pytest.mark.duty("R23")
def test_every_recorded_risk_must_have_been_found_gone() -> None:
    assert failing(checks=[{**HELPED, "gone": "no"}]) == ["风险没有消除：因病"]
    assert failing(risks=["illness", "schooling"]) == ["风险没有消除：因学"]
    assert failing(checks=[]) == ["风险没有消除：因病"]
    assert failing(checks=[HELPED, {"risk": "water", "gone": "no"}]) == ["风险没有消除：饮水"]
    assert failing(risks=["a_new_code"], checks=[]) == ["风险没有消除：a_new_code"]


@pytest.mark.duty("R23")
def test_natural_elimination_needs_no_half_year_but_income_assurances_and_risk() -> None:
    young = {"above_since": "2022-12-12", "monitored_since": "2022-10-01"}
    assert failing("natural", [NATURAL], **young) == []
    assert failing("natural", [NATURAL], per_capita=6000.0, above_since=None) != []
    assert failing("natural", [NATURAL], since={**MET, "housing_ok": "2022-10-01"}) != []


@pytest.mark.duty("R24")
def test_a_household_without_labour_fails_unless_the_county_made_an_exception() -> None:
    none = {"wholly": True, "basis": "整户无劳动力"}
    assert failing(no_labour=none) == ["整户无劳动力；确需标注的，由县级作例外说明"]
    assert failing(no_labour=none, labour_exception={"outcome": "keep"}) != []
    assert failing(no_labour=none, labour_exception={"outcome": "exception"}) == []


@pytest.mark.duty("R23", "R26")
def test_a_clue_after_the_check_asks_for_a_new_check() -> None:
    assert failing(latest_clue={"discovered_on": "2022-12-13", "entered_on": "2022-12-13"}) == [
        "入户核查之后又有新线索（2022年12月13日发现），须重新核查"
    ]
    assert failing(latest_clue={"discovered_on": "2022-12-01", "entered_on": "2022-12-12"}) == []


@pytest.mark.duty("R23")
@pytest.mark.parametrize(
    ("risks", "checks", "manner"),
    [
        (["illness"], [NATURAL], "natural"),
        (["illness"], [HELPED], "stable"),
        ([], [], "stable"),
        (["illness", "schooling"], [NATURAL], "stable"),
        (["illness"], [{**NATURAL, "gone": "no"}], "stable"),
        (["illness", "schooling"], [NATURAL, {**NATURAL, "risk": "schooling"}], "natural"),
        (["illness"], None, "stable"),
    ],
)
def test_the_manner_is_natural_when_every_risk_went_by_itself(risks: Any, checks: Any, manner: str) -> None:
    context = {"situation": {"risks": risks}, "stability_check": {"risk_checks": checks}}
    assert decide("elimination_manner", context)["manner"] == manner


@pytest.mark.duty("R24")
@pytest.mark.parametrize(
    ("labours", "wholly"),
    [
        (["none", "lost"], True),
        (["none", "weak"], False),
        (["none", "ordinary"], False),
        (["none", ""], False),
        ([], False),
    ],
)
def test_weak_or_unknown_labour_counts_as_labour(labours: list[str], wholly: bool) -> None:
    assert decide("no_labour", {"situation": {"labours": labours}})["wholly"] is wholly


@pytest.mark.duty("R26")
@pytest.mark.parametrize(
    ("seen", "situation", "wholly", "finding"),
    [
        ({}, {}, False, "stable"),
        (
            {"new_risk": "yes", "income_stable": "no", "opinion": "unstable"},
            {"per_capita": 3000.0},
            True,
            "new_risk",
        ),
        ({}, {}, True, "no_labour"),
        ({}, {"labour_exception": "养老金稳定"}, True, "stable"),
        ({}, {"per_capita": 6900.0}, False, "unstable"),
        ({}, {"per_capita": None}, False, "unstable"),
        ({"income_stable": "no"}, {}, False, "unstable"),
        ({"risk_stable": "no"}, {}, False, "unstable"),
        ({"opinion": "unstable"}, {}, False, "unstable"),
        ({}, {"since": {**MET, "water_ok": "2022-12-12"}}, False, "unstable"),
    ],
)
def test_what_a_look_back_finds(seen: Any, situation: Any, wholly: bool, finding: str) -> None:
    found = {
        "look_back": {**LOOK_BACK, **seen},
        "situation": {**SITUATION, **situation},
        "no_labour": {"wholly": wholly},
    }
    assert decide("look_back_finding", found)["finding"] == finding


@pytest.mark.duty("R23")
@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2023-08-31", "2024-02-29", 6),
        ("2023-08-31", "2024-02-28", 5),
        ("2023-08-31", "2023-09-30", 1),
        ("2023-08-31", "2023-09-29", 0),
        ("2024-02-29", "2025-02-28", 12),
        ("2024-02-29", "2024-08-28", 5),
        ("2022-05-05", "2022-11-05", 6),
        ("2022-05-05", "2022-11-04", 5),
        ("2022-12-31", "2022-12-31", 0),
    ],
)
def test_a_month_is_full_on_its_last_day_where_it_has_no_such_day(first: str, last: str, months: int) -> None:
    assert months_between(date.fromisoformat(first), date.fromisoformat(last)) == months
