"""信息比对: a township's batches, the departments that the county asks, what they answer, and its way back."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access, divisions
from engine.casework.portions.jobs import acts as jobs
from engine.ground.clock import local_date
from engine.ground.errors import Conflict, Invalid
from engine.prevention.identification.matching import batches, feedback, requests
from engine.prevention.identification.matching.intake import key_of
from engine.prevention.identification.matching.needs import NEEDS
from web.pages.desk import outgoing
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("matching", __name__, url_prefix="/matching")


@blueprint.get("")
def index() -> str:
    """The batches in the official's reach, and how many households stand in none."""
    page, lines = batches.search(session(), account(), number(request.args.get("page")))
    return render_template(
        "prevention/identification/matching/index.html",
        page=page,
        lines=lines,
        outside=requests.outside(session(), account()),
    )


@blueprint.post("/take-in")
def take_in() -> ResponseReturnValue:
    """Put those that stand in no batch into one."""
    taken = requests.take_in(session(), account(), clock=clock.clock())
    flash(f"已编入 {taken} 户。", "success")
    return redirect(url_for("matching.index"), 303)


@blueprint.get("/<int:matching_id>")
def show(matching_id: int) -> str:
    """One batch: its departments and its households."""
    line = batches.view(session(), account(), matching_id)
    batch = line.batch
    day = requests.late_from(session(), batch)
    page = batches.entries(session(), account(), matching_id, number(request.args.get("page")))
    return render_template(
        "prevention/identification/matching/show.html",
        line=line,
        batch=batch,
        page=page,
        places=divisions.names(session(), {one.village_code for one in page.items}),
        works=access.reaches(account(), batch.township_code, batches.COUNTY),
        suggested=requests.suggested(session(), batch),
        unasked=[code for code in NEEDS if code not in {one.department for one in batch.requests}],
        late_from=day,
        is_late=day is not None and local_date(clock.now()) >= day,
        left=feedback.left(session(), batch),
        late=feedback.late(session(), batch),
        key_of=key_of,
        going=bool(request.args.get("going")),
    )


@blueprint.get("/<int:matching_id>/entries/<int:entry_id>")
def entry(matching_id: int, entry_id: int) -> str:
    """What the departments have said of one household, earlier answers too."""
    found = batches.entry(session(), account(), matching_id, entry_id)
    return render_template(
        "prevention/identification/matching/entry.html",
        entry=found,
        findings=batches.findings(session(), found),
        results=batches.results_of(session(), found),
    )


def _back(matching_id: int, going: int | None = None) -> ResponseReturnValue:
    return redirect(url_for("matching.show", matching_id=matching_id, going=going), 303)


def _refused(matching_id: int, error: Invalid | Conflict) -> ResponseReturnValue:
    flash(error.message, "danger")
    return _back(matching_id)


@blueprint.post("/<int:matching_id>/ask")
def ask(matching_id: int) -> ResponseReturnValue:
    """送部门比对."""
    wanted = request.form.getlist("departments")
    try:
        requests.ask(session(), account(), matching_id, wanted, clock=clock.clock())
    except (Invalid, Conflict) as error:
        return _refused(matching_id, error)
    flash("已送部门。请逐个部门下载名单，反馈后上传。", "success")
    return _back(matching_id)


@blueprint.post("/<int:matching_id>/export")
def export(matching_id: int) -> ResponseReturnValue:
    """A department's list with full numbers; with a reason, and logged."""
    given = {"matching": str(matching_id), "department": request.form.get("department", "")}
    try:
        return outgoing.asked("matching_request", given, request.form.get("reason", "").strip()[:200])
    except (Invalid, Conflict) as error:
        return _refused(matching_id, error)


@blueprint.post("/<int:matching_id>/settle")
def settle(matching_id: int) -> ResponseReturnValue:
    """反馈完毕, or 无数据 with the reason."""
    department, act = request.form.get("department", ""), request.form.get("act", "")
    try:
        if act == "no_data":
            reason = request.form.get("reason", "")
            requests.no_data(session(), account(), matching_id, department, reason, clock=clock.clock())
        else:
            requests.answered(session(), account(), matching_id, department, clock=clock.clock())
    except (Invalid, Conflict) as error:
        return _refused(matching_id, error)
    return _back(matching_id)


@blueprint.post("/<int:matching_id>/feedback")
def give_back(matching_id: int) -> ResponseReturnValue:
    """反馈结果: as many households as one request may, or 再试 for those that were refused."""
    try:
        if request.form.get("act") == "again":
            feedback.try_again(session(), account(), matching_id)
        if jobs.watched(session(), "feedback", matching_id):
            return _back(matching_id, going=1)
        feedback.begin(session(), account(), matching_id, clock=clock.clock())
        left = feedback.go_on(session(), account(), matching_id, clock=clock.clock())
    except (Invalid, Conflict) as error:
        return _refused(matching_id, error)
    if left:
        return _back(matching_id, going=1)
    flash("结果都已反馈到各户。", "success")
    return _back(matching_id)
