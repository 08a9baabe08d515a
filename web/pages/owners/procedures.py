"""流程: every procedure with its versions, its handbook, what differs,
putting drafts into force and going back.
"""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import definitions
from engine.casework.organisation import accounts
from engine.flow import vocabulary
from engine.flow.machine.definition import Definition
from engine.ground.clock import local_date
from engine.ground.errors import Conflict, DefinitionError, Invalid, NotAllowed, NotFound, ShouwangError
from engine.owners import approvals, bundles, catalogue, drafts, releases
from engine.owners.words import book
from engine.owners.words.differences import differences
from engine.owners.words.handbook import chapters
from web.pages.desk.papers import FILES
from web.request.arguments import number as page_number
from web.request.arguments import row
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("procedures", __name__)
blueprint.before_request(lambda: definitions.require_owner(account()))
KIND_WORDS = {"added": "新增", "removed": "去掉", "changed": "改动", "moved": "移位"}


@blueprint.get("/procedures")
def index() -> str:
    """Every procedure and part: the version in force, by whom and why, how many cases run."""
    page = catalogue.procedures(
        session(), account(), request.args.get("q", ""), page_number(request.args.get("page"))
    )
    keys = [one.key for one in page.items]
    return render_template(
        "owners/procedures/index.html",
        page=page,
        running=catalogue.running(session(), keys),
        q=request.args.get("q", ""),
        people=accounts.names(
            session(), {one.current_version.deployed_by for one in page.items if one.current_version}
        ),
        waiting=drafts.drafts(session(), account(), status="submitted"),
        drafts=catalogue.open_drafts(session(), account(), keys),
    )


@blueprint.get("/procedures/<key>")
def show(key: str) -> str:
    """Its versions, latest first."""
    page = catalogue.versions(session(), account(), key, page_number(request.args.get("page")))
    submitters = catalogue.submitters(session(), page.items)
    return render_template(
        "owners/procedures/show.html",
        procedure=page.items[0].procedure,
        page=page,
        usage=catalogue.usage(session(), page.items),
        people=accounts.names(session(), {one.deployed_by for one in page.items} | set(submitters.values())),
        submitters=submitters,
        parts=definitions.names(session(), {k for one in page.items for k in one.resources.get("part", {})}),
        pinned=catalogue.pinned(session(), page.items),
        drafts=drafts.drafts(session(), account(), key=key),
        alone=not approvals.needs_approval(session(), account()),
        present=definitions.current(session(), key),
    )


@blueprint.get("/procedures/<key>/versions/<int:number>")
def handbook(key: str, number: int) -> str:
    """The version in words, step by step, with its drawings; can be printed."""
    version = definitions.version(session(), key, number)
    definition = definitions.load(session(), version.id)
    return render_template(
        "owners/procedures/handbook.html",
        version=version,
        definition=definition,
        chapters=chapters(definition),
        names=definition.process_names(),
        service=vocabulary.used().service_words,
        deployer=accounts.names(session(), {version.deployed_by}),
    )


@blueprint.get("/procedures/<key>/versions/<int:number>/handbook.docx")
def word(key: str, number: int) -> Response:
    """The same as a Word file."""
    version = definitions.version(session(), key, number)
    definition = definitions.load(session(), version.id)
    day = local_date(version.deployed_at)
    subtitle = f"第 {number} 版，{day.year}年{day.month}月{day.day}日启用" + (
        f"：{version.note}" if version.note else ""
    )
    name = f"{definition.name}第{number}版.docx"
    return sent.attachment(book.render(definition, subtitle), name, FILES["docx"][1])


@blueprint.get("/procedures/<key>/drawing")
def drawing(key: str) -> Response:
    """One drawing of a side of a comparison, or of a version."""
    _, definition = catalogue.side(session(), account(), request.args.get("side", ""), key)
    body = definition.diagrams().get(request.args.get("part") or definition.key)
    if body is None:
        raise NotFound("没有这张图。")
    return sent.unnamed(body, "application/xml")


@blueprint.get("/procedures/<key>/versions/<int:number>/diagram.bpmn")
def download(key: str, number: int) -> Response:
    """The version's diagram as a file."""
    version = definitions.version(session(), key, number)
    return sent.attachment(version.xml, f"{key}-{number}.bpmn", "application/xml")


@blueprint.get("/procedures/<key>/versions/<int:number>/export.zip")
def export(key: str, number: int) -> Response:
    """The version's diagram with its forms, decision tables and parts, as files."""
    version = definitions.version(session(), key, number)
    packed = bundles.pack(key, version.xml, definitions.resources_of_version(session(), version))
    return sent.attachment(packed, f"{key}-{number}.zip", "application/zip")


@blueprint.get("/procedures/<key>/compare")
def compare(key: str) -> str:
    """Two versions, or a draft and a version, side by side, and what differs in words."""
    sides = request.args.get("from", ""), request.args.get("to", "")
    (old_name, old), (new_name, new) = (catalogue.side(session(), account(), side, key) for side in sides)
    found = differences(old, new)
    return render_template(
        "owners/procedures/compare.html",
        key=key,
        name=new.name,
        sides=sides,
        titles=(old_name, new_name),
        found=found,
        drawings=_drawings(old, new, {one.drawing for one in found}),
        words=KIND_WORDS,
        marks=[{"id": one.element_id, "kind": one.kind} for one in found if one.element_id],
    )


def _drawings(old: Definition, new: Definition, changed: set[str]) -> list[tuple[str, str, bool, bool]]:
    """The drawings of both sides, those with differences first: key, name,
    whether the old and the new side have it.
    """
    names = {**old.process_names(), **new.process_names()}
    keys = dict.fromkeys([*new.diagrams(), *old.diagrams()])
    ordered = sorted(keys, key=lambda key: key not in changed)
    return [(key, names.get(key, key), key in old.diagrams(), key in new.diagrams()) for key in ordered]


@blueprint.post("/procedures/<key>/restore")
def restore(key: str) -> ResponseReturnValue:
    """回到以前的一版."""
    number = row(request.form.get("number")) or 0
    draft = releases.roll_back(session(), account(), key, number, request.form.get("note", ""), clock.now())
    if draft.status == "submitted":
        return _submitted()
    version = definitions.current(session(), key)
    flash(f"已回到第 {number} 版，作为第 {version.number} 版启用。", "success")
    return redirect(url_for("procedures.show", key=key), 303)


def _submitted() -> ResponseReturnValue:
    flash("已提交，等另一位流程管理员审批。", "success")
    return redirect(url_for("procedures.index"), 303)


# -- drafts on their way ---------------------------------------------------------------------------


@blueprint.get("/drafts/<int:draft_id>/deploy")
def release(draft_id: int) -> str:
    """What putting the draft into force means, and the act."""
    return _release(draft_id)


def _release(draft_id: int, error: ShouwangError | None = None) -> str:
    found = releases.preview(session(), account(), draft_id)
    key = found.draft.procedure_key
    return render_template(
        "owners/procedures/release.html",
        release=found,
        whole=definitions.may_put_into_force(account()),
        draft=found.draft,
        words=KIND_WORDS,
        status=drafts.STATUS_WORDS,
        errors=error.fields if isinstance(error, Invalid) else {},
        current=definitions.versions(session(), key)[0] if key else None,
        findings=error.findings if isinstance(error, DefinitionError) else found.findings,
        people=accounts.names(session(), {found.draft.submitted_by, found.draft.updated_by}),
        mine=account().id in (found.draft.submitted_by, found.draft.updated_by),
        submitter=account().id == found.draft.submitted_by,
        note=request.form.get("note", found.draft.note),
        reason=request.form.get("reason", ""),
    )


def _refused(draft_id: int, error: ShouwangError) -> ResponseReturnValue:
    """The page once more, with what is wrong and what was typed."""
    flash(error.message, "danger")
    return _release(draft_id, error), error.status


REFUSALS = (Invalid, Conflict, DefinitionError, NotAllowed)


@blueprint.post("/drafts/<int:draft_id>/deploy")
def deploy(draft_id: int) -> ResponseReturnValue:
    """启用, or submit for approval."""
    over = row(request.form.get("over"))
    try:
        draft = releases.deploy(
            session(), account(), draft_id, request.form.get("note", ""), clock.now(), over=over
        )
    except REFUSALS as error:
        return _refused(draft_id, error)
    return _submitted() if draft.status == "submitted" else _deployed(draft.version_id)


def _deployed(version_id: int | None) -> ResponseReturnValue:
    definition = definitions.load(session(), version_id or 0)
    flash(f"“{definition.name}”的新版本已经启用，新开始的事项按新版办理。", "success")
    return redirect(url_for("procedures.show", key=definition.key), 303)


@blueprint.post("/drafts/<int:draft_id>/approve")
def approve(draft_id: int) -> ResponseReturnValue:
    """同意启用."""
    try:
        return _deployed(releases.approve(session(), account(), draft_id, clock.now()).version_id)
    except REFUSALS as error:
        return _refused(draft_id, error)


@blueprint.post("/drafts/<int:draft_id>/submit-again")
def submit_again(draft_id: int) -> ResponseReturnValue:
    """重新提交, after something else has changed."""
    try:
        releases.submit_again(session(), account(), draft_id, clock.now())
    except REFUSALS as error:
        return _refused(draft_id, error)
    return _submitted()


@blueprint.post("/drafts/<int:draft_id>/send-back")
def send_back(draft_id: int) -> ResponseReturnValue:
    """退回修改."""
    try:
        releases.send_back(session(), account(), draft_id, request.form.get("reason", ""), clock.now())
    except REFUSALS as error:
        return _refused(draft_id, error)
    flash("已退回，可以继续修改。", "success")
    return redirect(url_for("drafts.show", draft_id=draft_id), 303)
