"""Attachments: shown as what their content is, never as what a name claims."""

from __future__ import annotations

from flask import Blueprint, Response

from engine.casework.acts import attachments
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("files", __name__)


@blueprint.get("/files/<int:attachment_id>")
def show(attachment_id: int) -> Response:
    """The file itself; the look is logged."""
    found, body = attachments.fetch(session(), account(), attachment_id, clock.now())
    policy = sent.PICTURE if found.is_photo else "frame-ancestors 'none'"
    return sent.inline(body, found.filename, found.media_type, policy=policy)


@blueprint.get("/files/<int:attachment_id>/thumbnail")
def thumbnail(attachment_id: int) -> Response:
    """A photo as a small picture, to stand on a page; the look is logged."""
    body = attachments.thumbnail(session(), account(), attachment_id, clock.now())
    return sent.unnamed(body, "image/jpeg")
