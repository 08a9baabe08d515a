"""Tables that people send: what is read, and what is refused with which words."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from engine.ground import rows
from engine.ground.errors import Invalid
from tests.support import workbooks

COLUMNS = {"username": ["账号"], "name": ["姓名", "名字"], "phone": ["电话"]}


def workbook(*lines: list[object]) -> bytes:
    """An .xlsx of one sheet."""
    return workbooks.made(lines)


def texts(body: bytes, filename: str = "表.xlsx", most: int = 100) -> list[tuple[int, tuple[str, ...]]]:
    """What is read, as plain tuples."""
    return [(row.number, tuple(row.cells.values())) for row in rows.read(body, filename, COLUMNS, most=most)]


def test_headings_are_found_below_a_title_in_any_order_and_width() -> None:
    body = workbook(
        ["账号一览表"], [], ["电话", " 名 字 ", "备注", "账号（必填）*"], [], ["1", "甲", "x", "ａ"]
    )
    assert texts(body) == [(5, ("ａ", "甲", "1"))]


def test_what_cells_hold_becomes_the_text_that_people_see() -> None:
    whole, day = 410325103202, datetime(2026, 10, 1)
    body = workbook(["账号", "姓名", "电话"], [whole, day, 13812345678.0], [True, date(2026, 2, 8)])
    assert texts(body) == [
        (2, ("410325103202", "2026-10-01", "13812345678")),
        (3, ("是", "2026-02-08", "")),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", "\t", "，", "、"])
def test_texts_of_every_kind_of_programme_are_read(encoding: str, mark: str) -> None:
    body = "\r\n".join(mark.join(line) for line in (("账号", "姓名"), ("a", "張三"), ("", ""), ("b", "李四")))
    assert [cells[:2] for _, cells in texts(body.encode(encoding), "表.csv")] == [
        ("a", "張三"),
        ("b", "李四"),
    ]


def test_a_pasted_table_needs_no_headings() -> None:
    days = {"day": ["日期"], "name": ["节日"]}
    for words in ("2027-01-01\t元旦\n2027-02-06\t春节", "日期 节日\n2027-01-01 元旦\n\n2027-02-06　春节"):
        found = [dict(row.cells) for row in rows.pasted(words, days, most=9)]
        assert found == [{"day": "2027-01-01", "name": "元旦"}, {"day": "2027-02-06", "name": "春节"}]
    assert [row.number for row in rows.pasted("2027-01-01\n2027-01-02", {"day": ["日期"]}, most=9)] == [1, 2]


REFUSED = [
    (b"", "空的"),
    (bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 600, "旧的 .xls"),
    (b"PK\x03\x04" + b"\0" * 50, "打不开"),
    (workbook(["随便", "什么"], ["a", "b"]), "没有找到表头"),
    (workbook(["账号", "姓名"], *([str(n), "甲"] for n in range(101))), "超过 100 行"),
    (workbook(["账号", "姓名"], ["a", "甲" * 2001]), "第 2 行有一格超过"),
    (workbook(["账号", "姓名"], [410325198001011234, "甲"]), "后几位已丢失"),
    (workbook(["账号", "姓名"], ["a", "=1+1"]), "公式还没有算出结果"),
    (workbook(["账号", "姓名", *["x"] * 199]), "最多 200 列"),
]


@pytest.mark.parametrize(("body", "sentence"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_cannot_be_read_whole_is_refused_with_a_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as refused:
        texts(body)
    assert refused.value.fields["file"]


@pytest.mark.parametrize("name", ["表.csv", "表.xlsx", "pasted"])
def test_marks_by_which_digits_are_kept_are_no_part_of_them_and_lost_digits_are_told(name: str) -> None:
    def told(number: str) -> str:
        line = ["neu", "甲", number]
        if name == "表.xlsx":
            return texts(workbook(["账号", "姓名", "电话"], line), name)[0][1][2]
        words = f"账号\t姓名\t电话\nneu\t甲\t{number}"
        if name == "pasted":
            return rows.pasted(words, COLUMNS, most=9)[0].cells["phone"]
        return texts(words.encode(), name)[0][1][2]

    for written in ("'013812345678", "’013812345678", "013812345678"):
        assert told(written) == "013812345678"
    for kept in ("3e15", "O'Brien", "'甲'", "1.5", "E+11"):
        assert told(kept) == kept
    with pytest.raises(Invalid, match=r"缩写成“1\.38123E\+10”"):
        told("1.38123E+10")


def test_a_text_written_as_a_formula_for_its_digits_is_the_text() -> None:
    body = '账号,姓名,电话\nneu,甲,"=""013812345678"""'.encode()
    assert texts(body, "表.csv") == [(2, ("neu", "甲", "013812345678"))]
