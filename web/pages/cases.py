"""The case page: progress, diagram, history, forms, notices, objections; its archive as one printable file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import documents, notices, views
from engine.clock import local_date
from engine.errors import Invalid, NotFound
from web import clock
from web.database import session
from web.signing import account

blueprint = Blueprint("cases", __name__)


@blueprint.get("/cases/<int:case_id>")
def show(case_id: int) -> str:
    """The case page."""
    view = views.case_view(session(), account(), case_id)
    return render_template("cases/show.html", view=view, household=view.case.household, attachments_by_id=view.files)


@blueprint.get("/cases/<int:case_id>/archive")
def archive(case_id: int) -> str:
    """R14: all forms, minutes, notices and decisions as one file to print."""
    view = views.case_view(session(), account(), case_id)
    return render_template("cases/archive.html", view=view, household=view.case.household, attachments_by_id=view.files)


@blueprint.get("/cases/<int:case_id>/diagram.bpmn")
def diagram(case_id: int) -> Response:
    """A drawing of the case's own version: the procedure's, or that of a part it calls."""
    return Response(
        views.diagram_xml(session(), account(), case_id, request.args.get("part", "")), mimetype="application/xml"
    )


@blueprint.get("/cases/<int:case_id>/document/<kind>")
def document(case_id: int, kind: str) -> str:
    """The notice or the announcement, ready to print on A4 and to post."""
    view = views.case_view(session(), account(), case_id)
    found = documents.of_case(session(), view, kind, clock.now())
    return render_template("cases/document.html", view=view, document=found)


@blueprint.get("/cases/<int:case_id>/objection")
def objection(case_id: int) -> str:
    """The form for an objection."""
    return _objection_page(case_id)


def _objection_page(
    case_id: int, data: Mapping[str, Any] | None = None, errors: Mapping[str, list[str]] | None = None
) -> str:
    view = views.case_view(session(), account(), case_id)
    form = view.definition.message_form("objection")
    if form is None:
        raise NotFound("这一版流程不接收异议。")
    values = data if data is not None else {"raised_on": local_date(clock.now()).isoformat()}
    return render_template("cases/objection.html", view=view, fields=form.render(values, errors), errors=errors or {})


@blueprint.post("/cases/<int:case_id>/objection")
def raise_objection(case_id: int) -> ResponseReturnValue:
    """登记异议 (R10)."""
    view = views.case_view(session(), account(), case_id)
    form = view.definition.message_form("objection")
    if form is None:
        raise NotFound("这一版流程不接收异议。")
    raw = form.parse(request.form)
    try:
        clean = form.validate(raw, today=local_date(clock.now()))
        notices.raise_objection(session(), account(), case_id, clean, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _objection_page(case_id, raw, error.fields), 422
    flash("异议已登记。核查作出结论之前，公示不会结束。", "success")
    return redirect(url_for("cases.show", case_id=case_id), 303)
