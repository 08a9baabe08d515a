"""线索: the list, and entering one; possible duplicates are shown before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import definitions
from engine.casework.organisation import divisions
from engine.flow.forms import Form
from engine.ground.clock import local_date
from engine.ground.errors import Invalid, NotFound
from engine.prevention.identification import clues, entering
from engine.prevention.identification.entering import Entered
from engine.prevention.models import Household
from engine.prevention.register.households import finding as households
from web.request import discretion
from web.request.arguments import number, row
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("clues", __name__)
MANY_VILLAGES = 60
"""More than these are looked for by name instead of chosen from a list."""


@blueprint.get("/clues")
def index() -> str:
    """The clues in one's reach."""
    text, channel = request.values.get("q", "").strip()[:40], request.values.get("channel", "")
    page = clues.listing(session(), account(), text, channel, number(request.args.get("page")))
    labels = definitions.code_labels(session())
    return render_template(
        "prevention/clues/index.html", page=page, text=text, channel=channel, labels=labels
    )


@blueprint.post("/clues/search")
def find() -> ResponseReturnValue:
    """What the search form sends: whom a number names is shown here,
    so that the number stands in no address.
    """
    narrowing = discretion.narrowing()
    return index() if narrowing is None else redirect(url_for("clues.index", **narrowing), 303)


@blueprint.get("/clues/new")
def new() -> str:
    """The form for a clue, about a known household (``household``) or a new one."""
    household = _household(request.args.get("household"))
    today = local_date(clock.now()).isoformat()
    return _page({"discovered_on": today, "finder": account().name}, household)


def _household(text: str | None) -> Household | None:
    return households.view(session(), account(), row(text) or 0) if text else None


def _form() -> Form:
    form = entering.form(session())
    if form is None:
        raise NotFound("现行流程没有线索表。")
    return form


def _page(
    data: Mapping[str, Any],
    household: Household | None,
    errors: Mapping[str, list[str]] | None = None,
    found: Entered | None = None,
) -> str:
    form = _form()
    facts = form.facts_of({}, local_date(clock.now()))
    fields = [f for f in form.render(data, errors, facts) if household is None or f.kind != "group"]
    villages = divisions.villages_of(session(), account(), limit=MANY_VILLAGES + 1)
    return render_template(
        "prevention/clues/new.html",
        fields=fields,
        errors=errors or {},
        household=household,
        duplicates=found.duplicates if found else (),
        known=found.known if found else None,
        villages=villages if len(villages) <= MANY_VILLAGES else [],
    )


@blueprint.post("/clues")
def enter() -> ResponseReturnValue:
    """录入线索."""
    form, household = _form(), _household(request.form.get("household"))
    raw = form.parse(request.form)
    try:
        filled = {**raw, "known_household": household is not None}
        clean = form.validate(filled, today=local_date(clock.now()))
        entered = entering.enter(
            session(),
            account(),
            clean,
            clock=clock.clock(),
            household_id=household.id if household else None,
            confirmed_new=request.form.get("confirmed_new") == "1",
        )
    except Invalid as error:
        flash(error.message, "danger")
        return _page(raw, household, error.fields), 422
    if entered.clue is None:
        return _page(raw, household, found=entered), 200
    flash(_words(entered), "success")
    if entered.case is None:
        return redirect(url_for("households.show", household_id=entered.clue.household_id), 303)
    return redirect(url_for("cases.show", case_id=entered.case.id), 303)


def _words(entered: Entered) -> str:
    """What became of the clue."""
    case = entered.case
    if case is None or entered.clue is None:
        return "这户已是监测对象，不重复识别认定：线索已记入该户，并已通知乡镇核实、调整帮扶措施。"
    if not entered.joined:
        return "线索已录入，开始办理。"
    if not entered.clue.held:
        return "线索已并入这户正在办理的事项，期限按最早的发现日期计算。"
    name = case.version.procedure.name
    return f"线索已并入这户正在办理的“{name}”，并已通知村、乡核实；办结时不是监测对象的，按这条线索重新识别认定。"


@blueprint.get("/divisions")
def search() -> ResponseReturnValue:
    """Villages by name, for officials whose reach is too wide for a list;
    ``anywhere`` for a household's new place.
    """
    text = request.args.get("q", "").strip()[:20]
    found = divisions.villages_of(
        session(), account(), text, limit=20, anywhere=request.args.get("anywhere") == "1"
    )
    return [{"code": division.code, "name": division.path} for division in found]
