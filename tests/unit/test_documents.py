"""Papers as PDF and Word: complete, quick, and never read as code."""

from __future__ import annotations

import io
import time
from datetime import date
from pathlib import Path

import docx
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.casework.papers import pdf, word
from engine.casework.papers.contents import Listed, Terms
from engine.casework.papers.fonts import Fonts
from engine.casework.papers.paper import Paper, from_json
from engine.prevention.identification import wordings
from tests.support.typefaces import typeface

TERMS = Terms(
    "拟纳入防止返贫监测对象",
    "经入户核实和民主评议",
    "下庙村",
    "下庙村村民委员会",
    date(2022, 5, 11),
    ends=date(2022, 5, 16),
)
EVIL = ('#panic("x")', "*粗*_斜_", "$x$ \\ ` <a> @b", '"]); #read("/etc/passwd")', "<w:br/>&amp;{{7*7}}")


def notice(count: int, name: str = "王建国") -> Paper:
    """A notice of `count` households."""
    return wordings.notice(
        TERMS, [Listed("下庙村", "东沟组", name, 3, details={"类别": "边缘易致贫户"})] * count
    )


def pdf_text(body: bytes) -> str:
    """The text of a PDF without line breaks."""
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body)).pages).replace("\n", "")


def word_text(body: bytes) -> str:
    """The text of a Word file: lines, then cells."""
    document = docx.Document(io.BytesIO(body))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(line.text for line in document.paragraphs), *cells])


@pytest.mark.duty("R10")
def test_a_notice_says_what_the_law_wants() -> None:
    paper = notice(2)
    for text in (paper.text, word_text(word.render([paper])), pdf_text(pdf.render([paper]))):
        for words in (
            "关于拟纳入防止返贫监测对象的公示",
            "2022年5月11日起",
            "2022年5月16日止",
            "满5天",
            "异议",
            "王建国",
        ):
            assert words in text, words
        assert "下庙村村民委员会" in text
    assert paper.number == ""
    assert from_json(paper.to_json()) == paper


def test_what_people_type_is_shown_and_never_run() -> None:
    for evil in EVIL:
        paper = notice(1, evil)
        shown = pdf_text(pdf.render([paper])).replace(" ", "")
        assert evil.replace(" ", "")[:6] in shown, evil
        assert evil in word_text(word.render([paper]))


def test_two_hundred_rows_take_less_than_two_seconds() -> None:
    pdf.render([notice(1)])
    begun = time.process_time()
    body = pdf.render([notice(200)])
    assert time.process_time() - begun < 2
    assert pdf_text(body).count("王建国") == 200


def test_each_paper_begins_on_a_page_of_its_own() -> None:
    body = pdf.render([notice(1), wordings.approval_form(TERMS, [Listed("下庙村", "", "李秀英", 2)])])
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body)).pages]
    assert len(pages) == 2
    assert "王建国" in pages[0] and "李秀英" in pages[1]
    assert len(docx.Document(io.BytesIO(word.render([notice(1), notice(1)]))).sections) == 2


@pytest.mark.duty("R10")
def test_characters_that_no_font_has_are_told_by_person_and_never_print_as_boxes() -> None:
    paper = wordings.notice(
        TERMS, [Listed("下庙村", "东沟组", name, 3) for name in ("王建国", "王𡛟", "李𨭎\U000e0100")]
    )
    assert paper.lacking(Fonts().lacks) == {"第2行王𡛟": "𡛟", "第3行李𨭎\U000e0100": "𨭎"}
    shown = pdf_text(pdf.render([paper]))
    assert "王〓" in shown and "U+216DF" in shown and "U+28B4E" in shown and "手写补正" in shown
    assert "手写补正" not in pdf_text(pdf.render([notice(2)]))
    assert "王𡛟" in paper.text and "王𡛟" in word_text(
        word.render([paper])
    )  # Word has the office's own fonts


def test_an_offices_own_fonts_come_first(tmp_path: Path) -> None:
    (tmp_path / "a.ttf").write_bytes(typeface("Office Rare", "𡛟"))
    (tmp_path / "b.ttf").write_bytes(typeface("Office Body", "王"))
    (tmp_path / "c.ttf").write_bytes(b"no font")
    fonts = Fonts(tmp_path)
    assert fonts.families == ("Office Rare", "Office Body")
    assert fonts.lacks("王𡛟𨭎建国") == ["𨭎"]
    body = pdf.render([notice(1, "王𡛟")], fonts)
    assert "王𡛟" in pdf_text(body) and "〓" not in pdf_text(body)
    resources = pypdf.PdfReader(io.BytesIO(body)).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    names = " ".join(str(font.get_object()["/BaseFont"]) for font in resources.values())
    assert "OfficeRare" in names and "OfficeBody" in names and "NotoSerif" in names


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8)
)
@settings(max_examples=40, deadline=None)
def test_whatever_a_name_is_written_with_prints_or_is_told(name: str) -> None:
    paper = notice(1, name)
    told = set("".join(paper.lacking(Fonts().lacks).values()))
    shown = set(pdf_text(pdf.render([paper])))
    for character in name:
        assert character in told or character in shown or not character.isprintable() or character.isspace()
