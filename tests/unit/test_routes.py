"""The flows that a line of the history ran along: as the line says, not as they might be guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from engine.casework.supervision.figures.facts import FLOW, Line, facts_of
from engine.casework.supervision.figures.routes import Routes
from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from tests.support.small import END, FORMS, START, flow, process, task


def _condition(name: str, source: str, target: str, text: str) -> str:
    return (
        f'<bpmn:sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">'
        f"<bpmn:conditionExpression>= {text}</bpmn:conditionExpression></bpmn:sequenceFlow>"
    )


def _routes() -> Routes:
    """From `ask` to `do` straight, or around by two gateways more."""
    body = process(
        START,
        task("ask"),
        '<bpmn:exclusiveGateway id="g" default="straight"/>',
        '<bpmn:exclusiveGateway id="h" default="on"/>',
        '<bpmn:exclusiveGateway id="m"/>',
        task("do"),
        task("other"),
        END,
        flow("s", "ask"),
        flow("ask", "g"),
        '<bpmn:sequenceFlow id="straight" sourceRef="g" targetRef="m"/>',
        _condition("around", "g", "h", 'ask.x = "1"'),
        '<bpmn:sequenceFlow id="on" sourceRef="h" targetRef="m"/>',
        _condition("aside", "h", "other", 'ask.x = "2"'),
        flow("m", "do"),
        flow("do", "e"),
        flow("other", "e"),
    )
    return Routes(Definition(body.encode(), FORMS))


def _flows(taken: Sequence[Sequence[str]] | None, opened: str) -> set[str]:
    said = lines.Completed(submission=1, token="t", flows=taken, opened=[lines.Opened(opened, "u")])
    line = Line(2, "complete", datetime(2022, 5, 5, tzinfo=UTC), "ask", said)
    return {fact.element_id for fact in facts_of([line], _routes()) if fact.measure == FLOW}


def test_the_way_around_is_counted_where_the_line_says_that_it_was_taken() -> None:
    assert _flows([["around"], ["on"]], "do") == {"ask_g", "around", "on", "m_do"}


def test_the_straight_way_is_counted_where_the_line_says_so() -> None:
    assert _flows([["straight"]], "do") == {"ask_g", "straight", "m_do"}


def test_of_a_line_that_names_no_flows_the_shortest_way_can_be_known() -> None:
    assert _flows(None, "do") == {"ask_g", "straight", "m_do"}
    assert _flows(None, "other") == {"ask_g", "around", "aside"}
