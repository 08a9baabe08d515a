"""Every line that the product leaves beside cases has its words on the log's page, by kind and by fact."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import engine
import tests.support.field  # noqa: F401  the field names lines of its own
from engine.casework.organisation.identity.journal import words

ROOT = Path(engine.__file__).parent


def _recorded() -> Iterator[tuple[str, set[str], str]]:
    """Each call that leaves a line: its kind and the keys of its data, where they stand in the text."""
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            for call in [node for node in ast.walk(function) if isinstance(node, ast.Call)]:
                if ast.unparse(call.func) not in (
                    "audit.record",
                    "audit.record_once",
                    "record",
                    "record_once",
                ):
                    continue
                if len(call.args) < 5 or ast.unparse(call.args[0]) != "session":
                    continue
                where = f"{path.relative_to(ROOT)}:{call.lineno}"
                for kind in _texts(call.args[3], function):
                    yield kind, set(_keys(call.args[4], function)), where


def _texts(node: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.IfExp):
        yield from [*_texts(node.body, function), *_texts(node.orelse, function)]
    elif isinstance(node, ast.Name):
        for value in _assigned(node.id, function):
            yield from _texts(value, function)


def _keys(node: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        for key in node.keys:
            if isinstance(key, ast.Constant):
                yield str(key.value)
    elif isinstance(node, ast.Name):
        for value in _assigned(node.id, function):
            yield from _keys(value, function)


def _assigned(name: str, function: ast.FunctionDef) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == name for t in node.targets
        ):
            yield node.value


def test_every_kind_and_every_fact_of_a_line_has_its_word() -> None:
    found = list(_recorded())
    assert len(found) > 50
    assert {(kind, where) for kind, _, where in found if words.kind(kind) == kind} == set()
    unnamed = {(key, where) for _, keys, where in found for key in keys if words.fact(key) == key}
    assert {(key, where) for key, where in unnamed if key not in words.HIDDEN} == set()
