"""Timers whose texts are FEEL or ISO 8601: when they are due, and that they fire one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.task import Task

from engine.flow.diagram.cycles import Cycle
from engine.flow.machine.script import answers_of
from engine.flow.machine.workflow import case_of
from engine.ground.clock import local_date


@dataclass(frozen=True)
class CountsFrom:
    """The step that a period begins with, and the variable that it sets."""

    step_id: str
    variable: str


class FeelTimer(TimerEventDefinition):  # type: ignore[misc]
    """A timer whose text is ISO 8601 (``P5D``, an instant) or FEEL;
    `element_id` is the event that carries it.
    """

    def __init__(
        self, name: str, expression: str, element_id: str, counts_from: CountsFrom | None = None
    ) -> None:
        super().__init__(name, expression)
        self.element_id = element_id
        self.counts_from = counts_from

    def due_at(self, task: Task) -> datetime | None:
        """When the timer of the waiting `task` is due (aware), or None when its text has no value yet."""
        due = answers_of(task).due(task, self.expression, self.began(task))
        opened = self._opened(task)
        if due is None or opened is None:
            return due
        assert self.counts_from is not None  # else nothing opened it
        least = answers_of(task).due_from(
            task, self.expression, self.began(task), self.counts_from.variable, opened
        )
        return due if least is None else max(due, least)

    def _opened(self, task: Task) -> str | None:
        """R10, R29: the day (ISO) on which the step that this wait counts from was opened,
        on the way that led here.
        """
        at: Task | None = task if self.counts_from is not None else None
        while at is not None:
            if (
                self.counts_from
                and at.task_spec.bpmn_id == self.counts_from.step_id
                and "began" in at.internal_data
            ):
                return local_date(datetime.fromisoformat(at.internal_data["began"])).isoformat()
            at = at.parent or at.workflow.owner
        return None

    def began(self, task: Task) -> datetime:
        """When the wait of `task` began: at the first question."""
        began = task.internal_data.get("began")
        if began is None:
            began = task.internal_data["began"] = case_of(task).now.isoformat()
        return datetime.fromisoformat(began)

    def has_fired(self, task: Task) -> bool:
        """Whether the case lets this timer fire just now."""
        firing = case_of(task).firing
        return firing is not None and firing[0] is task and firing[1] is self


class FeelCycle(FeelTimer):
    """A timer beside a step that goes on, which fires again and again (``timeCycle``).

    The library computes such a timer once, hangs its branches below one waiting task and catches up all
    missed rounds at once. Here every round is a boundary event of its own beside the same step: with its own
    token and due time, so that it fires once, and a changed diagram changes only the rounds still to come.
    """

    def due_at(self, task: Task) -> datetime | None:
        """When the round that waits as `task` is due, or None when the text is no cycle."""
        began, cycle = self.began(task), self.cycle(task)
        try:
            return None if cycle is None else cycle.due(_round(task), began)
        except OverflowError:  # past the year 9999
            return None

    def cycle(self, task: Task) -> Cycle | None:
        """What the text means now."""
        return answers_of(task).cycle(task, self.expression)

    def next_round(self, task: Task) -> dict[str, Any] | None:
        """What the round after the one that has fired as `task` knows of itself; None after the last."""

        def goes_on() -> bool:
            cycle = self.cycle(task)
            return cycle is not None and _round(task) < cycle.rounds

        if not case_of(task).answer("repeats", task, goes_on):
            return None
        return {"began": task.internal_data["began"], "round": _round(task) + 1}


def _round(task: Task) -> int:
    return int(task.internal_data.get("round", 1))
