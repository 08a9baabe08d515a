"""Random diagrams walked live, stored and restored at every step, and rebuilt from their history:
equal in all.

``--whole`` tries thousands; the usual run tries a share.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.flow.replay import Replay
from engine.ground.errors import Conflict, EngineFault
from tests.support.diagrams import MESSAGES, VALUES, drawn
from tests.support.histories import Case, workdays
from tests.support.small import FORMS, NOW, Host

SHARE, WHOLE = 100, 5_000
STEPS = 25
PORTION = 20
HOURS = (0, 1, 15, 24, 48)
"""From nine in the morning, 15 hours lead to midnight, where all dates are due."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seeds" in metafunc.fixturenames:
        count = WHOLE if metafunc.config.getoption("--whole") else SHARE
        portions = [range(at, min(at + PORTION, count)) for at in range(0, count, PORTION)]
        metafunc.parametrize("seeds", portions, ids=lambda one: f"{one.start}-{one.stop - 1}")


def stored(instance: Instance, chance: Random) -> Instance:
    """The instance as another process restores it, with all that has no order by itself in a random one."""
    found = Instance.restored(instance.definition, Host(), instance.stored())
    workflow = found._workflow
    for holder in (workflow, workflow.event_manager, *workflow.subprocesses.values()):
        holder.tasks = dict(chance.sample(list(holder.tasks.items()), len(holder.tasks)))
    return found


class Walk:
    """One case of a diagram, in three forms: `case` never stored, `other` stored and restored before every
    act, `kept` brought to rest after every act, as it is kept in memory for the next step.
    """

    def __init__(self, seed: int) -> None:
        self.chance, self.shuffle = Random(seed), Random(seed + 1)
        self.definition = Definition(drawn(seed).encode(), FORMS)
        self.now = NOW
        self.start = {
            "ask": {"x": self.chance.choice(VALUES)},
            "people": self.chance.sample(["甲", "乙", "丙"], self.chance.randint(0, 3)),
        }
        self.case = Case(self.definition)
        self.other = Instance(self.definition, Host())
        self.kept = Instance(self.definition, Host())
        self.failed = ""

    def begin(self) -> None:
        self._both(lambda one: one.start(self.start, NOW), lines.Started(variables=self.start))

    def act(self) -> None:
        """Something that may happen: a step is finished, a message comes, time passes."""
        tasks = sorted(self.case.instance.open_tasks(), key=lambda one: one.token)
        way = self.chance.random()
        if tasks and way < 0.6:
            self._finish(self.chance.choice(tasks))
        elif way < 0.8:
            name, payload = self.chance.choice(MESSAGES), {"x": self.chance.choice(VALUES)}
            self._both(lambda one: one.send(name, payload, self.now), lines.Caught(payload=payload))
        else:
            self.now += timedelta(hours=self.chance.choice(HOURS))
            self._both(lambda one: one.pass_time(self.now))

    def _finish(self, task: Any) -> None:
        self._both(lambda one: one.pass_time(self.now))
        if self.failed or task.token not in {one.token for one in self.case.instance.open_tasks()}:
            return
        data = {"x": self.chance.choice(VALUES)}
        number = len(self.case.submissions) + 1
        self.case.submissions[number] = data
        variable = str(self.definition.elements[task.element_id].variable)
        values = {variable: self.definition.project(variable, data)}
        self._both(lambda one: one.complete(task.token, values, self.now), lines.Completed(submission=number))

    def _both(self, act: Callable[[Instance], object], said: lines.Input | None = None) -> None:
        """Do it in every form: they come to the same, also where it cannot be done."""
        if self.other.records or self.case.inputs:
            self.other = stored(self.other, self.shuffle)
        failures = []
        for one in (self.case.instance, self.other, self.kept):
            try:
                act(one)
                failures.append("")
            except (Conflict, EngineFault) as error:
                failures.append(error.message)
        assert failures[0] == failures[1] == failures[2]
        self.failed = failures[0]
        if not self.failed:
            self.case.keep(said)
            assert self.case.instance.canonical() == self.other.canonical()
            assert self.case.instance.open_tasks() == self.other.open_tasks()
            assert self.case.instance.timers() == self.other.timers()
            self._rest()

    def _rest(self) -> None:
        """What is kept is in all that can be asked of it what is restored of its bytes."""
        state = self.kept.stored()
        assert self.kept.comes_to_rest(state)
        again, kept = Instance.restored(self.definition, Host(), state), self.kept.awake(Host())
        assert kept.stored() == again.stored() == state == _written_anew(kept)
        assert kept.canonical() == again.canonical() and kept.open_tasks() == again.open_tasks()
        assert kept.timers() == again.timers() and kept.passed() == again.passed()
        assert kept.places() == again.places()
        assert kept.finished_elements() == again.finished_elements()

    def replay(self) -> Replay:
        return Replay(self.definition, self.case.inputs, self.case.submissions, workdays)


def _written_anew(instance: Instance) -> bytes:
    """What is stored of it, were nothing of its processes written before."""
    for process in (instance._workflow, *instance._workflow.subprocesses.values()):
        process.settled = None
        for task in process.tasks.values():
            task.written = None
    return instance.stored()


def walked(seed: int, watch: Callable[[Walk], None] = lambda walk: None) -> Walk:
    walk = Walk(seed)
    walk.begin()
    for _ in range(STEPS):
        if walk.failed or walk.case.instance.completed:
            break
        watch(walk)
        walk.act()
    return walk


@pytest.mark.duty("C1", "C5")
def test_a_case_is_the_same_live_restored_and_replayed(seeds: range) -> None:
    for seed in seeds:
        walk = walked(seed)
        if walk.failed:  # what an instance was in the middle of is taken back by the transaction
            continue
        rebuilt = walk.replay().run()
        assert rebuilt.canonical() == walk.case.instance.canonical(), seed
        assert rebuilt.finished_elements() != [] and rebuilt.completed == walk.case.instance.completed, seed


@pytest.mark.parametrize("seed", [20174, 20348])
def test_what_is_finished_within_is_told_in_the_same_order_after_a_restore(seed: int) -> None:
    """Of several processes within, the one that was begun first need not be the first in the tree."""
    assert walked(seed).kept.finished_elements() != []


@pytest.mark.duty("C1", "C5")
def test_taking_back_the_last_step_leaves_the_case_as_it_was(seeds: range) -> None:
    """撤回: nothing but that step and what came of it is undone."""
    compared = 0
    for seed in seeds:
        before: dict[int, Any] = {}

        def keep(one: Walk, found: dict[int, Any] = before) -> None:
            found[len(one.case.inputs)] = deepcopy(one.case.instance.canonical())

        walk = walked(seed, keep)
        last = walk.case.inputs[-1]
        if walk.failed or last.kind != "complete" or last.seq - 1 not in before:
            continue
        rebuilt, left_out = walk.replay().run_without(last.seq)
        assert left_out == [last.seq] and rebuilt.canonical() == before[last.seq - 1], seed
        compared += 1
    assert compared or len(seeds) < PORTION


@pytest.mark.duty("C1", "C5")
def test_taking_back_any_step_comes_to_the_same_as_if_it_had_not_been(seeds: range) -> None:
    """退回: what is left of the history, walked and stored at every step, stands where the replay says."""
    for seed in seeds:
        walk = walked(seed)
        finished = [one for one in walk.case.inputs if one.kind == "complete"]
        if walk.failed or not finished:
            continue
        gone = walk.chance.choice(finished)
        try:
            without = walk.replay()
            rebuilt, left_out = without.run_without(gone.seq)
        except (Conflict, EngineFault):
            continue  # without the step the case would have come to a way that cannot be gone
        replay = walk.replay()
        for entry in replay.inputs:
            if entry.seq not in left_out:
                anew = [choice for seq, choice in without.anew if seq == entry.seq]
                replay.feed(replace(entry, strict=entry.seq < gone.seq, anew=anew))
                host = replay.instance.host
                replay.instance = stored(replay.instance, walk.shuffle)
                replay.instance.host = host
        assert rebuilt.canonical() == replay.instance.canonical(), seed


def test_the_diagrams_are_of_every_kind_and_most_cases_get_far() -> None:
    texts = [drawn(seed) for seed in range(150)]
    kinds = (
        "parallelGateway",
        "inclusiveGateway",
        "eventBasedGateway",
        "multiInstance",
        "standardLoop",
        "callActivity",
        "subProcess",
        "boundaryEvent",
        "timeCycle",
        "terminate",
    )
    assert all(any(kind in text for text in texts) for kind in kinds)
    walks = [walked(seed) for seed in range(60)]
    assert sum(not one.failed for one in walks) >= 40
    assert sum(len(one.case.inputs) >= 10 for one in walks) >= 30


def test_the_walk_begins_in_the_morning_in_china() -> None:
    assert NOW + timedelta(hours=HOURS[2]) == datetime.fromisoformat("2022-05-06T00:00:00+08:00")
