"""The API put together; each route translates, the engine decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, current_app
from flask_smorest import Api
from flask_wtf.csrf import CSRFProtect

from engine.casework.organisation import accounts
from engine.casework.organisation.identity import sign_in
from engine.casework.time import ticker
from engine.flow.feel import compile_expression
from engine.ground.clock import SYSTEM
from engine.ground.errors import Invalid
from web.api import accounts as accounts_api
from web.api import cases, departments, households, procedures, running, screening, tasks, transfers
from web.api import schemas as s
from web.api.blueprints import Blueprint, authenticate, mask
from web.api.blueprints import api as blueprint
from web.api.errors import PasswordDue
from web.request import addresses
from web.server import clock
from web.server.database import session, sessions

ROOMS = (tasks, households, cases, procedures)
"""Whose routes are the API's own; they are there as soon as the rooms are read."""
SETTINGS = {
    "API_TITLE": "守望",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.0.3",
    "OPENAPI_URL_PREFIX": "/api/v1",
    "OPENAPI_JSON_PATH": "openapi.json",
    "API_SPEC_OPTIONS": {
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}],
    },
}


def register(app: Flask, csrf: CSRFProtect, *, demo: bool) -> None:
    """Add the API. It takes bearer tokens, never cookies, so it needs no CSRF token."""
    app.config.update(SETTINGS)
    api = Api(app)
    for one in (
        blueprint,
        accounts_api.blueprint,
        screening.blueprint,
        transfers.blueprint,
        departments.blueprint,
        running.blueprint,
    ):
        csrf.exempt(one)
        api.register_blueprint(one)
    if demo:
        csrf.exempt(demo_blueprint)
        api.register_blueprint(demo_blueprint)


@blueprint.post("/tokens")
@blueprint.arguments(s.Credentials)
@blueprint.response(201, s.Token)
def issue_token(body: dict[str, Any]) -> dict[str, Any]:
    """用账号密码换取令牌"""
    now, caller = SYSTEM.now(), addresses.caller()
    found = sign_in.authenticate(session(), body["username"], body["password"], caller, now)
    if found.must_change:
        raise PasswordDue
    token, expires = accounts.issue_token(session(), found, now, caller.address)
    return {"token": token, "expires_at": expires}


for _beside in (accounts_api.blueprint, transfers.blueprint, running.blueprint):
    _beside.before_request(authenticate)
    _beside.after_request(mask)


# -- demo only ---------------------------------------------------------------------------------------

demo_blueprint = Blueprint("api_demo", __name__, url_prefix="/api/v1/demo", description="仅演示")
demo_blueprint.before_request(authenticate)


@demo_blueprint.post("/clock")
@demo_blueprint.arguments(s.Advance)
@demo_blueprint.response(200, s.Clock)
def advance_clock(body: dict[str, Any]) -> dict[str, Any]:
    """拨动演示的时间"""
    step = compile_expression("duration(text)", ("text",)).evaluate({"text": body["advance"]})
    if not isinstance(step, timedelta):
        raise Invalid("请用 ISO 8601 时长，如 P5D。", {"advance": ["请用 ISO 8601 时长，如 P5D。"]})
    clock.advance(step)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    fired = ticker.tick(sessions(app), clock.clock())
    return {"now": clock.now(), "fired": fired}
