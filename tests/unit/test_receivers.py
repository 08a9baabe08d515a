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

RESOURCES = read_resources(ROOT)
DIAGRAMS = {path.stem: path.read_bytes() for path in sorted((ROOT / "bpmn").glob("*.bpmn"))}
FORMS = {  # where each receiver's form is drawn, and what it is called
    ("message", "objection"): ("public_notice", "objection"),
    ("page", "measureForm"): ("assistance", "measure_progress"),
    ("page", "supervisionForm"): ("identification", "supervision"),
    ("start", "identification"): ("identification", "clue"),
    ("service", "household.record"): ("identification", "verification"),
    ("service", "household.record_telling"): ("clearance", "result_told"),
    ("service", "assistance.record_plan"): ("assistance_planning", "assistance_plan"),
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
