"""录入复核: what was entered by hand, looked at by another person (R38)."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.ground.errors import Invalid
from engine.prevention.quality.entries import reviews
from engine.prevention.quality.sampling import samples
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("entries", __name__, url_prefix="/entries")


@blueprint.get("")
def index() -> str:
    """What waits for a second person, the longest waiting first."""
    return _index({})


def _index(typed: Mapping[str, str]) -> str:
    page = reviews.waiting(session(), account(), number(request.args.get("page")))
    return render_template(
        "quality/entries.html",
        page=page,
        imported=reviews.imported(session(), account()),
        people=samples.people(session(), [one.entered_by for one in page.items]),
        kinds=reviews.KINDS,
        typed=typed,
    )


def _keys(texts: list[str]) -> list[tuple[str, str]]:
    """Kind and key of each entry as the page names it: ``contact:12``."""
    pairs = (one.partition(":") for one in texts)
    return [(kind, key[:40]) for kind, _, key in pairs]


@blueprint.post("/agree")
def agree() -> ResponseReturnValue:
    """看过，无误."""
    chosen = _keys(request.form.getlist("entry"))
    done, left = reviews.agree(session(), account(), chosen, clock=clock.clock())
    more = f"{left} 条是您自己录入的，或者别人已经复核。" if left else ""
    flash(f"已复核 {done} 条。{more}" if chosen else "请先选择。", "success" if done else "warning")
    return redirect(url_for("entries.index"), 303)


@blueprint.post("/send-back")
def send_back() -> ResponseReturnValue:
    """退回: it goes to the village as something to put right."""
    named, reason = request.form.get("send", ""), request.form.get("reason", "")
    kind, key = _keys([named])[0]
    try:
        reviews.send_back(session(), account(), kind, key, reason, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _index({"send": named, "reason": reason}), 422
    flash("已退回，作为整改事项交给村。", "success")
    return redirect(url_for("entries.index"), 303)
