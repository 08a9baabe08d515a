"""Every request has a number, which its answer, its line in the log and an error's page show."""

from __future__ import annotations

import logging
from contextvars import Token
from dataclasses import dataclass

from flask import Flask, Request, g, request
from flask.globals import app_ctx, request_ctx
from werkzeug.wrappers import Response

from engine.casework.step.meter import METER
from web.request.handling import API
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
    rule = request_ctx.request.url_rule
    return rule.rule if rule else NO_NAME


def method() -> str:
    """The method that was asked by, where it is one."""
    asked = request_ctx.request.method
    return asked if asked in METHODS else NO_NAME


def _begin() -> None:
    context = app_ctx._get_current_object()  # type: ignore[attr-defined]
    trusted = context.app.config["SHOUWANG"].trusted_proxies
    given = request.headers.get(HEADER, "") if trusted else ""  # else a caller could choose it
    context.g.asked = _Asked(*logs.begin(given))


@dataclass
class _Asked:
    """What is kept of a request until its end."""

    work: logs.Work
    token: Token[logs.Work | None]
    status: int = 500
    roles: str = ""


def _answer(answer: Response) -> Response:
    if (asked := g.get("asked")) is not None:
        answer.headers[HEADER] = asked.work.number
        asked.status, asked.roles = answer.status_code, _roles()
    return answer


def _end(_error: BaseException | None) -> None:
    if (asked := g.pop("asked", None)) is None:
        return
    names, kind = {"method": method(), "route": route()}, _kind(request_ctx.request)
    METER.count("requests", 1, **names, status=str(asked.status))
    METER.took("request", asked.work.seconds, kind=kind)
    METER.count("statements", asked.work.statements, kind=kind)
    level = logging.ERROR if asked.status == 500 else logging.INFO
    if kind != "quiet" or level != logging.INFO:
        logs.say(level, "request", asked.work, **names, status=asked.status, role=asked.roles)
    logs.end(asked.token)


def _kind(asked: Request) -> str:
    """What latency is told apart by: programmes, files of pages, what people open, what they do."""
    if asked.endpoint in QUIET:
        return "quiet"
    if asked.path.startswith(API):
        return "api"
    return "page" if asked.method in ("GET", "HEAD") else "act"


QUIET = frozenset({"metrics.show", "static", "health.health", "health.live", "health.ready"})
"""What is asked every few seconds, or a dozen times a page, and says nothing."""


def _roles() -> str:
    """The roles of who asks, where they have been read; nothing is asked of the database for it."""
    known = getattr(g.get("account"), "__dict__", {}).get("grants", ())
    return " ".join(sorted({str(grant.__dict__.get("role", "")) for grant in known}))
