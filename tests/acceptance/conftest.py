"""A running system for each story, and officials who use it in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from engine.ground.clock import MovableClock
from tests.support.browser import Site
from tests.support.server import Server, launch
from tests.support.template import START
from tests.support.world import World


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One driver per process."""
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium per process: $CHROMIUM, which ./test finds or installs."""
    found = launch(playwright)
    yield found
    found.close()


@pytest.fixture
def clock() -> MovableClock:
    """The clock of the story: it moves only through the interface."""
    return MovableClock(at=START)


@pytest.fixture
def server(sqlite_url: str, clock: MovableClock) -> Iterator[Server]:
    """A running system at day 0."""
    found = Server(sqlite_url, clock)
    yield found
    found.stop()


@pytest.fixture
def site(
    server: Server, clock: MovableClock, browser: Browser, playwright: Playwright, tmp_path: Path
) -> Iterator[Site]:
    """The running system with its people."""
    found = Site(server, clock, browser, playwright, tmp_path)
    yield found
    found.close()


@pytest.fixture
def past(sqlite_url: str, clock: MovableClock) -> Iterator[World]:
    """What came before the story: its officials' steps on the same system and clock, through the engine."""
    found = World(sqlite_url)
    found.clock = clock
    yield found
    found.close()
