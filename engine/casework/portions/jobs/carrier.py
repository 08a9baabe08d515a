"""Bringing a job to a process that works.

On PostgreSQL by Procrastinate: a row of its queue, in the caller's transaction. Its trigger that would NOTIFY
is not there (engine/migrations/versions/0040_jobs.py): PostgreSQL holds one lock over the commits of all who
notify, and steps commit beside. Workers look once a second. On SQLite the job's own row is the queue.
"""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.ground.database import is_postgres

SCHEMA = "procrastinate"
TASK, QUEUE = "job", "jobs"
_SEND = text(
    f"INSERT INTO {SCHEMA}.procrastinate_jobs (queue_name, task_name, args, scheduled_at) "
    "VALUES (:queue, :task, CAST(:args AS jsonb), now() + make_interval(secs => :seconds))"
)
_SEND_LOST = text(
    f"INSERT INTO {SCHEMA}.procrastinate_jobs (queue_name, task_name, args) "
    "SELECT :queue, :task, jsonb_build_object('job_id', job.id) FROM job "
    "WHERE job.status IN ('waiting', 'running') AND job.seen_at < :silent AND NOT EXISTS ("
    f"SELECT 1 FROM {SCHEMA}.procrastinate_jobs AS sent "
    "WHERE sent.status IN ('todo', 'doing') AND (sent.args ->> 'job_id') = CAST(job.id AS text))"
)


def send(session: Session, job_id: int, after: timedelta = timedelta(0)) -> None:
    """Let a worker take the job up when `after` has passed. Inside `write` only."""
    if is_postgres(session):
        args = {
            "queue": QUEUE,
            "task": TASK,
            "args": json.dumps({"job_id": job_id}),
            "seconds": after.total_seconds(),
        }
        session.execute(_SEND, args)


def send_lost(session: Session, silent: object) -> int:
    """Send again what waits and is in no queue, as after a restored backup; answers how many.

    `silent`: nobody was at them since then. Inside `write` only.
    """
    if not is_postgres(session):
        return 0
    done = session.execute(_SEND_LOST, {"queue": QUEUE, "task": TASK, "silent": silent})
    return int(getattr(done, "rowcount", 0))
