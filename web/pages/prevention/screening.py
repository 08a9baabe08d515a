"""筛查: a village's households, the form of one of them, two entries side by side (R03, T27)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4, uuid5

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access
from engine.flow.forms import schema as s
from engine.flow.forms import shown
from engine.ground.clock import local_date
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.tables import to_json
from engine.prevention.campaign import campaigns, coverage
from engine.prevention.models import Campaign, Household
from engine.prevention.register import naming
from engine.prevention.register.households import finding as households
from engine.prevention.screening import decisions, entries, groups, intake, lists, papers, prefill, rows
from web.request.arguments import number, row
from web.request.arguments import rows as numbers
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("screening", __name__, url_prefix="/campaigns/<int:campaign_id>")
WORDS = {
    rows.RECORDED: ("已登记。", "success"),
    rows.SAME: ("内容与已登记的相同，没有重复登记。", "success"),
    rows.CONFLICT: ("这一户已有另一份不同的填报，或不在您的片区：两份都已留存，由乡镇决定。", "warning"),
}
FLAGGED = "已登记，并转入核实：线索自排查时间起算 15 天，请尽快入户核实。"
SIGNATURES = ("household", "investigator")


@blueprint.get("/villages/<code>")
def index(campaign_id: int, code: str) -> str:
    """The households of a village: not yet, done, flagged, absent, refused, in conflict."""
    campaign = lists.view(session(), account(), campaign_id, code)
    wanted, typed = request.args.get("show", ""), request.args.get("q", "").strip()[:40]
    page = lists.listing(
        session(), account(), campaign_id, code, wanted, typed, number(request.args.get("page"))
    )
    return render_template(
        "prevention/screening/index.html",
        campaign=campaign,
        village=coverage.village(session(), campaign, code),
        page=page,
        filters=lists.FILTERS,
        wanted=wanted,
        typed=typed,
        sizes=lists.sizes(session(), [line.household.id for line in page.items]),
        results=entries.RESULTS,
        warning=campaigns.warned(campaign, clock.now()),
        may_enter=_may_enter(campaign, code),
        may_divide=access.reaches(account(), code, decisions.DECIDES),
    )


def _may_enter(campaign: Campaign, code: str) -> bool:
    return campaign.status == "open" and access.reaches(account(), code, intake.ENTERS)


def _require_entering(campaign: Campaign, code: str) -> None:
    """Who may not enter hears it as the form opens, and types nothing for nothing."""
    if not access.reaches(account(), code, intake.ENTERS):
        raise NotAllowed("填报由村、乡的经办人进行，您只能查看。")
    if campaign.status != "open":
        raise Conflict("这次集中排查已经结束，不能再填报。")


@blueprint.get("/villages/<code>/sheet")
def sheet(campaign_id: int, code: str) -> str:
    """The printed form (附件) of the village: what was found with its signatures, or to be filled in."""
    campaign = lists.view(session(), account(), campaign_id, code)
    page = lists.sheet(session(), account(), campaign_id, code, number(request.args.get("page")))
    ids = [line.row.id for line in page.items if line.row is not None]
    signed = {(one.screening_id, one.kind): one.id for one in papers.of(session(), ids)}
    return render_template(
        "prevention/screening/sheet.html",
        campaign=campaign,
        village=coverage.village(session(), campaign, code),
        page=page,
        first=(page.page - 1) * lists.SHEET,
        signed=signed,
        sizes=lists.sizes(session(), [line.household.id for line in page.items]),
        results=entries.RESULTS,
    )


@blueprint.post("/villages/<code>/reviewed")
def review(campaign_id: int, code: str) -> ResponseReturnValue:
    """录入复核: a second person has compared the entries (R38)."""
    ids = numbers(request.form.getlist("row"))
    done, own = decisions.review(session(), account(), campaign_id, ids, clock=clock.clock())
    if done:
        flash(f"已复核 {done} 户。", "success")
    if own:
        flash(f"{own} 户是您自己录入的，须由他人复核。", "warning")
    return redirect(url_for("screening.index", campaign_id=campaign_id, code=code, show="unreviewed"), 303)


# -- one household ---------------------------------------------------------------------------------


@blueprint.get("/households/<int:household_id>")
def form(campaign_id: int, household_id: int) -> str:
    """The screening form of a household, filled from what is known."""
    campaign, household = _both(campaign_id, household_id)
    current = lists.current(session(), campaign.id, household.id)
    if current is not None:
        return _page(campaign, household, entries.data(current))
    return _page(campaign, household, _first(campaign, household))


def _both(campaign_id: int, household_id: int) -> tuple[Campaign, Household]:
    household = households.view(session(), account(), household_id)
    return lists.view(session(), account(), campaign_id, household.village_code), household


def _first(campaign: Campaign, household: Household) -> dict[str, Any]:
    basis = campaigns.basis(session(), campaign)
    known = groups.known(session(), [household.id], basis)[household.id]
    before = prefill.last(session(), household.id)
    today = local_date(clock.now())
    screened = prefill.screened(known, basis, before, today, account().name)
    return basis.form.prefill({"screened": screened})


def _page(
    campaign: Campaign, household: Household, data: Mapping[str, Any], errors: Mapping[str, Any] | None = None
) -> str:
    basis = campaigns.basis(session(), campaign)
    facts = basis.form.facts_of(basis.facts, local_date(clock.now()))
    every = lists.rows_of(session(), campaign.id, household.id)
    current = next((one for one in every if one.standing == "current"), None)
    return render_template(
        "prevention/screening/form.html",
        campaign=campaign,
        household=household,
        village=household.division,
        fields=basis.form.render(data, errors, facts),
        errors=errors or {},
        known=groups.known(session(), [household.id], basis)[household.id],
        current=current,
        history=[(one, basis.form.summary(entries.data(one))) for one in every if one is not current],
        papers=papers.of(session(), [one.id for one in every]),
        kinds=papers.KINDS,
        case=lists.cases_of(session(), every).get(current.clue_id or 0) if current else None,
        disputed=bool(decisions.waiting(session(), campaign.id, household.id)),
        may_enter=household.status != "gone" and _may_enter(campaign, household.village_code),
        entry=request.form.get("key") or str(uuid4()),
        replaces=request.form.get("revision", current.uuid if current else ""),
        signed={name: request.form.get(f"signature:{name}", "") for name in SIGNATURES},
    )


@blueprint.post("/households/<int:household_id>")
def enter(campaign_id: int, household_id: int) -> ResponseReturnValue:
    """登记 one household."""
    campaign, household = _both(campaign_id, household_id)
    raw = campaigns.basis(session(), campaign).form.parse(request.form)
    found = _record(campaign, raw, household.id, None)
    if found.kind == rows.REFUSED:
        flash(_first_fault(found), "danger")
        return _page(campaign, household, raw, found.faults), 422
    return _done(campaign, household.village_code, found)


def _record(
    campaign: Campaign, raw: Mapping[str, Any], household_id: int | None, new: Mapping[str, Any] | None
) -> rows.Outcome:
    sent = request.form
    kind = "sign_declares" if raw.get("declares") == "yes" else "sign_declines"
    signed = {kind: sent.get("signature:household", "")} if raw.get("result") == "done" else {}
    signed["sign_investigator"] = sent.get("signature:investigator", "")
    entry = rows.Entry(
        uuid=_number(sent.get("key", ""), [household_id, new, raw]),
        household_id=household_id,
        new_household=new,
        data=raw,
        source=rows.PAGE,
        replaces=sent.get("revision", ""),
        signatures=signed,
    )
    (found,) = rows.record(session(), account(), campaign.id, [entry], clock=clock.clock())
    if found.kind != rows.REFUSED:
        _keep_photos(found)
    return found


def _number(key: str, said: object) -> str:
    """The entry's number: the same for what is sent twice, another for what was changed after going back."""
    try:
        return str(uuid5(UUID(key), to_json(said)))
    except ValueError:
        return key


def _keep_photos(found: rows.Outcome) -> None:
    """The photos that were sent along; one that cannot be kept loses nothing else."""
    for file in request.files.getlist("file:photo"):
        if file.filename:
            try:
                body = papers.smaller(file.stream.read(papers.MOST_SENT + 1))
                papers.add(
                    session(), account(), found.row_uuid, str(uuid4()), "photo", "", body, clock=clock.clock()
                )
            except Invalid as error:
                flash(f"“{file.filename[:40]}”：{error.message}", "warning")


def _first_fault(found: rows.Outcome) -> str:
    sentences = [sentence for said in found.faults.values() for sentence in said]
    return sentences[0] if len(sentences) == 1 else f"有 {len(sentences)} 处需要更正。"


def _done(campaign: Campaign, code: str, found: rows.Outcome) -> ResponseReturnValue:
    words, tone = WORDS[found.kind]
    flash(FLAGGED if found.case_id and found.kind == rows.RECORDED else words, tone)
    return redirect(url_for("screening.index", campaign_id=campaign.id, code=code, show="waiting"), 303)


# -- a household that the register does not have ---------------------------------------------------


@blueprint.get("/villages/<code>/new")
def new(campaign_id: int, code: str) -> str:
    """A household that is not on the list."""
    campaign = lists.view(session(), account(), campaign_id, code)
    _require_entering(campaign, code)
    form_of = campaigns.basis(session(), campaign).form
    today = local_date(clock.now()).isoformat()
    first = {"visited_on": today, "collected_by": account().name}
    return _new(campaign, code, form_of.prefill({"screened": first}), {}, {})


def _new(
    campaign: Campaign,
    code: str,
    data: Mapping[str, Any],
    household: Mapping[str, str],
    errors: Mapping[str, Any],
) -> str:
    basis = campaigns.basis(session(), campaign)
    facts = basis.form.facts_of(basis.facts, local_date(clock.now()))
    return render_template(
        "prevention/screening/new.html",
        campaign=campaign,
        village=coverage.village(session(), campaign, code),
        fields=basis.form.render(data, dict(errors), facts),
        errors=errors,
        household=household,
        types=naming.TYPE_NAMES,
        entry=request.form.get("key") or str(uuid4()),
        signed={name: request.form.get(f"signature:{name}", "") for name in SIGNATURES},
    )


@blueprint.post("/villages/<code>/new")
def add(campaign_id: int, code: str) -> ResponseReturnValue:
    """登记 a household that was not on the list: looked for first, then added."""
    campaign = lists.view(session(), account(), campaign_id, code)
    _require_entering(campaign, code)
    raw = campaigns.basis(session(), campaign).form.parse(request.form)
    names = ("head_name", "id_number", "group_name", "address", "phone", "household_type")
    household = {name: request.form.get(f"new:{name}", "").strip() for name in names}
    found = _record(campaign, raw, None, {**household, "village_code": code})
    if found.kind == rows.REFUSED:
        flash(_first_fault(found), "danger")
        return _new(campaign, code, raw, household, found.faults), 422
    return _done(campaign, code, found)


# -- two entries of one household ------------------------------------------------------------------


@blueprint.get("/households/<int:household_id>/conflict")
def conflict(campaign_id: int, household_id: int) -> str:
    """Both entries side by side, what differs marked (T27)."""
    campaign, household = _both(campaign_id, household_id)
    waiting = decisions.waiting(session(), campaign.id, household.id)
    if not waiting:
        raise NotFound("这一户没有待处理的分歧。")
    said = [entries.data(one) for one in waiting]
    form_of = campaigns.basis(session(), campaign).form
    lines = [
        (s.label(component), [shown(component, one.get(s.key(component))) for one in said])
        for component in form_of.inputs
        if any(s.key(component) in one for one in said)
    ]
    return render_template(
        "prevention/screening/conflict.html",
        campaign=campaign,
        household=household,
        waiting=waiting,
        people=decisions.names(session(), waiting),
        lines=lines,
        papers=papers.of(session(), [one.id for one in waiting]),
        kinds=papers.KINDS,
        may=decisions.may_decide(account(), household.village_code),
        sources={"page": "网页", "phone": "手机", "workbook": "表格导入"},
    )


@blueprint.post("/households/<int:household_id>/conflict")
def decide(campaign_id: int, household_id: int) -> ResponseReturnValue:
    """The township picks."""
    chosen = row(request.form.get("row")) or 0
    found = decisions.decide(session(), account(), campaign_id, household_id, chosen, clock=clock.clock())
    flash("已按选定的一份登记，另一份留存备查。", "success")
    code = found.village_code
    return redirect(url_for("screening.index", campaign_id=campaign_id, code=code, show="conflict"), 303)


@blueprint.get("/papers/<int:paper_id>")
def paper(campaign_id: int, paper_id: int) -> ResponseReturnValue:
    """A signature or a photo."""
    campaigns.view(session(), account(), campaign_id)
    found = papers.view(session(), account(), paper_id)
    return sent.unnamed(found.body, found.media_type, **{"Content-Security-Policy": sent.PICTURE})
