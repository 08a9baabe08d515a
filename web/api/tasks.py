"""Work items: the list, one with its form, and all that people do with it."""

from __future__ import annotations

from typing import Any

from flask import request

from engine.casework import acts
from engine.casework.acts import attachments
from engine.casework.desk import views
from engine.casework.desk.inbox import InboxFilter
from engine.casework.desk.inbox import todo as inbox_todo
from engine.casework.desk.views import TaskView
from engine.casework.organisation import privacy
from engine.casework.supervision import urging
from engine.ground.errors import Invalid, NotFound, ShouwangError
from engine.prevention.register.households import finding as households
from engine.prevention.register.households import reading
from web.api import schemas as s
from web.api.blueprints import api as blueprint
from web.request.signing import account
from web.server import clock
from web.server.database import session

TASK_COLUMNS = [field.attribute or name for name, field in s.Task().fields.items()]


@blueprint.get("/tasks")
@blueprint.arguments(s.TaskQuery, location="query")
@blueprint.response(200, s.TaskPage)
def list_tasks(query: dict[str, Any]) -> Any:
    """待办"""
    wanted = InboxFilter(
        step=query["step"],
        lamp=query["lamp"],
        text=query["q"],
        village=query["village"],
        part_of={"batch": query["batch"]} if query["batch"] else {},
        sort=query["sort"],
        page=query["page"],
    )
    return inbox_todo(session(), account(), wanted, clock.now())


@blueprint.get("/tasks/<int:item_id>")
@blueprint.response(200, s.TaskDetail)
def show_task(item_id: int) -> dict[str, Any]:
    """一件事项及其表单、预填内容、农户概况"""
    return _task(views.task_view(session(), account(), item_id, clock.now()), full=False)


def _task(view: TaskView, *, full: bool) -> dict[str, Any]:
    data = view.values if full else privacy.masked(view.form.components, view.values)
    about = view.case_view.definition.about
    return {
        **{key: getattr(view.item, key) for key in TASK_COLUMNS},
        "form": view.form.schema,
        "data": data,
        "may_complete": view.may_complete,
        "about": about or "household",
        "household": None if about else reading.public(view.subject),
    }


@blueprint.post("/tasks/<int:item_id>/reveal")
@blueprint.response(200, s.TaskDetail)
def reveal_task(item_id: int) -> dict[str, Any]:
    """同上，证件号码和电话为完整号码；查看留下记录"""
    view = views.task_view(session(), account(), item_id, clock.now())
    case = view.case_view.case
    whose = {"case": case.id} if view.case_view.definition.about else {"household": case.subject_id}
    households.note_reveal(session(), account(), clock.now(), **whose, item=item_id)
    return _task(view, full=True)


def _in_full(item_id: int, data: dict[str, Any]) -> dict[str, Any]:
    """The data of a form that was read masked: the numbers that were left as they were, in full again."""
    if not privacy.holds_masks(data):
        return data
    found: dict[str, Any] = privacy.restored(
        data, views.task_view(session(), account(), item_id, clock.now()).values
    )
    return found


@blueprint.post("/tasks/<int:item_id>/complete")
@blueprint.arguments(s.Data)
@blueprint.response(200, s.Result)
def complete_task(body: dict[str, Any], item_id: int) -> Any:
    """提交"""
    return acts.complete(
        session(),
        account(),
        item_id,
        _in_full(item_id, body["data"]),
        idempotency_key=body["idempotency_key"],
        clock=clock.clock(),
    )


@blueprint.post("/tasks/complete")
@blueprint.arguments(s.BulkData)
@blueprint.response(200, s.BulkResult(many=True))
def complete_tasks(body: dict[str, Any]) -> list[dict[str, Any]]:
    """批量提交：逐件办理，一件不成不影响其他"""
    ids = list(dict.fromkeys(body["ids"]))
    if not views.visible_of_one_step(session(), account(), ids):
        raise NotFound("没有找到所选的事项。")
    results = acts.complete_many(session(), account(), ids, body["data"], clock=clock.clock())
    return [
        {"id": i, "error": _told(r)} if isinstance(r, ShouwangError) else {"id": i, "result": r}
        for i, r in results
    ]


def _told(error: ShouwangError) -> dict[str, Any]:
    """An error of one among many, with the same words as alone."""
    fields = error.fields if isinstance(error, Invalid) else {}
    return {"code": error.code, "detail": error.message, **({"fields": fields} if fields else {})}


@blueprint.post("/tasks/<int:item_id>/attachments")
@blueprint.arguments(s.Files, location="files")
@blueprint.response(201, s.Stored)
def attach(files: dict[str, Any], item_id: int) -> Any:
    """上传附件；返回的编号填入表单的附件项"""
    upload, field = files["file"], request.form.get("field", "")
    body = upload.stream.read(attachments.MAX_BYTES + 1)
    return attachments.store(session(), account(), item_id, field, upload.filename or "", body, clock.now())


@blueprint.get("/tasks/<int:item_id>/return-targets")
@blueprint.response(200, s.Target(many=True))
def return_targets(item_id: int) -> Any:
    """可以退回到的步骤"""
    return acts.return_targets(session(), account(), item_id)


@blueprint.post("/tasks/<int:item_id>/return")
@blueprint.arguments(s.Return)
@blueprint.response(200, s.Result)
def return_task(body: dict[str, Any], item_id: int) -> Any:
    """退回"""
    return acts.return_to(session(), account(), item_id, body["target"], body["reason"], clock=clock.clock())


@blueprint.post("/tasks/<int:item_id>/withdraw")
@blueprint.response(200, s.Result)
def withdraw_task(item_id: int) -> Any:
    """撤回"""
    return acts.withdraw(session(), account(), item_id, clock=clock.clock())


@blueprint.post("/tasks/<int:item_id>/reassign")
@blueprint.arguments(s.Assignee)
@blueprint.response(200, s.Task)
def reassign_task(body: dict[str, Any], item_id: int) -> Any:
    """转办"""
    return acts.reassign(session(), account(), item_id, body["account_id"], clock=clock.clock())


@blueprint.post("/tasks/<int:item_id>/claim")
@blueprint.response(200, s.Task)
def claim_task(item_id: int) -> Any:
    """领办"""
    return acts.claim(session(), account(), item_id, clock=clock.clock())


@blueprint.post("/tasks/<int:item_id>/urge")
@blueprint.arguments(s.Urge)
@blueprint.response(200, s.Urged)
def urge_task(body: dict[str, Any], item_id: int) -> Any:
    """催办：同一人对同一件事项一天一次"""
    return urging.urge(session(), account(), item_id, body["text"], clock=clock.clock())
