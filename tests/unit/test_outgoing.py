"""Every list that is paged goes out as an Excel file, by one function; the few that do not say why."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.casework.portions.outgoing import streamed
from engine.ground.text import paragraphs
from engine.prevention.kit import KIT

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"
PAGER = re.compile(r"\w+\.pager\(\w+, '([\w.]+)'\)")
EXPORT = re.compile(r"parts\.export\('(\w+)'\)")
BY_ITSELF = {
    "register.index": "register: with a place for the reason of full numbers",
    "supervision.index": "limits: from the head of its page",
    "statistics.index": "supervision.figures.workbook",
    "parameters.line": "line_effects",
    "samples.show": "sample",
    "modules.index": "campaign.township_modules: a county's year",
    "imports.show": "import_returned: the file itself, its faults marked",
    "rosters.show": "roster_faults: what was sent, its faults said",
}
"""Lists with a file of their own kind."""
BY_ADDRESS = {"register", "limits", "log", "line_effects", "sample", "roster_faults"}
"""Lists that their own page offers in its own way."""
MASKED = {"register"}
"""Lists with numbers of persons: masked, but for a reason (domain §7.2)."""
NONE = {
    "households.index": "a search, kept narrow for privacy; the register is the list",
    "screening.sheet": "the form (附件) as it is printed",
    "bell.bell": "one's own messages",
    "parameters.lines": "a handful of decisions, shown whole",
    "campaigns.index": "a handful; each has its own figures as a file",
    "samples.index": "a handful; each has its own file",
    "reports.index": "a handful; each is a file",
    "quality_runs.index": "a record of runs; what they found is the list of findings",
    "departments.bars": "parameters, read where they are set",
    "departments.programmes": "tokens of programmes, kept by who looks after accounts",
    "procedures.index": "work of process owners",
    "procedures.show": "work of process owners",
    "entries.index": "entries that wait for a second person, agreed or sent back on the page",
    "alarms.index": "facts for supervisors to look at, not a list to be handed down (R02)",
    "drafts.index": "work of process owners",
    "migrations.show": "work of process owners",
    "ladder.messages": "what is being sent by machines",
    "jobs.index": "what one has started oneself; each has its own page",
    "administration.running": "the machines of the moment",
    "administration.index": "steps that failed, retried by hand",
    "accounts.requests": "answered on the page; the log has them",
    "raising.pick": "to choose from; the hazard's households go out as a list",
    "raising.show": "a part of the hazard's households, which go out as a list",
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
    assert offered | BY_ADDRESS == set(KIT.outgoing)


@pytest.mark.parametrize("name", sorted(KIT.outgoing))
def test_a_list_is_named_and_holds_no_numbers_of_persons(name: str) -> None:
    one = KIT.outgoing[name]
    assert one.title and len(set(one.columns)) == len(one.columns)
    if name in MASKED:
        return
    assert not {"证件号码", "户主证件号码", "联系电话"} & set(one.columns)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_rows_come_back_as_they_were_written_and_never_as_formulas(words: list[str]) -> None:
    clean = [paragraphs(f"={word}") for word in words]
    with streamed.Workbook() as book:
        rows = book.sheet("名单", [f"第{n}列" for n in range(len(words) + 2)], 16)
        rows.write([*clean, 12, Decimal("6310.50")])
        body = book.bytes()
    sheet = openpyxl.load_workbook(io.BytesIO(body))["名单"]
    assert [cell.value for cell in sheet[2]] == [*clean, 12, 6310.5]
    assert {cell.data_type for cell in sheet[2]} <= {"s", "n", "inlineStr"}
    assert sheet.freeze_panes == "A2" and sheet["A1"].font.b
