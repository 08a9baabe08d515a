"""Stories in the browser wait for what they read: the page that a click leads to comes later."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

STORIES = sorted((Path(__file__).parents[1] / "acceptance").glob("test_*.py"))
READING = frozenset({"said", "text"})
"""What an official reads of a whole page, as it is at that moment."""


def hasty(body: list[ast.stmt]) -> Iterator[int]:
    """Lines with a click after which the page is read without waiting; what only unfolds is there at once."""
    for click, then in pairwise(body):
        if not (isinstance(click, ast.Expr) and isinstance(click.value, ast.Call)):
            continue
        clicks = isinstance(click.value.func, ast.Attribute) and click.value.func.attr == "click"
        unfolds = "'summary'" in ast.unparse(click)
        reads = isinstance(then, ast.Assert) and any(
            isinstance(node, ast.Attribute) and node.attr in READING for node in ast.walk(then)
        )
        if clicks and reads and not unfolds:
            yield click.lineno


def blind(body: list[ast.stmt]) -> Iterator[int]:
    """Lines with a choice after which a field is read at once; a panel is drawn anew a moment later."""
    for choice, then in pairwise(body):
        chooses = isinstance(choice, ast.Expr) and ".select_option(" in ast.unparse(choice)
        if chooses and isinstance(then, ast.Assert) and ".input_value(" in ast.unparse(then):
            yield then.lineno


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_who_clicks_to_another_page_waits_for_it(story: Path) -> None:
    bodies = [getattr(node, "body", None) for node in ast.walk(ast.parse(story.read_text()))]
    blocks = [body for body in bodies if isinstance(body, list)]
    assert [line for body in blocks for line in (*hasty(body), *blind(body))] == []
