"""回放: finished cases on a draft or a version, with progress, a report and its Excel file.

Only process owners come here.
"""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import definitions
from engine.casework.models import ProcedureVersion, Rehearsal
from engine.casework.portions.jobs import acts as jobs
from engine.owners.rehearsal import acts, target
from engine.owners.rehearsal.report import report
from engine.owners.rehearsal.simulation import Assumption
from engine.owners.rehearsal.target import Target
from engine.owners.rehearsal.workbook import assumption_words, workbook
from web.request.arguments import number as page_number
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("replays", __name__)
blueprint.before_request(lambda: definitions.require_owner(account()))


def target_of(draft_id: int | None, key: str, number: int) -> Target:
    """The draft or the version that the address names."""
    if draft_id is not None:
        return target.of_draft(session(), account(), draft_id)
    return target.of_version(session(), account(), key, number)


@blueprint.get("/drafts/<int:draft_id>/replay")
@blueprint.get("/procedures/<key>/versions/<int:number>/replay")
def choose(draft_id: int | None = None, key: str = "", number: int = 0) -> str:
    """Which cases, and what is supposed where the history lacks something."""
    found = target_of(draft_id, key, number)
    wanted = {"draft_id": draft_id} if draft_id is not None else {"version_id": found.version_id or 0}
    return render_template(
        "owners/replays/choose.html",
        target=found,
        here=request.path,
        earlier=acts.latest(session(), account(), wanted),
        default=acts.DEFAULT_CASES,
        most=acts.MAX_CASES,
        names=[one.name for one in found.procedures.values()],
    )


@blueprint.post("/drafts/<int:draft_id>/replay")
@blueprint.post("/procedures/<key>/versions/<int:number>/replay")
def begin(draft_id: int | None = None, key: str = "", number: int = 0) -> ResponseReturnValue:
    """Begin."""
    found = target_of(draft_id, key, number)
    supposed = request.form.get("suppose") == "default"
    assumption = Assumption(supposed, _count("after", 0) if supposed else 0)
    act = acts.begin(
        session(), account(), found, assumption, cases=_count("cases", acts.DEFAULT_CASES), now=clock.now()
    )
    return redirect(url_for("replays.show", replay_id=act.id), 303)


def _count(name: str, default: int) -> int:
    """A number from the form; what is none is refused by the engine's own bounds."""
    text = request.form.get(name, "").strip()
    if not text:
        return default
    return page_number(text, -1)


@blueprint.get("/replays/<int:replay_id>")
def show(replay_id: int) -> str:
    """How far it is; then the report."""
    act = acts.get(session(), account(), replay_id)
    counts = acts.counts(session(), act)
    if counts["pending"] and act.status == "running":
        return render_template("owners/replays/progress.html", act=act, counts=counts, back=_back(act))
    page = page_number(request.args.get("page"))
    status = request.args.get("status", "")
    status = status if status in ("differs", "misfit") else "misfit" if counts["misfit"] else "differs"
    listed = acts.entries(session(), act, status, page)
    return render_template(
        "owners/replays/report.html",
        act=act,
        counts=counts,
        back=_back(act),
        found=report(session(), act),
        status=status,
        page=listed,
        assumption=assumption_words(act),
        openable=acts.openable(session(), account(), listed.items),
    )


def _back(act: Rehearsal) -> str:
    """Where the replay was begun."""
    if act.draft_id is not None:
        return url_for("replays.choose", draft_id=act.draft_id)
    version = session().get_one(ProcedureVersion, act.version_id)
    return url_for("replays.choose", key=version.procedure_key, number=version.number)


@blueprint.post("/replays/<int:replay_id>")
def go_on(replay_id: int) -> ResponseReturnValue:
    """The next portion."""
    act = acts.get(session(), account(), replay_id)
    if not jobs.watched(session(), "replay", replay_id):
        acts.go_on(session(), account(), replay_id, acts.target_of(session(), account(), act))
    return redirect(url_for("replays.show", replay_id=replay_id), 303)


@blueprint.post("/replays/<int:replay_id>/stop")
def stop(replay_id: int) -> ResponseReturnValue:
    """No further case."""
    acts.stop(session(), account(), replay_id, clock.clock())
    return redirect(url_for("replays.show", replay_id=replay_id), 303)


@blueprint.get("/replays/<int:replay_id>.xlsx")
def download(replay_id: int) -> Response:
    """The report as an Excel file: case numbers, no personal data."""
    act = acts.get(session(), account(), replay_id)
    body = workbook(session(), act, acts.counts(session(), act), report(session(), act))
    return sent.attachment(body, f"回放：{act.title}.xlsx")
