"""The places of a parsed diagram: what the library asks of each of them, and what is known beforehand."""

from __future__ import annotations

from typing import Any

import pytest
from SpiffWorkflow.exceptions import WorkflowException

from engine.flow.machine.definition import Definition
from engine.flow.machine.parsing import trust
from tests.support.small import END, FORMS, NOW, START, begin, flow, open_names, process, task, token

HOOKS = ("_update_hook", "_on_ready_hook", "_run_hook", "_on_complete_hook")
LOOP = (
    '<bpmn:standardLoopCharacteristics loopMaximum="3"><bpmn:loopCondition>b.x = "again"</bpmn:loopCondition>'
    "</bpmn:standardLoopCharacteristics>"
)
DRAWN = process(START, task("a"), task("b", extra=LOOP), END, flow("s", "a"), flow("a", "b"), flow("b", "e"))


class _Process:
    def __init__(self, **places: Any) -> None:
        self.task_specs = places


def _place(drawn: str, name: str) -> Any:
    spec, _ = Definition(drawn.encode(), FORMS).specs
    found = spec.task_specs[name]
    for hook in (*HOOKS, "_on_ready", "_predict_hook"):
        found.__dict__.pop(hook, None)
    return found


def test_a_place_with_nothing_of_its_own_goes_on_without_being_asked() -> None:
    place = _place(DRAWN, "a")
    trust([_Process(a=place)])
    assert all(hook in place.__dict__ and place.__dict__[hook](None) is True for hook in HOOKS)


@pytest.mark.parametrize("name", ["prescript", "postscript"])
def test_a_place_with_a_script_is_asked(name: str) -> None:
    place = _place(DRAWN, "a")
    setattr(place, name, "x = 1")
    trust([_Process(a=place)])
    assert not set(HOOKS) & place.__dict__.keys()


def test_a_place_where_somebody_listens_tells_him() -> None:
    place = _place(DRAWN, "b [child]")
    trust([_Process(b=place)])
    assert not set(HOOKS) & place.__dict__.keys()
    instance = begin(DRAWN)
    for name, answer in (("a", ""), ("b", "again"), ("b", "")):
        assert open_names(instance) == [name]
        instance.complete(token(instance, name), {name: {"x": answer}}, NOW)
    assert instance.completed


def test_a_place_that_is_not_sound_is_tested_whenever_it_is_reached() -> None:
    place = _place(DRAWN, "a")
    place._inputs = []
    trust([_Process(a=place)])
    with pytest.raises(WorkflowException):
        place._on_ready(None)
