"""Data matching: results of the departments, immutable and reusable (R09).

Nothing is matched without authorisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Setting
from engine.flow.services import Service
from engine.ground.clock import local_date, months_later
from engine.ground.errors import Invalid, NotAllowed
from engine.ground.text import day as read_day
from engine.ground.text import whole
from engine.prevention.models import MatchingResult

REUSE_MONTHS = 12
_REUSABLE = (
    select(MatchingResult)
    .where(
        MatchingResult.household_id == bindparam("household_id"),
        MatchingResult.matched_on >= bindparam("since"),
        MatchingResult.effect != "unavailable",
    )
    .order_by(MatchingResult.matched_on.desc(), MatchingResult.id.desc())
    .limit(1)
)
EFFECTS = {"none": "无异常", "to_verify": "需核实", "unmet": "不符合", "unavailable": "未取得结果"}


def find_reusable(call: ServiceCall) -> dict[str, Any]:
    """Whether a result on file is recent enough to be used again: its date and effect (R09)."""
    setting = call.session.get(Setting, "matching.reuse_months")
    months = whole(setting.value) if setting else None
    since = months_later(local_date(call.now), -(REUSE_MONTHS if months is None else months))
    found = call.session.scalar(_REUSABLE, {"household_id": call.case.subject_id, "since": since})
    if found is None:
        return {"reusable": False}
    return {"reusable": True, **_facts(found)}


def record(
    call: ServiceCall, result: dict[str, Any] | None = None, letter: str | None = None
) -> dict[str, Any]:
    """Store what the departments found: the county's form, or the message they sent.

    Raises NotAllowed when the household has not signed the authorisation letter (R08).
    """
    if letter != "yes":
        raise NotAllowed("该户没有签订承诺授权书，不能进行信息比对。")
    data = result or {}
    day = read_day(data.get("matched_on") or local_date(call.now))
    if day is None:
        raise Invalid("比对日期：请填写日期，如 2022-05-06。")
    row = MatchingResult(
        household_id=call.case.subject_id,
        case_id=call.case.id,
        batch=str(data.get("batch") or ""),
        matched_on=day,
        effect=str(data.get("effect") or "none"),
        findings=list(data.get("findings") or []),
        source=str(data.get("source") or "")[:80],
        recorded_by=call.actor.id if call.actor else None,
        recorded_at=call.now,
    )
    call.session.add(row)
    call.session.flush()
    return _facts(row)


def of_case(session: Session, case_id: int) -> Sequence[MatchingResult]:
    """A case's matching results, the first one first."""
    query = select(MatchingResult).where(MatchingResult.case_id == case_id)
    return session.scalars(query.order_by(MatchingResult.id)).all()


def _facts(row: MatchingResult) -> dict[str, Any]:
    texts = [
        " ".join(str(part) for part in finding.values() if part not in (None, "")) for finding in row.findings
    ]
    return {
        "id": row.id,
        "date": row.matched_on.isoformat(),
        "effect": row.effect,
        "effect_name": EFFECTS.get(row.effect, ""),
        "findings": ";".join(texts)[:1000],
    }


KIT = Kit(
    case_parts={"matching_results": of_case},
    services=(
        Service(
            "matching.find_reusable",
            "查找可引用的比对结果",
            "近期有比对结果的直接引用",
            find_reusable,
        ),
        Service(
            "matching.record",
            "登记比对结果",
            "没有签授权书的拒绝",
            record,
            {"result": "结果", "letter": "授权书"},
        ),
    ),
)
