"""What all tests share: databases, worlds to tell stories on, the duty marks."""

from __future__ import annotations

import gc
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import databases

if TYPE_CHECKING:  # a unit test does without the system
    from tests.support.world import World


def pytest_addoption(parser: pytest.Parser) -> None:
    """What takes hours is tried in a share, the same one every time, unless somebody asks for the whole."""
    parser.addoption(
        "--whole", action="store_true", help="try every odd value in every place, not a share of them"
    )
    parser.addoption(
        "--operation",
        action="store_true",
        help="also what takes minutes: several processes, a province of pages",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes minutes of several processes is chosen only by who asks for it."""
    if not config.option.operation:
        long = [item for item in items if item.get_closest_marker("operation")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_configure(config: pytest.Config) -> None:
    """The first process says where databases are built."""
    if not hasattr(config, "workerinput"):
        databases.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop and remove what tests asked for."""
    if not hasattr(config, "workerinput"):
        databases.end()


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was imported stays: no collection need walk through it; tests make few circles that must go soon.

    Python's own thresholds let collections take a fifth of the time of a test with a database.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


@pytest.fixture
def collections_as_before() -> Iterator[None]:
    """What a server settles for its own process is put back: a test's process outlives the test."""
    callbacks, threshold = list(gc.callbacks), gc.get_threshold()
    yield
    gc.callbacks[:] = callbacks
    gc.set_threshold(*threshold)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A fresh SQLite database, installed."""
    shutil.copy(databases.sqlite(), tmp_path / "test.sqlite")
    return f"sqlite:///{tmp_path / 'test.sqlite'}"


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A fresh PostgreSQL database, installed."""
    with databases.installed() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test on both databases."""
    found: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return found


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """An installed system with officials and a clock that the test moves, on both databases."""
    with _told(database_url) as made:
        yield made


@pytest.fixture
def small_world(sqlite_url: str) -> Iterator[World]:
    """As `world`, on SQLite alone: for what does not depend on the database."""
    with _told(sqlite_url) as made:
        yield made


@contextmanager
def _told(url: str) -> Iterator[World]:
    from tests.support.world import World

    made = World(url)
    yield made
    counted = made.counted()  # whatever the test did to cases: only told where the test itself succeeded
    made.close()
    assert counted == []


# -- duties: which test proves what ----------------------------------------------------------------

RESULTS = Path(__file__).parent.parent / ".cache" / "duties"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Each process notes its results in a file of its own."""
    if not hasattr(session.config, "workerinput"):
        shutil.rmtree(RESULTS, ignore_errors=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Note that the run was whole: only then do its results say what is unfinished."""
    config = session.config
    chosen = (
        config.args_source != pytest.Config.ArgsSource.TESTPATHS
        or config.option.keyword
        or config.option.markexpr
    )
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
