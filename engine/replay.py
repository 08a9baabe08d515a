"""History is the truth, the state is a cache: rebuild an instance by feeding its inputs to a definition again.

One mechanism serves restoring after a change of the state format, checking a stored state, returning a case to an
earlier step (its history without that step and what came of it) and trying a history on another version. Services
answer from the log, so nothing outside the instance is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.definition import Definition
from engine.errors import Conflict, EngineFault
from engine.flow.history import lines
from engine.instance import Instance
from engine.models import LogEntry, Submission

FACT = "fact"
AFTER_RETURN = "afterReturn"
"""The property of an event that catches what people report: what becomes of it when the case goes back before it.

Without it the report waits and is caught again; with the value ``known`` it stays known, and the event waits anew.
"""


class ReplayMisfit(EngineFault):
    """An input of the history does not fit the definition; `seq` says which."""

    def __init__(self, seq: int, message: str) -> None:
        super().__init__(message)
        self.seq = seq


@dataclass(frozen=True)
class Input:
    """One input of a case's history, ready to be fed again.

    Of kind ``fact`` is a message that a return left known to the case, without what it had set going.
    """

    seq: int
    at: datetime
    element_id: str
    line: lines.Input | lines.Moved
    known: bool = False

    @property
    def kind(self) -> str:
        """The line's kind, or ``fact``."""
        return FACT if self.known else self.line.KIND

    @property
    def said(self) -> lines.Input:
        """The line of an input that is no move."""
        assert isinstance(self.line, lines.Input)
        return self.line


class ReplayHost:
    """Answers services from the log."""

    def __init__(self, inputs: Iterable[Input], workdays: Callable[[date, int], date]) -> None:
        self.workdays = workdays
        self.passed: frozenset[str] = frozenset()
        """Services that count as done without a result: the case had gone past them on another version."""
        self._answers: dict[str, Any] = {}
        self._unused: dict[str, dict[str, Any]] = {}
        self._last: dict[str, Any] = {}
        for entry in inputs:
            for answer in services_of(entry.line):
                self._answers[answer.token] = answer.result
                self._unused.setdefault(answer.element_id, {})[answer.token] = answer.result

    def call_service(self, element_id: str, token: str, name: str, parameters: dict[str, Any]) -> Any:
        """What this very call had answered; on another version, what the element's next call, or its last, had."""
        unused = self._unused.get(element_id, {})
        if token in self._answers:
            unused.pop(token, None)
            self._last[element_id] = self._answers[token]
        elif unused:
            self._last[element_id] = unused.pop(next(iter(unused)))
        elif element_id not in self._last and element_id not in self.passed:
            raise EngineFault(f"办理记录中没有服务“{name}”的结果。")
        return self._last.get(element_id)

    def decided(self, element_id: str, decision_id: str, result: Any) -> None:
        """Decisions are taken anew; nothing to note."""


def undone(entries: Iterable[LogEntry]) -> frozenset[int]:
    """Sequence numbers of the inputs that returns and withdrawals took back."""
    return frozenset(seq for line in _undoing(entries) for seq in line.undone)


def _undoing(entries: Iterable[LogEntry]) -> list[lines.Undoing]:
    return [line for entry in entries if isinstance(line := entry.line, lines.Undoing)]


def services_of(line: lines.Line) -> Sequence[lines.Answer]:
    """What services answered to a line's input."""
    return line.services if isinstance(line, lines.Input) else ()


def inputs_of(entries: Sequence[LogEntry]) -> list[Input]:
    """The inputs that count, in order."""
    gone, known = undone(entries), _known(entries)
    return [
        Input(entry.seq, entry.at, entry.element_id, line, entry.seq in known)
        for entry in entries
        if entry.seq not in gone and isinstance(line := entry.line, lines.Input | lines.Moved)
    ]


def _known(entries: Iterable[LogEntry]) -> frozenset[int]:
    """Sequence numbers of the messages that a return left known, without what they had set going."""
    return frozenset(seq for line in _undoing(entries) for seq in line.known)


def submissions_of(session: Session, case_id: int) -> dict[int, dict[str, Any]]:
    """The clean data of every submission of a case by id."""
    query = select(Submission.id, Submission.data).where(Submission.case_id == case_id)
    return {row.id: row.data for row in session.execute(query)}


class Replay:
    """Feeds inputs to a fresh instance on `definition`.

    The inputs up to the last ``move`` were made on other versions. What happened then has happened: on the present
    definition their timers fire when they fired, whatever is due when, and nothing else fires until the move.
    """

    def __init__(
        self,
        definition: Definition,
        inputs: Sequence[Input],
        submissions: Mapping[int, Mapping[str, Any]],
        workdays: Callable[[date, int], date],
    ) -> None:
        self.inputs = inputs
        self.carried: list[int] = []
        """Without a step: sequence numbers of the reports that wait until they are caught again."""
        self.known: list[int] = []
        """Without a step: those of reports that stay known, without what they had set going."""
        self._submissions = submissions
        self._moves = [(entry.seq, entry.line) for entry in inputs if isinstance(entry.line, lines.Moved)]
        last = self._moves[-1][1] if self._moves else lines.Moved()
        self._dropped, self._passes = last.dropped, last.passes
        self._host = ReplayHost(inputs, workdays)
        self.instance = Instance(definition, self._host)
        if self._moves:
            self.instance.frozen = True
            self._host.passed = frozenset(last.passed)

    def run(self) -> Instance:
        """Feed every input. Raises ReplayMisfit at the first that does not fit."""
        for entry in self.inputs:
            self.feed(entry)
        self.instance.records.clear()
        return self.instance

    def feed(self, entry: Input) -> None:
        """Feed the next input. Raises ReplayMisfit when it does not fit."""
        try:
            self._feed(entry)
        except (Conflict, EngineFault) as error:
            raise ReplayMisfit(entry.seq, f"办理记录第 {entry.seq} 条与流程不符：{error.message}") from error

    def run_without(self, seq: int) -> tuple[Instance, list[int]]:
        """Feed every input but `seq` and what came of it; returns the instance and the sequence numbers left out.

        What people reported is never left out (R10: an objection is answered, whatever step the case goes back to).
        """
        left_out: list[int] = []
        for entry in self.inputs:
            if entry.seq != seq and self._holds(entry):
                self._feed(entry)
            elif entry.kind != "message" or entry.element_id not in self.instance.definition.reports:
                left_out.append(entry.seq)
            elif self.instance.definition.reports[entry.element_id].properties.get(AFTER_RETURN) == "known":
                self.known.append(entry.seq)
                self._feed(replace(entry, known=True))
            else:
                self.carried.append(entry.seq)
                self._feed(entry)
        self.instance.records.clear()
        return self.instance, left_out

    def pass_by(self, element_id: str, now: datetime) -> None:
        """Take the case past `element_id`, where it now stands: a step or wait that it never had on its own version."""
        task = next((one for one in self.instance.open_tasks() if one.element_id == element_id), None)
        timer = next((one for one in self.instance.timers() if one.element_id == element_id), None)
        if task is not None:
            self.instance.complete(task.token, {}, now)
        elif timer is not None:
            self.instance.fire(timer.token, now)

    @property
    def passed_by(self) -> frozenset[str]:
        """The elements that any move took the case past."""
        return frozenset(element_id for _, move in self._moves for _, element_id in move.passes)

    def variable_of(self, entry: Input) -> str | None:
        """The variable that the finished step of the input set, also when the present definition has no such step."""
        element = self.instance.definition.elements.get(self.element_of(entry))
        return element.variable if element is not None else self._dropped.get(entry.element_id)

    def element_of(self, entry: Input) -> str:
        """The element that the input acted on, as the present definition calls it."""
        element_id = entry.element_id
        for move in self._moves_after(entry):
            element_id = move.elements.get(element_id, element_id)
        return element_id

    def token_of(self, entry: Input, token: str) -> str:
        """A token of the input, as the present definition makes it."""
        found = token
        for move in self._moves_after(entry):
            found = move.tokens.get(found, found)
        return found

    def _moves_after(self, entry: Input) -> list[lines.Moved]:
        return [move for seq, move in self._moves if seq > entry.seq]

    def _passed_before(self, entry: Input) -> list[str]:
        """What the last move passed by before this input could fit."""
        return [element_id for seq, element_id in self._passes if seq == entry.seq]

    def _holds(self, entry: Input) -> bool:
        """Whether what the input acted on is there without the step taken out."""
        if entry.kind == "complete":
            return self.token_of(entry, entry.said.token) in {task.token for task in self.instance.open_tasks()}
        if entry.kind == "message" and entry.said.caught:
            return bool(self.instance.waiting_tokens() & {self.token_of(entry, t) for t in entry.said.caught})
        if entry.kind == "timer" and self.instance.frozen:
            return self.element_of(entry) in {timer.element_id for timer in self.instance.timers()}
        if entry.kind == "timer":
            return self.token_of(entry, entry.said.token) in self._timed()
        return True

    def _timed(self) -> set[str]:
        """Tokens of the timers that wait, and of those that an input of the same instant has let fire already."""
        fired = {record.token for record in self.instance.records if record.kind == "timer"}
        return fired | {timer.token for timer in self.instance.timers()}

    def _feed(self, entry: Input) -> None:
        line = entry.line
        for element_id in self._passed_before(entry):
            self.pass_by(element_id, entry.at)
        if isinstance(line, lines.Started):
            self.instance.start(line.variables, entry.at)
        elif isinstance(line, lines.Completed):
            self._complete(entry, line)
        elif isinstance(line, lines.Caught) and entry.known:
            self.instance.learn({entry.element_id: line.payload, **line.facts})
        elif isinstance(line, lines.Caught):
            self.instance.send(entry.element_id, line.payload, entry.at, line.facts)
        elif isinstance(line, lines.Moved):
            self._arrive(entry)
        elif self.instance.frozen:
            self._fire(entry)
        else:
            self.instance.pass_time(entry.at, line.due)

    def _complete(self, entry: Input, line: lines.Completed) -> None:
        """A finished step; of one that the present version does not have only what it brought is left."""
        form_data = self._submissions[line.submission]
        if entry.element_id in self._dropped:
            variable = self._dropped[entry.element_id]
            self.instance.learn({variable: self.instance.definition.project(variable, form_data)})
        else:
            self.instance.complete(self._open_token(entry), self._values(entry, form_data), entry.at)

    def _values(self, entry: Input, form_data: Mapping[str, Any]) -> dict[str, Any]:
        """The variable that the finished step sets, with what the present definition reads of it."""
        definition = self.instance.definition
        element = definition.elements.get(self.element_of(entry))
        if element is None or element.variable is None:
            raise Conflict(f"流程中没有步骤“{entry.element_id}”。")
        return {element.variable: definition.project(element.variable, form_data)}

    def _arrive(self, move: Input) -> None:
        if move.line is self._moves[-1][1]:
            self.instance.frozen = False
            self.instance.pass_time(move.at)

    def _fire(self, entry: Input) -> None:
        """A timer of another version fires when it fired there; one that is no longer drawn, or a round more, is history."""
        element_id, token = self.element_of(entry), self.token_of(entry, entry.said.token)
        element = self.instance.definition.elements.get(element_id)
        waiting = [timer.token for timer in self.instance.timers() if timer.element_id == element_id]
        if element is None or (not waiting and not element.cancel_activity):
            return
        if token not in waiting and len(waiting) != 1:
            raise Conflict(f"此时定时“{element_id}”没有在等待。")
        self.instance.fire(token if token in waiting else waiting[0], entry.at)

    def _open_token(self, entry: Input) -> str:
        """The token the input acted on; on another version, the only open task of the same element."""
        tokens = {task.token: task.element_id for task in self.instance.open_tasks()}
        token, wanted = self.token_of(entry, entry.said.token), self.element_of(entry)
        if token in tokens:
            return token
        same = [found for found, element_id in tokens.items() if element_id == wanted]
        if len(same) != 1:
            raise Conflict(f"此时步骤“{wanted}”没有打开。")
        return same[0]
