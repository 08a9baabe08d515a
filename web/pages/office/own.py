"""我的账号: the password, phone, e-mail, sessions and tokens of whoever is signed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import divisions
from engine.casework.organisation.identity import own, safeguards, sessions
from engine.ground.clock import SYSTEM
from engine.ground.database import write
from engine.ground.errors import Invalid
from web.request import signing
from web.request.signing import account
from web.server.database import session

blueprint = Blueprint("own", __name__, url_prefix="/account")


@blueprint.get("")
def index() -> str:
    """Who I am here, how I am reached, where I am signed in."""
    return _page()


def _page(errors: Mapping[str, Sequence[str]] | None = None) -> str:
    now, key = SYSTEM.now(), signing.key_of_session()
    live = sessions.live(session(), account().id, now)
    return render_template(
        "office/own/show.html",
        live=[(one, sessions.is_of(one, key)) for one in live],
        tokens=own.tokens(session(), account(), now),
        place_names=divisions.names(session(), {grant.division_code for grant in account().grants}),
        errors=errors or {},
        typed=request.form if errors else {"phone": account().phone, "email": account().email},
    )


@blueprint.post("")
def change() -> ResponseReturnValue:
    """Another phone or e-mail address."""
    try:
        own.change_contacts(session(), account(), request.form, SYSTEM.now())
    except Invalid as error:
        return _page(error.fields), 422
    flash("已保存。", "success")
    return redirect(url_for("own.index"), 303)


@blueprint.get("/password")
def password() -> str:
    """A new password."""
    return _password_page()


def _password_page(errors: Mapping[str, Sequence[str]] | None = None) -> str:
    days = safeguards.current(session()).days
    return render_template("office/own/password.html", errors=errors or {}, days=days)


@blueprint.post("/password")
def change_password() -> ResponseReturnValue:
    """Set it; every other session ends."""
    key, first = signing.key_of_session(), account().must_change
    try:
        ended = own.change_password(session(), account(), request.form, key, SYSTEM.now())
    except Invalid as error:
        return _password_page(error.fields), 422
    flash(f"密码已改。{f'别处的 {ended} 个登录已退出。' if ended else ''}", "success")
    return redirect(signing.first_page(account()) if first else url_for("own.index"), 303)


@blueprint.post("/sessions/<int:sign_in_id>/end")
def end_session(sign_in_id: int) -> ResponseReturnValue:
    """退出这台设备."""
    ended = sessions.end_one(session(), account(), sign_in_id, SYSTEM.now())
    flash("已退出那台设备。" if ended else "那台设备已经退出了。", "success" if ended else "info")
    return redirect(url_for("own.index"), 303)


@blueprint.post("/sessions/end")
def end_others() -> ResponseReturnValue:
    """退出其他所有设备."""
    with write(session()):
        ended = sessions.end_all(session(), account(), "own", SYSTEM.now(), but=signing.key_of_session())
    flash(f"已退出其他 {ended} 个登录。" if ended else "没有别的登录。", "success")
    return redirect(url_for("own.index"), 303)


@blueprint.post("/tokens/<int:token_id>/end")
def end_token(token_id: int) -> ResponseReturnValue:
    """停用一个接口令牌."""
    own.end_token(session(), account(), token_id, SYSTEM.now())
    flash("令牌已停用。", "success")
    return redirect(url_for("own.index"), 303)
