"""The one place that turns errors into pages and problem+json."""

from __future__ import annotations

import logging

from flask import Flask, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from engine.casework import audit
from engine.ground.clock import SYSTEM
from engine.ground.database import write
from engine.ground.errors import (
    DefinitionError,
    Invalid,
    NotAllowed,
    NotFound,
    ShouwangError,
    Trouble,
    Unavailable,
)
from engine.ground.surroundings import driver_said, trouble_of
from web.request import signing, tracing
from web.request.arguments import fetched
from web.server import clock, database

SENTENCES = {
    400: "请求有误，请返回上一页重试。",
    401: "请先登录。",
    403: "您没有权限打开这个页面。",
    404: "没有找到您要的页面。",
    405: "不能这样打开这个页面，请从待办进入。",
    413: "上传的内容过大，请压缩后再上传。",
    429: "操作过于频繁，请稍后再试。",
    500: "系统出错了，已记录。您可以返回重试；如果一再出现，请联系管理员。",
    503: "系统正忙，请稍后再试。",
}
TITLES = {403: "没有权限", 404: "没有找到", 409: "已有变化", 422: "内容有误"}
_LOG = logging.getLogger("shouwang")


def register(app: Flask) -> None:
    """Install the handlers; flask-smorest would answer plain HTTP errors in a shape of its own."""
    app.register_error_handler(Exception, handle)
    app.register_error_handler(HTTPException, handle)


def handle(error: Exception) -> ResponseReturnValue:
    """A page for people, RFC 9457 for programmes, always a Chinese sentence."""
    trouble = trouble_of(error)
    if trouble is not None:
        return _unavailable(error, trouble)
    status, code, sentence = _describe(error)
    if isinstance(error, NotFound | NotAllowed) and getattr(g, "account", None) is not None:
        _record_refusal(status)
    if _reads_json():
        return problem(status, code, sentence, error)
    page = render_template(
        "error.html",
        status=status,
        title=TITLES.get(status, "出错了"),
        sentence=sentence,
        back=signing.page_before() if request.method == "POST" else "",
    )
    return page, status


def _reads_json() -> bool:
    """Programmes, and the scripts of pages: they send JSON, or say that they fetch, and read JSON."""
    return request.path.startswith("/api/") or request.is_json or fetched()


def _unavailable(error: Exception, trouble: Trouble) -> ResponseReturnValue:
    """The surroundings failed: no incident; who asked asks again, with what was typed.

    The page is made without the database. It holds what was sent, so that one press sends it again.
    """
    _LOG.warning("%s %s: %s", tracing.method(), tracing.route(), driver_said(error))
    database.let_go()
    g.account = None
    g.setdefault("now", SYSTEM.now())
    if _reads_json():
        status: ResponseReturnValue = problem(Unavailable.status, Unavailable.code, trouble.value)
    else:
        status = (
            render_template("unavailable.html", sentence=trouble.value, typed=_typed()),
            Unavailable.status,
        )
    answer = make_response(status)
    answer.headers["Retry-After"] = str(Unavailable.retry_after)
    return answer


def _typed() -> list[tuple[str, str]] | None:
    """The fields of a form that was sent, to be sent again; None where only going back helps: files,
    passwords.
    """
    if request.method != "POST" or request.endpoint in ("auth.login_post", "own.change_password"):
        return None
    if any(upload.filename for upload in request.files.values()):
        return None
    return list(request.form.items(multi=True))


def _describe(error: Exception) -> tuple[int, str, str]:
    if isinstance(error, ShouwangError):
        return error.status, error.code, error.message
    if isinstance(error, CSRFError):
        return 400, "csrf", "页面停留过久或已在别处登录，请返回上一页刷新后重试。您填的内容已由浏览器保留。"
    if isinstance(error, HTTPException):
        status = error.code or 500
        return status, error.name.lower().replace(" ", "_"), SENTENCES.get(status, SENTENCES[400])
    if isinstance(error, RecursionError):  # JSON within JSON, thousands of times: Python's reader gives up
        _LOG.warning("nested too deeply: %s", tracing.route())
        return 422, "invalid", "提交的内容嵌套过深，不能处理。"
    _LOG.exception("unexpected error at %s", tracing.route())
    database.let_go()  # the page that says so asks the database as well
    return 500, "internal", SENTENCES[500]


def problem(status: int, code: str, sentence: str, error: Exception | None = None) -> ResponseReturnValue:
    """An RFC 9457 answer."""
    body: dict[str, object] = {
        "type": f"urn:shouwang:{code}",
        "title": code,
        "status": status,
        "detail": sentence,
    }
    if isinstance(error, Invalid) and error.fields:
        body["fields"] = error.fields
    if isinstance(error, DefinitionError):
        body["findings"] = [finding.__dict__ for finding in error.findings]
    fields = (
        getattr(error, "data", {}).get("messages")
        if isinstance(error, HTTPException) and hasattr(error, "data")
        else None
    )
    if fields:
        body["fields"] = fields
    answer = jsonify(body)
    answer.status_code, answer.mimetype = status, "application/problem+json"
    return answer


def _record_refusal(status: int) -> None:
    """R38, S21: who tried to open what is not theirs is on the log."""
    found, who = database.session(), g.account.id
    found.rollback()
    details = {"path": request.path[:300], "method": request.method, "status": status}
    try:
        with write(found):
            audit.record(found, "access", who, "refused", details, clock.now())
    except Unavailable as error:  # refused all the same
        _LOG.warning("not on the log: account %d was refused (%s)", who, driver_said(error))
