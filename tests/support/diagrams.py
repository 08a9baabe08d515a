"""Random diagrams made of blocks: all that an engine must bring together, drawn from a seed,
sound or nearly so.

Parallel, inclusive and exclusive branches (some of them empty: flows straight from split to join), loops,
waits for messages and times that tie, event gateways, events beside steps, repeated steps, subprocesses,
called processes and terminating ends.
"""

from __future__ import annotations

from random import Random

from tests.support.small import HEAD, boundary, catch, heard, task, timer

MESSAGES = ("m", "n")
VALUES = ("0", "1", "2", "3")
DURATIONS = ("P1D", "P1D", "P2D", "PT12H")
DATES = ("2022-05-07", "2022-05-08", "2022-05-08")
"""Dates are due at 00:00: many waits end at one instant."""
_RECEIVES = '<spiffworkflow:property name="receives" value="ask, people"/>'

Ends = tuple[str, str]
"""Where a block begins and where it goes on."""


class Drawing:
    """A diagram that grows from `chance`."""

    def __init__(self, chance: Random, size: int) -> None:
        self.chance, self.left = chance, size
        self.parts: list[str] = []
        self.processes: list[str] = []
        self.variables = ["ask"]
        self._count = 0

    def text(self) -> str:
        """The file: a main process that is `p`, and those that it calls."""
        extension = (
            f"<bpmn:extensionElements><spiffworkflow:properties>{_RECEIVES}</spiffworkflow:properties>"
            "</bpmn:extensionElements>"
        )
        self._process(f'<bpmn:startEvent id="s">{extension}</bpmn:startEvent>', "s", 0)
        messages = "".join(f'<bpmn:message id="{name}_message" name="{name}"/>' for name in MESSAGES)
        main = f'<bpmn:process id="p" isExecutable="true">{"".join(self.parts)}</bpmn:process>'
        return f"{HEAD}{messages}{main}{''.join(self.processes)}</bpmn:definitions>"

    def _process(self, start: str, name: str, depth: int) -> None:
        self.parts.append(start)
        first, last = self._blocks(depth)
        self._flow(name, first)
        self._flow(last, self._end())

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def _flow(self, source: str, target: str, condition: str = "") -> str:
        name = self._name("f")
        inner = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
        self.parts.append(
            f'<bpmn:sequenceFlow id="{name}" sourceRef="{source}" '
            f'targetRef="{target}">{inner}</bpmn:sequenceFlow>'
        )
        return name

    def _end(self, inner: str = "") -> str:
        name = self._name("e")
        self.parts.append(f'<bpmn:endEvent id="{name}">{inner}</bpmn:endEvent>')
        return name

    def _condition(self) -> str:
        values = ", ".join(f'"{value}"' for value in self.chance.sample(VALUES, 2))
        return f"{self.chance.choice(self.variables[-6:])}.x in ({values})"

    # -- blocks ------------------------------------------------------------------------------------

    def _blocks(self, depth: int) -> Ends:
        """One to three blocks in a row."""
        first, last = self._block(depth)
        for _ in range(self.chance.randint(0, 2)):
            following, end = self._block(depth)
            self._flow(last, following)
            last = end
        return first, last

    def _block(self, depth: int) -> Ends:
        self.left -= 1
        simple = [self._step, self._step, self._wait, self._either]
        nested = [self._split, self._split, self._split, self._loop, self._part, self._call]
        return self.chance.choice(simple if depth > 2 or self.left < 0 else simple + nested)(depth)

    def _step(self, _depth: int) -> Ends:
        name = self._name("t")
        self.parts.append(task(name, extra=self.chance.choice(["", "", "", "", *self._marks(name)])))
        self.variables.append(name)
        self._beside(name)
        return name, name

    def _marks(self, name: str) -> list[str]:
        sequential = self.chance.choice(["true", "false"])
        many = (
            f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}">'
            "<bpmn:loopDataInputRef>people</bpmn:loopDataInputRef>"
            f"<bpmn:loopDataOutputRef>{name}_all</bpmn:loopDataOutputRef><bpmn:inputDataItem "
            f'id="{name}_i" name="{name}_one"/>'
            f'<bpmn:outputDataItem id="{name}_o" name="{name}"/><bpmn:completionCondition>{name}.x = "3"'
            "</bpmn:completionCondition></bpmn:multiInstanceLoopCharacteristics>"
        )
        loop = (
            f'<bpmn:standardLoopCharacteristics loopMaximum="3"><bpmn:loopCondition>{name}.x = '
            '"1"</bpmn:loopCondition>'
            "</bpmn:standardLoopCharacteristics>"
        )
        return [many, loop]

    def _beside(self, host: str) -> None:
        """Up to three events beside a step, each with a way of its own."""
        for _ in range(self.chance.choice([0, 0, 1, 1, 2, 3])):
            name, cancel = self._name("b"), self.chance.choice(["true", "false", "false"])
            kind = self.chance.choice(["message", "duration", "date", "cycle"])
            if kind == "message":
                self.parts.append(heard(name, host, self.chance.choice(MESSAGES), cancel))
            elif kind == "cycle":
                self.parts.append(boundary(name, host, "R2/P1D", "false", "timeCycle"))
            elif kind == "date":
                self.parts.append(boundary(name, host, self.chance.choice(DATES), cancel, "timeDate"))
            else:
                self.parts.append(boundary(name, host, self.chance.choice(DURATIONS), cancel))
            if self.chance.random() < 0.5:
                step = self._name("t")
                self.parts.append(task(step))
                self._flow(name, step)
                name = step
            self._flow(name, self._end())

    def _wait(self, _depth: int) -> Ends:
        name = self._name("w")
        self.parts.append(self._waiting(name, self.chance.choice(["message", "time"])))
        return name, name

    def _waiting(self, name: str, kind: str) -> str:
        if kind == "message":
            return catch(name, self.chance.choice(MESSAGES))
        text, writing = self.chance.choice(
            [*((one, "timeDuration") for one in DURATIONS), *((one, "timeDate") for one in DATES)]
        )
        return (
            "<bpmn:intermediateCatchEvent "
            f'id="{name}">{timer(name, text, writing)}</bpmn:intermediateCatchEvent>'
        )

    def _either(self, _depth: int) -> Ends:
        """A message or a time, whichever comes first."""
        gate, merge = self._name("g"), self._name("x")
        self.parts.append(f'<bpmn:eventBasedGateway id="{gate}"/><bpmn:exclusiveGateway id="{merge}"/>')
        for kind in ("message", "time"):
            name = self._name("w")
            self.parts.append(self._waiting(name, kind))
            self._flow(gate, name)
            self._flow(name, merge)
        return gate, merge

    def _split(self, depth: int) -> Ends:
        kind = self.chance.choice(
            ["parallelGateway", "parallelGateway", "inclusiveGateway", "exclusiveGateway"]
        )
        split, join = self._name("g"), self._name("j")
        flows = []
        for branch in range(self.chance.randint(2, 3)):
            condition = self._condition() if branch and kind != "parallelGateway" else ""
            if self.chance.random() < 0.25:
                flows.append(self._flow(split, join, condition))
                continue
            first, last = self._blocks(depth + 1)
            flows.append(self._flow(split, first, condition))
            if self.chance.random() < 0.06:
                join_or_end = self._end(f'<bpmn:terminateEventDefinition id="{self._name("d")}"/>')
                self._flow(last, join_or_end)
            else:
                self._flow(last, join)
        default = "" if kind == "parallelGateway" else f' default="{flows[0]}"'
        self.parts.append(f'<bpmn:{kind} id="{split}"{default}/><bpmn:{kind} id="{join}"/>')
        return split, join

    def _loop(self, depth: int) -> Ends:
        merge, way = self._name("x"), self._name("g")
        step, _ = self._step(depth)
        first, last = self._blocks(depth + 1)
        self._flow(merge, step)
        self._flow(step, first)
        self._flow(last, way)
        out = self._name("x")
        default = self._flow(way, out)
        self._flow(way, merge, self._condition())
        self.parts.append(
            f'<bpmn:exclusiveGateway id="{merge}"/><bpmn:exclusiveGateway id="{way}" default="{default}"/>'
            f'<bpmn:exclusiveGateway id="{out}"/>'
        )
        return merge, out

    def _inside(self, depth: int) -> str:
        outer, self.parts = self.parts, []
        start = self._name("s")
        self._process(f'<bpmn:startEvent id="{start}"/>', start, depth + 1)
        inner, self.parts = "".join(self.parts), outer
        return inner

    def _part(self, depth: int) -> Ends:
        name = self._name("p")
        self.parts.append(f'<bpmn:subProcess id="{name}">{self._inside(depth)}</bpmn:subProcess>')
        self._beside(name)
        return name, name

    def _call(self, depth: int) -> Ends:
        name, called = self._name("c"), self._name("q")
        self.processes.append(
            f'<bpmn:process id="{called}" isExecutable="true">{self._inside(depth)}</bpmn:process>'
        )
        self.parts.append(f'<bpmn:callActivity id="{name}" calledElement="{called}"/>')
        self._beside(name)
        return name, name


def drawn(seed: int, size: int = 9) -> str:
    """The diagram of a seed."""
    return Drawing(Random(seed), size).text()
