"""The blueprints of the API: who may call, and what no answer holds."""

from __future__ import annotations

from typing import Any

import flask_smorest
from flask import Request, g, request
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from werkzeug.wrappers import Response

from engine.casework.organisation import privacy
from web.api.tokens import bearer

OPEN = frozenset({"api.issue_token"})
REVEALING = frozenset({"api.reveal_task"})


class _Parser(FlaskParser):
    """One that reads JSON once: the request keeps what was read of it (web/request/arguments.py)."""

    def _raw_load_json(self, req: Request) -> Any:
        sent = req.get_json(silent=True) if req.is_json else None
        return super()._raw_load_json(req) if sent is None else sent


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """One whose schemas are made as its routes are.

    The library makes one of a class for each request, with a copy of every field: 0.1 ms of a completion.
    """

    ARGUMENTS_PARSER = _Parser()

    def arguments(self, schema: Schema | type[Schema], **options: Any) -> Any:
        """As the library's."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)


def authenticate() -> None:
    """Every call but the one that issues tokens carries one."""
    if request.endpoint in OPEN:
        return
    g.account = bearer()


def mask(answer: Response) -> Response:
    """No answer holds an ID number, whatever it tells,
    but those that reveal it on purpose and leave a line.
    """
    if request.endpoint not in REVEALING and answer.is_json and not answer.direct_passthrough:
        told = answer.get_data(as_text=True)
        if (shown := privacy.masked_text(told)) != told:
            answer.set_data(shown)
    return answer


api = Blueprint("api", __name__, url_prefix="/api/v1", description="守望 REST API")
"""The routes of the rooms beside that have none of their own."""
api.before_request(authenticate)
api.after_request(mask)
