"""DMN decisions: tables with the standard's hit policies, literal expressions and what they require, all in FEEL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from engine.errors import DefinitionError, EngineFault, Finding
from engine.feel import (
    Expression,
    FeelLimitError,
    FeelSyntaxError,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
    one_purse,
)
from engine.feel.builtins import BUILTINS
from engine.feel.reading import cell_literals, certain_names, compared, names_alone
from engine.feel.values import NO_VALUE, Function, equal, from_plain, kind

Node = etree._Element
MAX_BYTES = 1_000_000
MAX_RULES = 500
MAX_COLUMNS = 40
MAX_PARTS = 60
"""Decisions and pieces of knowledge in one file; that many ways from one to what it requires are followed at most."""
MAX_WAYS = 1_000
MAX_STEPS = 1_000_000
"""What one decision may spend on all its cells and on the knowledge it calls."""
_SINGLE = {"UNIQUE", "ANY", "FIRST", "PRIORITY"}
_AGGREGATORS = {"SUM": "sum", "COUNT": "count", "MIN": "min", "MAX": "max"}
"""The FEEL function of each aggregator."""
Logic = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Rule:
    """One row: the cells of its inputs and of its outputs."""

    tests: tuple[UnaryTests, ...]
    values: tuple[Expression | None, ...]


class Table:
    """A decision table. `evaluate` answers a dict of outputs, or a list of them where the policy has several hits."""

    def __init__(self, node: Node, names: tuple[str, ...]) -> None:
        self.policy = node.get("hitPolicy", "UNIQUE").upper()
        self.aggregation = node.get("aggregation", "")
        _require_sound(node, self.policy, self.aggregation)
        self.inputs = [_cell(_find(i, "inputExpression"), names) for i in _all(node, "input")]
        self.without_value = [
            i.get("label") or i.get("id") or "" for i in _all(node, "input") if not _text(_find(i, "inputExpression"))
        ]
        self.labels = [i.get("label") or _text(_find(i, "inputExpression")) for i in _all(node, "input")]
        outputs = _all(node, "output")
        self.outputs = [o.get("name") or o.get("label") or "" for o in outputs]
        self.priorities = [_values(_find(o, "outputValues"), names) for o in outputs]
        self.allowed = [_tests_of(_find(i, "inputValues"), names) for i in _all(node, "input")]
        self.defaults = [_optional(_find(o, "defaultOutputEntry"), names) for o in outputs]
        self.types = [_type(_find(i, "inputExpression")) for i in _all(node, "input")]
        self.output_types = [_type(o) for o in outputs]
        self.titles = [*self.labels, *(o.get("label") or o.get("name") or "" for o in outputs)]
        self.cell_ids = [
            [cell.get("id", "") for cell in (*_all(row, "inputEntry"), *_all(row, "outputEntry"))]
            for row in _all(node, "rule")
        ]
        self.rules = [
            Rule(
                tuple(compile_unary_tests(_text(e) or "-", names) for e in _all(row, "inputEntry")),
                tuple(_optional(e, names) for e in _all(row, "outputEntry")),
            )
            for row in _all(node, "rule")
        ]
        if any(len(r.tests) != len(self.inputs) or len(r.values) != len(self.outputs) for r in self.rules):
            raise FeelSyntaxError("有规则的列数与表头不一致。")

    def results_of(self, output: str) -> list[Expression | None]:
        """What each rule writes for an output, the default included; None where it writes nothing."""
        if output not in self.outputs:
            return [None]
        column = self.outputs.index(output)
        found = [rule.values[column] for rule in self.rules]
        return found if self.defaults[column] is None else [*found, self.defaults[column]]

    def texts(self) -> Iterator[Expression | UnaryTests]:
        """All that is written in it."""
        yield from self.inputs
        for rule in self.rules:
            yield from rule.tests
            yield from (value for value in rule.values if value is not None)

    def columns(self) -> Iterator[tuple[Expression, list[UnaryTests]]]:
        """Each input with the cells below it."""
        for place, expression in enumerate(self.inputs):
            yield expression, [rule.tests[place] for rule in self.rules]

    def evaluate(self, context: Mapping[str, Any]) -> Any:
        """The result over `context` by the hit policy. Raises EngineFault when UNIQUE or ANY is broken."""
        hits = self.hits(context)
        if hits is None:
            return None
        results = [self._result(self.rules[index], context) for index in hits]
        if not results:
            return self._no_hit(context)
        return _POLICIES[self.policy](self, results)

    def hits(self, context: Mapping[str, Any]) -> list[int] | None:
        """Which rules hit over `context`, counted from 0; None when an input is none of its allowed values."""
        values = [from_plain(expression.evaluate(context)) for expression in self.inputs]
        for value, allowed in zip(values, self.allowed, strict=True):
            if allowed is not None and allowed.matches(value, context) is not True:
                return None
        return [index for index, rule in enumerate(self.rules) if self._hit(rule, values, context)]

    def asks(self, index: int) -> list[tuple[str, str]]:
        """Label and text of each cell of a rule that asks for something."""
        tests = self.rules[index].tests
        return [(label, test.text) for label, test in zip(self.labels, tests, strict=True) if test.text != "-"]

    def _hit(self, rule: Rule, values: list[Any], context: Mapping[str, Any]) -> bool:
        return all(test.matches(value, context) is True for test, value in zip(rule.tests, values, strict=True))

    def _result(self, rule: Rule, context: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: value.evaluate(context) if value is not None else None
            for name, value in zip(self.outputs, rule.values, strict=True)
        }

    def _no_hit(self, context: Mapping[str, Any]) -> Any:
        if any(default is not None for default in self.defaults):
            pairs = zip(self.outputs, self.defaults, strict=True)
            return {name: default.evaluate(context) if default else None for name, default in pairs}
        return [] if self.policy not in _SINGLE and not self.aggregation else None

    def unique(self, results: list[dict[str, Any]]) -> Any:
        """UNIQUE: at most one rule may hit."""
        if len(results) > 1:
            raise EngineFault(f"决策表的命中策略是“唯一”，却有 {len(results)} 条规则同时命中。")
        return results[0]

    def any(self, results: list[dict[str, Any]]) -> Any:
        """ANY: several may hit if they agree."""
        if any(equal(results[0], other) is not True for other in results[1:]):
            raise EngineFault("决策表的命中策略是“任意”，命中的规则结论却不一致。")
        return results[0]

    def by_priority(self, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The hits in the order of the outputs' listed values."""

        def rank(result: dict[str, Any]) -> list[int]:
            return [
                next((i for i, wanted in enumerate(order) if equal(result[name], wanted) is True), len(order))
                for name, order in zip(self.outputs, self.priorities, strict=True)
            ]

        return sorted(results, key=rank)

    def collect(self, results: list[dict[str, Any]]) -> Any:
        """COLLECT: all hits, or their aggregate."""
        if not self.aggregation:
            return results
        return {name: _aggregate(self.aggregation, [from_plain(r[name]) for r in results]) for name in self.outputs}


def _aggregate(aggregation: str, values: list[Any]) -> Any:
    """One value of many, as FEEL has it: null where one of them has no place among the others."""
    if aggregation == "SUM" and any(kind(value) not in _SUMMED for value in values):
        return None
    try:
        return BUILTINS[_AGGREGATORS[aggregation]].call(values)
    except NO_VALUE:
        return None


_SUMMED = ("number", "days and time duration")


def _require_sound(node: Node, policy: str, aggregation: str) -> None:
    """Raises FeelSyntaxError for a table that is too large to read or that nobody could take a decision by."""
    if policy not in _POLICIES or aggregation not in ("", *_AGGREGATORS):
        raise FeelSyntaxError(f"命中策略“{policy} {aggregation}”不能用。")
    rows, inputs, outputs = len(_all(node, "rule")), _all(node, "input"), _all(node, "output")
    if rows > MAX_RULES:
        raise FeelSyntaxError(f"决策表的规则过多（上限 {MAX_RULES} 条）。")
    if len(inputs) + len(outputs) > MAX_COLUMNS:
        raise FeelSyntaxError(f"决策表的列过多（上限 {MAX_COLUMNS} 列）。")
    if not outputs:
        raise FeelSyntaxError("决策表没有输出。")


_POLICIES: dict[str, Callable[[Table, list[dict[str, Any]]], Any]] = {
    "UNIQUE": Table.unique,
    "ANY": Table.any,
    "FIRST": lambda table, results: results[0],
    "PRIORITY": lambda table, results: table.by_priority(results)[0],
    "RULE ORDER": lambda table, results: results,
    "OUTPUT ORDER": Table.by_priority,
    "COLLECT": Table.collect,
}


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
                    (name, value) for name in names_alone(expression.tree) for value in cell_literals(test.tree)
                )

    def evaluate(self, context: Mapping[str, Any]) -> Any:
        """Its result: a dict of outputs for a table with several or named outputs, else the value."""
        with one_purse(MAX_STEPS):
            return self._model.evaluate(self._node, dict(context), set())

    def hits(self, context: Mapping[str, Any]) -> list[int] | None:
        """Which rules of its table hit over `context`, counted from 0; None where it has no table or refuses an input."""
        return self.table.hits(self._model.scope(self._node, dict(context), set())) if self.table else None

    def evaluate_standard(self, context: Mapping[str, Any]) -> Any:
        """Its result as the standard has it: a table of one output answers the bare value."""
        return self._model.evaluate(self._node, dict(context), set(), bare=True)


class Model:
    """The file: its decisions, business knowledge and input data by id."""

    def __init__(self, root: Node) -> None:
        for place, node in enumerate(root):
            if isinstance(node.tag, str) and not node.get(
                "id"
            ):  # an id is no must: what has none is told apart by place
                node.set("id", f"_{place}")
        self._nodes = {n.get("id", ""): n for n in root if isinstance(n.tag, str)}
        self._spaced = tuple(
            sorted({n.get("name", "") for n in root.iter() if isinstance(n.tag, str) and " " in n.get("name", "")})
        )
        knowledge = [n.get("name", "") for n in self._nodes.values() if _local(n) == "businessKnowledgeModel"]
        self._known = (*self._spaced, *knowledge)
        self._logic: dict[str, Logic] = {}
        self._tables: dict[str, Table] = {}

    def decisions(self) -> list[Decision]:
        return [Decision(self, n) for n in self._nodes.values() if _local(n) == "decision"]

    def decision(self, name: str) -> Decision:
        """The decision of that name. Raises FeelSyntaxError for a text in it that is no FEEL."""
        return Decision(self, next(n for n in self._nodes.values() if _is(n, "decision", name)))

    def service(self, name: str) -> Decision:
        """The decision service of that name."""
        raise LookupError(name)

    def table_of(self, node: Node) -> Table | None:
        found = _find(node, "decisionTable")
        return None if found is None else self._table(found)

    def _table(self, node: Node) -> Table:
        key = node.getroottree().getpath(node)
        if key not in self._tables:
            self._tables[key] = Table(node, self._known)
        return self._tables[key]

    def check(self) -> None:
        parts = [node for node in self._nodes.values() if _local(node) in ("decision", "businessKnowledgeModel")]
        if len(parts) > MAX_PARTS:
            raise FeelSyntaxError(f"一个文件里的决策过多（上限 {MAX_PARTS} 个）。")
        ways: dict[str, int] = {}
        for node in parts:
            self._ways(node, ways, ())
        for node in parts:
            if _local(node) == "decision":
                self._build(node)
            else:
                self._knowledge(node, set())

    def _ways(self, node: Node, ways: dict[str, int], above: tuple[str, ...]) -> int:
        """In how many ways one comes from a decision to all that it requires. Raises FeelSyntaxError for too many."""
        identifier = node.get("id", "")
        required = [*self._required(node, "requiredDecision"), *self._required(node, "requiredKnowledge")]
        if identifier in above and _local(node) == "decision":
            raise FeelSyntaxError(f"决策“{node.get('name') or identifier}”绕一圈又依赖自己。")
        if identifier not in ways:
            inner = [one for one in required if one.get("id", "") not in above or _local(one) == "decision"]
            ways[identifier] = 1 + sum(self._ways(one, ways, (*above, identifier)) for one in inner)
            if ways[identifier] > MAX_WAYS:
                raise FeelSyntaxError("决策之间的依赖过于复杂。")
        return ways[identifier]

    def names(self, node: Node, seen: frozenset[str] = frozenset(), *, certain: bool = False) -> set[str]:
        table = self.table_of(node)
        texts: list[Expression | UnaryTests] = list(table.texts()) if table else []
        literal = _find(node, "literalExpression")
        if literal is not None:
            texts.append(compile_expression(_text(literal), self._known))
        found = {name for one in texts for name in (certain_names(one.tree) if certain else one.names())}
        inner = self.inner_names(node)
        for required in self._required(node, "requiredDecision"):
            if required.get("id", "") not in seen:
                found |= self.names(required, seen | {node.get("id", "")}, certain=certain)
        return {name for name in found if name.partition(".")[0] not in inner}

    def inner_names(self, node: Node) -> set[str]:
        decisions = {
            name for one in self._required(node, "requiredDecision") for name in (one.get("name", ""), _variable(one))
        }
        return decisions | {one.get("name", "") for one in self._required(node, "requiredKnowledge")}

    def _required(self, node: Node, kind: str) -> Iterable[Node]:
        for reference in node.iter(f"{{{etree.QName(node).namespace}}}{kind}"):
            target = self._nodes.get(reference.get("href", "").rpartition("#")[2])
            if target is not None:
                yield target

    def evaluate(self, node: Node, context: dict[str, Any], running: set[str], *, bare: bool = False) -> Any:
        identifier = node.get("id", "")
        if identifier in running:
            raise EngineFault("决策互相依赖，无法得出结论。")
        result = self._build(node)(self.scope(node, context, running | {identifier}))
        table = self.table_of(node)
        return _bare(table, result) if bare and table is not None else result

    def scope(self, node: Node, context: dict[str, Any], running: set[str]) -> dict[str, Any]:
        """The context with what the node requires: other decisions' results and business knowledge."""
        scope = dict(context)
        for required in self._required(node, "requiredDecision"):
            scope[_variable(required)] = self.evaluate(required, context, running, bare=True)
        for knowledge in self._required(node, "requiredKnowledge"):
            scope[knowledge.get("name", "")] = self._knowledge(knowledge, running)
        return scope

    def _knowledge(self, node: Node, running: set[str]) -> Function:
        logic = _find(node, "encapsulatedLogic")
        if logic is None:
            raise FeelSyntaxError(f"业务知识“{node.get('name')}”没有内容。")
        names = tuple(p.get("name", "") for p in _all(logic, "formalParameter"))
        body = self._expression([c for c in logic if isinstance(c.tag, str) and _local(c) != "formalParameter"][-1])
        scope: dict[str, Any] = {}
        for knowledge in self._required(node, "requiredKnowledge"):
            if knowledge.get("id", "") not in running:
                scope[knowledge.get("name", "")] = self._knowledge(knowledge, running | {node.get("id", "")})
        return Function(names, lambda *values: body({**scope, **dict(zip(names, values, strict=False))}))

    def _build(self, node: Node) -> Logic:
        identifier = node.get("id", "")
        if identifier not in self._logic:
            bodies = [c for c in node if isinstance(c.tag, str) and _local(c) in _EXPRESSIONS]
            if not bodies:
                raise FeelSyntaxError(f"决策“{node.get('name')}”没有内容。")
            self._logic[identifier] = self._expression(bodies[0], top=True)
        return self._logic[identifier]

    def _expression(self, node: Node, *, top: bool = False) -> Logic:
        kind = _local(node)
        if kind == "decisionTable":
            table = self._table(node)
            return table.evaluate if top else lambda scope: _bare(table, table.evaluate(scope))
        if kind == "literalExpression":
            return compile_expression(_text(node), self._known).evaluate
        if kind == "invocation":
            return self._invocation(node)
        if kind == "context":
            return self._context(node)
        raise FeelSyntaxError(f"不支持“{kind}”形式的决策内容。")

    def _invocation(self, node: Node) -> Logic:
        function = self._expression(next(c for c in node if _local(c) in _EXPRESSIONS))
        bindings = [
            (_find(b, "parameter").get("name", ""), self._expression(next(c for c in b if _local(c) in _EXPRESSIONS)))  # type: ignore[union-attr]
            for b in _all(node, "binding")
        ]

        def run(scope: dict[str, Any]) -> Any:
            called = function(scope)
            if not isinstance(called, Function):
                return None
            values = {name: value(scope) for name, value in bindings}
            return called.call(*(values.get(name) for name in called.parameters))

        return run

    def _context(self, node: Node) -> Logic:
        entries = []
        for entry in _all(node, "contextEntry"):
            variable = _find(entry, "variable")
            body = next(c for c in entry if _local(c) in _EXPRESSIONS)
            entries.append((variable.get("name") if variable is not None else None, self._expression(body)))

        def run(scope: dict[str, Any]) -> Any:
            found: dict[str, Any] = {}
            for name, value in entries:
                if name is None:
                    return value({**scope, **found})
                found[name] = value({**scope, **found})
            return found

        return run


_EXPRESSIONS = {"decisionTable", "literalExpression", "invocation", "context"}


def read_model(body: bytes) -> Node:
    """The root of a DMN file. Raises DefinitionError for what is unsafe, too large or no DMN."""
    if len(body) > MAX_BYTES:
        raise _refusal("决策表文件过大。")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise _refusal(f"决策表文件不是完整的 XML（第 {error.position[0]} 行）。") from error
    if root.getroottree().docinfo.doctype:
        raise _refusal("决策表文件中含有 DOCTYPE 或实体声明，出于安全不能使用。")
    if "DMN" not in (etree.QName(root).namespace or ""):
        raise _refusal("文件不是 DMN 决策表。")
    _refuse_twins(root)
    return root


def _refuse_twins(root: Node) -> None:
    """An id that means two things: an editor drops one of them, and a reference to it leads to either."""
    counts = Counter(node.get("id") for node in root.iter() if isinstance(node.tag, str) and node.get("id"))
    twins = [Finding(str(key), "", f"编号“{key}”在文件里出现了 {n} 次。") for key, n in counts.items() if n > 1]
    if twins:
        raise DefinitionError(f"决策表写得不对：{twins[0].message}", twins)


def _refusal(sentence: str) -> DefinitionError:
    return DefinitionError(sentence, [Finding("", "", sentence)])


def parse_model(body: bytes) -> list[Decision]:
    """Every decision of a DMN file. Raises DefinitionError for a file that is unsafe, broken or not understood."""
    try:
        model = Model(read_model(body))
        model.check()
        return model.decisions()
    except FeelSyntaxError as error:
        raise DefinitionError(f"决策表写得不对：{error}", [Finding("", "", str(error))]) from error
    except (FeelLimitError, RecursionError) as error:
        raise _refusal("决策表里有算不完的内容：嵌套过深，或列出的值过多。") from error
    except (*NO_VALUE, StopIteration) as error:
        raise _refusal("决策表的结构不完整。") from error


def parse_decision(body: bytes) -> Decision:
    """The last decision of a DMN file: the one that a business rule task names."""
    decisions = parse_model(body)
    if not decisions:
        raise _refusal("文件中没有决策。")
    return decisions[-1]


def _local(node: Node) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def _is(node: Node, kind: str, name: str) -> bool:
    return _local(node) == kind and node.get("name") == name


def _all(node: Node, name: str) -> list[Node]:
    return [child for child in node if _local(child) == name]


def _find(node: Node | None, name: str) -> Node | None:
    return None if node is None else next((child for child in node if _local(child) == name), None)


def _text(node: Node | None) -> str:
    found = _find(node, "text")
    return (found.text or "").strip() if found is not None else ""


def _type(node: Node | None) -> str:
    """The declared type of a column, without a prefix; '' where none is."""
    return "" if node is None else node.get("typeRef", "").rpartition(":")[2]


def _cell(node: Node | None, names: tuple[str, ...]) -> Expression:
    return compile_expression(_text(node) or "null", names)


def _optional(node: Node | None, names: tuple[str, ...]) -> Expression | None:
    text = _text(node)
    return compile_expression(text, names) if text and text != "-" else None


def _tests_of(node: Node | None, names: tuple[str, ...]) -> UnaryTests | None:
    text = _text(node)
    return compile_unary_tests(text, names) if text else None


def _values(node: Node | None, names: tuple[str, ...]) -> list[Any]:
    text = _text(node)
    found = compile_expression(f"[{text}]", names).evaluate({}) if text else []
    return found if isinstance(found, list) else []


def _variable(node: Node) -> str:
    variable = _find(node, "variable")
    named = variable.get("name") if variable is not None else None
    return str(named or node.get("name", ""))


def _bare(table: Table, result: Any) -> Any:
    if len(table.outputs) != 1:
        return result
    name = table.outputs[0]
    if isinstance(result, list):
        return [item[name] for item in result]
    return result[name] if isinstance(result, dict) else result
