"""How SQLite keeps instants: as numbers, which are the same instants and stand in the same order."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.sql import visitors

from engine.ground.database import create_engine
from engine.ground.tables import UtcDateTime, instant, microseconds
from engine.prevention.quality.rules.catalogue import BY_NAME

MIGRATION = importlib.import_module("engine.migrations.versions.0046_fewer_bytes_a_case")
AT = datetime(2022, 5, 20, 16, 30, 5, 7, tzinfo=UTC)
ZONES = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2199, 1, 1), timezones=ZONES)


@given(INSTANTS, INSTANTS)
def test_an_instant_comes_back_from_its_number_and_keeps_its_place(one: datetime, other: datetime) -> None:
    assert instant(microseconds(one)) == one
    assert (microseconds(one) < microseconds(other)) == (one < other)


def test_sqlite_stores_a_number_and_compares_it() -> None:
    engine = create_engine("sqlite://")
    kept = sa.Table("kept", sa.MetaData(), sa.Column("at", UtcDateTime()))
    with engine.begin() as connection:
        kept.create(connection)
        connection.execute(kept.insert(), [{"at": AT}, {"at": AT + timedelta(days=1)}, {"at": None}])
        raw = connection.exec_driver_sql("SELECT typeof(at), at FROM kept ORDER BY at").all()
        assert raw == [
            ("null", None),
            ("integer", microseconds(AT)),
            ("integer", microseconds(AT) + 86400 * 10**6),
        ]
        assert connection.scalars(sa.select(kept.c.at).where(kept.c.at <= AT)).all() == [AT]
        assert connection.scalar(sa.select(sa.func.max(kept.c.at))) == AT + timedelta(days=1)
        literal = sa.select(sa.func.count()).where(
            kept.c.at > sa.literal(AT, UtcDateTime(), literal_execute=True)
        )
        assert connection.scalar(literal) == 1
        untyped = sa.select(sa.func.count()).where(sa.func.coalesce(kept.c.at, AT) <= sa.literal(AT))
        assert connection.scalar(untyped) == 2
        reflected = sa.Table("kept", sa.MetaData(), autoload_with=connection)
        assert connection.scalars(sa.select(reflected.c.at)).first() == AT
        with pytest.raises(sa.exc.StatementError, match="naive"):
            connection.execute(kept.insert(), {"at": AT.replace(tzinfo=None)})


def test_sqlite_stores_a_day_in_words_and_of_an_instant_its_day() -> None:
    engine = create_engine("sqlite://")
    kept = sa.Table("kept", sa.MetaData(), sa.Column("day", sa.Date()))
    with engine.begin() as connection:
        kept.create(connection)
        connection.execute(kept.insert(), [{"day": AT.date()}, {"day": AT}, {"day": None}])
        assert connection.exec_driver_sql("SELECT day FROM kept").scalars().all() == 2 * ["2022-05-20"] + [
            None
        ]
        assert connection.scalars(sa.select(kept.c.day).where(kept.c.day == AT.date())).all() == 2 * [
            AT.date()
        ]
        literal = sa.literal(AT.date(), sa.Date(), literal_execute=True)
        assert connection.scalar(sa.select(sa.func.count()).where(kept.c.day >= literal)) == 2
        with pytest.raises(sa.exc.StatementError):
            connection.execute(kept.insert(), {"day": "2022-05-20"})


def test_texts_of_earlier_releases_become_the_same_instants_once() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE work_item (subject TEXT, subject_key TEXT, due_at DATETIME, day DATE)"
        )
        rows = [
            ("王五", "王五", "2022-05-20 16:30:05.000007", "2022-05-20"),
            ("ＡB", "ab", "1969-12-31 23:59:59.500000", None),
            ("李四", "李四", None, None),
            ("赵六", "赵六", "2022-05-20 16:30:05", None),
        ]
        connection.exec_driver_sql("INSERT INTO work_item VALUES (?, ?, ?, ?)", rows)
        for _ in range(2):
            with Operations.context(MigrationContext.configure(connection)):
                MIGRATION.upgrade()
        found = connection.exec_driver_sql("SELECT subject_key, due_at, day FROM work_item").all()
    assert found == [
        ("", microseconds(AT), "2022-05-20"),
        ("ab", -500_000, None),
        ("", None, None),
        ("", microseconds(AT) - 7, None),
    ]


@pytest.mark.parametrize("name", BY_NAME)
def test_no_rule_leaves_to_the_database_when_a_day_begins(name: str) -> None:
    mixed = [
        str(one)
        for one in visitors.iterate(BY_NAME[name].query)
        if isinstance(one, sa.BinaryExpression)
        and {UtcDateTime, sa.Date} <= {type(side.type) for side in (one.left, one.right)}
    ]
    assert mixed == []
