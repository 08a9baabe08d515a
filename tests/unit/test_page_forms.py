"""The page says while one types what the server says when one submits: the same script and the same tables,
run by Node.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from engine.flow.feel import FeelSyntaxError, compile_expression, to_plain
from engine.flow.feel.page import CALLS
from engine.flow.forms import compile_form
from engine.flow.forms import values as v
from tests.support.page import evaluated
from tests.unit.test_form_order import CASES, walk
from tests.unit.test_forms import KEYS, load

DATA = Path(__file__).parents[1] / "data"
NUMBERS = (
    "12000",
    "１２０００",
    "12,000",
    "12000元",
    " 12 000 元 ",
    "¥12,000",
    "￥5",
    "12，000",
    "-3.50",
    "－3",
    "−3",
    "+7",
    ".5",
    "5.",
    "1_000",
    "٣",
    "1e3",
    "12,00",
    "1,2",
    "一万",
    "NaN",
    "Infinity",
    "0x10",
    "",
    " ",
    "12 亩",
    "²",
    "1.2.3",
    "--1",
    "999999999999",
    "1000000000000",
    "\u200b8",
    "8\u2028",
    "3" * 300,
    5,
    2.5,
    True,
    None,
    [],
    {"a": 1},
)
DAYS = (
    "2022-05-06",
    "2022.5.6",
    "2022/5/6",
    "2022年5月6日",
    "20220506",
    "２０２２－０５－０６",
    "2022-02-30",
    "2022-13-01",
    "0000-01-01",
    "2022-05-06T00:00",
    "5月6日",
    "2024-02-29",
    "2022-02-29",
    "2022-5/6",
    "",
    None,
)
ATOMS = (
    "a",
    "b",
    "t",
    "l",
    "m",
    "1",
    "2.5",
    "0",
    '"x"',
    '"1"',
    "true",
    "null",
    "[1, 2]",
    "r.n",
    "count(r)",
    "sum(r.n)",
)
SHAPES = (
    "{0} + {1}",
    "{0} - {1}",
    "{0} * {1}",
    "{0} / {1}",
    "{0} = {1}",
    "{0} != {1}",
    "{0} < {1}",
    "{0} >= {1}",
    "{0} and {1}",
    "{0} or {1}",
    "not({0})",
    "if {0} then {1} else {2}",
    "{0} between {1} and {2}",
    "{0} in ({1}, {2})",
    "{0} in [{1}..{2}]",
    "{0} in (> {1})",
    "{0} in [{1}..{2})",
    "{0} in (> {1}, {2})",
    "{0} in ((< {1}), {2})",
    "{0} in [{1}..{2}] and {0} = {1}",
    "min({0}, {1})",
    "max([{0}, {1}])",
    "sum([{0}, {1}])",
    "count({0})",
    "list contains(l, {0})",
    "contains(t, {0})",
    "string length({0})",
    "decimal({0}, 1)",
    "some i in r satisfies i.n > {0}",
    "every i in r satisfies i.n != {0}",
    "count(r[n > {0}])",
    "r[k = {0}].n",
    "-{0}",
    "({0})",
    "some i in l satisfies i = {0}",
)
NAMES: tuple[dict[str, Any], ...] = (
    {
        "a": 3,
        "b": 0.5,
        "t": "x1",
        "l": ["x", "1"],
        "m": None,
        "r": [{"n": 1, "k": "x"}, {"n": 2.5, "k": None}],
    },
    {"a": None, "b": -7, "t": None, "l": [], "m": True, "r": []},
    {"a": "1", "b": 2, "t": "", "l": [1, None], "m": False, "r": [{"n": None, "k": "1"}]},
)


def near(one: Any, other: Any) -> bool:
    """Equal but for the last digits of a double."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(near, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float) and not isinstance(one, bool):
        return not isinstance(other, bool) and abs(one - other) <= 1e-9 * max(1, abs(one))
    return type(one) is type(other) and one == other


def test_the_page_evaluates_as_the_table_says() -> None:
    asked = [{"plan": compile_form(case).plan.to_json({}), "typed": settled(case)} for case in CASES]
    for case, answer in zip(CASES, evaluated(asked), strict=True):
        assert answer["hidden"] == case["hidden"], case["name"]
        assert answer["computed"] == case["computed"], case["name"]


def settled(case: dict[str, Any]) -> dict[str, Any]:
    return compile_form(case).settled(case["typed"], {})


def test_the_page_reads_numbers_and_dates_as_the_server_does() -> None:
    number = {"type": "number", "key": "n", "appearance": {"suffixAdorner": "元"}}
    blanks = [(number, value) for value in NUMBERS] + [
        ({"type": "datetime", "key": "d"}, value) for value in DAYS
    ]
    asked = [
        {"node": {"kind": one["type"], "unit": "元", "given": False}, "value": value} for one, value in blanks
    ]
    for (component, typed), answer in zip(blanks, evaluated(asked), strict=True):
        expected = to_plain(v.reader(component)(typed))
        assert near(expected, answer), (component["type"], typed, expected, answer)


def test_expressions_mean_the_same_on_the_page_and_on_the_server() -> None:
    chance = random.Random(5)
    texts = set()
    for _ in range(4000):
        inner = [
            pick(chance, SHAPES, ATOMS) if chance.random() < 0.4 else chance.choice(ATOMS) for _ in range(3)
        ]
        texts.add(chance.choice(SHAPES).format(*inner))
    asked, expected = [], []
    for text in sorted(texts):
        try:
            expression = compile_expression(text)
        except FeelSyntaxError:
            continue
        tree = expression.to_json()
        assert tree is not None, text
        for names in NAMES:
            asked.append({"tree": tree, "names": names})
            expected.append((text, names, to_plain(expression.evaluate(names))))
    answers = evaluated(asked)
    wrong = [
        (*told, answer) for told, answer in zip(expected, answers, strict=True) if not near(told[2], answer)
    ]
    assert wrong == [], wrong[:20]


def test_the_table_of_cases_has_one_answer_on_the_page_and_on_the_server() -> None:
    table = json.loads((DATA / "feel_cases.json").read_text())
    expressions = [(compile_expression(text), value) for text, value in table["cases"]]
    answers = evaluated([{"tree": one.to_json(), "names": table["names"]} for one, _ in expressions])
    for (one, value), answer in zip(expressions, answers, strict=True):
        assert near(to_plain(one.evaluate(table["names"])), value), one.text
        assert near(answer, value), (one.text, answer)


def test_every_function_that_the_page_knows_stands_in_the_table() -> None:
    table = json.loads((DATA / "feel_cases.json").read_text())
    assert {name for name in CALLS if not any(f"{name}(" in text for text, _ in table["cases"])} == set()


def pick(chance: random.Random, shapes: tuple[str, ...], atoms: tuple[str, ...]) -> str:
    return "(" + chance.choice(shapes).format(*(chance.choice(atoms) for _ in range(3))) + ")"


def test_every_form_of_the_product_is_the_same_on_page_and_server() -> None:
    """Whatever is typed: what the page hides the server does not ask for,
    what it computes is what is stored.
    """
    chance = random.Random(7)
    forms = [(load(key), blanks) for key in KEYS for blanks in range(6)]
    typed = [form.settled(filled(chance, form.components), {}) for form, _ in forms]
    asked = [
        {"plan": form.plan.to_json({}), "typed": values}
        for (form, _), values in zip(forms, typed, strict=True)
    ]
    for (form, _), values, answer in zip(forms, typed, evaluated(asked), strict=True):
        shown = list(walk(form.render(values)))
        hidden = [
            one.path
            for one, hides in shown
            if hides and one.path and one.kind not in ("group", "text", "spacer")
        ]
        assert [path for path in answer["hidden"] if path in hidden] == hidden, form.key
        computed = {one.path: one.value for one, _ in shown if one.kind == "expression"}
        assert computed.keys() == answer["computed"].keys()
        assert all(near(computed[path], answer["computed"][path]) for path in computed), (form.key, values)


def filled(chance: random.Random, components: list[Any]) -> dict[str, Any]:
    """What somebody may have typed, sense or not."""
    found: dict[str, Any] = {}
    for one in components:
        kind = one["type"]
        if kind == "group":
            found.update(filled(chance, one["components"]))
        elif kind == "dynamiclist":
            found[one["path"]] = [filled(chance, one["components"]) for _ in range(chance.randrange(3))]
        elif one.get("values"):
            options = [value["value"] for value in one["values"]]
            several = kind in ("checklist", "taglist")
            found[one["key"]] = (
                chance.sample(options, chance.randrange(2)) if several else chance.choice([*options, ""])
            )
        elif one.get("key"):
            found[one["key"]] = chance.choice(["", "12,000", "7.5", "x", "2022-05-06"])
    return found
