"""Attachments: shown as what their content is, never as what a name claims."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response

from engine.casework.acts import attachments
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("files", __name__)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@blueprint.get("/files/<int:attachment_id>")
def show(attachment_id: int) -> Response:
    """The file itself; the look is logged."""
    found, body = attachments.fetch(session(), account(), attachment_id, clock.now())
    answer = Response(body, mimetype=found.media_type)
    answer.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(found.filename)}"
    # Browsers show no PDF in a sandbox; their viewers have one of their own.
    answer.headers["Content-Security-Policy"] = _POLICY if found.is_photo else "frame-ancestors 'none'"
    return answer


@blueprint.get("/files/<int:attachment_id>/thumbnail")
def thumbnail(attachment_id: int) -> Response:
    """A photo as a small picture, to stand on a page; the look is logged."""
    return Response(
        attachments.thumbnail(session(), account(), attachment_id, clock.now()), mimetype="image/jpeg"
    )
