"""迁移: running cases taken to another version; every case is shown first, then moved.

Only process owners come here.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import definitions
from engine.casework.organisation import divisions
from engine.casework.portions import moving, plan
from engine.casework.portions.jobs import acts as jobs
from engine.flow.replay.relocation import Wish
from web.request.arguments import number as page_number
from web.request.arguments import row
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("migrations", __name__)
blueprint.before_request(lambda: definitions.require_owner(account()))
STATUSES = {"fits": "可以迁移", "misfit": "不能迁移", "moved": "已迁移", "refused": "没有迁移"}


@blueprint.get("/procedures/<key>/versions/<int:number>/move")
def prepare(key: str, number: int) -> str:
    """Which cases run elsewhere, and what the owner has to say about steps that differ."""
    target = moving.version_of(session(), account(), key, number)
    lost, added = moving.differences(session(), account(), target)
    definition = definitions.load(session(), target.id)
    steps = {e.id: e.name for e in definition.in_flow_order if e.kind in ("userTask", "manualTask")}
    return render_template(
        "owners/migrations/prepare.html",
        target=target,
        elsewhere=moving.elsewhere(session(), account(), target),
        lost=lost,
        added=added,
        steps=steps,
    )


@blueprint.post("/procedures/<key>/versions/<int:number>/move")
def begin(key: str, number: int) -> ResponseReturnValue:
    """Look at every case."""
    target = moving.version_of(session(), account(), key, number)
    elements = {name[4:]: to for name, to in request.form.items() if name.startswith("map:") and to}
    wish = Wish(elements, frozenset(request.form.getlist("passed")))
    only = row(request.form.get("only"))
    act = moving.begin(session(), account(), target, wish, clock=clock.clock(), only=only)
    return redirect(url_for("migrations.show", migration_id=act.id), 303)


@blueprint.get("/migrations/<int:migration_id>")
def show(migration_id: int) -> str:
    """How far it is; what would become of the cases; what became of them."""
    act = moving.get(session(), account(), migration_id)
    counts = moving.counts(session(), act)
    left = {"looking": counts["pending"], "moving": counts["fits"]}.get(act.status, 0)
    if left:
        return render_template(
            "owners/migrations/progress.html",
            act=act,
            left=left,
            done=act.total - left - counts["misfit"] * (act.status == "moving"),
        )
    tab = request.args.get("tab", "") if request.args.get("tab") in STATUSES else _first(counts)
    page = moving.entries(session(), act, tab, page_number(request.args.get("page")))
    return render_template(
        "owners/migrations/show.html",
        act=act,
        counts=counts,
        tab=tab,
        page=page,
        statuses=STATUSES,
        changes=plan.changes,
        changed=moving.changed(session(), act, tab) if tab in ("fits", "moved") else 0,
        stands=plan.stands,
        notes=plan.notes,
        reasons=moving.reasons(session(), act) if tab == "misfit" else [],
        places=divisions.names(session(), {entry.case.village_code for entry in page.items}),
    )


def _first(counts: dict[str, int]) -> str:
    return next((status for status in ("refused", "moved", "fits", "misfit") if counts[status]), "fits")


@blueprint.post("/migrations/<int:migration_id>")
def go_on(migration_id: int) -> ResponseReturnValue:
    """The next portion."""
    if not jobs.watched(session(), "moving", migration_id):
        moving.go_on(session(), account(), migration_id, clock=clock.clock())
    return redirect(url_for("migrations.show", migration_id=migration_id), 303)


@blueprint.post("/migrations/<int:migration_id>/confirm")
def confirm(migration_id: int) -> ResponseReturnValue:
    """迁移: what was shown is done."""
    moving.confirm(session(), account(), migration_id, request.form.get("note", ""), clock=clock.clock())
    return redirect(url_for("migrations.show", migration_id=migration_id), 303)


@blueprint.post("/migrations/<int:migration_id>/stop")
def stop(migration_id: int) -> ResponseReturnValue:
    """Move no further case."""
    moving.stop(session(), account(), migration_id, clock.clock())
    return redirect(url_for("migrations.show", migration_id=migration_id), 303)
