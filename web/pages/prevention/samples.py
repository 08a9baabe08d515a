"""抽查: samples of households that anybody can draw again, and what was found (R39)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.ground import text as normal
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.prevention.models import Sample, SampleHousehold
from engine.prevention.quality.sampling import drawing, results, samples, sheets
from engine.prevention.quality.sampling.samples import Narrowing
from engine.prevention.register import naming
from web.pages.desk import outgoing
from web.request.arguments import day, number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("samples", __name__, url_prefix="/samples")
Errors = Mapping[str, list[str]]
PRINTED = 2000
"""Households that one printed list has, at most."""
PROBLEMS = 5
"""Lines for problems on the form."""


@blueprint.get("")
def index() -> str:
    """The samples of one's places, and the form to draw one."""
    return _index({}, {})


def _index(typed: Mapping[str, object], errors: Errors) -> str:
    places = samples.places(session(), account())
    return render_template(
        "quality/samples/index.html",
        page=samples.listing(session(), account(), number(request.args.get("page"))),
        places=places,
        names=naming.STATUS_NAMES,
        statuses=samples.DRAWN_FROM,
        apart=drawing.TOLD_APART,
        year=local_date(clock.now()).year,
        typed=typed,
        errors=errors,
    )


@blueprint.post("")
def announce() -> ResponseReturnValue:
    """开展抽查: the seed is fixed, then the households are drawn."""
    sent = request.form
    typed = samples.Typed(
        sent.get("division", ""),
        sent.get("name", ""),
        sent.getlist("strata"),
        sent.getlist("statuses"),
        normal.whole(normal.half(sent.get("size", ""))),
    )
    try:
        sample = samples.announce(session(), account(), typed, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        chosen = {"strata": typed.strata_by, "statuses": typed.statuses}
        return _index({**sent.to_dict(), **chosen}, error.fields), 422
    if drawing.is_small(session(), sample):
        drawing.draw(session(), sample.id, clock.clock())
    flash("种子已经固定，农户已按种子排定次序。", "success")
    return redirect(url_for("samples.show", sample_id=sample.id), 303)


def _wanted() -> Narrowing:
    given = request.args
    result = given.get("result")
    return Narrowing(
        given.get("county", "")[:12],
        {"": None, "waiting": ""}.get(result or "", result),
        number(given.get("page")),
    )


@blueprint.get("/<int:sample_id>")
def show(sample_id: int) -> str:
    """A sample: how it was drawn, its strata, its households."""
    sample = samples.get(session(), account(), sample_id)
    return render_template(
        "quality/samples/show.html",
        sample=sample,
        holds=drawing.seed_holds(session(), sample),
        counted=samples.counts(session(), sample, sheets.WORDS),
        page=samples.drawn(session(), sample, _wanted()),
        counties=samples.counties(session(), sample),
        wanted=request.args,
        **_told(sample),
    )


def _told(sample: Sample) -> dict[str, object]:
    """What is said of a sample wherever it stands."""
    return {
        "results": results.RESULTS,
        "from_whom": samples.statuses_said(sample),
        "by": "、".join(["县", *(drawing.TOLD_APART[one] for one in sample.strata_by)]),
        "people": samples.people(session(), [sample.created_by]),
    }


@blueprint.post("/<int:sample_id>/extend")
def extend(sample_id: int) -> ResponseReturnValue:
    """扩大: more of the same order."""
    size = normal.whole(normal.half(request.form.get("size", "")))
    try:
        samples.extend(session(), account(), sample_id, size, clock=clock.clock())
        flash("已扩大，原来抽中的不变。", "success")
    except Invalid as error:
        flash(error.message, "danger")
    return redirect(url_for("samples.show", sample_id=sample_id), 303)


@blueprint.get("/<int:sample_id>/print")
def sheet(sample_id: int) -> str:
    """The list that whoever goes there takes along: a county's."""
    sample = samples.get(session(), account(), sample_id)
    counties, county = samples.counties(session(), sample), request.args.get("county", "")
    return render_template(
        "quality/samples/print.html",
        sample=sample,
        county=counties.get(county, ""),
        page=samples.drawn(session(), sample, Narrowing(county[:12]), PRINTED),
        **_told(sample),
    )


@blueprint.get("/<int:sample_id>/list.xlsx")
def export(sample_id: int) -> ResponseReturnValue:
    """The drawn households and what was found, in Excel."""
    return outgoing.asked("sample", {"sample": str(sample_id)})


# -- results ---------------------------------------------------------------------------------------


@blueprint.get("/<int:sample_id>/households/<int:row_id>")
def check(sample_id: int, row_id: int) -> str:
    """One drawn household: what was found there, or the form for it."""
    row = results.get(session(), account(), sample_id, row_id)
    return _check(row, {}, {})


def _check(row: SampleHousehold, typed: Mapping[str, object], errors: Errors) -> str:
    sample = samples.get(session(), account(), row.sample_id)
    return render_template(
        "quality/samples/check.html",
        sample=sample,
        row=row,
        kinds=results.KINDS,
        lines=range(PROBLEMS),
        typed=typed,
        errors=errors,
        today=local_date(clock.now()),
        entered_by=samples.people(session(), [row.entered_by]),
        **_told(sample),
    )


@blueprint.post("/<int:sample_id>/households/<int:row_id>")
def enter(sample_id: int, row_id: int) -> ResponseReturnValue:
    """录入核查结果."""
    sent = request.form
    problems = [(kind, said) for kind, said in _problems() if kind or said.strip()]
    typed = results.Typed(
        sent.get("result", ""),
        day(sent.get("visited_on")),
        sent.get("checked_by", ""),
        problems,
        sent.get("note", ""),
    )
    try:
        row = results.enter(session(), account(), sample_id, row_id, typed, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        row = results.get(session(), account(), sample_id, row_id)
        return _check(row, {**sent.to_dict(), "problems": _problems()}, error.fields), 422
    flash("已录入；问题已交村整改。" if row.problems else "已录入。", "success")
    return redirect(url_for("samples.show", sample_id=sample_id, result="waiting", _anchor="list"), 303)


def _problems() -> list[tuple[str, str]]:
    """Kind and words of each line for problems, also of empty ones."""
    kinds, said = request.form.getlist("problem_kind"), request.form.getlist("problem_text")
    return list(zip_longest(kinds, said, fillvalue=""))[:PROBLEMS]
