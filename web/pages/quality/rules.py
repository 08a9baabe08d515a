"""核查规则: what the rules look for, by which clause, how much of it there is; the province's numbers."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access
from engine.ground.errors import Invalid
from engine.prevention.quality import parameters
from engine.prevention.quality.correcting import lists
from engine.prevention.quality.correcting.ways import WAYS
from engine.prevention.quality.findings import SEVERITIES
from engine.prevention.quality.rules.catalogue import GROUPS, RULES
from engine.prevention.quality.rules.parameters import NUMBERS
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("quality_rules", __name__, url_prefix="/quality/rules")


@blueprint.get("")
def index() -> str:
    """The catalogue."""
    access.require_role(account(), *access.CASE_ROLES)
    return render_template(
        "quality/rules.html",
        groups=GROUPS,
        total=len(RULES),
        open=lists.rules(session(), account()),
        numbers=parameters.of_actor(session(), NUMBERS, account()),
        severities=SEVERITIES,
        ways=WAYS,
    )


@blueprint.get("/parameters")
def numbers() -> str:
    """参数: the numbers that the plan leaves open."""
    access.require_role(account(), *access.CASE_ROLES)
    return _numbers({}, {})


def _numbers(typed: Mapping[str, str], errors: Mapping[str, list[str]]) -> str:
    return render_template(
        "quality/parameters.html",
        parameters=NUMBERS.each,
        values=parameters.of_actor(session(), NUMBERS, account()),
        may_set=parameters.may_set(account()),
        typed=typed,
        errors=errors,
    )


@blueprint.post("/parameters")
def set_numbers() -> ResponseReturnValue:
    """The province sets them; the next run goes by them."""
    try:
        changed = parameters.set_all(session(), account(), NUMBERS, request.form.to_dict(), clock.now())
    except Invalid as error:
        flash(error.message, "danger")
        return _numbers(request.form, error.fields), 422
    flash(f"已保存 {len(changed)} 项，下一次核查起使用。" if changed else "没有变化。", "success")
    return redirect(url_for("quality_rules.numbers"), 303)
