"""Check of what steps write: nobody's decision is silently replaced by that of a later step (R11, R12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.flow.check.draft import Draft, found, name_of
from engine.flow.decisions import parse_decision
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import settings_of
from engine.flow.diagram.texts import expressions
from engine.flow.feel import FeelSyntaxError, compile_expression
from engine.ground.errors import DefinitionError, Finding


@dataclass
class _Course:
    """Where tokens go, through the processes that calls lead to,
    and what each element writes and reads of variables.
    """

    next: dict[str, set[str]] = field(default_factory=dict)
    reads: dict[str, set[str]] = field(default_factory=dict)
    writes: dict[str, set[str]] = field(default_factory=dict)
    nodes: dict[str, x.Node] = field(default_factory=dict)


def overwriting(draft: Draft) -> Iterator[Finding]:
    """A step that writes the variable of an earlier person's step before anything has read it,
    or beside it.
    """
    course = _course(draft)
    read = {name for names in course.reads.values() for name in names}
    writers = Counter(name for names in course.writes.values() for name in names)
    shared = {name for name in read if writers[name] > 1}
    told: set[tuple[str, str]] = set()
    for step in draft.of_kind("userTask"):
        for name in course.writes.get(step.get("id", ""), set()) & shared:
            for other in sorted(
                _unread(course, step.get("id", ""), name) | _beside(course, step.get("id", ""), name)
            ):
                pair = min(step.get("id", ""), other), max(step.get("id", ""), other)
                if pair not in told:
                    told.add(pair)
                    yield found(course.nodes[other], _sentence(step, course.nodes[other], name), "warning")


def _sentence(first: x.Node, second: x.Node, name: str) -> str:
    return (
        f"“{name_of(second)}”与“{name_of(first)}”写入同一个变量“{name}”，后办的会盖掉先办的结论。"
        f"请给其中一步另起变量名（属性 variable，如 {name}_2），后面的条件两个都要用到。"
    )


def _unread(course: _Course, start: str, name: str) -> set[str]:
    """The elements after `start` that write `name` before anything on the way has read it."""
    found_here, seen = set(), {start}
    stack = list(course.next.get(start, ()))
    while stack:
        at = stack.pop()
        if at in seen:
            continue
        seen.add(at)
        if name in course.reads.get(at, ()):
            continue
        if name in course.writes.get(at, ()):
            found_here.add(at)
            continue
        stack.extend(course.next.get(at, ()))
    return found_here


def _beside(course: _Course, start: str, name: str) -> set[str]:
    """The elements of another branch of the same parallel split that write `name`."""
    found_here: set[str] = set()
    for identifier, node in course.nodes.items():
        if x.local(node) not in ("parallelGateway", "inclusiveGateway"):
            continue
        branches = [_after(course, target) for target in course.next.get(identifier, ())]
        own = [branch for branch in branches if start in branch]
        if len(own) != 1:
            continue  # before the split, or after its join
        for branch in branches:
            if branch is not own[0]:
                found_here |= {at for at in branch - own[0] if name in course.writes.get(at, ())}
    return found_here


def _after(course: _Course, start: str) -> set[str]:
    seen, stack = {start}, [start]
    while stack:
        for target in course.next.get(stack.pop(), ()):
            if target not in seen:
                seen.add(target)
                stack.append(target)
    return seen


# -- the course ------------------------------------------------------------------------------------


def _course(draft: Draft) -> _Course:
    course = _Course()
    roots = [draft.root, *draft.part_roots.values()]
    for root in roots:
        for node in root.iter(f"{{{x.BPMN}}}*"):
            identifier = node.get("id")
            if identifier:
                course.nodes.setdefault(identifier, node)
        _connect(course, root)
        _read(course, draft, root)
    for node in course.nodes.values():
        written = _written(node)
        if written:
            course.writes[node.get("id", "")] = written
    _through(course)
    return course


def _connect(course: _Course, root: x.Node) -> None:
    for flow in x.descendants(root, "sequenceFlow"):
        course.next.setdefault(flow.get("sourceRef", ""), set()).add(flow.get("targetRef", ""))
    for event in x.descendants(root, "boundaryEvent"):
        course.next.setdefault(event.get("attachedToRef", ""), set()).add(event.get("id", ""))


def _through(course: _Course) -> None:
    """A call goes through the process that it calls, a subprocess through what it holds."""
    for identifier, node in list(course.nodes.items()):
        if x.local(node) not in ("callActivity", "subProcess"):
            continue
        inner = course.nodes.get(node.get("calledElement", "")) if x.local(node) == "callActivity" else node
        if inner is None:
            continue
        following = course.next.get(identifier, set())
        for end in x.children(inner, "endEvent"):
            course.next.setdefault(end.get("id", ""), set()).update(following)
        starts = {start.get("id", "") for start in x.children(inner, "startEvent")}
        if starts:
            events = {
                at for at in following if at in course.nodes and x.local(course.nodes[at]) == "boundaryEvent"
            }
            course.next[identifier] = starts | events


def _written(node: x.Node) -> set[str]:
    kind, given = x.local(node), x.properties(node)
    if kind == "userTask":
        return {given.get("variable") or given.get("formKey") or ""} - {""}
    if kind == "businessRuleTask":
        return {given.get("resultVariable") or x.extension_text(node, "calledDecisionId")} - {""}
    if kind == "serviceTask":
        operators = node.iter(f"{{{x.SPIFF}}}serviceTaskOperator")
        return {operator.get("resultVariable") or "" for operator in operators} - {""}
    return set(settings_of(given)) if kind in ("callActivity", "endEvent") else set()


def _read(course: _Course, draft: Draft, root: x.Node) -> None:
    for node, text in expressions(root):
        owner = node.get("sourceRef", "") if x.local(node) == "sequenceFlow" else node.get("id", "")
        try:
            names = compile_expression(text).names()
        except FeelSyntaxError:
            continue  # the check of the writing says so
        course.reads.setdefault(owner, set()).update(name.partition(".")[0] for name in names)
    for task in x.descendants(root, "businessRuleTask"):
        body = draft.decisions.get(x.extension_text(task, "calledDecisionId"))
        if body is None:
            continue
        try:
            names = parse_decision(body).names()
        except DefinitionError:
            continue
        course.reads.setdefault(task.get("id", ""), set()).update(name.partition(".")[0] for name in names)
