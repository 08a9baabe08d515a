"""通知规则: whom the ladder tells, and by what channel; 外发消息: what leaves the system and what could not."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import definitions
from engine.casework.telling import ladder, notification_rules, outbox
from engine.casework.telling.notification_rules import NewRule
from engine.ground.errors import Invalid
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.config import Config
from web.server.database import session

blueprint = Blueprint("ladder", __name__, url_prefix="/administration")


def _config() -> Config:
    found: Config = current_app.config["SHOUWANG"]
    return found


@blueprint.get("/notifications")
def index() -> str:
    """The table."""
    return _page({}, {})


def _page(values: Mapping[str, str], errors: Mapping[str, list[str]]) -> str:
    servers = _config().servers
    rules = notification_rules.rules(session(), account())
    return render_template(
        "office/administration/notifications.html",
        rules=rules,
        values=values,
        errors=errors,
        events=ladder.EVENTS,
        audiences=ladder.AUDIENCES,
        channels=ladder.CHANNELS,
        robots=list(servers.webhooks),
        places=_places(),
        mail=bool(servers.smtp_host),
    )


def _places() -> dict[str, dict[str, str]]:
    """What a line may be about, by procedure: all of it, or a limit or step,
    as the form's value and in words.
    """
    names = definitions.started_alone(session())
    return {
        names[key]: {f"{key}:": f"{names[key]}：整个流程"}
        | {f"{key}:{element}": f"{spot.name}（时限）" for element, spot in spots.items() if spot.limit}
        | {f"{key}:{element}": spot.name for element, spot in spots.items() if not spot.limit}
        for key, spots in notification_rules.spots(session()).items()
    }


@blueprint.post("/notifications")
def add() -> ResponseReturnValue:
    """Add a line."""
    given, days = request.form, request.form.get("repeat_days", "")
    procedure, _, element = given.get("place", "").partition(":")
    rule = NewRule(
        event=given.get("event", ""),
        audience=given.get("audience", ""),
        channel=given.get("channel", ""),
        procedure_key=procedure,
        element_id=element,
        target=given.get("target", ""),
        repeat_days=number(days, 0),
    )
    try:
        notification_rules.add(session(), account(), rule, robots=_config().servers.webhooks, now=clock.now())
    except Invalid as error:
        flash(error.message, "danger")
        return _page(given, error.fields), 422
    flash("已增加一条通知规则。", "success")
    return redirect(url_for("ladder.index"), 303)


@blueprint.post("/notifications/<int:rule_id>/switch")
def switch(rule_id: int) -> ResponseReturnValue:
    """Off, or on again."""
    rule = notification_rules.switch(session(), account(), rule_id, clock.now())
    flash("已启用。" if rule.active else "已停用。", "success")
    return redirect(url_for("ladder.index"), 303)


@blueprint.post("/notifications/<int:rule_id>/remove")
def remove(rule_id: int) -> ResponseReturnValue:
    """Take a line out."""
    notification_rules.remove(session(), account(), rule_id, clock.now())
    flash("已删除。", "success")
    return redirect(url_for("ladder.index"), 303)


@blueprint.get("/outbox")
def messages() -> str:
    """What waits, failed and was sent."""
    status = request.args.get("status", "")
    page = outbox.listing(session(), account(), status, number(request.args.get("page")))
    return render_template(
        "office/administration/outbox.html",
        page=page,
        status=status,
        statuses=outbox.STATUS_NAMES,
        counts=outbox.counts(session(), account()),
        channels=ladder.CHANNELS,
    )


@blueprint.post("/outbox/retry")
def resend_failed() -> ResponseReturnValue:
    """全部重新发送."""
    count = outbox.retry_failed(session(), account(), clock.now())
    flash(f"{count} 条发送失败的消息已重新排入发送。", "success")
    return redirect(url_for("ladder.messages"), 303)


@blueprint.post("/outbox/<int:row_id>/retry")
def resend(row_id: int) -> ResponseReturnValue:
    """重新发送."""
    outbox.retry(session(), account(), row_id, clock.now())
    flash("已重新排入发送，半分钟内会再试。", "success")
    return redirect(url_for("ladder.messages", status="failed"), 303)
