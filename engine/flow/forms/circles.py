"""Whether a form can be evaluated in one order: nothing may depend on itself, directly or by way of others.

A blank may ask for itself in its own condition (what stands in it is known); any other circle is refused,
because page and server would have to guess where to begin.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.feel import Expression
from engine.flow.feel.reading import Needs
from engine.flow.forms import schema as s
from engine.flow.forms.evaluation import Node, Plan
from engine.ground.errors import Finding

MAX_CHAIN = 60
"""Values that depend on one another in a row; page and server go down one at a time."""
Ask = tuple[Node, str]
"""A component and what is asked of it: ``shown`` (is it?) or ``value``."""


def check_order(plan: Plan) -> Iterator[Finding]:
    """The circles of a form, each told once, and chains that are too long."""
    levels = dict(_levels(plan))
    depths: dict[Ask, int] = {}
    told: set[frozenset[Node]] = set()
    for node in levels:
        for ask in ((node, "shown"), (node, "value")):
            circle = _follow(ask, levels, depths, [])
            members = frozenset(one for one, _ in circle)
            if circle and members not in told:
                told.add(members)
                yield _circle(list(dict.fromkeys(one for one, _ in circle)))
            elif not circle and depths.get(ask) == MAX_CHAIN:
                yield _finding(node, f"“{_name(node)}”要用的值一个接一个，超过了 {MAX_CHAIN} 层，请改写。")


def _levels(plan: Plan) -> Iterator[tuple[Node, Plan]]:
    for node in plan.nodes:
        yield node, plan
        if node.columns is not None:
            yield from _levels(node.columns)


def _follow(ask: Ask, levels: dict[Node, Plan], depths: dict[Ask, int], path: list[Ask]) -> list[Ask]:
    """The circle that asking leads into, or []; how deep it goes is written into `depths`."""
    if ask in path:
        circle = path[path.index(ask) :]
        return circle if len({node for node, _ in circle}) > 1 or ask[0].kind == "expression" else []
    if ask in depths or len(path) > 3 * MAX_CHAIN:
        depths.setdefault(ask, MAX_CHAIN)
        return []
    deepest = 0
    for further in _asks(ask, levels[ask[0]]):
        circle = _follow(further, levels, depths, [*path, ask])
        if circle:
            depths[ask] = 0
            return circle
        deepest = max(deepest, depths.get(further, 0) + (further[0] is not ask[0]))
    depths[ask] = deepest
    return []


def _asks(ask: Ask, plan: Plan) -> Iterator[Ask]:
    """What must be known first."""
    node, what = ask
    if what == "shown":
        yield from _of(node.hide, plan)
        if node.frame is not None:
            yield node.frame, "shown"
    elif node.kind == "expression":
        yield from _of(node.computes, plan)
    elif not node.given:
        yield node, "shown"


def _of(expression: Expression | None, plan: Plan) -> Iterator[Ask]:
    if expression is not None:
        for name, wanted in plan.reading(expression).needs.items():
            yield from _named(plan.find(name), wanted)


def _named(node: Node | None, wanted: Needs | None) -> Iterator[Ask]:
    """The component, and of a list each column that is read."""
    if node is None:
        return
    yield node, "value"
    for column, one in (node.columns.by_key if node.columns else {}).items():
        if wanted is None or column in wanted:
            yield from _named(one, None if wanted is None else wanted[column])


def _circle(nodes: list[Node]) -> Finding:
    names = "、".join(f"“{_name(node)}”" for node in nodes)
    if len(nodes) == 1:
        return _finding(nodes[0], f"{names}要用自己来计算，算不出来。")
    return _finding(nodes[0], f"{names}的条件或计算绕成了一圈，定不出先后，请去掉其中一处。")


def _name(node: Node) -> str:
    return s.label(node.component) or node.kind


def _finding(node: Node, sentence: str) -> Finding:
    return Finding(str(node.component.get("id") or node.key), s.label(node.component), sentence)
