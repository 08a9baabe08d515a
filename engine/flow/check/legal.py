"""Checks of limits against the law, and of what is said about them against what they are (R10, R15, R19,
R29).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine.flow.check.draft import Draft, found
from engine.flow.check.names import known_variables
from engine.flow.decisions import parse_decision
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import TIMERS
from engine.flow.diagram.properties import ALLOWED_BY, AT_LEAST, AT_MOST, CLAUSE, COUNTS_FROM, TABLE
from engine.flow.diagram.texts import timer_feel
from engine.flow.feel import FeelSyntaxError, compile_expression, constant
from engine.flow.feel import nodes as n
from engine.flow.feel.nodes import Node, bare, dotted
from engine.flow.feel.scope import free_names
from engine.flow.forms.schema import label, walk
from engine.flow.vocabulary import MIN_DOCUMENT, LegalLimit
from engine.ground.days import numbers_said, put_right
from engine.ground.errors import Cure, DefinitionError, Finding

_COUNTED = ("days after", "workdays after")
_PLAIN = re.compile(r"(-?)P(-?\d{1,5})D")


def legal(draft: Draft) -> Iterator[Finding]:
    """Limits below or above the law, below a day, missing,
    or called by another number of days than they have.
    """
    timers = _timers(draft.root)
    counts = {node: _days(draft, text) for node, text in timers}
    every = {number for numbers in counts.values() for number in numbers or ()}
    for node, text in timers:
        yield from _shorter_than_a_day(node, text, counts[node])
        if counts[node]:
            yield from _said(draft, node, counts[node] or set(), every)
    for limit in draft.law:
        if any(process.get("id") == limit.procedure for process in draft.processes):
            yield from _held(draft, limit, timers)
        elif any(process.get("id") in limit.callers for process in draft.processes):
            yield from _called(draft, limit)


def _timers(root: x.Node) -> list[tuple[x.Node, str]]:
    """Each timer event with its text."""
    found_here = []
    for kind in TIMERS:
        for text in x.descendants(root, kind):
            definition = text.getparent()
            owner = definition.getparent() if definition is not None else None
            if owner is not None:
                found_here.append((owner, (text.text or "").strip()))
    return found_here


def _legal_timers(limit: LegalLimit, timers: Sequence[tuple[x.Node, str]]) -> list[tuple[x.Node, str]]:
    """The timers that are this limit: the one that the product ships, and every one that names its clause."""
    return [
        (node, text)
        for node, text in timers
        if node.get("id") == limit.element or CLAUSE.text(x.properties(node)) == limit.clause
    ]


def _held(draft: Draft, limit: LegalLimit, timers: Sequence[tuple[x.Node, str]]) -> Iterator[Finding]:
    here = _legal_timers(limit, timers)
    if not here:
        process = next(one for one in draft.processes if one.get("id") == limit.procedure)
        sentence = f"缺少法定期限：{limit.words}（{limit.clause}）。请恢复定时事件，用属性 {CLAUSE} 写明 {limit.clause}。"
        yield found(process, sentence)
    for node, text in here:
        yield from _bounds(draft, limit, node, text)
        yield from _declared(limit, node)


def _called(draft: Draft, limit: LegalLimit) -> Iterator[Finding]:
    """A procedure that the law gives a limit has it itself, or in a part that it calls."""
    timers = [found_one for root in (draft.root, *draft.part_roots.values()) for found_one in _timers(root)]
    here = _legal_timers(limit, timers)
    if not here:
        process = next(one for one in draft.processes if one.get("id") in limit.callers)
        sentence = f"缺少法定期限：{limit.words}（{limit.clause}）。请调用公用环节“{limit.procedure}”。"
        yield found(process, sentence)
    own = {id(node) for node, _ in _timers(draft.root)}
    for node, text in here:
        if id(node) in own:
            yield from _bounds(draft, limit, node, text)


def _bounds(draft: Draft, limit: LegalLimit, node: x.Node, text: str) -> Iterator[Finding]:
    days = _days(draft, text)
    given = x.properties(node)
    if not days:
        yield found(node, f"{limit.words}（{limit.clause}）：看不出“{text[:60]}”是多少天，请写明天数。")
        return
    least, most = limit.at_least, limit.at_most
    fewest = min(days) - (
        1 if _PLAIN.fullmatch(text.strip().strip('"')) else 0
    )  # it begins at an hour of the first day
    longest = max(days) + (max(days) // 5 * 2 if "workdays after" in text else 0)
    short = least is not None and fewest < least
    if short or (most is not None and longest > most):
        wrong, bound, side = (fewest, least, "低于") if short else (longest, most, "超过")
        document = ALLOWED_BY.text(given)
        whose = f"{limit.document}规定的" if limit.document else "法定的"
        sentence = f"{limit.words}（{limit.clause}）：这里是 {wrong} 天，{side}{whose} {bound} 天。"
        if len(document) < MIN_DOCUMENT or document == limit.document:  # that one gives what it gives
            yield found(node, sentence + f"有文件另有规定的，用属性 {ALLOWED_BY.name} 写明文件名称和文号。")
        else:
            yield found(node, sentence + f"依据“{document}”，请审批时核对这份文件。", "warning")
    yield from _start(limit, node, text)


def _start(limit: LegalLimit, node: x.Node, text: str) -> Iterator[Finding]:
    """From which day a legal period counts is the law's as well."""
    try:
        names = {name.partition(".")[0] for name in compile_expression(timer_feel(text)).names()}
    except FeelSyntaxError:
        return  # the check of the writing says so
    if limit.reads and not names & limit.reads:
        words = "、".join(sorted(limit.reads))
        yield found(node, f"{limit.words}（{limit.clause}）：须自 {words} 起算。")
    elif not limit.reads and names and not COUNTS_FROM.text(x.properties(node)):
        yield found(
            node,
            f"{limit.words}（{limit.clause}）：按填写的日期起算，请用属性 {COUNTS_FROM.name} 写明是哪一步填的，"
            "填的日期早于这一步打开之日的，自打开之日起算。",
        )


def _declared(limit: LegalLimit, node: x.Node) -> Iterator[Finding]:
    """The drawing says what the law says, for people to read it there."""
    given = x.properties(node)
    wanted = {CLAUSE.name: limit.clause, AT_LEAST.name: limit.at_least, AT_MOST.name: limit.at_most}
    wrong = [
        name for name, value in wanted.items() if given.get(name, "") != ("" if value is None else str(value))
    ]
    if wrong:
        words = "，".join(f"{name}={value}" for name, value in wanted.items() if value is not None)
        yield found(node, f"{limit.words}（{limit.clause}）：属性应写明 {words}。不写也照样检查。", "warning")


def _shorter_than_a_day(node: x.Node, text: str, days: set[int] | None) -> Iterator[Finding]:
    if days and min(days) < 1:
        yield found(node, f"“{text[:60]}”的天数是 {min(days)}，少于 1 天，一走到这里就会到期。")


# -- what is said ----------------------------------------------------------------------------------


def _said(draft: Draft, node: x.Node, days: set[int], every: set[int]) -> Iterator[Finding]:
    """Another number of days in what names or explains the limit, with what the text should say."""
    texts = [(node, "name", node.get("name") or ""), *_explained(node), *_notes(draft, node)]
    texts += _of_services(draft, node)
    yield from (one for place in texts for one in _wrong_days(node, place, days, days))
    for step_id in (COUNTS_FROM.text(x.properties(node)), node.get("attachedToRef")):
        step = draft.nodes.get(step_id or "")
        if step is not None:
            places = [*_explained(step), *_of_papers(step)]
            yield from (one for place in places for one in _wrong_days(step, place, every, days))
            yield from _said_in_form(draft, step, every, days)


_Place = tuple[x.Node, str, str]
"""An element, which of its texts, and the text."""
_WHERE = {"name": "名称", "documentation": "说明", "instructions": "办事提示", "text": "注释"}
_PARAMETER, _PROPERTY = "parameter:", "property:"
"""What begins the name of a text that is a service's parameter, or an extension property."""


def _where(part: str) -> str:
    if part.startswith(_PARAMETER):
        return f"功能的参数“{part.removeprefix(_PARAMETER)}”"
    return _WHERE.get(part) or TABLE[part.removeprefix(_PROPERTY)].words


def _of_papers(step: x.Node) -> Iterator[_Place]:
    """The words on the papers of a step."""
    for name, text in x.properties(step).items():
        if name in TABLE and name.startswith("paper:"):
            yield step, f"{_PROPERTY}{name}", text


def _of_services(draft: Draft, timer: x.Node) -> Iterator[_Place]:
    """What is given to the services that name the timer, as what begins its period does."""
    for node in draft.nodes.values():
        given = {one.get("id") or "": one.get("value") or "" for one in node.iter(f"{{{x.SPIFF}}}parameter")}
        if f'"{timer.get("id")}"' in given.values():
            yield from ((node, f"{_PARAMETER}{name}", text) for name, text in given.items())


def _explained(node: x.Node) -> Iterator[_Place]:
    yield node, "documentation", x.text_of(node, "documentation")
    yield node, "instructions", x.extension_text(node, "instructionsForEndUser")


def _wrong_days(node: x.Node, place: _Place, right: set[int], days: set[int]) -> Iterator[Finding]:
    """One finding for each number in the text that is none of the `right` ones; the limit has `days`."""
    holder, part, text = place
    for number in sorted(numbers_said(text) - right):
        cure = None
        if len(days) == 1:
            cure = Cure(holder.get("id", ""), part, text, put_right(text, number, next(iter(days))))
        at = holder if part.startswith(_PARAMETER) else node
        one = found(at, _sentence(_where(part), number, days), "warning")
        yield replace(one, cure=cure)


def _said_in_form(draft: Draft, step: x.Node, every: set[int], days: set[int]) -> Iterator[Finding]:
    """Another number of days in the words of the form that people read at the step:
    to be changed in the form.
    """
    key = x.properties(step).get("formKey", "")
    for component in walk(draft.components(key)):
        texts = (component.get(part) for part in ("text", "label", "description"))
        said = {number for text in texts if isinstance(text, str) for number in numbers_said(text)}
        for number in sorted(said - every):
            where = f"表单“{key}”的“{label(component) or str(component.get('text'))[:20]}”"
            yield found(step, _sentence(where, number, days), "warning")


def _sentence(where: str, number: int, days: set[int]) -> str:
    right = "、".join(str(day) for day in sorted(days))
    return f"{where}里写的是 {number} 天，而期限是 {right} 天，请一并改。"


def _notes(draft: Draft, node: x.Node) -> Iterator[_Place]:
    """The notes that the drawing ties to the element."""
    notes = {note.get("id"): note for note in x.descendants(draft.root, "textAnnotation")}
    for link in x.descendants(draft.root, "association"):
        ends = {link.get("sourceRef"), link.get("targetRef")}
        if node.get("id") in ends:
            for end in sorted(filter(None, ends)):
                if end in notes:
                    yield notes[end], "text", x.text_of(notes[end], "text")


# -- how many days ---------------------------------------------------------------------------------


def _days(draft: Draft, text: str) -> set[int] | None:
    """Every number of days that the timer text may come to;
    None when that cannot be known from the drawing.
    """
    span = _PLAIN.fullmatch(text.strip().strip('"'))
    if span is not None:
        return {int(f"{span[1] or ''}{span[2]}")}
    try:
        tree = compile_expression(timer_feel(text)).tree
    except FeelSyntaxError:
        return None
    numbers: set[int] = set()
    calls = list(_calls(tree))
    for call in calls:
        counted = _counted(draft, call.given[1])
        if counted is None:
            return None
        numbers |= counted
    return numbers or None


def _calls(tree: Node) -> Iterator[n.Call]:
    """Each count of days in an expression."""
    if isinstance(tree, n.Call) and tree.called in _COUNTED and len(tree.arguments) == 2:
        yield tree
        return
    for part in tree.parts():
        yield from _calls(part)


def _counted(draft: Draft, node: Node) -> set[int] | None:
    """The numbers that one count may be: written, of either branch, of a decision table,
    or of a bounded field.
    """
    node = bare(node)
    if isinstance(node, n.If):
        branches = _counted(draft, node.yes), _counted(draft, node.no)
        return None if branches[0] is None or branches[1] is None else branches[0] | branches[1]
    names = free_names(node)
    if not names:
        return _whole(constant(node))
    name = next(iter(names))
    if len(names) > 1 or dotted(node) is None:
        return None
    return _of_table(draft, name) or _of_field(draft, name)


def _whole(value: Any) -> set[int] | None:
    return (
        {math.floor(value)}
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        else None
    )


def _of_table(draft: Draft, name: str) -> set[int] | None:
    """What a decision table may answer for a name."""
    root, _, key = name.partition(".")
    numbers: set[int] = set()
    for task in x.descendants(draft.root, "businessRuleTask"):
        called = x.extension_text(task, "calledDecisionId")
        body = draft.decisions.get(called)
        if body is None or x.properties(task).get("resultVariable", called) != root:
            continue
        try:
            table = parse_decision(body).table
        except DefinitionError:
            return None  # the check of the steps says so
        cells = table.results_of(key) if table is not None else []
        for cell in cells:
            value = None if cell is None or cell.names() else _whole(cell.evaluate({}))
            if value is None:
                return None
            numbers |= value
    return numbers or None


def _of_field(draft: Draft, name: str) -> set[int] | None:
    """The bounds of a number that a form asks for."""
    root, _, key = name.partition(".")
    one = known_variables(draft).get(root)
    component = one.keys.get(key) if one is not None else None
    bounds = (
        component.get("validate", {}) if component is not None and component.get("type") == "number" else {}
    )
    ends = [_whole(bounds.get(end)) for end in ("min", "max")]
    return None if ends[0] is None or ends[1] is None else ends[0] | ends[1]
