"""How jobs come to this process: from Procrastinate's queue on PostgreSQL, else from the jobs' own rows."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from threading import Thread

from apscheduler.schedulers.base import BaseScheduler
from flask import Flask
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException

from engine.casework.portions.jobs import carrier, running
from engine.ground.clock import SYSTEM, Clock
from engine.ground.database import for_driver
from engine.ground.deadline import stopping
from engine.ground.surroundings import nameless, trouble_of
from web.server import logs
from web.server.config import Config
from web.server.database import sessions

LOOKS = 1.0
"""Seconds between two looks for jobs: nobody notifies (engine/casework/portions/jobs/carrier.py)."""
BEATS, SILENT = 5.0, 20.0
"""Seconds between two signs of life of a worker, and without one until its jobs are taken from it."""
AFTER = timedelta(seconds=10)
"""Between two looks for jobs whose worker is gone, or that were lost on their way."""
_LOG = logging.getLogger("shouwang")


def start(app: Flask, scheduler: BaseScheduler) -> None:
    """Take jobs up from now on, until the process is asked to end."""
    config: Config = app.config["SHOUWANG"]
    if config.database_url.startswith("postgresql"):
        logging.getLogger("procrastinate").setLevel(logging.WARNING)
        thread = Thread(target=lambda: asyncio.run(_carry(app, config)), name="jobs", daemon=True)
        app.extensions["shouwang.jobs"] = thread
        thread.start()
        return
    scheduler.add_job(
        _take_up,
        "interval",
        seconds=LOOKS,
        args=(app, scheduler),
        id="jobs",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )


def wait(app: Flask, seconds: float) -> None:
    """Wait until the portions that are under way are done: the process was asked to end."""
    thread: Thread | None = app.extensions.get("shouwang.jobs")
    if thread is not None:
        thread.join(seconds)


def _work_off(factory: running.Sessions, clock: Clock, job_id: int) -> None:
    """Work a job off, with its line in the log."""
    with logs.round_of("job") as did:
        did.update(job=str(job_id), taken=1)
        running.run(factory, clock, job_id)


# -- on SQLite: the scheduler's pool ---------------------------------------------------------------


def _take_up(app: Flask, scheduler: BaseScheduler) -> None:
    """Put what waits into the pool; a job that is taken up twice is done once."""
    factory, clock = sessions(app), app.extensions["shouwang.clock"]
    with factory() as session:
        waiting = running.waiting(session)
    for job_id in waiting:
        scheduler.add_job(
            _work_off,
            args=(factory, clock, job_id),
            id=f"job-{job_id}",
            replace_existing=True,
            misfire_grace_time=None,
        )


# -- on PostgreSQL: Procrastinate ------------------------------------------------------------------


async def _carry(app: Flask, config: Config) -> None:
    """Work, and begin again when the database was away."""
    while not stopping():
        try:
            await _work(app, config)
        except Exception as error:
            _LOG.warning("jobs wait on: %s", trouble_of(error) or nameless(error))
            await asyncio.sleep(LOOKS)


async def _work(app: Flask, config: Config) -> None:
    queue = _queue(app, config)
    async with queue.open_async():
        working = asyncio.create_task(
            queue.run_worker_async(
                queues=[carrier.QUEUE],
                concurrency=running.AT_ONCE,
                fetch_job_polling_interval=LOOKS,
                listen_notify=False,
                install_signal_handlers=False,
                delete_jobs="always",  # the job's own row says what became of it
                update_heartbeat_interval=BEATS,
                stalled_worker_timeout=SILENT,
            )
        )
        watching = asyncio.create_task(_watch(app, queue))
        try:
            while not stopping() and not working.done():
                await asyncio.wait({working}, timeout=LOOKS / 4)
        finally:
            watching.cancel()
            working.cancel()  # what runs gives back its job after the portion that it is at
            await asyncio.gather(working, watching, return_exceptions=True)
    if not stopping():
        working.result()


def _queue(app: Flask, config: Config) -> App:
    factory, clock = sessions(app), app.extensions["shouwang.clock"]
    found = App(
        connector=PsycopgConnector(
            conninfo=for_driver(config.database_url, options=f"-c search_path={carrier.SCHEMA}"),
            min_size=1,
            max_size=running.AT_ONCE + 1,
        )
    )

    @found.task(name=carrier.TASK)
    def work(job_id: int) -> None:
        _work_off(factory, clock, job_id)

    return found


async def _watch(app: Flask, queue: App) -> None:
    """Every few seconds: the jobs of workers that are gone, and what was lost, go back into the queue."""
    factory = sessions(app)
    while True:
        await asyncio.sleep(AFTER.total_seconds())
        try:
            for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT):
                await queue.job_manager.retry_job(job, retry_at=SYSTEM.now())
            await asyncio.to_thread(running.look_after, factory)
        except ProcrastinateException as error:
            _LOG.warning("jobs wait on: %s", trouble_of(error) or nameless(error))
