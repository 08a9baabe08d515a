"""A case in memory that keeps its history as the log would, and can be moved to another version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.flow.replay import Input, Replay
from engine.flow.replay.relocation import Relocation, Wish, relocate
from tests.support.small import NOW, Host, deploy


def workdays(day: Any, count: int) -> Any:
    return day + timedelta(days=count)


class Case:
    """A case in memory that keeps its history as the log would."""

    def __init__(self, drawn: str | Definition, **variables: Any) -> None:
        """On a diagram that is checked and begun at once, or on a definition, to be begun by the test."""
        self.definition = deploy(drawn) if isinstance(drawn, str) else drawn
        self.instance = Instance(self.definition, Host())
        self.inputs: list[Input] = []
        self.submissions: dict[int, dict[str, Any]] = {}
        if isinstance(drawn, str):
            self.instance.start(variables, NOW)
            self.keep(lines.Started(variables=variables))

    def keep(self, said: lines.Input | None = None) -> None:
        """Write down what the instance did, with what is `said` of the input."""
        self.instance.timers()  # as a step does: when they are due belongs to what it did
        for record in self.instance.records:
            line = lines.Fired() if record.kind == "timer" or said is None else said
            noted = record.noted(partial(replace, line))
            self.inputs.append(Input(len(self.inputs) + 1, record.at, record.element_id, noted))
        self.instance.records.clear()

    def do(self, name: str, on: datetime, item: Any = None, **data: Any) -> None:
        wanted = [t for t in self.instance.open_tasks() if t.element_id == name and item in (None, t.item)]
        element = self.definition.elements[name]
        self.submissions[len(self.submissions) + 1] = data
        self.instance.complete(
            wanted[0].token, {str(element.variable): self.definition.project(str(element.variable), data)}, on
        )
        self.keep(lines.Completed(submission=len(self.submissions)))

    def send(self, name: str, on: datetime, payload: Mapping[str, Any] | None = None) -> bool:
        caught = self.instance.send(name, dict(payload or {}), on)
        self.keep(lines.Caught(payload=dict(payload or {})))
        return caught

    def wait(self, until: datetime) -> None:
        self.instance.pass_time(until)
        self.keep()

    def open(self) -> list[str]:
        return sorted(one.element_id for one in self.instance.open_tasks())

    def dues(self) -> dict[str, datetime]:
        return {one.element_id: one.due_at for one in self.instance.timers()}

    def plan(self, body: str, on: datetime, **wish: Any) -> Relocation:
        new = deploy(body)
        return relocate(
            self.definition,
            new,
            self.inputs,
            self.submissions,
            workdays,
            Wish(**wish),
            len(self.inputs) + 1,
            on,
        )

    def move(self, body: str, on: datetime, **wish: Any) -> Relocation:
        """Move for good: saved and loaded, and rebuilt once more from the history that now holds the move."""
        found = self.plan(body, on, **wish)
        definition: Definition = found.instance.definition
        found.arrive(Host(), on)
        self.inputs.append(Input(len(self.inputs) + 1, on, "", found.line))
        self.definition, fired = definition, list(found.instance.records)
        self.instance = Instance.restored(definition, Host(), found.instance.stored())
        assert self.instance.canonical() == found.instance.canonical()
        self.instance.records = fired
        self.keep()
        rebuilt = Replay(definition, self.inputs, self.submissions, workdays).run()
        assert rebuilt.canonical() == self.instance.canonical()
        return found
