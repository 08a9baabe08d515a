"""What data matching came to: results of the departments, immutable, with versions, reusable (R09).

Nothing is matched without authorisation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account, CaseFile, Setting
from engine.flow.services import Service
from engine.ground.clock import local_date, months_later
from engine.ground.database.objects import Objects, found_by, keep
from engine.ground.database.prepared import Prepared
from engine.ground.errors import Invalid, NotAllowed
from engine.ground.tables import table
from engine.ground.text import day as read_day
from engine.ground.text import key, whole
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.models import MatchingEntry, MatchingFinding, MatchingResult, Member

REUSE_MONTHS = 12
LATE = "late_matching_result"
"""The message by which a case hears of what a department answered after its result had gone back (T09)."""
UNSIGNED = "该户没有签订承诺授权书，不能进行信息比对。"
_RESULT, _PLACE, _SAID = table(MatchingResult), table(MatchingEntry), table(MatchingFinding)
_REUSABLE = Objects(
    select(_RESULT)
    .where(
        _RESULT.c.household_id == bindparam("household_id"),
        _RESULT.c.matched_on >= bindparam("since"),
        _RESULT.c.effect != "unavailable",
    )
    .order_by(_RESULT.c.matched_on.desc(), _RESULT.c.id.desc())
    .limit(1),
    [MatchingResult],
    own=True,
)
_COUNT = Prepared(
    select(func.count()).select_from(_RESULT).where(_RESULT.c.case_id == bindparam("case_id")), own=True
)
_ENTRY = Objects(
    select(_PLACE)
    .where(
        _PLACE.c.case_id == bindparam("case_id"),
        _PLACE.c.status.in_(("waiting", "refused", "answered")),
    )
    .order_by(_PLACE.c.id.desc())
    .limit(1),
    [MatchingEntry],
)
_UNTOLD = Objects(
    select(_SAID)
    .where(_SAID.c.entry_id == bindparam("entry_id"), _SAID.c.result_id.is_(None))
    .order_by(_SAID.c.id),
    [MatchingFinding],
)
_RELATIONS = Prepared(
    select(table(Member).c.name_key, table(Member).c.relation).where(
        table(Member).c.household_id == bindparam("household_id")
    ),
    own=True,
)
_MONTHS = Prepared(
    select(table(Setting).c.value).where(table(Setting).c.key == "matching.reuse_months"), steady=True
)
EFFECTS = {"none": "无异常", "to_verify": "需核实", "unmet": "不符合", "unavailable": "未取得结果"}


def find_reusable(call: ServiceCall) -> dict[str, Any]:
    """Whether a result on file is recent enough to be used again: its date, age and effect (R09).

    `own` is a result of this very case, which came back to an earlier step: nobody is asked again.
    """
    setting = _MONTHS.scalar(call.session)
    months = whole(setting) if setting else None
    today = local_date(call.now)
    since = months_later(today, -(REUSE_MONTHS if months is None else months))
    found = _REUSABLE.first(call.session, household_id=call.case.subject_id, since=since)
    if found is None:
        return {"reusable": False}
    return {
        "reusable": True,
        "own": found.case_id == call.case.id,
        "age_days": (today - found.matched_on) // timedelta(days=1),
        **_facts(found),
    }


def record(
    call: ServiceCall, result: dict[str, Any] | None = None, letter: str | None = None
) -> dict[str, Any]:
    """Store what the departments found: the county's form, the message they sent, or what came late.

    A second result of a case is another version; the first stays. Raises NotAllowed when the household has
    not signed the authorisation letter (R08).
    """
    if letter != "yes":
        raise NotAllowed(UNSIGNED)
    row = kept(call.session, call.case, result or {}, call.actor, call.now)
    return {**_facts(row), "hits": _hits(call.session, row)}


def kept(
    session: Session, case: CaseFile, data: Mapping[str, Any], actor: Account | None, now: datetime
) -> MatchingResult:
    """The next version of the case's result, inside the caller's transaction; its place in a batch has it."""
    day = read_day(data.get("matched_on") or local_date(now))
    if day is None:
        raise Invalid("比对日期：请填写日期，如 2022-05-06。")
    row = MatchingResult(
        household_id=case.subject_id,
        case_id=case.id,
        batch=str(data.get("batch") or ""),
        matched_on=day,
        effect=str(data.get("effect") or "none"),
        findings=list(data.get("findings") or []),
        no_data=list(data.get("no_data") or []),
        version=_versions(session, case.id) + 1,
        source=str(data.get("source") or "")[:80],
        recorded_by=actor.id if actor else None,
        recorded_at=now,
    )
    keep(session, row)
    _settle(session, case.id, row)
    return row


def sentence(row: MatchingResult) -> str:
    """A result in a line: what it came to, and what was found."""
    facts = _facts(row)
    return str(facts["effect_name"]) + (f"，{facts['findings']}" if facts["findings"] else "")


def _versions(session: Session, case_id: int) -> int:
    count: int = _COUNT.scalar(session, case_id=case_id)
    return count


def _settle(session: Session, case_id: int, row: MatchingResult) -> None:
    """The case's place in a batch has its result, and what departments said of it is told: no hit is lost
    that does not stand in it.
    """
    entry = _ENTRY.first(session, case_id=case_id)
    if entry is None:  # a case of before batches were kept, or one that was taken in by hand
        return
    entry.status, entry.result_id, entry.note = "answered", row.id, ""
    said = Counter((one.get("member") or "", one.get("source") or "") for one in row.findings)
    for one in _UNTOLD.all(session, entry_id=entry.id):
        if one.outcome == "hit" and one.standing == "current":
            about = (one.member_name, DEPARTMENTS.get(one.department, one.department))
            if not said[about]:  # it came while the others returned, or nobody typed it: told as a late one
                continue
            said[about] -= 1
        one.result_id = row.id
    session.flush()


def _unsettle(call: ServiceCall, result: Any) -> None:
    """The step was returned: the result stays on file, the household waits for another."""
    mine = update(MatchingEntry).where(MatchingEntry.result_id == result["id"])
    call.session.execute(mine.values(status="waiting", result_id=None))
    told = update(MatchingFinding).where(MatchingFinding.result_id == result["id"])
    call.session.execute(told.values(result_id=None))


def _hits(session: Session, row: MatchingResult) -> list[dict[str, Any]]:
    """What was found, each with the member it is about: membership is asked first (T11)."""
    if not row.findings:
        return []
    found = _RELATIONS.all(session, household_id=row.household_id)
    relations = {one.name_key: one.relation for one in found}
    hits = []
    for finding in row.findings:
        member = str(finding.get("member") or "")
        hit = {"member": member or "全户", "finding": _words(finding)[:200]}
        if relation := relations.get(key(member)[:80]):
            hit["relation"] = relation
        hits.append(hit)
    return hits


def _words(finding: Mapping[str, object]) -> str:
    """A finding without the member's name, in a line."""
    said = (finding.get(name) for name in ("source", "finding"))
    amount = finding.get("amount")
    parts = [str(part) for part in said if part] + ([f"{amount} 元"] if amount not in (None, "") else [])
    return "，".join(parts)


def of_case(session: Session, case_id: int) -> Sequence[MatchingResult]:
    """A case's matching results, the first one first."""
    return found_by(MatchingResult, "case_id").all(session, case_id=case_id)


def by_id(session: Session, ids: Iterable[int | None]) -> dict[int, MatchingResult]:
    """Results by their number."""
    query = select(MatchingResult).where(MatchingResult.id.in_({one for one in ids if one is not None}))
    return {row.id: row for row in session.scalars(query)}


def _facts(row: MatchingResult) -> dict[str, Any]:
    texts = [
        " ".join(str(part) for part in finding.values() if part not in (None, "")) for finding in row.findings
    ]
    lacking = "、".join(str(one.get("source")) for one in row.no_data)
    return {
        "id": row.id,
        "date": row.matched_on.isoformat(),
        "effect": row.effect,
        "effect_name": EFFECTS.get(row.effect, "") + (f"（{lacking}无数据）" if lacking else ""),
        "findings": ";".join(texts)[:1000],
    }


KIT = Kit(
    case_parts={"matching_results": of_case},
    sends={LATE: "部门迟到的比对结果"},
    services=(
        Service(
            "matching.find_reusable",
            "查找可引用的比对结果",
            "近期有比对结果的可以引用",
            find_reusable,
        ),
        Service(
            "matching.record",
            "登记比对结果",
            "没有签授权书的拒绝",
            record,
            {"result": "结果", "letter": "授权书"},
            undo=_unsettle,
        ),
    ),
)
