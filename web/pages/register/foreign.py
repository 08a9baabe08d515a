"""一张表: an office's empty form, what its columns are, and the form filled from the register."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access
from engine.ground.errors import Invalid
from engine.prevention.register import contact
from engine.prevention.register.filled import acts
from engine.prevention.register.filled.asked import HOUSEHOLD, PERSON
from engine.prevention.register.filled.fields import FIELDS
from engine.prevention.register.registers import RegisterFilter
from web.pages.desk import outgoing
from web.pages.desk.inbox import narrower
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("foreign", __name__, url_prefix="/register/forms")
PER = {HOUSEHOLD: "每行一户", PERSON: "每行一人"}


@blueprint.get("")
def index() -> str:
    """Send a form; the last ones."""
    return _index()


def _index(problem: str = "") -> str:
    access.require_role(account(), *access.CASE_ROLES)
    latest = acts.latest(session(), account())
    return render_template("register/foreign/index.html", latest=latest, problem=problem)


@blueprint.post("")
def upload() -> ResponseReturnValue:
    """Read an empty form."""
    access.require_role(account(), *access.CASE_ROLES)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _index("请先选择文件。"), 422
    try:
        found = acts.begin(session(), account(), sent.stream.read(), sent.filename, clock.clock())
    except Invalid as error:
        return _index(error.message), 422
    return redirect(url_for("foreign.show", form_id=found.id), 303)


@blueprint.get("/<int:form_id>")
def show(form_id: int) -> str:
    """What its columns are, until somebody has said so; then what it is to be filled with."""
    return _show(form_id)


def _show(form_id: int, problem: str = "") -> str:
    form = acts.get(session(), account(), form_id)
    asks = form.told_at is None or request.args.get("columns") == "1"
    return render_template(
        "register/foreign/columns.html" if asks else "register/foreign/show.html",
        form=form,
        columns=acts.columns_of(form),
        fields=FIELDS,
        per=PER,
        places=narrower(),
        personal=[FIELDS[key].title for key in form.columns if key and FIELDS[key].personal],
        wanted=_wanted(),
        asks=_asks() if set(form.columns) & set(contact.FIELDS) else "",
        problem=problem,
    )


@blueprint.post("/<int:form_id>/columns")
def tell(form_id: int) -> ResponseReturnValue:
    """Which column is what, and what a row is."""
    said = {number(name.removeprefix("column_"), -1): key for name, key in request.form.items()}
    acts.tell(session(), account(), form_id, said, request.form.get("per", ""), clock.clock())
    return redirect(url_for("foreign.show", form_id=form_id), 303)


def _asks() -> str:
    """The village or township for which the official may let in what is not known yet; '' for none."""
    codes = (grant.division_code for grant in account().grants if grant.role in contact.ROLES)
    return next((code for code in codes if access.level_of(code) in ("village", "township")), "")


def _wanted() -> RegisterFilter:
    given = request.values
    return RegisterFilter(
        status=given.get("status", "monitored"),
        category=given.get("category", ""),
        division=given.get("division", ""),
    )


@blueprint.post("/<int:form_id>/filled.xlsx")
def filled(form_id: int) -> ResponseReturnValue:
    """The form, filled; full numbers only with a reason, and logged."""
    reason = request.form.get("reason", "").strip()[:200]
    if request.form.get("full") and not reason:
        return _show(form_id, "填完整证件号码须写明用途。"), 422
    narrowed = {name: request.form.get(name, "") for name in ("category", "division")}
    given = {"form": str(form_id), "status": request.form.get("status", "monitored"), **narrowed}
    try:
        return outgoing.asked("filled_form", given, reason if request.form.get("full") else "")
    except Invalid as error:
        return _show(form_id, error.message), 422
