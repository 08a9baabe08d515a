"""文书: notices, announcements, lists and approval forms: drafts, issuing, and what was issued as page, Word and PDF."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from engine.documents import drafts, pdf, register, word
from engine.documents.drafts import Draft
from engine.documents.kinds import KINDS, kind_of
from engine.documents.paper import Paper
from web import clock
from web.arguments import number
from web.database import session
from web.pages import selection
from web.signing import account

blueprint = Blueprint("papers", __name__, url_prefix="/papers")
FILES = {
    "pdf": (pdf.render, "application/pdf"),
    "docx": (word.render, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
}


@blueprint.get("")
def index() -> str:
    """The numbered papers in one's reach."""
    kind = request.args.get("kind", "")
    page = register.issued(session(), account(), kind if kind in KINDS else "", number(request.args.get("page")))
    return render_template(
        "papers/index.html",
        page=page,
        kind=kind,
        kinds=KINDS,
        unlisted=register.unlisted(session(), account(), clock.now()),
    )


@blueprint.get("/<kind>")
def draft(kind: str) -> ResponseReturnValue:
    """The papers for what is chosen, as they would be issued now; ``as`` = docx or pdf for a file."""
    found = _drafts(kind, request.args)
    form = request.args.get("as", "")
    if form in FILES:
        return file_of([one.paper for one in found], form, f"{kind_of(kind).name}草稿")
    items = ",".join(str(item.id) for item in dict.fromkeys(item for one in found for item in one.items))
    may = any(not one.issued and register.may_issue(account(), one.kind, one.division_code) for one in found)
    return render_template("papers/draft.html", drafts=found, kind=kind_of(kind), items=items, may_issue=may)


def _drafts(kind: str, values: MultiDict[str, str]) -> list[Draft]:
    return drafts.of_items(session(), account(), kind, _ids(kind, values), clock.now())


def _ids(kind: str, values: MultiDict[str, str]) -> list[int]:
    return selection.chosen(MultiDict([*values.items(multi=True), ("kind", kind)]))


@blueprint.post("/<kind>")
def issue(kind: str) -> ResponseReturnValue:
    """印发: the paper gets its number and never changes again."""
    records = register.issue(session(), account(), kind, _ids(kind, request.form), clock.now())
    flash("已印发：" + "、".join(record.number for record in records) + "。", "success")
    if len(records) == 1:
        return redirect(url_for("papers.show", paper_id=records[0].id, form="html"), 303)
    return redirect(url_for("papers.index", kind=kind), 303)


@blueprint.get("/<int:paper_id>.<any(html, docx, pdf):form>")
def show(paper_id: int, form: str) -> ResponseReturnValue:
    """A numbered paper."""
    record = register.get(session(), account(), paper_id)
    paper = drafts.read(session(), record, clock.now())
    if form in FILES:
        return file_of([paper], form, f"{record.number} {paper.title}")
    return render_template("papers/show.html", record=record, paper=paper, kind=kind_of(record.kind))


def file_of(papers: Sequence[Paper], form: str, name: str) -> Response:
    """The papers as a file of FILES to download."""
    render, media_type = FILES[form]
    answer = Response(render(papers), mimetype=media_type)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.{form}"
    return answer
