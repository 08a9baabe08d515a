"""A running system for each story, and officials who use it in a real browser."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from waitress.server import create_server

from engine.clock import MovableClock
from tests.support.browser import Site
from tests.support.template import START
from web.application import create_app
from web.config import Config

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-dev-shm-usage"
).split()


class Server:
    """The application on a loopback port, in a thread."""

    def __init__(self, url: str, clock: MovableClock, scheduler: bool = False) -> None:
        config = Config.read(
            environ={}, database_url=url, secret_key="test", demo=True, scheduler=scheduler, secure_cookies=False
        )
        self.app = create_app(config, fixed_clock=clock)
        self._server = create_server(self.app, host="127.0.0.1", port=0, threads=6)
        self.address = f"http://127.0.0.1:{self._server.effective_port}"
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, and stop the ticker."""
        scheduler = self.app.extensions.get("shouwang.scheduler")
        if scheduler is not None:
            scheduler.shutdown(wait=True)
        self._server.close()
        self._thread.join(timeout=10)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One driver per process."""
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium per process: $CHROMIUM, which ./test finds or installs."""
    libraries = os.environ.get("CHROMIUM_LIBRARIES")
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries} if libraries else None
    program = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    found = playwright.chromium.launch(executable_path=program, args=list(FLAGS), env=environment)
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
    found = Site(server.address, clock, browser, playwright, tmp_path)
    yield found
    found.close()
