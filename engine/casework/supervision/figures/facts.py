"""What a case's history says for the statistics: a pure function of its lines and its diagram.

A fact is (measure, day, element, value); the day is the one in China on which it happened. The definitions,
in words and in SQL, are in `engine.casework.supervision.figures.definitions`; what a return or a withdrawal
took back does not count, except as the work that was done (`STEP`, `FLOW`) and as the return itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from engine.casework import kit
from engine.casework.supervision.figures.routes import Routes
from engine.flow.history import lines as history
from engine.ground.clock import local_date

OPENED, LIMIT, PASSED, STEP, RETURNED, NOTICE, FLOW = (
    "opened",
    "limit",
    "passed",
    "step",
    "returned",
    "notice",
    "flow",
)
OBJECTION = "objection"
"""The message that is counted against the notice that hangs."""


def results() -> dict[str, str]:
    """The measure of each service whose results are counted."""
    return {one.service: one.name for one in kit.used().results}


def headlines() -> tuple[str, ...]:
    """The measures of the headline figures."""
    return (OPENED, LIMIT, PASSED, RETURNED, NOTICE, *results().values())


@dataclass(frozen=True)
class Line:
    """One line of a case's history."""

    seq: int
    kind: str
    at: datetime
    element_id: str
    said: history.Line

    @property
    def input(self) -> history.Input:
        """What an input's line says; of any other line nothing."""
        return self.said if isinstance(self.said, history.Input) else _NOTHING

    @property
    def begun(self) -> history.Input | history.Begun:
        """What began to wait with the line."""
        return self.said if isinstance(self.said, history.Input | history.Begun) else _NOTHING


_NOTHING = history.Input()


class Fact(NamedTuple):
    """Something that happened once; `value` is what it is counted by."""

    measure: str
    day: date
    element_id: str
    value: int = 0


def seconds(begin: datetime, end: datetime) -> int:
    """From the second of `begin` to the second of `end`, as a database counts them."""
    return int(end.timestamp()) - int(begin.timestamp())


def hours(begin: datetime, end: datetime) -> int:
    """Whole hours; from three days on, whole days in hours."""
    whole = max(0, seconds(begin, end) // 3600)
    return whole if whole < 72 else whole // 24 * 24


def days_past(end: datetime, due: datetime) -> int:
    """Days by which `end` lies after the last day of a limit that passes at `due`: 0 or less is in time."""
    return seconds(due, end) // 86400 + 1


def facts_of(lines: Sequence[Line], routes: Routes) -> Counter[Fact]:
    """Everything that the history says, each fact as often as it happened."""
    gone = {seq for line in lines if isinstance(line.said, history.Undoing) for seq in line.said.undone}
    valid = [line for line in lines if line.seq not in gone]
    found: Counter[Fact] = Counter()
    found.update(_done(lines))
    found.update(_ways(lines, routes))
    found.update(_outcome(valid))
    found.update(_limits(valid, routes))
    found.update(_notices(valid))
    return found


def _day(line: Line) -> date:
    return local_date(line.at)


def _done(lines: Sequence[Line]) -> Iterable[Fact]:
    """How long each finished task had been open, and what was sent back from where."""
    since: dict[str, datetime] = {}
    for line in lines:
        if line.kind == "complete" and (began := since.get(_short(line.input.token))) is not None:
            yield Fact(STEP, _day(line), line.element_id, hours(began, line.at))
        elif line.kind == "return":
            yield Fact(RETURNED, _day(line), line.element_id)
        for _, token in line.begun.opened:
            since[_short(token)] = line.at


def _short(token: str) -> str:
    """As lines have said it since their fifth version."""
    return token[: history.TOKEN_DIGITS]


def _ways(lines: Sequence[Line], routes: Routes) -> Iterable[Fact]:
    """The flows along which the case went."""
    for line in lines:
        said = line.input
        if said is _NOTHING:
            continue
        asked = [answer.element_id for answer in said.services] + [one.element_id for one in said.decisions]
        named = frozenset([*asked, *said.ends])
        targets = tuple(sorted({element for element, _ in said.opened}))
        chosen = None if said.flows is None else frozenset(flow for taken in said.flows for flow in taken)
        for begin in _begins(line, routes):
            for flow in (*routes.into(begin), *routes.run(begin, named, targets, chosen)):
                yield Fact(FLOW, _day(line), flow)


def _begins(line: Line, routes: Routes) -> list[str]:
    """The element at which an input met the diagram."""
    if line.kind == "start":
        return routes.starts
    if line.kind == "message":
        return routes.caught_at(line.element_id) if line.input.caught else []
    return [line.element_id]


def _outcome(valid: Sequence[Line]) -> Iterable[Fact]:
    """The case's beginning, and what its services brought about."""
    counted = results()
    for line in valid:
        if line.kind == "start":
            yield Fact(OPENED, _day(line), "")
        for element_id, _, service, _ in line.input.services:
            if service in counted:
                yield Fact(counted[service], _day(line), element_id)


def _limits(valid: Sequence[Line], routes: Routes) -> Iterable[Fact]:
    """For each limit of the diagram: the day of the conclusion against its last day, and that it passed."""
    for limit, activity in routes.limits.items():
        dues = [due for line in valid for name, due in line.begun.limits if name == limit]
        for line in valid:
            if line.kind == "timer" and line.element_id == limit:
                yield Fact(PASSED, _day(line), limit)
        ends = routes.ends_of(activity)
        concluded = [
            line
            for line in valid
            if not ends.isdisjoint(line.input.ends)
            or (line.kind == "complete" and line.element_id == activity)
        ]
        if dues and concluded:
            yield Fact(LIMIT, _day(concluded[-1]), limit, days_past(concluded[-1].at, dues[-1]))


def _notices(valid: Sequence[Line]) -> Iterable[Fact]:
    """Each notice posted, on the day of its posting: 1 if an objection came before the next one, else 0."""
    posted: list[tuple[Line, str]] = []
    opposed: set[int] = set()
    for line in valid:
        if line.kind == "message" and line.element_id == OBJECTION and posted:
            opposed.add(len(posted) - 1)
        posted += [(line, call.element_id) for call in line.input.services if call.service == "notice.open"]
    for index, (line, element_id) in enumerate(posted):
        yield Fact(NOTICE, _day(line), element_id, int(index in opposed))
