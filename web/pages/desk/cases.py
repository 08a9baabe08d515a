"""The case page: progress, diagram, history, forms, notices, objections;
its archive as one printable file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import acts, kit
from engine.casework.acts import messages, prefill
from engine.casework.desk import progress, views
from engine.casework.desk.progress import Expected
from engine.casework.desk.views import CaseView
from engine.casework.organisation import access
from engine.casework.supervision import order_lists, urging
from engine.flow.forms import Form
from engine.ground.clock import local_date
from engine.ground.errors import Conflict, Invalid
from engine.prevention.identification.notices import objections
from engine.prevention.rollback import lists
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("cases", __name__)
SAID = {objections.OBJECTION: "异议已登记。核查作出结论之前，公示不会结束。"}
"""What is answered to a registered message, where there is more to say than that it is registered."""


@blueprint.get("/cases/<int:case_id>")
def show(case_id: int) -> str:
    """The case page."""
    view = views.case_view(session(), account(), case_id)
    reached = {
        one.batch_id
        for one in view.parts["applications"]
        if access.reaches(account(), one.batch.division_code, lists.ROLES)
    }
    urges = urging.of_case(session(), case_id)
    return render_template(
        "desk/cases/show.html",
        view=view,
        subject=views.subject_of(session(), view.case),
        attachments_by_id=view.files,
        open_batches=reached,
        urges=urges,
        by_whom=urging.by_whom(urges),
        orders=order_lists.of_case(session(), case_id),
    )


@blueprint.get("/cases/<int:case_id>/archive")
def archive(case_id: int) -> str:
    """R14: all forms, minutes, notices and decisions as one file to print."""
    view = views.case_view(session(), account(), case_id)
    subject = views.subject_of(session(), view.case)
    return render_template(
        "desk/cases/archive.html", view=view, subject=subject, attachments_by_id=view.files
    )


@blueprint.get("/cases/<int:case_id>/diagram.bpmn")
def diagram(case_id: int) -> Response:
    """A drawing of the case's own version: the procedure's, or that of a part it calls."""
    body = progress.diagram_xml(session(), account(), case_id, request.args.get("part", ""))
    return sent.unnamed(body, "application/xml")


@blueprint.get("/cases/<int:case_id>/messages/<name>")
def message(case_id: int, name: str) -> str:
    """The form of a message that the case waits for: an objection, a household's answer."""
    return _message_page(case_id, name)


def _message_page(
    case_id: int,
    name: str,
    data: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> str:
    view = views.case_view(session(), account(), case_id)
    expected = _expected(view, name)
    form = view.definition.form(expected.event.form_key or "")
    names = form.reads | prefill.whole(kit.subjects_of(view.case.subject_id).known_as)
    context = prefill.context(session(), view.case, view.variables, names, clock.now())
    day = expected.over.last if expected.over is not None else local_date(clock.now())
    values = data if data is not None else _dated(form, form.prefill(context), day)
    fields = form.render(values, errors, form.facts_of(context, local_date(clock.now())))
    return render_template(
        "desk/cases/message.html",
        view=view,
        expected=expected,
        fields=fields,
        errors=errors or {},
        asks_reason=(expected.over is not None or acts.REASON in (errors or {}))
        and form.component(acts.REASON) is None,
        reason=values.get(acts.REASON) or "",
    )


def _expected(view: CaseView, name: str) -> Expected:
    found = next((one for one in view.expected if one.name == name), None)
    if found is None:
        raise Conflict(acts.NOT_NOW)
    return found


def _dated(form: Form, values: dict[str, Any], day: date) -> dict[str, Any]:
    """The values with `day` in the required dates that are empty: today, for what is reported has mostly
    just happened; of what is entered when its time is up, the last day.
    """
    dates = [field.path for field in form.render(values) if field.kind == "datetime" and field.required]
    return {**dict.fromkeys(dates, day.isoformat()), **values}


@blueprint.post("/cases/<int:case_id>/messages/<name>")
def send_message(case_id: int, name: str) -> ResponseReturnValue:
    """登记异议 (R10), 登记农户意见: what the case waits for."""
    view = views.case_view(session(), account(), case_id)
    expected = _expected(view, name)
    raw = view.definition.form(expected.event.form_key or "").parse(request.form)
    raw.setdefault(acts.REASON, request.form.get(acts.REASON, ""))
    try:
        messages.send(session(), account(), case_id, name, raw, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _message_page(case_id, name, raw, error.fields), 422
    except Conflict as error:  # what was typed stays before one's eyes, unless the case has gone on
        flash(error.message, "danger")
        return _message_page(case_id, name, raw), 409
    flash(SAID.get(name, f"已{expected.label}。"), "success")
    return redirect(url_for("cases.show", case_id=case_id), 303)
