"""Who is signed in: a signed cookie with the key of a session.

The cookie changes at the sign-in, at the sign-out and with what is said once, never with a mere visit. A page
asks for several things at a time, its own drafts among them: the answer that comes last would put an older
cookie back, and with it take away what the step before had said.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from datetime import timedelta
from urllib.parse import urlsplit

from flask import abort, current_app, flash, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from engine.casework import acts
from engine.casework.models import Account
from engine.casework.organisation import access
from engine.casework.organisation.identity import sessions
from engine.ground.clock import SYSTEM
from engine.ground.errors import ShouwangError
from web.request import addresses
from web.request.arguments import fetched, row
from web.server import clock, database

PROBES = frozenset({"health.live", "health.ready", "metrics.show"})
"""What machines ask of the process: nobody is looked up for it, for the database may not be there."""
PUBLIC = frozenset({"static", "auth.login", "auth.login_post", *PROBES, "wall.screen"})
BACKGROUND = frozenset({"statistics.counts", "supervision.counts"})
"""What a page asks for by itself: an open page alone does not keep a session alive."""
BEFORE_A_PASSWORD = frozenset({"own.password", "own.change_password", "auth.logout"})
"""What is open to somebody who must first of all set a new password."""
ENDED = "这次登录已经结束（到时、已退出，或由管理员结束），请重新登录。"


def sign_in(account: Account) -> None:
    """Begin a session; whatever the old one held is dropped. The device is known from now on."""
    now = SYSTEM.now()
    _end("out")
    session.clear()
    session["key"] = sessions.begin(
        database.session(), account, addresses.client(), addresses.device_words(), now
    )
    session["account"] = account.id
    addresses.remember_device(account.id)


def sign_out(why: str = "out") -> None:
    """End the session, here and for whoever holds a copy of the cookie."""
    _end(why)
    session.clear()


def _end(why: str) -> None:
    if key := key_of_session():
        sessions.end(database.session(), key, why, SYSTEM.now())


def key_of_session() -> str:
    """The key of the present session; '' without one."""
    return str(session.get("key", ""))


def account() -> Account:
    """The signed-in account."""
    found: Account = g.account
    return found


def _rest() -> timedelta:
    """How long a session may go unused."""
    return timedelta(minutes=current_app.config["SHOUWANG"].idle_minutes)


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
    if request.blueprint == "api" or request.path.startswith("/api/") or request.endpoint in PROBES:
        return None
    now, rest = SYSTEM.now(), _rest()
    known = sessions.known(database.session(), key_of_session(), now)
    begun, g.account = known or (None, None)
    if (
        request.endpoint is None or request.endpoint in PUBLIC
    ):  # no such page: said with the menus of who asks
        return None
    if begun is None or begun.seen_at < now - rest:
        return _to_sign_in(g.account)
    if request.endpoint not in BACKGROUND:
        sessions.use(database.session(), begun, now, rest)
    if g.account.must_change and request.endpoint not in BEFORE_A_PASSWORD:
        return redirect(url_for("own.password"))
    return None


def _to_sign_in(expired: Account | None) -> Response:
    """An expired session in the middle of a form: a task's is kept as a draft here,
    every other by the browser. The page where this is said is opened by the person, by no script.
    """
    if expired is not None:
        flash(_kept_words(expired), "warning")
    elif session.get("account") is not None:
        flash(ENDED, "warning")
    flashes = session.get("_flashes")
    sign_out("idle")
    if flashes:
        session["_flashes"] = flashes
    if fetched():
        abort(401)
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


def safe_next(target: str | None, account: Account) -> str:
    """Where to go after signing in: only a path of our own, else the account's first page."""
    if (
        target
        and target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and not urlsplit(target).netloc
    ):
        return target
    return first_page(account)


FIRST = (
    (access.ACCOUNT_ADMIN, "accounts.index"),
    (access.SECURITY_ADMIN, "accounts.requests"),
    (access.AUDIT_ADMIN, "journal.index"),
)
"""Where the administrators begin, who have no inbox."""


def first_page(account: Account) -> str:
    """Where somebody begins who has nothing to go on to."""
    first = (endpoint for role, endpoint in FIRST if access.has_role(account, role))
    return url_for(next(first, "inbox.todo"))
