"""History is the truth, the state is a cache: rebuild an instance by feeding its inputs to a definition again.

One mechanism serves restoring after a change of the state format, checking a stored state, returning a case to an
earlier step (its history without that step and what came of it) and trying a history on another version. Services
answer from the log, so nothing outside the instance is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.definition import Definition
from engine.errors import Conflict, EngineFault
from engine.instance import Instance
from engine.models import LogEntry, Submission

INPUTS = frozenset({"start", "complete", "message", "timer"})
UNDOING = frozenset({"return", "withdraw"})


class ReplayMisfit(EngineFault):
    """An input of the history does not fit the definition; `seq` says which."""

    def __init__(self, seq: int, message: str) -> None:
        super().__init__(message)
        self.seq = seq


@dataclass(frozen=True)
class Input:
    """One input of a case's history, ready to be fed again."""

    seq: int
    kind: str
    at: datetime
    element_id: str
    data: Mapping[str, Any]


class ReplayHost:
    """Answers services from the log."""

    def __init__(self, inputs: Iterable[Input], workdays: Callable[[date, int], date]) -> None:
        self.workdays = workdays
        self._answers: dict[str, Any] = {}
        self._by_element: dict[str, Any] = {}
        for entry in inputs:
            for element_id, token, _name, result in entry.data.get("services", ()):
                self._answers[token] = result
                self._by_element[element_id] = result

    def call_service(self, element_id: str, token: str, name: str, parameters: dict[str, Any]) -> Any:
        """What this very call had answered, or the last answer of the same element (on another version)."""
        if token in self._answers:
            return self._answers[token]
        if element_id in self._by_element:
            return self._by_element[element_id]
        raise EngineFault(f"办理记录中没有服务“{name}”的结果。")

    def decided(self, element_id: str, decision_id: str, result: Any) -> None:
        """Decisions are taken anew; nothing to note."""


def undone(entries: Iterable[LogEntry]) -> frozenset[int]:
    """Sequence numbers of the inputs that returns and withdrawals took back."""
    return frozenset(seq for e in entries if e.kind in UNDOING for seq in e.data["undone"])  # type: ignore[attr-defined]


def inputs_of(entries: Sequence[LogEntry]) -> list[Input]:
    """The inputs that count, in order."""
    gone = undone(entries)
    return [Input(e.seq, e.kind, e.at, e.element_id, e.data) for e in entries if e.kind in INPUTS and e.seq not in gone]


def submissions_of(session: Session, case_id: int) -> dict[int, dict[str, Any]]:
    """The clean data of every submission of a case by id."""
    query = select(Submission.id, Submission.data).where(Submission.case_id == case_id)
    return {row.id: row.data for row in session.execute(query)}


class Replay:
    """Feeds inputs to a fresh instance on `definition`."""

    def __init__(
        self,
        definition: Definition,
        inputs: Sequence[Input],
        submissions: Mapping[int, Mapping[str, Any]],
        workdays: Callable[[date, int], date],
    ) -> None:
        self._inputs = inputs
        self._submissions = submissions
        self.instance = Instance(definition, ReplayHost(inputs, workdays))

    def run(self) -> Instance:
        """Feed every input. Raises ReplayMisfit at the first that does not fit."""
        for entry in self._inputs:
            try:
                self._feed(entry)
            except Conflict as error:
                raise ReplayMisfit(entry.seq, f"办理记录第 {entry.seq} 条与流程不符：{error.message}") from error
        self.instance.records.clear()
        return self.instance

    def run_without(self, seq: int) -> tuple[Instance, list[int]]:
        """Feed every input but `seq` and what came of it; returns the instance and the sequence numbers left out."""
        left_out = []
        for entry in self._inputs:
            if entry.seq == seq or not self._holds(entry):
                left_out.append(entry.seq)
            else:
                self._feed(entry)
        self.instance.records.clear()
        return self.instance, left_out

    def _holds(self, entry: Input) -> bool:
        """Whether what the input acted on is there without the step taken out."""
        if entry.kind == "complete":
            return entry.data["token"] in {task.token for task in self.instance.open_tasks()}
        if entry.kind == "message" and entry.data.get("caught"):
            return bool(self.instance.waiting_tokens() & set(entry.data["caught"]))
        return True

    def _feed(self, entry: Input) -> None:
        data = entry.data
        if entry.kind == "start":
            self.instance.start(data["variables"], entry.at)
        elif entry.kind == "complete":
            element = self.instance.definition.elements.get(entry.element_id)
            variable = element.variable if element else None
            if variable is None:
                raise Conflict(f"流程中没有步骤“{entry.element_id}”。")
            form_data = self._submissions[data["submission"]]
            values = {variable: self.instance.definition.project(variable, form_data)}
            self.instance.complete(self._open_token(entry), values, entry.at)
        elif entry.kind == "message":
            self.instance.send(entry.element_id, data["payload"], entry.at, data.get("facts"))
        else:
            self.instance.pass_time(entry.at, datetime.fromisoformat(str(data["due"])))

    def _open_token(self, entry: Input) -> str:
        """The token the input acted on; on another version, the only open task of the same element."""
        tokens = {task.token: task.element_id for task in self.instance.open_tasks()}
        token = str(entry.data["token"])
        if token in tokens:
            return token
        same = [found for found, element_id in tokens.items() if element_id == entry.element_id]
        if len(same) != 1:
            raise Conflict(f"此时步骤“{entry.element_id}”没有打开。")
        return same[0]
