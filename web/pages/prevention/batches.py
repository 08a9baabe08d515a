"""申请批次: the batches in which rollbacks and clearances go up (R28),
each with its households and its printed list.
"""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from engine.ground.clock import local_date
from engine.prevention.rollback import applications, lists
from web.pages.desk.papers import FILES, file_of, lacking_in
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("batches", __name__)


@blueprint.get("/batches")
def index() -> str:
    """The batches in the official's reach, with how they stand."""
    kind = request.args.get("kind", "")
    page, lines = lists.search(session(), account(), kind, number(request.args.get("page")))
    kinds = lists.kinds(session(), account())
    return render_template("prevention/batches/index.html", page=page, lines=lines, kinds=kinds, kind=kind)


@blueprint.get("/batches/<int:batch_id>")
def show(batch_id: int) -> str:
    """One batch: every household with its result and the step at which it is."""
    line = lists.view(session(), account(), batch_id, local_date(clock.now()))
    page, rows = applications.rows(session(), account(), batch_id, number(request.args.get("page")))
    steps = lists.steps_of(session(), account(), batch_id)
    return render_template(
        "prevention/batches/show.html",
        line=line,
        batch=line.batch,
        page=page,
        rows=rows,
        steps=steps,
        kinds=lists.kinds(session(), account()),
    )


@blueprint.get("/batches/<int:batch_id>/paper")
def paper(batch_id: int) -> ResponseReturnValue:
    """The application's list on A4: number, date, a place for the stamp; ``as`` = docx or pdf for a file."""
    found, form = applications.paper(session(), account(), batch_id), request.args.get("as", "")
    if form in FILES:
        return file_of([found], form, f"{found.number} {found.title}")
    line = lists.view(session(), account(), batch_id, local_date(clock.now()))
    return render_template(
        "prevention/batches/paper.html",
        batch_id=batch_id,
        paper=found,
        gathering=line.gathering,
        lacking=lacking_in([found]),
    )
