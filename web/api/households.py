"""Clues, households and who belongs to them."""

from __future__ import annotations

from typing import Any

from engine.ground import idnumber
from engine.ground.clock import local_date
from engine.ground.errors import NotFound
from engine.prevention.identification import entering
from engine.prevention.register import member_history
from engine.prevention.register.households import finding as households
from engine.prevention.register.members import changes, taking_back
from engine.prevention.register.members.reading import Asked
from web.api import schemas as s
from web.api.blueprints import api as blueprint
from web.request.signing import account
from web.server import clock
from web.server.database import session


@blueprint.post("/clues")
@blueprint.arguments(s.ClueIn)
@blueprint.response(201, s.ClueOut)
def enter_clue(body: dict[str, Any]) -> dict[str, Any]:
    """录入线索：立案或并入正在办理的事项；疑似已在册时返回 duplicates，不保存"""
    form = entering.form(session())
    if form is None:
        raise NotFound("现行流程没有线索表。")
    known = body["household_id"] is not None
    clean = form.validate({**body["data"], "known_household": known}, today=local_date(clock.now()))
    entered = entering.enter(
        session(),
        account(),
        clean,
        clock=clock.clock(),
        household_id=body["household_id"],
        confirmed_new=body["confirmed_new"],
    )
    return {
        "clue_id": entered.clue.id if entered.clue else None,
        "case_id": entered.case.id if entered.case else None,
        "joined": entered.joined,
        "duplicates": entered.duplicates,
    }


@blueprint.get("/households")
@blueprint.arguments(s.HouseholdQuery, location="query")
@blueprint.response(200, s.HouseholdPage)
def list_households(query: dict[str, Any]) -> Any:
    """农户"""
    return households.search(session(), account(), query["q"], query["status"], query["page"])


@blueprint.post("/households/search")
@blueprint.arguments(s.HouseholdQuery)
@blueprint.response(200, s.HouseholdPage)
def search_households(query: dict[str, Any]) -> Any:
    """查农户：证件号码、电话写在请求的内容里，不写在网址里"""
    return households.search(session(), account(), query["q"], query["status"], query["page"])


@blueprint.get("/households/<int:household_id>/members")
@blueprint.arguments(s.MemberQuery, location="query")
@blueprint.response(200, s.MemberRow(many=True))
def list_members(query: dict[str, Any], household_id: int) -> Any:
    """一户某一天的成员"""
    households.view(session(), account(), household_id)
    rows = member_history.on_day(session(), household_id, query["on"] or local_date(clock.now()))
    return [{**row, "id_number": idnumber.mask(row["id_number"])} for row in rows]


@blueprint.get("/households/<int:household_id>/members/changes")
@blueprint.response(200, s.MemberChange(many=True))
def list_member_changes(household_id: int) -> Any:
    """一户登记过的成员变动，撤销的也在内"""
    households.view(session(), account(), household_id)
    return member_history.changes(session(), household_id)


@blueprint.post("/households/<int:household_id>/members/changes")
@blueprint.arguments(s.MemberChangeIn)
@blueprint.response(201, s.MemberChange(many=True))
def record_member_change(body: dict[str, Any], household_id: int) -> Any:
    """登记成员变动"""
    return changes.record(session(), account(), household_id, Asked(**body), clock=clock.clock())


@blueprint.post("/households/<int:household_id>/members/changes/take-back")
@blueprint.arguments(s.MemberTakeBack)
@blueprint.response(200, s.MemberChange(many=True))
def take_member_change_back(body: dict[str, Any], household_id: int) -> Any:
    """撤销一项成员变动"""
    act, reason = body["act"], body["reason"]
    return taking_back.take_back(session(), account(), household_id, act, reason, clock=clock.clock())
