"""The figures on the diagram: what waits at each element, how long it takes there, which ways cases took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.models import CaseFile, Division, ProcedureVersion, Timer
from engine.casework.supervision.figures import reading
from engine.casework.supervision.figures.facts import FLOW, RETURNED, STEP
from engine.casework.supervision.figures.periods import Span
from engine.casework.supervision.figures.reading import Spread, Waiting
from engine.flow.diagram.element import Element
from engine.flow.machine.definition import Definition
from engine.ground.tables import table

_TIMER, _CASE = table(Timer), table(CaseFile)


@dataclass(frozen=True)
class Node:
    """An element of the diagram with its figures."""

    element: Element
    waiting: Waiting
    hours: Spread
    returned: int
    shared: int = 0
    """Of a call: what waits in parts that other calls run too."""


@dataclass(frozen=True)
class Way:
    """A flow that cases went along; `share` of all that left its source, None where there is but one way."""

    flow_id: str
    source: Element
    target: str
    count: int
    share: float | None


@dataclass(frozen=True)
class Heat:
    """A diagram with its figures: `ways` is None where the ways are not counted (villages)."""

    version: ProcedureVersion
    definition: Definition
    nodes: Mapping[str, Node]
    ways: Mapping[str, Way] | None

    @property
    def listed(self) -> list[Node]:
        """What people and times are waited for, in the diagram's order: the table beside the picture."""
        kinds = ("userTask", "manualTask", "intermediateCatchEvent")
        found = (
            self.nodes[e.id] for e in self.definition.in_flow_order if e.kind in kinds and e.id in self.nodes
        )
        return [node for node in found if node.waiting.count or node.hours.total or node.returned]

    @property
    def shares(self) -> bool:
        """Whether tasks wait in a part that several calls run."""
        return any(node.shared for node in self.nodes.values())

    @property
    def fullest(self) -> Node | None:
        """The step at which most tasks wait now."""
        return max(
            (one for one in self._steps if one.waiting.count), key=lambda one: one.waiting.count, default=None
        )

    @property
    def reddest(self) -> Node | None:
        """The step with most tasks past their limit."""
        return max(
            (one for one in self._steps if one.waiting.red), key=lambda one: one.waiting.red, default=None
        )

    @property
    def slowest(self) -> Node | None:
        """The step whose nine tenths take longest."""
        return max(
            (one for one in self._steps if one.hours.total), key=lambda one: one.hours.p90 or 0, default=None
        )

    @property
    def _steps(self) -> list[Node]:
        return [node for node in self.listed if node.element.kind != "intermediateCatchEvent"]

    @property
    def forks(self) -> list[tuple[Element, list[Way]]]:
        """The elements from which cases went several ways, each with its ways, in the diagram's order."""
        found: dict[str, list[Way]] = {}
        for way in (self.ways or {}).values():
            if way.share is not None:
                found.setdefault(way.source.id, []).append(way)
        ordered = [(e, found[e.id]) for e in self.definition.in_flow_order if e.id in found and e.name]
        return [(e, ways) for e, ways in ordered if any(way.count for way in ways)]


def heat(
    session: Session, division: Division, procedure: str, span: Span, now: datetime, version_number: int = 0
) -> Heat:
    """The figures of a procedure's diagram for a division over whole months; of one version,
    or (0) of all of them.
    """
    version = reading.version_of(session, procedure, version_number)
    definition = definitions.load(session, version.id)
    spent = reading.spreads(session, [STEP, RETURNED], division, span, procedure, version_number)
    only = version.id if version_number else 0
    waiting = {e: w for (_, e), w in reading.waiting(session, division, now, procedure, only).items()}
    waiting |= {e: Waiting(count) for e, count in _waiting_events(session, division, procedure, only).items()}
    nodes = {
        element.id: Node(
            element,
            waiting.get(element.id, Waiting()),
            spent.spread(STEP, procedure, element.id),
            spent.count(RETURNED, procedure, element.id),
        )
        for element in definition.elements.values()
    }
    nodes |= _held(definition, nodes)
    ways = None
    if division.level != "village":
        counts = reading.spreads(session, [FLOW], division, span, procedure, version_number)
        ways = _ways(
            definition, Counter({flow: sum(by.values()) for (_, _, flow), by in counts.cells.items()})
        )
    return Heat(version, definition, nodes, ways)


def _waiting_events(session: Session, division: Division, procedure: str, version_id: int) -> dict[str, int]:
    """How many cases of a procedure wait for a time, by the event."""
    query = (
        select(_TIMER.c.element_id, func.count().label("many"))
        .join(_CASE, _CASE.c.id == _TIMER.c.case_id)
        .where(
            _TIMER.c.status == literal_column("'waiting'"),
            _TIMER.c.kind == "event",
            _CASE.c.procedure_key == procedure,
            reading.within(_TIMER.c.village_code, division.code),
        )
        .group_by(_TIMER.c.element_id)
    )
    if version_id:
        query = query.where(_CASE.c.version_id == version_id)
    return {row.element_id: row.many for row in session.execute(query)}


def _held(definition: Definition, nodes: Mapping[str, Node]) -> dict[str, Node]:
    """The calls: what waits in the process that each of them runs, and in what that one calls.

    What waits in a part that is called from several places is counted at the calls that surely hold it, once
    at each; at the others it is `shared`: a task does not say by which of them it was reached.
    """
    reached = _reached(definition)

    def tasks(processes: AbstractSet[str]) -> Waiting:
        inside = [e.id for e in definition.elements.values() if e.process_id in processes]
        return _sum(nodes[one].waiting for one in inside if one not in definition.calls)

    found = {}
    for call, process in definition.calls.items():
        if call in nodes:
            within = _reached(definition, process)
            surely = within - _reached(definition, without=call)
            shared = tasks((within & reached) - surely).count
            found[call] = Node(nodes[call].element, tasks(surely), Spread({}), 0, shared)
    return found


def _reached(definition: Definition, start: str = "", without: str = "") -> frozenset[str]:
    """The processes that run from `start` on (else from the procedure's own),
    as if there were no call `without`.
    """
    called: dict[str, list[str]] = {}
    for call, process in definition.calls.items():
        if call != without and call in definition.elements:
            called.setdefault(definition.elements[call].process_id, []).append(process)
    found, ahead = set(), [start or definition.key]
    while ahead:
        at = ahead.pop()
        if at not in found:
            found.add(at)
            ahead += called.get(at, [])
    return frozenset(found)


def _sum(parts: Iterable[Waiting]) -> Waiting:
    each = list(parts)
    return Waiting(
        sum(one.count for one in each), sum(one.red for one in each), sum(one.yellow for one in each)
    )


def _ways(definition: Definition, counts: Counter[str]) -> dict[str, Way]:
    left: Counter[str] = Counter()
    several = Counter(source for source, _ in definition.flows.values())
    for flow, (source, _) in definition.flows.items():
        left[source] += counts[flow]
    found = {}
    for flow, (source, target) in definition.flows.items():
        element = definition.elements.get(source)
        if element is None:
            continue
        parallel = element.kind in ("parallelGateway", "eventBasedGateway")
        share = counts[flow] / left[source] if several[source] > 1 and left[source] and not parallel else None
        at = definition.elements.get(target)
        name = definition.flow_names.get(flow) or (at.name if at else "") or "下一处"
        found[flow] = Way(flow, element, name, counts[flow], share)
    return found
