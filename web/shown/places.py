"""What divisions are called on a page: read once a request, with the place of who looks."""

from __future__ import annotations

from collections.abc import Iterable

from flask import g

from engine.casework.models import Account
from engine.casework.organisation import divisions
from web.request.signing import account
from web.server.database import session


def names(codes: Iterable[str]) -> dict[str, str]:
    """Name by code."""
    known: dict[str, str] = g.setdefault("division_names", {})
    wanted = {*codes}
    missing = {*wanted, _code(account())} - known.keys() - {""}
    if missing:
        known.update(divisions.names(session(), missing))
    return {code: known[code] for code in wanted if code in known}


def own() -> str:
    """The division of the first role of who looks; '' without one."""
    return "".join(names([_code(account())]).values())


def _code(of: Account) -> str:
    return next((grant.division_code for grant in of.grants), "")
