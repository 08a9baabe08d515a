"""Cases, what reaches them from outside, limits, divisions."""

from __future__ import annotations

from typing import Any

from engine.casework import lamps
from engine.casework.acts import messages
from engine.casework.desk import views
from engine.casework.organisation import divisions
from engine.casework.supervision import limits
from web.api import schemas as s
from web.api.blueprints import api as blueprint
from web.request.signing import account
from web.server import clock
from web.server.database import session


@blueprint.get("/cases/<int:case_id>")
@blueprint.response(200, s.CaseDetail)
def show_case(case_id: int) -> dict[str, Any]:
    """一件事项的状态、令牌、时限和办理记录"""
    view = views.case_view(session(), account(), case_id)
    case = view.case
    return {
        "id": case.id,
        "procedure": case.procedure_key,
        "version": case.version.number,
        "subject": case.subject,
        "about": view.definition.about or "household",
        "subject_id": case.subject_id,
        "household_id": None if view.definition.about else case.subject_id,
        "status": case.status,
        "outcome": case.outcome,
        "discovery_date": case.discovery_date,
        "limit_at": case.limit_at,
        "lamp": lamps.lamp(case.limit_at, clock.now()),
        "was_overdue": case.lamp_floor == "red",
        "tokens": list(view.open_elements),
        "waits_for": sorted(view.waits_for),
        "tasks": [item for item in view.items if item.status == "open"],
        "timers": view.timers,
        "history": view.timeline,
    }


@blueprint.post("/cases/<int:case_id>/messages")
@blueprint.arguments(s.Message)
@blueprint.response(200, s.Caught)
def send_message(body: dict[str, Any], case_id: int) -> dict[str, bool]:
    """送达消息：异议（objection）、农户意见（household_answer）、比对结果（matching_result）、承诺授权书（authorisation）"""
    name, data = body["name"], body["data"]
    return {"caught": messages.send(session(), account(), case_id, name, data, clock=clock.clock())}


@blueprint.get("/timers")
@blueprint.arguments(s.TimerQuery, location="query")
@blueprint.response(200, s.TimerPage)
def list_timers(query: dict[str, Any]) -> Any:
    """时限：overdue 已过、due 未到、fired 已触发"""
    return limits.timers(session(), account(), query["state"], clock.now(), query["page"])


@blueprint.get("/divisions")
@blueprint.arguments(s.DivisionQuery, location="query")
@blueprint.response(200, s.Division(many=True))
def list_divisions(query: dict[str, Any]) -> Any:
    """行政区划"""
    return divisions.search(session(), query["q"], query["under"], query["page"])
