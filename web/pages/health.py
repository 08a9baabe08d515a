"""Whether the process lives, and whether it is ready: for load balancers and containers."""

from __future__ import annotations

import logging

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from engine.ground.database import ping
from engine.ground.deadline import stopping
from engine.ground.surroundings import driver_said, trouble_of
from engine.migrations import schema
from web.server.database import db, session

blueprint = Blueprint("health", __name__)
CURRENT = "shouwang.schema_is_current"
_LOG = logging.getLogger("shouwang")


@blueprint.get("/live")
def live() -> dict[str, str]:
    """The process answers; that is all: nobody need start it anew because a database is away."""
    return {"status": "ok"}


@blueprint.get("/ready")
@blueprint.get("/health")
def ready() -> ResponseReturnValue:
    """Whether requests may be sent here: it is not about to end, and its database answers and is of this
    release.
    """
    if stopping():
        return {"status": "stopping"}, 503
    try:
        ping(session())
        if not current_app.extensions.get(CURRENT):  # asked until it is so: tables do not go back
            schema.require_current(db.engine)
            current_app.extensions[CURRENT] = True
    except schema.SchemaMisfit:
        return {"status": "other release"}, 503
    except Exception as error:
        if trouble_of(error) is None:
            raise
        _LOG.warning("not ready: %s", driver_said(error))
        return {"status": "no database"}, 503
    return {"status": "ok"}
