"""Only in the demo: the role switcher and the time machine."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, current_app, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import accounts
from engine.casework.time import ticker
from engine.ground.errors import Invalid, NotFound
from engine.prevention.demo import ROLES
from web.request import signing
from web.server import clock
from web.server.database import session, sessions
from web.shown.words import day

blueprint = Blueprint("demo", __name__, url_prefix="/demo")
STEPS = {"1": "1 天", "3": "3 天", "5": "5 天", "15": "15 天"}


@blueprint.app_context_processor
def _bar() -> dict[str, object]:
    """What the strip on top of every page needs."""
    return {"demo_roles": ROLES, "demo_steps": STEPS}


@blueprint.post("/switch")
def switch() -> ResponseReturnValue:
    """Become another official of the demo."""
    username = request.form.get("username", "")
    found = accounts.named(session(), username)
    if found is None or username not in {name for name, _, _ in ROLES}:
        raise NotFound("演示中没有这个身份。")
    signing.sign_in(found)
    return redirect(url_for("inbox.todo"), 303)


@blueprint.post("/clock")
def move_clock() -> ResponseReturnValue:
    """Move the clock forward; what falls due on the way fires at once, in due order."""
    days = request.form.get("days", "")
    if days not in STEPS:
        raise Invalid("时间只能向前拨 1、3、5 或 15 天。")
    after = clock.advance(timedelta(days=int(days)))
    application = current_app._get_current_object()  # type: ignore[attr-defined]
    fired = ticker.tick(sessions(application), clock.clock())
    g.now = after
    flash(f"现在是 {day(after)}，其间有 {fired} 个时限到期或事项自动开始。", "info")
    return redirect(signing.safe_next(request.form.get("back"), signing.account()), 303)
