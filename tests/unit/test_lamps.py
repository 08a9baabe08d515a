"""The lamps of limits and the words beside them: one definition, in Python and in SQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, literal, select

from engine.casework import lamps
from engine.ground.clock import start_of_day
from engine.ground.tables import UtcDateTime

LAST_MOMENT = timedelta(microseconds=1)


@pytest.mark.duty("C6")
@pytest.mark.parametrize(
    ("ahead", "colour", "words"),
    [
        (4, "green", "还剩 4 天"),
        (3, "yellow", "还剩 3 天"),
        (1, "yellow", "还剩 1 天"),
        (0, "yellow", "今天到期"),
        (-1, "red", "超期 1 天"),
        (-12, "red", "超期 12 天"),
    ],
)
@pytest.mark.parametrize("today", [date(2022, 5, 11), date(2022, 12, 30), date(2024, 2, 28)])
@pytest.mark.parametrize("into", [timedelta(0), timedelta(hours=9), timedelta(days=1) - LAST_MOMENT])
def test_the_lamp_of_a_last_day_is_what_its_words_say_at_any_hour(
    ahead: int, colour: str, words: str, today: date, into: timedelta
) -> None:
    due, now = start_of_day(today + timedelta(days=ahead + 1)), start_of_day(today) + into
    assert (lamps.lamp(due, now), lamps.words(due, now)) == (colour, words)
    assert lamps.last_day(due) == today + timedelta(days=ahead)


INSTANTS = st.datetimes(datetime(2022, 12, 25), datetime(2023, 1, 10), timezones=st.just(UTC)) | st.integers(
    0, 14
).map(lambda days: start_of_day(date(2022, 12, 26) + timedelta(days=days)).astimezone(UTC))


@given(due=INSTANTS, now=INSTANTS)
def test_words_lamp_and_days_never_contradict_each_other(due: datetime, now: datetime) -> None:
    said = lamps.words(due, now)
    shown = "red" if said.startswith("超期") else "yellow" if said in SOON else "green"
    assert lamps.lamp(due, now) == shown
    assert (lamps.days_over(due, now) > 0) == (shown == "red")
    assert (said == "今天到期") == (now < due <= lamps.today_ends(now))


SOON = ("今天到期", *(f"还剩 {days} 天" for days in range(1, lamps.SOON_DAYS + 1)))


@given(due=INSTANTS, now=INSTANTS, days=st.integers(1, 10))
def test_a_database_finds_under_a_lamp_what_shows_it(due: datetime, now: datetime, days: int) -> None:
    column = literal(due, UtcDateTime())
    conditions = [lamps.under(column, colour, now) for colour in lamps.LAMPS]
    *under, over = MEMORY.execute(select(*conditions, lamps.over_for(column, days, now))).one()
    assert under == [colour == lamps.lamp(due, now) for colour in lamps.LAMPS]
    assert over == (lamps.days_over(due, now) >= days)


MEMORY = create_engine("sqlite://").connect()


def test_what_is_never_due_is_green() -> None:
    assert lamps.lamp(None, datetime(2022, 5, 5, tzinfo=UTC)) == "green"
