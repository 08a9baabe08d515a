"""What a case went through: its path, its desks, its limits, as told by an instance while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from engine.flow.machine.instance import Instance
from engine.flow.machine.record import OpenTask, Record
from engine.ground.clock import local_date

DESKLESS = "county"
"""Where a step without a lane lands, as in the step transaction."""


@dataclass(frozen=True)
class Happening:
    """One thing that happened: a step done, a timer fired, a message caught, a service called,
    an end reached.
    """

    kind: str  # complete, timer, message, service, end
    element_id: str
    name: str
    at: datetime


@dataclass
class Course:
    """A case from its start to where it stands."""

    started: datetime
    happenings: list[Happening] = field(default_factory=list)
    desks: list[tuple[str, str, datetime]] = field(default_factory=list)
    """Queue, step and instant of each work item that came onto a desk."""
    missed: list[Happening] = field(default_factory=list)
    """The limits that passed."""
    outcome: str = ""
    ended: datetime | None = None

    @property
    def days(self) -> int | None:
        """Calendar days from the start to the end, in China; None while it runs."""
        return (local_date(self.ended) - local_date(self.started)).days if self.ended else None

    def path(self) -> Counter[str]:
        """How often each element was passed, by id: one that is only called otherwise is the same."""
        return Counter(one.element_id for one in self.happenings)

    def more(self, other: Course) -> dict[str, int]:
        """What was passed more often than in `other`, by name:
        two gateways of the same name are one to people.
        """
        names = {one.element_id: one.name for one in self.happenings}
        found: Counter[str] = Counter()
        for element_id, number in (self.path() - other.path()).items():
            found[names[element_id]] += number
        return dict(found)

    def weeks(self) -> Counter[tuple[str, str]]:
        """How many work items came onto each queue in each week, the week by its Monday."""
        return Counter((queue, monday(at)) for queue, _, at in self.desks)


def monday(at: datetime) -> str:
    """The Monday of the week in China that holds `at`, as an ISO date."""
    day = local_date(at)
    return day.fromordinal(day.toordinal() - day.weekday()).isoformat()


class Watch:
    """Notes what an instance goes through; its owner calls `look` after every input."""

    def __init__(self, instance: Instance, started: datetime) -> None:
        self._instance = instance
        self.course = Course(started)
        self.since: dict[str, datetime] = {}
        """When each task, timer and wait began, by token."""

    def look(self, at: datetime) -> list[OpenTask]:
        """Note everything since the last look, which happened by `at`;
        answers the tasks that newly opened.
        """
        instance = self._instance
        for record in instance.records:
            self.course.happenings.extend(self._of(record))
        instance.records.clear()
        opened = [task for task in instance.open_tasks() if task.token not in self.since]
        for task in opened:
            self.since[task.token] = at
            element = instance.definition.elements[task.element_id]
            self.course.desks.append((element.queue or DESKLESS, element.name, at))
        for token in instance.waiting_tokens():
            self.since.setdefault(token, at)
        if instance.completed:
            self.course.ended = self.course.ended or at
        return opened

    def _of(self, record: Record) -> Iterator[Happening]:
        """What a record tells, in the order of the diagram: the input itself, what it set off,
        the ends it reached.
        """
        elements = self._instance.definition.elements
        if record.kind in ("complete", "timer"):
            element = elements[record.element_id]
            happening = Happening(record.kind, element.id, element.name, record.at)
            yield happening
            if record.kind == "timer" and element.is_limit:
                self.course.missed.append(happening)  # R15
        elif record.kind == "message" and record.caught:
            caught = next((e for e in elements.values() if e.message == record.element_id), None)
            yield Happening(
                "message", record.element_id, caught.name if caught else record.element_id, record.at
            )
        for element_id, _token, _name, _result in record.services:
            yield Happening("service", element_id, elements[element_id].name, record.at)
        for end in record.ends:
            yield Happening("end", end, elements[end].name, record.at)
            if elements[end].outcome is not None:
                self.course.outcome = elements[end].name
