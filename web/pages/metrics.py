"""Figures for whatever watches the system; off unless a token is set."""

from __future__ import annotations

import hmac

from flask import Blueprint, current_app, request
from werkzeug.exceptions import NotFound, Unauthorized
from werkzeug.wrappers import Response

from web.server import clock, metrics

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show() -> Response:
    """For Prometheus, with the token that is set (`authorization: Bearer …`)."""
    token: str = current_app.config["SHOUWANG"].metrics.token
    if not token:
        raise NotFound
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise Unauthorized
    found = metrics.text(current_app._get_current_object(), clock.clock().now())  # type: ignore[attr-defined]
    return Response(found, content_type=metrics.TYPE)
