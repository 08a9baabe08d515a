"""乡镇监测模块: the figures of each township for a year (R36)."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.ground import text as normal
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.prevention.campaign import module_lists
from engine.prevention.campaign import township_modules as modules
from web.request.arguments import day, number
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("modules", __name__, url_prefix="/township-modules")
Errors = Mapping[str, list[str]]
MOST_YEARS = 2100


@blueprint.get("")
def index() -> str:
    """The townships' years in the official's reach, and the form to open a year."""
    return _index({}, {})


def _wanted() -> module_lists.Wanted:
    year = normal.whole(request.args.get("year") or None, MOST_YEARS)
    return module_lists.Wanted(request.args.get("county", "")[:12], year or 0)


def _index(typed: Mapping[str, str], errors: Errors) -> str:
    wanted = _wanted()
    page, rows = module_lists.search(session(), account(), wanted, number(request.args.get("page")))
    return render_template(
        "prevention/modules/index.html",
        page=page,
        rows=rows,
        wanted=wanted,
        years=module_lists.years(session(), account()),
        openable=modules.openable(session(), account()),
        today=local_date(clock.now()),
        typed=typed,
        errors=errors,
    )


@blueprint.post("")
def open_year() -> ResponseReturnValue:
    """开始一个年度的采集: every township of the county."""
    sent = request.form
    year = normal.whole(sent.get("year") or None, MOST_YEARS)
    try:
        count = modules.open_year(
            session(), account(), sent.get("county", ""), year, day(sent.get("due_on")), clock=clock.clock()
        )
    except Invalid as error:
        flash(error.message, "danger")
        return _index(sent.to_dict(), error.fields), 422
    words = (
        f"已开始采集，{count} 个乡镇（街道）各有一件待办。"
        if count
        else "各乡镇（街道）这一年度都已开始，没有新开。"
    )
    flash(words, "success")
    return redirect(url_for("modules.index", year=year), 303)


@blueprint.get("/<int:module_id>")
def show(module_id: int) -> str:
    """A township's year beside the year before."""
    module = module_lists.view(session(), account(), module_id)
    return render_template(
        "prevention/modules/show.html",
        module=module,
        row=module_lists.row_of(session(), module),
        before=modules.before(session(), module),
    )


@blueprint.get("/years.xlsx")
def workbook() -> ResponseReturnValue:
    """A year of the townships in Excel, with the year before."""
    wanted = _wanted()
    body = module_lists.workbook(session(), account(), wanted, clock=clock.clock())
    return sent.attachment(body, f"乡镇监测模块{wanted.year}年.xlsx")
