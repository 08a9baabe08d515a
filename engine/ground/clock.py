"""The only place that asks for the time, so that tests, the dry run and the demo can move it."""

from __future__ import annotations

import time
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
"""Legal days are days in this zone; the database keeps UTC."""


class Clock(Protocol):
    """Anything that tells the time."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        return datetime.now(UTC)


class MovableClock:
    """The machine's clock plus an offset, or a frozen instant: for tests, the dry run and the demo."""

    def __init__(self, at: datetime | None = None, offset: Callable[[], timedelta] | None = None) -> None:
        self._at = at.astimezone(UTC) if at else None
        self._offset = offset or (lambda: timedelta(0))

    def now(self) -> datetime:
        """The frozen instant, or the machine's time moved by the offset."""
        return self._at if self._at is not None else datetime.now(UTC) + self._offset()

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still until it is moved."""
        return self._at is not None

    def set(self, at: datetime) -> None:
        """Freeze the clock at `at` (aware)."""
        self._at = at.astimezone(UTC)

    def advance(self, step: timedelta) -> None:
        """Move a frozen clock forward by `step`."""
        self.set(self.now() + step)


SYSTEM = SystemClock()


def stopwatch() -> Callable[[], float]:
    """A function that answers how many seconds have gone by since this call: effort, not a time of day."""
    begun = time.monotonic()
    return lambda: time.monotonic() - begun


def local_date(instant: datetime) -> date:
    """The calendar day in China of an aware `instant`."""
    return instant.astimezone(CHINA).date()


def written(day: date) -> str:
    """A day as papers write it, months and days without zeros: 2022年5月11日."""
    return f"{day.year}年{day.month}月{day.day}日"


def written_moment(instant: datetime) -> str:
    """An aware instant as papers write it, in China: 2022年5月11日 14:05, 2022年5月11日零时."""
    local = instant.astimezone(CHINA)
    hour = "零时" if not (local.hour or local.minute) else f" {local:%H:%M}"
    return written(local.date()) + hour


WAITED = timedelta(minutes=1)
"""As long as somebody waits, at most, between reading a clock and the turn: for a lock, for the server."""


def not_before(now: datetime, last: datetime | None) -> datetime:
    """The instant of an act whose turn comes after that of `last`: `now`, but no earlier.

    Whoever had to wait has read the clock before the other's act was done; that act came first all the same.
    A clock that was found wrong and put back rules from then on.
    """
    return last if last is not None and now < last <= now + WAITED else now


def start_of_day(day: date) -> datetime:
    """00:00 in China of `day`, aware."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


def months_later(day: date, months: int, on: int | None = None) -> date:
    """The day `months` calendar months after `day` (before it, where negative), on day `on` of the month,
    else its own.

    A month that is too short gives its last day: 31 August and six months is 28 or 29 February.
    """
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(on or day.day, monthrange(year, month)[1]))


def days_after(day: date, days: int) -> datetime:
    """The first instant after `days` full days following `day`:
    00:00 of day + days + 1 (the start day never counts).
    """
    return start_of_day(day + timedelta(days=days + 1))
