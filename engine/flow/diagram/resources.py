"""What a diagram is checked and run with: forms, decision tables and the parts that it calls,
each by its key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from engine.flow.diagram import xml as x
from engine.flow.diagram.properties import PART
from engine.flow.vocabulary import Bound
from engine.ground.errors import DefinitionError

KINDS = ("form", "decision", "part")


def digest_of(kind: str, key: str, body: bytes) -> str:
    """The hash by which a body of one of `KINDS` is known, whoever uses it."""
    return sha256(f"{kind}:{key}:".encode() + body).hexdigest()


@dataclass(frozen=True)
class Resources:
    """Bodies by key. A part is a diagram that others call (公用环节): drawn once, with versions of its own."""

    form: Mapping[str, bytes] = field(default_factory=dict)
    decision: Mapping[str, bytes] = field(default_factory=dict)
    part: Mapping[str, bytes] = field(default_factory=dict)
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    """What the province has set for legal limits, by clause; the nation's hold for the others."""

    def of(self, kind: str) -> Mapping[str, bytes]:
        """The bodies of one of `KINDS`."""
        found: Mapping[str, bytes] = getattr(self, kind)
        return found

    def __or__(self, other: Resources) -> Resources:
        """Both, the other's body where both have one."""
        form, decision, part = ({**self.of(kind), **other.of(kind)} for kind in KINDS)
        return Resources(form, decision, part, {**self.bounds, **other.bounds})


def main_process(root: x.Node) -> x.Node | None:
    """The main process: the first executable one that no call activity of the file calls,
    else the first of these.

    Some modelers put an empty process before it, and draw others' pools beside it.
    """
    called = {call.get("calledElement") for call in x.descendants(root, "callActivity")}
    drawn = [p for p in x.children(root, "process") if p.get("id") not in called and not is_empty(p)]
    return next((process for process in drawn if x.flag(process, "isExecutable")), next(iter(drawn), None))


def is_empty(process: x.Node) -> bool:
    """Whether nothing is drawn in the process."""
    return (
        not x.children(process, "startEvent") and next(x.descendants(process, "sequenceFlow"), None) is None
    )


def run_processes(root: x.Node) -> list[x.Node]:
    """The processes of the file that a case runs through: the main one and those it calls;
    others only illustrate.
    """
    main = main_process(root)
    every = {process.get("id", ""): process for process in x.children(root, "process")}
    found: dict[str, x.Node] = {}
    waiting = (
        x.children(root, "process") if main is None else [main]
    )  # all call each other: the check says so
    while waiting:
        process = waiting.pop()
        if process.get("id", "") not in found:
            found[process.get("id", "")] = process
            called = (call.get("calledElement", "") for call in x.descendants(process, "callActivity"))
            waiting += [every[key] for key in called if key in every]
    return [process for key, process in every.items() if key in found]


def is_part(root: x.Node) -> bool:
    """Whether the diagram is one that others call: its main process carries the property ``part``."""
    main = main_process(root)
    return main is not None and PART.flag(x.properties(main))


def calls_out(root: x.Node) -> frozenset[str]:
    """Keys of the parts that the diagram calls: what is called and not in the file."""
    own = {process.get("id", "") for process in x.children(root, "process")}
    return frozenset(call.get("calledElement", "") for call in x.descendants(root, "callActivity")) - own


def parts_of(root: x.Node, available: Mapping[str, bytes]) -> dict[str, bytes]:
    """The parts that the diagram needs, those that its parts call included.

    Raises DefinitionError for a broken one.
    """
    found: dict[str, bytes] = {}
    wanted = sorted(calls_out(root))
    while wanted:
        key = wanted.pop()
        if key not in found and key in available:
            found[key] = available[key]
            wanted.extend(sorted(calls_out(x.parse_xml(available[key]))))
    return found


def read_resources(root: Path) -> Resources:
    """What lies under a folder: ``forms_json/*.json``,
    ``bpmn/decisions/*.dmn`` and the parts of ``bpmn/*.bpmn``.
    """
    bodies = (path.read_bytes() for path in sorted((root / "bpmn").glob("*.bpmn")))
    return Resources(
        {path.stem: path.read_bytes() for path in sorted((root / "forms_json").glob("*.json"))},
        {path.stem: path.read_bytes() for path in sorted((root / "bpmn" / "decisions").glob("*.dmn"))},
        dict(_parts(bodies)),
    )


def _parts(bodies: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    for body in bodies:
        try:
            root = x.parse_xml(body)
        except DefinitionError:
            continue  # its own check says so
        main = main_process(root)
        if main is not None and is_part(root):
            yield main.get("id", ""), body
