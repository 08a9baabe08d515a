"""A running system on a loopback port, and the Chromium that visits it."""

from __future__ import annotations

import os
import threading

from playwright.sync_api import Browser, Playwright
from sqlalchemy import select
from waitress.server import create_server

from engine.casework.models import Account
from engine.ground.clock import MovableClock
from tests.support.client import signed_in
from tests.support.sharing import share_templates
from web.application import create_app
from web.server import database, serving
from web.server.config import Config

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update "
    "--disable-sync --disable-dev-shm-usage"
).split()


class Server:
    """The application on a loopback port, in a thread."""

    def __init__(self, url: str, clock: MovableClock, scheduler: bool = False) -> None:
        config = Config.read(
            environ={},
            database_url=url,
            secret_key="test",
            demo=True,
            scheduler=scheduler,
            secure_cookies=False,
        )
        self.app = create_app(config, fixed_clock=clock)
        share_templates(self.app)
        self._server = create_server(self.app, host="127.0.0.1", port=0, **serving.options(config.capacity))
        self.address = f"http://127.0.0.1:{self._server.effective_port}"
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    def badge(self, username: str) -> dict[str, str]:
        """The cookie, by its name, that signing in at the front door would give to an official."""
        with self.app.app_context():
            account = (
                database.session().scalars(select(Account).where(Account.username == username)).unique().one()
            )
            client = signed_in(self.app, account)
        name = self.app.config["SESSION_COOKIE_NAME"]
        cookie = client.get_cookie(name)
        assert cookie is not None
        return {name: cookie.value}

    def stop(self) -> None:
        """Stop answering, and stop the ticker."""
        scheduler = self.app.extensions.get("shouwang.scheduler")
        if scheduler is not None:
            scheduler.shutdown(wait=True)
        self._server.close()
        self._thread.join(timeout=10)


def launch(playwright: Playwright) -> Browser:
    """A Chromium: $CHROMIUM, which ./test finds or installs."""
    libraries = os.environ.get("CHROMIUM_LIBRARIES")
    environment = {**os.environ, "LANG": "zh_CN.UTF-8", "LANGUAGE": "zh_CN"}  # dates as officials see them
    if libraries:
        environment["LD_LIBRARY_PATH"] = libraries
    program = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    return playwright.chromium.launch(executable_path=program, args=list(FLAGS), env=environment)
