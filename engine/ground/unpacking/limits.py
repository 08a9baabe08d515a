"""How much of a file is read, and what the process that reads it may take."""

from __future__ import annotations

import resource
from typing import Any

MEMORY = 900_000_000
"""Bytes of address space: 200 000 rows of 30 columns fit, and what asks for more is no list of people."""
SECONDS = 60
"""Of the processor."""
MOST_ROWS = 200_000
"""Below the headings, whatever a caller asks for."""
MOST_COLUMNS = 200
MOST_CELL = 2000
"""Characters in one cell."""
HEAD_ROWS = 10
"""The row of headings is among the first ten."""
UNPACKED = 400_000_000
"""Bytes of one sheet: 200 000 rows of 30 columns have 360 MB of XML."""
UNPACKED_TEXTS = 200_000_000
"""Bytes of the texts that cells share."""
UNPACKED_OTHER = 5_000_000
"""Bytes of any other part: formats, names, themes."""
MOST_PARTS = 500
MOST_MARKED = 20_000
"""Cells that are merged away, wait for a formula's result, or hold an error: more is a broken file."""
TOLD_MERGES = 300
"""Merged places among the first `FORM_ROWS` rows: a head of two storeys is read by them."""
FORM_ROWS = 40
MARKS = "shouwang"
"""The hidden sheet in which a template of ours says what it is: a key and a value in each row."""
EXACT = 10**15
"""Excel keeps fifteen digits of a number: the last ones of an ID number are lost."""
TOO_LARGE = "文件超出限制：请删去图片、不用的表和空白处的格式，或者分成几个文件再上传。"
OLD = "这是旧的 .xls（或 WPS 的 .et）格式：请另存为“Excel 工作簿（.xlsx）”再上传。"
Cells = list[Any]
Line = tuple[int, Cells, dict[str, str]]


class Refused(Exception):
    """The file is not read; the text is the sentence for people."""


def bound() -> None:
    """Give up what a file must not take: memory, time, files, other processes' cores.

    Where the surroundings allow still less, theirs holds.
    """
    bounds = {
        resource.RLIMIT_AS: (MEMORY, MEMORY),
        resource.RLIMIT_CPU: (SECONDS, SECONDS + 1),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_CORE: (0, 0),
    }
    for kind, (soft, hard) in bounds.items():
        theirs = resource.getrlimit(kind)[1]
        most = hard if theirs == resource.RLIM_INFINITY else min(hard, theirs)
        resource.setrlimit(kind, (min(soft, most), most))
