"""A finished case's inputs on another version, in simulated time.

What people did then they do again, as long after they could begin as they took then. Timers fire when the new
version has them due. So a notice of seven days instead of five shifts all that follows it, and nothing else.
Dates that were written down on or after the day the case was opened move along with the step they were
written in; earlier ones (a birthday, the day of discovery) stay. Services answer what they had answered.
Deterministic, and nothing is stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from engine.flow.forms.sample import sample
from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.flow.machine.record import OpenTask
from engine.ground.clock import local_date
from engine.ground.errors import Conflict, EngineFault
from engine.owners.rehearsal.course import Course, Watch
from engine.owners.rehearsal.past import Answer, Past, Workdays

MAX_EVENTS = 2000
"""More inputs and timers than this in one case is a loop."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Assumption:
    """What is supposed where the history lacks something: new steps get the default outcome,
    `after` days after opening.
    """

    defaults: bool = False
    after: int = 0


class Misfit(EngineFault):
    """The case does not fit the version; `seq` is the line of its history after which it could not go on."""

    def __init__(self, seq: int, message: str, course: Course) -> None:
        super().__init__(message)
        self.seq, self.course = seq, course


@dataclass
class Outcome:
    """How the case went on the other version, and what was supposed on the way."""

    course: Course
    supposed: list[str]
    """Names of new steps answered by default and of new services without a result."""


def simulate(definition: Definition, past: Past, workdays: Workdays, assumption: Assumption) -> Outcome:
    """Run `past` on `definition` to its end. Raises Misfit."""
    return _Simulation(definition, past, workdays, assumption).run()


def moved(value: Any, days: int, since: date) -> Any:
    """`value` with every ISO date in it that is not before `since` moved by `days`."""
    if not days:
        return value
    if isinstance(value, Mapping):
        return {key: moved(one, days, since) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [moved(one, days, since) for one in value]
    if isinstance(value, str) and _DAY.match(value) and (len(value) == 10 or value[10] == "T"):
        try:
            day = date.fromisoformat(value[:10])
        except ValueError:
            return value
        return (day + timedelta(days=days)).isoformat() + value[10:] if day >= since else value
    return value


class _Host:
    """Answers services from the history."""

    def __init__(self, past: Past, workdays: Workdays, assumption: Assumption) -> None:
        self.workdays = workdays
        self.today = past.first_day
        self.unanswered: list[str] = []
        self._since, self._defaults = past.first_day, assumption.defaults
        self._unused = {element_id: list(found) for element_id, found in past.services.items()}
        self._last: dict[str, tuple[str, Any, date]] = {}

    def call_service(self, element_id: str, token: str, name: str, parameters: dict[str, Any]) -> Any:
        """What this very call had answered, else the element's next answer, else its last."""
        unused = self._unused.get(element_id, [])
        found = next(
            (one for one in unused if one[0] and token.startswith(one[0])),
            unused[0] if unused else self._last.get(element_id),
        )
        if found is None:
            if not self._defaults:
                raise EngineFault("办理记录里没有新增的自动步骤的结果。")
            self.unanswered.append(element_id)
            return None
        if found in unused:
            unused.remove(found)
        self._last[element_id] = found
        return moved(found[1], (self.today - found[2]).days, self._since)

    def decided(self, element_id: str, decision_id: str, result: Any) -> None:
        """Decisions are taken anew; nothing to note."""


class _Simulation:
    def __init__(
        self, definition: Definition, past: Past, workdays: Workdays, assumption: Assumption
    ) -> None:
        self._definition, self._past, self._assumption = definition, past, assumption
        self._host = _Host(past, workdays, assumption)
        self._instance = Instance(definition, self._host)
        self._instance.frozen = True  # each timer fires by itself, as the history has a line for each
        self._watch = Watch(self._instance, past.start.at)
        self._due: list[tuple[datetime, int, Answer | None, OpenTask | None]] = []
        self._answers = {element_id: list(found) for element_id, found in past.answers.items()}
        self._caught = {element_id: list(found) for element_id, found in past.caught.items()}
        self._lateness = {element_id: list(found) for element_id, found in past.lateness.items()}
        self._waits: set[str] = set()
        self._supposed: list[str] = []
        self._count = 0
        self._seq = past.start.seq
        self._now = past.start.at

    def run(self) -> Outcome:
        """To the end, or to where nothing can happen any more."""
        try:
            self._instance.start(self._past.variables, self._now)
            self._look()
            for answer in self._past.loose:
                self._schedule(self._now + answer.delay, answer, None)
            while not self._instance.completed and self._next():
                self._look()
        except (Conflict, EngineFault) as error:
            raise Misfit(self._seq, error.message, self._watch.course) from error
        if not self._instance.completed:
            raise Misfit(self._seq, self._stuck(), self._watch.course)
        unanswered = (self._definition.elements[element_id].name for element_id in self._host.unanswered)
        return Outcome(self._watch.course, list(dict.fromkeys([*self._supposed, *unanswered])))

    def _schedule(self, at: datetime, answer: Answer | None, task: OpenTask | None) -> None:
        self._count += 1
        order = answer.entry.seq if answer else 1_000_000
        heappush(self._due, (max(at, self._now), order * 10_000 + self._count, answer, task))

    def _look(self) -> None:
        """Give every task that has opened, and every wait that has begun, what the history has for it."""
        for task in self._watch.look(self._now):
            answer = self._take(self._answers.get(task.element_id, []), task.token)
            if answer is not None:
                self._schedule(self._now + answer.delay, answer, task)
            elif self._assumption.defaults:
                self._schedule(self._now + timedelta(days=self._assumption.after), None, task)
        if any(self._caught.values()):
            self._expect_messages()

    def _expect_messages(self) -> None:
        for token, place in self._instance.places().items():
            element_id = place[-1][0]
            if token not in self._waits and self._caught.get(element_id):
                self._waits.add(token)
                answer = self._take(self._caught[element_id], token)
                if answer is not None:
                    self._schedule(self._now + answer.delay, answer, None)

    def _take(self, answers: list[Answer], token: str) -> Answer | None:
        """The answer that was given to this very token; the next one, to a token that there was not then."""
        found = next((one for one in answers if one.token == token), None)
        if found is None and token not in self._past.begun:
            found = next(iter(answers), None)
        if found is not None:
            answers.remove(found)
        return found

    def _next(self) -> bool:
        """The next timer or input; False when there is none."""
        if self._count + len(self._watch.course.happenings) > MAX_EVENTS:
            raise EngineFault("这件事项在新版本上反复循环，没有尽头。")
        timers = [(self._fires_at(one.element_id, one.due_at), one) for one in self._instance.timers()]
        first = min(timers, key=lambda found: (found[0], found[1].due_at), default=None)
        if first is not None and (not self._due or first[0] <= self._due[0][0]):
            self._go_to(first[0])
            late = self._lateness.get(first[1].element_id)
            if late:
                late.pop(0)
            timer = first[1]
            self._instance.fire(timer.token, self._now, timer.due_at, timer.element_id)
            return True
        if not self._due:
            return False
        at, _, answer, task = heappop(self._due)
        self._go_to(at)
        self._feed(answer, task)
        return True

    def _fires_at(self, element_id: str, due: datetime) -> datetime:
        late = self._lateness.get(element_id)
        return max(due + (late[0] if late else timedelta(0)), self._now)

    def _go_to(self, at: datetime) -> None:
        self._now, self._host.today = at, local_date(at)

    def _feed(self, answer: Answer | None, task: OpenTask | None) -> None:
        if task is not None and task.token not in {one.token for one in self._instance.open_tasks()}:
            return  # a timer has taken the step away meanwhile
        if answer is not None:
            self._seq = answer.entry.seq
        if task is not None:
            self._instance.complete(task.token, self._values(answer, task), self._now)
        elif answer is not None:
            line = answer.entry.line
            assert isinstance(line, lines.Caught)  # what is no step is a message
            payload, facts = self._moved(line.payload, answer), self._moved(line.facts, answer)
            self._instance.send(answer.entry.element_id, payload, self._now, facts)

    def _moved(self, value: Any, answer: Answer) -> Any:
        days = (self._host.today - local_date(answer.entry.at)).days
        return moved(value, days, self._past.first_day)

    def _values(self, answer: Answer | None, task: OpenTask) -> dict[str, Any]:
        """The variable that the step sets: what was filled in then, or the form's default."""
        element = self._definition.elements[task.element_id]
        variable = element.variable or element.form_key or element.id
        if answer is not None:
            data = self._moved(self._past.sent(answer), answer)
        else:
            self._supposed.append(element.name)
            form = self._definition.form(element.form_key) if element.form_key else None
            data = sample(form, {"case": self._instance.variables}, self._host.today) if form else {}
        return {variable: self._definition.project(variable, data)}

    def _stuck(self) -> str:
        elements = self._definition.elements
        names = list(dict.fromkeys(elements[task.element_id].name for task in self._instance.open_tasks()))
        if names:
            return f"停在“{'”“'.join(names)}”：办理记录里没有这一步的办理结果。"
        names = list(
            dict.fromkeys(elements[one].name for one in self._instance.waiting_elements() if one in elements)
        )
        return f"停在“{'”“'.join(names)}”：办理记录里没有它所等的消息。"
