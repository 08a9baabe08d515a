"""Excel files: what people typed is text in every cell of every sheet, whatever it begins with."""

from __future__ import annotations

import ast
import gc
import io
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.casework.portions.outgoing import sending
from engine.ground.database import write
from engine.ground.sheets import Book
from engine.ground.text import paragraphs
from engine.prevention.installation import ROOT
from engine.prevention.models import Household
from tests.support import sheets
from tests.support.client import application, signed_in
from tests.support.world import World

TRAPS = (
    "=1+2",
    "+1",
    "-1+2",
    "@SUM(A1)",
    "http://example.com",
    "mailto:a@b.c",
    "internal:A1",
    "{=1}",
    "'x",
    "1e5",
    "007",
)
PAGES = (
    ("xian", "/statistics/statistics.xlsx", "get"),
    ("ducha", "/supervision/export.xlsx", "get"),
    ("xian", "/register/export", "post"),
)


def parts(body: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        for name in book.namelist():
            if name.startswith("xl/worksheets/"):
                yield book.read(name).decode()


def assert_only_text_and_numbers(body: bytes) -> None:
    for part in parts(body):
        assert not re.search(r"<f[ >]|<hyperlink|t=\"(e|b|str)\"", part)


def test_every_workbook_is_written_by_the_one_room_for_sheets() -> None:
    using = set()
    for file in sorted(p for floor in ("engine", "web") for p in (ROOT / floor).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom) and "xlsxwriter" in ast.dump(node):
                using.add(file.relative_to(ROOT))
    streamed = Path("engine/casework/portions/outgoing/streamed.py")  # of it only what columns are called
    assert using == {Path("engine/ground/sheets.py"), streamed}


@given(
    st.lists(st.one_of(st.sampled_from(TRAPS), st.text(max_size=30)), min_size=1, max_size=8), st.booleans()
)
def test_a_cell_reads_back_as_the_text_that_was_written(typed: list[str], streaming: bool) -> None:
    book = Book(streaming=streaming)
    book.sheet("一").row(0, [*typed, 5])
    body = book.bytes()
    assert_only_text_and_numbers(body)
    if not streaming:
        wanted = [paragraphs(one) for one in typed]
        assert [str(cell).replace("_x005F_", "_") for cell in sheets.rows(body)[0][:-1]] == [
            one.replace("_x005F_", "_") for one in wanted
        ]
    assert sheets.rows(body)[0][-1] == 5


@pytest.mark.duty("R14")
def test_names_that_look_like_formulas_are_names_in_every_export(small_world: World) -> None:
    world = small_world
    case = world.approved(name="=1+2", address="http://example.com")
    with write(world.session):
        household = world.session.get_one(Household, case.household_id, populate_existing=True)
        household.group_name, household.head_name = "@SUM(A1)", "=1+2"
        household.members[1].name = "王\x0b伟"
    body, _ = sending.written(world.session, world.official("xian"), "register", {"status": ""}, world.clock)
    assert "=1+2" in sheets.rows(body)[1] and "@SUM(A1)" in sheets.rows(body)[1]
    assert_only_text_and_numbers(body)
    app = application(world)
    for username, path, method in PAGES:
        answer = getattr(signed_in(app, world.official(username)), method)(path)
        assert answer.status_code == 200, path
        assert_only_text_and_numbers(answer.data)


def test_a_sheet_takes_any_name_and_nobody_elses() -> None:
    book = Book(streaming=True)
    for name in ("甲/乙[1]", "'x'", "Options", "shouwang", "表", "表", "长" * 40, "长" * 40, ""):
        book.sheet(name)
    book.options({"list_1": ["是"]})
    book.marks("shouwang", {"kind": "x"})
    names = openpyxl.load_workbook(io.BytesIO(book.bytes())).sheetnames
    assert len({one.casefold() for one in names}) == 11 and names[:2] == ["甲 乙 1", "x"]


def test_of_a_book_that_is_not_finished_no_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    book = Book(streaming=True)
    book.sheet("名单").text(0, 0, "张三", book.typed)
    assert list(tmp_path.rglob("*"))
    del book
    gc.collect()
    assert not list(tmp_path.rglob("*"))
