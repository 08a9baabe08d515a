"""参数: the monitoring line, the days off, who acts for a division."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.models import Account, CalendarDay, Division, MonitoringLine
from engine.casework.organisation import calendar, divisions
from engine.casework.organisation.bodies import KINDS, KINDS_OF, SEALS, Book, present
from engine.casework.organisation.bodies import acts as body_acts
from engine.casework.organisation.calendar import days_off
from engine.casework.portions import recounting
from engine.casework.step import provisional
from engine.ground.clock import local_date
from engine.ground.errors import Conflict, Invalid, NotAllowed
from engine.prevention.register.monitoring_lines import decided, effects, province, ruling, setting
from engine.prevention.register.monitoring_lines.setting import LineAsked
from web.pages.desk import outgoing
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import banners

blueprint = Blueprint("parameters", __name__, url_prefix="/parameters")
_TYPED = ("year", "amount", "effective_from", "basis", "document", "reason")


@blueprint.get("")
def index() -> str:
    """What there is to set."""
    lacks = {banner.endpoint for banner in banners.of(account())}
    return render_template("office/parameters/index.html", lacks=lacks)


# -- the line --------------------------------------------------------------------------------------


@blueprint.get("/line")
def lines() -> str:
    """The province's lines by day, and the form to ask for one."""
    return _lines({}, {})


def _lines(given: Mapping[str, str], errors: Mapping[str, list[str]]) -> str:
    page = province.listing(session(), account(), number(request.args.get("page")))
    return render_template(
        "office/parameters/lines.html",
        page=page,
        people=province.people(session(), page.items),
        status=ruling.STATUS,
        may_ask=setting.may_ask(account()),
        given=given,
        errors=errors,
        today=local_date(clock.now()),
    )


@blueprint.post("/line")
def ask() -> ResponseReturnValue:
    """提出一项监测范围."""
    given = request.form
    typed = {name: given.get(name, "") for name in _TYPED}
    asked = LineAsked(**typed, aware=given.get("aware") == "yes")
    try:
        line = setting.ask(session(), account(), asked, clock=clock.clock())
    except (Conflict, Invalid) as error:
        flash(error.message, "danger")
        return _lines(given, _fields(error)), error.status
    flash("已提出，由第二人确认后生效。", "success")
    return redirect(url_for("parameters.line", line_id=line.id), 303)


def _fields(error: Conflict | Invalid) -> Mapping[str, list[str]]:
    """What was wrong with which field; what was typed stays on the page also where somebody was faster."""
    return error.fields if isinstance(error, Invalid) else {}


@blueprint.get("/line/<int:line_id>")
def line(line_id: int) -> str:
    """A line: who set it, what it changes, and the second person's answer."""
    return _line(line_id, {})


def _line(line_id: int, errors: Mapping[str, list[str]]) -> str:
    found = province.get(session(), account(), line_id)
    before = effects.against(session(), found)
    county, kind = request.args.get("county", ""), request.args.get("kind", "")
    counts = households = None
    if before is not None and effects.may_count(account()):
        counts = effects.effects(session(), account(), found.amount, before.amount)
        if effects.may_list(account()):
            households = effects.households(
                session(),
                account(),
                found.amount,
                before.amount,
                county=county,
                kind=kind,
                page=number(request.args.get("page")),
            )
    return render_template(
        "office/parameters/line.html",
        line=found,
        before=before,
        ruled=effects.ruled(session(), account(), found),
        counts=counts,
        totals=effects.summed(counts or ()),
        counties={one.code: one.name for one in counts or ()},
        households=households,
        county=county,
        kind=kind,
        kinds=effects.KINDS,
        side=effects.side,
        consequences=_consequences(found),
        people=province.people(session(), [found]),
        status=ruling.STATUS,
        may_decide=setting.may_decide(account(), found),
        mine=found.status == ruling.ASKED and found.asked_by == account().id,
        given=request.form,
        errors=errors,
    )


def _consequences(line: MonitoringLine) -> list[str]:
    if line.status != ruling.ASKED:
        return []
    return decided.consequences(session(), line, local_date(clock.now()))


@blueprint.get("/line/<int:line_id>.xlsx")
def changing(line_id: int) -> ResponseReturnValue:
    """The households that change sides, as an Excel file."""
    narrowed = {name: request.args.get(name, "")[:20] for name in ("county", "kind")}
    return outgoing.asked("line_effects", {"line": str(line_id), **narrowed})


@blueprint.post("/line/<int:line_id>/decide")
def decide(line_id: int) -> ResponseReturnValue:
    """确认或不同意."""
    agrees, note = request.form.get("agrees") == "yes", request.form.get("note", "")
    aware = request.form.get("aware") == "yes"
    try:
        setting.decide(session(), account(), line_id, agrees, note, aware=aware, clock=clock.clock())
    except (Conflict, Invalid) as error:
        flash(error.message, "danger")
        return _line(line_id, _fields(error)), error.status
    flash("已确认，从起始日期起执行。" if agrees else "已退回提出的人。", "success")
    return redirect(url_for("parameters.line", line_id=line_id), 303)


@blueprint.post("/line/<int:line_id>/withdraw")
def withdraw(line_id: int) -> ResponseReturnValue:
    """收回自己提出的."""
    setting.withdraw(session(), account(), line_id, clock=clock.clock())
    flash("已收回。", "success")
    return redirect(url_for("parameters.lines"), 303)


# -- days off --------------------------------------------------------------------------------------


@blueprint.get("/calendar")
def days() -> str:
    """A year's days off, and the form to enter a year."""
    return _days(_year(request.args.get("year")), None, {})


def _year(typed: str | None) -> int:
    """The year that was asked for; from November on the next one, which is published then."""
    today = local_date(clock.now())
    default = today.year + (today.month >= calendar.PUBLISHED_IN)
    found = number(typed, default, 9999)
    return found if today.year - 5 <= found <= today.year + 2 else default


def _days(
    year: int,
    preview: days_off.Preview | None,
    errors: Mapping[str, list[str]],
    read: Sequence[days_off.Day] = (),
) -> str:
    """The page; what a file held stands in the text, to be mended and stored."""
    arranged = days_off.arranged(session(), year)
    who = arranged.set_by if arranged is not None else None
    keeper = session().get(Account, who) if who else None
    return render_template(
        "office/parameters/days.html",
        year=year,
        years=range(local_date(clock.now()).year - 1, local_date(clock.now()).year + 2),
        months=_months(days_off.of_year(session(), year)),
        arranged=arranged,
        keeper=keeper.name if keeper is not None else "",
        seen=days_off.revision(arranged),
        preview=preview,
        rule=days_off.RULE,
        provisional=provisional.count(session(), year),
        may_keep=days_off.may_keep(account()),
        given={**request.form, **({"days": days_off.as_lines(read)} if request.files.get("file") else {})},
        errors=errors,
    )


def _months(found: Sequence[CalendarDay]) -> dict[int, list[CalendarDay]]:
    return {month: of for month in range(1, 13) if (of := [one for one in found if one.day.month == month])}


@blueprint.post("/calendar")
def enter_days() -> ResponseReturnValue:
    """预览或保存一年的节假日."""
    if not days_off.may_keep(account()):
        raise NotAllowed(days_off.NOT_KEPT)
    year = _year(request.form.get("year"))
    try:
        found, faults = _sent(year)
        if request.form.get("act") != "store" or faults:
            preview = days_off.preview(session(), year, found, faults)
            return _days(year, preview, {}, found), 422 if preview.faults else 200
        with recounting.as_years_come(session(), clock.now()):
            stored = days_off.store(
                session(),
                account(),
                year,
                found,
                request.form.get("document", ""),
                seen=request.form.get("seen", ""),
                aware=request.form.get("aware") == "yes",
                clock=clock.clock(),
            )
    except (Conflict, Invalid) as error:
        flash(error.message, "danger")
        return _days(year, _again(year), _fields(error)), error.status
    flash(f"已保存 {year} 年：{len(stored.days)} 天。", "success")
    return redirect(url_for("parameters.days", year=year), 303)


def _sent(year: int) -> tuple[list[days_off.Day], list[str]]:
    """The days of the file, else of the text. Raises Invalid when the file cannot be read."""
    file = request.files.get("file")
    if file is not None and file.filename:
        return days_off.sheet(file.read(), file.filename, year)
    return days_off.pasted(request.form.get("days", ""), year)


def _again(year: int) -> days_off.Preview | None:
    """What was sent as text, looked at once more beside the faults that were found."""
    if not request.form.get("days"):
        return None
    return days_off.preview(session(), year, *days_off.pasted(request.form["days"], year))


# -- who acts for a division -----------------------------------------------------------------------


@blueprint.get("/bodies")
def bodies() -> str:
    """The bodies of a division and of those right below it."""
    return _bodies(_division(), {}, {}, None)


def _division() -> str:
    """The division that is looked at: as named, else that of the first grant. Raises NotAllowed."""
    grants = account().grants
    code = request.values.get("division") or (grants[0].division_code if grants else "")
    body_acts.require_seen(account(), code)
    return code


def _bodies(
    code: str,
    given: Mapping[str, str],
    errors: Mapping[str, list[str]],
    preview: tuple[list[body_acts.Change], list[str]] | None,
    marks: str = "",
) -> str:
    division = divisions.get(session(), code)
    below = divisions.children(session(), code)
    shown = [(division, kind) for kind in KINDS_OF[division.level]]
    shown += [(child, KINDS_OF[child.level][0]) for child in below]
    codes = [one.code for one, _ in shown]
    book = Book(session(), codes, local_date(clock.now()))
    changes, faults = preview or ([], [])
    above = session().get(Division, division.parent_id) if division.parent_id else None
    return render_template(
        "office/parameters/bodies.html",
        division=division,
        above=above if above is not None and body_acts.may_see(account(), above.code) else None,
        shown=shown,
        book=book,
        present=present(session(), codes),
        kinds=KINDS,
        seals=SEALS,
        may_edit=body_acts.may_edit(account(), code),
        mark=body_acts.mark,
        marks=marks,
        given=given,
        errors=errors,
        preview=preview is not None,
        changes=changes,
        faults=faults,
    )


@blueprint.post("/bodies")
def put_body() -> ResponseReturnValue:
    """保存一行."""
    given = request.form
    texts = {name: given.get(name, "") for name in ("kind", "name", "word", "phone", "seal")}
    entry = body_acts.Entry(given.get("of", ""), **texts, seen=given.get("seen"))
    code = _division()
    try:
        body_acts.put(session(), account(), entry, clock=clock.clock())
    except (Conflict, Invalid) as error:
        flash(error.message, "danger")
        return _bodies(code, given, _fields(error), None), error.status
    flash("已保存。", "success")
    return redirect(url_for("parameters.bodies", division=code), 303)


def _looked_at(code: str, entries: list[body_acts.Entry], faults: list[str]) -> str:
    """What a table would change, as things are now."""
    changes = body_acts.changes(session(), entries)
    given = {"table": body_acts.as_table(entries)} if not faults else request.form
    return _bodies(code, given, {}, (changes, faults), body_acts.marks(session(), entries))


@blueprint.post("/bodies/table")
def put_bodies() -> ResponseReturnValue:
    """预览或保存一张表."""
    code, file = _division(), request.files.get("file")
    if not body_acts.may_edit(account(), code):
        raise NotAllowed("单位信息由本级或上级的审核审批人员、系统管理员填写。")
    try:
        if file is not None and file.filename:
            entries, faults = body_acts.sheet(session(), account(), code, file.read(), file.filename)
        else:
            entries, faults = body_acts.pasted(session(), account(), code, request.form.get("table", ""))
        if request.form.get("act") != "store" or faults:
            return _looked_at(code, entries, faults), 422 if faults else 200
        count = body_acts.put_all(
            session(), account(), entries, request.form.get("seen"), clock=clock.clock()
        )
    except Conflict as error:
        flash(error.message, "danger")
        return _looked_at(code, entries, []), 409
    except Invalid as error:
        flash(error.message, "danger")
        return _bodies(code, request.form, error.fields, None), 422
    flash(f"已保存，改了 {count} 行。", "success")
    return redirect(url_for("parameters.bodies", division=code), 303)
