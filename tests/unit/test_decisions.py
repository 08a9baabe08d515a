"""Decision tables: hit policies as the standard says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.flow.decisions import Decision, parse_decision, parse_model
from engine.ground.errors import DefinitionError, EngineFault
from engine.prevention.installation import ROOT


def table(policy: str, rules: list[tuple[str, str]], aggregation: str = "") -> Decision:
    rows = "".join(
        f'<rule id="r{i}"><inputEntry id="i{i}"><text>{test}</text></inputEntry>'
        f'<outputEntry id="o{i}"><text>{result}</text></outputEntry></rule>'
        for i, (test, result) in enumerate(rules)
    )
    how = f'hitPolicy="{policy}"' + (f' aggregation="{aggregation}"' if aggregation else "")
    return parse_decision(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        '<decision id="t" name="t">'
        f'<decisionTable id="dt" {how}><input id="in"><inputExpression id="e"><text>x</text>'
        "</inputExpression></input>"
        '<output id="out" name="y"><outputValues id="v"><text>"high","low"</text></outputValues>'
        f"</output>{rows}"
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
        {"y": 7},
        {"y": 3},
        {"y": 4},
        {"y": 2},
    ]


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
        (
            {"per_capita": 9800, "after_rigid": -18866, "household_type": "ordinary", "risks": ["accident"]},
            ("admit", "sudden_hardship"),
        ),
        (
            {"per_capita": 9200, "after_rigid": 9000, "housing_ok": "no", "risks": ["housing"]},
            ("admit", "sudden_hardship"),
        ),
        ({"per_capita": 20000, "after_rigid": 18000, "risks": ["illness"]}, ("judge", None)),
        ({"per_capita": None, "risks": []}, ("judge", None)),
        ({"per_capita": 9800, "after_rigid": -18866, "housing_ok": "no"}, ("judge", None)),
    ],
)
def test_the_category_table(facts: dict[str, Any], expected: tuple[str, str | None]) -> None:
    decision = parse_decision((ROOT / "bpmn" / "decisions" / "category.dmn").read_bytes())
    found = decision.evaluate({"verification": facts, "monitoring_line": {"amount": 6900}})
    assert (found["advice"], found["category"]) == expected


# -- several decisions in one file -----------------------------------------------------------------


def model(*decisions: str) -> bytes:
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        f"{''.join(decisions)}</definitions>"
    ).encode()


def literal(name: str, text: str, inside: str = "") -> str:
    return (
        f'<decision id="_{name}" name="{name}"><variable name="{name}"/>{inside}'
        f"<literalExpression><text>{text}</text></literalExpression></decision>"
    )


def test_one_bad_decision_does_not_take_the_others_along() -> None:
    body = model(literal("bad", "1 +"), literal("worse", "now()"), literal("good", "1 + 1"))
    assert parse_decision(body).evaluate({}) == 2
    with pytest.raises(DefinitionError) as error:
        parse_model(body)
    assert [(found.element_id, found.element_name) for found in error.value.findings] == [
        ("_bad", "bad"),
        ("_worse", "worse"),
    ]
    assert "“bad”：结尾处：这里缺少一个值" in error.value.findings[0].message


def test_a_decision_that_needs_a_bad_one_is_refused() -> None:
    needs = '<informationRequirement><requiredDecision href="#_bad"/></informationRequirement>'
    with pytest.raises(DefinitionError, match="这里缺少一个值"):
        parse_decision(model(literal("bad", "1 +"), literal("good", "bad", needs)))


def test_a_file_may_hold_as_many_decisions_as_it_has_room_for() -> None:
    found = parse_model(model(*(literal(f"d{number}", str(number)) for number in range(400))))
    assert [one.evaluate({}) for one in found] == list(range(400))


def test_a_name_with_a_sign_is_a_name_where_it_is_in_sight() -> None:
    needs = '<informationRequirement><requiredDecision href="#_a-b"/></informationRequirement>'
    body = model(literal("a-b", "5"), literal("other", "a-b"), literal("last", "a-b + 1", needs))
    found = {one.name: one.evaluate({"a": 7, "b": 4}) for one in parse_model(body)}
    assert found == {"a-b": 5, "other": 3, "last": 6}


@pytest.mark.parametrize(
    ("box", "value"),
    [
        ("<conditional><if>T:x &gt; 1</if><then>T:1</then><else>T:2</else></conditional>", 1),
        ('<for iteratorVariable="i"><in>T:[1, 2]</in><return>T:i * x</return></for>', [2, 4]),
        ('<some iteratorVariable="i"><in>T:[1, 2]</in><satisfies>T:i = x</satisfies></some>', True),
        ('<every iteratorVariable="i"><in>T:[1, 2]</in><satisfies>T:i = x</satisfies></every>', False),
        ("<filter><in>T:[1, 2, 3]</in><match>T:item &gt; 1</match></filter>", [2, 3]),
        ("<list>T:1T:x</list>", [1, 2]),
        ('<relation><column name="a"/><column name="b"/><row>T:1T:x</row></relation>', [{"a": 1, "b": 2}]),
        (
            '<context><contextEntry><variable name="f"/><functionDefinition><formalParameter '
            'name="n"/>T:n + 1'
            "</functionDefinition></contextEntry><contextEntry>T:f(x)</contextEntry></context>",
            3,
        ),
    ],
)
def test_boxed_expressions(box: str, value: Any) -> None:
    written = re.sub(r"T:([^<]*?)(?=<|T:)", r"<literalExpression><text>\1</text></literalExpression>", box)
    body = model(f'<decision id="a" name="a"><variable name="a"/>{written}</decision>')
    (found,) = parse_model(body)
    assert found.evaluate({"x": 2}) == value


def test_a_decision_without_sense_in_its_box_is_refused() -> None:
    body = model('<decision id="a" name="a"><for iteratorVariable="i"><in/></for></decision>')
    with pytest.raises(DefinitionError, match="缺少内容"):
        parse_model(body)
