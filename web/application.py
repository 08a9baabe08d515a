"""Puts the application together."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from mimetypes import guess_type
from pathlib import Path

from flask import Flask, current_app, g, request, send_from_directory, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from engine.casework import kit
from engine.casework.desk import inbox
from engine.casework.models import Account
from engine.casework.organisation import access
from engine.ground.clock import Clock
from engine.owners.kit import KIT
from web import api, pages
from web.request import arguments, discretion, errors, signing, tracing
from web.request.handling import Application
from web.server import clock, database, heartbeat, scheduler
from web.server.config import Config, prepare_folder
from web.shown import banners, places, subjects, words

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
"""Styles may be inline because the diagram viewer sets them on SVG elements; scripts never."""
HARDENED = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"))
"""Said of every answer, and of none by its own view."""
STATIC = Path(__file__).parent / "static"
DIST = STATIC / "dist"
csrf = CSRFProtect()


def create_app(config: Config | None = None, fixed_clock: Clock | None = None) -> Flask:
    """The application for `config` (default: from the environment); `fixed_clock` is for tests."""
    kit.use(KIT)
    config = config or Config.read()
    app = Application("web")
    app.config.update(
        SHOUWANG=config,
        SECRET_KEY=config.secret_key,
        MAX_CONTENT_LENGTH=config.max_upload_mb * 1024 * 1024,
        SESSION_COOKIE_NAME="shouwang",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure_cookies,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=config.secure_cookies,
        MAX_FORM_PARTS=5000,
        MAX_FORM_MEMORY_SIZE=4_000_000,
    )
    if config.trusted_proxies:  # else whoever asks could name any address
        app.wsgi_app = config.trusted_proxies.before(app.wsgi_app)  # type: ignore[method-assign, assignment]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    prepare_folder(config.database_url)
    database.bind(app, config.database_url, config.capacity)
    clock.install(app, config.demo, fixed_clock)
    tracing.register(app)  # first: whatever comes after it has a number
    csrf.init_app(app)
    words.register(app)
    subjects.register(app)
    arguments.install(app)
    discretion.register(app)  # before the sign-in page is offered the address to go on to
    app.before_request(signing.guard)
    app.after_request(_harden)
    app.view_functions["static"] = _static
    app.context_processor(_context)
    app.jinja_env.globals["asset"] = asset
    pages.register(app, demo=config.demo)
    api.register(app, csrf, demo=config.demo)
    errors.register(app)
    if config.scheduler:
        scheduler.start(app)
    if config.heartbeat:
        heartbeat.start(app)
    return app


def _static(filename: str) -> Response:
    """A file that pages load, compressed where the browser takes it and the build made a compressed twin."""
    answer = None
    if request.accept_encodings.quality("gzip"):
        with suppress(NotFound):
            answer = send_from_directory(STATIC, f"{filename}.gz", mimetype=guess_type(filename)[0])
            answer.headers["Content-Encoding"] = "gzip"
    answer = answer or send_from_directory(STATIC, filename)
    answer.vary.add("Accept-Encoding")
    return answer


def _harden(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", POLICY)
    answer.headers.extend(HARDENED)
    if request.endpoint == "static" and answer.status_code == 200:
        answer.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable"  # names carry the content's hash
        )
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer


def _context() -> dict[str, object]:
    """What every page shows: who it is, how much waits, what the time is."""
    account = getattr(g, "account", None)
    found: dict[str, object] = {"account": account, "now": clock.now(), "demo": _config().demo}
    if account is not None:
        found["place"] = places.own()
        found["sees_cases"] = any(access.has_role(account, role) for role in access.CASE_ROLES)
        found["main_menu"] = _menu(account)
        found["banners"] = banners.of(account)
        counted = g.pop("todo_count", None)  # by the inbox itself
        found["todo_count"] = inbox.todo_count(database.session(), account) if counted is None else counted
        found["draft_key"] = lambda: signing.draft_key(account)
    return found


MENU = (("inbox.todo", "待办"), ("inbox.done", "已办"), ("clues.index", "线索"), ("households.index", "农户"))

ADMINISTRATION = (
    (access.ACCOUNT_ADMIN, ("accounts.index", "账号")),
    (access.SECURITY_ADMIN, ("accounts.requests", "授权")),
    (access.AUDIT_ADMIN, ("journal.index", "日志")),
)
"""What each of the three administrators does first."""


def _menu(account: Account) -> list[tuple[str, str]]:
    """The main menu: what the official's roles do every day; who works on no queue needs no 待办."""
    works = any(grant.role in access.QUEUE_OF_ROLE for grant in account.grants)
    watches = access.has_role(account, access.SUPERVISOR)
    draws = access.has_role(account, access.PROCESS_OWNER)
    own = MENU if works else MENU[2:] if watches else ()
    first = [("supervision.index", "督办"), ("statistics.index", "统计")] if watches else []
    last = [("procedures.index", "流程"), ("drafts.index", "草稿")] if draws else []
    last += [link for role, link in ADMINISTRATION if access.has_role(account, role)]
    return [*first, *own, *last, ("more.index", "更多")]


def _config() -> Config:
    config: Config = current_app.config["SHOUWANG"]
    return config


@cache
def _manifest() -> dict[str, str]:
    path = DIST / "manifest.json"
    if not path.exists():
        raise RuntimeError("页面资源还没有生成，请先运行 ./demo 或 node web/assets/build.mjs。")
    found: dict[str, str] = json.loads(path.read_text())
    return found


def asset(name: str) -> str:
    """The address of a built file, with its content's hash in the name."""
    return url_for("static", filename=f"dist/{_manifest()[name]}")
