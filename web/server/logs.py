"""The log of a process: one line for each request and each round of the scheduler, plain or as JSON.

A line says what happened, how long it took and how many statements it cost. Nothing of people stands in it:
no address that was asked for (only its pattern), no name, nothing that anybody typed; errors are told
without the values that they cite (engine/ground/surroundings.py).
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from types import TracebackType
from typing import Any

from sqlalchemy import Engine, event

from engine.casework.organisation import privacy
from engine.casework.step.meter import METER
from engine.ground.surroundings import nameless, told

FORMS = ("plain", "json")
LEVELS = {"info": logging.INFO, "warning": logging.WARNING}
SPOKEN = 8
"""So much of a number is shown to people, who read it out: four thousand million of them."""
LOG = logging.getLogger("shouwang.work")
_GIVEN = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)
"""What proxies number requests with: nginx's $request_id, or a UUID. Words of a caller's never look so."""

_LONG = re.compile(r"\d{14,}[0-9Xx]?")
"""An ID number with a digit wrong is still somebody's; a division's code has 12."""


@dataclass
class Work:
    """What a thread is at: a request, or a round of the scheduler."""

    number: str
    began: float = field(default_factory=perf_counter)
    statements: int = 0

    @property
    def spoken(self) -> str:
        """The number as it is read out."""
        return self.number.replace("-", "")[:SPOKEN]

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return perf_counter() - self.began


_WORK: ContextVar[Work | None] = ContextVar("work", default=None)


def present() -> Work | None:
    """What this thread is at."""
    return _WORK.get()


def begin(given: str = "") -> tuple[Work, Token[Work | None]]:
    """Number what begins now: by the number that a trusted proxy has `given`, where it is one."""
    number = given.lower() if _GIVEN.fullmatch(given) else secrets.token_hex(16)
    work = Work(number)
    return work, _WORK.set(work)


def end(token: Token[Work | None]) -> None:
    """The thread is free again."""
    _WORK.reset(token)


@contextmanager
def round_of(name: str) -> Iterator[dict[str, Any]]:
    """A round of the scheduler or a job, with what it `did` filled in by itself:
    a line where it did something or failed.
    """
    work, token = begin()
    did: dict[str, Any] = {}
    finished = False
    try:
        yield did
        finished = True
    finally:
        _count(name, work, did if finished else None)
        if not finished:
            say(logging.ERROR, f"{name} failed", work, **did)
        elif any(did.values()):
            say(logging.INFO, name, work, **did)
        end(token)


def _count(name: str, work: Work, did: dict[str, Any] | None) -> None:
    METER.took("round", work.seconds, round=name)
    if did is None:
        METER.count("failed", round=name)
    for what, many in (did or {}).items():
        if isinstance(many, int) and many:
            METER.count("done", many, round=name, what=what)


def say(level: int, text: str, work: Work, **fields: Any) -> None:
    """The one line of a piece of work."""
    spent = {"ms": round(work.seconds * 1000), "statements": work.statements}
    LOG.log(level, "%s", text, extra={"fields": {**fields, **spent}})


def count_statements(engine: Engine) -> None:
    """Count what each piece of work asks of the database."""

    @event.listens_for(engine, "before_cursor_execute")
    def count(*_: Any) -> None:
        if (work := _WORK.get()) is not None:
            work.statements += 1


# -- lines -----------------------------------------------------------------------------------------


def record_of(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """A line whose text and whose error cite nothing of people; with the number of the work it belongs to.

    Every line of the process is made here, also those of the libraries.
    """
    record = logging.LogRecord(*args, **kwargs)
    record.work = work.number if (work := _WORK.get()) else ""
    if isinstance(record.args, tuple):
        record.args = tuple(nameless(one) if isinstance(one, BaseException) else one for one in record.args)
    if record.exc_info and record.exc_info[1] is not None:
        record.exc_text = told(record.exc_info[1])
    try:
        written = record.getMessage()
    except (TypeError, ValueError):  # the handler says so, with the place in the program
        return record
    said = _LONG.sub("***", privacy.masked_phones(privacy.masked_text(written)))
    if said != written:
        record.msg, record.args = said, None
    return record


class Plain(logging.Formatter):
    """For people who read along."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, text; then what belongs to it."""
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items() if value != "")
        line = f"{_time(record)} {record.levelname:<7} {record.getMessage()}{fields}"
        return f"{line}\n{record.exc_text}" if record.exc_text else line


class Json(logging.Formatter):
    """For programmes: an object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time (UTC), level, logger, text, process; then what belongs to it; the error last."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": record.getMessage(),
            "process": record.process,
            **_fields(record),
        }
        if record.exc_text:
            line["error"] = record.exc_text
        return json.dumps(line, ensure_ascii=False, default=str)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    number = getattr(record, "work", "")
    return {**getattr(record, "fields", {}), **({"work": number} if number else {})}


def _time(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


# -- the process -----------------------------------------------------------------------------------


def configure(form: str, level: str) -> None:
    """Write this process's log to its standard error, from `level` on; also what nobody caught."""
    handler = logging.StreamHandler()
    handler.setFormatter(Json() if form == "json" else Plain())
    logging.basicConfig(level=LEVELS[level], handlers=[handler], force=True)
    logging.setLogRecordFactory(record_of)
    for noisy in ("apscheduler", "alembic", "waitress.queue", "procrastinate"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)  # a long round is none of a fault
    sys.excepthook = _uncaught
    threading.excepthook = lambda caught: _tell(caught.exc_value)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _tell(error)


def _tell(error: BaseException | None) -> None:
    if error is not None:
        LOG.critical("not caught, process %d", os.getpid(), exc_info=error)
