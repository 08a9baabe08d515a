"""调动: somebody goes to another office; unit, roles and open work in one form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.acts import leaving
from engine.casework.organisation import access, divisions
from engine.casework.organisation.identity import roles
from engine.casework.supervision import succession
from engine.ground.clock import SYSTEM
from engine.ground.errors import Conflict, Invalid
from web.request.arguments import rows
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("moves", __name__, url_prefix="/administration")
ROLE_ROWS = 2
"""So many roles can be asked for with a move; more of them on the account's page."""


@blueprint.get("/accounts/<int:account_id>/move")
def show(account_id: int) -> str:
    """调动: where to, which roles, who takes over."""
    return _move_page(account_id)


def _move_page(account_id: int, errors: Mapping[str, Sequence[str]] | None = None, problem: str = "") -> str:
    found = roles.require(session(), account(), account_id, access.ACCOUNT_ADMIN)
    held, orders = leaving.held(session(), found.id), succession.orders_of(session(), found.id)
    typed = request.form
    places = [typed.get(f"role_division-{row}", "") for row in range(ROLE_ROWS)]
    codes = {found.division_code, typed.get("division_code", ""), *places} - {""}
    codes |= {one.division_code for one in found.grants} | {one.division_code for one in held}
    return render_template(
        "office/accounts/move.html",
        found=found,
        typed=typed,
        errors=errors or {},
        problem=problem,
        held=held,
        orders=orders,
        successors=leaving.successors(session(), found),
        names=divisions.names(session(), codes),
        role_names=access.ROLE_NAMES,
        role_rows=ROLE_ROWS,
    )


@blueprint.post("/accounts/<int:account_id>/move")
def move(account_id: int) -> ResponseReturnValue:
    """Move: the unit at once, the roles when the security administrator agrees, the work to the successor."""
    form = request.form
    wish = succession.Move(
        form.get("division_code", ""),
        form.get("post", ""),
        form.get("revision", ""),
        rows(form.getlist("taken")),
        _wishes(form),
        form.get("successor", ""),
    )
    try:
        done = succession.move(session(), account(), account_id, wish, SYSTEM.now(), clock=clock.clock())
    except (Conflict, Invalid) as error:
        fields = error.fields if isinstance(error, Invalid) else {}
        return _move_page(account_id, fields, error.message), error.status
    flash(f"已调动。{f'{done.summary}。' if done.summary else ''}", "success")
    return redirect(url_for("accounts.show", account_id=account_id), 303)


def _wishes(form: Mapping[str, str]) -> list[roles.Wish]:
    """The roles that were asked for; without a place of their own at the new unit."""
    unit = form.get("division_code", "").strip()
    asked = [(form.get(f"role-{one}", ""), form.get(f"role_division-{one}", "")) for one in range(ROLE_ROWS)]
    return [roles.Wish(role, place.strip() or unit) for role, place in asked if role]
