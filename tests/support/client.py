"""The application without a browser: signed-in test clients and API callers on a world's database."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from engine.casework.models import Account
from engine.casework.organisation import accounts
from engine.casework.organisation.identity import sessions
from engine.ground.clock import SYSTEM
from tests.support.sharing import share_templates
from tests.support.world import World
from web.application import create_app
from web.server import database
from web.server.config import Config


def application(world: World) -> Flask:
    """The application on the world's database and clock; forms need no CSRF token here."""
    config = Config.read(
        environ={},
        database_url=world.url,
        secret_key="test",
        demo=False,
        scheduler=False,
        secure_cookies=False,
    )
    app = create_app(config, fixed_clock=world.clock)
    share_templates(app)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def signed_in(app: Flask, account: Account) -> FlaskClient:
    """A client with the session that signing in would give."""
    client = app.test_client()
    now = SYSTEM.now()
    with database.sessions(app)() as session:
        account = session.get_one(Account, account.id)
        key = sessions.begin(session, account, "127.0.0.1", "电脑", now)
    with client.session_transaction() as cookie:
        cookie["account"], cookie["key"] = account.id, key
    return client


class Caller:
    """A programme with a token."""

    def __init__(self, app: Flask, world: World, username: str) -> None:
        self.client = app.test_client()
        with world.sessions() as session:
            account = session.scalars(select(Account).where(Account.username == username)).unique().one()
            token, _ = accounts.issue_token(session, account, SYSTEM.now())
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> TestResponse:
        """GET below /api/v1."""
        return self.client.get(f"/api/v1{path}", headers=self.headers)

    def post(self, path: str, body: Any = None) -> TestResponse:
        """POST JSON below /api/v1."""
        return self.client.post(f"/api/v1{path}", json=body if body is not None else {}, headers=self.headers)

    def once(self, path: str, body: Any, key: str) -> TestResponse:
        """POST JSON below /api/v1 with a number of its own."""
        headers = {**self.headers, "Idempotency-Key": key}
        return self.client.post(f"/api/v1{path}", json=body, headers=headers)

    def put(self, path: str, data: bytes | str, content_type: str) -> TestResponse:
        """PUT a file below /api/v1."""
        return self.client.put(f"/api/v1{path}", data=data, content_type=content_type, headers=self.headers)
