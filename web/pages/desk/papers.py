"""文书: notices, announcements, lists and approval forms: drafts, issuing, and what was issued as page,
Word and PDF.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from engine.casework.papers import drafts, pdf, register, word
from engine.casework.papers.drafts import Draft
from engine.casework.papers.fonts import Fonts
from engine.casework.papers.kinds import kind_of, kinds
from engine.casework.papers.paper import Paper
from web.pages.desk import selection
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.config import Config
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("papers", __name__, url_prefix="/papers")


def fonts() -> Fonts:
    """The fonts that this process sets papers in."""
    config: Config = current_app.config["SHOUWANG"]
    return config.fonts


FILES: Mapping[str, tuple[Callable[[Sequence[Paper]], bytes], str]] = {
    "pdf": (lambda papers: pdf.render(papers, fonts()), "application/pdf"),
    "docx": (word.render, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
}


@blueprint.get("")
def index() -> str:
    """The numbered papers in one's reach."""
    kind = request.args.get("kind", "")
    page = register.issued(
        session(), account(), kind if kind in kinds() else "", number(request.args.get("page"))
    )
    return render_template(
        "desk/papers/index.html",
        page=page,
        kind=kind,
        kinds=kinds(),
        unlisted=register.unlisted(session(), account(), clock.now()),
    )


@blueprint.get("/<kind>")
def draft(kind: str) -> ResponseReturnValue:
    """The papers for what is chosen, as they would be issued now; ``as`` = docx or pdf for a file."""
    found = _drafts(kind, request.args)
    form = request.args.get("as", "")
    if form in FILES:
        return file_of([one.paper for one in found], form, f"{kind_of(kind).name}草稿")
    return _draft_page(kind, found)


def _draft_page(kind: str, found: Sequence[Draft]) -> str:
    items = ",".join(str(item.id) for item in dict.fromkeys(item for one in found for item in one.items))
    may = any(not one.issued and register.may_issue(account(), one.kind, one.division_code) for one in found)
    lacking = lacking_in([one.paper for one in found])
    return render_template(
        "desk/papers/draft.html",
        drafts=found,
        kind=kind_of(kind),
        items=items,
        may_issue=may,
        lacking=lacking,
    )


def lacking_in(papers: Sequence[Paper]) -> dict[str, str]:
    """Who stands on the papers with characters that no font has: the characters by person."""
    lacks = fonts().lacks
    return {who: text for paper in papers for who, text in paper.lacking(lacks).items()}


def unwarned(lacking: Mapping[str, str]) -> bool:
    """Whether who issues was not told of characters that will be missing: of each,
    the page that was sent says so.
    """
    return not set("".join(lacking.values())) <= set(request.form.get("lacking", ""))


def _drafts(kind: str, values: MultiDict[str, str]) -> list[Draft]:
    return drafts.of_items(session(), account(), kind, _ids(kind, values), clock.now())


def _ids(kind: str, values: MultiDict[str, str]) -> list[int]:
    return selection.chosen(MultiDict([*values.items(multi=True), ("kind", kind)]))


@blueprint.post("/<kind>")
def issue(kind: str) -> ResponseReturnValue:
    """印发: the paper gets its number and never changes again.

    Not before who issues it has read whose characters cannot be printed.
    """
    found = _drafts(kind, request.form)
    if unwarned(lacking_in([one.paper for one in found if not one.issued])):
        flash("还没有印发：名单里有字体里没有的字，请看下面的提示，再按一次“印发”。", "warning")
        return _draft_page(kind, found), 409
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
    return render_template(
        "desk/papers/show.html",
        record=record,
        paper=paper,
        kind=kind_of(record.kind),
        lacking=lacking_in([paper]),
    )


def file_of(papers: Sequence[Paper], form: str, name: str) -> Response:
    """The papers as a file of FILES to download."""
    render, media_type = FILES[form]
    return sent.attachment(render(papers), f"{name}.{form}", media_type)
