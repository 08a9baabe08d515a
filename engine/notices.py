"""Public notices and objections (R10). How many days a notice hangs is the diagram's business; here is its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine import divisions, runtime
from engine.clock import Clock, local_date
from engine.database import write
from engine.documents import compose, facts
from engine.documents.paper import Paper
from engine.errors import Conflict, EngineFault, NotFound
from engine.households import CATEGORY_NAMES
from engine.instance import Instance
from engine.models import Account, CaseFile, Notice, Objection
from engine.services import ServiceCall, service

_OPEN_NOTICE = (
    select(Notice)
    .where(Notice.case_id == bindparam("case_id"), Notice.status == "open")
    .order_by(Notice.id.desc())
    .limit(1)
)


def _open_notice(session: Session, case_id: int) -> Notice | None:
    return session.scalar(_OPEN_NOTICE, {"case_id": case_id})


def _withdraw(call: ServiceCall, result: Any) -> None:
    notice = call.session.get(Notice, result["id"])
    if notice is not None and notice.status == "open":
        notice.status, notice.closed_at = "withdrawn", call.now


@service("notice.open", undo=_withdraw)
def open_notice(
    call: ServiceCall, posted_on: str, timer: str, place: str | None = None, contact: str | None = None,
    matter: str | None = None, basis: str | None = None, category: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A notice was posted and hangs until the diagram's `timer` (an element id) is due; an older one is superseded.

    `matter` is what the notice proposes, `basis` what led to it, as the diagram words them; `category` is the category
    proposed, where the matter has one.
    """
    closes_at = call.due_of(timer)
    if closes_at is None:
        raise EngineFault(f"公示的定时事件“{timer}”不存在或算不出时间。")
    older = _open_notice(call.session, call.case.id)
    if older is not None:
        older.status, older.closed_at = "superseded", call.now
    posted = date.fromisoformat(posted_on)
    notice = Notice(
        case_id=call.case.id, token=call.token, posted_on=posted, closes_at=closes_at, place=place or "",
        contact=contact or "", matter=matter or "", basis=basis or "", category=category or "",
    )  # fmt: skip
    notice.text = paper_of(call.session, [(call.case, notice)]).text
    call.session.add(notice)
    call.session.flush()
    return {"id": notice.id, "posted_on": posted.isoformat(), "closes_at": notice.closes_at.isoformat()}


def paper_of(session: Session, posted: Sequence[tuple[CaseFile, Notice]]) -> Paper:
    """The notice as it hangs in a village, for one household or several with the same terms."""
    cases = [case for case, _ in posted]
    first = posted[0][1]
    found = facts.listed(session, cases)
    listed = [replace(found[case.id], details=_category(case, notice)) for case, notice in posted]
    village = divisions.names(session, [cases[0].village_code]).get(cases[0].village_code, "")
    terms = compose.Terms(
        first.matter, first.basis, divisions.short_name(village), divisions.authority(village, "village"),
        first.posted_on, contact=first.contact, ends=local_date(first.closes_at) - timedelta(days=1),
    )  # fmt: skip
    return compose.notice(terms, listed)


def _category(case: CaseFile, notice: Notice) -> dict[str, str]:
    """The category proposed, else the one that the household has."""
    label = "拟定类别" if notice.category else "类别"
    return {label: CATEGORY_NAMES.get(notice.category or case.household.category, "")}


def _reopen(call: ServiceCall, result: Any) -> None:
    notice = call.session.get(Notice, result["id"])
    if notice is not None and notice.status == "closed":
        notice.status, notice.closed_at = "withdrawn", call.now


@service("notice.close", undo=_reopen)
def close_notice(call: ServiceCall) -> dict[str, Any]:
    """The notice has hung its full days without an open objection."""
    notice = _open_notice(call.session, call.case.id)
    if notice is None:
        raise Conflict("没有正在进行的公示。")
    query = select(Objection.id).where(Objection.notice_id == notice.id, Objection.status == "open").limit(1)
    if call.session.scalar(query) is not None:
        raise Conflict("还有异议没有处理，公示不能结束。")
    notice.status, notice.closed_at = "closed", call.now
    return {"id": notice.id, "closed_on": local_date(call.now).isoformat()}


@service("objection.decide")
def decide(call: ServiceCall, outcome: str, finding: str | None = None) -> dict[str, Any]:
    """The oldest open objection is decided; upheld, it ends its notice."""
    query = (
        select(Objection).where(Objection.case_id == call.case.id, Objection.status == "open").order_by(Objection.id)
    )
    objection = call.session.scalar(query.limit(1))
    if objection is None:
        raise Conflict("没有待处理的异议。")
    objection.status, objection.finding, objection.decided_at = outcome, (finding or "")[:1000], call.now
    if outcome != "dismissed":
        notice = call.session.get_one(Notice, objection.notice_id)
        if notice.status == "open":
            notice.status, notice.closed_at = "superseded", call.now
    return {"id": objection.id, "outcome": outcome}


def preview(case: CaseFile, instance: Instance, now: datetime) -> Notice:
    """The notice as it would hang were it posted today; nothing is stored. Raises NotFound when there is none."""
    today = local_date(now)
    facts_then = {"notice": {"posted_on": today.isoformat()}}
    names = ("timer", "matter", "basis", "category")
    given = {name: str(instance.parameter("notice.open", name, facts_then) or "") for name in names}
    closes_at = instance.due_of(given.pop("timer"), now, facts_then)
    if closes_at is None:
        raise NotFound("这一版流程没有公示。")
    return Notice(case_id=case.id, posted_on=today, closes_at=closes_at, contact="", **given)


def latest(session: Session, case_ids: Sequence[int]) -> dict[int, Notice]:
    """The latest notice of each case that has one."""
    query = select(Notice).where(Notice.case_id.in_(case_ids)).order_by(Notice.id)
    return {notice.case_id: notice for notice in session.scalars(query)}


def raise_objection(
    session: Session, actor: Account, case_id: int, data: Mapping[str, Any], *, clock: Clock
) -> Objection:
    """Record an objection to the case's open notice and tell the case; it keeps the notice open until decided (R10).

    `data` is the clean data of form ``objection``: matter, raised_on (ISO), raised_by (absent when anonymous).
    """
    matter, raised_on = str(data["matter"]), date.fromisoformat(str(data["raised_on"]))
    with write(session):
        notice = _open_notice(session, case_id)
        if notice is None:
            raise Conflict("这件事项没有正在进行的公示，不能登记异议；公示结束后的情况请向乡级审核人反映。")
        objection = Objection(
            notice_id=notice.id,
            case_id=case_id,
            raised_by=str(data.get("raised_by") or ""),
            raised_on=raised_on,
            matter=matter,
        )
        session.add(objection)
        session.flush()
        payload = {"id": objection.id, "raised_on": raised_on.isoformat(), "matter": objection.matter}
        runtime.send_message(session, actor, case_id, "objection", payload, clock=clock)
    return objection
