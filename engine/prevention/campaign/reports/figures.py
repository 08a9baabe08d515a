"""The figures of a report: tables of what the system counts anyway, so that nobody counts for it (R41, Q81).

They are made once and kept: what a report says of a day stays, whatever the register says later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from engine.casework.models import LEVELS, Division
from engine.casework.organisation import access, divisions
from engine.casework.supervision import counting
from engine.casework.supervision.figures import cards, reading
from engine.casework.supervision.figures.cards import Card, Cell
from engine.casework.supervision.figures.periods import Span
from engine.casework.supervision.limits import LimitFilter
from engine.ground.clock import local_date, written, written_moment
from engine.prevention.campaign import coverage
from engine.prevention.models import Campaign, Household, Member
from engine.prevention.register.households.finding import there
from engine.prevention.register.naming import CATEGORY_NAMES

WHOLE = "合计"
MONITORED = "监测对象"
"""The title of the table that a report is told by."""
COUNT = ""
WORDS = "words"
"""The unit of a column of texts; the others are those of `cards.Column`."""


@dataclass(frozen=True)
class Head:
    """A column: what it is called, and what its values count."""

    name: str
    unit: str = COUNT


@dataclass(frozen=True)
class Sheet:
    """One table of the figures. Shares are between 0 and 1; a value that cannot be told is None."""

    title: str
    note: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[str | Cell, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return asdict(self)

    def said(self, row: Sequence[str | Cell]) -> tuple[str, ...]:
        """A row as people read it."""
        return tuple(
            value if isinstance(value, str) else cards.said(value, head.unit)
            for head, value in zip(self.heads, row, strict=True)
        )


def from_json(stored: Mapping[str, Any]) -> Sheet:
    """The table that `to_json` stored."""
    heads = tuple(Head(**head) for head in stored["heads"])
    return Sheet(stored["title"], stored["note"], heads, tuple(tuple(row) for row in stored["rows"]))


@dataclass(frozen=True)
class Asked:
    """What the figures are about: a division and what lies right below it, from a day to another."""

    place: Division
    below: Sequence[Division]
    starts_on: date
    ends_on: date
    now: datetime

    @property
    def today(self) -> date:
        """The day on which the figures are made."""
        return local_date(self.now)

    @property
    def span(self) -> Span:
        """The days that are counted."""
        return Span("day", (self.starts_on,), min(self.ends_on, self.today))

    @property
    def words(self) -> str:
        """The days, as a note names them."""
        return f"{written(self.starts_on)}至{written(self.span.today)}"


def asked(session: Session, code: str, starts_on: date, ends_on: date, now: datetime) -> Asked:
    """The figures of the division `code`. Raises NotFound."""
    place = divisions.get(session, code)
    return Asked(place, divisions.children(session, code), starts_on, ends_on, now)


def sheets(session: Session, wanted: Asked, campaigns: Sequence[Campaign]) -> list[Sheet]:
    """All tables of a report, in their order."""
    return [
        _progress(session, wanted, campaigns),
        _monitored(session, wanted),
        *_work(session, wanted),
        _limits(session, wanted),
    ]


def _places(first: str, wanted: Asked) -> Head:
    below = LEVELS[min(LEVELS.index(wanted.place.level) + 1, len(LEVELS) - 1)]
    return Head({"county": "县（市、区）", "township": "乡镇（街道）"}.get(below, first), WORDS)


def _progress(session: Session, wanted: Asked, campaigns: Sequence[Campaign]) -> Sheet:
    """排查进度 (R03, R37): the campaigns that the report sums up, county by county."""
    places = coverage.totals(session, campaigns)
    rows: list[tuple[str | Cell, ...]] = [
        (places[one.id].name, one.name, *_of_place(places[one.id])) for one in campaigns
    ]
    if len(rows) > 1:
        counts = [sum(int(row[at] or 0) for row in rows) for at in range(2, 8)]
        entered = counts[1] + counts[2] + counts[3]
        rows.append((WHOLE, "", *counts, min(1.0, entered / counts[0]) if counts[0] else None))
    names = ("农户", "已排查", "不在家", "拒绝", "未排查", "转入核实")
    heads = (
        Head("县（市、区）", WORDS),
        Head("集中排查", WORDS),
        *map(Head, names),
        Head("排查进度", "share"),
    )
    note = f"截至{written_moment(wanted.now)}" if rows else "本期没有开展集中排查"
    return Sheet("集中排查进度", note, heads, tuple(rows))


def _of_place(place: coverage.Place) -> tuple[Cell, ...]:
    counts = (place.households, place.done, place.absent, place.refused, place.waiting, place.flagged)
    return (*counts, place.share if place.households else None)


_MONITORED = Household.status.in_(("monitored", "eliminated"))


def _monitored(session: Session, wanted: Asked) -> Sheet:
    """监测对象 (R01, R17, R25): how many there are, and what became of them in the days of the report."""
    households, people = _households(session, wanted), _people(session, wanted)
    counts = [_of_monitored(households.get(one.code, _NONE), people.get(one.code, 0)) for one in wanted.below]
    total = _sums(counts, len(_NONE) + 1)
    rows: list[tuple[str | Cell, ...]] = [
        (one.name, *told) for one, told in zip(wanted.below, counts, strict=True)
    ]
    names = ("户数", "人数", *CATEGORY_NAMES.values(), "未消除风险", "已消除风险")
    period = ("本期新纳入", "本期消除风险", "本期清退")
    heads = (_places("村（社区）", wanted), *map(Head, (*names, *period)))
    note = f"{written(wanted.today)}在册；本期为{wanted.words}"
    return Sheet(MONITORED, note, heads, (*rows, (WHOLE, *total)))


def _sums(counts: Sequence[Sequence[int]], width: int) -> tuple[int, ...]:
    return tuple(sum(row[at] for row in counts) for at in range(width))


_NONE = (0,) * 9


def _of_monitored(households: tuple[int, ...], people: int) -> tuple[int, ...]:
    return (households[0], people, *households[1:])


def _households(session: Session, wanted: Asked) -> dict[str, tuple[int, ...]]:
    """Monitored, of each category, not eliminated, eliminated; taken in, eliminated and cleared in the days:
    by place, in one query.
    """
    categories = [_MONITORED & (Household.category == code) for code in CATEGORY_NAMES]
    span = wanted.span
    within = [
        day.between(span.first, span.today)
        for day in (Household.monitored_on, Household.eliminated_on, Household.cleared_on)
    ]
    states = [Household.status == "monitored", Household.status == "eliminated"]
    conditions = [_MONITORED, *categories, *states, *within]
    place = _place(wanted)
    query = select(place, *(func.sum(case((one, 1), else_=0)) for one in conditions))
    query = query.where(access.within(Household.village_code, [access.scope_of(wanted.place.code)]), there())
    return {row[0].ljust(12, "0"): tuple(row[1:]) for row in session.execute(query.group_by(place))}


def _people(session: Session, wanted: Asked) -> dict[str, int]:
    place = _place(wanted)
    query = select(place, func.count()).select_from(Member).join(Household)
    query = query.where(
        access.within(Household.village_code, [access.scope_of(wanted.place.code)]), _MONITORED, there()
    )
    return {row[0].ljust(12, "0"): row[1] for row in session.execute(query.group_by(place))}


def _place(wanted: Asked) -> ColumnElement[str]:
    """SQL: the division right below, as the digits that it begins with."""
    level = wanted.below[0].level if wanted.below else "village"
    return func.substr(Household.village_code, 1, access.PREFIX_LENGTH[level])


def _work(session: Session, wanted: Asked) -> list[Sheet]:
    """办理情况: the statistics of the days as a whole with how each is counted, then the limits by place (R02:
    as they are, without ranks).
    """
    limits = [one for one in reading.limits(session) if one.days is not None]  # not those of such reports
    found = cards.cards(limits)
    totals = reading.by_child(session, wanted.place, wanted.span)
    whole = reading.total_of(totals.values())
    rows = [
        (_called(card, at), cards.said(value, card.columns[at].unit))
        for card in found
        for at, value in enumerate(card.row(whole))
    ]
    heads = (Head("指标", WORDS), Head("数量", WORDS))
    return [
        Sheet("办理情况", f"{wanted.words}，不含未办结的", heads, tuple(rows)),
        _by_place(wanted, [one for one in found if one.element], totals),
    ]


def _called(card: Card, at: int) -> str:
    name = card.columns[at].name
    return name if name == card.title else f"{card.title}：{name}"


def _by_place(wanted: Asked, limits: Sequence[Card], totals: Mapping[str, reading.Totals]) -> Sheet:
    heads = [
        Head(f"{card.title}：{column.name}", column.unit if column.unit == "share" else COUNT)
        for card in limits
        for column in card.columns[:2]
    ]
    rows = [
        (name, *(value for card in limits for value in card.row(of)[:2]))
        for name, of in [
            *((one.name, totals.get(one.code, reading.Totals())) for one in wanted.below),
            (WHOLE, reading.total_of(totals.values())),
        ]
    ]
    head = _places("村（社区）", wanted)
    return Sheet("各地按时办理情况", wanted.words, (head, *heads), tuple(rows))


def _limits(session: Session, wanted: Asked) -> Sheet:
    """在办事项的期限: what is overdue or near it at this moment."""
    found = counting.by_child(session, wanted.place, LimitFilter(), wanted.now)
    rows = [(one.name, *_of_lamps(found.get(one.code, counting.Lamps()))) for one in wanted.below]
    own = found.get(wanted.place.code)
    if own is not None:  # such as this report: what is nobody's below counts too
        rows.append((f"{wanted.place.name}本级", *_of_lamps(own)))
    total = _sums([told for _, *told in rows], 4)
    heads = (_places("村（社区）", wanted), *map(Head, ("在办期限", "超期", "临期", "期内")))
    note = f"截至{written_moment(wanted.now)}"
    return Sheet("在办事项的期限", note, heads, (*rows, (WHOLE, *total)))


def _of_lamps(lamps: counting.Lamps) -> tuple[int, int, int, int]:
    return lamps.total, lamps.red, lamps.yellow, lamps.green
