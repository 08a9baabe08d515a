"""导出 Excel: every list, narrowed as its page is."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, request

from engine.casework.portions.outgoing import sending
from engine.ground.sheets import MEDIA_TYPE
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("outgoing", __name__)


@blueprint.post("/lists/<name>.xlsx")
def export(name: str) -> Response:
    """The list as a file; what it is narrowed to comes as its page has it."""
    given = {key: value for key, value in request.form.items() if key != "csrf_token"}
    body, filename = sending.written(session(), account(), name, given, clock.clock())
    answer = Response(body, mimetype=MEDIA_TYPE)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(filename)}"
    return answer
