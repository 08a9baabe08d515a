"""Every list that is paged goes out as an Excel file, by one function; the few that do not say why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.prevention.kit import KIT

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"
PAGER = re.compile(r"parts\.pager\(\w+, '([\w.]+)'\)")
EXPORT = re.compile(r"parts\.export\('(\w+)'\)")
BY_ITSELF = {
    "register.index": "full numbers with a reason: register.filled.workbook",
    "supervision.index": "supervision.workbook",
    "statistics.index": "supervision.figures.workbook",
    "parameters.line": "line_effects",
    "imports.show": "imports.books: the file itself, its faults marked",
    "rosters.show": "roster: the file itself, its faults marked",
}
"""Lists with a file of their own kind."""
NONE = {
    "households.index": "a search, kept narrow for privacy; the register is the list",
    "screening.sheet": "the form (附件) as it is printed",
    "bell.bell": "one's own messages",
    "parameters.lines": "a handful of decisions, shown whole",
    "drafts.index": "work of process owners",
    "migrations.show": "work of process owners",
    "ladder.messages": "what is being sent by machines",
    "administration.index": "steps that failed, retried by hand",
    "accounts.requests": "answered on the page; the log has them",
    "wall.links": "secret addresses",
}
"""Lists that do not go out, and why."""


def _lists() -> dict[str, list[str]]:
    """By page with a paged list: the names under which its template sends it out."""
    found: dict[str, list[str]] = {}
    for path in TEMPLATES.rglob("*.html"):
        words = path.read_text(encoding="utf-8")
        for page in PAGER.findall(words):
            found.setdefault(page, []).extend(EXPORT.findall(words))
    return found


@pytest.mark.duty("R41")
def test_every_list_goes_out() -> None:
    for page, names in _lists().items():
        assert names or page in BY_ITSELF or page in NONE, f"{page} has no export"
        assert set(names) <= set(KIT.outgoing), page


def test_what_goes_out_has_a_page_that_offers_it() -> None:
    offered = {name for names in _lists().values() for name in names}
    assert offered == set(KIT.outgoing)


@pytest.mark.parametrize("name", sorted(KIT.outgoing))
def test_a_list_is_named_and_holds_no_numbers_of_persons(name: str) -> None:
    one = KIT.outgoing[name]
    assert one.title and len(set(one.columns)) == len(one.columns)
    assert not {"证件号码", "户主证件号码", "联系电话"} & set(one.columns)
