"""部门信息: the lists that departments send, what became of them, by which amounts, their programmes' tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access, accounts, divisions
from engine.ground.clock import SYSTEM
from engine.ground.errors import Conflict, Invalid, NotFound
from engine.prevention.identification.departments import lists, matters, settling, sheets, thresholds, tokens
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.identification.departments.intake import results
from engine.prevention.identification.departments.lists import Wanted
from engine.prevention.identification.departments.settling import Answer
from engine.prevention.identification.departments.thresholds import Asked
from web.request.arguments import number, row
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("departments", __name__, url_prefix="/departments")
Errors = Mapping[str, list[str]]
_ASKED = tuple(Asked.__dataclass_fields__)


@blueprint.get("")
def index() -> str:
    """The batches of the places in reach, and where a list is let in."""
    department = _department()
    page = lists.batches(session(), account(), department, number(request.args.get("page")))
    return render_template(
        "prevention/departments/index.html",
        page=page,
        department=department,
        departments=DEPARTMENTS,
        outcomes=results.OUTCOMES,
        title=matters.title,
        places=sheets.places(session(), account()),
        kinds={code: matters.of_department(code) for code in DEPARTMENTS},
        names=divisions.names(session(), [one.division_code for one in page.items]),
        waiting=lists.rows(session(), account(), Wanted(department=department)).total,
    )


def _department() -> str:
    said = request.args.get("department", "")
    return said if said in DEPARTMENTS else ""


@blueprint.post("")
def begin() -> ResponseReturnValue:
    """Which list is to be let in: on to its import."""
    department, _, matter = request.form.get("list", "").partition("-")
    key = sheets.key_of(request.form.get("place", ""), department, matter)
    try:
        sheets.KIND.target(session(), account(), key)
    except Conflict as error:
        flash(error.message, "warning")
        return redirect(url_for("departments.bars"), 303)
    return redirect(url_for("imports.start", kind=sheets.NAME, key=key), 303)


# -- rows ------------------------------------------------------------------------------------------


@blueprint.get("/rows")
def rows() -> str:
    """The rows in reach: those that wait for somebody, or of an outcome, or of one list (``batch``)."""
    return _rows({}, {})


def _rows(typed: Mapping[str, str], errors: Errors, wrong_row: int = 0) -> str:
    batch_id = row(request.args.get("batch"))
    batch = lists.batch(session(), account(), batch_id) if batch_id is not None else None
    asked = request.args.get("outcome", "" if batch is not None else lists.WAITING)
    outcome = asked if asked in (*results.OUTCOMES, lists.WAITING, "") else lists.WAITING
    wanted = Wanted(outcome, _department(), batch_id, number(request.args.get("page")))
    page = lists.rows(session(), account(), wanted)
    records = [record for one in page.items for record in one.candidates]
    places = [*(one.village_code for one in page.items), *(one.village_code for one in records)]
    return render_template(
        "prevention/departments/rows.html",
        page=page,
        batch=batch,
        outcome=outcome,
        waiting=lists.WAITING,
        department=_department(),
        departments=DEPARTMENTS,
        outcomes=results.OUTCOMES,
        settled=settling.SETTLED,
        title=matters.title,
        yuan=results.yuan,
        may_settle={one.id for one in page.items if settling.may_settle(account(), one)},
        reached={one.id for one in page.items if one.household_id and _reaches(one.village_code)},
        reached_records={one.id for one in records if _reaches(one.village_code)},
        names=divisions.names(session(), places),
        people=accounts.names(session(), [one.settled_by for one in page.items]),
        narrowed=_narrowed(),
        typed=typed,
        errors=errors,
        wrong_row=wrong_row,
    )


def _narrowed() -> dict[str, Any]:
    """What the list is narrowed to, as its address has it."""
    return {
        name: request.args[name]
        for name in ("outcome", "department", "batch", "page")
        if name in request.args
    }


def _reaches(village_code: str) -> bool:
    return access.reaches(account(), village_code)


@blueprint.post("/rows/<int:row_id>")
def settle(row_id: int) -> ResponseReturnValue:
    """核对: whose row it is, or that it is nobody's here."""
    typed = request.form
    number_typed = typed.get("number", "") if typed.get("act") == settling.CLUE else ""
    try:
        if typed.get("act") == settling.CLUE and not number_typed.strip():
            raise Invalid("请填户编号。", {"number": ["请填户编号。"]})
        answer = Answer(number_typed, typed.get("note", ""))
        found = settling.settle(session(), account(), row_id, answer, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _rows(typed, error.fields, row_id), 422
    flash(_words(found.outcome, found.clue.case_id if found.clue is not None else None), "success")
    return redirect(url_for("departments.rows", **_narrowed()), 303)


def _words(outcome: str, case_id: int | None) -> str:
    number_of = f"第 {case_id} 号" if case_id is not None else ""
    return {
        results.RAISED: f"已记下，作为新线索开始{number_of}。",
        results.JOINED: f"已记下，线索已并入{number_of}。",
        results.KEPT: "已记下：这户是监测对象，线索记在该户。",
        results.BELOW: "已记下：金额未达标准，没有作为线索。",
    }.get(outcome, "已记下核对的情况。")


# -- by which amount -------------------------------------------------------------------------------


@blueprint.get("/thresholds")
def bars() -> str:
    """Above which amounts a row is a clue, and the form to set one."""
    return _bars({}, {})


def _bars(typed: Mapping[str, str], errors: Errors) -> str:
    page = thresholds.listing(session(), account(), number(request.args.get("page")))
    with_amounts = {code: [one for one in matters.of_department(code) if one.amount] for code in DEPARTMENTS}
    return render_template(
        "prevention/departments/thresholds.html",
        page=page,
        names=thresholds.names(session(), page.items),
        people=accounts.names(session(), [one.set_by for one in page.items]),
        places=thresholds.settable(session(), account()),
        kinds={code: found for code, found in with_amounts.items() if found},
        departments=DEPARTMENTS,
        bases=thresholds.BASES,
        title=matters.title,
        yuan=results.yuan,
        typed=typed,
        errors=errors,
    )


@blueprint.post("/thresholds")
def set_bar() -> ResponseReturnValue:
    """设定标准."""
    typed = request.form.to_dict()
    department, _, matter = typed.get("list", "").partition("-")
    said = {**typed, "department": department, "matter": matter}
    asked = Asked(**{name: said.get(name, "") for name in _ASKED})
    try:
        thresholds.set_one(session(), account(), asked, clock=clock.clock())
    except NotFound:
        flash("请选择预警事项。", "danger")
        return _bars(typed, {"list": ["请选择预警事项。"]}), 422
    except Invalid as error:
        flash(error.message, "danger")
        return _bars(typed, error.fields), 422
    flash("标准已设定。以前导入的不变，以后导入的按这个标准。", "success")
    return redirect(url_for("departments.bars"), 303)


# -- programmes ------------------------------------------------------------------------------------


@blueprint.get("/tokens")
def programmes() -> str:
    """The tokens of departments' programmes, and the form to issue one."""
    return _programmes({}, {})


def _programmes(typed: Mapping[str, str], errors: Errors, word: str = "") -> str:
    page = tokens.listing(session(), account(), number(request.args.get("page")))
    return render_template(
        "prevention/departments/tokens.html",
        page=page,
        word=word,
        names=divisions.names(session(), [one.division_code for one in page.items]),
        people=accounts.names(session(), [one.issued_by for one in page.items]),
        places=tokens.places(session(), account()),
        departments=DEPARTMENTS,
        most=tokens.MOST_CALLS,
        typed=typed,
        errors=errors,
    )


@blueprint.post("/tokens")
def issue() -> ResponseReturnValue:
    """发放令牌: its word is shown this once."""
    typed = request.form
    try:
        _, word = tokens.issue(
            session(),
            account(),
            typed.get("place", ""),
            typed.get("department", ""),
            typed.get("name", ""),
            clock=SYSTEM,
        )
    except Invalid as error:
        flash(error.message, "danger")
        return _programmes(typed, error.fields), 422
    return _programmes({}, {}, word)


@blueprint.post("/tokens/<int:token_id>/end")
def end(token_id: int) -> ResponseReturnValue:
    """收回令牌."""
    tokens.end(session(), account(), token_id, clock=SYSTEM)
    flash("令牌已收回，用它的系统不能再报。", "success")
    return redirect(url_for("departments.programmes"), 303)
