"""What answers the questions that a diagram asks of its case: all is FEEL over the case's variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from types import NoneType
from typing import Any

from SpiffWorkflow.task import Task

from engine.flow.diagram.cycles import Cycle, later, parse_cycle
from engine.flow.diagram.texts import timer_feel
from engine.flow.feel import compile_expression, strip_equals
from engine.flow.feel.nodes import Call, Literal
from engine.flow.feel.temporal import YearsMonths
from engine.flow.feel.values import FeelLimitError, FeelSyntaxError, to_plain
from engine.flow.machine.workflow import case_of
from engine.ground.clock import CHINA
from engine.ground.errors import EngineFault

MAX_INSTANCES = 500
"""More instances of one step than this are a mistake in the diagram or its data."""


class FeelScriptEngine:
    """What answers every question that a diagram asks of its case: conditions, values, repeats, due times,
    decisions.

    All is FEEL over the case's variables. The exploration of a diagram answers in its stead
    (engine/flow/exploration).
    """

    def value(self, task: Task, text: str) -> Any:
        """The FEEL value of `text` over the case's variables."""
        top = case_of(task)
        try:
            return compile_expression(strip_equals(text)).evaluate(top.data, workdays=top.host.workdays)
        except FeelLimitError as error:
            raise EngineFault(
                f"“{task.task_spec.bpmn_name or task.task_spec.bpmn_id}”：{error.message}"
            ) from error

    def evaluate(
        self, task: Task, expression: str, external_context: Mapping[str, Any] | None = None
    ) -> bool:
        """Whether the condition holds; null and errors are not true, as the standard says."""
        return self.value(task, expression) is True

    def due(self, task: Task, text: str, began: datetime) -> datetime | None:
        """When the timer `text` of a wait that began at `began` is due, or None when it has no value yet.

        Worked out anew only when what it counts from is another: at each step each limit of a case is asked
        for, and nearly all are what they were.
        """
        read = _reads(task, text)
        asked = (text, began, read)
        if read is None or task.due is None or task.due[0] != asked:
            task.due = asked, due_time(text, began, lambda inner: self.value(task, inner))
        found: datetime | None = task.due[1]
        return found

    def due_from(self, task: Task, text: str, began: datetime, variable: str, day: str) -> datetime | None:
        """As `due`, were no date in `variable` before `day` (ISO)."""
        top = case_of(task)
        counted = {**top.data, variable: not_before(top.data.get(variable), day)}
        return due_time(
            text, began, lambda inner: compile_expression(inner).evaluate(counted, workdays=top.host.workdays)
        )

    def cycle(self, task: Task, text: str) -> Cycle | None:
        """The repeating interval that `text` means, or None when it has no such value yet."""
        try:
            return parse_cycle(self.value(task, timer_feel(text)), lambda inner: self.value(task, inner))
        except FeelSyntaxError:
            return None

    def decide(self, task: Task, decision_id: str) -> Any:
        """The result of a decision over the case's variables."""
        top = case_of(task)
        try:
            return to_plain(top.decisions[decision_id].evaluate(top.data))
        except FeelLimitError as error:
            raise EngineFault(f"决策表“{decision_id}”：{error.message}") from error

    def items(self, task: Task, expression: str) -> list[Any]:
        """What a repeated task is done for: the elements of a list, 1 to n for a number; nothing for null,
        which is told.

        Raises EngineFault for any other value, and for more than MAX_INSTANCES.
        """
        value = to_plain(self.value(task, expression))
        if value is None:
            case_of(task).tell(
                task.task_spec.bpmn_id, f"“{expression}”没有值，不知道要办理几次，这一步一次也没有办理。"
            )
            return []
        items = instances(value)
        if items is None:
            name, shown = task.task_spec.bpmn_name or task.task_spec.bpmn_id, str(value)[:40]
            raise EngineFault(
                f"“{name}”按“{expression}”算不出办理几次：得到的是“{shown}”，须是清单或 0 到 {MAX_INSTANCES} 的整数，清单最多"
                f" {MAX_INSTANCES} 项。"
            )
        return items


_COUNTED = frozenset({"days after", "date", "date and time", "duration"})
"""Functions whose values follow from what they are given: no calendar, no text that is read once more."""
_PLAIN = frozenset({str, NoneType})


@lru_cache(maxsize=1024)
def _paths(text: str) -> tuple[tuple[str, ...], ...] | None:
    """The names that a timer's text reads, part by part; None where its value does not follow from theirs."""
    compiled = compile_expression(timer_feel(text))
    counted = isinstance(compiled.tree, Call) and compiled.tree.called in _COUNTED
    if not counted or "workdays" in compiled.text:
        return None
    return tuple(tuple(name.split(".")) for name in sorted(compiled.names()))


def _reads(task: Task, text: str) -> list[Any] | None:
    """What the text reads of the case; None where that is no text, or its value does not follow."""
    paths, found = _paths(text), list[Any]()
    for path in paths or ():
        value: Any = case_of(task).data
        for name in path:
            value = value.get(name) if type(value) is dict else None if value is None else task
        if type(value) not in _PLAIN:
            return None
        found.append(value)
    return None if paths is None else found


def instances(value: Any) -> list[Any] | None:
    """What a repeated task is done for by a value: a list, or 1 to n for a whole number;
    None for anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INSTANCES:
        return list(range(1, value + 1))
    return list(value) if isinstance(value, list) and len(value) <= MAX_INSTANCES else None


def answers_of(task: Task) -> FeelScriptEngine:
    """What answers the questions of the case that `task` belongs to."""
    engine: FeelScriptEngine = case_of(task).script_engine
    return engine


def not_before(value: Any, day: str) -> Any:
    """A step's values, with every ISO date in them that lies before `day` (ISO) put to that day."""
    if isinstance(value, dict):
        return {key: not_before(inner, day) for key, inner in value.items()}
    return day if isinstance(value, str) and _ISO_DAY.match(value) and value[:10] < day else value


_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(T|$)")


def due_time(text: str, began: datetime, value_of: Callable[[str], Any]) -> datetime | None:
    """The instant a timer text means for a wait that began at `began`; a plain date is its 00:00 in China.

    None for what is no instant, or none that every zone can write: the years 1 and 9999 have such days.
    """
    value = value_of(timer_feel(text))
    if isinstance(value, str):
        try:
            value = value_of(timer_feel(value))
        except FeelSyntaxError:
            return None  # a text that somebody typed, as 2022年5月9日
    try:
        due = _instant(value, began)
        return due if due is not None and due.astimezone(UTC) else None
    except OverflowError:
        return None


def _instant(value: Any, began: datetime) -> datetime | None:
    if isinstance(value, timedelta | YearsMonths):
        return later(began, value)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=CHINA)
    return datetime(value.year, value.month, value.day, tzinfo=CHINA) if isinstance(value, date) else None


def plain_settings(settings: Mapping[str, str]) -> dict[str, Any]:
    """Those of `settings` whose FEEL text is a plain text, number, truth value or null, with the value."""
    trees = {name: compile_expression(text).tree for name, text in settings.items()}
    return {name: to_plain(tree.value) for name, tree in trees.items() if isinstance(tree, Literal)}


def apply_settings(task: Task, settings: Mapping[str, str]) -> None:
    """Set the case variables that `settings` name, each to its FEEL value.

    A plain value is no question: it is not asked, and the history does not repeat it.
    """
    answers, top, plain = answers_of(task), case_of(task), plain_settings(settings)
    asked = {name: text for name, text in settings.items() if name not in plain}
    top.data.update(plain)
    if asked:
        top.data.update(
            top.answer(
                "sets",
                task,
                lambda: {name: to_plain(answers.value(task, text)) for name, text in asked.items()},
            )
        )
