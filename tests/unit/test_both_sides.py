"""What the pages and the server both have a list of is one list: what one side gains, the other has too.

Where a page can ask the server it does (`/known`, the plan of a form); these are lists that a script needs
before, or without, a server.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection
from pathlib import Path

import pytest

from engine.flow.decisions import file
from engine.flow.diagram.element import FLOW_NODES, REPETITIONS, SETTING_KINDS
from engine.flow.diagram.kinds import KINDS
from engine.flow.diagram.losses import EDITABLE
from engine.flow.feel import page, types
from engine.flow.forms import evaluation, facts, reading, schema, values
from engine.flow.forms.fields import MAX_NUMBER, MAX_ROWS
from engine.ground import idnumber, text
from engine.owners import drafting
from engine.owners.words import differences
from engine.prevention.screening import papers
from web.server import rescue

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "web" / "assets"
CLOSING = {"[": "]", "{": "}"}


def written(script: str, name: str) -> str:
    """What the script's constant is set to, as it is written."""
    source = (ASSETS / script).read_text(encoding="utf-8")
    found = re.search(rf"^(?:export )?const {name} = (?:new Set\()?", source, re.MULTILINE)
    assert found is not None, (script, name)
    rest = source[found.end() :]
    if rest[0] not in CLOSING:
        return rest.partition(";")[0]
    depth = 0
    for place, letter in enumerate(rest):
        depth += (letter == rest[0]) - (letter == CLOSING[rest[0]])
        if depth == 0:
            return rest[: place + 1]
    raise AssertionError(name)


def words(script: str, name: str) -> list[str]:
    """The texts of a list."""
    return re.findall(r'"([^"]*)"', written(script, name))


def keys(script: str, name: str) -> list[str]:
    """The keys of a table, those at its outermost level."""
    return re.findall(r'^  "?([\w ]+?)"?: ', written(script, name), re.MULTILINE)


def number(script: str, name: str) -> int:
    """A number, as Python writes it too."""
    found: int = eval(written(script, name), {"__builtins__": {}})
    return found


def lowered(names: Collection[str]) -> set[str]:
    """Kinds of elements as files call them: ``userTask`` of ``UserTask`` or ``bpmn:UserTask``."""
    short = (name.removeprefix("bpmn:") for name in names)
    return {name[0].lower() + name[1:] for name in short}


PANEL = "modeler/panel/kinds.js"
DRAWN_BESIDE = {"SequenceFlow", "Lane", "Participant", "Process", "TextAnnotation", "Collaboration"}
"""What can be chosen on a drawing and is no step of it."""


def test_the_panel_calls_what_runs_by_the_words_of_the_check() -> None:
    named = dict(re.findall(r'(\w+): "(.*?)"', written(PANEL, "TYPES")))
    assert set(KINDS) == FLOW_NODES
    assert {kind[0].upper() + kind[1:]: said for kind, said in KINDS.items()} == {
        kind: said for kind, said in named.items() if kind not in DRAWN_BESIDE
    }
    assert named.keys() >= DRAWN_BESIDE


PROPERTIES = {name for place, name in reading._TEXTS if place == "properties"} | {"required", "fixed"}
"""What a form's field has of our own; its rules have an editor of their own."""

LISTS: dict[tuple[str, str], tuple[Collection[str], Collection[str]]] = {
    ("form-editor/offered.js", "TYPES"): (
        words("form-editor/offered.js", "TYPES"),
        {"default", *schema.INPUTS, *schema.SHOWN},
    ),
    ("form-editor/offered.js", "SILENT"): (
        words("form-editor/offered.js", "SILENT"),
        {"default", *schema.SHOWN},
    ),
    ("form-editor/own.js", "UNFILLED"): (
        words("form-editor/own.js", "UNFILLED"),
        {"default", "filepicker", *schema.SHOWN},
    ),
    ("form-editor/own.js", "FORMATS"): (keys("form-editor/own.js", "FORMATS"), schema.FORMATS),
    ("form-editor/own.js", "FORMATTED"): (
        set(words("form-editor/own.js", "FORMATTED")) - {""},
        schema.FORMATS,
    ),
    ("form-editor/own.js", "PROPERTIES"): (
        re.findall(r'name: "(\w+)"', written("form-editor/own.js", "PROPERTIES")),
        PROPERTIES,
    ),
    ("modeler/panel/rest.js", "SETTING"): (lowered(words("modeler/panel/rest.js", "SETTING")), SETTING_KINDS),
    ("form/values.js", "TICKED"): (
        words("form/values.js", "TICKED"),
        [said for said in values.TICKED if isinstance(said, str)],
    ),
    ("form/values.js", "READERS"): (
        keys("form/values.js", "READERS"),
        {"number", "datetime", "checkbox", *values.LISTS},
    ),
    ("feel/feel.js", "functions"): (keys("feel/feel.js", "functions"), page.CALLS),
}
"""By script and constant: what the page has, and what the server has."""


@pytest.mark.parametrize(("script", "name"), LISTS)
def test_a_list_of_the_page_is_the_server_s(script: str, name: str) -> None:
    ours, theirs = LISTS[script, name]
    assert ours and sorted(ours) == sorted(theirs)


PARTS: dict[tuple[str, str], tuple[Collection[str], Collection[str]]] = {
    ("decision-editor/decision.js", "TYPES"): (
        set(words("decision-editor/decision.js", "TYPES")) - {types.ANY.name},
        types._NAMES,
    ),
    ("modeler/objects.js", "SHOWN"): (
        lowered(words("modeler/objects.js", "SHOWN")),
        {name.rpartition("}")[2] for name in EDITABLE},
    ),
    ("modeler/panel/repetition.js", "OF_LISTS"): (
        set(REPETITIONS["multiInstanceLoopCharacteristics"]),
        words("modeler/panel/repetition.js", "OF_LISTS"),
    ),
    ("modeler/texts/literals.js", "LISTS"): (
        words("modeler/texts/literals.js", "LISTS"),
        {kind for kind, holds in schema.KINDS.items() if holds == "list"},
    ),
    ("modeler/texts/literals.js", "TEXTS"): (
        words("modeler/texts/literals.js", "TEXTS"),
        {kind for kind, holds in schema.KINDS.items() if holds == "string"},
    ),
    ("drafts/copies.js", "UNKEPT"): (words("drafts/copies.js", "UNKEPT"), schema.POSTED),
}
"""By script and constant: what one side has some of, and what the other has in all."""


@pytest.mark.parametrize(("script", "name"), PARTS)
def test_a_list_of_one_side_is_a_part_of_the_other_s(script: str, name: str) -> None:
    some, in_all = PARTS[script, name]
    assert some and set(some) <= set(in_all)


def test_a_difference_of_any_kind_has_its_sign_on_the_drawing() -> None:
    signs = re.findall(r"(\w+): ", written("diagram/compare.js", "SIGNS"))
    kinds = (differences.ADDED, differences.REMOVED, differences.CHANGED, differences.MOVED)
    assert tuple(signs) == kinds


def test_what_a_format_is_of_is_a_field() -> None:
    assert set(keys("form-editor/own.js", "FORMATTED")) <= schema.INPUTS


def test_the_page_evaluates_every_node_that_the_server_hands_it() -> None:
    handed = set(re.findall(r'\["(\w+)", ', inspect.getsource(page))) | {"some", "every"}
    known = {*keys("feel/feel.js", "kinds"), "range", "test"}  # the last two within `in`
    assert known == handed


NUMBERS = {
    ("form/values.js", "MOST"): MAX_NUMBER,
    ("form/values.js", "MAX_TYPED"): text.MAX_TYPED,
    ("form/evaluation.js", "MAX_ROWS"): MAX_ROWS,
    ("form-editor/schema.js", "DEEPEST"): reading.MAX_DEPTH,
    ("editors/bar.js", "LARGEST"): drafting.MAX_RESOURCE_BYTES,
    ("editors/saving.js", "LONGEST_NAME"): drafting.LONGEST_NAME,
    ("doorstep/page/visit.js", "MOST_BYTES"): papers.MOST_BYTES,
    ("signing/strokes.js", "WIDTH"): papers.WIDTH,
    ("signing/signing.js", "HEIGHT"): papers.HEIGHT,
}


@pytest.mark.parametrize(("script", "name"), NUMBERS)
def test_a_bound_of_the_page_is_the_server_s(script: str, name: str) -> None:
    assert number(script, name) == NUMBERS[script, name]


def test_no_file_that_the_page_takes_is_too_large_for_the_server() -> None:
    assert drafting.MAX_RESOURCE_BYTES == reading.MAX_BYTES == file.MAX_BYTES
    assert number("signing/strokes.js", "MOST_POINTS") <= papers.MOST_POINTS
    signatures = {kind for kind in papers.KINDS if kind.startswith("sign_")}
    assert number("doorstep/page/visit.js", "MOST_PHOTOS") + len(signatures) <= papers.MOST_PAPERS


def test_the_door_knows_which_answers_it_understands() -> None:
    source = (ROOT / "web" / "pages" / "prevention" / "doorstep.py").read_text(encoding="utf-8")
    assert f"\nVERSION = {number('doorstep/page/doorstep.js', 'VERSION')}\n" in source


def test_the_door_checks_an_id_number_by_the_same_digits() -> None:
    weights = written("doorstep/page/filled.js", "WEIGHTS")
    assert tuple(int(one) for one in re.findall(r"\d+", weights)) == idnumber._WEIGHTS
    assert written("doorstep/page/filled.js", "CHECKS").strip('"') == idnumber._CHECKS


def test_a_rescue_file_is_sealed_as_the_server_opens_it() -> None:
    source = (ASSETS / "doorstep" / "sent" / "rescue.js").read_text(encoding="utf-8")
    assert f'kind: "{rescue.KIND}", version: {rescue.VERSION}' in source
    assert f'encode("{rescue.ABOUT.decode()}")' in source


def test_a_page_s_own_facts_are_those_that_are_not_put_into_its_expressions() -> None:
    assert set(words("form/evaluation.js", "PAGE")) == evaluation.PAGE - facts.ROOTS
