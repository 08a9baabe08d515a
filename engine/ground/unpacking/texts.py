"""Rows of a text: CSV as Excel, WPS and notepads write it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator

from engine.ground.unpacking.limits import MOST_COLUMNS, Refused

_BETWEEN = re.compile(r"""[^\s,"]"?\t+"?[^\s,"]""")
"""A tab that parts two texts; at a comma it only makes Excel keep a number's digits."""


def require_text(body: bytes, ending: str) -> None:
    start = body[:2000].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<html", b"<!doctype html", b"<table", b"<meta")) or b"<table" in start:
        raise Refused("这是网页，只是名字像表格：请用 Excel 打开，另存为“Excel 工作簿（.xlsx）”再上传。")
    if start.startswith(b"<?xml"):
        raise Refused("这是 XML 文件：请用 Excel 打开，另存为“Excel 工作簿（.xlsx）”再上传。")
    if start.startswith((b"%pdf", b"\xff\xd8\xff", b"\x89png", b"rar!", b"7z\xbc")):
        raise Refused("这是 PDF、图片或压缩包，不是表格：请上传 Excel（.xlsx）或 CSV 文件。")
    if ending not in ("csv", "tsv", "txt", "") or (
        b"\0" in start and start[:2] not in (b"\xff\xfe", b"\xfe\xff")
    ):
        raise Refused("只能读 Excel（.xlsx）和 CSV 文件。")


def decoded(body: bytes) -> tuple[str, str]:
    """The text of a file from Excel, WPS or a notepad, and its encoding: UTF-8, UTF-16 with its mark, or
    GB 18030, of which GBK and GB 2312 are parts.
    """
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace"), "UTF-16"
    for encoding, name in (("utf-8-sig", "UTF-8"), ("gb18030", "GBK")):
        try:
            return body.decode(encoding), name
        except UnicodeDecodeError:
            continue
    raise Refused("文件里的文字读不出来：请另存为 UTF-8 编码的 CSV，或者 Excel（.xlsx）。")


def lines(words: str, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """The rows of a text that have anything in them, split as the first lines are.

    With `strict`, as of files, a quotation mark that opens a cell and does not close it is refused: it would
    swallow the rows below. A clipboard's are signs like others.
    """
    split = _split_by(words[:4000])
    number = 0
    try:
        for number, cells in enumerate(split(words, strict), 1):
            if len(cells) > MOST_COLUMNS:
                raise Refused(f"第 {number} 行超过 {MOST_COLUMNS} 列。")
            if any(cell.strip() for cell in cells):
                yield number, list(cells)
    except csv.Error as error:
        sentence = f"第 {number + 1} 行读不出来（引号没有成对，或者一格太长）：请改好，或者另存为 Excel（.xlsx）再上传。"
        raise Refused(sentence) from error


_Split = Callable[[str, bool], Iterable[list[str]]]


def _split_by(sample: str) -> _Split:
    """How rows are split: at tabs, else at commas, else at 、, else at blanks."""
    if "\t" in sample and ("," not in sample or _BETWEEN.search(sample)):
        return lambda words, strict: csv.reader(io.StringIO(words, newline=""), delimiter="\t", strict=strict)
    if "," in sample:
        return lambda words, strict: csv.reader(io.StringIO(words, newline=""), strict=strict)
    marks = next((mark for mark in ("，", "、", ";", "；") if mark in sample), None)
    parting = re.compile(f" *{marks} *" if marks else r"[ \u3000]+")
    return lambda words, _strict: (parting.split(line.strip()) for line in words.splitlines())
