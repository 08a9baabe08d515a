"""What a finished case's history knows about time: how long each step,
wait and message took in its own version.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.replay import Input, Replay, services_of
from engine.ground.clock import local_date
from engine.owners.rehearsal.course import Course, Watch

Workdays = Callable[[date, int], date]


@dataclass(frozen=True)
class Answer:
    """What a person did then, and how long after it could be done."""

    entry: Input
    element_id: str
    token: str
    delay: timedelta


@dataclass
class Past:
    """A case as it was: its course, and its inputs with their delays."""

    start: Input
    course: Course
    submissions: Mapping[int, Mapping[str, Any]]
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    """Finished steps by element, in order."""
    caught: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    """Messages by the element that caught them, in order; the delay is from the beginning of that wait."""
    loose: list[Answer] = field(default_factory=list)
    """Messages that nothing caught when they came; the delay is from the case's start."""
    lateness: dict[str, list[timedelta]] = field(default_factory=lambda: defaultdict(list))
    """By how much each timer fired after it was due, by element, in order:
    the scheduler looks every 30 seconds.
    """
    services: dict[str, list[tuple[str, Any, date]]] = field(default_factory=lambda: defaultdict(list))
    """What services answered, by element: token, result and day."""

    begun: frozenset[str] = frozenset()
    """Tokens of everything that ever was open or waited, answered or not."""

    @property
    def variables(self) -> Mapping[str, Any]:
        """What the case knew when it was opened."""
        return self.start.line.variables if isinstance(self.start.line, lines.Started) else {}

    def sent(self, answer: Answer) -> Mapping[str, Any]:
        """What a person filled in."""
        assert isinstance(answer.entry.line, lines.Completed)
        return self.submissions[answer.entry.line.submission]

    @property
    def first_day(self) -> date:
        """The day in China on which the case was opened."""
        return local_date(self.start.at)


def remember(
    definition: Definition,
    inputs: Sequence[Input],
    submissions: Mapping[int, Mapping[str, Any]],
    workdays: Workdays,
) -> Past:
    """Feed a case's inputs to its own version and note when everything could first be done.

    The first input is the start. Raises ReplayMisfit when the history does not fit its own version.
    """
    replay = Replay(definition, inputs, submissions, workdays)
    watch = Watch(replay.instance, inputs[0].at)
    past = Past(inputs[0], watch.course, submissions)
    for entry in inputs:
        places = replay.instance.places() if entry.kind == "message" and entry.said.caught else {}
        token = replay.token_of(entry, entry.said.token) if entry.kind in ("complete", "timer") else ""
        before = len(replay.instance.records)
        replay.feed(entry)
        calls = [call for record in replay.instance.records[before:] for call in record.services]
        watch.look(entry.at)
        if entry.kind == "complete":
            element_id = replay.element_of(entry)
            if token in watch.since:  # else the case was moved to a version that does not have the step
                past.answers[element_id].append(
                    Answer(entry, element_id, token, entry.at - watch.since[token])
                )
        elif entry.kind == "message":
            _note_message(past, entry, {replay.token_of(entry, t) for t in entry.said.caught}, places, watch)
        elif entry.kind == "timer":
            due = entry.said.due or entry.at
            late = entry.at - max(due, watch.since.get(token, due))
            past.lateness[replay.element_of(entry)].append(max(late, timedelta(0)))
        for answer in services_of(entry.line):
            token = answer.token or next((one for name, one, *_ in calls if name == answer.element_id), "")
            past.services[answer.element_id].append((token, answer.result, local_date(entry.at)))
    past.begun = frozenset(watch.since)
    return past


def _note_message(
    past: Past, entry: Input, caught: set[str], places: Mapping[str, Any], watch: Watch
) -> None:
    """A message that a wait caught belongs to that wait; any other to the case."""
    token = next((one for one in sorted(caught) if one in places), None)
    if token is None:
        past.loose.append(Answer(entry, "", "", entry.at - past.start.at))
    else:
        element_id = places[token][-1][0]
        past.caught[element_id].append(Answer(entry, element_id, token, entry.at - watch.since[token]))
