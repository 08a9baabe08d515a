"""The API's routes: each translates, the engine decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, current_app, g, request
from flask_smorest import Api, Blueprint
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response

from engine.casework import acts, definitions, lamps
from engine.casework.acts import attachments, messages
from engine.casework.desk import views
from engine.casework.desk.inbox import InboxFilter
from engine.casework.desk.inbox import todo as inbox_todo
from engine.casework.desk.views import TaskView
from engine.casework.models import Migration
from engine.casework.organisation import accounts, divisions, privacy
from engine.casework.organisation.identity import sign_in
from engine.casework.portions import moving
from engine.casework.supervision import limits, urging
from engine.casework.time import ticker
from engine.flow.check import check
from engine.flow.diagram.resources import Resources
from engine.flow.diagram.xml import encoded
from engine.flow.feel import compile_expression
from engine.flow.replay.relocation import Wish
from engine.ground import idnumber
from engine.ground.clock import SYSTEM, local_date
from engine.ground.errors import Invalid, NotFound, ShouwangError
from engine.owners import approvals
from engine.prevention.identification import entering
from engine.prevention.register import member_history
from engine.prevention.register.households import finding as households
from engine.prevention.register.households import reading
from engine.prevention.register.members import changes, taking_back
from engine.prevention.register.members.reading import Asked
from web.api import accounts as accounts_api
from web.api import departments, running, screening, transfers
from web.api import schemas as s
from web.api.errors import PasswordDue
from web.api.tokens import bearer
from web.request import addresses
from web.request.signing import account
from web.server import clock
from web.server.database import session, sessions

blueprint = Blueprint("api", __name__, url_prefix="/api/v1", description="守望 REST API")
OPEN = frozenset({"api.issue_token"})
REVEALING = frozenset({"api.reveal_task"})
TASK_COLUMNS = [field.attribute or name for name, field in s.Task().fields.items()]
SETTINGS = {
    "API_TITLE": "守望",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.0.3",
    "OPENAPI_URL_PREFIX": "/api/v1",
    "OPENAPI_JSON_PATH": "openapi.json",
    "API_SPEC_OPTIONS": {
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}],
    },
}


def register(app: Flask, csrf: CSRFProtect, *, demo: bool) -> None:
    """Add the API. It takes bearer tokens, never cookies, so it needs no CSRF token."""
    app.config.update(SETTINGS)
    api = Api(app)
    for one in (
        blueprint,
        accounts_api.blueprint,
        screening.blueprint,
        transfers.blueprint,
        departments.blueprint,
        running.blueprint,
    ):
        csrf.exempt(one)
        api.register_blueprint(one)
    if demo:
        csrf.exempt(demo_blueprint)
        api.register_blueprint(demo_blueprint)


@blueprint.before_request
def authenticate() -> None:
    """Every call but the one that issues tokens carries one."""
    if request.endpoint in OPEN:
        return
    g.account = bearer()


@blueprint.after_request
def mask(answer: Response) -> Response:
    """No answer holds an ID number, whatever it tells,
    but those that reveal it on purpose and leave a line.
    """
    if request.endpoint not in REVEALING and answer.is_json and not answer.direct_passthrough:
        answer.set_data(privacy.masked_text(answer.get_data(as_text=True)))
    return answer


@blueprint.post("/tokens")
@blueprint.arguments(s.Credentials)
@blueprint.response(201, s.Token)
def issue_token(body: dict[str, Any]) -> dict[str, Any]:
    """用账号密码换取令牌"""
    now, caller = SYSTEM.now(), addresses.caller()
    found = sign_in.authenticate(session(), body["username"], body["password"], caller, now)
    if found.must_change:
        raise PasswordDue
    token, expires = accounts.issue_token(session(), found, now, caller.address)
    return {"token": token, "expires_at": expires}


for _beside in (accounts_api.blueprint, transfers.blueprint, running.blueprint):
    _beside.before_request(authenticate)
    _beside.after_request(mask)


# -- tasks -----------------------------------------------------------------------------------------


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
    if "*" not in current_app.json.dumps(data):
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


# -- clues, households, cases ----------------------------------------------------------------------


@blueprint.post("/clues")
@blueprint.arguments(s.ClueIn)
@blueprint.response(201, s.ClueOut)
def enter_clue(body: dict[str, Any]) -> dict[str, Any]:
    """录入线索：立案或并入正在办理的事项；疑似已在册时返回 duplicates，不保存"""
    form = entering.form(session())
    if form is None:
        raise NotFound("现行流程没有线索表。")
    known = body["household_id"] is not None
    clean = form.validate({**body["data"], "known_household": known}, today=local_date(clock.now()))
    entered = entering.enter(
        session(),
        account(),
        clean,
        clock=clock.clock(),
        household_id=body["household_id"],
        confirmed_new=body["confirmed_new"],
    )
    return {
        "clue_id": entered.clue.id if entered.clue else None,
        "case_id": entered.case.id if entered.case else None,
        "joined": entered.joined,
        "duplicates": entered.duplicates,
    }


@blueprint.get("/households")
@blueprint.arguments(s.HouseholdQuery, location="query")
@blueprint.response(200, s.HouseholdPage)
def list_households(query: dict[str, Any]) -> Any:
    """农户"""
    return households.search(session(), account(), query["q"], query["status"], query["page"])


@blueprint.post("/households/search")
@blueprint.arguments(s.HouseholdQuery)
@blueprint.response(200, s.HouseholdPage)
def search_households(query: dict[str, Any]) -> Any:
    """查农户：证件号码、电话写在请求的内容里，不写在网址里"""
    return households.search(session(), account(), query["q"], query["status"], query["page"])


@blueprint.get("/households/<int:household_id>/members")
@blueprint.arguments(s.MemberQuery, location="query")
@blueprint.response(200, s.MemberRow(many=True))
def list_members(query: dict[str, Any], household_id: int) -> Any:
    """一户某一天的成员"""
    households.view(session(), account(), household_id)
    rows = member_history.on_day(session(), household_id, query["on"] or local_date(clock.now()))
    return [{**row, "id_number": idnumber.mask(row["id_number"])} for row in rows]


@blueprint.get("/households/<int:household_id>/members/changes")
@blueprint.response(200, s.MemberChange(many=True))
def list_member_changes(household_id: int) -> Any:
    """一户登记过的成员变动，撤销的也在内"""
    households.view(session(), account(), household_id)
    return member_history.changes(session(), household_id)


@blueprint.post("/households/<int:household_id>/members/changes")
@blueprint.arguments(s.MemberChangeIn)
@blueprint.response(201, s.MemberChange(many=True))
def record_member_change(body: dict[str, Any], household_id: int) -> Any:
    """登记成员变动"""
    return changes.record(session(), account(), household_id, Asked(**body), clock=clock.clock())


@blueprint.post("/households/<int:household_id>/members/changes/take-back")
@blueprint.arguments(s.MemberTakeBack)
@blueprint.response(200, s.MemberChange(many=True))
def take_member_change_back(body: dict[str, Any], household_id: int) -> Any:
    """撤销一项成员变动"""
    act, reason = body["act"], body["reason"]
    return taking_back.take_back(session(), account(), household_id, act, reason, clock=clock.clock())


@blueprint.get("/cases/<int:case_id>")
@blueprint.response(200, s.CaseDetail)
def show_case(case_id: int) -> dict[str, Any]:
    """一件事项的状态、令牌、时限和办理记录"""
    view = views.case_view(session(), account(), case_id)
    case = view.case
    return {
        "id": case.id,
        "procedure": case.procedure_key,
        "version": case.version.number,
        "subject": case.subject,
        "about": view.definition.about or "household",
        "subject_id": case.subject_id,
        "household_id": None if view.definition.about else case.subject_id,
        "status": case.status,
        "outcome": case.outcome,
        "discovery_date": case.discovery_date,
        "limit_at": case.limit_at,
        "lamp": lamps.lamp(case.limit_at, clock.now()),
        "was_overdue": case.lamp_floor == "red",
        "tokens": list(view.open_elements),
        "waits_for": sorted(view.waits_for),
        "tasks": [item for item in view.items if item.status == "open"],
        "timers": view.timers,
        "history": view.timeline,
    }


@blueprint.post("/cases/<int:case_id>/messages")
@blueprint.arguments(s.Message)
@blueprint.response(200, s.Caught)
def send_message(body: dict[str, Any], case_id: int) -> dict[str, bool]:
    """送达消息：异议（objection）、农户意见（household_answer）、比对结果（matching_result）、承诺授权书（authorisation）"""
    name, data = body["name"], body["data"]
    return {"caught": messages.send(session(), account(), case_id, name, data, clock=clock.clock())}


@blueprint.get("/timers")
@blueprint.arguments(s.TimerQuery, location="query")
@blueprint.response(200, s.TimerPage)
def list_timers(query: dict[str, Any]) -> Any:
    """时限：overdue 已过、due 未到、fired 已触发"""
    return limits.timers(session(), account(), query["state"], clock.now(), query["page"])


@blueprint.get("/divisions")
@blueprint.arguments(s.DivisionQuery, location="query")
@blueprint.response(200, s.Division(many=True))
def list_divisions(query: dict[str, Any]) -> Any:
    """行政区划"""
    return divisions.search(session(), query["q"], query["under"], query["page"])


# -- procedures ------------------------------------------------------------------------------------


def _resources(body: dict[str, Any], key: str | None) -> Resources:
    """The forms, decisions and parts in force, replaced by the forms and decisions sent."""
    forms = {name: current_app.json.dumps(schema).encode() for name, schema in body["forms"].items()}
    sent = Resources(forms, {name: encoded(text) for name, text in body["decisions"].items()})
    return definitions.resources_in_force(session(), key) | sent


@blueprint.post("/procedures/check")
@blueprint.arguments(s.ProcedureUpload)
@blueprint.response(200, s.Findings)
def check_procedure(body: dict[str, Any]) -> dict[str, Any]:
    """检查流程图：逐个元素指出问题，不保存"""
    definitions.require_owner(account())
    _, findings = check(encoded(body["xml"]), _resources(body, None))
    return {"ok": not any(f.severity == "error" for f in findings), "findings": findings}


@blueprint.get("/procedures/<key>/versions")
@blueprint.response(200, s.Version(many=True))
def list_versions(key: str) -> Any:
    """流程的各个版本，新的在前"""
    return definitions.versions(session(), key)


@blueprint.post("/procedures/<key>/versions")
@blueprint.arguments(s.ProcedureUpload)
@blueprint.response(201, s.Version)
def deploy_version(body: dict[str, Any], key: str) -> Any:
    """上传并启用新版本；检查不通过则不启用，要求第二人审批的地方不能这样启用"""
    approvals.require_alone(session(), account())
    resources = _resources(body, key)
    return definitions.deploy(
        session(), account(), encoded(body["xml"]), resources, body["note"], clock.now(), key=key
    )


@blueprint.post("/procedures/<key>/versions/<int:number>/migrate")
@blueprint.arguments(s.MoveRequest)
@blueprint.response(201, s.Move)
def begin_move(body: dict[str, Any], key: str, number: int) -> dict[str, Any]:
    """把在办事项迁移到这一版：先逐件查看（不改变任何事项），再用 confirm 迁移"""
    target = moving.version_of(session(), account(), key, number)
    wish = Wish(body["elements"], frozenset(body["passed"]))
    return _move(moving.begin(session(), account(), target, wish, clock=clock.clock()))


def _move(act: Migration) -> dict[str, Any]:
    counts = moving.counts(session(), act)
    return {
        "id": act.id,
        "status": act.status,
        "total": act.total,
        "reasons": dict(moving.reasons(session(), act)),
        **counts,
    }


@blueprint.get("/migrations/<int:migration_id>")
@blueprint.response(200, s.Move)
def show_move(migration_id: int) -> dict[str, Any]:
    """迁移的进度"""
    return _move(moving.get(session(), account(), migration_id))


@blueprint.post("/migrations/<int:migration_id>")
@blueprint.response(200, s.Move)
def continue_move(migration_id: int) -> dict[str, Any]:
    """接着查看或迁移一批；直到 looking 时 pending 为 0，moving 时 fits 为 0"""
    return _move(moving.go_on(session(), account(), migration_id, clock=clock.clock()))


@blueprint.post("/migrations/<int:migration_id>/confirm")
@blueprint.arguments(s.MoveNote)
@blueprint.response(200, s.Move)
def confirm_move(body: dict[str, Any], migration_id: int) -> dict[str, Any]:
    """按查看的结果开始迁移"""
    return _move(moving.confirm(session(), account(), migration_id, body["note"], clock=clock.clock()))


# -- demo only -------------------------------------------------------------------------------------

demo_blueprint = Blueprint("api_demo", __name__, url_prefix="/api/v1/demo", description="仅演示")
demo_blueprint.before_request(authenticate)


@demo_blueprint.post("/clock")
@demo_blueprint.arguments(s.Advance)
@demo_blueprint.response(200, s.Clock)
def advance_clock(body: dict[str, Any]) -> dict[str, Any]:
    """拨动演示的时间"""
    step = compile_expression("duration(text)", ("text",)).evaluate({"text": body["advance"]})
    if not isinstance(step, timedelta):
        raise Invalid("请用 ISO 8601 时长，如 P5D。", {"advance": ["请用 ISO 8601 时长，如 P5D。"]})
    clock.advance(step)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    fired = ticker.tick(sessions(app), clock.clock())
    return {"now": clock.now(), "fired": fired}
