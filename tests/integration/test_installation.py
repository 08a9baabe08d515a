"""An empty database, one of this release, one of an older release."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from engine import installation
from engine.database import create_engine
from tests.support.world import World
from web.cli import main


def test_a_database_fits_when_nothing_is_missing(world: World, tmp_path: Path) -> None:
    assert installation.fits(world.engine)
    assert installation.fits(create_engine(f"sqlite:///{tmp_path / 'empty.sqlite'}"))


def test_an_older_database_is_refused_with_a_sentence(small_world: World) -> None:
    small_world.session.close()
    with small_world.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE household DROP COLUMN labour_exception")
    assert not installation.fits(small_world.engine)
    answer = CliRunner().invoke(main, ["serve"], env={"SHOUWANG_DATABASE_URL": small_world.url})
    assert answer.exit_code == 1 and "旧版本" in answer.output
