"""台账: the register as a list and as an Excel file."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.desk import views
from engine.ground.errors import Invalid
from engine.ground.sheets import MEDIA_TYPE
from engine.prevention.register import registers
from engine.prevention.register.filled import workbook
from engine.prevention.register.registers import RegisterFilter
from web.pages.desk.inbox import narrower
from web.request import discretion
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("register", __name__, url_prefix="/register")
SHEET = MEDIA_TYPE


def _wanted() -> RegisterFilter:
    given = request.values
    return RegisterFilter(
        status=given.get("status", "monitored"),
        category=given.get("category", ""),
        division=given.get("division", ""),
        text=given.get("q", "").strip()[:40],
    )


@blueprint.get("")
def index() -> str:
    """The list."""
    wanted = _wanted()
    page = registers.listing(session(), account(), wanted, number(request.args.get("page")))
    named = registers.officials(session(), [one.id for one in page.items])
    return render_template(
        "register/index.html",
        page=page,
        wanted=wanted,
        officials=named,
        places=narrower(),
        labels=views.code_labels(session()),
    )


@blueprint.post("/search")
def find() -> ResponseReturnValue:
    """What the search form sends: whom a number names is shown here,
    so that the number stands in no address.
    """
    narrowing = discretion.narrowing()
    return index() if narrowing is None else redirect(url_for("register.index", **narrowing), 303)


@blueprint.post("/export")
def export() -> Response:
    """The Excel file; full numbers only with a reason, and logged."""
    reason = request.form.get("reason", "").strip()[:200]
    if request.form.get("full") and not reason:
        raise Invalid("导出完整证件号码须写明用途。")
    wanted, now = _wanted(), clock.now()
    words = views.code_labels(session())
    given = reason if request.form.get("full") else ""
    body = workbook.export(session(), account(), wanted, words, now, reason=given)
    answer = Response(body, mimetype=SHEET)
    name = quote(registers.filename(wanted, now))
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return answer
