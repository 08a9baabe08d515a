"""Histories as releases wrote them, with where their cases stood: no later release, calendar,
FEEL or table moves them.

``python -m tests.support.goldens`` adds the file of the present lines; a file once written is never written
again.
"""

from __future__ import annotations

import json
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import undefer

from engine.casework import acts, audit, definitions
from engine.casework.models import CaseFile
from engine.casework.step.submissions import submissions_of
from engine.flow.diagram.resources import Resources
from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.flow.replay import Replay, inputs_of
from engine.ground.tables import to_json
from tests.support import states, template
from tests.support.histories import Case, workdays
from tests.support.small import END, FORMS, NOW, START, boundary, flow, process, task
from tests.support.world import World

FOLDER = Path(__file__).parent.parent / "fixtures" / "histories"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Golden:
    """A case: its diagram, its history, and where it stood."""

    name: str
    diagram: str
    resources: Mapping[str, Mapping[str, str]]
    inputs: list[dict[str, Any]]
    submissions: Mapping[str, Any]
    stands: list[str]

    @property
    def definition(self) -> Definition:
        """The diagram, read by the present release."""
        parts = (
            {k: text.encode() for k, text in self.resources[kind].items()}
            for kind in ("form", "decision", "part")
        )
        return Definition(self.diagram.encode(), Resources(*parts))

    def replay(self, count: Any = workdays) -> Replay:
        """Ready to be fed again."""
        entries = [
            Entry(
                one["seq"],
                datetime.fromisoformat(one["at"]),
                one["element_id"],
                lines.read(one["kind"], one["data"]),
            )
            for one in self.inputs
        ]
        inputs = inputs_of(entries)  # type: ignore[arg-type]  what it asks of a row of the log, an entry has
        return Replay(
            self.definition, inputs, {int(key): data for key, data in self.submissions.items()}, count
        )


@dataclass(frozen=True)
class Entry:
    """A line of a history, as a row of the log has it."""

    seq: int
    at: datetime
    element_id: str
    line: lines.Line


def standing(replay: Replay) -> list[str]:
    """Every token with the element where it is, and the variables."""
    return _stands(replay.instance)


def _stands(instance: Instance) -> list[str]:
    places = [f"{token} {place[-1][0]}" for token, place in sorted(instance.places().items())]
    return [*places, json.dumps(instance.variables, ensure_ascii=False, sort_keys=True, default=str)]


def read(name: str) -> list[Golden]:
    """The histories of a file."""
    return [Golden(**one) for one in json.loads(zlib.decompress((FOLDER / f"{name}.json.z").read_bytes()))]


def choosing() -> Case:
    """A case that met every question that a diagram asks: ways, a list, a loop, a cycle, settings."""
    choice = (
        '<bpmn:exclusiveGateway id="g" default="no"/><bpmn:inclusiveGateway id="i" default="plain"/>'
        '<bpmn:inclusiveGateway id="j"/>'
    )
    conditioned = (
        '<bpmn:sequenceFlow id="yes" sourceRef="g" targetRef="i"><bpmn:conditionExpression>'
        '= ask.x = "yes"</bpmn:conditionExpression></bpmn:sequenceFlow>'
        '<bpmn:sequenceFlow id="one" sourceRef="i" targetRef="b"><bpmn:conditionExpression>'
        '= ask.x = "yes"</bpmn:conditionExpression></bpmn:sequenceFlow>'
        '<bpmn:sequenceFlow id="two" sourceRef="i" targetRef="c"><bpmn:conditionExpression>'
        '= ask.x != "no"</bpmn:conditionExpression></bpmn:sequenceFlow>'
        '<bpmn:sequenceFlow id="no" sourceRef="g" targetRef="e2"/><bpmn:sequenceFlow id="plain" '
        'sourceRef="i" targetRef="e3"/>'
    )
    each = (
        '<bpmn:multiInstanceLoopCharacteristics isSequential="true">'
        "<bpmn:loopDataInputRef>people</bpmn:loopDataInputRef>"
        '<bpmn:inputDataItem id="i1" name="person"/></bpmn:multiInstanceLoopCharacteristics>'
    )
    body = process(
        START,
        task("ask"),
        choice,
        task("b", extra=each),
        task("c"),
        boundary("nag", "c", "R2/P1D", "false", "timeCycle"),
        task("remind"),
        '<bpmn:endEvent id="e4"/>',
        flow("nag", "remind"),
        flow("remind", "e4"),
        '<bpmn:endEvent id="e2"/><bpmn:endEvent id="e3"/>',
        END,
        conditioned,
        flow("s", "ask"),
        flow("ask", "g"),
        flow("b", "j"),
        flow("c", "j"),
        flow("j", "e"),
    )
    case = Case(Definition(body.encode(), FORMS))
    case.instance.start({"people": ["甲", "乙"]}, NOW)
    case.keep(lines.Started(variables={"people": ["甲", "乙"]}))
    case.do("ask", NOW, x="yes")
    case.do("b", NOW + DAY, x="1")
    case.wait(NOW + 2 * DAY)
    return case


def _present(name: str, case: Case) -> Golden:
    """A case in memory, with where it stands itself."""
    kept = states._kept(name, case.definition, case.inputs, case.submissions, {}, case.instance.variables)
    found = Golden(name, kept.diagram, kept.resources, kept.inputs, kept.submissions, [])
    return Golden(**{**asdict(found), "stands": _stands(case.instance)})


def _review(limit: str, *steps: str, gate: str = "") -> str:
    """Steps one after the other, the last of them with a limit in working days."""
    chain = ["s", *steps, "e"]
    beside = boundary("limit", steps[-1], f"= workdays after(date(posted_on), {limit})", "false", "timeDate")
    return process(
        START,
        *map(task, steps),
        beside,
        task("late"),
        '<bpmn:endEvent id="e2"/>',
        END,
        gate,
        *(flow(a, b) for a, b in pairwise(chain)),
        flow("limit", "late"),
        flow("late", "e2"),
    )


def moved() -> Case:
    """A case that was moved twice: a step renamed, a step added that it had passed, a limit lengthened."""
    case = Case(_review("5", "ask", "check", "decide"), posted_on=NOW.date().isoformat())
    case.do("ask", NOW, x="1")
    case.do("check", NOW + DAY, x="2")
    second = _review("9", "ask", "look", "decide")
    case.move(second, NOW + 2 * DAY, elements={"check": "look"})
    case.wait(NOW + 20 * DAY)
    third = _review("12", "ask", "sign", "look", "decide")
    case.move(third, NOW + 21 * DAY, passed=frozenset({"sign"}))
    case.do("late", NOW + 22 * DAY, x="3")
    return case


def _lived(world: World, name: str, case: CaseFile) -> Golden:
    """A case of the world with all that its history holds, and where its stored state stands."""
    world.session.commit()
    row = world.session.get_one(CaseFile, case.id, options=[undefer(CaseFile.state)], populate_existing=True)
    definition = definitions.load(world.session, row.version_id)
    told = (lines.Input, lines.Moved, lines.Undoing)
    rows = [
        {
            "seq": one.seq,
            "kind": one.kind,
            "at": one.at.isoformat(),
            "element_id": one.element_id,
            "data": one.data,
        }
        for one in audit.history(world.session, case.id)
        if isinstance(one.line, told)
    ]
    sent = submissions_of(world.session, case.id)
    kept = states._kept(name, definition, [], sent, {}, {})
    found = Golden(name, kept.diagram, kept.resources, rows, kept.submissions, [])
    instance = Instance.restored(definition, found.replay().instance.host, row.state)
    return Golden(**{**asdict(found), "stands": _stands(instance)})


def _undone(world: World) -> list[Golden]:
    """A case with a step that was taken back by who had done it, before and after it was done again."""
    withdrawn = world.enter()
    items = world.open_items(withdrawn)
    world.finish(withdrawn, "verify", "cun")
    acts.withdraw(world.session, world.official("cun"), items["verify"].id, clock=world.clock)
    found = [_lived(world, "withdrawn", withdrawn)]
    world.finish(withdrawn, "verify", "cun")
    found.append(_lived(world, "withdrawn-and-done-again", withdrawn))
    return found


def _returned(world: World) -> Golden:
    """The case with an objection and a return, of which the kept states are."""
    list(states._real(world))
    case = world.session.scalars(select(CaseFile).order_by(CaseFile.id)).first()
    assert case is not None
    return _lived(world, "returned", case)


def _write(name: str, found: list[Golden]) -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json.z").write_bytes(
        zlib.compress(to_json([asdict(one) for one in found]).encode(), 9)
    )


if __name__ == "__main__":
    lived: list[Golden] = []
    for story in (_undone, lambda world: [_returned(world)]):
        with tempfile.TemporaryDirectory() as folder:
            template.build(f"sqlite:///{folder}/goldens.sqlite")
            world = World(f"sqlite:///{folder}/goldens.sqlite")
            lived += story(world)
            world.close()
    _write("lines-5", [*lived, _present("choosing", choosing()), _present("moved", moved())])
