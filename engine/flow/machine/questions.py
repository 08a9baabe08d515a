"""What can be asked of an instance. Nothing here moves it, or changes what is stored of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from SpiffWorkflow.task import Task

from engine.flow.feel import compile_expression, strip_equals
from engine.flow.feel.values import to_plain
from engine.flow.history import lines
from engine.flow.machine import codec, standing
from engine.flow.machine.definition import Definition
from engine.flow.machine.record import OpenTask, WaitingTimer
from engine.flow.machine.repetition import around
from engine.flow.machine.script import due_time, not_before
from engine.flow.machine.standing import Place
from engine.flow.machine.timers import FeelTimer
from engine.flow.machine.waits import event_definitions, messages_of
from engine.flow.machine.workflow import CaseWorkflow, Host
from engine.ground.clock import local_date
from engine.ground.errors import EngineFault


class Questions:
    """The side of an instance that is only read; how it moves is `engine.flow.machine.instance`."""

    definition: Definition
    host: Host
    held: list[tuple[str, Any]]
    """The messages that nothing has caught yet, by name."""
    _workflow: CaseWorkflow
    _days: dict[tuple[date, int], date]
    """What the calendar has answered: a case keeps to that, whatever the calendar says later."""
    _waiting: list[tuple[Task, FeelTimer, datetime]] | None = None
    """The timers with their due times while the instance is at rest: asked three times a step, and once
    more before the next; None as soon as anything may have moved them.
    """

    @property
    def variables(self) -> dict[str, Any]:
        """The case's variables (live: do not change them)."""
        data: dict[str, Any] = self._workflow.data
        return data

    def variables_at(self, token: str) -> dict[str, Any]:
        """The case's variables as the open task `token` sees them: with its item,
        when it is one of several.
        """
        for task in self._ready_manual():
            repeated = around(task) if codec.token_of(task) == token else None
            if repeated is not None and repeated.item_variable:
                return {**self.variables, repeated.item_variable: task.internal_data.get("item")}
        return self.variables

    @property
    def completed(self) -> bool:
        """Whether no token is left."""
        return bool(self._workflow.completed)

    def open_tasks(self) -> list[OpenTask]:
        """The user tasks that wait for a person, with what bounds each."""
        return [self._open_task(task) for task in self._ready_manual()]

    def _open_task(self, task: Task) -> OpenTask:
        around = list(standing.timers_around(task))
        known = {(twin.id, timer.element_id): due for twin, timer, due in self._waiting or ()}
        asked = (known.get((twin.id, timer.element_id)) or timer.due_at(twin) for twin, timer in around)
        dues = [due for due in asked if due is not None]
        elements = self.definition.elements
        limits = [codec.token_of(twin) for twin, timer in around if elements[timer.element_id].is_limit]
        return OpenTask(
            codec.token_of(task),
            task.task_spec.bpmn_id,
            min(dues, default=None),
            task.internal_data.get("item"),
            tuple(limits),
        )

    def standing(self) -> frozenset[str]:
        """Tokens of the user tasks that wait for a person."""
        return frozenset(codec.token_of(task) for task in self._ready_manual())

    def timers(self) -> list[WaitingTimer]:
        """Every waiting timer with its due time."""
        return [
            WaitingTimer(codec.token_of(task), timer.element_id, due, *self._limit_facts(timer.element_id))
            for task, timer, due in self._at_rest()
        ]

    def passed(self) -> list[WaitingTimer]:
        """Those limits with when they passed, by what the case knows now (R06:
        an earlier clue moves that day too).
        """
        found = []
        for task in standing.passed_tasks(
            self._workflow, lambda name: self.definition.elements[name].is_limit
        ):
            timer = task.task_spec.event_definition
            due = timer.due_at(task) if isinstance(timer, FeelTimer) else None
            if due is not None:
                found.append(WaitingTimer(codec.token_of(task), timer.element_id, due, True, None))
        return found

    def due_of(
        self, element_id: str, now: datetime, facts: Mapping[str, Any] | None = None
    ) -> datetime | None:
        """When the timer `element_id` would be due,
        were its wait to begin at `now` and `facts` be case variables.
        """
        element = self.definition.elements.get(element_id)
        if element is None or element.timer is None:
            return None
        variables = {**self.variables, **(facts or {})}
        step = self.definition.elements.get(element.counts_from)
        opened = standing.opened_at(self._workflow, step.id) if step is not None else None
        if step is not None and step.variable is not None and opened is not None:
            variables[step.variable] = not_before(
                variables.get(step.variable), local_date(opened).isoformat()
            )
        return due_time(
            element.timer,
            now,
            lambda text: compile_expression(text).evaluate(variables, workdays=self._foresee_days),
        )

    def parameter(self, service: str, name: str, facts: Mapping[str, Any] | None = None) -> Any:
        """What the first task calling `service` would give it for `name` now, were `facts` case variables."""
        text = self.definition.service_parameter(service, name)
        if text is None:
            return None
        variables = {**self.variables, **(facts or {})}
        return to_plain(
            compile_expression(strip_equals(text)).evaluate(variables, workdays=self._foresee_days)
        )

    def waits_for(self) -> frozenset[str]:
        """Names of the messages that would be caught now."""
        return frozenset(
            name
            for task in self._workflow.event_manager.tasks.values()
            for name in messages_of(task.task_spec)
        )

    def pending(self, name: str) -> list[Any]:
        """What messages `name` brought that nothing has caught yet, in the order in which they came."""
        return [payload for held, payload in self.held if held == name]

    def waiting_tokens(self) -> frozenset[str]:
        """Tokens of everything that waits for time or a message."""
        return frozenset(codec.token_of(task) for task in self._workflow.event_manager.tasks.values())

    def places(self) -> dict[str, Place]:
        """Where each open task and each waiting event stands, by token."""
        tasks = [*self._ready_manual(), *self._workflow.event_manager.in_order]
        return {codec.token_of(task): standing.place_of(task) for task in tasks}

    def waiting_elements(self) -> list[str]:
        """Ids of the elements where a token waits for time or a message (boundary events excluded)."""
        return standing.waiting_elements(self._workflow)

    def active_calls(self) -> list[str]:
        """Ids of the call activities whose process is under way, for the picture."""
        return standing.active_calls(self._workflow)

    def canonical(self) -> Any:
        """The state without incidental ids: equal for equal instances."""
        timers = sorted((t.token, t.element_id, t.due_at) for t in self.timers())
        tokens = standing.live_tokens(self._workflow)
        return {"variables": self.variables, "tokens": tokens, "timers": timers, "held": self.held}

    def finished_elements(self) -> list[str]:
        """Ids of the elements that a token has completed, for the picture."""
        return standing.finished_elements(self._workflow)

    def _ready_manual(self) -> list[Task]:
        """The tasks that wait for a person, in the order of the tree: the same after a restore."""
        return self._workflow.ready_tasks(manual=True)

    def _timing(self) -> list[tuple[Task, FeelTimer]]:
        """The timers that wait, without asking when they are due."""
        return [
            (task, definition)
            for task in self._workflow.event_manager.in_order
            for definition in event_definitions(task.task_spec)
            if isinstance(definition, FeelTimer)
        ]

    def timing_tokens(self) -> dict[str, str]:
        """The element of each timer that waits, by token; when it is due is not asked."""
        return {codec.token_of(task): timer.element_id for task, timer in self._timing()}

    def _waiting_timers(self) -> list[tuple[Task, FeelTimer, datetime]]:
        """The timers in the order in which they fire: by due time, then by token.

        At the same instant a limit is marked before another timer ends the work (R15).
        """
        found = []
        for task, definition in self._timing():
            due = definition.due_at(task)
            if due is None:
                raise EngineFault(
                    f"定时“{task.task_spec.bpmn_name or task.task_spec.bpmn_id}”算不出到期时间。"
                )
            found.append((task, definition, due))
        elements = self.definition.elements
        return sorted(found, key=lambda one: (one[2], not elements[one[1].element_id].is_limit))

    def _at_rest(self) -> list[tuple[Task, FeelTimer, datetime]]:
        """As `_waiting_timers`, of an instance that nothing is moving: each is asked once."""
        if self._waiting is None:
            self._waiting = self._waiting_timers()
        return self._waiting

    def _limit_facts(self, element_id: str) -> tuple[bool, int | None]:
        element = self.definition.elements[element_id]
        return element.is_limit, element.warn_days

    @property
    def days(self) -> list[lines.Counted]:
        """All that the calendar has answered the case."""
        return [
            lines.Counted(day.isoformat(), count, answer.isoformat())
            for (day, count), answer in self._days.items()
        ]

    def _foresee_days(self, day: date, count: int) -> date:
        """As `count_days`, for what is only supposed: the case does not keep to that."""
        return self._days.get((day, count)) or self.host.workdays(day, count)

    def _catchers(self, name: str) -> list[Task]:
        """What waits for the message, whoever gets it first."""
        return [task for task in self._workflow.event_manager.in_order if name in messages_of(task.task_spec)]
