"""集中排查: a county's campaign, how far it has come, its dates, its areas (R03, R37)."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access
from engine.ground import text as normal
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.prevention.campaign import areas, campaigns, coverage, milestones, workbook
from engine.prevention.models import Campaign
from engine.prevention.screening import intake, lists
from web.request.arguments import day, number, row, rows
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("campaigns", __name__, url_prefix="/campaigns")
Errors = Mapping[str, list[str]]


@blueprint.get("")
def index() -> str:
    """The campaigns that concern the official, and the form to open one."""
    return _index({}, {})


def _index(typed: Mapping[str, str], errors: Errors) -> str:
    page = campaigns.listing(session(), account(), number(request.args.get("page")))
    return render_template(
        "prevention/campaigns/index.html",
        page=page,
        totals=coverage.totals(session(), page.items),
        openable=campaigns.openable(session(), account()),
        year=local_date(clock.now()).year,
        typed=typed,
        errors=errors,
    )


@blueprint.post("")
def begin() -> ResponseReturnValue:
    """开展集中排查."""
    typed = request.form
    try:
        campaign = campaigns.begin(
            session(),
            account(),
            typed.get("county", ""),
            typed.get("name", ""),
            day(typed.get("starts_on")),
            day(typed.get("ends_on")),
            clock=clock.clock(),
        )
    except Invalid as error:
        flash(error.message, "danger")
        return _index(typed.to_dict(), error.fields), 422
    flash("集中排查已开展，各村可以开始填报。请核对时间节点。", "success")
    return redirect(url_for("campaigns.show", campaign_id=campaign.id), 303)


@blueprint.get("/<int:campaign_id>")
def show(campaign_id: int) -> ResponseReturnValue:
    """How far the campaign has come: the county's townships, or a township's villages (``in``)."""
    campaign = campaigns.view(session(), account(), campaign_id)
    code = request.args.get("in", "")
    villages = _villages(campaign)
    if not code and len(villages) == 1:
        return redirect(url_for("screening.index", campaign_id=campaign.id, code=villages[0]))
    found = coverage.of(session(), account(), campaign, code, clock.now())
    return render_template(
        "prevention/campaigns/show.html",
        campaign=campaign,
        found=found,
        warning=campaigns.warned(campaign, clock.now()),
        may_close=access.reaches(account(), campaign.county_code, campaigns.OPENS),
        may_import=campaign.status == "open"
        and found.level == "township"
        and access.reaches(account(), found.whole.code, intake.ENTERS),
        progress=milestones.progress(session(), account(), campaign, local_date(clock.now())),
        today=local_date(clock.now()),
        kinds=milestones.KINDS,
    )


def _villages(campaign: Campaign) -> list[str]:
    """The villages of the campaign that the account works in, when these are villages alone."""
    codes = {one.low for one in access.scopes(account()) if one.low == one.high}
    wide = any(one.low != one.high for one in access.scopes(account()))
    inside = access.scope_of(campaign.county_code)
    return [] if wide else sorted(code for code in codes if inside.holds(code))


@blueprint.get("/<int:campaign_id>/coverage.xlsx")
def export(campaign_id: int) -> ResponseReturnValue:
    """Every village in Excel."""
    campaign = campaigns.view(session(), account(), campaign_id)
    body = workbook.export(session(), account(), campaign, clock.now())
    return sent.attachment(body, f"{campaign.name}进度.xlsx")


@blueprint.post("/<int:campaign_id>/close")
def close(campaign_id: int) -> ResponseReturnValue:
    """结束: no more rows come in."""
    campaigns.close(session(), account(), campaign_id, clock=clock.clock())
    flash("集中排查已结束，填报不再接收；已转入核实的照常办理。", "success")
    return redirect(url_for("campaigns.show", campaign_id=campaign_id), 303)


# -- milestones ------------------------------------------------------------------------------------


@blueprint.post("/<int:campaign_id>/milestones/<int:milestone_id>")
def reach(campaign_id: int, milestone_id: int) -> ResponseReturnValue:
    """A division reports that it has reached a milestone (R37)."""
    campaign = campaigns.view(session(), account(), campaign_id)
    sent = request.form
    typed = milestones.Done(
        day(sent.get("done_on")),
        normal.whole(sent.get("expected") or None, 100_000),
        normal.whole(sent.get("attended") or None, 100_000),
        sent.get("note", ""),
    )
    place = sent.get("division", "")
    try:
        milestones.report(session(), account(), campaign, milestone_id, place, typed, clock=clock.clock())
        flash("已登记。", "success")
    except Invalid as error:
        flash(error.message, "danger")
    return redirect(url_for("campaigns.show", campaign_id=campaign_id, _anchor="milestones"), 303)


@blueprint.post("/<int:campaign_id>/milestones/<int:milestone_id>/day")
def move(campaign_id: int, milestone_id: int) -> ResponseReturnValue:
    """The county changes a milestone's name and day."""
    campaign = campaigns.view(session(), account(), campaign_id)
    campaigns.require_opener(account(), campaign.county_code)
    try:
        name, due_on = request.form.get("name", ""), day(request.form.get("due_on"))
        milestones.move(session(), campaign, milestone_id, name, due_on)
        flash("时间节点已更改。", "success")
    except Invalid as error:
        flash(error.message, "danger")
    return redirect(url_for("campaigns.show", campaign_id=campaign_id, _anchor="milestones"), 303)


# -- areas -----------------------------------------------------------------------------------------


@blueprint.get("/<int:campaign_id>/villages/<code>/areas")
def divide(campaign_id: int, code: str) -> str:
    """片区: who visits which groups of a village."""
    return _areas(campaign_id, code, {}, {})


def _areas(campaign_id: int, code: str, typed: Mapping[str, object], errors: Errors) -> str:
    campaign = lists.view(session(), account(), campaign_id, code)
    divided = areas.divided(session(), campaign.id, [code])
    return render_template(
        "prevention/campaigns/areas.html",
        campaign=campaign,
        village=coverage.village(session(), campaign, code),
        areas=divided.by_village.get(code, ()),
        groups=areas.groups_of(session(), code),
        people=areas.candidates(session(), code),
        may=access.reaches(account(), code, areas.DIVIDES) and campaign.status == "open",
        typed=typed,
        errors=errors,
    )


@blueprint.post("/<int:campaign_id>/villages/<code>/areas")
def assign(campaign_id: int, code: str) -> ResponseReturnValue:
    """An area is made or changed."""
    sent = request.form
    people = rows(sent.getlist("people"))
    typed = {"name": sent.get("name", ""), "groups": sent.getlist("groups"), "people": people}
    try:
        areas.assign(
            session(),
            account(),
            campaign_id,
            code,
            sent.get("name", ""),
            sent.getlist("groups"),
            people,
            clock=clock.clock(),
            area_id=row(sent.get("area")),
        )
    except Invalid as error:
        flash(error.message, "danger")
        return _areas(campaign_id, code, typed, error.fields), 422
    flash("片区已保存。", "success")
    return redirect(url_for("campaigns.divide", campaign_id=campaign_id, code=code), 303)


@blueprint.post("/<int:campaign_id>/villages/<code>/areas/<int:area_id>/dissolve")
def dissolve(campaign_id: int, code: str, area_id: int) -> ResponseReturnValue:
    """An area is taken back."""
    areas.dissolve(session(), account(), campaign_id, area_id, clock=clock.clock())
    flash("片区已取消。", "success")
    return redirect(url_for("campaigns.divide", campaign_id=campaign_id, code=code), 303)
