"""联系方式: how a household is reached, put right at once by who works with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.ground.errors import Invalid, NotAllowed
from engine.prevention.register import contact
from engine.prevention.register.contact import Outcome
from engine.prevention.register.households import finding as households
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("contact", __name__)


@blueprint.get("/households/<int:household_id>/contact")
def show(household_id: int) -> str:
    """Phone, group and address as they are."""
    return _page(household_id)


def _page(
    household_id: int, errors: Mapping[str, Sequence[str]] | None = None, outcome: Outcome | None = None
) -> str:
    household = households.view(session(), account(), household_id)
    if not contact.may_change(account(), household):
        raise NotAllowed("电话和住址由村、乡、县的经办人员更正。")
    return render_template(
        "prevention/households/contact.html",
        household=household,
        errors=errors or {},
        outcome=outcome,
        given=request.form,
    )


@blueprint.post("/households/<int:household_id>/contact")
def change(household_id: int) -> ResponseReturnValue:
    """更正."""
    typed = {key: request.form[key] for key in contact.FIELDS if key in request.form}
    confirmed = request.form.get("confirmed") == "1"
    try:
        outcome = contact.change(session(), account(), household_id, typed, confirmed, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _page(household_id, error.fields), 422
    if outcome.change is None and outcome.asks:
        return _page(household_id, outcome=outcome)
    flash("已更正。" if outcome.change else "没有改动。", "success")
    return redirect(url_for("households.show", household_id=household_id), 303)
