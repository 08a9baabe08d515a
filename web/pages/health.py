"""Whether the process answers and reaches its database."""

from __future__ import annotations

from flask import Blueprint

from engine.ground.database import ping
from web.server.database import session

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> dict[str, str]:
    """For load balancers and containers."""
    ping(session())
    return {"status": "ok"}
