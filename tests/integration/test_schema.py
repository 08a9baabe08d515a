"""The tables of a database: made by migrations, brought up from an earlier release, refused when they are not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import Engine

from engine import schema
from engine.database import create_engine
from engine.models import Base
from tests.support import databases, releases
from tests.support.world import World
from web.cli import main

RELEASES = sorted({path.name.partition(".sqlite")[0] for path in releases.FOLDER.glob("*.sqlite.xz")})


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'kept.sqlite'}"
        return
    with databases.empty() as url:
        yield url


def differences(engine: Engine) -> list[object]:
    """In what the database's tables are not those that the models describe."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def run(url: str, *words: str) -> tuple[int, str]:
    """`shouwang` with these words; its exit code and what it said."""
    answer = CliRunner().invoke(main, list(words), env={"SHOUWANG_DATABASE_URL": url})
    return answer.exit_code, answer.output


@pytest.mark.filterwarnings("ignore:.*expression-based index.*")
def test_the_migrations_make_what_the_models_describe(world: World) -> None:
    assert differences(world.engine) == []


@pytest.mark.filterwarnings("ignore:.*expression-based index.*")
@pytest.mark.parametrize("release", RELEASES)
def test_a_kept_database_is_upgraded(empty_url: str, release: str) -> None:
    releases.restore(empty_url, release)
    assert run(empty_url, "db", "upgrade")[0] == 0
    assert run(empty_url, "db", "upgrade")[0] == 0, "it may be run again"
    engine = create_engine(empty_url)
    assert differences(engine) == []
    engine.dispose()
    assert run(empty_url, "audit", "verify") == (0, "日志完整。\n")


def test_tables_of_others_and_of_newer_releases_are_left_alone(empty_url: str) -> None:
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE ledger (id INTEGER PRIMARY KEY)")
    for command in ("upgrade", "create"):
        refused, said = run(empty_url, "db", command)
        assert refused == 1 and "不是守望建的" in said
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE ledger")
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    refused, said = run(empty_url, "db", "upgrade")
    assert refused == 1 and "更新的版本" in said


def test_an_empty_database_is_told_to_be_created_first(empty_url: str) -> None:
    for words in (("serve",), ("worker",), ("db", "upgrade")):
        refused, said = run(empty_url, *words)
        assert refused == 1 and "shouwang db create" in said
