"""Decisions with all that they require: other decisions, business knowledge, decision services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from engine.flow.decisions.boxed import EXPRESSIONS, Boxes, Logic, called_with, invoked
from engine.flow.decisions.file import (
    Node,
    Texts,
    all_of,
    elements,
    find,
    local,
    read_model,
    refusal,
    text_of,
    type_of,
    variable_of,
)
from engine.flow.decisions.table import Table, bare
from engine.flow.decisions.types import declared_types
from engine.flow.feel import Expression, FeelLimitError, FeelSyntaxError, UnaryTests, one_purse
from engine.flow.feel.parsing.lexer import is_word
from engine.flow.feel.reading import cell_literals, certain_names, compared, names_alone
from engine.flow.feel.types import Conformity, Type
from engine.flow.feel.values import NO_VALUE, Function, from_plain, kind
from engine.ground.errors import DefinitionError, EngineFault, Finding

MAX_WAYS = 1_000
"""From one decision to what it requires so many ways are followed at most."""
MAX_STEPS = 1_000_000
"""What one decision may spend on all its cells and on the knowledge it calls."""
_KNOWLEDGE = ("businessKnowledgeModel", "decisionService")
_REQUIRED = ("requiredDecision", "requiredInput", "requiredKnowledge")


@dataclass(frozen=True)
class Run:
    """One evaluation: the case's names, and what is being decided above."""

    context: dict[str, Any]
    running: frozenset[str] = frozenset()
    typed: bool = False
    """Whether values are made to be of the types that the file declares, as the standard asks."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Decisions by their ids whose results are given: the inputs of a service."""

    def below(self, node: Node) -> Run:
        """The same for what a decision requires. Raises EngineFault for one that requires itself."""
        identifier = node.get("id", "")
        if identifier in self.running:
            raise EngineFault("决策互相依赖，无法得出结论。")
        return replace(self, running=self.running | {identifier})


class Decision:
    """A decision with all it requires."""

    def __init__(self, model: Model, node: Node) -> None:
        self.id = node.get("id", "")
        self.name = node.get("name") or self.id
        self._model, self._node = model, node
        self.table = model.table_of(node)

    @property
    def outputs(self) -> list[str]:
        """Names of the outputs of its table."""
        return list(self.table.outputs) if self.table else [self.name]

    @property
    def inputs(self) -> list[tuple[str, str]]:
        """Label and expression of each input of its table."""
        table = self.table
        return [(label, e.text) for label, e in zip(table.labels, table.inputs, strict=True)] if table else []

    @property
    def without_value(self) -> list[str]:
        """Labels of the inputs of its table that say nothing of what they take: their cells never hold."""
        return self.table.without_value if self.table else []

    def names(self) -> frozenset[str]:
        """The dotted names it reads from the case."""
        return frozenset(self._model.names(self._node))

    def inner_names(self) -> frozenset[str]:
        """The names of what it requires: they mean that, whatever the case has of the same name."""
        return frozenset(self._model.inner_names(self._node))

    def certain_names(self) -> frozenset[str]:
        """Of `names`, those that are read whatever the data is (engine.feel.reading)."""
        return frozenset(self._model.names(self._node, certain=True))

    def compared(self) -> Iterator[tuple[str, Any]]:
        """Each dotted name with each literal that the cells of its table test it for."""
        for expression, tests in self.table.columns() if self.table else ():
            yield from compared(expression.tree)
            for test in tests:
                yield from compared(test.tree)
                yield from (
                    (name, value)
                    for name in names_alone(expression.tree)
                    for value in cell_literals(test.tree)
                )

    def evaluate(self, context: Mapping[str, Any]) -> Any:
        """Its result: a dict of outputs for a table with several or named outputs, else the value."""
        with one_purse(MAX_STEPS):
            return self._model.result(self._node, Run(dict(context)))

    def hits(self, context: Mapping[str, Any]) -> list[int] | None:
        """Which rules of its table hit over `context`, counted from 0;
        None where it has no table or refuses an input.
        """
        return self.table.hits(self._model.scope(self._node, Run(dict(context)))) if self.table else None

    def evaluate_standard(self, context: Mapping[str, Any]) -> Any:
        """Its result as the standard has it: a table of one output answers the bare value,
        values are of their types.
        """
        return self._model.value(self._node, Run(dict(context), typed=True))


class Service:
    """A decision service: decisions that are asked over the service's own inputs alone."""

    def __init__(self, model: Model, node: Node) -> None:
        self._model, self._node = model, node

    def evaluate_standard(self, context: Mapping[str, Any]) -> Any:
        """What it answers over its inputs by name: the value of its one decision,
        or of several by their names.
        """
        called = self._model.service_function(self._node, Run(dict(context), typed=True))
        return invoked(called, *(context.get(name) for name in called.parameters))


class Model:
    """The file: its decisions, business knowledge, services and input data by id."""

    def __init__(self, root: Node) -> None:
        for place, node in enumerate(root):
            if isinstance(node.tag, str) and not node.get("id"):
                node.set("id", f"_{place}")  # an id is no must: what has none is told apart by place
        self._nodes = {node.get("id", ""): node for node in elements(root)}
        self._declared = declared_types(root)
        self._conformity = Conformity(kind, self._declared)
        named = {node.get("name", "") for node in root.iter() if isinstance(node.tag, str)}
        self._spaced = tuple(sorted(name for name in named if " " in name))
        self._signed = tuple(
            sorted(
                name
                for node in root.iter("{*}itemComponent")
                if not is_word(name := node.get("name", "")) and name not in self._spaced
            )
        )
        self._callable = tuple(
            node.get("name", "") for node in self._nodes.values() if local(node) in _KNOWLEDGE
        )
        self._boxes = Boxes(self._table)
        self._logic: dict[str, Logic] = {}
        self._tables: dict[str, Table] = {}
        self._own_tables: dict[str, Table | None] = {}
        self._requirements: dict[tuple[str, str], list[Node]] = {}

    def decisions(self) -> list[Decision]:
        """Every decision. Raises FeelSyntaxError for a table that is no table."""
        return [Decision(self, node) for node in self._of("decision")]

    def decision(self, name: str) -> Decision:
        """The decision of that name; what else the file holds need not be sound. Raises LookupError."""
        return Decision(self, self._one("decision", name))

    def service(self, name: str) -> Service:
        """The decision service of that name. Raises LookupError."""
        return Service(self, self._one("decisionService", name))

    def last(self) -> Decision:
        """The last decision, with all that it requires made sure of. Raises FeelSyntaxError."""
        nodes = self._of("decision")
        if not nodes:
            raise refusal("文件中没有决策。")
        ways: dict[str, int] = {}
        for node in self._with_required(nodes[-1], {}).values():
            self._sound(node, ways)
        return Decision(self, nodes[-1])

    def _with_required(self, node: Node, found: dict[str, Node]) -> dict[str, Node]:
        """A decision and all that it requires, by id."""
        if node.get("id", "") not in found:
            found[node.get("id", "")] = node
            for kind_of in ("requiredDecision", "requiredKnowledge"):
                for required in self._required(node, kind_of):
                    self._with_required(required, found)
        return found

    def _one(self, kind_of: str, name: str) -> Node:
        found = self._of(kind_of, name)
        if not found:
            raise LookupError(name)
        return found[0]

    def _of(self, kind_of: str, name: str | None = None) -> list[Node]:
        found = [node for node in self._nodes.values() if local(node) == kind_of]
        return [node for node in found if name is None or node.get("name") == name]

    # -- soundness ---------------------------------------------------------------------------------

    def wrong(self) -> Iterator[Finding]:
        """What is wrong with each decision and each piece of knowledge: one does not hide the others."""
        ways: dict[str, int] = {}
        parts = [node for node in self._nodes.values() if local(node) in ("decision", *_KNOWLEDGE)]
        for node in parts:
            sentence = self._wrong(node, ways)
            if sentence:
                name = str(node.get("name") or node.get("id", ""))
                said = sentence if len(parts) == 1 or name in sentence else f"“{name}”：{sentence}"
                yield Finding(node.get("id", ""), name, said)

    def _wrong(self, node: Node, ways: dict[str, int]) -> str:
        try:
            self._sound(node, ways)
        except FeelSyntaxError as error:
            return str(error)
        except (FeelLimitError, RecursionError):
            return "决策表里有算不完的内容：嵌套过深，或列出的值过多。"
        except (*NO_VALUE, StopIteration):
            return "决策表的结构不完整。"
        return ""

    def _sound(self, node: Node, ways: dict[str, int]) -> None:
        self._ways(node, ways, ())
        if local(node) == "decision":
            self._build(node)
        elif local(node) == "businessKnowledgeModel":
            self._knowledge(node, Run({}))

    def _ways(self, node: Node, ways: dict[str, int], above: tuple[str, ...]) -> int:
        """In how many ways one comes from a decision to all that it requires.

        Raises FeelSyntaxError for too many.
        """
        identifier = node.get("id", "")
        required = [*self._required(node, "requiredDecision"), *self._required(node, "requiredKnowledge")]
        if identifier in above and local(node) == "decision":
            raise FeelSyntaxError(f"决策“{node.get('name') or identifier}”绕一圈又依赖自己。")
        if identifier not in ways:
            inner = [one for one in required if one.get("id", "") not in above or local(one) == "decision"]
            ways[identifier] = 1 + sum(self._ways(one, ways, (*above, identifier)) for one in inner)
            if ways[identifier] > MAX_WAYS:
                raise FeelSyntaxError("决策之间的依赖过于复杂。")
        return ways[identifier]

    # -- names -------------------------------------------------------------------------------------

    def names(self, node: Node, seen: frozenset[str] = frozenset(), *, certain: bool = False) -> set[str]:
        """The dotted names that a decision reads from the case."""
        table = self.table_of(node)
        texts: list[Expression | UnaryTests] = list(table.texts()) if table else []
        literal = find(node, "literalExpression")
        if literal is not None:
            texts.append(self._texts(node).expression(text_of(literal)))
        found = {name for one in texts for name in (certain_names(one.tree) if certain else one.names())}
        inner = self.inner_names(node)
        for required in self._required(node, "requiredDecision"):
            if required.get("id", "") not in seen:
                found |= self.names(required, seen | {node.get("id", "")}, certain=certain)
        return {name for name in found if name.partition(".")[0] not in inner}

    def inner_names(self, node: Node) -> set[str]:
        """The names of what a decision requires."""
        decisions = {
            name
            for one in self._required(node, "requiredDecision")
            for name in (one.get("name", ""), variable_of(one))
        }
        return decisions | {one.get("name", "") for one in self._required(node, "requiredKnowledge")}

    def _texts(self, node: Node) -> Texts:
        """How the texts of a decision or of knowledge are read:
        of names with signs only those in its sight are known.
        """
        required = [variable_of(one) for kind_of in _REQUIRED for one in self._required(node, kind_of)]
        return Texts((*self._spaced, *self._callable), self._declared).with_names(*self._signed, *required)

    def _required(self, node: Node, kind_of: str) -> Sequence[Node]:
        """What a decision, knowledge or a service requires;
        looked up in the file once, asked by every case.
        """
        key = node.get("id", ""), kind_of
        if key not in self._requirements:
            references = node.iter(f"{{{etree.QName(node).namespace}}}{kind_of}")
            targets = map(self._target, references)
            self._requirements[key] = [target for target in targets if target is not None]
        return self._requirements[key]

    def _target(self, reference: Node) -> Node | None:
        return self._nodes.get(reference.get("href", "").rpartition("#")[2])

    # -- tables and logic --------------------------------------------------------------------------

    def table_of(self, node: Node) -> Table | None:
        """The decision's own table."""
        identifier = node.get("id", "")
        if identifier not in self._own_tables:
            found = find(node, "decisionTable")
            self._own_tables[identifier] = None if found is None else self._table(found, self._texts(node))
        return self._own_tables[identifier]

    def _table(self, node: Node, texts: Texts) -> Table:
        key = node.getroottree().getpath(node)
        if key not in self._tables:
            self._tables[key] = Table(node, texts)
        return self._tables[key]

    def _build(self, node: Node) -> Logic:
        identifier = node.get("id", "")
        if identifier not in self._logic:
            bodies = [one for one in elements(node) if local(one) in EXPRESSIONS]
            if not bodies:
                raise FeelSyntaxError(f"决策“{node.get('name')}”没有内容。")
            table = self.table_of(node) if local(bodies[0]) == "decisionTable" else None
            self._logic[identifier] = (
                table.evaluate if table else self._boxes.build(bodies[0], self._texts(node))
            )
        return self._logic[identifier]

    # -- evaluation --------------------------------------------------------------------------------

    def result(self, node: Node, run: Run) -> Any:
        """A decision's result: of a table a dict by its outputs."""
        return self._build(node)(self.scope(node, run))

    def value(self, node: Node, run: Run) -> Any:
        """A decision's value as the standard has it."""
        if node.get("id", "") in run.given:
            return run.given[node.get("id", "")]
        result, table = self.result(node, run), self.table_of(node)
        return self._of_type(node, bare(table, result) if table is not None else result, run)

    def _of_type(self, node: Node, value: Any, run: Run) -> Any:
        """The value as of the type that the node's variable declares."""
        declared = type_of(find(node, "variable")) if run.typed else ""
        return self._conformity.coerced(from_plain(value), Type(declared)) if declared else value

    def scope(self, node: Node, run: Run) -> dict[str, Any]:
        """The context with what the node requires: other decisions' values, knowledge and services."""
        scope, below = dict(run.context), run.below(node)
        for required in self._required(node, "requiredInput"):
            name = variable_of(required)
            if run.typed and name in scope:
                scope[name] = self._of_type(required, scope[name], run)
        for required in self._required(node, "requiredDecision"):
            scope[variable_of(required)] = self.value(required, below)
        return {**scope, **self._called(node, below)}

    def _called(self, node: Node, run: Run) -> dict[str, Function]:
        """The functions that a node may call."""
        required = list(self._required(node, "requiredKnowledge"))
        return {
            one.get("name", ""): self.service_function(one, run)
            if local(one) == "decisionService"
            else self._knowledge(one, run)
            for one in required
            if local(node) == "decision" or one.get("id", "") not in run.running
        }

    def _knowledge(self, node: Node, run: Run) -> Function:
        logic = find(node, "encapsulatedLogic")
        if logic is None:
            raise FeelSyntaxError(f"业务知识“{node.get('name')}”没有内容。")
        within = replace(run, running=run.running | {node.get("id", "")})
        function = self._boxes.function(logic, self._texts(node))(self._called(node, within))
        return replace(function, call=lambda *given: self._of_type(node, function.call(*given), run))

    def service_function(self, node: Node, run: Run) -> Function:
        """A service as a function of its inputs: first its data, then the decisions that it is given."""
        data = [one for one in map(self._target, all_of(node, "inputData")) if one is not None]
        inputs = [one for one in map(self._target, all_of(node, "inputDecision")) if one is not None]
        outputs = [one for one in map(self._target, all_of(node, "outputDecision")) if one is not None]
        names = tuple(variable_of(one) for one in (*data, *inputs))
        declared = [type_of(find(one, "variable")) for one in (*data, *inputs)]
        types = tuple(Type(name) if name else None for name in declared)

        def body(scope: dict[str, Any]) -> Any:
            given = {one.get("id", ""): scope[variable_of(one)] for one in inputs}
            own = Run(
                {variable_of(one): scope[variable_of(one)] for one in data}, run.running, run.typed, given
            )
            values = {variable_of(one): self.value(one, own) for one in outputs}
            return next(iter(values.values())) if len(values) == 1 else values

        return called_with(names, types, self._conformity, {}, body)


def parse_model(body: bytes) -> list[Decision]:
    """Every decision of a DMN file.

    Raises DefinitionError with all that is wrong with one that is not sound.
    """
    try:
        model = Model(read_model(body))
        wrong = list(model.wrong())
        if wrong:
            raise DefinitionError(f"决策表写得不对：{wrong[0].message}", wrong)
        decisions = model.decisions()
        if not decisions:
            raise refusal("文件中没有决策。")
        return decisions
    except (FeelLimitError, RecursionError) as error:
        raise refusal("决策表里有算不完的内容：嵌套过深，或列出的值过多。") from error
    except NO_VALUE as error:
        raise refusal("决策表的结构不完整。") from error


def parse_decision(body: bytes) -> Decision:
    """The last decision of a DMN file, the one that a business rule task names; others need not be sound.

    Raises DefinitionError. Whoever takes a file from people asks `parse_model`, which names all that is
    wrong.
    """
    try:
        return Model(read_model(body)).last()
    except FeelSyntaxError as error:
        raise DefinitionError(f"决策表写得不对：{error}", [Finding("", "", str(error))]) from error
    except (FeelLimitError, RecursionError) as error:
        raise refusal("决策表里有算不完的内容：嵌套过深，或列出的值过多。") from error
    except (*NO_VALUE, StopIteration) as error:
        raise refusal("决策表的结构不完整。") from error
