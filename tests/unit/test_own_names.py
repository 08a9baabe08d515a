"""Names that owners give: each can be read again,
and none takes the place of what the system or the page itself says.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import tests.support.field  # noqa: F401  diagrams call its services
from engine.flow.check import check
from engine.flow.feel import compile_expression
from engine.flow.feel.parsing.lexer import KEYWORDS
from engine.flow.forms import compile_form
from engine.flow.forms import schema as s
from engine.flow.forms.reading import read_schema
from engine.flow.vocabulary import used
from tests.support.small import END, FORMS, NOW, START, begin, flow, process, task

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"


def diagram(variable: str) -> str:
    """One step with the variable, and a way that depends on it."""
    ways = '<bpmn:exclusiveGateway id="g" default="g_n"/><bpmn:endEvent id="n"/>'
    flows = flow("s", "a"), flow("a", "g"), flow("g", "e", f'{variable}.x = "1"'), flow("g", "n")
    return process(START, task("a", variable), ways, END, *flows)


@pytest.mark.parametrize("name", ["item", "true", "null", "if", "return", "function"])
def test_a_variable_that_is_a_word_of_the_expressions_is_refused_with_this_reason(name: str) -> None:
    definition, found = check(diagram(name).encode(), FORMS)
    assert definition is None
    assert any(one.element_id == "a" and "表达式自己的词" in one.message for one in found), found


@pytest.mark.parametrize("name", sorted(used().speaking_of("").given_variables.keys() - used().changing))
def test_a_form_does_not_replace_what_the_system_gives(name: str) -> None:
    definition, found = check(diagram(name).encode(), FORMS)
    assert definition is None and any("是系统给的" in one.message for one in found), found


@pytest.mark.parametrize(
    "name",
    [
        "items",
        "partial",
        "data",
        "task",
        "workflow",
        "result",
        "date",
        "list",
        "count",
        "today",
        "case",
        "key",
        "id",
    ],
)
def test_any_other_name_decides_the_way(name: str) -> None:
    for answer, end in (("1", "e"), ("2", "n")):
        instance = begin(diagram(name))
        instance.complete(instance.open_tasks()[0].token, {name: {"x": answer}}, NOW)
        assert instance.completed and end in instance.finished_elements()


@pytest.mark.parametrize("name", sorted(KEYWORDS | {"item"}))
def test_the_words_are_those_that_an_expression_cannot_read(name: str) -> None:
    assert name in s.FEEL_WORDS
    try:
        read = compile_expression(f"{name} = 1").names()
    except ValueError:
        return
    assert name not in read


def test_a_place_in_the_instructions_that_nothing_fills_is_named() -> None:
    said = (
        "<spiffworkflow:instructionsForEndUser>请通知 "
        "{{household.head_name}}</spiffworkflow:instructionsForEndUser>"
    )
    step = task("a").replace("<spiffworkflow:properties>", f"{said}<spiffworkflow:properties>")
    _, found = check(process(START, step, END, flow("s", "a"), flow("a", "e")).encode(), FORMS)
    assert [one.element_id for one in found if "{{household.head_name}}" in one.message] == ["a"]


def posted() -> set[str]:
    """The names that the templates post in one form with the fields of a procedure's form."""
    found: set[str] = set()
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        macros = "".join(re.findall(r"{% macro hidden.*?{% endmacro %}", text, re.DOTALL))
        for form in re.findall(r"<form\b.*?</form>", text, re.DOTALL):
            if "forms.fields(" in form:
                inner = form + (macros if "hidden(" in form else "")
                found |= set(re.findall(r'\bname="([a-z_]+)"', inner))
    return found


def test_no_field_has_a_name_that_the_page_posts_itself() -> None:
    names = posted()
    assert {"key", "csrf_token", "return_reason", "token"} <= names
    # a trial's buttons post the outcome in place of a form that asks for nothing else; the page asks for a
    # late reason where the form has no field of that name
    assert names - {"outcome", "late_reason"} <= s.POSTED


@pytest.mark.parametrize("name", sorted(s.POSTED))
def test_such_a_field_is_a_finding_but_for_the_columns_of_a_list(name: str) -> None:
    field = {"type": "textfield", "key": name, "label": "项目"}
    group = {"type": "group", "label": "组", "components": [field]}
    rows = {"type": "dynamiclist", "path": "rows", "label": "清单", "components": [field]}
    for component, wrong in ((field, True), (group, True), (rows, False)):
        _, found = read_schema(json.dumps({"components": [component]}).encode())
        assert bool([one for one in found if "由办理页面自己提交" in one.message]) is wrong


def test_what_prefills_may_use_of_a_clue_is_what_the_system_gives() -> None:
    assert used().prefilled["clue"] == set(used().given_variables["clue"])


def fixed(key: str, default: object) -> dict[str, object]:
    return {"type": "textfield", "key": key, "label": key, "readonly": True, "defaultValue": default}


def test_the_default_of_a_read_only_field_is_stored_in_rows_of_any_depth() -> None:
    inner = {
        "type": "dynamiclist",
        "path": "inner",
        "label": "内",
        "components": [fixed("unit", "亩"), {"type": "textfield", "key": "n", "label": "n"}],
    }
    outer = {
        "type": "dynamiclist",
        "path": "outer",
        "label": "外",
        "components": [fixed("kind", "田"), inner],
    }
    form = compile_form({"components": [fixed("source", "本系统"), outer]})
    typed = {"source": "改", "outer": [{"kind": "改", "inner": [{"unit": "改", "n": "3"}]}]}
    assert form.validate(typed, today=NOW.date()) == {
        "source": "本系统",
        "outer": [{"kind": "田", "inner": [{"unit": "亩", "n": "3"}]}],
    }


def test_the_rows_of_a_fixed_list_fall_back_to_the_columns_default() -> None:
    rows = {
        "type": "dynamiclist",
        "path": "rows",
        "label": "清单",
        "readonly": True,
        "properties": {"prefill": "case.found"},
        "components": [fixed("name", "不详"), {"type": "textfield", "key": "note", "label": "n"}],
    }
    form = compile_form({"components": [rows]})
    context = {"case": {"found": [{"name": "甲"}, {}]}}
    kept = form.validate({"rows": [{"note": "一"}, {"note": "二"}]}, today=NOW.date(), context=context)
    assert kept["rows"] == [{"name": "甲", "note": "一"}, {"name": "不详", "note": "二"}]
