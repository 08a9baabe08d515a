"""规模性风险: the list, a report, one hazard with its area, departments, plans and measures (R30, R32, R33)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access, divisions
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.prevention.hazards import choosing, hazards, load, plans, raising, response, working
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("hazards", __name__, url_prefix="/hazards")
FILTERS = {"": "没有结束的", **hazards.STATUS_NAMES, "all": "全部"}


@blueprint.get("")
def index() -> str:
    """The hazards that concern the official, the latest first."""
    status, kind = request.args.get("status", ""), request.args.get("kind", "")
    typed = request.args.get("q", "").strip()[:40]
    page = hazards.listing(
        session(), account(), status=status, kind=kind, typed=typed, page=number(request.args.get("page"))
    )
    return render_template(
        "hazards/index.html",
        page=page,
        status=status,
        kind=kind,
        text=typed,
        filters=FILTERS,
        words=hazards.words(session()),
        places=divisions.names(session(), [area.division_code for one in page.items for area in one.areas]),
        late=plans.late_counts(session(), [one.id for one in page.items], local_date(clock.now())),
        watches=any(access.has_role(account(), role) for role in access.WATCH_ROLES),
        may_report=any(access.has_role(account(), role) for role in hazards.REPORTS),
    )


# -- reporting -------------------------------------------------------------------------------------


@blueprint.get("/new")
def new() -> str:
    """The form of a report."""
    access.require_role(account(), *hazards.REPORTS)
    return _report_page({"reporter": account().name, "from_on": local_date(clock.now()).isoformat()}, [], "")


def _report_page(
    data: Mapping[str, Any], places: list[str], others: str, errors: Mapping[str, list[str]] | None = None
) -> str:
    form = hazards.form(session())
    facts = form.facts_of({}, local_date(clock.now()))
    return render_template(
        "hazards/new.html",
        fields=form.render(data, errors, facts),
        errors=errors or {},
        choices=hazards.choices(session(), account()),
        places=places,
        others=others,
    )


def _places() -> list[str]:
    """The places that were ticked, and those written into the lines below."""
    ticked = list(dict.fromkeys(request.form.getlist("places")))
    return [*ticked, *hazards.meant(session(), account(), request.form.get("others", ""))]


@blueprint.post("")
def report() -> ResponseReturnValue:
    """报告."""
    access.require_role(account(), *hazards.REPORTS)
    form = hazards.form(session())
    raw = form.parse(request.form)
    try:
        clean = form.validate(raw, today=local_date(clock.now()))
        found = hazards.report(session(), account(), clean, _places(), clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        others = request.form.get("others", "")
        return _report_page(raw, request.form.getlist("places"), others, error.fields), 422
    flash(
        "已报告，县级研判。" if len(found) == 1 else f"已向 {len(found)} 个县报告，各县分别研判。", "success"
    )
    return redirect(url_for("hazards.show", hazard_id=found[0].id), 303)


# -- one hazard ------------------------------------------------------------------------------------


@blueprint.get("/<int:hazard_id>")
def show(hazard_id: int) -> str:
    """All about one hazard."""
    hazard = hazards.view(session(), account(), hazard_id)
    case = hazards.case_of(session(), hazard)
    codes = [hazard.village_code, *(area.division_code for area in hazard.areas)]
    return render_template(
        "hazards/show.html",
        hazard=hazard,
        case=case if case is not None and access.reaches(account(), case.village_code) else None,
        words=hazards.words(session()),
        paths=divisions.paths(session(), codes),
        totals=load.totals(session(), account(), hazard),
        states=working.STATE_NAMES,
        page=load.of(session(), account(), hazard, number(request.args.get("page"))),
        acts=raising.of_hazard(session(), hazard).items,
        plans=plans.of_hazard(session(), hazard.id),
        consultations=response.of_hazard(session(), hazard.id),
        is_late=plans.is_late,
        today=local_date(clock.now()),
        measure_states=plans.STATUS_NAMES,
        open=hazard.status in hazards.OPEN,
        answers=hazards.answers(account(), hazard),
        raises=choosing.may(account(), hazard),
        may_report=plans.may_report(account(), hazard),
    )


@blueprint.get("/<int:hazard_id>/places")
def places(hazard_id: int) -> str:
    """The form for further places."""
    hazard = hazards.open_and_mine(session(), account(), hazard_id)
    return _places_page(hazard.id, {})


def _places_page(hazard_id: int, errors: Mapping[str, list[str]]) -> str:
    hazard = hazards.view(session(), account(), hazard_id)
    inside = access.scope_of(hazard.village_code)
    choices = [one for one in hazards.choices(session(), account()) if inside.holds(one[0])]
    return render_template(
        "hazards/places.html",
        hazard=hazard,
        choices=choices,
        present={area.division_code for area in hazard.areas},
        others=request.form.get("others", ""),
        errors=errors,
    )


@blueprint.post("/<int:hazard_id>/places")
def add_places(hazard_id: int) -> ResponseReturnValue:
    """波及范围扩大."""
    try:
        hazards.add_places(session(), account(), hazard_id, _places(), clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _places_page(hazard_id, error.fields), 422
    flash("范围已扩大，可以为新增的农户录入线索。", "success")
    return redirect(url_for("hazards.show", hazard_id=hazard_id), 303)


# -- measures --------------------------------------------------------------------------------------


@blueprint.get("/measures/<int:hazard_measure_id>")
def measure(hazard_measure_id: int) -> str:
    """One measure: how it got on, and the form for whoever reports on it."""
    return _measure_page(hazard_measure_id, {"reported_on": local_date(clock.now()).isoformat()})


def _measure_page(
    measure_id: int, data: Mapping[str, Any], errors: Mapping[str, list[str]] | None = None
) -> str:
    found = plans.view(session(), account(), measure_id)
    hazard = hazards.view(session(), account(), found.hazard_id)
    form = plans.progress_form(session())
    facts = form.facts_of(plans.planned(found), local_date(clock.now()))
    return render_template(
        "hazards/measure.html",
        measure=found,
        hazard=hazard,
        fields=form.render(data, errors, facts),
        errors=errors or {},
        late=plans.is_late(found, local_date(clock.now())),
        measure_states=plans.STATUS_NAMES,
        may_report=found.status in plans.UNFINISHED and plans.may_report(account(), hazard),
    )


@blueprint.post("/measures/<int:hazard_measure_id>")
def progress(hazard_measure_id: int) -> ResponseReturnValue:
    """登记进展."""
    raw = plans.progress_form(session()).parse(request.form)
    try:
        plans.report(session(), account(), hazard_measure_id, raw, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _measure_page(hazard_measure_id, raw, error.fields), 422
    flash("进展已登记。", "success")
    found = plans.view(session(), account(), hazard_measure_id)
    return redirect(url_for("hazards.show", hazard_id=found.hazard_id, _anchor="measures"), 303)
