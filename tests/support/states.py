"""States as a release stores them, kept for every later release to restore and finish.

``python -m tests.support.states`` adds the file of the present version; a file once released is never written
again.
"""

from __future__ import annotations

import base64
import json
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy.orm import undefer

from engine.casework import acts, audit, definitions
from engine.casework.models import CaseFile
from engine.casework.step.submissions import submissions_of
from engine.flow import replay
from engine.flow.diagram.resources import Resources
from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.replay import Input
from engine.ground.tables import to_json
from engine.prevention.identification.notices import objections
from tests.support import template
from tests.support.histories import Case
from tests.support.small import END, NOW, START, boundary, flow, process, task, timer
from tests.support.world import World

FOLDER = Path(__file__).parent.parent / "fixtures" / "states"


@dataclass(frozen=True)
class Kept:
    """One finished case of a release: its diagram, its history, and its state after some of the inputs."""

    name: str
    diagram: str
    resources: Mapping[str, Mapping[str, str]]
    inputs: list[dict[str, Any]]
    submissions: Mapping[str, Any]
    states: Mapping[str, str]
    """Base64 of the stored bytes by the number of inputs that came before."""
    variables: Mapping[str, Any]

    @property
    def definition(self) -> Definition:
        """The diagram, read by the present release."""
        parts = (
            {key: text.encode() for key, text in self.resources[kind].items()}
            for kind in ("form", "decision", "part")
        )
        return Definition(self.diagram.encode(), Resources(*parts))

    @property
    def history(self) -> list[Input]:
        """The inputs."""
        return [
            Input(
                i["seq"], datetime.fromisoformat(i["at"]), i["element_id"], lines.read(i["kind"], i["data"])
            )  # type: ignore[arg-type]
            for i in self.inputs
        ]


def read(path: Path) -> list[Kept]:
    """The cases of a release."""
    return [Kept(**one) for one in json.loads(zlib.decompress(path.read_bytes()))]


def _kept(
    name: str,
    definition: Definition,
    inputs: list[Input],
    submissions: Mapping[int, Any],
    states: Mapping[int, bytes],
    variables: Mapping[str, Any],
) -> Kept:
    resources = {
        "form": {key: body.decode() for key, body in definition.form_bodies.items()},
        "decision": definition_texts(definition),
        "part": {key: body.decode() for key, body in definition.part_bodies.items()},
    }
    rows = [
        {
            "seq": one.seq,
            "kind": one.kind,
            "at": one.at.isoformat(),
            "element_id": one.element_id,
            "data": one.line.to_json(),
        }
        for one in inputs
    ]
    encoded = {str(place): base64.b64encode(state).decode() for place, state in states.items()}
    plain = {str(key): value for key, value in submissions.items()}
    return Kept(name, definition.body.decode(), resources, rows, plain, encoded, dict(variables))


def definition_texts(definition: Definition) -> dict[str, str]:
    """The decision tables that the products' diagrams use, as they are in the tree."""
    folder = Path(__file__).parent.parent.parent / "bpmn" / "decisions"
    return {key: (folder / f"{key}.dmn").read_text() for key in definition.decisions}


# -- stories ---------------------------------------------------------------------------------------


def _real(world: World) -> Iterator[Kept]:
    """An identification with an objection, a return and a withdrawal; its state after every input."""
    case = world.enter()
    states: dict[int, bytes] = {}

    def note() -> None:
        world.session.commit()
        row = world.session.get_one(
            CaseFile, case.id, options=[undefer(CaseFile.state)], populate_existing=True
        )
        states[len(replay.inputs_of(audit.history(world.session, case.id)))] = row.state

    for element_id, who in (
        ("verify", "cun"),
        ("sign", "cun"),
        ("submit_batch", "xiang"),
        ("run_matching", "xian2"),
        ("appraise", "cun"),
        ("post_notice", "cun"),
    ):
        note()
        world.finish(case, element_id, who)
    note()
    data = {"matter": "家里买了车", "raised_on": world.today.isoformat()}
    objections.raise_objection(world.session, world.official("xiang"), case.id, data, clock=world.clock)
    note()
    world.finish(case, "examine_objection", "xiang", finding="dismissed")
    note()
    world.go_to(6)
    note()
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    item = world.open_items(case)["approve"]
    acts.return_to(world.session, world.official("xian"), item.id, None, "材料不全", clock=world.clock)
    note()
    world.finish(case, "review", "xiang")
    note()
    world.go_to(16)
    note()
    yield _world_kept(world, case, "identification", states)


def _world_kept(world: World, case: CaseFile, name: str, states: Mapping[int, bytes]) -> Kept:
    entries = audit.history(world.session, case.id)
    definition = definitions.load(world.session, world.case(case.id).version_id)
    inputs = replay.inputs_of(entries)
    submissions = submissions_of(world.session, case.id)
    return _kept(name, definition, inputs, submissions, states, world.variables(case))


def _everything() -> Kept:
    """One diagram with every kind of wait: a subprocess with limits, parallel branches, instances, a loop,
    an event gateway.
    """
    each = (
        '<bpmn:multiInstanceLoopCharacteristics isSequential="{}">'
        "<bpmn:loopDataInputRef>people</bpmn:loopDataInputRef>"
        '<bpmn:loopDataOutputRef>{}</bpmn:loopDataOutputRef><bpmn:inputDataItem id="i{}" name="person"/>'
        '<bpmn:outputDataItem id="o{}" name="{}"/></bpmn:multiInstanceLoopCharacteristics>'
    )
    loop = '<bpmn:standardLoopCharacteristics loopMaximum="2"/>'
    inner = (
        (
            f'<bpmn:startEvent id="is"/>{task("post")}<bpmn:intermediateCatchEvent '
            f'id="over">{timer("over", "P5D")}'
            '</bpmn:intermediateCatchEvent><bpmn:endEvent id="ie"/>'
        )
        + flow("is", "post")
        + flow("post", "over")
        + flow("over", "ie")
    )
    gates = '<bpmn:parallelGateway id="f"/><bpmn:parallelGateway id="j"/>'
    body = process(
        START,
        task("ask", extra=each.format("false", "all", 1, 1, "ask")),
        task("tell", extra=each.format("true", "told", 2, 2, "tell")),
        task("again", extra=loop),
        f'<bpmn:subProcess id="sub">{inner}</bpmn:subProcess>',
        boundary("limit", "sub", "P3D", "false"),
        task("late"),
        '<bpmn:endEvent id="e2"/>',
        gates,
        END,
        flow("s", "ask"),
        flow("ask", "f"),
        flow("f", "tell"),
        flow("f", "sub"),
        flow("tell", "j"),
        flow("sub", "j"),
        flow("j", "again"),
        flow("again", "e"),
        flow("limit", "late"),
        flow("late", "e2"),
    )
    case = Case(body, people=["甲", "乙"])
    states: dict[int, bytes] = {}
    day = timedelta(days=1)
    acts = [
        ("ask", 0, "乙"),
        ("ask", 1, "甲"),
        ("tell", 1, "甲"),
        ("post", 2, None),
        (None, 5, None),
        ("late", 5, None),
        ("tell", 6, "乙"),
        (None, 7, None),
        ("again", 8, None),
        ("again", 9, None),
    ]
    for name, at, item in acts:
        states[len(case.inputs)] = case.instance.stored()
        if name is None:
            case.wait(NOW + at * day)
        else:
            case.do(name, NOW + at * day, item=item, x=f"{name}{at}")
    assert case.instance.completed
    states[len(case.inputs)] = case.instance.stored()
    return _kept(
        "everything", case.definition, case.inputs, case.submissions, states, case.instance.variables
    )


def _reminded() -> Kept:
    """A step beside which a timer fires again and again, each time opening a reminder."""
    body = process(
        START,
        task("a"),
        END,
        boundary("nag", "a", "R4/P2D", "false", "timeCycle"),
        task("remind"),
        '<bpmn:endEvent id="e2"/>',
        flow("s", "a"),
        flow("a", "e"),
        flow("nag", "remind"),
        flow("remind", "e2"),
    )
    case, states, day = Case(body), dict[int, bytes](), timedelta(days=1)
    acts = [
        (None, 1),
        (None, 2),
        ("remind", 2),
        (None, 5),
        (None, 6),
        ("remind", 6),
        (None, 9),
        ("remind", 9),
        ("a", 9),
        ("remind", 9),
    ]
    for name, at in acts:
        states[len(case.inputs)] = case.instance.stored()
        if name is None:
            case.wait(NOW + at * day)
        else:
            case.do(name, NOW + at * day, x=f"{name}{at}")
    assert case.instance.completed
    states[len(case.inputs)] = case.instance.stored()
    return _kept("reminded", case.definition, case.inputs, case.submissions, states, case.instance.variables)


def write() -> Path:
    """Write the present release's file."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/states.sqlite"
        template.build(url)
        world = World(url)
        kept = [*_real(world), _everything(), _reminded()]
        world.close()
    path = FOLDER / f"{version('shouwang')}.json.z"
    path.write_bytes(zlib.compress(to_json([asdict(one) for one in kept]).encode(), 9))
    return path


if __name__ == "__main__":
    print(write())
