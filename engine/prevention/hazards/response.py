"""What a hazard's diagram records besides plans: is it one, what departments say, its end (R32, R33)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.organisation import divisions
from engine.flow.receivers import DAY, ROWS, TEXT, Need, Receiver
from engine.flow.services import Service
from engine.ground.errors import Conflict, Invalid
from engine.prevention.hazards import hazards, plans
from engine.prevention.models import Hazard, HazardConsultation, HazardHousehold

CONSULTATION = "hazard_consultation"
KEPT = ("status", "result", "closed_on")


def facts(session: Session, hazard_id: int) -> dict[str, Any]:
    """What forms show of a hazard."""
    hazard = session.get_one(Hazard, hazard_id)
    left = plans.unfinished(session, hazard_id)
    query = select(func.count()).select_from(HazardHousehold)
    raised = session.scalar(query.where(HazardHousehold.hazard_id == hazard_id)) or 0
    return {
        "name": hazard.name,
        "path": divisions.paths(session, [hazard.village_code]).get(hazard.village_code, ""),
        "description": hazard.description,
        "reporter": hazard.reporter,
        "affected": _affected(hazard),
        "raised": raised,
        "open_measures": len(left),
        "open_measures_text": "；".join(f"{one.content}（{one.unit} {one.person}）" for one in left)[:1000],
    }


def _affected(hazard: Hazard) -> str:
    said = [
        f"{number} {unit}"
        for number, unit in ((hazard.households, "户"), (hazard.people, "人"))
        if number is not None
    ]
    counted = f"范围内登记 {hazard.in_area} 户 {hazard.people_in_area} 人"
    return f"报告受影响 {' '.join(said)}；{counted}" if said else counted


# -- is it one -------------------------------------------------------------------------------------


def respond(call: ServiceCall) -> dict[str, Any]:
    """The county answers the hazard."""
    return _change(call, status="under_way")


def dismiss(call: ServiceCall, reason: str) -> dict[str, Any]:
    """What was reported is no large-scale risk."""
    if not reason.strip():
        raise Invalid("不作为规模性风险应对的，须写明理由。", {"reason": ["请写明理由。"]})
    _require_none_pending(call.session, hazards.held(call.session, call.case.subject_id))
    return _change(call, status="dismissed", result=reason[:1000])


def _require_none_pending(session: Session, hazard: Hazard) -> None:
    """Raise Conflict while an act goes on to raise clues: it would go on for what is over."""
    waiting = select(HazardHousehold.id).where(
        HazardHousehold.hazard_id == hazard.id, HazardHousehold.status == "pending"
    )
    if session.scalar(waiting.limit(1)) is not None:
        raise Conflict("还有农户的线索正在批量录入，录完再办这一步。")


def _change(call: ServiceCall, **changes: Any) -> dict[str, Any]:
    """Change the hazard; answers what it was before."""
    hazard = hazards.held(call.session, call.case.subject_id)
    before = {name: getattr(hazard, name) for name in KEPT}
    for name, value in changes.items():
        setattr(hazard, name, value)
    call.session.flush()
    return {**before, "closed_on": before["closed_on"].isoformat() if before["closed_on"] else None}


def _restore(call: ServiceCall, result: Any) -> None:
    hazard = hazards.held(call.session, call.case.subject_id)
    hazard.status, hazard.result = result["status"], result["result"]
    hazard.closed_on = date.fromisoformat(result["closed_on"]) if result["closed_on"] else None


# -- departments -----------------------------------------------------------------------------------


def of_hazard(session: Session, hazard_id: int) -> Sequence[HazardConsultation]:
    """The consultations about a hazard, the earliest first."""
    query = select(HazardConsultation).where(HazardConsultation.hazard_id == hazard_id)
    return list(session.scalars(query.order_by(HazardConsultation.id)))


def consult(call: ServiceCall) -> dict[str, Any]:
    """Keep the minutes of a consultation, a row for each department (R32)."""
    data = call.submission(CONSULTATION)
    if data is None:
        raise Invalid("还没有填写会商记录。")
    row = HazardConsultation(
        hazard_id=call.case.subject_id,
        case_id=call.case.id,
        held_on=date.fromisoformat(str(data["held_on"])),
        place=str(data.get("place") or "")[:100],
        chair=str(data.get("chair") or "")[:40],
        minutes=[dict(one) for one in data.get("minutes") or []],
        conclusion=str(data.get("conclusion") or "")[:1000],
        recorded_by=call.actor.id if call.actor else None,
        recorded_at=call.now,
    )
    call.session.add(row)
    call.session.flush()
    return {"consultation": row.id, "departments": len(row.minutes)}


def _forget(call: ServiceCall, result: Any) -> None:
    row = call.session.get(HazardConsultation, result["consultation"])
    if row is not None:
        call.session.delete(row)


# -- the end ---------------------------------------------------------------------------------------


def close(call: ServiceCall, result: str, closed_on: str, open_reason: str | None = None) -> dict[str, Any]:
    """销号: the hazard is over. Raises Invalid while a measure is open without a reason (R33)."""
    hazard = hazards.held(call.session, call.case.subject_id)
    left = plans.unfinished(call.session, hazard.id)
    reason = (open_reason or "").strip()
    if left and not reason:
        names = "、".join(one.content[:30] for one in left[:5])
        raise Invalid(
            f"还有 {len(left)} 项措施没有完成（{names}），请先登记完成，或者写明不再落实的理由。",
            {"open_reason": ["没有完成的措施：请写明不再落实的理由。"]},
        )
    _require_none_pending(call.session, hazard)
    stood = plans.stop_all(call.session, hazard.id, call.case.id, reason)
    before = _change(call, status="closed", result=result[:1000], closed_on=date.fromisoformat(closed_on))
    return {**before, "stopped": stood}


def _reopen(call: ServiceCall, result: Any) -> None:
    _restore(call, result)
    plans.resume(call.session, result["stopped"], call.case.id, call.case.village_code, call.now)


KIT = Kit(
    registered={
        "hazard": (
            "name",
            "path",
            "description",
            "reporter",
            "affected",
            "raised",
            "open_measures",
            "open_measures_text",
        )
    },
    prefills={"hazard": lambda session, hazard_id, *_: facts(session, hazard_id)},
    services=(
        Service("hazard.respond", "启动风险应对", "风险列入应对中", respond, undo=_restore),
        Service(
            "hazard.dismiss",
            "不作为规模性风险",
            "没有理由的拒绝",
            dismiss,
            {"reason": "理由"},
            undo=_restore,
        ),
        Service("hazard.consult", "登记部门会商", "各部门的情况和意见", consult, undo=_forget),
        Service(
            "hazard.close",
            "风险销号",
            "有措施没有完成又没有理由的拒绝",
            close,
            {"result": "结果", "closed_on": "销号日期", "open_reason": "措施没有完成的理由"},
            undo=_reopen,
        ),
    ),
    receivers=(
        Receiver(
            "service",
            "hazard.consult",
            {
                "held_on": Need(DAY),
                "minutes": Need(ROWS, required=False, columns=frozenset({"department", "opinion"})),
            },
            form=CONSULTATION,
        ),
        Receiver(
            "start",
            hazards.PROCEDURE,
            {"name": Need(TEXT), "from_on": Need(DAY)},
        ),
    ),
)
