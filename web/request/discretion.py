"""ID numbers and phones stand in no address (domain §7.2); web/server/logs.py keeps them out of the log."""

from __future__ import annotations

from typing import Any

from flask import Flask, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import privacy
from engine.ground.errors import Invalid

SENTENCE = "证件号码、电话不能写在网址里：请在“农户”页面的搜索框里查。"


def register(app: Flask) -> None:
    """Before each request."""
    app.before_request(keep_out_of_addresses)


def keep_out_of_addresses() -> ResponseReturnValue | None:
    """An address with somebody's number in it is left at once for the same one without it;
    programmes are refused.
    """
    if not request.query_string:
        return None
    personal = {name for name, value in request.args.items(multi=True) if privacy.names_person(value)}
    if not personal:
        return None
    if request.path.startswith("/api/") or request.endpoint is None or request.method not in ("GET", "HEAD"):
        raise Invalid("证件号码、电话不能写在网址里，请用 POST 查询。")
    flash(SENTENCE, "warning")
    kept = {name: values for name, values in request.args.lists() if name not in personal}
    return redirect(url_for(request.endpoint, **{**(request.view_args or {}), **kept}), 303)


def narrowing() -> dict[str, Any] | None:
    """What a search form asked for, as an address may hold it; None when it names a person,
    and is answered in place.
    """
    if privacy.names_person(request.form.get("q", "")):
        return None
    return {name: value for name, value in request.form.items() if value and name != "csrf_token"}
