"""The periods that the statistics are shown by: the last days, weeks or months, up to today."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.ground.clock import start_of_day

GRAINS = {"day": "按日", "week": "按周", "month": "按月"}
DAYS, WEEKS, MONTHS = 31, 13, 12


@dataclass(frozen=True)
class Span:
    """Consecutive periods of one `grain`, each by its first day in China; the last one is under way."""

    grain: str
    starts: tuple[date, ...]
    today: date

    @property
    def first(self) -> date:
        """The first day."""
        return self.starts[0]

    @property
    def since(self) -> datetime:
        """The instant at which the first day begins."""
        return start_of_day(self.first)

    @property
    def until(self) -> datetime:
        """The instant at which today ends."""
        return start_of_day(self.today + timedelta(days=1))

    @property
    def monthly(self) -> bool:
        """Whether whole months are enough to tell the periods apart."""
        return self.grain == "month"

    def holding(self, day: date) -> date:
        """The start of the period that holds `day`."""
        return self.starts[max(0, bisect_right(self.starts, day) - 1)]

    def words(self, start: date) -> str:
        """A period as a table names it: 5月11日, 5月9日起, 2022年5月."""
        if self.grain == "month":
            return f"{start.year}年{start.month}月"
        return f"{start.month}月{start.day}日" + ("起一周" if self.grain == "week" else "")

    def short(self, start: date) -> str:
        """As `words`, for the foot of a picture."""
        return f"{start.month}月" if self.grain == "month" else f"{start.month}/{start.day}"


def span(grain: str, today: date) -> Span:
    """The periods of `grain` up to `today`; an unknown grain is months."""
    if grain == "day":
        starts = [today - timedelta(days=back) for back in range(DAYS)]
    elif grain == "week":
        monday = today - timedelta(days=today.weekday())
        starts = [monday - timedelta(weeks=back) for back in range(WEEKS)]
    else:
        return months(MONTHS, today)
    return Span(grain, tuple(reversed(starts)), today)


def months(count: int, today: date) -> Span:
    """The last `count` months up to `today`, by month."""
    starts = [today.replace(day=1)]
    while len(starts) < count:
        starts.append((starts[-1] - timedelta(days=1)).replace(day=1))
    return Span("month", tuple(reversed(starts)), today)
