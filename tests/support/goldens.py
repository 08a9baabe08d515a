"""Histories as releases wrote them, with where their cases stood: no later release, calendar,
FEEL or table moves them.

``python -m tests.support.goldens`` adds the file of the present lines; a file once written is never written
again.
"""

from __future__ import annotations

import json
import lzma
import sqlite3
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from engine.flow.diagram.resources import Resources
from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.flow.replay import Input, Replay
from engine.ground.tables import to_json
from tests.support import states, template
from tests.support.histories import Case, workdays
from tests.support.small import END, FORMS, NOW, START, boundary, flow, process, task
from tests.support.world import World

FOLDER = Path(__file__).parent.parent / "fixtures" / "histories"
RELEASE = FOLDER.parent / "releases" / "0.1.0.sqlite.xz"
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
        inputs = [
            Input(
                one["seq"],
                datetime.fromisoformat(one["at"]),
                one["element_id"],
                lines.read(one["kind"], one["data"]),
            )  # type: ignore[arg-type]
            for one in self.inputs
        ]
        return Replay(
            self.definition, inputs, {int(key): data for key, data in self.submissions.items()}, count
        )


def standing(replay: Replay) -> list[str]:
    """Every token with the element where it is, and the variables."""
    instance = replay.instance
    places = [f"{token} {place[-1][0]}" for token, place in sorted(instance.places().items())]
    return [*places, json.dumps(instance.variables, ensure_ascii=False, sort_keys=True, default=str)]


def read(name: str) -> list[Golden]:
    """The histories of a file."""
    return [Golden(**one) for one in json.loads(zlib.decompress((FOLDER / f"{name}.json.z").read_bytes()))]


def _stood(kept: states.Kept) -> Golden:
    found = Golden(kept.name, kept.diagram, kept.resources, kept.inputs, kept.submissions, [])
    replay = found.replay()
    replay.run()
    return Golden(**{**asdict(found), "stands": standing(replay)})


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
    return _stood(
        states._kept(name, case.definition, case.inputs, case.submissions, {}, case.instance.variables)
    )


def _released() -> list[Golden]:
    """Of the kept database of 0.1.0: of every procedure the longest
    open case and the longest finished one.
    """
    memory = sqlite3.connect(":memory:")
    memory.deserialize(lzma.decompress(RELEASE.read_bytes()))
    query = (
        "SELECT id, procedure_key, version_id FROM (SELECT *, row_number() OVER (PARTITION BY "
        "procedure_key, status = 'open' "
        "ORDER BY log_seq DESC, id) AS place FROM case_file) WHERE place = 1"
    )
    return [_of_release(memory, *row) for row in memory.execute(query).fetchall()]


def _of_release(memory: sqlite3.Connection, case_id: int, key: str, version_id: int) -> Golden:
    diagram, resources = memory.execute(
        "SELECT xml, resources FROM procedure_version WHERE id = ?", [version_id]
    ).fetchone()
    bodies = dict(memory.execute("SELECT sha256, body FROM resource").fetchall())
    texts = {
        kind: {name: bodies[digest].decode() for name, digest in named.items()}
        for kind, named in json.loads(resources).items()
    }
    (state,) = memory.execute("SELECT state FROM case_file WHERE id = ?", [case_id]).fetchone()
    told = memory.execute(
        "SELECT seq, kind, at, element_id, data FROM log_entry WHERE stream = ? AND kind IN ('start', "
        "'complete', 'message',"
        " 'timer') ORDER BY seq",
        [f"case:{case_id}"],
    )
    inputs = [
        {"seq": seq, "kind": kind, "at": f"{at}+00:00", "element_id": element, "data": json.loads(data)}
        for seq, kind, at, element, data in told
    ]
    sent = memory.execute("SELECT id, data FROM submission WHERE case_id = ?", [case_id]).fetchall()
    found = Golden(
        f"{key}-{case_id}",
        diagram.decode(),
        {k: texts.get(k, {}) for k in ("form", "decision", "part")},
        inputs,
        {str(number): json.loads(data) for number, data in sent},
        [],
    )
    replay = found.replay()
    if state:
        replay.instance = Instance.restored(found.definition, replay.instance.host, state)
    else:
        replay.run()
    return Golden(**{**asdict(found), "stands": standing(replay)})


def _write(name: str, found: list[Golden]) -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json.z").write_bytes(
        zlib.compress(to_json([asdict(one) for one in found]).encode(), 9)
    )


if __name__ == "__main__":
    _write("0.1.0", _released())
    with tempfile.TemporaryDirectory() as folder:
        template.build(f"sqlite:///{folder}/goldens.sqlite")
        world = World(f"sqlite:///{folder}/goldens.sqlite")
        lived = [*states._real(world)]
        world.close()
    _write("lines-2", [*map(_stood, lived), _present("choosing", choosing())])
