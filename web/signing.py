"""Who is signed in: a signed cookie with the account, its epoch and when it was last seen."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import current_app, flash, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from engine import runtime
from engine.clock import SYSTEM
from engine.errors import ShouwangError
from engine.models import Account
from web import clock, database

PUBLIC = frozenset({"static", "auth.login", "auth.login_post", "health.health", "wall.screen"})
BACKGROUND = frozenset({"statistics.counts", "supervision.counts"})
"""What a page asks for by itself: an open page alone does not keep a session alive."""


def sign_in(account: Account) -> None:
    """Begin a session; whatever the old one held is dropped."""
    session.clear()
    session["account"], session["epoch"] = account.id, account.session_epoch
    session["seen"] = SYSTEM.now().timestamp()


def sign_out() -> None:
    """End the session."""
    session.clear()


def account() -> Account:
    """The signed-in account."""
    found: Account = g.account
    return found


def _known() -> Account | None:
    identifier = session.get("account")
    found = database.session().get(Account, identifier) if identifier is not None else None
    if found is None or not found.active or found.session_epoch != session.get("epoch"):
        return None
    return found


def guard() -> Response | None:
    """Before each request: let signed-in people through, everybody else to the sign-in page."""
    g.account = None
    if request.endpoint is None or request.blueprint == "api" or request.path.startswith("/api/"):
        return None
    g.account = _known()
    if request.endpoint in PUBLIC:
        return None
    idle = SYSTEM.now().timestamp() - float(session.get("seen", 0))
    if g.account is None or idle > current_app.config["SHOUWANG"].idle_minutes * 60:
        return _to_sign_in(g.account)
    if request.endpoint not in BACKGROUND:
        session["seen"] = SYSTEM.now().timestamp()
    return None


def _to_sign_in(expired: Account | None) -> Response:
    """An expired session in the middle of a form: what was typed is kept as a draft first."""
    back = request.full_path.rstrip("?") if request.method == "GET" else request.path
    if expired is not None and request.method == "POST" and request.endpoint in ("tasks.complete", "tasks.draft"):
        arguments: dict[str, Any] = request.view_args or {}
        back = url_for("tasks.show", item_id=arguments["item_id"])
        try:
            form = runtime.form_of(database.session(), expired, arguments["item_id"])
            raw = form.parse(request.form)
            runtime.save_draft(database.session(), expired, arguments["item_id"], raw, clock=clock.clock())
            flash("登录已过期，您填的内容已暂存，重新登录后可以继续。", "warning")
        except ShouwangError as error:
            flash(error.message, "warning")
    elif expired is not None:
        flash("登录已过期，请重新登录。", "warning")
    flashes = session.get("_flashes")
    sign_out()
    if flashes:
        session["_flashes"] = flashes
    return redirect(url_for("auth.login", next=back))


def safe_next(target: str | None) -> str:
    """Where to go after signing in: only a path of our own."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and not urlsplit(target).netloc:
        return target
    return url_for("inbox.todo")
