"""A rich procedure with one odd value in one place: refused by a finding, or run to its end;
never an exception.

Where an odd value goes: into every attribute and every text of the diagram and of its decision table, and
into every value of its form. Lone surrogates and the character zero cannot be written in XML; FEEL writes
them as escapes.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from lxml import etree

import tests.support.field  # noqa: F401  diagrams call its services
from engine.flow.check import check
from engine.flow.diagram.losses import lost
from engine.flow.diagram.resources import Resources
from engine.flow.diagram.xml import parse_xml
from engine.flow.feel import compile_expression, strip_equals
from engine.flow.forms.sample import sample
from engine.flow.forms.schema import hide_text, walk
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.ground.clock import local_date
from engine.ground.errors import DefinitionError, EngineFault, Finding, Invalid
from engine.owners.drawing import told
from engine.owners.words.differences import differences
from engine.owners.words.handbook import chapters
from tests.support.small import NOW, Host

FOLDER = Path(__file__).parents[1] / "data" / "mutations"
DIAGRAM = (FOLDER / "rich.bpmn").read_bytes()
TABLE = (FOLDER / "rich_table.dmn").read_bytes()
FORM = (FOLDER / "rich_form.json").read_bytes()
RESOURCES = Resources(
    {"rich_form": FORM}, {"rich_table": TABLE}, {"rich_part": (FOLDER / "rich_part.bpmn").read_bytes()}
)
STEPS = 150
"""A case is led through so many steps at most: a loop that people decide on has no end of its own."""

PLAIN = (
    "",
    " ",
    "0",
    "1",
    "-1",
    "²",
    "１２",
    "٣",
    "9" * 400,
    "1e400",
    "1e99999999999999999999",
    "-0.0",
    "true",
    "TRUE",
    "0x1F",
    "NaN",
    "Infinity",
    "null",
    "item",
    "context",
    "partial",
    "?",
    "=",
    "名字 有空格",
    "a.b.c",
    "a-b",
    "“引号”",
    "'",
    '"',
    "\\",
    "x" * 5000,
    "\u202e倒",
    "\u0301",
    "\U0001f600",
    "${x}",
    "<a>&amp;</a>",
    "village",
    "rich",
    "visit",
    "begin",
    "f1",
    "message_answer",
    "rich_part",
    "http://x",
    "tns:x",
    ",",
    ", ,",
    "household",
    "clue.raise",
)
FEEL = (
    "{context: 1}.context = 1",
    '{filter: [1], "cmp": 2}.filter',
    'replace("a", "a", "\\\\")',
    'replace("ab", "(a)", "$9")',
    'replace("a", "a", "\\\\q")',
    'matches("a", "(")',
    '"\\uD83D"',
    '"\\u0000"',
    '"\\U110000"',
    '"a',
    "count(some: a or b)",
    "1/0",
    "0 ** -1",
    "10 ** 10000",
    "string(1e6000)",
    '"a" + 1',
    '[1,2]["x"]',
    'sum([1, "a"])',
    "max(true, 2)",
    "not(3)",
    "for x in 1..100000000 return x",
    "every x in [] satisfies x",
    'date("2022-02-30")',
    'date("９９９９-01-01")',
    '@"P9999Y"',
    "(" * 70 + "1" + ")" * 70,
    "[" * 50 + "]" * 50,
    "- - - - 1",
    "function(a) a",
    "{a: function(x) x(x)}.a",
    "date(9999, 12, 31)",
    "days after(opening.day, 99999999)",
    'days after("9999-12-30", 1)',
    "opening",
    "opening.amount",
    "opening.rows",
    "opening.name",
    'opening.day < date("2022-06-01")',
    'opening.day + duration("P1M")',
    'if opening.sure then 1 else "x"',
    "item + 1",
    "?",
    "1 in [1..null]",
    "null",
    "[null, 1]",
    "day of week(opening.day)",
    'time("25:00:00")',
    'duration("P1D") * 1e300',
    'substring("abc", 1.5, -1)',
    'string join(["a", 1])',
    "get value({a: 1}, 1)",
    'split("a", "")',
    'number("１２")',
    '1 = "1"',
)
TIMES = (
    "P9999Y",
    "-P9999Y",
    "P99999999999D",
    "PT9999999999H",
    "P0D",
    "-P1D",
    "P1W",
    "P1M15D",
    "PT1.5H",
    "P",
    "PT",
    "P1Y2M10DT2H",
    "9999-12-31",
    "0001-01-01",
    "2022-02-30",
    "2022-13-01T00:00:00",
    "2022-05-06T24:00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "R/P1D",
    "R0/P1D",
    "R-1/P1D",
    "R99999999999/P1D",
    "R3/P9999Y",
    "R3/-P1D",
    "R3/9999-12-30T00:00:00/P1D",
    'R3/P1D")',
    "R2/2022-05-05T09:00:00+08:00/P1M",
    "2022年5月9日",
    "5天",
    "P²D",
    "P１D",
    "PT1S",
)
ODD = (*PLAIN, *FEEL, *TIMES)
WORTH: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**30,
    1.5,
    "",
    "²",
    "x" * 5000,
    [],
    {},
    [None],
    {"a": {}},
    "null",
    "item",
    *FEEL[:12],
    "(",
    "a{2,1}",
    "(a+)+$",
)
"""Odd values for a form, which has numbers, lists and nothing besides texts."""


@dataclass(frozen=True)
class Mutant:
    """Where the odd value stands, and the files with it."""

    place: str
    diagram: bytes = DIAGRAM
    resources: Resources = RESOURCES


Maker = Callable[[], Mutant]
"""Makes one mutant: there are tens of thousands, and a share of them is tried."""


def share(makers: Iterable[Maker], count: int, seed: int = 1) -> list[Mutant]:
    """`count` of the mutants, the same ones every time."""
    every = list(makers)
    return [make() for make in random.Random(seed).sample(every, min(count, len(every)))]


def of_diagram() -> Iterator[Maker]:
    """Every odd value in every attribute and text of the diagram."""
    return (partial(_diagram, *odd) for odd in _odd(DIAGRAM))


def _diagram(number: int, name: str | None, value: str) -> Mutant:
    return Mutant(*_written(DIAGRAM, number, name, value))


def of_table() -> Iterator[Maker]:
    """The same in the decision table."""
    return (partial(_table, *odd) for odd in _odd(TABLE))


def _table(number: int, name: str | None, value: str) -> Mutant:
    place, body = _written(TABLE, number, name, value)
    return Mutant(place, resources=RESOURCES | Resources(decision={"rich_table": body}))


def of_form() -> Iterator[Maker]:
    """Every odd value in every place of the form."""
    for path in _paths(json.loads(FORM)):
        yield from (partial(_form, path, number) for number in range(len(WORTH)))


def _form(path: tuple[Any, ...], number: int) -> Mutant:
    changed = json.loads(FORM)
    holder, value = changed, WORTH[number]
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    body = json.dumps(changed, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Mutant(f"{path} {number} {value!r:.40}", resources=RESOURCES | Resources({"rich_form": body}))


def _odd(body: bytes) -> Iterator[tuple[int, str | None, str]]:
    """The number of an element, the attribute (None: its text) and the value that it is to have."""
    places = [(number, name) for number, node in enumerate(_elements(body)) for name in _places(node)]
    for number, name in places:
        written = name is None or name == "value"  # where people write FEEL, times and whatever else
        yield from ((number, name, value) for value in (ODD if written else PLAIN))


def _written(body: bytes, number: int, name: str | None, value: str) -> tuple[str, bytes]:
    nodes = _elements(body)
    node = nodes[number]
    if name is None:
        node.text = value
    else:
        node.set(name, value)
    where = node.get("id") if name != "id" else ""
    place = f"{etree.QName(node).localname} {number} {where} {name} = {value[:60]!r}"
    return place, etree.tostring(nodes[0])


def _elements(body: bytes) -> list[etree._Element]:
    return [node for node in etree.fromstring(body).iter() if isinstance(node.tag, str)]


def _places(node: etree._Element) -> Iterator[str | None]:
    yield from (str(name) for name in node.attrib)
    if (node.text or "").strip():
        yield None


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _paths(inner, (*path, key))


# -- what happens to it ----------------------------------------------------------------------------


def judged(mutant: Mutant) -> list[Finding]:
    """What the check says of the mutant; one that may be put into force has been run."""
    definition, findings = check(mutant.diagram, mutant.resources)
    assert (definition is None) == any(one.severity == "error" for one in findings)
    assert not any("意外" in one.message for one in findings), findings
    told(definition, mutant.diagram)
    try:
        lost(parse_xml(DIAGRAM), parse_xml(mutant.diagram))
    except DefinitionError:
        assert definition is None
    if definition is not None:
        differences(ORIGINAL, definition)
        chapters(definition)
        for choice in range(2):
            with suppress(Unanswerable):
                _led(definition, choice)
    return findings


def _original() -> Definition:
    definition, findings = check(DIAGRAM, RESOURCES)
    assert definition is not None, findings
    return definition


ORIGINAL = _original()


class _Host(Host):
    """Services answer nothing, as those do that only write."""

    def call_service(self, element_id: str, token: str, name: str, parameters: dict[str, Any]) -> Any:
        json.dumps(parameters, ensure_ascii=False, allow_nan=False).encode()
        return {"id": 1}


def _led(definition: Definition, choice: int) -> None:
    """A case is led to its end; only a date that nobody filled in may stop it,
    which is the person's doing.
    """
    try:
        run(definition, choice)
    except EngineFault as error:
        if "算不出到期时间" not in error.message:
            raise


def run(definition: Definition, choice: int) -> bool:
    """Lead a case through the definition with samples, of each choice the option number `choice`;
    whether it ended.
    """
    instance = Instance(definition, _Host())
    start = definition.start
    opening = _filled(definition, start.form_key, {}, choice, NOW) if start.form_key else {}
    variable = start.variable or ""
    instance.start(
        {variable: definition.project(variable, opening), "handed": 1, "given_on": "2022-05-05"}, NOW
    )
    now = NOW
    for _ in range(STEPS):
        json.dumps(instance.variables, ensure_ascii=False, allow_nan=False).encode()
        instance = Instance.restored(definition, _Host(), instance.stored())
        if instance.completed:
            return True
        now = _step(definition, instance, choice, now)
    return False


def _step(definition: Definition, instance: Instance, choice: int, now: datetime) -> datetime:
    """The next thing that may happen: a timer that is due within a week, else a step, a later timer,
    a message.
    """
    timers = sorted(instance.timers(), key=lambda one: one.due_at)
    soon = [one for one in timers if one.due_at <= now + timedelta(days=choice * 7)]
    tasks = instance.open_tasks()
    if soon or (timers and not tasks):
        now = max(now, timers[0].due_at)
        instance.pass_time(now)
    elif tasks:
        element = definition.elements[tasks[0].element_id]
        variable = element.variable or element.id
        clean = _filled(definition, element.form_key, instance.variables_at(tasks[0].token), choice, now)
        instance.complete(tasks[0].token, {variable: definition.project(variable, clean)}, now)
    else:
        name = sorted(instance.waits_for())[0]
        form = definition.message_form(name)
        instance.send(name, sample(form, {}, local_date(now)) if form else {}, now)
    return now


def _filled(
    definition: Definition, key: str | None, variables: dict[str, Any], choice: int, now: datetime
) -> dict[str, Any]:
    """A step's form, filled with samples and taken by its own rules."""
    if not key:
        return {}
    form, context, today = definition.form(key), {"case": variables}, local_date(now)
    chosen = {
        str(one["key"]): list({str(o["value"]): 0 for o in one["values"]})[choice % len(one["values"])]
        for one in form.inputs
        if one["type"] in ("radio", "select") and one.get("values")
    }
    raw = sample(form, context, today, chosen=chosen)
    form.render(raw)
    form.prefill(context)
    for component in walk(form.components):
        for text in filter(
            None, (hide_text(component), strip_equals(str(component.get("expression") or "")))
        ):
            json.dumps(compile_expression(text).to_json(), allow_nan=False)
    try:
        return form.validate(raw, today=today, context=context)
    except Invalid:
        raise Unanswerable from None  # nobody can fill this form: its rules contradict one another


class Unanswerable(Exception):
    """No sample fits the form."""
