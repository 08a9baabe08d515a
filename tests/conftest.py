"""What all tests share: one PostgreSQL, one installed template per database, one browser per process, the duty marks."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine.prevention  # noqa: F401  diagrams call its services
from tests.support import template
from tests.support.postgres import Postgres, execute
from tests.support.world import World

TEMPLATES = "SHOUWANG_TEST_TEMPLATES"
POSTGRES = "SHOUWANG_TEST_POSTGRES"
_started: list[Postgres] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """What takes hours is tried in a share, the same one every time, unless somebody asks for the whole."""
    parser.addoption("--whole", action="store_true", help="try every odd value in every place, not a share of them")


def pytest_configure(config: pytest.Config) -> None:
    """The first process starts PostgreSQL and builds the templates; the others inherit them by environment."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    folder = Path(tempfile.mkdtemp(prefix="shouwang-tests-"))
    os.environ[TEMPLATES] = str(folder)
    template.build(f"sqlite:///{folder / 'template.sqlite'}")
    server = Postgres()
    _started.append(server)
    os.environ[POSTGRES] = server.url("")
    execute(server.url("postgres"), "CREATE DATABASE shouwang_template")
    template.build(server.url("shouwang_template"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what `pytest_configure` started."""
    for server in _started:
        server.stop()
        shutil.rmtree(os.environ[TEMPLATES], ignore_errors=True)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A fresh SQLite database, installed."""
    shutil.copy(Path(os.environ[TEMPLATES]) / "template.sqlite", tmp_path / "test.sqlite")
    return f"sqlite:///{tmp_path / 'test.sqlite'}"


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A fresh PostgreSQL database, installed."""
    name = f"test_{os.getpid()}_{os.urandom(4).hex()}"
    base = os.environ[POSTGRES]
    execute(f"{base}postgres", f"CREATE DATABASE {name} TEMPLATE shouwang_template STRATEGY FILE_COPY")
    yield f"{base}{name}"
    execute(f"{base}postgres", f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test on both databases."""
    found: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return found


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """An installed system with officials and a clock that the test moves, on both databases."""
    made = World(database_url)
    yield made
    made.close()


@pytest.fixture
def small_world(sqlite_url: str) -> Iterator[World]:
    """As `world`, on SQLite alone: for what does not depend on the database."""
    made = World(sqlite_url)
    yield made
    made.close()


# -- duties: which test proves what ---------------------------------------------------------------------------------------

RESULTS = Path(__file__).parent.parent / ".cache" / "duties"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Each process notes its results in a file of its own."""
    if not hasattr(session.config, "workerinput"):
        shutil.rmtree(RESULTS, ignore_errors=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Note that the run was whole: only then do its results say what is unfinished."""
    config = session.config
    chosen = config.args_source != pytest.Config.ArgsSource.TESTPATHS or config.option.keyword or config.option.markexpr
    if not hasattr(config, "workerinput") and not chosen and exitstatus in (0, 1):
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / "whole").touch()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note the outcome of every test that carries a duty mark."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when != "call" and report.passed:
        return
    numbers = sorted({str(number) for mark in item.iter_markers("duty") for number in mark.args})
    if numbers:
        RESULTS.mkdir(parents=True, exist_ok=True)
        line = {"test": item.nodeid.partition("[")[0], "duties": numbers, "passed": report.passed}
        with (RESULTS / f"{os.getpid()}.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
