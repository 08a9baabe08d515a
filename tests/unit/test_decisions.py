"""Decision tables: hit policies as the standard says."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decisions import Decision, parse_decision
from engine.errors import DefinitionError, EngineFault
from engine.installation import ROOT


def table(policy: str, rules: list[tuple[str, str]], aggregation: str = "") -> Decision:
    rows = "".join(
        f'<rule id="r{i}"><inputEntry id="i{i}"><text>{test}</text></inputEntry>'
        f'<outputEntry id="o{i}"><text>{result}</text></outputEntry></rule>'
        for i, (test, result) in enumerate(rules)
    )
    how = f'hitPolicy="{policy}"' + (f' aggregation="{aggregation}"' if aggregation else "")
    return parse_decision(
        f'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n"><decision id="t" name="t">'
        f'<decisionTable id="dt" {how}><input id="in"><inputExpression id="e"><text>x</text></inputExpression></input>'
        f'<output id="out" name="y"><outputValues id="v"><text>"high","low"</text></outputValues></output>{rows}'
        "</decisionTable></decision></definitions>".encode()
    )


def test_unique_is_checked() -> None:
    decision = table("UNIQUE", [("&lt; 5", '"low"'), ("&gt; 3", '"high"')])
    assert decision.evaluate({"x": 1}) == {"y": "low"}
    assert decision.evaluate({"x": None}) is None
    with pytest.raises(EngineFault, match="唯一"):
        decision.evaluate({"x": 4})


def test_first_any_priority_and_collect() -> None:
    overlapping = [("&lt; 5", '"low"'), ("&lt; 9", '"high"')]
    assert table("FIRST", overlapping).evaluate({"x": 1}) == {"y": "low"}
    assert table("PRIORITY", overlapping).evaluate({"x": 1}) == {"y": "high"}
    assert table("RULE ORDER", overlapping).evaluate({"x": 1}) == [{"y": "low"}, {"y": "high"}]
    assert table("OUTPUT ORDER", overlapping).evaluate({"x": 1}) == [{"y": "high"}, {"y": "low"}]
    with pytest.raises(EngineFault, match="任意"):
        table("ANY", overlapping).evaluate({"x": 1})
    numbers = [("-", "3"), ("-", "4"), ("&gt; 100", "9")]
    assert [table("COLLECT", numbers, how).evaluate({"x": 1}) for how in ("SUM", "MIN", "MAX", "COUNT")] == [
        {"y": 7}, {"y": 3}, {"y": 4}, {"y": 2},
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"<a/>", b"<broken", b'<!DOCTYPE x [<!ENTITY a "b">]><definitions/>'])
def test_hostile_files_are_refused(body: bytes) -> None:
    with pytest.raises(DefinitionError):
        parse_decision(body)


@pytest.mark.duty("R16", "R17")
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"per_capita": 6310, "household_type": "ordinary", "risks": ["illness"]}, ("admit", "marginal")),
        ({"per_capita": 6900, "household_type": "lifted_with_policy", "risks": []}, ("admit", "unstable")),
        ({"per_capita": 9800, "after_rigid": -18866, "household_type": "ordinary", "risks": ["accident"]}, ("admit", "sudden_hardship")),
        ({"per_capita": 9200, "after_rigid": 9000, "housing_ok": "no", "risks": ["housing"]}, ("admit", "sudden_hardship")),
        ({"per_capita": 20000, "after_rigid": 18000, "risks": ["illness"]}, ("judge", None)),
        ({"per_capita": None, "risks": []}, ("judge", None)),
    ],
)  # fmt: skip
def test_the_category_table(facts: dict[str, Any], expected: tuple[str, str | None]) -> None:
    decision = parse_decision((ROOT / "bpmn" / "decisions" / "category.dmn").read_bytes())
    found = decision.evaluate({"verification": facts, "monitoring_line": {"amount": 6900}})
    assert (found["advice"], found["category"]) == expected
