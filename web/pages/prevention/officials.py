"""帮扶责任人: who answers for how many households, and which household has nobody (R18)."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from engine.prevention.assistance import officials
from web.request.arguments import number
from web.request.signing import account
from web.server.database import session

blueprint = Blueprint("officials", __name__, url_prefix="/officials")


@blueprint.get("")
def index() -> str:
    """The load of every official in one's reach, or the households without one."""
    page, text = number(request.args.get("page")), request.args.get("q", "").strip()[:40]
    missing = request.args.get("show") == "missing"
    waiting = officials.without(session(), account(), page if missing else 1)
    loads = None if missing else officials.loads(session(), account(), text, page)
    return render_template(
        "prevention/officials.html", loads=loads, waiting=waiting, missing=missing, text=text
    )
