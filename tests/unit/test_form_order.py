"""A form is evaluated in one order, by dependency:
the table of cases is run by the server and by the page's script.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.flow.feel import compile_expression
from engine.flow.feel.reading import needs
from engine.flow.forms import Field, compile_form
from engine.flow.forms.reading import read_schema
from engine.ground.errors import Invalid

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data" / "form_cases.json").read_text())
TODAY = date(2022, 5, 5)


def walk(fields: list[Field]) -> Iterator[tuple[Field, bool]]:
    """Every field with whether it is seen, outer before inner."""
    for field in fields:
        yield field, field.hidden
        for inner in [field.children] if field.kind == "group" else field.rows:
            yield from walk(inner)


def sentences(components: list[dict[str, Any]]) -> list[str]:
    return [finding.message for finding in read_schema(json.dumps({"components": components}).encode())[1]]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_server_evaluates_as_the_table_says(case: dict[str, Any]) -> None:
    form = compile_form({"components": case["components"]})
    shown = list(walk(form.render(form.settled(case["typed"], {}))))
    assert [one.path for one, hidden in shown if hidden and one.kind != "group"] == case["hidden"]
    assert {one.path: one.value for one, _ in shown if one.kind == "expression"} == case["computed"]
    try:
        clean = form.validate(case["typed"], today=TODAY)
    except Invalid as refused:
        assert sorted(refused.fields) == case["wrong"]
    else:
        assert clean == case["clean"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_check_finds_an_order_in_every_case(case: dict[str, Any]) -> None:
    assert sentences(case["components"]) == []


def test_what_is_stored_is_what_was_shown() -> None:
    """The order of drawing does not matter: every form of the table
    gives the same when it is drawn backwards.
    """
    for case in CASES:
        turned = compile_form({"components": case["components"][::-1]})
        if "clean" in case:
            assert turned.validate(case["typed"], today=TODAY) == case["clean"], case["name"]


def computed(key: str, text: str) -> dict[str, Any]:
    return {"type": "expression", "key": key, "label": key, "expression": text}


@pytest.mark.parametrize(
    "components",
    [
        [computed("a", "=b + 1"), computed("b", "=a + 1")],
        [computed("a", "=a + 1")],
        [
            {"type": "textfield", "key": "a", "conditional": {"hide": "=b != null"}},
            {"type": "textfield", "key": "b", "conditional": {"hide": "=a != null"}},
        ],
        [
            {"type": "dynamiclist", "path": "rows", "components": [computed("share", "=total")]},
            computed("total", "=sum(rows.share)"),
        ],
        [
            {
                "type": "group",
                "conditional": {"hide": "=x = null"},
                "components": [{"type": "textfield", "key": "x"}],
            },
        ],
    ],
)
def test_a_circle_is_refused(components: list[dict[str, Any]]) -> None:
    assert len(sentences(components)) == 1


def test_a_long_chain_is_refused_and_a_short_one_drawn_backwards_works() -> None:
    def chain(length: int) -> list[dict[str, Any]]:
        return [computed(f"n{i}", f"=n{i + 1} + 1") for i in range(length)] + [
            {"type": "number", "key": f"n{length}"}
        ]

    assert sentences(chain(50)) == [] and len(sentences(chain(200))) == 1
    assert compile_form({"components": chain(50)}).validate({"n50": "1"}, today=TODAY)["n0"] == 51


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("sum(rows.n) / count(rows)", {"rows": {"n": None}}),
        ("count(rows[a = b].c)", {"rows": {"a": None, "c": {}}, "b": None}),
        ("some r in rows satisfies r.n > m", {"rows": {"n": None}, "m": None}),
        ("rows[item.n > 1]", {"rows": None}),
        ("if x in (1, y) then upper case(z) else {q: w}.q", {"x": None, "y": None, "z": None, "w": None}),
        ("for r in rows return r.n + k", {"rows": None, "k": None}),
    ],
)
def test_what_an_expression_reads(text: str, reads: dict[str, Any]) -> None:
    assert (
        needs(compile_expression(text).tree, lambda name: {"a", "c", "n"} if name == "rows" else ()) == reads
    )


@pytest.mark.parametrize(
    ("earlier", "sentence"),
    [("n", "不是日期"), ("nowhere", "不是这张表单的另一个项目"), ("day", "不是这张表单的另一个项目")],
)
def test_not_before_names_another_date(earlier: str, sentence: str) -> None:
    number = {"type": "number", "key": "n", "label": "数"}
    day = {"type": "datetime", "key": "day", "label": "日", "properties": {"notBefore": earlier}}
    found = sentences([number, day])
    assert len(found) == 1 and sentence in found[0]
    # A version that was deployed before the check knew: the official's submission is judged without it.
    assert compile_form({"components": [number, day]}).validate({"n": "5", "day": "2022-05-05"}, today=TODAY)


def test_not_before_holds_in_a_row_for_a_date_outside() -> None:
    form = compile_form(
        {
            "components": [
                {"type": "datetime", "key": "from", "label": "开始"},
                {
                    "type": "dynamiclist",
                    "path": "rows",
                    "label": "行",
                    "components": [
                        {
                            "type": "datetime",
                            "key": "to",
                            "label": "结束",
                            "properties": {"notBefore": "from"},
                        }
                    ],
                },
            ]
        }
    )
    with pytest.raises(Invalid) as refused:
        form.validate({"from": "2022-05-04", "rows": [{"to": ""}, {"to": "2022-05-03"}]}, today=TODAY)
    assert refused.value.fields == {"rows.1.to": ["结束：不能早于开始。"]}


def test_the_same_name_in_a_row_is_another_field() -> None:
    """An error of the form says nothing about a field of the same name in a row."""
    form = compile_form(
        {
            "components": [
                {"type": "number", "key": "n", "label": "外"},
                {
                    "type": "dynamiclist",
                    "path": "rows",
                    "label": "行",
                    "components": [{"type": "number", "key": "n", "label": "内"}],
                },
            ]
        }
    )
    with pytest.raises(Invalid) as refused:
        form.validate({"n": "x", "rows": [{"n": "y"}, {}, {"n": "1"}]}, today=TODAY)
    assert refused.value.fields == {"n": ["外：请填写数字。"], "rows.0.n": ["内：请填写数字。"]}
