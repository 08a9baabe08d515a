"""任务: one work item with its form; 提交 暂存 退回 转办 领办 撤回, one or many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import acts
from engine.casework.acts import StaleDraft, StepResult, attachments
from engine.casework.desk import views
from engine.flow.forms import Form
from engine.ground.clock import local_date
from engine.ground.errors import Conflict, Invalid
from web.pages.desk.inbox import wanted
from web.request.arguments import fetched, row
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown.words import moment

blueprint = Blueprint("tasks", __name__)


@blueprint.get("/tasks/<int:item_id>")
def show(item_id: int) -> str:
    """The task page."""
    return _page(item_id)


def _page(
    item_id: int, data: Mapping[str, Any] | None = None, errors: Mapping[str, list[str]] | None = None
) -> str:
    view = views.task_view(session(), account(), item_id, clock.now())
    values = view.values if data is None else view.form.settled(data, view.context)
    done = view.item.status != "open" and data is None
    facts = view.form.facts_of(view.context, local_date(clock.now()))
    shown = view.form.review(values) if done else view.form.render(values, errors, facts)
    return render_template(
        "desk/tasks/show.html",
        view=view,
        fields=shown,
        errors=errors or {},
        key=request.form.get("key") or uuid4().hex,
        typed=data is not None,
        listed=request.form.get("list") or request.query_string.decode(),
    )


@blueprint.post("/tasks/<int:item_id>")
def complete(item_id: int) -> ResponseReturnValue:
    """提交."""
    form = acts.form_of(session(), account(), item_id)
    raw, wrong = sent_data(form, item_id)
    key = request.form.get("key") or None
    try:
        if wrong:
            raise Invalid("有文件没有上传成功。", wrong)
        result = acts.complete(session(), account(), item_id, raw, idempotency_key=key, clock=clock.clock())
    except Invalid as error:
        if wrong:
            acts.save_draft(session(), account(), item_id, raw, clock=clock.clock())
        flash(error.message + "您填的内容已暂存。", "danger")
        return _page(item_id, raw, error.fields), 422
    except Conflict as error:
        flash(error.message + "您填的内容没有丢失，见下方。", "danger")
        return _page(item_id, raw), 409
    return _done(result)


def _done(result: StepResult) -> ResponseReturnValue:
    """Back to the list as it was narrowed, which then offers what to go on with."""
    flash(result.summary, "success")
    narrowed: dict[str, Any] = dict(wanted(dict(parse_qsl(request.form.get("list", "")))).query)
    return redirect(url_for("inbox.todo", after=result.item_id, _anchor="list", **narrowed), 303)


def sent_data(form: Form, item_id: int) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The raw data of the request with its uploads stored, and what was wrong with the uploads."""
    wrong: dict[str, list[str]] = {}
    fields = request.form.copy()
    for name, upload in request.files.items(multi=True):
        if not upload.filename or not name.startswith("file:"):
            continue
        target = name.removeprefix("file:")
        try:
            body = upload.stream.read(attachments.MAX_BYTES + 1)
            found = attachments.store(
                session(), account(), item_id, target, upload.filename, body, clock.now()
            )
            fields.add(target, str(found.id))
        except Invalid as error:
            wrong.setdefault(target.replace("-", "."), []).append(error.message)
    return form.parse(fields), wrong


@blueprint.post("/tasks/<int:item_id>/draft")
def draft(item_id: int) -> ResponseReturnValue:
    """暂存, by the button or by itself."""
    form = acts.form_of(session(), account(), item_id)
    raw, wrong = sent_data(form, item_id)
    based_on = row(request.form.get("revision"))
    try:
        stored = acts.save_draft(
            session(), account(), item_id, raw, based_on=based_on, device=_device(), clock=clock.clock()
        )
    except StaleDraft as error:
        saved = f"{moment(error.stored.saved_at)} 在{error.stored.device or '别处'}"
        if fetched():
            return {"saved": saved, "revision": error.stored.revision}, 409
        flash(
            f"{saved}另存过一份，没有覆盖。再按一次“暂存”就用这一份；要用那一份，请重新打开这一步。",
            "warning",
        )
        return _page(item_id, raw), 409
    if fetched():
        return {"saved_at": stored.saved_at.isoformat(), "revision": stored.revision}
    flash(
        "已暂存。" if not wrong else "已暂存，但有文件没有上传成功。", "success" if not wrong else "warning"
    )
    return redirect(url_for("tasks.show", item_id=item_id), 303)


def _device() -> str:
    """Where the person types, as the browser says."""
    return "手机" if "Mobi" in request.user_agent.string else "电脑"


@blueprint.post("/tasks/<int:item_id>/files")
def upload(item_id: int) -> ResponseReturnValue:
    """Upload one file for a field, as soon as it is chosen."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid("没有收到文件。")
    body = sent.stream.read(attachments.MAX_BYTES + 1)
    found = attachments.store(
        session(), account(), item_id, request.form.get("field", ""), sent.filename, body, clock.now()
    )
    small = url_for("files.thumbnail", attachment_id=found.id) if found.is_photo else None
    url = url_for("files.show", attachment_id=found.id)
    return {"id": found.id, "filename": found.filename, "url": url, "thumbnail": small}


@blueprint.get("/tasks/<int:item_id>/return")
def choose_return(item_id: int) -> str:
    """Where the case can go back to."""
    view = views.task_view(session(), account(), item_id, clock.now())
    targets = acts.return_targets(session(), account(), item_id)
    return render_template(
        "desk/tasks/return.html", view=view, targets=targets, reason="", problem="", no_target=acts.NO_TARGET
    )


@blueprint.post("/tasks/<int:item_id>/return")
def return_to(item_id: int) -> ResponseReturnValue:
    """退回."""
    target, reason = row(request.form.get("target")), request.form.get("reason", "")
    try:
        result = acts.return_to(session(), account(), item_id, target, reason, clock=clock.clock())
    except Invalid as error:
        view = views.task_view(session(), account(), item_id, clock.now())
        targets = acts.return_targets(session(), account(), item_id)
        page = render_template(
            "desk/tasks/return.html",
            view=view,
            targets=targets,
            reason=reason,
            problem=error.message,
            no_target=acts.NO_TARGET,
        )
        return page, 422
    return _done(result)


@blueprint.post("/tasks/<int:item_id>/withdraw")
def withdraw(item_id: int) -> ResponseReturnValue:
    """撤回: one lands on the reopened step."""
    result = acts.withdraw(session(), account(), item_id, clock=clock.clock())
    flash(result.summary, "success")
    return redirect(url_for("cases.show", case_id=result.case_id), 303)


@blueprint.post("/tasks/<int:item_id>/claim")
def claim(item_id: int) -> ResponseReturnValue:
    """领办."""
    acts.claim(session(), account(), item_id, clock=clock.clock())
    flash("已领办，同事会看到由您办理。", "success")
    return redirect(url_for("tasks.show", item_id=item_id), 303)


@blueprint.post("/tasks/<int:item_id>/release")
def release(item_id: int) -> ResponseReturnValue:
    """Give a claimed item back."""
    acts.release(session(), account(), item_id, clock=clock.clock())
    flash("已放回待办。", "success")
    return redirect(url_for("tasks.show", item_id=item_id), 303)


@blueprint.post("/tasks/<int:item_id>/reassign")
def reassign(item_id: int) -> ResponseReturnValue:
    """转办."""
    acts.reassign(
        session(), account(), item_id, row(request.form.get("account_id")) or 0, clock=clock.clock()
    )
    flash("已转办。", "success")
    return redirect(url_for("inbox.todo"), 303)
