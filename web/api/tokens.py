"""Who calls with a token."""

from __future__ import annotations

from flask import request

from engine.casework.models import Account
from engine.casework.organisation import accounts
from engine.ground.clock import SYSTEM
from web.api.errors import PasswordDue, Unauthorised
from web.server.database import session


def bearer() -> Account:
    """The account of the request's token. Raises Unauthorised, or PasswordDue before a password is set."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = (
        accounts.account_of_token(session(), token, SYSTEM.now())
        if scheme.lower() == "bearer" and token
        else None
    )
    if found is None:
        raise Unauthorised
    if found.must_change:
        raise PasswordDue
    return found
