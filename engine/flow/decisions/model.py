"""Decisions with all that they require: other decisions, business knowledge, decision services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.flow.decisions.boxed import EXPRESSIONS, Boxes, Logic, called_with, invoked
from engine.flow.decisions.file import (
    Node,
    Texts,
    elements,
    find,
    local,
    read_model,
    refusal,
    text_of,
    type_of,
    variable_of,
)
from engine.flow.decisions.requirements import KNOWLEDGE, REQUIRED, Requirements
from engine.flow.decisions.table import Table, bare
from engine.flow.decisions.types import declared_types
from engine.flow.feel import Expression, FeelLimitError, FeelSyntaxError, UnaryTests, one_purse
from engine.flow.feel.parsing.lexer import is_word
from engine.flow.feel.reading import cell_literals, certain_names, compared, names_alone
from engine.flow.feel.types import Conformity, Type
from engine.flow.feel.values import NO_VALUE, Function, from_plain, kind
from engine.ground.errors import DefinitionError, EngineFault, Finding

MAX_STEPS = 1_000_000
"""What one decision may spend on all its cells and on the knowledge it calls."""


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
        self._parts = Requirements(root)
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
        self._callable = tuple(node.get("name", "") for node in self._parts.of_kind(*KNOWLEDGE))
        self._boxes = Boxes(self._table)
        self._logic: dict[str, Logic] = {}
        self._tables: dict[str, Table] = {}
        self._own_tables: dict[str, Table | None] = {}

    def decisions(self) -> list[Decision]:
        """Every decision. Raises FeelSyntaxError for a table that is no table."""
        return [Decision(self, node) for node in self._parts.of_kind("decision")]

    def decision(self, name: str) -> Decision:
        """The decision of that name; what else the file holds need not be sound. Raises LookupError."""
        return Decision(self, self._parts.one("decision", name))

    def service(self, name: str) -> Service:
        """The decision service of that name. Raises LookupError."""
        return Service(self, self._parts.one("decisionService", name))

    def last(self) -> Decision:
        """The last decision, with all that it requires made sure of. Raises FeelSyntaxError."""
        nodes = self._parts.of_kind("decision")
        if not nodes:
            raise refusal("文件中没有决策。")
        for node in self._parts.with_all(nodes[-1]):
            self._sound(node)
        return Decision(self, nodes[-1])

    # -- soundness ---------------------------------------------------------------------------------

    def wrong(self) -> Iterator[Finding]:
        """What is wrong with each decision and each piece of knowledge: one does not hide the others."""
        parts = self._parts.of_kind("decision", *KNOWLEDGE)
        for node in parts:
            sentence = self._wrong(node)
            if sentence:
                name = str(node.get("name") or node.get("id", ""))
                said = sentence if len(parts) == 1 or name in sentence else f"“{name}”：{sentence}"
                yield Finding(node.get("id", ""), name, said)

    def _wrong(self, node: Node) -> str:
        try:
            self._sound(node)
        except FeelSyntaxError as error:
            return str(error)
        except (FeelLimitError, RecursionError):
            return "决策表里有算不完的内容：嵌套过深，或列出的值过多。"
        except (*NO_VALUE, StopIteration):
            return "决策表的结构不完整。"
        return ""

    def _sound(self, node: Node) -> None:
        self._parts.require_bounded(node)
        if local(node) == "decision":
            self._build(node)
        elif local(node) == "businessKnowledgeModel":
            self._knowledge(node, Run({}))

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
        for required in self._parts.required(node, "requiredDecision"):
            if required.get("id", "") not in seen:
                found |= self.names(required, seen | {node.get("id", "")}, certain=certain)
        return {name for name in found if name.partition(".")[0] not in inner}

    def inner_names(self, node: Node) -> set[str]:
        """The names of what a decision requires."""
        return self._parts.names(node)

    def _texts(self, node: Node) -> Texts:
        """How the texts of a decision or of knowledge are read:
        of names with signs only those in its sight are known.
        """
        required = [variable_of(one) for kind_of in REQUIRED for one in self._parts.required(node, kind_of)]
        return Texts((*self._spaced, *self._callable), self._declared).with_names(*self._signed, *required)

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
        for required in self._parts.required(node, "requiredInput"):
            name = variable_of(required)
            if run.typed and name in scope:
                scope[name] = self._of_type(required, scope[name], run)
        for required in self._parts.required(node, "requiredDecision"):
            scope[variable_of(required)] = self.value(required, below)
        return {**scope, **self._called(node, below)}

    def _called(self, node: Node, run: Run) -> dict[str, Function]:
        """The functions that a node may call."""
        required = list(self._parts.required(node, "requiredKnowledge"))
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
        data, inputs, outputs = (
            self._parts.named_by(node, kind_of)
            for kind_of in ("inputData", "inputDecision", "outputDecision")
        )
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
