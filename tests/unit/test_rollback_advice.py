"""What the rollback's table advises; people decide (R24, R26)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.flow.decisions import parse_decision
from engine.prevention.installation import ROOT

MET = {"education_ok": "yes", "medical_ok": "yes", "housing_ok": "yes", "water_ok": "yes"}


@pytest.mark.duty("R24", "R26")
@pytest.mark.parametrize(
    ("wholly", "exception", "check", "advice", "words"),
    [
        (False, "", {"per_capita": 5900}, "roll_back", "人均纯收入在监测范围内"),
        (False, "", {"per_capita": 6900}, "roll_back", "人均纯收入在监测范围内"),
        (False, "", {"per_capita": 5900, "housing_ok": "no"}, "roll_back", "“三保障”或饮水有问题"),
        (False, "", {"per_capita": 9000, "water_ok": "no"}, "roll_back", "“三保障”或饮水有问题"),
        (True, "", {"per_capita": 12000}, "roll_back", "整户无劳动力"),
        (True, "县级同意的例外", {"per_capita": 12000}, "judge", "综合研判"),
        (False, "", {"per_capita": 12000}, "judge", "综合研判"),
        (None, "", {"per_capita": None}, "judge", "综合研判"),
    ],
)
def test_advice(wholly: bool | None, exception: str, check: dict[str, Any], advice: str, words: str) -> None:
    decision = parse_decision((ROOT / "bpmn" / "decisions" / "rollback_advice.dmn").read_bytes())
    facts = {
        "no_labour": {"wholly": wholly},
        "rollback_check": {**MET, **check},
        "situation": {"labour_exception": exception, "line": 6900},
    }
    found = decision.evaluate(facts)
    assert found["advice"] == advice and words in found["basis"]
