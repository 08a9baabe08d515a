"""The tables of a database and their release: made, compared, and brought up to date by migrations.

A migration changes the schema and what is stored so that it fits; it is written once and never edited after a
release.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import SAWarning

from engine.casework.supervision.counts import adding, triggers
from engine.ground.errors import Conflict

SCRIPTS = Path(__file__).parent
FIRST_RELEASE = "0001"
"""The migration that makes the tables of release 0.1.0, which kept no record of its schema's version."""
INSTANTS_ARE_NUMBERS = "0046"
"""The migration from which on SQLite keeps instants as numbers (`engine.ground.tables.Microseconds`)."""
_OF_FIRST_RELEASE = ("case_file", "work_item", "timer", "log_entry", "figure_gap")


class SchemaMisfit(Conflict):
    """The tables in the database are not those that this release works on."""


def upgrade(engine: Engine) -> None:
    """Bring the database to this release's schema, an empty one included: wholly, or not at all.

    Raises SchemaMisfit for tables that no release of this product made, or that a newer one made.
    """
    with altering(engine) as connection:
        found = revision(connection)
        _require_known(found)
        config = _config(connection)
        if found == FIRST_RELEASE:
            command.stamp(config, FIRST_RELEASE)
        with _indices_over_expressions_stay():
            command.upgrade(config, "head")
        if found != head() or triggers.missing(connection):
            adding.begin(connection)


def make(connection: Connection, to: str) -> None:
    """Make the tables as they were after the migration `to`, in an empty database, within `altering`.

    Whoever fills them has what is open counted (`counts.adding.begin`), unless they are upgraded yet.
    """
    with _indices_over_expressions_stay():
        command.upgrade(_config(connection), to)


def require_current(engine: Engine) -> None:
    """Raise SchemaMisfit, with what to do, unless the tables are this release's."""
    with engine.connect() as connection:
        found = revision(connection)
    if found is None:
        raise SchemaMisfit("数据库里还没有表：请先运行 shouwang db create。")
    _require_known(found)
    if found != head():
        raise SchemaMisfit("数据库的表结构是旧版本的：请先备份，再运行 shouwang db upgrade。")


def revision(connection: Connection) -> str | None:
    """The latest migration that the database has; None for an empty one, '' for tables of unknown origin."""
    stamped = MigrationContext.configure(connection).get_current_revision()
    if stamped is not None:
        return stamped
    tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
    if not tables:
        return None
    return FIRST_RELEASE if tables.issuperset(_OF_FIRST_RELEASE) else ""


@cache
def head() -> str:
    """The migration that this release ends with."""
    found = ScriptDirectory(str(SCRIPTS)).get_current_head()
    assert found is not None
    return found


def knows(found: str) -> bool:
    """Whether this release has the migration `found`; it has not where a newer release made it."""
    return found in {script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()}


def _require_known(found: str | None) -> None:
    if found == "":
        raise SchemaMisfit("数据库里已有别的表，不是守望建的：请换一个空的数据库。")
    if found is not None and not knows(found):
        raise SchemaMisfit(
            "数据库是更新的版本建的，这一版程序不能使用：请安装新版程序，或恢复升级以前的备份。"
        )


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(SCRIPTS))
    return config


@contextmanager
def _indices_over_expressions_stay() -> Iterator[None]:
    """Not said at every upgrade: that looking at a table on SQLite passes over the inbox's index,
    which nobody alters.

    A migration that lets SQLite copy ``work_item`` makes that index again by hand.
    """
    with warnings.catch_warnings():
        passed_over = "Skipped unsupported reflection of expression-based index ix_work_item_inbox"
        warnings.filterwarnings("ignore", passed_over, SAWarning)
        yield


@contextmanager
def altering(engine: Engine) -> Iterator[Connection]:
    """One transaction that may alter tables.

    SQLite alters a table by copying it, for which the keys between tables must rest; they are checked at the
    end.
    """
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken is not None:
                    raise SchemaMisfit(f"升级后表“{broken[0]}”有一行没有了来处，已全部还原：请联系开发者。")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")
