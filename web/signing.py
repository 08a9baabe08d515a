"""Who is signed in: a signed cookie with the account, its epoch and when it was last seen."""

from __future__ import annotations

import hmac
from base64 import b64encode
from urllib.parse import urlsplit

from flask import current_app, flash, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from engine.casework import acts
from engine.casework.models import Account
from engine.ground.clock import SYSTEM
from engine.ground.errors import ShouwangError
from web import clock, database
from web.arguments import row

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


def draft_key(account: Account) -> str:
    """The key, in base64, under which this account's browsers keep what it types;
    ends with the account's epoch.
    """
    secret = current_app.secret_key
    assert isinstance(secret, str)
    about = f"draft:{account.id}:{account.session_epoch}"
    return b64encode(hmac.digest(secret.encode(), about.encode(), "sha256")).decode()


def guard() -> Response | None:
    """Before each request: let signed-in people through, everybody else to the sign-in page."""
    g.account = None
    if request.blueprint == "api" or request.path.startswith("/api/"):
        return None
    g.account = _known()
    if (
        request.endpoint is None or request.endpoint in PUBLIC
    ):  # no such page: said with the menus of who asks
        return None
    idle = SYSTEM.now().timestamp() - float(session.get("seen", 0))
    if g.account is None or idle > current_app.config["SHOUWANG"].idle_minutes * 60:
        return _to_sign_in(g.account)
    if request.endpoint not in BACKGROUND:
        session["seen"] = SYSTEM.now().timestamp()
    return None


def _to_sign_in(expired: Account | None) -> Response:
    """An expired session in the middle of a form: a task's is kept as a draft here,
    every other by the browser.
    """
    if expired is not None:
        flash(_kept_words(expired), "warning")
    flashes = session.get("_flashes")
    sign_out()
    if flashes:
        session["_flashes"] = flashes
    return redirect(url_for("auth.login", next=page_before()))


def _kept_words(expired: Account) -> str:
    if request.method != "POST":
        return "登录已过期，请重新登录。"
    if request.endpoint not in ("tasks.complete", "tasks.draft"):
        return "登录已过期，您填的内容由浏览器保留，重新登录后可以继续。"
    item_id = (request.view_args or {})["item_id"]
    try:
        raw = acts.form_of(database.session(), expired, item_id).parse(request.form)
        based_on = row(request.form.get("revision"))
        acts.save_draft(database.session(), expired, item_id, raw, based_on=based_on, clock=clock.clock())
    except acts.StaleDraft:
        return "登录已过期。您在别处也填写过这一步：重新登录后请选择用哪一份。"
    except ShouwangError as error:
        return error.message
    return "登录已过期，您填的内容已暂存，重新登录后可以继续。"


def page_before() -> str:
    """The page that the person was on: the one asked for, or the one that holds the form that was sent."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    sent_from = urlsplit(request.referrer or "")
    if sent_from.netloc == request.host and sent_from.path:
        return sent_from.path + (f"?{sent_from.query}" if sent_from.query else "")
    return request.path


def safe_next(target: str | None) -> str:
    """Where to go after signing in: only a path of our own."""
    if (
        target
        and target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and not urlsplit(target).netloc
    ):
        return target
    return url_for("inbox.todo")
