"""农户: the register's search and one household."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from engine import households, views
from web import clock
from web.database import session
from web.pages.inbox import number
from web.signing import account

blueprint = Blueprint("households", __name__)


@blueprint.get("/households")
def index() -> str:
    """Search by name, ID number, phone or address."""
    text, status = request.args.get("q", "").strip()[:40], request.args.get("status", "")
    page = households.search(session(), account(), text, status, number(request.args.get("page")))
    return render_template("households/index.html", page=page, text=text, status=status)


@blueprint.get("/households/<int:household_id>")
def show(household_id: int) -> str:
    """One household; ID numbers and phones masked."""
    return _page(household_id, {})


@blueprint.post("/households/<int:household_id>/reveal")
def reveal(household_id: int) -> str:
    """Full numbers, on purpose; the look is logged."""
    return _page(household_id, households.reveal(session(), account(), household_id, clock.now()))


def _page(household_id: int, revealed: dict[str, str]) -> str:
    household = households.view(session(), account(), household_id)
    return render_template(
        "households/show.html", household=household, cases=views.household_cases(session(), account(), household_id),
        clues=views.household_clues(session(), account(), household_id), revealed=revealed,
        labels=views.code_labels(session()), matching=households.last_matching(session(), household_id),
    )  # fmt: skip
