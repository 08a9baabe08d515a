"""The bell: warnings, returns, results."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from engine.casework.desk import inbox
from web.request.arguments import number
from web.request.signing import account
from web.server.database import session

blueprint = Blueprint("bell", __name__)


@blueprint.get("/bell")
def bell() -> str:
    """The notifications of one's queues, latest first."""
    return render_template(
        "desk/bell.html", page=inbox.bell(session(), account(), number(request.args.get("page")))
    )
