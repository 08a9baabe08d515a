"""What a draft changes besides its diagram: decision tables and forms, edited,
tried and seen before they are in force.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import definitions
from engine.casework.models import ProcedureDraft
from engine.flow.diagram.blank import blank_form
from engine.ground.clock import local_date
from engine.ground.errors import DefinitionError, Invalid, NotFound
from engine.owners import decision_drafts, drafting, drafts, form_drafts
from web.pages.owners.drafts import findings_as_json, json_sent, revision_sent
from web.request.arguments import row
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("editors", __name__, url_prefix="/drafts")
blueprint.before_request(lambda: definitions.require_owner(account()))
KINDS = {"forms": "form", "decisions": "decision"}
"""The kind of resource by the part of the address that names it."""
ENDINGS = {"form": "json", "decision": "dmn"}
STORE = {"form": form_drafts.store, "decision": decision_drafts.store}


def _find(draft_id: int, kind: str, key: str) -> tuple[ProcedureDraft, bytes]:
    """The draft, and the form or decision as the draft has it."""
    draft = drafts.find(session(), account(), draft_id)
    body = drafts.resources_of(session(), draft).of(kind).get(key)
    if body is None:
        raise NotFound("没有找到这张表单。" if kind == "form" else "没有找到这张决策表。")
    return draft, body


# -- new, back to what is in force, files ----------------------------------------------------------


@blueprint.post("/<int:draft_id>/resources")
def create(draft_id: int) -> ResponseReturnValue:
    """A new form or decision table, empty or a copy of another one."""
    draft = drafts.find(session(), account(), draft_id)
    kind, key = request.form.get("kind", ""), request.form.get("key", "").strip()
    name, source = request.form.get("name", "").strip()[:60], request.form.get("source", "")
    if kind not in ENDINGS:
        raise Invalid("请选择是表单还是决策表。")
    present = drafts.resources_of(session(), draft).of(kind)
    if key in present:
        raise Invalid(f"编号“{key}”已经有了，请换一个，或者直接修改原有的。", {"key": ["已经有了。"]})
    if kind == "decision":
        body = decision_drafts.blank_decision(key, name or key)
    else:
        body = form_drafts.copied(_source(present, source), key) if source else blank_form(name or key)
    forms, decisions = _change(kind, key, body)
    drafting.save(
        session(), account(), draft_id, draft.revision, clock.now(), forms=forms, decisions=decisions
    )
    return redirect(url_for("editors.show", draft_id=draft_id, part=f"{kind}s", resource=key), 303)


def _change(
    kind: str, key: str, body: bytes | None
) -> tuple[drafting.Changes | None, drafting.Changes | None]:
    """The change of one resource as `drafting.save` takes it: of forms, of decisions."""
    return ({key: body}, None) if kind == "form" else (None, {key: body})


def _source(present: Any, source: str) -> bytes:
    if source not in present:
        raise NotFound("没有找到要复制的表单。")
    body: bytes = present[source]
    return body


@blueprint.post("/<int:draft_id>/<any(forms, decisions):part>/<resource>/revert")
def revert(draft_id: int, part: str, resource: str) -> ResponseReturnValue:
    """Drop what the draft changed: the form or decision is again as it is in force,
    or gone when it was new.
    """
    revision = row(request.form.get("revision"))
    if revision is None:
        raise Invalid("请刷新页面后重试。")
    forms, decisions = _change(KINDS[part], resource, None)
    drafting.save(session(), account(), draft_id, revision, clock.now(), forms=forms, decisions=decisions)
    flash("已恢复为现行的内容。", "success")
    return redirect(url_for("drafts.show", draft_id=draft_id), 303)


@blueprint.get("/<int:draft_id>/<any(forms, decisions):part>/<resource>/file")
def download(draft_id: int, part: str, resource: str) -> Response:
    """The file, for the editor and for other tools."""
    kind = KINDS[part]
    draft, body = _find(draft_id, kind, resource)
    mimetype = "application/json" if kind == "form" else "application/xml"
    name = f"{resource}.{ENDINGS[kind]}"
    return sent.attachment(body, name, mimetype, X_Revision=str(draft.revision))


@blueprint.get("/<int:draft_id>/<any(forms, decisions):part>/<resource>")
def show(draft_id: int, part: str, resource: str) -> str:
    """The editor; phones and closed drafts get the table for reading, or the form as it looks filled in."""
    draft, body = _find(draft_id, KINDS[part], resource)
    return (_form_page if part == "forms" else _decision_page)(draft, resource, body)


# -- what the editors' scripts ask -----------------------------------------------------------------


@blueprint.post("/<int:draft_id>/<any(forms, decisions):part>/<resource>")
def save(draft_id: int, part: str, resource: str) -> Response:
    """Autosave: {revision, text}; answers the new revision. 409 when somebody saved meanwhile."""
    sent, kind = json_sent(), KINDS[part]
    _find(draft_id, kind, resource)
    draft = STORE[kind](
        session(), account(), draft_id, revision_sent(sent), resource, _text(sent), clock.now()
    )
    return jsonify({"revision": draft.revision})


@blueprint.post("/<int:draft_id>/<any(forms, decisions):part>/<resource>/copy")
def copy(draft_id: int, part: str, resource: str) -> Response:
    """What could not be saved, {name, text}, in a draft of its own; answers where it is edited."""
    sent, kind = json_sent(), KINDS[part]
    forms, decisions = _change(kind, resource, _text(sent))
    name = str(sent.get("name", ""))
    draft = drafting.copy(session(), account(), draft_id, name, clock.now(), forms=forms, decisions=decisions)
    return jsonify({"address": url_for("editors.show", draft_id=draft.id, part=part, resource=resource)})


@blueprint.post("/<int:draft_id>/<any(forms, decisions):part>/<resource>/check")
def check(draft_id: int, part: str, resource: str) -> Response:
    """What is wrong with {text}; of a form also the fields it has no more. Nothing is stored."""
    text, kind = _text(json_sent()), KINDS[part]
    draft, before = _find(draft_id, kind, resource)
    if kind == "decision":
        return jsonify({"findings": findings_as_json(decision_drafts.findings(text))})
    found = form_drafts.findings(session(), draft, resource, text)
    return jsonify({"findings": findings_as_json(found), "lost": form_drafts.lost_fields(before, text)})


def _text(sent: dict[str, Any]) -> bytes:
    text = sent.get("text")
    if not isinstance(text, str):
        raise Invalid("请求里没有内容，请刷新页面后重试。")
    return text.encode("utf-8", "surrogatepass")


# -- decision tables -------------------------------------------------------------------------------


def _decision_page(draft: ProcedureDraft, key: str, body: bytes) -> str:
    return render_template(
        "owners/drafts/decision.html",
        draft=draft,
        key=key,
        table=decision_drafts.shown(body),
        words=drafts.STATUS_WORDS,
    )


@blueprint.post("/<int:draft_id>/decisions/<resource>/try")
def attempt(draft_id: int, resource: str) -> Response:
    """What the table {text} reads; with {samples} which rules hit and what it answers. Nothing is stored."""
    _find(draft_id, "decision", resource)
    sent = json_sent()
    text, samples = _text(sent), sent.get("samples", {})
    if not isinstance(samples, dict) or not all(isinstance(one, str) for one in samples.values()):
        raise Invalid("试算的输入写得不对。")
    try:
        reads = decision_drafts.reads(text)
        trial = decision_drafts.tried(text, {name: samples.get(name, "") for name in reads})
    except DefinitionError as error:
        return jsonify({"reads": [], "hits": [], "result": None, "sentence": error.message})
    return jsonify({"reads": reads, **asdict(trial)})


# -- forms -----------------------------------------------------------------------------------------


def _form_page(draft: ProcedureDraft, key: str, body: bytes) -> str:
    shown, sentence = None, ""
    try:
        shown = form_drafts.preview(body, None, local_date(clock.now()))
    except Invalid as error:
        sentence = error.message
    return render_template(
        "owners/drafts/form.html",
        draft=draft,
        key=key,
        shown=shown,
        sentence=sentence,
        words=drafts.STATUS_WORDS,
    )


@blueprint.post("/<int:draft_id>/forms/<resource>/preview")
def preview(draft_id: int, resource: str) -> str:
    """The page of the form in the field ``schema``, with what was typed or samples,
    checked when ``attempt`` is sent.
    """
    _find(draft_id, "form", resource)
    body = request.form.get("schema", "").encode("utf-8", "surrogatepass")
    typed = None if request.form.get("fill") == "sample" else request.form
    today, attempted = local_date(clock.now()), bool(request.form.get("attempt"))
    shown, sentence = None, ""
    try:
        shown = form_drafts.preview(body, typed, today, attempt=attempted)
    except Invalid as error:
        sentence = error.message
    return render_template("owners/drafts/preview.html", shown=shown, sentence=sentence)
