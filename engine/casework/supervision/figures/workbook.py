"""The statistics of a division as an Excel file: by period, by division, by step,
and what each figure means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.casework.models import Division
from engine.casework.organisation import access
from engine.casework.supervision.figures.cards import Card, Cell, Shown
from engine.casework.supervision.figures.definitions import WORDS
from engine.casework.supervision.figures.facts import STEP
from engine.casework.supervision.figures.periods import Span
from engine.casework.supervision.figures.reading import StepFigures, Totals
from engine.ground.clock import written_moment
from engine.ground.sheets import Book


def workbook(
    place: Division,
    span: Span,
    counted_at: datetime | None,
    found: Sequence[Shown],
    children: Sequence[tuple[Division, Totals]],
    steps: Sequence[StepFigures],
    names: Mapping[str, str],
) -> bytes:
    """The file's bytes; `names` are the procedures' by key."""
    book = Book()
    sheets = _Sheets(book)
    until = f"算至 {written_moment(counted_at)}" if counted_at else "还没有算过"
    title = f"{place.path} {span.words(span.first)}至{span.today.month}月{span.today.day}日，{until}"
    cards = [one.card for one in found]
    rows = [
        [span.words(start), *(value for one in found for value in dict(one.periods)[start])]
        for start in span.starts
    ]
    sheets.table(
        "按时间",
        title,
        ["时间", *_heads(cards)],
        [*rows, ["合计", *(v for s in found for v in s.whole)]],
        cards,
    )
    sheets.table(
        "按地方",
        title,
        ["地方", *_heads(cards)],
        [
            [one.name + "本级" * (one.code == place.code), *(v for card in cards for v in card.row(totals))]
            for one, totals in children
        ],
        cards,
    )
    head = [
        "流程",
        "环节",
        "办理层级",
        "办结",
        "中位用时（小时）",
        "九成用时不超过（小时）",
        "退回",
        "待办",
        "超期",
        "临期",
    ]
    sheets.table(
        "按环节",
        title,
        head,
        [
            [
                names.get(s.procedure_key, ""),
                s.name,
                access.QUEUE_NAMES[s.queue],
                s.hours.total,
                s.hours.median,
                s.hours.p90,
                s.returned,
                s.waiting.count,
                s.waiting.red,
                s.waiting.yellow,
            ]
            for s in steps
        ],
    )
    meanings = [[card.title, card.words] for card in cards] + [
        ["环节用时", WORDS[STEP]],
        ["待办", WORDS["waiting"]],
    ]
    sheets.table("口径", "每个数怎么算", ["指标", "口径"], meanings, wide=True)
    return book.bytes()


def _heads(cards: Sequence[Card]) -> list[str]:
    return [
        column.name if column.name == card.title else f"{card.title}：{column.name}"
        for card in cards
        for column in card.columns
    ]


class _Sheets:
    """Sheets with a title line, a head and rows."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def table(
        self,
        name: str,
        title: str,
        head: Sequence[str],
        rows: Sequence[Sequence[Cell | str]],
        cards: Sequence[Card] = (),
        *,
        wide: bool = False,
    ) -> None:
        """One sheet; the columns of `cards` tell which values are shares."""
        sheet = self._book.sheet(name)
        sheet.cell(0, 0, title, self._book.bold)
        sheet.head(1, head, self._book.heading, 1)
        sheet.widths(0, 0, 22)
        sheet.widths(1, max(1, len(head) - 1), 90 if wide else 13, self._book.wrap if wide else None)
        shares = {
            index + 1
            for index, unit in enumerate(c.unit for card in cards for c in card.columns)
            if unit == "share"
        }
        for line, row in enumerate(rows, start=2):
            for at, value in enumerate(row):
                sheet.cell(line, at, value, self._book.share if at in shares else None)
