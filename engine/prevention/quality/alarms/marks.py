"""集中标注 and 数目雷同: how a township's marks of a week compare with its own past, and its villages with one
another (Q57, T23). Read from the figures, in which a mark taken back does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework.models import Figure
from engine.casework.organisation import access
from engine.casework.supervision.figures.tiers import Tier
from engine.ground.clock import written
from engine.prevention.models import Alarm
from engine.prevention.quality.alarms.parameters import Parameters

ELIMINATED = "eliminated"
FLAT_WEEKS = 4
"""Weeks over which villages are compared with one another."""
WEEK = timedelta(days=7)
Marks = Mapping[tuple[str, date], int]
"""Marks by village and day."""


def of_county(session: Session, county_code: str, first: date, last: date) -> dict[tuple[str, date], int]:
    """The marks of a county's villages on the days `first` to `last`."""
    place = access.scope_of(county_code)
    query = (
        select(Figure.division_code, Figure.start, func.sum(Figure.count))
        .where(
            Figure.tier == Tier.VILLAGE_DAY,
            Figure.measure == ELIMINATED,
            Figure.start.between(first, last),
            Figure.division_code.between(place.low, place.high),
        )
        .group_by(Figure.division_code, Figure.start)
    )
    return {(code, day): int(count) for code, day, count in session.execute(query) if count}


def alarms(session: Session, county_code: str, week: date, rule: Parameters) -> Iterator[Alarm]:
    """What strikes about a county's townships in the week that begins on `week`."""
    marks = of_county(session, county_code, week - rule.weeks * WEEK, week + WEEK - timedelta(days=1))
    by_township: dict[str, dict[tuple[str, date], int]] = {}
    for (village, day), count in marks.items():
        by_township.setdefault(access.ancestor(village, "township"), {})[village, day] = count
    for code in sorted(by_township):
        for kind, sentence, facts in (
            *_concentrated(by_township[code], week, rule),
            *_flat(by_township[code], week, rule),
        ):
            yield Alarm(kind=kind, place_code=code, sentence=sentence, facts=facts)


def _concentrated(marks: Marks, week: date, rule: Parameters) -> Iterator[tuple[str, str, dict[str, Any]]]:
    days: Counter[date] = Counter()
    for (_, day), count in marks.items():
        days[day] += count
    here = {day: count for day, count in days.items() if day >= week}
    total = sum(here.values())
    average = round(sum(count for day, count in days.items() if day < week) / rule.weeks, 1)
    busiest = max(sorted(here), key=lambda day: here[day], default=week)
    many = total >= rule.week_marks and total > rule.times * average
    if not many and here.get(busiest, 0) < rule.day_marks:
        return
    sentence = (
        f"{written(week)}起的一周标注风险消除 {total} 户，过去 {rule.weeks} 周平均每周 {average:g} 户；"
        f"最多的一天是{written(busiest)}，{here[busiest]} 户。"
    )
    facts = {"total": total, "average": average, "busiest": busiest.isoformat(), "of_day": here[busiest]}
    yield "concentrated", sentence, {**facts, "parameters": asdict(rule)}


def _flat(marks: Marks, week: date, rule: Parameters) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Villages whose numbers are one and the same: most of those with marks at all."""
    since = week - (FLAT_WEEKS - 1) * WEEK
    villages: Counter[str] = Counter()
    for (village, day), count in marks.items():
        if day >= since:
            villages[village] += count
    if not villages or not any(day >= week for _, day in marks):
        return
    (same, many), *_ = Counter(villages.values()).most_common(1)
    if same < rule.flat_marks or many < rule.flat_villages or 2 * many <= len(villages):
        return
    sentence = f"{written(since)}起的四周，有标注的 {len(villages)} 个村里，{many} 个村都正好是 {same} 户。"
    yield (
        "flat",
        sentence,
        {"villages": len(villages), "same": many, "marks": same, "parameters": asdict(rule)},
    )
