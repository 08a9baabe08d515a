"""帮扶措施: the list, and what became of one measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import definitions
from engine.casework.acts import attachments
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.prevention.assistance import measures
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("measures", __name__, url_prefix="/measures")
FILTERS = {"": "未完成", "late": "已逾期", **measures.STATUS_NAMES}


@blueprint.get("")
def index() -> str:
    """The measures in one's reach, what is due first on top."""
    status, text = request.args.get("status", ""), request.args.get("q", "").strip()[:40]
    page = measures.listing(
        session(), account(), clock.now(), status=status, text=text, page=number(request.args.get("page"))
    )
    return render_template(
        "prevention/measures/index.html",
        page=page,
        status=status,
        text=text,
        filters=FILTERS,
        words=measures.words(session()),
        today=local_date(clock.now()),
        is_late=measures.is_late,
    )


@blueprint.get("/<int:measure_id>/progress")
def progress(measure_id: int) -> str:
    """One measure: how it got on, and the form for whoever reports on it."""
    return _page(measure_id, {"reported_on": local_date(clock.now()).isoformat()})


def _page(measure_id: int, data: Mapping[str, Any], errors: Mapping[str, list[str]] | None = None) -> str:
    found = measures.view(session(), account(), measure_id)
    form = measures.progress_form(session())
    facts = form.facts_of(measures.facts(found), local_date(clock.now()))
    return render_template(
        "prevention/measures/progress.html",
        measure=found,
        fields=form.render(data, errors, facts),
        errors=errors or {},
        form=form,
        sent=definitions.forms_sent(session(), {row.form_sha256 for row in found.progress}),
        files=attachments.of_case(session(), found.plan.case_id),
        words=measures.words(session()),
        may_report=measures.may_report(account(), found),
        late=measures.is_late(found, local_date(clock.now())),
    )


@blueprint.post("/<int:measure_id>/progress")
def report(measure_id: int) -> ResponseReturnValue:
    """登记进展."""
    form = measures.progress_form(session())
    raw = form.parse(request.form)
    kept, wrong = _uploads(measure_id)
    for field, numbers in kept.items():
        raw[field] = [*raw.get(field, []), *numbers]
    try:
        if wrong:
            raise Invalid("有文件没有上传成功。", wrong)
        measures.report(session(), account(), measure_id, raw, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _page(measure_id, raw, error.fields), 422
    flash("进展已登记。", "success")
    household = measures.view(session(), account(), measure_id).household_id
    return redirect(url_for("households.show", household_id=household), 303)


def _uploads(measure_id: int) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The files of the request, stored: their numbers by field; and what was wrong with them."""
    kept: dict[str, list[str]] = {}
    wrong: dict[str, list[str]] = {}
    for name, sent in request.files.items(multi=True):
        if not sent.filename or not name.startswith("file:"):
            continue
        field = name.removeprefix("file:")
        try:
            body = sent.stream.read(attachments.MAX_BYTES + 1)
            found = measures.upload(session(), account(), measure_id, field, sent.filename, body, clock.now())
            kept.setdefault(field, []).append(str(found))
        except Invalid as error:
            wrong.setdefault(field, []).append(error.message)
    return kept, wrong
