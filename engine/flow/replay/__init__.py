"""History is the truth, the state is a cache:
rebuild an instance by feeding its inputs to a definition again.

One mechanism serves restoring after a change of the state format, checking a stored state, returning a case
to an earlier step (its history without that step and what came of it) and trying a history on another
version. Services answer from the log, so nothing outside the instance is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.flow.machine.record import Record
from engine.flow.machine.script import plain_settings
from engine.flow.replay.answers import Memory, ReplayHost
from engine.flow.replay.inputs import FACT, Entry, Input, inputs_of, services_of, undone
from engine.ground.errors import Conflict, EngineFault

__all__ = [
    "FACT",
    "Entry",
    "Input",
    "Replay",
    "ReplayHost",
    "ReplayMisfit",
    "inputs_of",
    "services_of",
    "undone",
]


class ReplayMisfit(EngineFault):
    """An input of the history does not fit the definition; `seq` says which."""

    def __init__(self, seq: int, message: str) -> None:
        super().__init__(message)
        self.seq = seq


class Replay:
    """Feeds inputs to a fresh instance on `definition`.

    What happened then has happened: a gateway goes on as it went on, a decision is what it was, a timer fires
    when it fired, whatever the present release, calendar, FEEL or table would say. What the lines do not say,
    as those of version 1 do not, is worked out; where a line says it came to something else than it comes to
    here, ReplayMisfit is raised. The inputs up to the last ``move`` were made on other versions: what they
    come to on this one the move's line says.
    """

    def __init__(
        self,
        definition: Definition,
        inputs: Sequence[Input],
        submissions: Mapping[int, Mapping[str, Any]],
        workdays: Callable[[date, int], date],
        days: Mapping[tuple[date, int], date] | None = None,
    ) -> None:
        """`days`: what the calendar has answered the case; else as the lines of the inputs say."""
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
        self._host.passed = frozenset(last.passed)
        self.instance = Instance(definition, self._host)
        self.instance.keep_days(lines.kept_days(one.line for one in inputs) if days is None else days)
        self._known_days = self.instance.days
        self.anew: list[lines.Anew] = []
        """What the history did not say and was decided on the way."""
        self._last_move = last
        self._lenient = False
        """Whether the history is fed without one of its steps."""

    def run(self) -> Instance:
        """Feed every input. Raises ReplayMisfit at the first that does not fit."""
        for entry in self.inputs:
            self.feed(entry)
        return self._done()

    def _done(self) -> Instance:
        self.instance.records.clear()
        self.instance.go_live()
        return self.instance

    def feed(self, entry: Input) -> None:
        """Feed the next input. Raises ReplayMisfit when it does not fit."""
        try:
            self._feed(entry)
        except (Conflict, EngineFault) as error:
            raise ReplayMisfit(entry.seq, f"办理记录第 {entry.seq} 条与流程不符：{error.message}") from error

    def run_without(self, seq: int) -> tuple[Instance, list[int]]:
        """Feed every input but `seq` and what came of it;
        returns the instance and the sequence numbers left out.

        What people reported is never left out (R10: an objection is answered, whatever step the case goes
        back to).
        """
        left_out: list[int] = []
        for entry in self.inputs:
            self._lenient = self._lenient or entry.seq >= seq
            if entry.seq != seq and self._holds(entry):
                self._feed(entry)
            elif entry.kind != "message" or entry.element_id not in self.instance.definition.reports:
                left_out.append(entry.seq)
            elif self.instance.definition.reports[entry.element_id].known_after_return:
                self.known.append(entry.seq)
                self._feed(replace(entry, known=True))
            else:
                self.carried.append(entry.seq)
                self._feed(entry)
        return self._done(), left_out

    def new_days(self) -> list[lines.Counted]:
        """What the calendar had not answered the case before."""
        return [one for one in self.instance.days if one not in self._known_days]

    def suppose(self, at: datetime) -> None:
        """Let fire what would be due by `at`, whatever services would answer: to see what would be left."""
        self._host.passed = frozenset(self.instance.definition.elements)
        self.instance.pass_time(at)

    def pass_by(self, element_id: str, now: datetime) -> None:
        """Take the case past `element_id`, where it now stands:
        a step or wait that it never had on its own version.
        """
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
        """The variable that the finished step of the input set,
        also when the present definition has no such step.
        """
        element = self.instance.definition.elements.get(self.element_of(entry))
        return element.variable if element is not None else self._dropped.get(entry.element_id)

    def element_of(self, entry: Input) -> str:
        """The element that the input acted on, as the present definition calls it."""
        element_id = entry.element_id
        for move in self._moves_after(entry):
            element_id = move.elements.get(element_id, element_id)
        return element_id

    def token_of(self, entry: Input, token: str) -> str:
        """A token of the input, as the present definition makes it: whole where it waits now, or has just
        fired; else as the line has it.
        """
        return self._whole(self.moved_token(entry, token))

    def moved_token(self, entry: Input, token: str) -> str:
        """A token of the input, as the moves since call it; if none of them knew it, as the line has it."""
        found = token
        for move in self._moves_after(entry):
            found = next((new for old, new in move.tokens.items() if found and old.startswith(found)), found)
        return found

    def _whole(self, token: str) -> str:
        """Lines say the first digits of a token alone."""
        if len(token) != lines.TOKEN_DIGITS:
            return token
        instance = self.instance
        waiting = (*instance.standing(), *instance.waiting_tokens(), *self._timed())
        return next((one for one in waiting if one.startswith(token)), token)

    def _moves_after(self, entry: Input) -> list[lines.Moved]:
        return [move for seq, move in self._moves if seq > entry.seq]

    def _passed_before(self, entry: Input) -> list[str]:
        """What the last move passed by before this input could fit."""
        return [element_id for seq, element_id in self._passes if seq == entry.seq]

    def _holds(self, entry: Input) -> bool:
        """Whether what the input acted on is there without the step taken out."""
        if entry.kind == "complete":
            return self.token_of(entry, entry.said.token) in {
                task.token for task in self.instance.open_tasks()
            }
        if entry.kind == "message" and entry.said.caught:
            return bool(self.instance.waiting_tokens() & {self.token_of(entry, t) for t in entry.said.caught})
        if entry.kind == "timer" and self._is_before_move(entry):
            return self.element_of(entry) in self.instance.timing_tokens().values()
        if entry.kind == "timer" and not entry.unfrozen:
            return self.token_of(entry, entry.said.token) in self.instance.timing_tokens()
        if entry.kind == "timer":
            return self.token_of(entry, entry.said.token) in self._timed()
        return True

    def _timed(self) -> set[str]:
        """Tokens of the timers that wait, and of those that an input of
        the same instant has let fire already.
        """
        fired = {record.token for record in self.instance.records if record.kind == "timer"}
        return fired | self.instance.timing_tokens().keys()

    def _is_before_move(self, entry: Input) -> bool:
        """Whether the input was made on another version."""
        return bool(self._moves) and entry.seq < self._moves[-1][0]

    def _feed(self, entry: Input) -> None:
        """Feed an input, asking nothing that the history answers."""
        instance, memory = self.instance, self._memory_of(entry)
        self._host.line = entry.line
        instance.frozen, instance.replaying, instance.recall = not entry.unfrozen, True, memory.recall
        before, known = len(instance.records), len(instance.computed)
        try:
            self._hand_in(entry)
        except (Conflict, EngineFault):
            del instance.computed[known:]
            raise
        self.anew += [lines.Anew(entry.seq, choice) for choice in instance.computed]
        missing, instance.computed = instance.computed, []
        if isinstance(entry.line, lines.Input) and not (
            entry.known or self._lenient or self._is_before_move(entry)
        ):
            self._compare(entry, entry.line, instance.records[before:], memory, missing)

    def _memory_of(self, entry: Input) -> Memory:
        """What the history has to say of the questions that the input leads to."""
        if isinstance(entry.line, lines.Moved) or self._is_before_move(entry):
            return Memory([choice for seq, choice in self._last_move.anew or () if seq == entry.seq])
        sources = {flow: source for flow, (source, _) in self.instance.definition.flows.items()}
        flows = [lines.Choice("flows", sources.get(one[0], ""), one) for one in entry.line.flows or () if one]
        return Memory([*filter(self._is_asked, entry.line.choices), *flows, *entry.anew])

    def _is_asked(self, choice: lines.Choice) -> bool:
        """Whether it is a question at all: lines of version 2 also say what an element plainly sets."""
        element = self.instance.definition.elements.get(choice.element_id)
        if choice.kind != "sets" or element is None or not element.settings:
            return True
        return plain_settings(element.settings).keys() != element.settings.keys()

    def _compare(
        self,
        entry: Input,
        line: lines.Input,
        records: Sequence[Record],
        memory: Memory,
        missing: Sequence[lines.Choice],
    ) -> None:
        """Raise Conflict where the input did not come to what its line says it came to."""
        if not entry.strict:
            return
        if line.flows is not None and (missing or memory.left):
            names = [one.element_id for one in (*missing, *memory.left)]
            raise Conflict(f"“{self._name(names[0])}”当时的走向与现在不同。")
        found = next((one for one in reversed(records) if one.kind == line.KIND), None)
        ends_known = line.flows is not None or line.ends
        if found is not None and ends_known and [*found.ends, *found.caught] != [*line.ends, *line.caught]:
            raise Conflict("走到的地方与当时不同。")
        standing = self.instance.standing()
        gone = (one for one in line.opened if not any(token.startswith(one.token) for token in standing))
        if (missed := next(gone, None)) is not None:
            raise Conflict(f"当时打开的是“{self._name(missed.element_id)}”，现在没有打开。")

    def _name(self, element_id: str) -> str:
        element = self.instance.definition.elements.get(element_id)
        return element.name if element is not None and element.name else element_id

    def _hand_in(self, entry: Input) -> None:
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
            late = None if self._lenient or not entry.strict or self._is_before_move(entry) else line.late
            self.instance.send(entry.element_id, line.payload, entry.at, line.facts, late=late)
        elif isinstance(line, lines.Fired) and entry.unfrozen:
            self.instance.pass_time(entry.at, line.due)
        elif isinstance(line, lines.Fired):
            self._fire(entry)

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

    def _fire(self, entry: Input) -> None:
        """The timer that fired fires; of another version also one that is no longer drawn, or a round more:
        history.
        """
        element_id, token = self.element_of(entry), self.token_of(entry, entry.said.token)
        element = self.instance.definition.elements.get(element_id)
        waiting = [one for one, name in self.instance.timing_tokens().items() if name == element_id]
        elsewhere = self._is_before_move(entry)
        if elsewhere and (element is None or (not waiting and not element.cancel_activity)):
            return
        if token not in waiting and (len(waiting) != 1 or not elsewhere):
            raise Conflict(f"此时定时“{self._name(element_id)}”没有在等待。")
        self.instance.fire(token if token in waiting else waiting[0], entry.at, entry.said.due, element_id)

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
