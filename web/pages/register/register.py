"""台账: the register as a list and as an Excel file."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import definitions
from engine.ground.errors import Invalid
from engine.prevention.register import registers
from engine.prevention.register.filled.workbook import wanted as wanted_of
from web.pages.desk import outgoing
from web.pages.desk.inbox import narrower
from web.request import discretion
from web.request.arguments import number
from web.request.signing import account
from web.server.database import session

blueprint = Blueprint("register", __name__, url_prefix="/register")
NARROWED = ("status", "category", "division", "q")


@blueprint.get("")
def index() -> str:
    """The list."""
    wanted = wanted_of(request.values)
    page = registers.listing(session(), account(), wanted, number(request.args.get("page")))
    named = registers.officials(session(), [one.id for one in page.items])
    return render_template(
        "register/index.html",
        page=page,
        wanted=wanted,
        officials=named,
        places=narrower(),
        labels=definitions.code_labels(session()),
    )


@blueprint.post("/search")
def find() -> ResponseReturnValue:
    """What the search form sends: whom a number names is shown here,
    so that the number stands in no address.
    """
    narrowing = discretion.narrowing()
    return index() if narrowing is None else redirect(url_for("register.index", **narrowing), 303)


@blueprint.post("/export")
def export() -> ResponseReturnValue:
    """The Excel file; full numbers only with a reason, and logged."""
    reason = request.form.get("reason", "").strip()[:200]
    if request.form.get("full") and not reason:
        raise Invalid("导出完整证件号码须写明用途。")
    given = {name: request.form[name] for name in NARROWED if name in request.form}
    return outgoing.asked("register", given, reason if request.form.get("full") else "")
