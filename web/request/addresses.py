"""Where a request comes from: the address, the browser in words, and whose device it is."""

from __future__ import annotations

import secrets

from flask import after_this_request, current_app, request
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response

from engine.casework.organisation.identity.sign_in import Caller
from web.request.arguments import row

COOKIE = "shouwang_device"
DAYS = 180
"""How long a device is known after the last sign-in."""
MOST = 8
"""Accounts that one device knows: a village's computer is used by several people."""
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("360", "360 浏览器"),
    ("QQBrowser", "QQ 浏览器"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "安卓"),
    ("iPhone", "苹果手机"),
    ("Windows", "Windows"),
    ("Mac", "Mac"),
    ("Linux", "Linux"),
)


def client() -> str:
    """The address that the connection comes from."""
    return (request.remote_addr or "")[:45]


def caller() -> Caller:
    """Who may be trying to sign in."""
    return Caller(client(), _devices())


def device_words() -> str:
    """The browser as people know it again: 手机 · 安卓 · Chrome."""
    agent = request.user_agent.string
    kind = "手机" if "Mobi" in agent else "电脑"
    named = (next((words for mark, words in marks if mark in agent), "") for marks in (_SYSTEMS, _BROWSERS))
    return " · ".join([kind, *filter(None, named)])


def _serializer() -> URLSafeSerializer:
    secret = current_app.secret_key
    assert isinstance(secret, str)
    return URLSafeSerializer(secret, salt="device")


def _devices() -> dict[int, str]:
    """The accounts that have signed in from this device, by what the signed cookie says."""
    try:
        said = _serializer().loads(request.cookies.get(COOKIE, ""))
    except BadData:
        return {}
    if not isinstance(said, dict):
        return {}
    named = {row(key): str(name) for key, name in said.items()}
    return {key: name for key, name in named.items() if key is not None}


def remember_device(account_id: int) -> None:
    """The account has signed in here: its attempts from here are counted apart from a stranger's."""
    known = _devices()
    name = known.pop(account_id, "") or secrets.token_hex(8)
    kept = dict([*known.items(), (account_id, name)][-MOST:])
    value, secure = _serializer().dumps(kept), bool(current_app.config["SESSION_COOKIE_SECURE"])

    def keep(answer: Response) -> Response:
        answer.set_cookie(
            COOKIE, value, max_age=DAYS * 86_400, secure=secure, httponly=True, samesite="Lax", path="/"
        )
        return answer

    after_this_request(keep)
