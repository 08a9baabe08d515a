"""An instant beside a day, and parts of an instant: the same on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Date, bindparam, extract, func, literal, select, text
from sqlalchemy.exc import CompileError

from engine.casework.models import Account
from engine.ground.database import is_postgres, write
from engine.ground.tables import UtcDateTime, midnight
from tests.support.world import World

NOON = datetime(2022, 5, 10, 12, 30, 15, tzinfo=UTC)
AT = literal(NOON, UtcDateTime())


def day(after: int) -> ColumnElement[Any]:
    """The day of the instant, or so many days after it."""
    return literal(date(2022, 5, 10) + timedelta(days=after), Date())


TRUE = (
    day(0) < AT,
    day(1) > AT,
    day(0) < AT,
    day(1) > AT,
    bindparam("given", date(2022, 5, 10), type_=Date()) <= AT,
    AT.between(day(0), day(1)),
    ~AT.between(day(1), day(2)),
    select(AT).scalar_subquery() > day(0),
    func.max(AT) > day(0),
    day(0) != AT,
)


@pytest.mark.parametrize("number", range(len(TRUE)))
def test_an_instant_beside_a_day(world: World, number: int) -> None:
    assert world.session.scalar(select(TRUE[number])) in (True, 1)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_a_day_begins_at_its_midnight_in_china_wherever_the_server_is(world: World, zone: str) -> None:
    begins = datetime(2022, 5, 9, 16, tzinfo=UTC)
    before, at = (literal(begins - timedelta(microseconds=one), UtcDateTime()) for one in (1, 0))
    if is_postgres(world.session):
        world.session.execute(text(f"SET LOCAL TIME ZONE '{zone}'"))
    begun = midnight(day(0))
    assert world.session.execute(select(begun, before < begun, at >= begun)).one() == (begins, True, True)


def test_parts_of_an_instant(world: World) -> None:
    account = world.official("cun")
    with write(world.session):
        account.created_at = NOON
    for part, number in (("epoch", NOON.timestamp()), ("year", 2022), ("hour", 12), ("minute", 30)):
        query = select(extract(part, Account.created_at)).where(Account.id == account.id)
        assert float(world.session.execute(query).scalar_one()) == number


def test_none_can_be_chosen_of_an_instant_and_a_day(small_world: World) -> None:
    with pytest.raises(CompileError, match="instants and days"):
        small_world.session.scalar(select(func.coalesce(AT, day(0))))


def test_of_what_may_be_an_instant_no_part_is_asked(small_world: World) -> None:
    with pytest.raises(CompileError, match="say its type"):
        small_world.session.scalar(select(extract("epoch", func.lag(AT).over(order_by=AT))))
