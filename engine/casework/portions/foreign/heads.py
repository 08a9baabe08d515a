"""The head of a form: which rows it has, what each column asks for, and where rows are to be written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.ground import text
from engine.ground.rows import heading
from engine.ground.unpacking import limits
from engine.ground.workbooks import Line, refused

MOST_LINES = 2000
"""Lines of an empty form."""
STOREYS = 4
"""Rows of one head."""
_NUMBERS = re.compile(
    r"[（(]?\d{1,3}[)）]?|[甲乙丙丁戊己庚辛]|栏次|序号|[（(]?[一二三四五六七八九十]{1,3}[)）]?"
)
"""What the row that numbers the columns holds."""
_NOTHING = ("", "0")
"""What a formula of an empty form comes to; where it comes to an error, the cell has a flag."""
_FOOT = re.compile(
    r"(填表|填报|制表|审核|复核|经办|负责|联系|单位|合计|总计|小计|注|说明|备注|主要领导|分管|盖章|签字|日期|年月日)"
)


@dataclass(frozen=True)
class Column:
    """A column of a form: its place from 0, and its headings from the top storey down."""

    place: int
    path: Sequence[str]

    @property
    def title(self) -> str:
        """As people read it."""
        return "／".join(self.path)


@dataclass(frozen=True)
class Head:
    """Where a form's head is, and where its rows begin and end (rows from 1)."""

    columns: Sequence[Column]
    title: str
    """What stands over the head."""
    first: int
    """The first row to write."""
    foot: int
    """The first row below those to be filled in: signatures, sums, notes, or the form's end."""


Known = Callable[[Sequence[str]], bool]
Grid = Mapping[int, Sequence[str]]


def found(lines: Sequence[Line], merges: Sequence[Sequence[int]], known: Known, examples: str = "") -> Head:
    """The head of a form. `known`: whether headings, from the top down, name something that is ours;
    `examples` of such headings, for people.

    Raises Invalid for a form without a head that anybody knows, and for one that is filled in already.
    """
    grid = _grid(lines, merges)
    top, bottom = _storeys(grid, merges, known, examples)
    columns = _columns(grid, top, bottom)
    seen = [one for one in columns if known(one.path)]
    if len(seen) < min(2, len(columns)):
        raise refused(
            f"没有认出这张表的表头：前 {limits.HEAD_ROWS} 行里至少要有两个登记簿里有的栏目{examples}。"
        )
    for line in lines:
        if line.hidden and top <= line.number <= bottom:
            raise refused(f"表头（第 {line.number} 行）在表里是隐藏的：请取消隐藏再上传。")
    first = _after_numbers(lines, bottom)
    foot = _foot(lines, first, merges, len(columns))
    title = next((_first(grid[row]) for row in sorted(grid) if row < top and _first(grid[row])), "")
    return Head(columns, title[:100], first, foot)


def _grid(lines: Sequence[Line], merges: Sequence[Sequence[int]]) -> dict[int, list[str]]:
    """The first rows; a merged place says in each of its cells what it says in its first."""
    last = max((line.number for line in lines[: STOREYS + limits.HEAD_ROWS]), default=0)
    grid = {line.number: [text.line(cell) for cell in line.cells] for line in lines if line.number <= last}
    for top, left, bottom, right in merges:
        row = grid.get(top + 1, [])
        words = row[left] if left < len(row) else ""
        for number in range(top + 1, min(bottom + 1, last) + 1):
            cells = grid.setdefault(number, [])
            cells += [""] * (right + 1 - len(cells))
            cells[left : right + 1] = [words] * (right + 1 - left)
    return grid


def _storeys(grid: Grid, merges: Sequence[Sequence[int]], known: Known, examples: str) -> tuple[int, int]:
    """The first and the last row of the head: the row that names most of what is ours, and those that are
    merged with it or stand over or under its cells.
    """
    rows = sorted(grid)[: limits.HEAD_ROWS]
    marks = {row: sum(known([words]) for words in set(grid[row]) if words) for row in rows}
    best = max(rows, key=lambda row: (marks[row], -row), default=0)
    if not marks.get(best):
        raise refused(f"没有认出这张表的表头：前 {limits.HEAD_ROWS} 行里没有登记簿里有的栏目{examples}。")
    top = bottom = best
    for _ in range(STOREYS):
        for first, _, last, _ in merges:
            if last > first and first + 1 <= bottom and last + 1 >= top:
                top, bottom = min(top, first + 1), max(bottom, last + 1)
    spans = [one for one in merges if one[0] == one[2] and one[3] > one[1]]
    if any(one[0] + 1 == bottom for one in spans) and _has_words(grid, bottom + 1):
        bottom += 1
    if len({one[1] for one in spans if one[0] + 1 == top - 1}) > 1:
        top -= 1
    if bottom - top >= STOREYS:
        raise refused(f"表头超过 {STOREYS} 行：请改成 {STOREYS} 行以内再上传。")
    return top, bottom


def _has_words(grid: Grid, row: int) -> bool:
    return any(words and not _NUMBERS.fullmatch(words) for words in grid.get(row, ()))


def _columns(grid: Grid, top: int, bottom: int) -> list[Column]:
    storeys = [grid.get(row, ()) for row in range(top, bottom + 1)]
    width = min(max((len(row) for row in storeys), default=0), limits.MOST_COLUMNS)
    answer = []
    for place in range(width):
        path = [row[place] for row in storeys if place < len(row) and row[place]]
        path = [words for at, words in enumerate(path) if at == 0 or words != path[at - 1]]
        answer.append(Column(place, path))
    return answer


def _after_numbers(lines: Sequence[Line], bottom: int) -> int:
    """The first row below the head and the row that numbers its columns."""
    after = next((line for line in lines if line.number == bottom + 1), None)
    said = [cell for cell in after.cells if cell] if after is not None else []
    if len(said) > 1 and all(_NUMBERS.fullmatch(cell) for cell in said):
        return bottom + 2
    return bottom + 1


def _foot(lines: Sequence[Line], first: int, merges: Sequence[Sequence[int]], width: int) -> int:
    """The first row of the foot; without one, the row below the last. Raises Invalid for rows that are
    filled in: only an empty form is filled.
    """
    wide = {one[0] + 1 for one in merges if one[3] - one[1] + 1 > width // 2 > 0}
    last = max((line.number for line in lines), default=0)
    for line in lines:
        said = [
            cell for place, cell in enumerate(line.cells) if cell not in _NOTHING and place not in line.flags
        ]
        if line.number < first or not said:
            continue
        if (
            line.number in wide
            or _FOOT.match(heading(said[0]).lstrip("0123456789."))
            or said[0].endswith(("：", ":"))
        ):
            return line.number
        if len(said) > 1 or not _NUMBERS.fullmatch(said[0]):
            raise refused(
                f"第 {line.number} 行已有内容（{said[0][:12]}…）：这里只填空表，请删去表头下面的内容再上传。"
            )
    return max(last + 1, first)


def _first(cells: Sequence[str]) -> str:
    return next((words for words in cells if words), "")
