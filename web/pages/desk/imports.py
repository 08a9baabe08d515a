"""导入: a template, a file, which column is which, what is wrong, the progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.portions.imports import acts, books, files, kinds, mapping, sending, working
from engine.casework.portions.jobs import acts as jobs
from engine.ground.errors import Invalid
from web.pages.desk import outgoing
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("imports", __name__, url_prefix="/imports")
LISTED = ("wrong", "refused", "good", "same", "blank", "done")
"""The tabs of a checked file, those that need somebody first."""
RESULTS: Mapping[str, Callable[[str], str]] = {
    "departments": lambda key: url_for("departments.index"),
    "matching": lambda key: url_for("matching.show", matching_id=number(key.partition("-")[0])),
}
"""Where what a kind of file brings is seen, from the key of its target."""


@blueprint.get("/new/<kind>/<key>")
def start(kind: str, key: str) -> str:
    """The template, and where to choose a file; the last imports."""
    return _start(kind, key)


def _start(kind: str, key: str, problem: str = "") -> str:
    found = kinds.of(kind)
    return render_template(
        "desk/imports/start.html",
        kind=found,
        target=found.target(session(), account(), key),
        latest=files.latest(session(), account(), kind, key),
        problem=problem,
    )


@blueprint.get("/new/<kind>/<key>/template.xlsx")
def template(kind: str, key: str) -> ResponseReturnValue:
    """An Excel file to be filled in."""
    return outgoing.asked("import_template", {"kind": kind, "key": key})


@blueprint.post("/new/<kind>/<key>")
def upload(kind: str, key: str) -> ResponseReturnValue:
    """Read a file; nothing is let in yet."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _start(kind, key, "请先选择文件。"), 422
    body = sent.stream.read()
    try:
        found = sending.begin(session(), account(), kind, key, body, sent.filename, clock.clock())
    except Invalid as error:
        return _start(kind, key, error.message), 422
    return redirect(url_for("imports.show", import_id=found.id), 303)


@blueprint.get("/<int:import_id>")
def show(import_id: int) -> str:
    """Where the import is: its columns, what is wrong, its progress."""
    found, kind, target = files.of(session(), account(), import_id)
    if found.status == "mapping":
        return _columns(import_id, found.columns, {})
    counts = files.counts(session(), found)
    asked = request.args.get("status", "")
    first = next((status for status in LISTED if counts[status]), LISTED[0])
    status = asked if asked in LISTED else first
    columns = kind.columns(session(), target)
    page = files.listed(session(), found, status, number(request.args.get("page")))
    return render_template(
        "desk/imports/show.html",
        found=found,
        kind=kind,
        target=target,
        counts=counts,
        status=status,
        rows=page,
        faults={row.id: books.shown(row, found, columns) for row in page.items},
        called={row.id: books.called(row, found, columns) for row in page.items},
        names=files.STATE_NAMES,
        listed=LISTED,
        results=RESULTS[kind.name](target.key) if kind.name in RESULTS else "",
    )


def _columns(import_id: int, said: dict[str, int], wrong: dict[str, list[str]]) -> str:
    found, kind, target = files.of(session(), account(), import_id)
    return render_template(
        "desk/imports/columns.html",
        found=found,
        kind=kind,
        target=target,
        columns=kind.columns(session(), target),
        said=said,
        wrong=wrong,
        samples=files.samples(session(), found),
        ours=mapping.OURS,
    )


@blueprint.post("/<int:import_id>/columns")
def tell_columns(import_id: int) -> ResponseReturnValue:
    """Which column is which, or 重新对应."""
    if request.form.get("act") == "again":
        acts.correct_columns(session(), account(), import_id)
        return redirect(url_for("imports.show", import_id=import_id), 303)
    places = {name: number(place, -1) for name, place in request.form.items() if place not in ("", "-")}
    said = {name.removeprefix("column_"): place for name, place in places.items() if name != "csrf_token"}
    try:
        acts.tell_columns(session(), account(), import_id, said, clock.clock())
    except Invalid as error:
        return _columns(import_id, said, error.fields), 422
    return redirect(url_for("imports.show", import_id=import_id), 303)


@blueprint.post("/<int:import_id>")
def go_on(import_id: int) -> ResponseReturnValue:
    """导入, the next portion, or 停止."""
    act = request.form.get("act", "")
    if act == "cancel":
        acts.cancel(session(), account(), import_id, clock.clock())
        flash("已停止。已经导入的都在。", "info")
        return redirect(url_for("imports.show", import_id=import_id), 303)
    if act == "confirm":
        acts.confirm(session(), account(), import_id, clock.clock())
    if not jobs.watched(session(), "import", import_id):
        working.go_on(session(), account(), import_id, clock.clock())
    return redirect(url_for("imports.show", import_id=import_id), 303)


@blueprint.get("/<int:import_id>.xlsx")
def returned(import_id: int) -> ResponseReturnValue:
    """The same file, its faults marked; with ``only`` the rows that are not in."""
    only = "faults" if request.args.get("only") == "faults" else ""
    return outgoing.asked("import_returned", {"import": str(import_id), "only": only})
