"""试运行: a draft or a version step by step with a sample household.
Every request plays the script that the page carries.

Nothing is stored: the page's hidden script is read as anything sent by a browser is, and played by the real
engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import definitions
from engine.flow import vocabulary
from engine.flow.machine.definition import Definition
from engine.ground.clock import start_of_day
from engine.ground.errors import Invalid, NotFound
from engine.owners.rehearsal.target import Target
from engine.owners.trial.play import play
from engine.owners.trial.script import MAX_BYTES, Act, Script, dump, load
from engine.owners.trial.sight import Sight
from engine.prevention.demo.samples import HOUSEHOLDS
from web.pages.owners.replays import target_of
from web.request import arguments
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("trials", __name__)
blueprint.before_request(lambda: definitions.require_owner(account()))
Where = dict[str, Any]


@blueprint.get("/drafts/<int:draft_id>/trial")
@blueprint.get("/procedures/<key>/versions/<int:number>/trial")
def begin(draft_id: int | None = None, key: str = "", number: int = 0) -> str:
    """A new trial, standing at its first step."""
    target = target_of(draft_id, key, number)
    procedure = request.args.get("procedure") or next(iter(_startable(target)), "")
    household = request.args.get("household") or next(iter(HOUSEHOLDS))
    script = Script(target.title[:80], procedure, household, clock.now().isoformat())
    return _page(target, play(session(), target, script), _where(draft_id, key, number))


def _startable(target: Target) -> list[str]:
    """The procedures that the trial can open, identification first: it is the one that people know."""
    if not target.procedures:
        raise NotFound("没有流程用到这个公用环节，不能试运行。")
    return sorted(target.procedures, key=lambda key: (key != "identification", key))


def _where(draft_id: int | None, key: str, number: int) -> Where:
    return {"draft_id": draft_id} if draft_id is not None else {"key": key, "number": number}


@blueprint.post("/drafts/<int:draft_id>/trial")
@blueprint.post("/procedures/<key>/versions/<int:number>/trial")
def act(draft_id: int | None = None, key: str = "", number: int = 0) -> ResponseReturnValue:
    """One more act, one back, a walk to the end, or another file."""
    target, where = target_of(draft_id, key, number), _where(draft_id, key, number)
    wanted = request.form.get("do", "")
    script = load(_uploaded() if wanted == "open" else request.form.get("script", ""))
    script = replace(script, name=request.form.get("name", "").strip()[:80] or script.name)
    if wanted == "save":
        return _file(script)
    if wanted in ("back", "restart"):
        script = script.without_last() if wanted == "back" else script.restarted()
    extra = {"complete": _complete, "message": _message, "time": _time}.get(wanted, _nothing)(target, script)
    sight = play(session(), target, script, walk=wanted == "walk", extra=extra)
    return _page(target, sight, where, request.form.get("focus", "") if wanted in ("look", "message") else "")


def _nothing(target: Target, script: Script) -> Act | None:
    return None


def _uploaded() -> str:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid("请选择试运行的文件（.json）。", {"file": ["请选择试运行的文件（.json）。"]})
    return sent.stream.read(MAX_BYTES + 1).decode("utf-8", "replace")


def _file(script: Script) -> Response:
    return sent.attachment(dump(script), f"试运行：{script.name}.json", "application/json")


def _complete(target: Target, script: Script) -> Act:
    """The step with what was typed; a button of an outcome sets it."""
    element_id, token = request.form.get("element", "")[:200], request.form.get("token", "")[:200]
    definition = _definition(target, script)
    element = definition.elements.get(element_id)
    data: dict[str, Any] = {}
    if element is not None and element.form_key:
        data = dict(definition.form(element.form_key).parse(request.form))
    choice, outcome = request.form.get("choice_key", ""), request.form.get("outcome", "")
    if choice and outcome:
        data[choice] = outcome
    return Act("complete", element_id, token, data)


def _message(target: Target, script: Script) -> Act:
    name = request.form.get("message", "")[:200]
    form = _definition(target, script).message_form(name)
    data: Mapping[str, Any] = form.parse(request.form) if form else {}
    return Act("message", name, data=dict(data))


def _definition(target: Target, script: Script) -> Definition:
    if script.procedure not in target.procedures:
        raise Invalid("这次试运行的是另一个流程，不能在这里打开。")
    return target.procedures[script.procedure]


def _time(target: Target, script: Script) -> Act:
    """Later: by days, to the next time limit, or to the beginning of a day."""
    now = max([script.start, *(datetime.fromisoformat(one.to) for one in script.acts if one.kind == "time")])
    by, day, due = (request.form.get(name, "") for name in ("days", "day", "due"))
    try:
        if due:
            moment = datetime.fromisoformat(due)
            to = max(moment, now) if moment.tzinfo else now
        elif day:
            to = start_of_day(arguments.day(day) or date.min)
        else:
            to = now + timedelta(days=arguments.number(by or "1", -1))
    except (ValueError, OverflowError) as error:
        raise Invalid("请填写要拨到的日期。") from error
    if not timedelta(0) <= to - now <= timedelta(days=3660):
        raise Invalid("试运行的时间只能往后拨，最多十年。")
    return Act("time", to=to.isoformat())


def _page(target: Target, sight: Sight, where: Where, focus: str = "") -> str:
    known = [task.token for task in sight.tasks] + [f"message:{one.name}" for one in sight.messages]
    problem = sight.problem.act if sight.problem else None
    if problem is not None:
        focus = f"message:{problem.element}" if problem.kind == "message" else problem.token
    focus = focus if focus in known else sight.tasks[0].token if sight.tasks else ""
    return render_template(
        "owners/trials/show.html",
        target=target,
        sight=sight,
        where=where,
        script=dump(sight.script),
        focus=focus,
        households=HOUSEHOLDS,
        startable=_startable(target),
        here=url_for("trials.begin", **where),
        service=vocabulary.used().service_words,
        parameters=vocabulary.used().parameter_words,
    )


@blueprint.get("/drafts/<int:draft_id>/trial.bpmn")
@blueprint.get("/procedures/<key>/versions/<int:number>/trial.bpmn")
def diagram(draft_id: int | None = None, key: str = "", number: int = 0) -> Response:
    """The drawing `part` (default: its own) of the `procedure` that is tried (default: the first)."""
    target = target_of(draft_id, key, number)
    definition = target.procedures.get(request.args.get("procedure") or next(iter(_startable(target))))
    body = definition.diagrams().get(request.args.get("part") or definition.key) if definition else None
    if body is None:
        raise NotFound("这一版流程没有这张图。")
    return sent.unnamed(body, "application/xml")
