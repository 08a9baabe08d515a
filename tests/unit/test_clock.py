"""How days are counted."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from engine.ground.clock import CHINA, MovableClock, days_after, local_date


@pytest.mark.duty("R10", "R15")
def test_a_maximum_passes_and_a_minimum_is_met_at_the_same_instant() -> None:
    assert days_after(date(2022, 5, 11), 5) == datetime(2022, 5, 17, tzinfo=CHINA)
    assert days_after(date(2022, 5, 5), 15) == datetime(2022, 5, 21, tzinfo=CHINA)
    assert days_after(date(2020, 2, 25), 5) == datetime(2020, 3, 2, tzinfo=CHINA)  # over the leap day


def test_the_day_is_the_day_in_china() -> None:
    assert local_date(datetime(2022, 5, 4, 16, 0, tzinfo=UTC)) == date(2022, 5, 5)
    assert local_date(datetime(2022, 5, 4, 15, 59, tzinfo=UTC)) == date(2022, 5, 4)
    clock = MovableClock(at=datetime(2022, 5, 5, 9, tzinfo=CHINA))
    assert clock.frozen and clock.now().tzinfo is UTC
