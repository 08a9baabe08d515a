"""督办: limits by lamp and place, urging, orders, the weekly letter (C6, R15, R19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import definitions, lamps
from engine.casework.organisation import divisions
from engine.casework.portions.outgoing import limits as limits_out
from engine.casework.portions.outgoing.limits import query_of
from engine.casework.supervision import (
    counting,
    letters,
    limits,
    order_lists,
    orders,
    reassigning,
    urging,
    wording,
)
from engine.casework.supervision.limits import LimitFilter
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.prevention.quality.alarms import weekly as alarms
from web.pages.desk import outgoing
from web.pages.desk.papers import FILES, file_of, lacking_in, unwarned
from web.request.arguments import day, number, row, rows
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import live

blueprint = Blueprint("supervision", __name__, url_prefix="/supervision")


def wanted(values: Mapping[str, str]) -> LimitFilter:
    """The filter that a query string or a form names."""
    return replace(limits_out.wanted(values), page=number(values.get("page")))


# -- limits ----------------------------------------------------------------------------------------


@blueprint.get("")
def index() -> str:
    """Where limits are passed or nearly so, and whose they are."""
    found, now, actor = session(), clock.now(), account()
    narrowed, query = wanted(request.args), query_of(request.args)
    board = counting.board(found, actor, narrowed, now)
    page = limits.listing(found, actor, narrowed, now, total=board.lamps.under(narrowed.lamp))
    said = wording.said(found, narrowed)
    codes = {one.village_code for one in page.items} | {
        i.division_code for one in page.items for i in one.items
    }
    return render_template(
        "oversight/supervision/index.html",
        board=board,
        page=page,
        wanted=narrowed,
        query={**query, "division": board.place.code},
        places=divisions.names(found, codes),
        people=limits.claimers(found, page.items),
        sorts=limits.SORTS,
        procedures=definitions.names(found, {one.procedure_key for one in page.items}),
        acts=limits.supervises(actor),
        days_over=lamps.days_over,
        longest=max((line.lamps.total for line in board.places), default=0),
        said=said,
        striking=alarms.listing(found, actor, alarms.Narrowing(open=True)).total,
        choices=_choices(board, narrowed, said),
        fields=FIELDS,
        holders=limits.HOLDERS,
        over=limits.OVER,
        lamp_words=wording.LAMP_WORDS,
        meaning=wording.MEANING,
    )


FIELDS = {"text": "q"}
"""What a field of the filter is called in addresses, where that differs."""


def _choices(
    board: counting.Board, narrowed: LimitFilter, said: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """What the selects of limits and steps offer: what there is here,
    and what is chosen even if there is none of it.
    """
    by_procedure: dict[str, list[counting.Line]] = {}
    for line in board.limits:
        by_procedure.setdefault(line.key.partition(":")[0], []).append(line)
    limit = {}
    for key, lines in by_procedure.items():
        if len(lines) > 1:
            limit[f"{key}:"] = lines[0].note
        limit |= {line.key: f"{line.note}：{line.name}" for line in lines}
    step = {line.key: f"{line.name}（{line.note}）" for line in board.steps}
    for field, found, chosen in (("limit", limit, narrowed.limit), ("step", step, narrowed.step)):
        if chosen:
            found.setdefault(chosen, said[field])
    return {"limit": limit, "step": step}


@blueprint.get("/counts.json")
def counts() -> ResponseReturnValue:
    """The lamps of the page's place, which refresh by themselves."""
    here = counting.lamps(session(), account(), wanted(request.args), clock.now())
    return live.answer({"red": here.red, "yellow": here.yellow, "green": here.green})


@blueprint.get("/export.xlsx")
def export() -> ResponseReturnValue:
    """The list as an Excel file."""
    return outgoing.asked("limits", query_of(request.args))


@blueprint.post("/urge")
def urge() -> ResponseReturnValue:
    """催办, one or many."""
    found = urging.urge_many(
        session(), account(), _chosen(), request.form.get("text", ""), clock=clock.clock()
    )
    flash(found.summary, "success" if found.done else "warning")
    back = row(request.form.get("case"))
    if back is not None:
        return redirect(url_for("cases.show", case_id=back), 303)
    return _back_to_list()


def _back_to_list() -> ResponseReturnValue:
    there: dict[str, Any] = {**query_of(request.form), "acted": 1, "_anchor": "list"}
    return redirect(url_for("supervision.index", **there), 303)


def _chosen(most: int = urging.MAX_ITEMS) -> list[int]:
    """The items ticked, or all under the limits that the filter finds without those unticked;
    one too many at most.
    """
    if not request.form.get("all"):
        return rows(request.form.getlist("id"))
    left_out = set(rows(request.form.getlist("except")))
    most += len(left_out) + 1
    ids = limits.item_ids(session(), account(), wanted(request.form), clock.now(), most)
    return [one for one in ids if one not in left_out]


@blueprint.post("/desks")
def desks() -> str:
    """转办: the chosen items by the desk that holds them, and who there may take them; changes nothing."""
    return _desks_page(_chosen(reassigning.MAX_ITEMS))


def _desks_page(item_ids: list[int]) -> str:
    found = reassigning.desks(session(), account(), item_ids)
    codes = {desk.division_code for desk in found} | {
        item.village_code for desk in found for item in desk.items
    }
    return render_template(
        "oversight/supervision/reassign.html",
        desks=found,
        places=divisions.names(session(), codes),
        query=query_of(request.form),
        many=sum(len(desk.items) for desk in found),
        left_out=len(item_ids) - sum(len(desk.items) for desk in found),
    )


@blueprint.post("/reassign")
def reassign() -> ResponseReturnValue:
    """Hand the items over to whom is chosen for each desk."""
    given, ids = request.form, rows(request.form.getlist("id"))
    chosen = {name.removeprefix("to-"): row(given[name]) or 0 for name in given if name.startswith("to-")}
    try:
        found = reassigning.reassign_many(session(), account(), ids, chosen, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _desks_page(ids), 422
    flash(found.summary, "success" if found.done else "warning")
    return _back_to_list()


# -- orders ----------------------------------------------------------------------------------------


@blueprint.get("/orders")
def order_list() -> str:
    """The orders in one's reach: to answer, to judge, late."""
    status = request.args.get("status", "")
    today = local_date(clock.now())
    page = order_lists.listing(session(), account(), status, number(request.args.get("page")), today=today)
    return render_template(
        "oversight/supervision/orders.html",
        page=page,
        status=status,
        late=order_lists.late,
        today=today,
        places=divisions.names(session(), {one.division_code for one in page.items}),
    )


@blueprint.get("/orders/new")
def new_order() -> str:
    """A blank order about an open item."""
    return _new_page(row(request.args.get("item")) or 0, {}, {})


def _new_page(item_id: int, values: Mapping[str, str], errors: Mapping[str, list[str]]) -> str:
    item = order_lists.item_for(session(), account(), item_id)
    return render_template(
        "oversight/supervision/new_order.html",
        item=item,
        values=values,
        errors=errors,
        today=local_date(clock.now()),
        places=divisions.names(session(), {item.village_code, item.division_code}),
    )


@blueprint.post("/orders")
def give() -> ResponseReturnValue:
    """下达."""
    given = request.form
    item_id = row(given.get("item")) or 0
    try:
        order = orders.give(
            session(),
            account(),
            item_id,
            given.get("matter", ""),
            day(given.get("answer_by", "")),
            clock=clock.clock(),
        )
    except Invalid as error:
        flash(error.message, "danger")
        return _new_page(item_id, given, error.fields), 422
    flash("已下达督办单，承办单位会收到通知。", "success")
    return redirect(url_for("supervision.order", order_id=order.id), 303)


@blueprint.get("/orders/<int:order_id>")
def order(order_id: int) -> str:
    """An order with its answers."""
    return _order_page(order_id)


def _order_page(
    order_id: int, data: Mapping[str, object] | None = None, errors: Mapping[str, list[str]] | None = None
) -> str:
    found = order_lists.get(session(), account(), order_id)
    form = orders.answer_form(session())
    facts = form.facts_of({}, local_date(clock.now()))
    return render_template(
        "oversight/supervision/order.html",
        order=found,
        form=form,
        fields=form.render(dict(data or {}), errors, facts),
        errors=errors or {},
        sent=definitions.forms_sent(session(), {one.form_sha256 for one in found.entries}),
        may_answer=order_lists.may_answer(account(), found),
        may_judge=order_lists.may_judge(account(), found),
        late=order_lists.late(found, local_date(clock.now())),
        places=divisions.names(session(), {found.village_code, found.division_code}),
    )


@blueprint.post("/orders/<int:order_id>")
def answer(order_id: int) -> ResponseReturnValue:
    """答复."""
    order_lists.get(session(), account(), order_id)
    raw = orders.answer_form(session()).parse(request.form.copy())
    try:
        orders.answer(session(), account(), order_id, raw, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _order_page(order_id, raw, error.fields), 422
    flash("已答复，请按承诺日期办结。", "success")
    return redirect(url_for("supervision.order", order_id=order_id), 303)


@blueprint.post("/orders/<int:order_id>/judge")
def judge(order_id: int) -> ResponseReturnValue:
    """认可 or 退回."""
    accepted, reason = request.form.get("accepted") == "1", request.form.get("reason", "")
    try:
        orders.judge(session(), account(), order_id, accepted, reason, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _order_page(order_id, None, error.fields), 422
    flash("已认可答复。" if accepted else "已退回，承办单位会收到通知。", "success")
    return redirect(url_for("supervision.order", order_id=order_id), 303)


# -- the weekly letter -----------------------------------------------------------------------------


@blueprint.get("/letter")
def letter() -> ResponseReturnValue:
    """This week's letter to a township, as it would be issued now; ``as`` = docx or pdf for a file."""
    found = letters.this_week(session(), account(), request.args.get("division", ""), clock.now())
    form = request.args.get("as", "")
    if form in FILES:
        return file_of([found.paper], form, f"{found.township.name}督办函（{found.week}）")
    return _letter_page(found)


def _letter_page(found: letters.Letter) -> str:
    return render_template(
        "oversight/supervision/letter.html", letter=found, lacking=lacking_in([found.paper])
    )


@blueprint.post("/letter")
def issue_letter() -> ResponseReturnValue:
    """印发, once who issues it has read whose characters cannot be printed."""
    found = letters.this_week(session(), account(), request.form.get("division", ""), clock.now())
    if unwarned(lacking_in([found.paper])):
        flash("还没有印发：督办函里有字体里没有的字，请看下面的提示，再按一次“印发”。", "warning")
        return _letter_page(found), 409
    record = letters.issue(session(), account(), request.form.get("division", ""), clock.now())
    flash(f"已印发：{record.number}。", "success")
    return redirect(url_for("papers.show", paper_id=record.id, form="html"), 303)
