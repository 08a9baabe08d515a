"""Decision tables: hit policies as the standard says; and the public compatibility kit where a copy of it is at hand."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine.decisions import Decision, parse_decision, parse_model
from engine.errors import DefinitionError, EngineFault
from engine.feel import builtins
from engine.installation import ROOT

KIT = Path(os.environ.get("SHOUWANG_TCK", ROOT / ".cache" / "tck"))
"""A copy of the DMN Technology Compatibility Kit's compliance-level-2 folder, for whoever has one at hand."""
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


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


# -- the public kit, level 2: run where it lies beside the project ----------------------------------------------------


def _kit_value(node: Any) -> Any:
    for child in node:
        if not isinstance(child.tag, str):
            continue
        name = etree.QName(child).localname
        if name == "value":
            return _kit_literal(child)
        if name == "list":
            return [_kit_value(item) for item in child]
        if name == "component":
            return {part.get("name"): _kit_value(part) for part in node if isinstance(part.tag, str)}
    return None


def _kit_literal(node: Any) -> Any:
    if node.get(NIL) == "true":
        return None
    readers: dict[str, Any] = {
        "decimal": Decimal, "double": Decimal, "boolean": lambda text: text == "true", "date": builtins.parse_date,
        "dateTime": builtins.parse_date_time, "time": builtins.parse_time, "duration": builtins.parse_duration,
    }  # fmt: skip
    return readers.get((node.get(TYPE) or "").split(":")[-1], str)(node.text or "")


def _kit_cases() -> list[Any]:
    found = []
    for file in sorted(KIT.glob("*/*test*.xml")):
        for case in etree.parse(file).getroot().iter("{*}testCase"):
            inputs = {node.get("name"): _kit_value(node) for node in case.findall("{*}inputNode")}
            for result in case.findall("{*}resultNode"):
                expected = result.find("{*}expected")
                wanted = _kit_value(expected) if expected is not None else None
                label = f"{file.parent.name}-{case.get('id')}-{result.get('name')}"
                found.append(pytest.param(file.parent, inputs, result.get("name"), wanted, id=label))
    return found


def _rounded(found: Any) -> Any:
    if isinstance(found, Decimal):
        return round(found, 8)
    if isinstance(found, list):
        return [_rounded(item) for item in found]
    return {key: _rounded(item) for key, item in found.items()} if isinstance(found, dict) else found


_CASES = _kit_cases()
if _CASES:

    @pytest.mark.parametrize(("folder", "inputs", "name", "expected"), _CASES)
    def test_compatibility_kit(folder: Path, inputs: dict[str, Any], name: str, expected: Any) -> None:
        decisions = {one.name: one for one in parse_model(next(folder.glob("*.dmn")).read_bytes())}
        assert _rounded(decisions[name].evaluate_standard(inputs)) == _rounded(expected)
