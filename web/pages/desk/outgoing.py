"""导出 Excel: every list, narrowed as its page is; a long one is written meanwhile and then fetched."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from engine.casework.models import OutgoingFile
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.outgoing import files, sending
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent as files_sent

blueprint = Blueprint("outgoing", __name__)


@blueprint.post("/lists/<name>.xlsx")
def export(name: str) -> ResponseReturnValue:
    """The list as a file; what it is narrowed to comes as its page has it."""
    return sent(name, request.form)


def sent(name: str, form: Mapping[str, str]) -> ResponseReturnValue:
    """What a page's form asks for."""
    return asked(name, {key: value for key, value in form.items() if key != "csrf_token"})


def asked(name: str, given: Mapping[str, str], reason: str = "") -> ResponseReturnValue:
    """A short file, or the page where a long one will be."""
    found = files.ask(session(), account(), name, given, clock.clock(), reason=reason)
    if isinstance(found, OutgoingFile):
        return redirect(url_for("outgoing.show", file_id=found.id), 303)
    return _file(found)


def _file(found: files.Sent) -> Response:
    answer = files_sent.attachment(stream_with_context(found.pieces), found.filename)
    answer.content_length = found.size
    return answer


@blueprint.get("/exports/<int:file_id>")
def show(file_id: int) -> str:
    """How far it is; then where it can be had."""
    file = files.get(session(), account(), file_id)
    return render_template(
        "desk/export.html",
        file=file,
        title=sending.listed(file.name).title,
        job=jobs.latest_of(session(), files.KIND, file.id),
        there=files.is_there(file, clock.now()),
        theirs=files.is_theirs(file, account()),
    )


@blueprint.get("/exports/<int:file_id>.xlsx")
def fetch(file_id: int) -> Response:
    """The file, to who asked for it."""
    return _file(files.fetch(session(), account(), file_id, clock.clock()))
