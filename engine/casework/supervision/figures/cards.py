"""The headline figures as the page, the Excel file and the tests share them: a card each,
by period and by division.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from engine.casework import kit
from engine.casework.kit import Result
from engine.casework.supervision.figures.definitions import WORDS
from engine.casework.supervision.figures.facts import LIMIT, NOTICE, OPENED, PASSED, RETURNED
from engine.casework.supervision.figures.periods import Span
from engine.casework.supervision.figures.reading import Limit, Spread, Totals, total_of

Cell = int | float | None
"""A count, a share between 0 and 1, or nothing to tell."""


@dataclass(frozen=True)
class Column:
    """A column of a card's table."""

    name: str
    unit: str
    """``share``, ``days`` or a counting word."""
    value: Callable[[Totals], Cell]


@dataclass(frozen=True)
class Card:
    """One figure: how it is counted, called and drawn."""

    key: str
    measure: str
    title: str
    columns: Sequence[Column]
    words: str
    short: str = ""
    procedure: str = ""
    element: str = ""
    lead: int = 0
    """The column that is shown large."""
    drawn: tuple[int, int | None] = (0, None)
    """The columns drawn as bars: all, and the part that is set apart."""

    def row(self, totals: Totals) -> list[Cell]:
        """The card's values of some totals."""
        return [column.value(totals) for column in self.columns]


@dataclass(frozen=True)
class Shown:
    """A card with its values: over all of the span, and by period."""

    card: Card
    whole: Sequence[Cell]
    periods: Sequence[tuple[date, Sequence[Cell]]]


def cards(limits: Sequence[Limit]) -> list[Card]:
    """All cards: a card for each limit of the diagrams in force, the longest first, then notices,
    returns and plain counts (R02).
    """
    return [
        *(_limit_card(limit) for limit in sorted(limits, key=lambda limit: -(limit.days or 0))),
        Card(
            "notice",
            NOTICE,
            "公示与异议",
            [
                Column("公示", "次", lambda t: t.count(NOTICE)),
                Column("有异议", "次", lambda t: t.opposed),
                Column(
                    "有异议的占比",
                    "share",
                    lambda t: t.opposed / t.count(NOTICE) if t.count(NOTICE) else None,
                ),
            ],
            WORDS[NOTICE],
            drawn=(0, 1),
        ),
        _count("returned", RETURNED, "退回", "次"),
        _count("opened", OPENED, "立案和启动", "件"),
        *(_result_card(title, of) for title, of in _by_card().items()),
    ]


def _by_card() -> dict[str, list[Result]]:
    """What the field counts, by the title of the card."""
    found: dict[str, list[Result]] = {}
    for result in kit.used().results:
        found.setdefault(result.card or result.title, []).append(result)
    return found


def _result_card(title: str, of: Sequence[Result]) -> Card:
    words = "".join(f"{one.title}：{one.words}" for one in of) if len(of) > 1 else of[0].words
    return Card(of[0].name, of[0].name, title, [_result_column(one) for one in of], words)


def _result_column(result: Result) -> Column:
    return Column(result.title, result.unit, lambda totals: totals.count(result.name))


def _count(key: str, measure: str, title: str, unit: str) -> Card:
    return Card(key, measure, title, [Column(title, unit, lambda t: t.count(measure))], WORDS[measure])


def _limit_card(limit: Limit) -> Card:
    at = (limit.procedure_key, limit.element_id)

    def spread(totals: Totals) -> Spread:
        return totals.spread(LIMIT, *at)

    columns = [
        Column("有结论", "件", lambda t: spread(t).total),
        Column("按时率", "share", lambda t: spread(t).share),
        Column("超期才有结论", "件", lambda t: spread(t).total - spread(t).kept),
        Column("期内届满", "件", lambda t: t.count(PASSED, *at)),
    ]
    if limit.days is not None:
        columns += [
            Column("中位用时", "days", lambda t: limit.used(spread(t).median)),
            Column("九成用时不超过", "days", lambda t: limit.used(spread(t).p90)),
        ]
    days = f"{limit.days}天内" if limit.days is not None else f"“{limit.name}”前"
    return Card(
        f"limit:{limit.procedure_key}:{limit.element_id}",
        LIMIT,
        f"{limit.procedure}：{days}有结论",
        columns,
        WORDS[LIMIT] + "期内届满：" + WORDS[PASSED],
        limit.procedure,
        *at,
        lead=1,
        drawn=(0, 2),
    )


def shown(found: Sequence[Card], periods: Mapping[date, Totals], span: Span) -> list[Shown]:
    """The cards with their values."""
    whole = total_of(periods.values())
    return [
        Shown(card, card.row(whole), [(start, card.row(periods[start])) for start in span.starts])
        for card in found
    ]


def said(value: Cell, unit: str) -> str:
    """A value as people read it: 92.3%, 9天, 1,204."""
    if value is None:
        return "—"
    if unit == "share":
        return f"{value:.1%}"
    return f"{value}天" if unit == "days" else f"{value:,}"
