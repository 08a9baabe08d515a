"""A process that starts before its database waits for it, for a while."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from tests.operation.harness import free_port, system, until
from tests.support.postgres import Postgres, execute
from web.cli import group, main


def test_who_starts_before_the_database_waits(tmp_path: Path) -> None:
    server = Postgres()
    execute(server.url("postgres"), "CREATE DATABASE shouwang")
    server.kill()
    try:
        with system(server.url("shouwang"), tmp_path) as made:
            worker = made.worker()
            until(lambda: "数据库还没有应答" in worker.said(), "does not wait")
            server.start()
            assert worker.wait() == 1  # it has no tables yet
            assert "shouwang db create" in worker.said()
    finally:
        server.stop()


def test_a_database_that_never_answers_gets_a_sentence() -> None:
    assert group.STARTING > group.AGAIN > 0
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    found = CliRunner().invoke(main, ["audit", "verify"], env={"SHOUWANG_DATABASE_URL": url})
    assert found.exit_code == 1 and "数据库没有应答" in found.output
