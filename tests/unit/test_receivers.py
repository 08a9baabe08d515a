"""What takes in a form says which fields it reads:
a form without one of them is refused before anybody fills it in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import tests.support.field  # noqa: F401  diagrams call its services
from engine.flow.check import check
from engine.flow.diagram.resources import Resources, read_resources
from engine.flow.receivers import Receiver
from engine.flow.vocabulary import used
from engine.prevention.installation import ROOT
from tests.support.small import END, START, catch, flow, heard, process, task, with_messages
from tests.support.small import FORMS as SMALL

RESOURCES = read_resources(ROOT)
DIAGRAMS = {path.stem: path.read_bytes() for path in sorted((ROOT / "bpmn").glob("*.bpmn"))}
FORMS = {  # where each receiver's form is drawn, and what it is called
    ("message", "objection"): ("public_notice", "objection"),
    ("message", "household_answer"): ("clearance", "household_answer"),
    ("page", "measureForm"): ("assistance", "measure_progress"),
    ("page", "supervisionForm"): ("identification", "supervision"),
    ("page", "screeningForm"): ("identification", "screening"),
    ("start", "identification"): ("identification", "clue"),
    ("start", "summary_report"): ("summary_report", "summary_report"),
    ("start", "township_module"): ("township_module", "township_module"),
    ("start", "correction"): ("correction", ""),
    ("service", "finding.answer"): ("correction", "correction"),
    ("service", "finding.review"): ("correction", "correction_review"),
    ("service", "household.record"): ("identification", "verification"),
    ("service", "household.record_telling"): ("clearance", "result_told"),
    ("service", "assistance.record_plan"): ("assistance_planning", "assistance_plan"),
    ("service", "hazard.consult"): ("hazard", "hazard_consultation"),
    ("service", "hazard.record_plan"): ("hazard", "hazard_plan"),
    ("page", "hazardMeasureForm"): ("hazard", "hazard_measure_progress"),
    ("start", "hazard"): ("hazard", "hazard_report"),
}
REGISTRY = used().receiver
FIELDS = [(place, name) for place, receiver in REGISTRY.items() for name in receiver.fields]


def found_in(receiver: Receiver, name: str, change: Any) -> list[str]:
    """What the check says of the receiver's diagram when `change`
    has been at the field `name` of its form.
    """
    diagram, form = FORMS[receiver.kind, receiver.name]
    schema = json.loads(RESOURCES.form[form])
    (level,) = [one for one in levels(schema) if any(name in (c.get("key"), c.get("path")) for c in one)]
    change(level, next(c for c in level if name in (c.get("key"), c.get("path"))))
    changed = RESOURCES | Resources({form: json.dumps(schema).encode()})
    return [one.message for one in check(DIAGRAMS[diagram], changed)[1]]


def levels(holder: Any) -> Iterator[list[Any]]:
    """The lists of components of a form, groups included, lists' rows left out."""
    yield holder["components"]
    for one in holder["components"]:
        if one["type"] == "group":
            yield from levels(one)


def into_a_tick(level: list[Any], one: dict[str, Any]) -> None:
    key = one.pop("path", one.get("key"))
    one.pop("components", None)
    one.update(type="checkbox", key=key)


def test_every_receiver_has_its_form_here() -> None:
    assert FORMS.keys() == REGISTRY.keys()


@pytest.mark.parametrize(("place", "name"), FIELDS)
@pytest.mark.duty("C5")
def test_a_field_that_a_receiver_reads_cannot_be_taken_away_or_changed(
    place: tuple[str, str], name: str
) -> None:
    receiver = REGISTRY[place]
    need = receiver.fields[name]
    said = found_in(receiver, name, into_a_tick)
    assert any(f"“{name}”的类型应为" in sentence for sentence in said), said
    if need.required:
        for change in (
            lambda level, one: level.remove(one),
            lambda level, one: one["validate"].pop("required"),
            lambda level, one: one.update(conditional={"hide": "=true"}),
        ):
            said = found_in(receiver, name, change)
            assert any(f"里的“{name}”" in sentence and receiver.name in sentence for sentence in said), said
    for column in need.columns:

        def without(level: list[Any], one: dict[str, Any], column: str = column) -> None:
            one["components"] = [inner for inner in one["components"] if inner.get("key") != column]

        assert any(f"每行须有必填的“{column}”" in sentence for sentence in found_in(receiver, name, without))


def test_an_option_that_nobody_knows_is_found() -> None:
    receiver = REGISTRY["page", "measureForm"]
    said = found_in(
        receiver, "status", lambda level, one: one["values"].append({"value": "paused", "label": "暂停"})
    )
    assert any("“paused”没有人认识" in sentence for sentence in said), said


NOBODY = "没有人能送"


def waiting(event: str, body: str = "") -> list[str]:
    """What the check says of a diagram with such an event, of messages that nobody can send."""
    drawn = process(START, task("a"), event, END, flow("s", "a"), flow("a", "w"), flow("w", "e"), body)
    _, findings = check(with_messages(drawn, "anwser", "household_cleared").encode(), SMALL)
    return [one.message for one in findings if NOBODY in one.message]


def test_an_event_that_waits_for_what_nobody_sends_is_a_finding_at_it() -> None:
    (said,) = waiting(catch("w", "anwser"))
    assert "“w”等的消息“anwser”没有人能送" in said and "该户已清退（household_cleared）" in said
    form = (
        "<bpmn:extensionElements><spiffworkflow:properties>"
        '<spiffworkflow:property name="formKey" value="f"/></spiffworkflow:properties>'
        "</bpmn:extensionElements>"
    )
    with_form = catch("w", "anwser").replace("<bpmn:messageEvent", f"{form}<bpmn:messageEvent", 1)
    assert waiting(with_form) == []  # people report it
    assert waiting(catch("w", "household_cleared")) == []  # the system sends it
    again = catch("w2", "anwser") + '<bpmn:endEvent id="e2"/>' + flow("w2", "e2")
    assert waiting(with_form, again) == []  # what one event's form sends, another catches too
    beside = heard("b", "a", "anwser") + '<bpmn:endEvent id="e3"/>' + flow("b", "e3")
    assert waiting(catch("w", "household_cleared"), beside) == []  # who does the step sends its form
    of_a_wait = beside.replace('attachedToRef="a"', 'attachedToRef="sub"')
    sub = f'<bpmn:subProcess id="sub">{flow("u", "v")}</bpmn:subProcess>'
    assert NOBODY in "".join(waiting(catch("w", "household_cleared"), sub + of_a_wait))


@pytest.mark.parametrize("name", DIAGRAMS)
def test_every_message_of_the_shipped_procedures_is_sent_by_somebody(name: str) -> None:
    _, findings = check(DIAGRAMS[name], RESOURCES)
    assert not [one.message for one in findings if NOBODY in one.message]
    for message in used().sends:
        assert any(f'name="{message}"'.encode() in body for body in DIAGRAMS.values())
