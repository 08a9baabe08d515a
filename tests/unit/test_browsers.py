"""The pages' own script asks of a browser no more than what docs/configuration.md promises:
ES2020 and what came with it.

The build lowers newer syntax, but no built-in and no part of the web platform: one `replaceAll` stopped the
autosave.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "web" / "assets").rglob("*.js"))
METHODS = (
    # ES2021 to ES2025
    "replaceAll at findLast findLastIndex toSorted toReversed toSpliced with isWellFormed toWellFormed "
    "getOrInsert union intersection difference symmetricDifference isSubsetOf isSupersetOf isDisjointFrom "
    # the web since 2020, and what Safari 14 or Firefox 78 lack
    "replaceChildren requestSubmit showPicker showModal checkVisibility togglePopover showPopover "
    "hidePopover "
    "startViewTransition getHTML setHTMLUnsafe scrollIntoViewIfNeeded"
).split()
STATICS = (
    "Promise.any Promise.withResolvers Promise.try Object.hasOwn Object.groupBy Map.groupBy "
    "Array.fromAsync Error.cause "
    "RegExp.escape AbortSignal.timeout AbortSignal.any crypto.randomUUID navigator.share navigator.clipboard "
    "Intl.Segmenter Intl.ListFormat Intl.DisplayNames Intl.DurationFormat URL.canParse URL.parse "
    "CSS.registerProperty"
).split()
GLOBALS = (
    "WeakRef FinalizationRegistry AggregateError structuredClone requestIdleCallback scheduler "
    "BroadcastChannel "
    "CompressionStream DecompressionStream reportError showOpenFilePicker showSaveFilePicker Temporal "
    "Iterator"
).split()
PROPERTIES = ("submitter", "inert", "popover", r"aria[A-Z]\w*(?=\s*[=.)\]])")
NEWER = (
    *((name, rf"\.{name}\(") for name in METHODS),
    *((name, rf"\b{re.escape(name)}\b") for name in STATICS),
    *((name, rf"(?<![\w.#-]){name}\b(?!:)") for name in GLOBALS),
    *((name, rf"\.{name}\b") for name in PROPERTIES),
    ("lookbehind in a pattern", r"\(\?<[=!]"),
    (":has() in a selector", r":has\("),
)
ASKED_FIRST = re.compile(r"\((\w+)\.(\w+) \? \1\.\2\(")
"""What is used only where the browser has it, as ``(help.showModal ? help.showModal() : …)``."""


def newer(text: str) -> Iterator[str]:
    """The names in a script that an old browser does not know."""
    for number, line in enumerate(text.splitlines(), 1):
        code = ASKED_FIRST.sub("(", re.sub(r"(^|\s)//.*", "", line))
        yield from (f"{number}: {name}" for name, pattern in NEWER if re.search(pattern, code))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "web" / "assets")))
def test_no_script_of_ours_uses_what_a_promised_browser_lacks(path: Path) -> None:
    assert list(newer(path.read_text())) == []


@pytest.mark.parametrize(
    "code",
    [
        "const last = views.at(-1);",
        'text.replaceAll("a", "b")',
        "box.replaceChildren(...found)",
        "form.requestSubmit()",
        "const copy = structuredClone(one);",
        "if (Object.hasOwn(one, name)) return;",
        "event.submitter?.dataset",
        "one.ariaSelected = true",
        "const at = /(?<=a)b/.exec(text)",
        'box.querySelector("li:has(input)")',
        "new WeakRef(box)",
    ],
)
def test_the_walk_would_see_it(code: str) -> None:
    assert list(newer(code))


@pytest.mark.parametrize(
    "code", ["// .at(", "this.at = 1;", "({ scheduler: 1 })", "(box.showModal ? box.showModal() : 0)"]
)
def test_and_nothing_else(code: str) -> None:
    assert list(newer(code)) == []


def test_the_build_and_the_documentation_promise_the_same() -> None:
    assert 'target: "es2020"' in (ROOT / "web" / "assets" / "build.mjs").read_text()
    assert "ES2020" in (ROOT / "docs" / "configuration.md").read_text()
