"""督查提示: what looks too round, too equal, too fast or too quiet; nothing follows from it by itself (R02)."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from engine.prevention.quality import hints, parameters
from engine.prevention.quality.rules.parameters import NUMBERS
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("quality_hints", __name__, url_prefix="/quality/hints")


@blueprint.get("")
def index() -> str:
    """The hints of one county."""
    counties = hints.counties(session(), account())
    asked = request.args.get("county", "")
    chosen = asked if asked in {one.code for one in counties} else counties[0].code if counties else ""
    found = hints.of_county(session(), account(), chosen, clock.now()) if chosen else {}
    return render_template(
        "quality/hints.html",
        counties=counties,
        chosen=chosen,
        found=found,
        kinds=hints.KINDS,
        numbers=parameters.of_place(session(), NUMBERS, chosen),
    )
