"""R01, R16: whoever decides about a household reads its income and the monitoring line on the page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine.flow.diagram import xml as x
from engine.prevention.installation import ROOT

ABOUT_THE_REGISTER = (
    "identification",
    "risk_elimination",
    "rollback",
    "clearance",
    "look_back",
    "existing_check",
    "review_and_approval",
    "national_consent",
    "public_notice",
)
"""The procedures that change a household's standing, with the parts that they call."""
DECIDING = ("outcome", "result", "opinion")
INCOMES = ("per_capita",)
LINES = ("line.amount", "line.text", "situation.line", "monitoring_line.amount")


def components(key: str) -> list[dict[str, Any]]:
    """All components of a shipped form, inner ones too."""
    schema = json.loads((ROOT / "forms_json" / f"{key}.json").read_text())

    def walk(level: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for one in level:
            yield one
            yield from walk(one.get("components", []))

    return list(walk(schema["components"]))


def deciding() -> list[tuple[str, str, str]]:
    """Every step of those procedures at which somebody must choose how it goes on, with its form."""
    found = []
    for procedure in ABOUT_THE_REGISTER:
        root = x.parse_xml((ROOT / "bpmn" / f"{procedure}.bpmn").read_bytes())
        for node in x.descendants(root, "userTask"):
            form = x.properties(node).get("formKey", "")
            if form and any(_chooses(one) for one in components(form)):
                found.append((procedure, node.get("id", ""), form))
    return found


def _chooses(component: dict[str, Any]) -> bool:
    return (
        component.get("key") in DECIDING
        and component["type"] in ("radio", "select")
        and bool((component.get("validate") or {}).get("required"))
    )


@pytest.mark.duty("R01", "R16")
def test_every_page_on_which_somebody_decides_shows_the_income_and_the_line() -> None:
    steps = deciding()
    assert len(steps) > 20 and ("review_and_approval", "approve", "county_approval") in steps
    lacking = [step for step in steps if not _shows_both(components(step[2]))]
    assert lacking == []


def _shows_both(found: list[dict[str, Any]]) -> bool:
    """In one sentence, or, where the income is counted on the page itself, the line beside it."""
    told = [
        str((one.get("properties") or {}).get("prefill") or "")
        for one in found
        if one.get("readonly") and (one.get("conditional") or {}).get("hide") != "=true"
    ]
    counted = any(one.get("key") == "per_capita" and one["type"] == "expression" for one in found)
    income = counted or any(name in text for text in told for name in INCOMES)
    return income and any(name in text for text in told for name in LINES)


@pytest.mark.duty("R01")
def test_where_an_income_is_counted_the_line_is_that_of_the_day() -> None:
    """Not the one of the day on which the case was opened."""
    for path in sorted((ROOT / "forms_json").glob("*.json")):
        for one in components(path.stem):
            if one.get("key") == "line":
                assert one["readonly"] and one["properties"]["prefill"] == "line.amount", path.stem
