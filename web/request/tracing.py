"""Every request has a number, which its answer, its line in the log and an error's page show."""

from __future__ import annotations

import logging

from flask import Flask, current_app, g, request
from werkzeug.wrappers import Response

from engine.casework.step.meter import METER
from web.server import logs

HEADER = "X-Request-ID"
NO_NAME = "-"
"""What stands for an address or a method that is none of ours: it may hold anything."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def register(app: Flask) -> None:
    """First before each request, last after it."""
    logging.setLogRecordFactory(logs.record_of)
    app.before_request(_begin)
    app.after_request(_answer)
    app.teardown_request(_end)
    app.jinja_env.globals["spoken_number"] = spoken


def spoken() -> str:
    """The number of the present request, as people read it out."""
    work = logs.present()
    return work.spoken if work else ""


def route() -> str:
    """The pattern of the address that was asked for, never the address."""
    return request.url_rule.rule if request.url_rule else NO_NAME


def method() -> str:
    """The method that was asked by, where it is one."""
    return request.method if request.method in METHODS else NO_NAME


def _begin() -> None:
    trusted = current_app.config["SHOUWANG"].trusted_proxies
    given = request.headers.get(HEADER, "") if trusted else ""  # else a caller could choose it
    g.work, g.work_token = logs.begin(given)


def _answer(answer: Response) -> Response:
    if "work" in g:
        answer.headers[HEADER] = g.work.number
        g.answered, g.roles = answer.status_code, _roles()
    return answer


def _end(_error: BaseException | None) -> None:
    if (work := g.pop("work", None)) is None:
        return
    status = g.get("answered", 500)
    _count(work, str(status))
    level = logging.ERROR if status == 500 else logging.INFO
    if request.endpoint not in QUIET or level != logging.INFO:
        asked = {"method": method(), "route": route(), "status": status, "role": g.get("roles", "")}
        logs.say(level, "request", work, **asked)
    logs.end(g.pop("work_token"))


def _count(work: logs.Work, status: str) -> None:
    METER.count("requests", method=method(), route=route(), status=status)
    METER.took("request", work.seconds, kind=_kind())
    METER.count("statements", work.statements, kind=_kind())


def _kind() -> str:
    """What latency is told apart by: programmes, files of pages, what people open, what they do."""
    if request.endpoint in QUIET:
        return "quiet"
    if request.path.startswith("/api/"):
        return "api"
    return "page" if request.method in ("GET", "HEAD") else "act"


QUIET = frozenset({"metrics.show", "static", "health.health", "health.live", "health.ready"})
"""What is asked every few seconds, or a dozen times a page, and says nothing."""


def _roles() -> str:
    """The roles of who asks, where they have been read; nothing is asked of the database for it."""
    known = getattr(g.get("account"), "__dict__", {}).get("grants", ())
    return " ".join(sorted({str(grant.__dict__.get("role", "")) for grant in known}))
