"""流程草稿: the list, a draft's page, and what the drawing page loads and saves.

Only process owners come here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from engine.casework import definitions
from engine.casework.models import ProcedureDraft
from engine.flow.check import check as check_diagram
from engine.flow.diagram.xml import encoded
from engine.flow.machine.definition import Definition
from engine.ground import text as normal
from engine.ground.errors import Finding, Invalid
from engine.owners import bundles, drafting, drafts, drawing
from web.request.arguments import number as page_number
from web.request.arguments import row
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("drafts", __name__, url_prefix="/drafts")
blueprint.before_request(lambda: definitions.require_owner(account()))
STEP_KINDS = {
    "userTask": "",
    "manualTask": "",
    "serviceTask": "自动",
    "businessRuleTask": "决策表",
    "callActivity": "公用环节",
    "intermediateCatchEvent": "等待",
    "boundaryEvent": "期限或消息",
}
"""The elements that a list of steps tells, and what kind they are where it is not a task."""


# -- the list --------------------------------------------------------------------------------------


@blueprint.get("")
def index() -> str:
    """The drafts that are alive, and the form for a new one."""
    key, status, text = (request.args.get(name, "") for name in ("key", "status", "q"))
    number = page_number(request.args.get("page"))
    page = drafts.drafts(session(), account(), number, key=key, status=status, text=text)
    procedures = drafts.procedures(session(), account())
    return render_template(
        "owners/drafts/index.html",
        page=page,
        procedures=procedures,
        names={one.key: one.name for one in procedures},
        chosen=key,
        status=status,
        q=text,
        words=drafts.STATUS_WORDS,
    )


@blueprint.post("")
def create() -> ResponseReturnValue:
    """A new draft: from a procedure in force, a version of it, a file, or nothing."""
    source, body, key, version = request.form.get("source", "procedure"), None, "", None
    bundle = bundles.Bundle(b"")
    if source == "file":
        body = _file(request.files.get("file"))
        if bundles.is_zip(body):
            bundle = bundles.unpack(body)
            body = bundle.diagram
    elif source == "version":
        version = _number(request.form.get("version_id", ""), "没有找到这一版流程。")
    elif source == "procedure":
        key = request.form.get("procedure_key", "")
        if not key:
            raise Invalid("请选择流程。", {"procedure_key": ["请选择流程。"]})
    draft = drafting.create(
        session(),
        account(),
        name=request.form.get("name", ""),
        procedure_key=key,
        version_id=version,
        body=body,
        new_key=request.form.get("key", "") if source == "blank" else "",
        now=clock.now(),
        resources=bundle.resources,
    )
    _say_parts(draft, bundle.resources.part)
    flash(f"草稿“{draft.name}”已建立。改好并检查通过后再启用，正在办理的事项不受影响。", "success")
    return redirect(url_for("drafts.show", draft_id=draft.id), 303)


def _say_parts(draft: ProcedureDraft, parts: Mapping[str, bytes]) -> None:
    """A draft calls the parts in force: say so where the file had other ones."""
    present = drafts.resources_of(session(), draft).part
    others = [key for key, body in parts.items() if present.get(key) != body]
    if others:
        names = definitions.names(session(), others)
        said = "、".join(f"“{names.get(key, key)}”" for key in others)
        flash(
            f"文件里的公用环节{said}与现行的不同：草稿用现行的。要改公用环节，请用它自己的图另建草稿。",
            "warning",
        )


def _file(sent: FileStorage | None) -> bytes:
    if sent is None or not sent.filename:
        raise Invalid(
            "请选择流程图文件（.bpmn 或 .zip）。", {"file": ["请选择流程图文件（.bpmn 或 .zip）。"]}
        )
    body: bytes = sent.read()
    return body


def _number(text: str, sentence: str) -> int:
    found = row(text)
    if found is None:
        raise Invalid(sentence)
    return found


# -- one draft -------------------------------------------------------------------------------------


def _find(draft_id: int) -> ProcedureDraft:
    return drafts.find(session(), account(), draft_id)


@blueprint.get("/<int:draft_id>")
def show(draft_id: int) -> str:
    """The draft: what the check finds, its steps, and what can be done with it."""
    draft = _find(draft_id)
    definition, findings = drafts.checked(session(), draft)
    return render_template(
        "owners/drafts/show.html",
        draft=draft,
        may_change=drafts.may_change(account(), draft),
        findings=findings,
        errors=_errors(findings),
        steps=_steps(definition, draft),
        base=drafts.base_of(session(), draft),
        words=drafts.STATUS_WORDS,
        others=drafts.seen(session(), account(), draft_id, clock.now()),
        resources=drawing.listed(session(), draft),
        form_keys=sorted(drafts.resources_of(session(), draft).form),
    )


def _errors(findings: list[Finding]) -> int:
    return sum(finding.severity == "error" for finding in findings)


def _steps(definition: Definition | None, draft: ProcedureDraft) -> list[dict[str, Any]]:
    """The steps in order, each with its queue or what kind of step it is."""
    return [
        {
            "name": e.name,
            "queue": e.queue if e.kind in ("userTask", "manualTask") else "",
            "kind": STEP_KINDS[e.kind],
        }
        for e in drawing.told(definition, draft.xml)
        if e.kind in STEP_KINDS
    ]


@blueprint.post("/<int:draft_id>/rename")
def rename(draft_id: int) -> ResponseReturnValue:
    """Another name."""
    drafting.rename(session(), account(), draft_id, request.form.get("name", ""), clock.now())
    flash("草稿已改名。", "success")
    return redirect(url_for("drafts.show", draft_id=draft_id), 303)


@blueprint.post("/<int:draft_id>/discard")
def discard(draft_id: int) -> ResponseReturnValue:
    """Off the list."""
    drafting.discard(session(), account(), draft_id, clock.now())
    flash("草稿已作废。", "success")
    return redirect(url_for("drafts.index"), 303)


@blueprint.post("/<int:draft_id>/import")
def replace(draft_id: int) -> ResponseReturnValue:
    """A file in place of the diagram."""
    revision = _number(request.form.get("revision", ""), "请刷新页面后重试。")
    body = _file(request.files.get("file"))
    drafting.save(session(), account(), draft_id, revision, clock.now(), diagram=body, replacing=True)
    flash("已换成文件里的流程图。", "success")
    return redirect(url_for("drafts.show", draft_id=draft_id), 303)


@blueprint.get("/<int:draft_id>/diagram.bpmn")
def download(draft_id: int) -> Response:
    """The diagram, for the drawing page and for other tools."""
    draft = _find(draft_id)
    name, revision = f"{draft.name}.bpmn", str(draft.revision)
    return sent.attachment(draft.xml, name, "application/xml", X_Revision=revision)


@blueprint.get("/<int:draft_id>/export.zip")
def export(draft_id: int) -> Response:
    """The diagram with the forms and decisions that it uses, laid out as in the product's own folders."""
    draft = _find(draft_id)
    resources = drawing.used(drafts.resources_of(session(), draft), draft.xml)
    packed = bundles.pack(draft.procedure_key or f"draft_{draft.id}", draft.xml, resources)
    return sent.attachment(packed, f"{draft.name}.zip", "application/zip")


# -- drawing ---------------------------------------------------------------------------------------


@blueprint.get("/<int:draft_id>/diagram")
def diagram(draft_id: int) -> str:
    """The drawing page; phones get the list of steps."""
    draft = _find(draft_id)
    definition, _ = drafts.checked(session(), draft)
    return render_template(
        "owners/drafts/diagram.html",
        draft=draft,
        steps=_steps(definition, draft),
        words=drafts.STATUS_WORDS,
    )


@blueprint.get("/<int:draft_id>/known")
def known(draft_id: int) -> Response:
    """What the drawing may name, with the Chinese words for it."""
    return jsonify(drawing.known(session(), _find(draft_id)))


@blueprint.post("/<int:draft_id>/diagram")
def save_diagram(draft_id: int) -> Response:
    """Autosave: {revision, xml, losing, opened}; answers the new revision.

    409 when somebody saved meanwhile.
    """
    sent = json_sent()
    draft = drafting.save(
        session(),
        account(),
        draft_id,
        revision_sent(sent),
        clock.now(),
        diagram=_text(sent, "xml"),
        replacing=bool(sent.get("replacing")),
        losing=bool(sent.get("losing")),
        opened=_text(sent, "opened") if sent.get("opened") else None,
    )
    return jsonify({"revision": draft.revision})


@blueprint.post("/<int:draft_id>/losses")
def losses(draft_id: int) -> Response:
    """What the editor dropped of the draft's diagram as it opened it as {xml}. Nothing is stored."""
    return jsonify({"losses": drafting.losses_of(_find(draft_id), _text(json_sent(), "xml"))})


@blueprint.post("/<int:draft_id>/check")
def check(draft_id: int) -> Response:
    """What the check finds in {xml} with the draft's forms and decisions; nothing is stored."""
    resources = drafts.resources_of(session(), _find(draft_id))
    _, findings = check_diagram(_text(json_sent(), "xml"), resources)
    return jsonify({"findings": findings_as_json(findings)})


def findings_as_json(findings: list[Finding]) -> list[dict[str, Any]]:
    """Findings as the pages' scripts read them, with what a button can change."""
    return [
        {
            "element_id": f.element_id,
            "name": f.element_name,
            "sentence": f.message,
            "severity": f.severity,
            "cure": asdict(f.cure) if f.cure else None,
        }
        for f in findings
    ]


@blueprint.post("/<int:draft_id>/copy")
def copy(draft_id: int) -> Response:
    """What could not be saved, {name, xml}, as a draft of its own; answers where it is drawn."""
    sent = json_sent()
    draft = drafting.copy(
        session(), account(), draft_id, str(sent.get("name", "")), clock.now(), diagram=_text(sent, "xml")
    )
    return jsonify({"address": url_for("drafts.diagram", draft_id=draft.id)})


@blueprint.post("/<int:draft_id>/seen")
def seen(draft_id: int) -> Response:
    """A sign of life; answers who else has it open and which revision is stored."""
    now = clock.now()
    others = drafts.seen(session(), account(), draft_id, now)
    draft = _find(draft_id)
    people = [
        {"name": one.account.name, "minutes": int((now - one.seen_at).total_seconds() // 60)}
        for one in others
    ]
    return jsonify({"others": people, "revision": draft.revision, "status": draft.status})


@blueprint.post("/feel")
def expression() -> Response:
    """Whether {text} can be read as FEEL, or with {timer} as a limit; answers the reason when not."""
    sent = json_sent()
    return jsonify({"sentence": drawing.wrong(str(sent.get("text", "")), timer=bool(sent.get("timer")))})


def json_sent() -> dict[str, Any]:
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        raise Invalid("请求的内容不完整，请刷新页面后重试。")
    return sent


def revision_sent(sent: dict[str, Any]) -> int:
    revision = sent.get("revision")
    if isinstance(revision, str) or (revision := normal.whole(revision)) is None:
        raise Invalid("请求里没有写明改的是第几次保存的内容，请刷新页面后重试。")
    return revision


def _text(sent: dict[str, Any], name: str) -> bytes:
    text = sent.get(name)
    if not isinstance(text, str):
        raise Invalid("请求里没有流程图。")
    return encoded(text)
