"""家庭成员: who belongs to a household, on which day, and what changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import accounts
from engine.ground import text
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.prevention.register import member_history
from engine.prevention.register.households import finding as households
from engine.prevention.register.member_history import QUIET
from engine.prevention.register.members import changes, kinship, proofs, reading, taking_back, telling
from engine.prevention.register.members.reading import Asked
from engine.prevention.register.persons import Registered
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("members", __name__)
TYPED = ("member", "head", "name", "sex", "relation", "id_number", "birth_date", "happened_on", "proof")


@blueprint.get("/households/<int:household_id>/members")
def show(household_id: int) -> str:
    """The members today or on a day, what changed, and the form of one kind of change."""
    kind = request.args.get("kind", "")
    return _page(household_id, kind if kind in reading.TYPED else "")


def _page(household_id: int, kind: str, error: Invalid | None = None) -> str:
    household = households.view(session(), account(), household_id)
    today = local_date(clock.now())
    day = text.day(request.args.get("on")) or today
    told = member_history.changes(session(), household_id)
    acts = _acts(told)
    return render_template(
        "prevention/members/show.html",
        household=household,
        kind=kind,
        kinds=reading,
        words=member_history.KINDS,
        day=day,
        today=today,
        rows=member_history.on_day(session(), household_id, day),
        present=member_history.present(session(), household_id),
        relations={"head": "户主", **kinship.relations(session())},
        acts=acts,
        sentence=telling.sentence,
        quiet=QUIET,
        obstacles={act: _obstacle(household, acts[act]) for act in acts},
        proofs=proofs.of_household(session(), household_id),
        people=accounts.names(session(), {change.recorded_by for change in told}),
        may=changes.may_record(account(), household) and household.merged_into_id is None,
        errors=error.fields if error else {},
        near=isinstance(error, Registered) and not error.elsewhere,
        given=request.form,
    )


def _acts(told: Any) -> dict[str, list[Any]]:
    """The changes by what was recorded together, latest first."""
    found: dict[str, list[Any]] = {}
    for change in told:
        found.setdefault(change.act, []).append(change)
    return {act: told for act, told in found.items() if any(one.kind not in QUIET for one in told)}


def _obstacle(household: Any, told: list[Any]) -> str:
    if told[0].undone_at is not None:
        return "已撤销"
    today = local_date(clock.now())
    return taking_back.obstacle_to_taking_back(session(), account(), household, told, today)


def asked_of(sent: Mapping[str, str]) -> Asked:
    """What was typed, without its files."""
    typed: dict[str, Any] = {name: str(sent.get(name) or "") for name in TYPED}
    return Asked(kind=str(sent.get("kind") or ""), moves=sent.get("moves") in ("yes", True), **typed)


@blueprint.post("/households/<int:household_id>/members")
def record(household_id: int) -> ResponseReturnValue:
    """登记变动."""
    asked = asked_of(request.form)
    sent = [one for one in request.files.getlist("files") if one.filename]
    files = [(one.filename or "", one.read()) for one in sent]
    try:
        asked = Asked(**{**vars(asked), "files": files})
        told = changes.record(session(), account(), household_id, asked, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _page(household_id, asked.kind if asked.kind in reading.TYPED else "", error), 422
    flash(f"已登记：{telling.sentence(told[0])}。", "success")
    return redirect(url_for("members.show", household_id=household_id), 303)


@blueprint.post("/households/<int:household_id>/members/<act>/take-back")
def take_back(household_id: int, act: str) -> ResponseReturnValue:
    """撤销一项变动."""
    reason = request.form.get("reason", "")
    try:
        taking_back.take_back(session(), account(), household_id, act, reason, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _page(household_id, "", error), 422
    flash("已撤销，成员恢复到登记之前。", "success")
    return redirect(url_for("members.show", household_id=household_id), 303)


@blueprint.get("/members/proofs/<int:proof_id>")
def proof(proof_id: int) -> Response:
    """A file that proves a change; the look is logged."""
    found, body = proofs.fetch(session(), account(), proof_id, clock.now())
    photo = found.media_type.startswith("image/")
    policy = sent.PICTURE if photo else "frame-ancestors 'none'"
    return sent.inline(body, found.filename, found.media_type, policy=policy)
