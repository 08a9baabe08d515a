"""Texts that made Python raise: each is a finding or has a value;
and a check that fails itself is a finding too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from engine.flow.check import _asked, check
from engine.flow.check.draft import Draft
from engine.flow.diagram import xml as x
from engine.flow.diagram.resources import Resources
from engine.flow.feel import FeelSyntaxError, compile_expression
from engine.flow.machine.instance import Instance
from engine.ground.errors import Finding
from tests.support.small import END, FORMS, NOW, START, Host, asked, boundary, flow, process, task


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{context: 1}.context = 1", True),
        ('{filter: [1], "cmp": 2}.filter[1] = 1', True),
        ('replace("a", "a", "x\\\\") = null', True),
        ('replace("ab", "(a)", "$9") = "b"', True),
        ('replace("abc", "(b)", "[$1$0]") = "a[bb]c"', True),
        ('replace("5", "5", "US$ 5") = "US$ 5"', True),
        ('"\\uD83D\\uDE00" = "\\U01F600"', True),
        ("count(some: a or b) = 1", False),
        ('date("2022-01-01") + @"P9999Y" = null', True),
        ('matches("a", "(") = null', True),
    ],
)
@pytest.mark.duty("C5")
def test_an_odd_condition_has_a_value_and_runs(text: str, value: object) -> None:
    assert compile_expression(text).evaluate({}) is value
    assert json.dumps(compile_expression(text).to_json(), allow_nan=False)
    if "some" in text:
        return  # reads names that nothing sets
    body = asked(text)
    definition, found = check(body.encode(), FORMS)
    assert definition is not None, found
    instance = Instance(definition, Host())
    instance.start({}, NOW)
    instance.complete(instance.open_tasks()[0].token, {}, NOW)
    assert [one.element_id for one in instance.open_tasks()] == ["b"]


@pytest.mark.parametrize(
    "text", ['"\\uD83D"', '"a\\u0000"', '"\\U110000"', "1e99999", "1e99999999999999999999", "\ud83d"]
)
def test_what_can_never_be_stored_is_no_expression(text: str) -> None:
    with pytest.raises(FeelSyntaxError):
        compile_expression(text)


@pytest.mark.parametrize(
    "span", ["P9999Y", "P99999999999D", "0001-01-01", "9999-12-31T23:59:59-14:00", "P1M15D", "P²D"]
)
@pytest.mark.duty("C5")
def test_a_limit_outside_all_years_is_found_at_its_element(span: str) -> None:
    body = process(
        START,
        task("a"),
        boundary("b", "a", span),
        END,
        '<bpmn:endEvent id="e2"/>',
        flow("s", "a"),
        flow("a", "e"),
        flow("b", "e2"),
    )
    definition, found = check(body.encode(), FORMS)
    assert definition is None and {one.element_id for one in found} == {"b"}, found


@pytest.mark.parametrize("days", ["²", "１２", "-1", "3.5", "9" * 30, " 3"])
def test_days_ahead_are_written_in_plain_digits(days: str) -> None:
    warned = (
        '<bpmn:extensionElements><spiffworkflow:properties><spiffworkflow:property name="warnDays" '
        f'value="{days}"/>'
    )
    limit = boundary("b", "a", "P5D", "false").replace(
        "<bpmn:timerEvent", f"{warned}</spiffworkflow:properties></bpmn:extensionElements><bpmn:timerEvent", 1
    )
    body = process(
        START,
        task("a"),
        limit,
        END,
        '<bpmn:endEvent id="e2"/>',
        flow("s", "a"),
        flow("a", "e"),
        flow("b", "e2"),
    )
    found = check(body.encode(), FORMS)[1]
    assert [(one.element_id, "整数天数" in one.message) for one in found] == [("b", True)]


def test_a_check_that_fails_is_a_finding_at_the_element_where_it_failed() -> None:
    def failing(draft: Draft) -> Iterator[Finding]:
        for node in draft.of_kind("userTask"):
            yield Finding("before", "", "先找到的")
            raise ZeroDivisionError(node.get("id"))

    draft = Draft(
        x.parse_xml(process(START, task("a"), END, flow("s", "a"), flow("a", "e")).encode()), Resources()
    )
    first, second = _asked(failing, draft)
    assert first.element_id == "before"
    assert (second.element_id, second.severity) == ("a", "error") and "不能启用" in second.message
