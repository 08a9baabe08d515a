"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import accounts
from engine.casework.organisation.identity import sign_in
from engine.ground.clock import SYSTEM
from web.request import addresses, signing
from web.server import database

blueprint = Blueprint("auth", __name__)


@blueprint.get("/login")
def login() -> ResponseReturnValue:
    """The sign-in page."""
    if g.account is not None:
        return redirect(signing.first_page(g.account))
    return render_template("office/login.html", next=request.args.get("next", ""))


@blueprint.post("/login")
def login_post() -> ResponseReturnValue:
    """Sign in; attempts are counted on the machine's own clock."""
    username, target = request.form.get("username", ""), request.form.get("next", "")
    try:
        found = sign_in.authenticate(
            database.session(), username, request.form.get("password", ""), addresses.caller(), SYSTEM.now()
        )
        signing.sign_in(found)
    except accounts.NotSignedIn as error:
        return render_template(
            "office/login.html", next=target, username=username, problem=error.message
        ), 401
    return redirect(signing.safe_next(target, found))


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """Sign out."""
    signing.sign_out()
    flash("您已退出。", "info")
    return redirect(url_for("auth.login"))
