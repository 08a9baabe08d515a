"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import accounts
from engine.ground.clock import SYSTEM
from engine.ground.errors import NotAllowed
from web import database, signing

blueprint = Blueprint("auth", __name__)


@blueprint.get("/login")
def login() -> ResponseReturnValue:
    """The sign-in page."""
    if g.account is not None:
        return redirect(url_for("inbox.todo"))
    return render_template("login.html", next=request.args.get("next", ""))


@blueprint.post("/login")
def login_post() -> ResponseReturnValue:
    """Sign in; locks are kept on the machine's own clock."""
    username, target = request.form.get("username", ""), request.form.get("next", "")
    try:
        found = accounts.authenticate(
            database.session(), username, request.form.get("password", ""), SYSTEM.now()
        )
    except NotAllowed as error:
        return render_template("login.html", next=target, username=username, problem=error.message), 401
    signing.sign_in(found)
    return redirect(signing.safe_next(target))


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """Sign out."""
    signing.sign_out()
    flash("您已退出。", "info")
    return redirect(url_for("auth.login"))
