"""Which flows of a diagram a line of the history ran along.

The log names what was passed: the services called, the decisions taken, the ends reached, the tasks opened,
and the flows by which gateways with several went on. Nothing is left to guess between them.

Lines of version 1 do not name the flows. Of them can be known that between two things that a line names lie
gateways alone; where several such ways lead from one to the next, the shortest is taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import cache, cached_property, lru_cache

from engine.flow.machine.definition import Definition

GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"})
_STEPS_ON = GATEWAYS | {"callActivity", "subProcess"}
"""What a token passes without the log naming it."""
_DECIDING = frozenset({"exclusiveGateway", "inclusiveGateway"})
"""The gateways whose ways the log names, where they have several."""


class Routes:
    """The ways through one definition.

    A hop is a sequence flow's id, or empty where a call is entered or left.
    """

    def __init__(self, definition: Definition) -> None:
        self.elements = definition.elements
        self._calls = definition.calls
        self.starts = [definition.start.id]
        self._hops: dict[str, list[tuple[str, str]]] = {}
        called: dict[str, list[str]] = {}
        for call, process in definition.calls.items():
            called.setdefault(process, []).append(call)
        for flow, (source, target) in definition.flows.items():
            if source not in definition.calls:
                self._hops.setdefault(source, []).append((flow, target))
        for element in definition.elements.values():
            for call in called.get(element.process_id, ()):
                if element.kind == "startEvent":
                    self._hops.setdefault(call, []).append(("", element.id))
                elif element.kind == "endEvent":
                    after = [(f, t) for f, (s, t) in definition.flows.items() if s == call]
                    self._hops.setdefault(element.id, []).extend(after)
        self.run = lru_cache(maxsize=4096)(self._run)
        self.ends_of = cache(self._ends_of)
        self.into = cache(self._into)
        self.caught_at = cache(self._caught_at)

    def _ends_of(self, activity: str) -> frozenset[str]:
        """The end events of the process that `activity` runs; none for a task."""
        process = self._calls.get(activity)
        return frozenset(
            e.id for e in self.elements.values() if e.kind == "endEvent" and e.process_id == process
        )

    @cached_property
    def limits(self) -> dict[str, str]:
        """The activity that each limit is attached to, by the limit's id."""
        return {e.id: e.attached_to for e in self.elements.values() if e.attached_to and e.is_limit}

    def _into(self, event_id: str) -> list[str]:
        """The flow by which an event that has come is left to: from the gateway that waited for several."""
        return [
            flow
            for source, hops in self._hops.items()
            if (element := self.elements.get(source)) is not None and element.kind == "eventBasedGateway"
            for flow, target in hops
            if target == event_id and flow
        ]

    def _caught_at(self, message: str) -> list[str]:
        """The event that catches a message, if one does."""
        return [e.id for e in self.elements.values() if e.message == message and e.kind != "startEvent"][:1]

    def _run(
        self, start: str, named: frozenset[str], targets: tuple[str, ...], chosen: frozenset[str] | None
    ) -> tuple[str, ...]:
        """The flows taken from `start`, passing of the named kinds only `named`,
        to each of `targets` and the `named`; at gateways that decide only those `chosen`, unless these are
        not known (None).
        """
        came = self._spread(start, named, chosen)
        decided = self._decided(came, chosen or frozenset())
        taken: dict[str, None] = {}
        reached = [target for target in (*targets, *sorted(named), *decided) if target in came]
        for at in reached:
            self._trace(at, start, came, taken)
        taken.update({flow: None for hops in decided.values() for flow, _ in hops})
        after = [target for hops in decided.values() for _, target in hops]
        for at in [start, *reached, *after]:
            taken.update(dict.fromkeys(self._onward(at, set(targets), chosen)))
        return tuple(taken)

    def _decided(self, came: Iterable[str], chosen: frozenset[str]) -> dict[str, list[tuple[str, str]]]:
        """The gateways in reach by which the log says how it went on, with those hops."""
        hops = {at: [hop for hop in self._hops.get(at, ()) if hop[0] in chosen] for at in came}
        return {at: taken for at, taken in hops.items() if taken}

    @staticmethod
    def _trace(at: str, start: str, came: dict[str, tuple[str, str]], taken: dict[str, None]) -> None:
        """Note the flows from `start` to `at`, which may be `start` again, by a loop."""
        while True:
            flow, at = came[at]
            if flow:
                taken[flow] = None
            if at == start:
                return

    def _allowed(self, at: str, chosen: frozenset[str] | None) -> list[tuple[str, str]]:
        """The hops from an element that a token may have gone, as far as the log says."""
        hops, element = self._hops.get(at, []), self.elements.get(at)
        decides = element is not None and element.kind in _DECIDING and len(hops) > 1
        return [hop for hop in hops if hop[0] in chosen] if decides and chosen is not None else hops

    def _spread(
        self, start: str, named: frozenset[str], chosen: frozenset[str] | None
    ) -> dict[str, tuple[str, str]]:
        """How each element in reach of `start` is reached: its last hop and where from;
        a shorter way first.
        """
        came: dict[str, tuple[str, str]] = {}
        ahead = deque([start])
        while ahead:
            at = ahead.popleft()
            if at != start and not self._passed(at, named):
                continue
            for flow, target in self._allowed(at, chosen):
                if target not in came:
                    came[target] = (flow, at)
                    if target != start:
                        ahead.append(target)
        return came

    def _passed(self, element_id: str, named: frozenset[str]) -> bool:
        """Whether a token may have passed the element: the log names it, or never names its kind."""
        element = self.elements.get(element_id)
        return element is not None and (
            element_id in named or element.kind in _STEPS_ON or (element.kind == "startEvent")
        )

    def _onward(self, at: str, targets: Iterable[str], chosen: frozenset[str] | None) -> list[str]:
        """The one flow out of what was passed, as far as it leads to a join or to an event that now waits."""
        found: list[str] = []
        seen = {at}
        element = self.elements.get(at)
        if element is None or at in targets:
            return found
        while len(hops := self._allowed(at, chosen)) == 1 and hops[0][1] not in seen:
            flow, at = hops[0]
            element = self.elements.get(at)
            if element is None or (element.kind not in GATEWAYS and element.kind != "intermediateCatchEvent"):
                break
            if flow:
                found.append(flow)
            if element.kind != "exclusiveGateway":
                break
            seen.add(at)
        return found
