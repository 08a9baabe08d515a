"""The public compatibility kit for decision tables (DMN TCK), carried in tests/fixtures/tck: its cases,
and how we fare.

A case asks one decision or decision service of a file for its value over given inputs. It is right decision
by decision when that value is the kit's; file by file when moreover its whole file passes the check that
owners' files pass.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

from lxml import etree

from engine.flow.decisions import Model, parse_model, read_model
from engine.flow.feel import FeelLimitError, FeelSyntaxError, values
from engine.flow.feel.temporal import parse_date, parse_date_time, parse_duration, parse_time
from engine.ground.errors import DefinitionError, EngineFault

ARCHIVE = Path(__file__).parents[1] / "fixtures" / "tck" / "tck.tar.xz"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
Node = etree._Element


@dataclass(frozen=True)
class Case:
    """One question of the kit."""

    level: str
    folder: str
    number: str
    asked: str
    service: str
    """The decision service that is asked for it, or ''."""
    inputs: Mapping[str, Any]
    expected: Any

    @property
    def key(self) -> str:
        """What the list of known differences calls it."""
        return f"{self.folder}/{self.number}/{self.asked}"


def files() -> dict[str, bytes]:
    """The kit's files by their path in the archive."""
    with tarfile.open(ARCHIVE, "r:xz") as archive:
        members = [member for member in archive if member.isfile()]
        bodies = ((member.name, archive.extractfile(member)) for member in members)
        return {name: body.read() for name, body in bodies if body}


def cases(level: str, kit: Mapping[str, bytes]) -> Iterator[Case]:
    """The questions of a level, ``2`` or ``3``."""
    for path, body in sorted(kit.items()):
        place = PurePosixPath(path)
        if place.parts[0] != f"level-{level}" or place.suffix != ".xml":
            continue
        for case in etree.fromstring(body).iter("{*}testCase"):
            yield from _questions(level, place.parts[1], case)


def _questions(level: str, folder: str, case: Node) -> Iterator[Case]:
    inputs = {node.get("name", ""): _value(node) for node in case.findall("{*}inputNode")}
    service = case.get("invocableName", "") if case.get("type") == "decisionService" else ""
    for result in case.findall("{*}resultNode"):
        expected = result.find("{*}expected")
        wanted = None if expected is None else _value(expected)
        yield Case(level, folder, case.get("id", ""), result.get("name", ""), service, inputs, wanted)


class Kit:
    """The models of the kit's folders, each read once."""

    def __init__(self) -> None:
        self.files = files()
        self._models: dict[tuple[str, str], Model] = {}
        self._passed: dict[tuple[str, str], bool] = {}

    def answer(self, case: Case) -> Any:
        """What our engine says; an error's sentence as text that no case expects."""
        try:
            model = self._model(case)
            if not case.service:
                return model.decision(case.asked).evaluate_standard(case.inputs)
            found = model.service(case.service).evaluate_standard(case.inputs)
            return found[case.asked] if isinstance(found, dict) and case.asked in found else found
        except _REFUSALS as error:
            return Refused(str(error))

    def passes(self, case: Case) -> bool:
        """Whether the case's file is sound as a whole."""
        key = case.level, case.folder
        if key not in self._passed:
            try:
                parse_model(self._body(case))
                self._passed[key] = True
            except DefinitionError:
                self._passed[key] = False
        return self._passed[key]

    def _model(self, case: Case) -> Model:
        key = case.level, case.folder
        if key not in self._models:
            self._models[key] = Model(read_model(self._body(case)))
        return self._models[key]

    def _body(self, case: Case) -> bytes:
        return self.files[f"level-{case.level}/{case.folder}/{case.folder}.dmn"]


_REFUSALS = (DefinitionError, EngineFault, FeelSyntaxError, FeelLimitError, LookupError, StopIteration)


@dataclass(frozen=True)
class Refused:
    """No value: the reason."""

    sentence: str


def _value(node: Node) -> Any:
    for child in node:
        if not isinstance(child.tag, str):
            continue
        name = etree.QName(child).localname
        if name == "value":
            return _literal(child)
        if name == "list":
            return None if child.get(_NIL) == "true" else [_value(item) for item in child]
        if name == "component":
            return {part.get("name"): _value(part) for part in node if isinstance(part.tag, str)}
    return None


def _literal(node: Node) -> Any:
    if node.get(_NIL) == "true":
        return None
    readers: dict[str, Any] = {
        "decimal": Decimal,
        "double": Decimal,
        "integer": Decimal,
        "boolean": lambda text: text == "true",
        "date": parse_date,
        "dateTime": parse_date_time,
        "time": parse_time,
        "duration": parse_duration,
    }
    return readers.get((node.get(_TYPE) or "").rpartition(":")[2], str)(node.text or "")


def agree(found: Any, expected: Any) -> bool:
    """Whether a value is the kit's: numbers to eight digits, as the kit's own runner compares them."""
    if isinstance(expected, Decimal):
        return isinstance(found, Decimal) and abs(found - expected) < Decimal("1e-8")
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(agree, found, expected))
    if isinstance(expected, dict):
        same_keys = isinstance(found, dict) and found.keys() == expected.keys()
        return same_keys and all(agree(found[key], expected[key]) for key in expected)
    if expected is None:
        return found is None
    return values.kind(found) == values.kind(expected) and bool(found == expected)
