"""A process that answers nobody: it does what is due, and what people have started."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Flask

from engine.ground.deadline import ask_to_stop, wait_for_stop
from web.server import heartbeat, memory, scheduler, serving
from web.server.config import Config


def work(app: Flask, alone: Callable[[], bool] = lambda: False) -> None:
    """Work until the process is asked to end; `alone` says that nobody is left who could ask."""
    config: Config = app.config["SHOUWANG"]
    memory.settle()
    serving.mind_signals()
    scheduler.start(app)
    while not wait_for_stop(serving.ROUND):
        if alone():
            break
    ask_to_stop()
    scheduler.stop(app, time.monotonic() + config.stopping.stop_seconds)
    heartbeat.stop(app)
