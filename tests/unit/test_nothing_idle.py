"""Nothing lies about that nobody uses: functions, constants, styles, exports of scripts, pages."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
CHANGES = ROOT / "engine" / "migrations" / "versions"
MACHINE = ROOT / "engine" / "flow" / "machine"
"""Its methods take the place of SpiffWorkflow's, which calls them."""
READ_ONCE = {"ROOMS"}
"""Names that are there for what comes with them: the routes of the API."""
WORD = re.compile(r"[A-Za-z_]\w*")
DASHED = re.compile(r"[A-Za-z_][\w-]*")
NOT_OURS = ("djs-", "bio-properties-", "fjs-", "dmn-", "tjs-", "view-drd")
"""What classes of the drawing, form and table tools begin with."""
COMPOSED = {"diff-": "diagram/compare.js", "heat-": "oversight/statistics/heat.js", "n-": ""}
"""Classes whose ends are values, and the script that puts them together; '' for a page."""


@cache
def texts(*suffixes: str) -> dict[Path, str]:
    """The program's files of these kinds."""
    found = [path for top in ("engine", "web") for path in (ROOT / top).rglob("*.*")]
    made = {"dist", "node_modules", "__pycache__", "versions"}
    return {
        path: path.read_text("utf-8")
        for path in found
        if path.suffix in suffixes and not made & set(path.parts) and not path.name.endswith(".test.mjs")
    }


def _own(tree: ast.Module) -> Iterator[str]:
    """What a module defines for others to call: no method that takes the place of another class's."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.decorator_list:
            yield node.name
        if isinstance(node, ast.ClassDef) and not node.bases:
            yield from (one.name for one in node.body if isinstance(one, ast.FunctionDef))
        if isinstance(node, ast.Assign):
            yield from (one.id for one in node.targets if isinstance(one, ast.Name))


def test_every_function_class_and_constant_is_used() -> None:
    called = [*texts(".py").values(), *(path.read_text("utf-8") for path in CHANGES.glob("*.py"))]
    used = Counter(word for text in called for word in WORD.findall(text))
    used.update(word for text in texts(".html").values() for word in set(WORD.findall(text)))
    idle = [
        f"{path.relative_to(ROOT)} {name}"
        for path, text in texts(".py").items()
        if path.parent != MACHINE
        for name in _own(ast.parse(text))
        if used[name] < 2 and not name.startswith("__") and name not in READ_ONCE
    ]
    assert idle == []


def test_every_class_of_a_style_sheet_stands_on_a_page() -> None:
    pages = "\n".join(texts(".html", ".js", ".py").values())
    known = set(DASHED.findall(pages))
    idle = set()
    for path, text in texts(".css").items():
        plain = re.sub(r"/\*.*?\*/|url\([^)]*\)|\"[^\"]*\"", "", text, flags=re.DOTALL)
        classes = re.findall(r"\.(-?[A-Za-z_][\w-]*)(?=[^{}]*\{)", plain)
        idle |= {(path.name, one) for one in classes if one not in known}
    ours = {one for one in idle if not one[1].startswith(NOT_OURS)}
    assert {one for one in ours if not one[1].startswith(tuple(COMPOSED))} == set()
    for beginning, script in COMPOSED.items():
        source = (WEB / "assets" / script).read_text("utf-8") if script else pages
        assert re.search(rf"\b{beginning}(\$|{{)", source), beginning


def test_what_a_script_exports_another_takes() -> None:
    scripts = {path: text for path, text in texts(".js", ".mjs").items() if "assets" in path.parts}
    tests = {path: path.read_text("utf-8") for path in (WEB / "assets").rglob("*.test.mjs")}
    exported = re.compile(r"^export (?:async )?(?:function|const|class|let) (\w+)", re.MULTILINE)
    idle = [
        f"{path.relative_to(WEB)} {name}"
        for path, text in scripts.items()
        for name in exported.findall(text)
        if not any(
            re.search(rf"\b{name}\b", other) for at, other in {**scripts, **tests}.items() if at != path
        )
    ]
    assert idle == []


def test_every_page_is_rendered_or_included() -> None:
    said = "\n".join(texts(".py", ".html").values())
    pages = [path for path in texts(".html") if path.parent.name != "subjects"]  # by the subject's kind
    names = [path.relative_to(WEB / "templates").as_posix() for path in pages]
    assert names and [name for name in names if f'"{name}"' not in said] == []


def test_every_macro_is_called() -> None:
    pages = texts(".html")
    said = Counter(word for text in pages.values() for word in WORD.findall(text))
    macros = [name for text in pages.values() for name in re.findall(r"\{%-? macro (\w+)", text)]
    assert macros and [name for name in macros if said[name] < 2] == []
