"""What the history answers while it is fed again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from engine.flow.history import lines
from engine.flow.machine.instance import UNKNOWN
from engine.flow.replay.inputs import Input, services_of
from engine.ground.errors import EngineFault


class ReplayHost:
    """Answers services from the log."""

    def __init__(self, inputs: Iterable[Input], workdays: Callable[[date, int], date]) -> None:
        self.workdays = workdays
        self.passed: frozenset[str] = frozenset()
        """Services that count as done without a result: the case had gone past them on another version."""
        self.line: lines.Line = lines.Input()
        """The line that is fed now: its answers come first, where they do not say which call's they are."""
        self._unused: dict[str, list[lines.Answer]] = {}
        self._used: dict[str, list[lines.Answer]] = {}
        for entry in inputs:
            for answer in services_of(entry.line):
                self._unused.setdefault(answer.element_id, []).append(answer)

    def call_service(self, element_id: str, token: str, name: str, parameters: dict[str, Any]) -> Any:
        """What this very call had answered, by its token or in the line that is fed; else, on another version
        or without a step, what the element's next call, or its last, had.
        """
        unused, used = self._unused.get(element_id, []), self._used.setdefault(element_id, [])
        own = next((one for one in (*unused, *used) if one.is_of(token)), None)
        answer = own or self._said(unused) or next(iter(unused), None)
        if answer is None and not used:
            if element_id in self.passed:
                return None
            raise EngineFault(f"办理记录中没有服务“{name}”的结果。")
        if answer is not None:
            self._unused[element_id] = [one for one in unused if one is not answer]
            self._used[element_id] = [*(one for one in used if one is not answer), answer]
        return self._used[element_id][-1].result

    def _said(self, unused: Sequence[lines.Answer]) -> lines.Answer | None:
        said = services_of(self.line)
        return next((one for one in unused if any(one is other for other in said)), None)

    def decided(self, element_id: str, decision_id: str, result: Any) -> None:
        """Decisions are on the log; nothing to note."""


class Memory:
    """What a line says that the questions came to which its input led to, in their order for each element."""

    def __init__(self, choices: Sequence[lines.Choice]) -> None:
        self.left = list(choices)

    def recall(self, kind: str, element_id: str) -> Any:
        """The next answer of the element, or UNKNOWN."""
        for place, choice in enumerate(self.left):
            if (choice.kind, choice.element_id) == (kind, element_id):
                return self.left.pop(place).answer
        return UNKNOWN
