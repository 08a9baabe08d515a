"""Where a case would stand on another version: its history fed to the new definition,
with what that asks of the case.

The history is fed to both definitions at once, so that a task that looks different to the engine (another
branch, a boundary event more, one of several instances) is still recognised by its place in the diagram.
Nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.flow.machine.standing import Place
from engine.flow.machine.workflow import Host
from engine.flow.replay import Input, Replay, ReplayMisfit
from engine.ground.errors import Conflict

MAX_PASSES = 50
"""More new steps than this passed by in one move is a loop."""


@dataclass(frozen=True)
class Wish:
    """How the owner wants cases moved."""

    elements: Mapping[str, str] = field(default_factory=dict)
    """Steps that the new version calls otherwise, or that another step stands for: old element by new."""
    passed: frozenset[str] = frozenset()
    """New steps, waits and services that a case which is past them need not make up for."""


@dataclass(frozen=True)
class Standing:
    """One thing that the case waits for, before and after."""

    token: str
    element_id: str
    due_at: datetime | None = None


@dataclass(frozen=True)
class Relocation:
    """A case on the new version: its instance there, and what the move's line of the history must hold.

    Nothing of the new version has fired yet: `arrive` lets happen what is due.
    """

    instance: Instance
    line: lines.Moved
    pairs: Sequence[tuple[Standing, Standing]]
    """Every open task, wait and timer that stays, as it was and as it is."""
    new: Sequence[Standing]
    """What the case newly waits for."""
    gone: Sequence[Standing]
    """Timers that the new version does not have."""

    def arrive(self, host: Host, now: datetime) -> None:
        """From `now` the case lives on the new version: what is due there fires,
        with `host` doing its services.
        """
        self.instance.host = host
        self.instance.go_live()
        self.instance.pass_time(now)


class CannotMove(Conflict):
    """The case does not fit the new version; the message says where and why."""


def relocate(
    old: Definition,
    new: Definition,
    inputs: Sequence[Input],
    submissions: Mapping[int, Mapping[str, Any]],
    workdays: Callable[[date, int], date],
    wish: Wish,
    seq: int,
    now: datetime,
) -> Relocation:
    """Move a case's history from `old` to `new` at `now`, as line `seq` of its history. Raises CannotMove."""
    here = Replay(old, inputs, submissions, workdays)
    wish = Wish(wish.elements, wish.passed | (here.passed_by & new.elements.keys()))
    tokens: dict[str, str] = {}
    anew: list[lines.Anew] = []
    days: list[lines.Counted] = []
    passes: list[tuple[int, str]] = []
    line = lines.Moved(
        elements=dict(wish.elements),
        passed=sorted(wish.passed),
        tokens=tokens,
        passes=passes,
        dropped=_dropped(here, new, wish),
        anew=anew,
        days=days,
    )
    move = Input(seq, now, "", line)
    there = Replay(new, [*inputs, move], submissions, workdays)
    travel = _Travel(here, there, wish, tokens, passes)
    for entry in inputs:
        travel.feed(entry)
    pairs = travel.arrive(move)
    anew += [*there.anew, *(lines.Anew(seq, choice) for choice in there.instance.computed)]
    there.instance.records.clear()  # what happened before is in the log already
    found = _found(here.instance, there.instance, line, pairs)
    days += there.instance.days  # those that its timers have just asked for too
    return found


def _dropped(here: Replay, new: Definition, wish: Wish) -> dict[str, str]:
    """Finished steps that the new version does not have, as the history calls them,
    with the variables that they set.
    """
    found = {}
    for entry in here.inputs:
        variable = here.variable_of(entry) if entry.kind == "complete" else None
        name = here.element_of(entry)
        if variable and wish.elements.get(name, name) not in new.elements:
            found[entry.element_id] = variable
    return found


class _Travel:
    """The same inputs on both definitions, side by side."""

    def __init__(
        self, here: Replay, there: Replay, wish: Wish, tokens: dict[str, str], passes: list[tuple[int, str]]
    ) -> None:
        self.here, self.there, self.wish = here, there, wish
        self.tokens, self.passes = tokens, passes
        """What the move's line is to say, as it becomes known on the way."""

    def feed(self, entry: Input) -> None:
        """Feed one input to both; new steps that the wish lets pass are passed when it does not fit."""
        self._recognise(entry)
        for _ in range(MAX_PASSES):
            try:
                self.there.feed(entry)
                break
            except ReplayMisfit as error:
                if not self._pass_one(entry):
                    raise CannotMove(self._why(entry, error)) from error
                self._recognise(entry)
        try:
            self.here.feed(entry)
        except ReplayMisfit as error:
            raise CannotMove(f"这件事项的办理记录在原来的版本上也走不通：{error.message}") from error
        self._recognise_caught()

    def _recognise(self, entry: Input) -> None:
        """Note under which token the new definition has what the input acted on."""
        tokens = [entry.said.token] if entry.kind != "move" and entry.said.token else []
        own, other = self.here.instance.places() if tokens else {}, self.there.instance
        for token in (self.here.token_of(entry, t) for t in tokens):
            if token in own:
                places = other.places()
                self._note(token, self._exact(own[token], places) or self._near(own[token], places))

    def _recognise_caught(self) -> None:
        """Note under which tokens the new definition caught the message that was fed last."""
        last = [
            next((r for r in reversed(one.instance.records) if r.kind == "message"), None)
            for one in (self.here, self.there)
        ]
        if last[0] is not None and last[1] is not None:
            for token, found in zip(last[0].caught, last[1].caught, strict=False):
                self._note(token, found)

    def _exact(self, place: Place, places: Mapping[str, Place]) -> str | None:
        """The token of the same place."""
        wanted = self._renamed(place)
        return next((token for token, found in places.items() if found == wanted), None)

    def _near(self, place: Place, places: Mapping[str, Place]) -> str | None:
        """The token of the only place of the same element."""
        wanted = self._renamed(place)[-1][0]
        same = [token for token, found in places.items() if found[-1][0] == wanted]
        return same[0] if len(same) == 1 else None

    def _renamed(self, place: Place) -> Place:
        return tuple((self.wish.elements.get(name, name), ordinal) for name, ordinal in place)

    def _note(self, token: str, found: str | None) -> None:
        if found is not None and found != token:
            self.tokens[token] = found

    def _pass_one(self, entry: Input) -> bool:
        """Pass by one new step at which the case now stands, and write it down;
        False when there is none to pass.
        """
        instance = self.there.instance
        standing = [task.element_id for task in instance.open_tasks()] + [
            t.element_id for t in instance.timers()
        ]
        name = next((one for one in standing if one in self.wish.passed), None)
        if name is None:
            return False
        self.there.pass_by(name, entry.at)
        self.passes.append((entry.seq, name))
        return True

    def _why(self, entry: Input, error: ReplayMisfit) -> str:
        instance = self.there.instance
        names = [instance.definition.elements[task.element_id].name for task in instance.open_tasks()]
        done = self.here.instance.definition.elements.get(entry.element_id)
        if entry.kind == "complete" and done is not None and names:
            return f"已办过“{done.name}”，按新版那时应先办“{'”“'.join(names)}”。"
        return error.message

    def arrive(self, move: Input) -> list[tuple[str, str]]:
        """Match everything the case waits for with the new version; passes by what stands between."""
        for _ in range(MAX_PASSES):
            try:
                return self._matched()
            except CannotMove:
                if not self._pass_one(move):
                    raise
        raise CannotMove("新版中要跳过的步骤太多，请检查对应关系。")

    def _matched(self) -> list[tuple[str, str]]:
        here, left = self.here.instance, dict(self.there.instance.places())
        pairs: dict[str, str] = {}
        for same in (self._exact, self._near):  # what is surely the same first
            for token, place in here.places().items():
                found = None if token in pairs else same(place, left)
                if found is not None:
                    pairs[token] = found
                    self._note(token, found)
                    del left[found]
        for token, place in here.places().items():
            if token not in pairs and here.definition.elements[place[-1][0]].attached_to is None:
                raise CannotMove(
                    self._misplaced(place)
                )  # a boundary event may go with its step, nothing else may
        return list(pairs.items())

    def _misplaced(self, place: Place) -> str:
        there = self.there.instance
        name = place[-1][0]
        here = self.here.instance.definition.elements
        standing = [task.element_id for task in there.open_tasks()] + there.waiting_elements()
        names = "”“".join(dict.fromkeys(there.definition.elements[one].name for one in standing)) or "结束"
        wanted = self.wish.elements.get(name, name)
        if wanted not in there.definition.elements:
            return f"现停在“{here[name].name}”，新版没有这一步；按办理记录，新版会停在“{names}”，请指定对应的步骤。"
        said = there.definition.elements[wanted].name
        return f"现停在“{here[name].name}”，按办理记录在新版会停在“{names}”，不是“{said}”。"


def _found(
    here: Instance, there: Instance, line: lines.Moved, pairs: Sequence[tuple[str, str]]
) -> Relocation:
    before, after = _standings(here), _standings(there)
    kept = [(before[a], after[b]) for a, b in pairs if a in before and b in after]
    taken, matched = {b.token for _, b in kept}, {a for a, _ in pairs}
    return Relocation(
        there,
        line,
        kept,
        [one for token, one in after.items() if token not in taken],
        [one for token, one in before.items() if token not in matched],
    )


def _standings(instance: Instance) -> dict[str, Standing]:
    found = {
        timer.token: Standing(timer.token, timer.element_id, timer.due_at) for timer in instance.timers()
    }
    tasks = {task.token: Standing(task.token, task.element_id, task.due_at) for task in instance.open_tasks()}
    return {**found, **tasks}


def movable(old: Definition, new: Definition) -> tuple[list[str], list[str]]:
    """The steps and waits of `old` that `new` lacks, and those of `new` that `old` lacks,
    in the order of the flow.
    """
    kinds = {"userTask", "manualTask", "intermediateCatchEvent", "serviceTask"}

    def lacks(one: Definition, other: Definition) -> list[str]:
        return [e.id for e in one.in_flow_order if e.kind in kinds and e.id not in other.elements]

    return lacks(old, new), lacks(new, old)
