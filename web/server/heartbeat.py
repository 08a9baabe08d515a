"""The process says every few seconds that it runs, and what it has counted, in a row of its own.

So any process can tell of all, on whichever machine they run. No step waits for it: a thread writes.
"""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import socket
from collections.abc import Sequence
from threading import Event, Thread
from time import perf_counter
from typing import Any

from flask import Flask

from engine.casework.step.meter import METER
from engine.casework.time import processes
from engine.casework.time.processes import Process
from engine.ground.clock import SYSTEM
from engine.ground.surroundings import driver_said, trouble_of
from web.server import VERSION
from web.server.database import db, sessions

_LOG = logging.getLogger("shouwang")
_NAME = "shouwang.heartbeat"
DOOR = "shouwang.door"
"""Where a process that answers requests keeps how many wait for a thread."""


class Heart:
    """What beats in one process, from `start` until `stop`."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._sessions = sessions(app)
        self._key, self._began = secrets.token_hex(16), SYSTEM.now()
        self._stopped = Event()
        self._thread = Thread(target=self._go_on, name="heartbeat", daemon=True)

    @property
    def process(self) -> Process:
        """This process, as the others see it."""
        doing = ["timers"] if "shouwang.scheduler" in self._app.extensions else []
        if DOOR in self._app.extensions:
            doing = ["web", *doing]
        host = socket.gethostname()[:80]
        return Process(self._key, host, os.getpid(), VERSION, " ".join(doing), self._began)

    def start(self) -> None:
        """Begin; who ends as he should says so."""
        self._thread.start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """The process ends: its row goes."""
        atexit.unregister(self.stop)
        self._stopped.set()
        self._thread.join(1)
        with self._sessions() as session:
            _try(lambda: processes.end(session, self._key))

    def beat(self) -> None:
        """Write the row; how long that took tells how the database is."""
        began = perf_counter()
        with self._sessions() as session:
            processes.beat(session, self.process, figures(self._app), SYSTEM.now())
        METER.took("heartbeat", perf_counter() - began)

    def _go_on(self) -> None:
        wait = 1.0  # by then the process does what it is there for
        while not self._stopped.wait(wait):
            _try(self.beat)
            wait = processes.EVERY.total_seconds()


def _try(act: Any) -> None:
    """A database that is away is no reason to stop: the next beat comes."""
    try:
        act()
    except Exception as error:
        if trouble_of(error) is None:
            _LOG.exception("no heartbeat")
        else:
            _LOG.warning("no heartbeat: %s", driver_said(error))


def figures(app: Flask) -> Sequence[Any]:
    """What this process has counted, and how it is at this moment."""
    with app.app_context():
        pool: Any = db.engine.pool
        used, size = pool.checkedout(), pool.size()
    capacity = app.config["SHOUWANG"].capacity
    present = {"pool_used": used, "pool_size": size, "threads": capacity.threads}
    if waiting := app.extensions.get(DOOR):
        present["requests_waiting"] = waiting()
    return [*METER.read(), *([name, {}, value] for name, value in present.items())]


def start(app: Flask) -> None:
    """The process's heart beats from now on."""
    heart = app.extensions[_NAME] = Heart(app)
    heart.start()


def stop(app: Flask) -> None:
    """The process ends as it should."""
    if (heart := app.extensions.pop(_NAME, None)) is not None:
        heart.stop()


def of(app: Flask) -> Heart | None:
    """The heart of this process, if it beats."""
    found: Heart | None = app.extensions.get(_NAME)
    return found
