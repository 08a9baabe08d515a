"""ID numbers and phones stand in no address and in no log of the server (domain §7.2)."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from flask import Flask, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import privacy
from engine.ground.errors import Invalid

SENTENCE = "证件号码、电话不能写在网址里：请在“农户”页面的搜索框里查。"


def register(app: Flask) -> None:
    """Before each request and for every line of the log."""
    app.before_request(keep_out_of_addresses)
    logging.setLogRecordFactory(_line)


def keep_out_of_addresses() -> ResponseReturnValue | None:
    """An address with somebody's number in it is left at once for the same one without it;
    programmes are refused.
    """
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


def _line(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """A line of the log whose text, and whose error, hold no ID number:
    databases cite the values they refuse.
    """
    record = logging.LogRecord(*args, **kwargs)
    try:
        written = record.getMessage()
    except (TypeError, ValueError):  # the handler says so, with the place in the program
        return record
    if (said := privacy.masked_text(written)) != written:
        record.msg, record.args = said, None
    if record.exc_info and record.exc_info[0] is not None:
        record.exc_text = privacy.masked_text(
            "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        )
    return record
