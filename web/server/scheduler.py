"""APScheduler wakes at the next due time, and every 30 seconds, and does what is due;
it looks into the outbox every second.
"""

from __future__ import annotations

import time
from datetime import timedelta
from threading import Thread

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from flask import Flask

from engine.casework.telling import delivery, outbox
from engine.casework.time import ticker, timers
from engine.ground.clock import SYSTEM
from web.server import carrying, logs
from web.server.database import sessions

EVERY = timedelta(seconds=30)
LOOKS = timedelta(seconds=1)
"""How often the outbox is looked into: a step calls nobody as it ends. On PostgreSQL a NOTIFY would make all
commits wait for one another.
"""


def tick(app: Flask, scheduler: BaseScheduler) -> int:
    """Fire what is due, and wake again at the next due time when it comes before the regular round."""
    factory, clock = sessions(app), app.extensions["shouwang.clock"]
    with logs.round_of("timers") as did:
        did["fired"] = fired = ticker.tick(factory, clock)
    with factory() as session:
        due = timers.next_due(session)
    left = due - clock.now() if due else EVERY
    if timedelta(0) < left < EVERY:
        at = SYSTEM.now() + left
        scheduler.add_job(
            tick,
            "date",
            run_date=at,
            args=(app, scheduler),
            id="next",
            replace_existing=True,
            misfire_grace_time=None,
        )
    return fired


def deliver(app: Flask) -> int:
    """Hand over what is due to leave the system: a job of its own,
    so that a slow server holds up no timer.
    """
    channels, clock = app.extensions["shouwang.channels"], app.extensions["shouwang.clock"]
    with logs.round_of("outbox") as did:
        did["sent"] = sent = outbox.deliver(sessions(app), channels, clock)
    return sent


def start(app: Flask, scheduler: BaseScheduler | None = None) -> BaseScheduler:
    """Start the ticker in its own thread (or on the scheduler given); the jobs live in memory,
    the timers in our table.
    """
    scheduler = scheduler or BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        tick,
        "interval",
        seconds=EVERY.total_seconds(),
        args=(app, scheduler),
        id="tick",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
        next_run_time=SYSTEM.now(),
    )
    app.extensions["shouwang.channels"] = delivery.channels(app.config["SHOUWANG"].servers)
    scheduler.add_job(
        deliver,
        "interval",
        seconds=LOOKS.total_seconds(),
        args=(app,),
        id="deliver",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
        next_run_time=SYSTEM.now(),
    )
    carrying.start(app, scheduler)
    scheduler.start()
    app.extensions["shouwang.scheduler"] = scheduler
    return scheduler


def stop(app: Flask, until: float) -> None:
    """Begin no further job, and wait for those under way, but not beyond `until` (of the monotonic clock)."""
    scheduler = app.extensions.get("shouwang.scheduler")
    if scheduler is None:
        return
    ending = Thread(target=scheduler.shutdown, daemon=True)
    ending.start()
    carrying.wait(app, max(0.0, until - time.monotonic()))
    ending.join(max(0.0, until - time.monotonic()))
