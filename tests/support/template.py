"""The database that every test starts from: installed once, with a few officials, then copied."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

from sqlalchemy import Engine, delete, or_, select
from sqlalchemy.orm import Session

import tests.support.field  # noqa: F401  diagrams call its services
from engine.casework.models import Division, DivisionCode
from engine.casework.organisation import accounts
from engine.casework.organisation.identity import passwords
from engine.ground.clock import CHINA
from engine.ground.database import create_engine, session_factory, write
from engine.ground.tables import Base
from engine.migrations import schema
from engine.prevention import installation

PASSWORD = "Ceshi-2022-mima"
START = datetime(2022, 5, 5, 9, 0, tzinfo=CHINA).astimezone(UTC)
"""Day 0 of every story: a Thursday morning in China, as the clock of a running system tells it."""
VILLAGE, OTHER_VILLAGE = "410325103202", "410325103203"
TOWNSHIP, OTHER_TOWNSHIP = "410325103000", "410325102000"
COUNTY, OTHER_COUNTY = "410325000000", "410326000000"
COUNTIES = (COUNTY[:6], OTHER_COUNTY[:6], "410381", "410184", "411723", "419001")
"""How codes of the stories' counties begin: of these the whole tree is there, of others the names."""
OFFICIALS = (
    ("cun", "村甲", "village_official", VILLAGE),
    ("cun2", "村乙", "village_official", VILLAGE),
    ("lin", "邻村甲", "village_official", OTHER_VILLAGE),
    ("xiang", "乡甲", "township_reviewer", TOWNSHIP),
    ("xiang2", "乡乙", "township_reviewer", TOWNSHIP),
    ("waixiang", "外乡甲", "township_reviewer", OTHER_TOWNSHIP),
    ("xian", "县甲", "county_approver", COUNTY),
    ("xian2", "县乙", "county_approver", COUNTY),
    ("waixian", "外县甲", "county_approver", OTHER_COUNTY),
    ("shi", "市甲", "city_reviewer", "410300000000"),
    ("sheng", "省甲", "province_reviewer", "410000000000"),
    ("ducha", "督甲", "supervisor", COUNTY),
    ("liucheng", "流甲", "process_owner", "410000000000"),
    ("xitong", "系统甲", "account_admin", "410000000000"),
    ("anquan", "安全甲", "security_admin", "410000000000"),
    ("shenji", "审计甲", "audit_admin", "410000000000"),
)


def build(url: str) -> None:
    """Install an empty database at `url` and add the officials."""
    engine = create_engine(url)
    schema.upgrade(engine)
    with session_factory(engine)() as session:
        installation.install(session, START)
        _thin(session)
        add_officials(session)
    if engine.dialect.name == "sqlite":
        _refuse_too_long(engine)
    engine.dispose()
    if engine.url.database and engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(engine.url.database)) as file:
            file.execute("VACUUM")
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _refuse_too_long(engine: Engine) -> None:
    """SQLite takes a text of any length: what PostgreSQL refuses, a test on SQLite shall not take either."""
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            most = {one.name: length for one in table.c if (length := getattr(one.type, "length", None))}
            too_long = " OR ".join(f"length(NEW.{name}) > {length}" for name, length in most.items())
            for act in ("INSERT", "UPDATE") if most else ():
                connection.exec_driver_sql(
                    f"CREATE TRIGGER too_long_{table.name}_{act} BEFORE {act} ON {table.name} WHEN {too_long}"
                    f" BEGIN SELECT RAISE(ABORT, 'too long for {table.name}'); END"
                )


def _thin(session: Session) -> None:
    """Keep townships and villages of the stories' counties alone: every test would copy 50 000 more."""
    told = or_(*(Division.code.startswith(county) for county in COUNTIES))
    gone = select(Division.id).where(Division.level.in_(("township", "village")), ~told)
    with write(session):
        session.execute(delete(DivisionCode).where(DivisionCode.division_id.in_(gone)))
        for level in ("village", "township"):
            session.execute(delete(Division).where(Division.level == level, ~told))


def add_officials(session: Session) -> None:
    """One official or two for each queue, and the roles without a queue."""
    password = passwords.hash_password(PASSWORD)
    with write(session):
        for username, name, role, division in OFFICIALS:
            account = accounts.create(session, username, name, password, START)
            accounts.grant(session, account, role, division)
