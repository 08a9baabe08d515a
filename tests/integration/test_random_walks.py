"""Any order of officials, clocks and messages ends legally;
a state stored at every step equals one never stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.casework.acts import return_targets, return_to, withdraw
from engine.flow.check import check
from engine.flow.diagram.resources import Resources, read_resources
from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.flow.replay import Input
from engine.flow.replay.relocation import Wish, relocate
from engine.ground.clock import CHINA, local_date
from engine.ground.errors import ShouwangError
from engine.owners.rehearsal.past import remember
from engine.owners.rehearsal.simulation import Assumption, simulate
from engine.prevention.installation import ROOT
from tests.support import papers
from tests.support.world import World

START = datetime(2022, 5, 5, 9, tzinfo=CHINA).astimezone(UTC)
OUTCOMES = {
    "verification": ("opinion", ["suggest", "suggest", "suggest", "not_suggest"]),
    "authorisation": ("signed", ["yes", "yes", "yes", "no"]),
    "unauthorised": ("outcome", ["again", "end"]),
    "exclusion_review": ("outcome", ["agree", "disagree"]),
    "matching_reuse": ("choice", ["reuse", "anew"]),
    "appraisal": ("result", ["agreed", "agreed", "not_agreed"]),
    "objection_finding": ("outcome", ["dismissed", "upheld_changed", "upheld_withdrawn"]),
    "township_review": ("outcome", ["approve", "approve", "reject"]),
    "county_approval": ("outcome", ["approve", "approve", "reject"]),
}
ENDS = {"not_admitted", "completed", "ended_as_gone"}


class _Host:
    """Services that answer plausibly and only by their parameters."""

    def call_service(self, element_id: str, token: str, name: str, parameters: dict[str, Any]) -> Any:
        if name == "matching.find_reusable":
            return {"reusable": token < "5"}
        if name == "matching.record":
            return {"id": 1, "effect": "to_verify" if token < "8" else "none"}
        if name == "notice.open":
            return {"id": 1, "posted_on": parameters["posted_on"]}
        return {"id": token}

    def decided(self, element_id: str, decision_id: str, result: Any) -> None:
        pass

    def workdays(self, day: date, count: int) -> date:
        return day + timedelta(days=count)


@pytest.fixture(scope="module")
def definition() -> Definition:
    found, findings = check(Path(ROOT / "bpmn" / "identification.bpmn").read_bytes(), read_resources(ROOT))
    assert found is not None and findings == []
    return found


def _variables() -> dict[str, Any]:
    return {
        "household": {"type": "ordinary"},
        "clue": {"channel": "cadre_check"},
        "discovery_date": "2022-05-05",
        "monitoring_line": {"year": 2022, "amount": 6900},
    }


def _walk(
    definition: Definition,
    seed: int,
    between: Callable[[Instance], Instance],
    kind: type[Instance] = Instance,
    steps: int = 120,
) -> Instance:
    """Drive one instance by a seed: finish any open task, pass time, send messages;
    `between` runs after every step.
    """
    random = Random(seed)
    now = START
    instance = kind(definition, _Host())
    instance.start(_variables(), now)
    for _ in range(steps):
        instance = between(instance)
        if instance.completed:
            return instance
        tasks = sorted(instance.open_tasks(), key=lambda task: task.token)
        waiting = sorted(instance.waits_for())
        choice = random.random()
        if tasks and choice < 0.75:
            now += timedelta(hours=random.randint(1, 30))
            instance.pass_time(now)
            tasks = sorted(instance.open_tasks(), key=lambda task: task.token)
            if tasks:
                _finish(instance, random.choice(tasks), random, now)
        elif choice < 0.85 and waiting:
            name = random.choice(waiting)
            payload = {"signed": "yes"} if name == "authorisation" else {"effect": "none"}
            instance.send(name, payload, now)
        else:
            now += timedelta(days=random.randint(1, 6))
            instance.pass_time(now)
    return instance


def _finish(instance: Instance, task: Any, random: Random, now: datetime) -> None:
    element = instance.definition.elements[task.element_id]
    key = element.form_key or ""
    data = papers.paper(key, local_date(now), "1", per_capita=random.choice([6000, 9000]), after_rigid=3000)
    if key in OUTCOMES:
        field, options = OUTCOMES[key]
        data[field] = random.choice(options)
    variable = element.variable or key
    instance.complete(task.token, {variable: instance.definition.project(variable, data)}, now)


def _stored(instance: Instance) -> Instance:
    return Instance.restored(instance.definition, _Host(), instance.stored())


@pytest.mark.duty("C1", "R10", "R15")
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(min_value=0, max_value=10**9))
def test_random_walks_are_legal_and_survive_storing_at_every_step(definition: Definition, seed: int) -> None:
    ends: list[str] = []

    def watch(instance: Instance) -> Instance:
        assert instance.completed or instance.open_tasks() or instance.waiting_tokens()
        for record in instance.records:
            ends.extend(record.ends)
        instance.records.clear()
        instance.stored()  # what was written of it then is not written anew
        return instance

    never = _walk(definition, seed, watch)
    always = _walk(definition, seed, _stored)
    assert never.canonical() == always.canonical()
    assert never.stored() == always.stored()
    if never.completed:
        assert ENDS & set(ends)


class _Remembering(Instance):
    """An instance that keeps its history as the log would."""

    def __init__(self, definition: Definition, host: Any) -> None:
        super().__init__(definition, host)
        self.inputs: list[Input] = []
        self.submissions: dict[int, dict[str, Any]] = {}

    def _keep(self, said: lines.Input | None = None) -> None:
        for record in self.records:
            line = lines.Fired() if record.kind == "timer" or said is None else said
            noted = record.noted(partial(replace, line))
            self.inputs.append(Input(len(self.inputs) + 1, record.at, record.element_id, noted))
        self.records.clear()

    def start(self, variables: Any, now: datetime) -> None:
        super().start(variables, now)
        self._keep(lines.Started(variables=_variables()))

    def complete(self, token: str, values: Any, now: datetime) -> None:
        number = len(self.submissions) + 1
        (self.submissions[number],) = values.values()
        super().complete(token, values, now)
        self._keep(lines.Completed(submission=number))

    def send(self, name: str, payload: Any, now: datetime, facts: Any = None) -> bool:
        caught = super().send(name, payload, now, facts)
        self._keep(lines.Caught(payload=payload))
        return caught

    def pass_time(self, now: datetime, until: datetime | None = None) -> None:
        super().pass_time(now, until)
        self._keep()


@pytest.mark.duty("C5")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(min_value=0, max_value=10**9))
def test_a_replay_of_any_case_on_its_own_version_differs_in_nothing(
    definition: Definition, seed: int
) -> None:
    walked = _walk(definition, seed, lambda instance: instance, _Remembering)
    assume(walked.completed)
    assert isinstance(walked, _Remembering)
    workdays = _Host().workdays
    past = remember(definition, walked.inputs, walked.submissions, workdays)
    old, new = past.course, simulate(definition, past, workdays, Assumption()).course
    assert (new.happenings, new.desks, new.missed, new.ended) == (
        old.happenings,
        old.desks,
        old.missed,
        old.ended,
    )
    assert new.outcome == old.outcome


SLOW = """<bpmn:boundaryEvent id="slow" attachedToRef="appraise" cancelActivity="false">
    <bpmn:timerEventDefinition>
    <bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
    <bpmn:endEvent id="slow_e" />
    <bpmn:sequenceFlow id="slow_out" sourceRef="slow" targetRef="slow_e" /><bpmn:userTask id="appraise\""""
CHANGES = [
    ("days after(notice.posted_on, 5)", "days after(notice.posted_on, 7)"),
    ("days after(discovery_date, 15)", "days after(discovery_date, 20)"),
    ('<bpmn:userTask id="appraise"', SLOW),
    ('<bpmn:userTask id="appraise"', SLOW.replace("timeDuration>", "timeCycle>").replace("P1D", "R9/P1D")),
    ('<bpmn:userTask id="verify"', SLOW.replace("appraise", "verify")),
]


@pytest.fixture(scope="module")
def changed() -> list[Definition]:
    """The identification with one text changed, there or in a part."""
    resources, body = read_resources(ROOT), Path(ROOT / "bpmn" / "identification.bpmn").read_bytes()
    found = []
    for old, new in CHANGES:
        parts = {key: part.replace(old.encode(), new.encode()) for key, part in resources.part.items()}
        found.append(
            Definition(
                body.replace(old.encode(), new.encode()), Resources(resources.form, resources.decision, parts)
            )
        )
    return found


@pytest.mark.duty("C5")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(min_value=0, max_value=10**9),
    steps=st.integers(1, 25),
    which=st.integers(0, len(CHANGES) - 1),
)
def test_a_case_moved_there_and_back_at_any_moment_stands_as_if_it_had_never_left(
    definition: Definition, changed: list[Definition], seed: int, steps: int, which: int
) -> None:
    walked = _walk(definition, seed, lambda instance: instance, _Remembering, steps)
    assert isinstance(walked, _Remembering)
    now, workdays = walked.inputs[-1].at, _Host().workdays
    seq = len(walked.inputs) + 1
    there = relocate(
        definition, changed[which], walked.inputs, walked.submissions, workdays, Wish(), seq, now
    )
    moved = [*walked.inputs, Input(seq, now, "", there.line)]
    back = relocate(changed[which], definition, moved, walked.submissions, workdays, Wish(), seq + 1, now)
    assert back.instance.canonical() == walked.canonical()


@pytest.mark.duty("C1")
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(min_value=0, max_value=10**9))
def test_replay_rebuilds_every_case_with_returns_and_withdrawals(small_world: World, seed: int) -> None:
    random = Random(seed)
    world = small_world
    world.clock.set(max(world.clock.now(), world.day(0)) + timedelta(hours=1))
    case = world.enter(name=f"户{seed}", address=f"走{seed}号")
    people = {"village": ["cun", "cun2"], "township": ["xiang", "xiang2"], "county": ["xian", "xian2"]}
    last: tuple[str, int] | None = None
    for _ in range(25):
        items = world.open_items(case)
        if not items:
            if world.case(case.id).status == "finished":
                break
            _later(world, random)
            continue
        item = items[random.choice(sorted(items))]
        who = random.choice(people[item.queue])
        try:
            act = random.random()
            if act < 0.1 and last is not None:
                withdraw(world.session, world.official(last[0]), last[1], clock=world.clock)
            elif act < 0.2:
                targets = return_targets(world.session, world.official(who), item.id)
                if targets:
                    target = random.choice(targets).seq
                    return_to(
                        world.session, world.official(who), item.id, target, "请更正", clock=world.clock
                    )
            else:
                world.finish(case, item.element_id, who)
                last = (who, item.id)
        except ShouwangError:
            world.session.rollback()  # refused: four eyes, or somebody has begun the next step
        if random.random() < 0.3:
            _later(world, random)
        world.assert_replays(case.id)


def _later(world: World, random: Random) -> None:
    from engine.casework.time import timers

    world.session.commit()
    world.clock.advance(timedelta(days=random.randint(1, 4)))
    timers.fire_due(world.sessions, world.clock)
