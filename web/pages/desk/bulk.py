"""批量办理: one decision, or one return, for many items of a step;
worked off in portions with the progress shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import acts
from engine.casework.acts import attachments
from engine.casework.desk import views
from engine.casework.models import BulkAct
from engine.casework.organisation import divisions
from engine.casework.papers.kinds import kinds
from engine.casework.portions import bulk
from engine.casework.portions.jobs import acts as jobs
from engine.casework.step import past
from engine.flow.vocabulary import PaperKind
from engine.ground.errors import Conflict, Invalid
from web.pages.desk import selection
from web.pages.desk.tasks import sent_data
from web.request.arguments import number, rows
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("bulk", __name__, url_prefix="/tasks/bulk")


@blueprint.get("")
def choose() -> str:
    """Whom it is about, what the system says of each, and the form once."""
    return _page(selection.chosen(request.args))


def _page(
    ids: list[int],
    data: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
    ticked: frozenset[int] | None = None,
    reason: str | None = None,
) -> str:
    listed = views.items_of_one_step(session(), account(), ids)
    items = [item for item in listed if item.status == "open"]
    if not items:
        raise Conflict("所选的事项都已经办理，请回到待办重新选择。")
    if len(items) < len(listed):
        flash(f"所选事项中有 {len(listed) - len(items)} 件已经办理，没有列入。", "warning")
    barred = acts.obstacles(session(), account(), items)
    if barred:
        items = [item for item in items if item.id not in barred]
        flash(f"有 {len(barred)} 件您参与过前面的办理，按规定须由他人办理，没有列入。", "warning")
    if not items:
        raise Conflict("所选的事项您都参与过前面的办理，按规定须由他人办理。")
    form = acts.definition_of(session(), items[0].case).form(items[0].form_key)
    found = bulk.preview(session(), items, form, clock.now())
    asked = bulk.form_for(form, found)
    return render_template(
        "desk/tasks/bulk.html",
        items=items,
        found=found,
        fields=asked.render({**asked.defaults, **found.common, **(data or {})}, errors),
        errors=errors or {},
        villages=divisions.names(session(), {item.village_code for item in items}),
        ticked=ticked or frozenset(item.id for item in items),
        reason=reason or "",
        returning=reason is not None,
        files=attachments.uploaded(session(), account(), bulk.files_named(session(), items[0], data or {})),
    )


@blueprint.post("")
def decide() -> ResponseReturnValue:
    """提交."""
    ids = selection.chosen(request.form)
    items = views.items_of_one_step(session(), account(), ids)
    form = acts.definition_of(session(), items[0].case).form(items[0].form_key)
    raw, wrong = sent_data(form, items[0].id)
    try:
        if wrong:
            raise Invalid("有文件没有上传成功。", wrong)
        act = bulk.decide(session(), account(), ids, raw, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _page(_shown(ids), raw, error.fields, frozenset(ids)), 422
    return redirect(url_for("bulk.show", act_id=act.id), 303)


def _shown(ids: list[int]) -> list[int]:
    """Everything that the page had listed, ticked or not."""
    return rows(request.form.getlist("shown")) or ids


@blueprint.post("/return")
def send_back() -> ResponseReturnValue:
    """退回, with one reason."""
    ids, reason = selection.chosen(request.form), request.form.get("return_reason", "")
    try:
        act = bulk.send_back(session(), account(), ids, reason, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _page(_shown(ids), None, None, frozenset(ids), reason), 422
    return redirect(url_for("bulk.show", act_id=act.id), 303)


@blueprint.get("/<int:act_id>")
def show(act_id: int) -> str:
    """How far it is; then what became of each."""
    act = bulk.get(session(), account(), act_id)
    counts = bulk.counts(session(), act)
    if counts["pending"]:
        return render_template("desk/tasks/bulk_progress.html", act=act, counts=counts)
    page = number(request.args.get("page"))
    refused = bulk.entries(session(), act, "refused", 1, bulk.MAX_ITEMS)
    done = bulk.entries(session(), act, "done", page)
    return render_template(
        "desk/tasks/bulk_done.html",
        act=act,
        counts=counts,
        refused=refused.items,
        page=done,
        villages=divisions.names(session(), {one.item.village_code for one in [*refused.items, *done.items]}),
        kind=_kind(act) if counts["done"] else None,
    )


def _kind(act: BulkAct) -> PaperKind | None:
    """The paper that goes with what was decided."""
    if act.kind != "complete":
        return None
    item = bulk.entries(session(), act, "done").items[0].item
    element = past.element_of_item(session(), item)
    return kinds().get(element.paper) if element is not None else None


@blueprint.post("/<int:act_id>/stop")
def stop(act_id: int) -> ResponseReturnValue:
    """停下: what is left stays in the inbox."""
    bulk.stop(session(), account(), act_id, clock.clock())
    return redirect(url_for("bulk.show", act_id=act_id), 303)


@blueprint.post("/<int:act_id>")
def go_on(act_id: int) -> ResponseReturnValue:
    """The next portion."""
    if not jobs.watched(session(), "bulk", act_id):
        bulk.go_on(session(), account(), act_id, clock=clock.clock())
    return redirect(url_for("bulk.show", act_id=act_id), 303)
