"""Opening a case for a household by hand: what the diagrams let the official open,
with the start event's form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.acts import openings
from engine.casework.acts.openings import Startable
from engine.ground.clock import local_date
from engine.ground.errors import Invalid, NotAllowed
from engine.prevention.register.households import finding as households
from engine.prevention.register.households import reading
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("openings", __name__, url_prefix="/households/<int:household_id>/start")


@blueprint.get("/<key>")
def new(household_id: int, key: str) -> str:
    """The start form of a procedure, or its description and a button."""
    return _page(household_id, key)


def _page(
    household_id: int,
    key: str,
    data: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> str:
    household = households.view(session(), account(), household_id)
    found = _found(household_id, key)
    values = data if data is not None else _prefilled(household_id, found)
    facts = found.form.facts_of({}, local_date(clock.now())) if found.form else {}
    fields = found.form.render(values, errors, facts) if found.form else []
    return render_template(
        "prevention/households/start.html",
        household=household,
        found=found,
        fields=fields,
        errors=errors or {},
    )


def _prefilled(household_id: int, found: Startable) -> dict[str, Any]:
    if found.form is None:
        return {}
    return found.form.prefill({"household": reading.facts(session(), household_id), "case": {}, "clue": {}})


def _found(household_id: int, key: str) -> Startable:
    household = households.view(session(), account(), household_id)
    offered = {one.key: one for one in openings.startable(session(), account(), household)}
    if key not in offered:
        raise NotAllowed("这户现在不能由您启动这个流程。")
    return offered[key]


@blueprint.post("/<key>")
def start(household_id: int, key: str) -> ResponseReturnValue:
    """Open the case."""
    found = _found(household_id, key)
    raw = found.form.parse(request.form) if found.form else {}
    try:
        case = openings.open_by_hand(session(), account(), household_id, key, raw, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _page(household_id, key, raw, error.fields), 422
    flash(f"“{found.name}”已启动。", "success")
    return redirect(url_for("cases.show", case_id=case.id), 303)
