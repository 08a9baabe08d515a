"""What diagrams do with a notice and its objections (R10): post it, end it, decide what was objected."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine.casework.kit import Delivery, Kit
from engine.casework.kit.services import Correction, ServiceCall
from engine.casework.models import CaseFile
from engine.casework.telling import notifications
from engine.flow.machine.instance import Instance
from engine.flow.receivers import DAY, TEXT, Need, Receiver
from engine.flow.services import Service
from engine.flow.vocabulary import LegalLimit, PaperKind
from engine.ground.clock import local_date, written
from engine.ground.database import save
from engine.ground.database.objects import keep
from engine.ground.errors import Conflict, EngineFault, Invalid
from engine.prevention.identification.notices.lists import OPEN_OBJECTIONS, hanging, hangs, last_of, of_case
from engine.prevention.identification.notices.objections import OBJECTION, deliver
from engine.prevention.identification.notices.sheets import day_or_none, drafts_of, paper_of
from engine.prevention.models import Notice, Objection, household_of
from engine.prevention.register import posted_lists as posted_list

_WEIGHT = {"dismissed": 0, "upheld_changed": 1, "upheld_withdrawn": 2}
"""Of several findings on one notice the one with most weight decides what becomes of the notice (R10)."""


def _withdraw(call: ServiceCall, result: Any) -> None:
    notice = call.session.get(Notice, result["id"])
    if notice is not None and notice.status == "open":
        notice.status, notice.closed_at = "withdrawn", call.now


def open_notice(
    call: ServiceCall,
    posted_on: str,
    timer: str,
    place: str | None = None,
    contact: str | None = None,
    matter: str | None = None,
    basis: str | None = None,
    category: str | None = None,
    review: str | None = None,
) -> dict[str, Any]:
    """A notice was posted and hangs until the diagram's `timer` (an element id) is due;
    an older one is superseded.

    `matter` is what the notice proposes, `basis` what led to it, as the diagram words them; `category` is the
    category proposed, where the matter has one. `review` is the day (ISO) of the review by which it is
    proposed: its household is listed with the people of that day (domain S11).
    """
    closes_at = call.due_of(timer)
    if closes_at is None:
        raise EngineFault(f"公示的定时事件“{timer}”不存在或算不出时间。")
    _guard_start(call, date.fromisoformat(posted_on), timer)
    older = hanging(call.session, call.case.id)
    if older is not None:
        older.status, older.closed_at = "superseded", call.now
    posted = date.fromisoformat(posted_on)
    notice = Notice(
        case_id=call.case.id,
        token=call.token,
        posted_on=posted,
        closes_at=closes_at,
        place=place or "",
        contact=contact or "",
        matter=matter or "",
        basis=basis or "",
        category=category or "",
        listed=posted_list.listing(call.session, household_of(call.case), day_or_none(review)),
    )
    notice.text = paper_of(call.session, [(call.case, notice)]).text
    number = keep(call.session, notice)
    return {"id": number, "posted_on": posted.isoformat(), "closes_at": closes_at.isoformat()}


def _guard_start(call: ServiceCall, posted: date, timer: str) -> None:
    """R10: whatever was typed, the period does not begin before its own step was opened.

    A day before that is kept as it was typed when its reason is given; the diagram's timer counts from the
    step's day all the same. Raises Invalid without a reason, or when the diagram's timer would believe the
    typed day.
    """
    last = call.last_step()
    if last is None or posted >= local_date(last[0]):
        return
    earliest, reason = local_date(last[0]), str(last[1].get("early_reason") or "").strip()
    element = call.definition.elements.get(timer) if call.definition is not None else None
    counted = element is not None and bool(element.counts_from)
    if counted and reason:
        return
    sentence = f"张贴日期：不能早于 {written(earliest)}（这一步打开之日）"
    sentence += "；确实更早张贴的，请写明原因，公示期仍从这一天起算。" if counted else "。"
    raise Invalid("张贴日期早于这一步打开之日。", {"posted_on": [sentence]})


def _reopen(call: ServiceCall, result: Any) -> None:
    """The end was taken back: the notice hangs again, unless its posting is taken back as well."""
    notice = call.session.get(Notice, result["id"])
    if notice is not None and notice.status == "closed":
        notice.status, notice.closed_at = "open", None


def close_notice(call: ServiceCall) -> dict[str, Any]:
    """The notice has hung its full days, and no objection of the case is open,
    whichever notice it was raised to (R10).
    """
    notice = hanging(call.session, call.case.id)
    if notice is None:
        raise Conflict("没有正在进行的公示。")
    if OPEN_OBJECTIONS.all(call.session, case_id=call.case.id):
        raise Conflict("还有异议没有处理，公示不能结束。")
    save(call.session, notice, status="closed", closed_at=call.now)
    return {"id": notice.id, "closed_on": local_date(call.now).isoformat()}


def reopen_notice(call: ServiceCall) -> dict[str, Any]:
    """An objection of the notice's own days was entered after its end: until it is decided the notice has not
    ended (R10).
    """
    notice = last_of(call.session, call.case.id)
    if notice is None or notice.status != "closed":
        raise Conflict("没有刚结束的公示。")
    notice.status, notice.closed_at = "open", None
    return {"id": notice.id}


def _close_again(call: ServiceCall, result: Any) -> None:
    notice = call.session.get(Notice, result["id"])
    if notice is not None and notice.status == "open":
        notice.status, notice.closed_at = "closed", call.now


def _take_back_finding(call: ServiceCall, result: Any) -> None:
    """The examination was taken back: the objection is open again, and its notice hangs again."""
    objection = call.session.get(Objection, result["id"])
    if objection is not None:
        objection.status, objection.finding, objection.decided_at = "open", "", None
    ended = result.get("ended")
    notice = call.session.get(Notice, ended) if ended else None
    if notice is not None and hanging(call.session, call.case.id) is None:
        notice.status, notice.closed_at = "open", None


def decide(
    call: ServiceCall, outcome: str, finding: str | None = None, objection: int | None = None
) -> dict[str, Any]:
    """The objection under examination is decided; upheld, it ends the notice (R10).

    `objection` is the number of the one whose task this is; without it, the one that reached the case last.
    Answers with ``left``, how many objections still wait, and ``outcome`` and ``finding`` of most weight
    among those that were examined one after another.
    """
    row = _examined(call, objection)
    words = (finding or "")[:1000]
    row.status, row.finding, row.decided_at = outcome, words, call.now
    notice = hanging(call.session, call.case.id) if outcome != "dismissed" else None
    if notice is not None:
        notice.status, notice.closed_at = "superseded", call.now
    before = call.variable("objection_record") or {}
    joined = before.get("left") and _WEIGHT.get(before["outcome"], 0) > _WEIGHT.get(outcome, 0)
    return {
        "id": row.id,
        "outcome": before["outcome"] if joined else outcome,
        "finding": before["finding"] if joined else words,
        "left": len(call.pending("objection")),
        "ended": notice.id if notice is not None else None,
    }


def _examined(call: ServiceCall, objection_id: int | None) -> Objection:
    """The open objection that the task is about."""
    caught = call.variable("objection")
    if objection_id is None and isinstance(caught, dict):
        objection_id = caught.get("id")
    found = OPEN_OBJECTIONS.all(call.session, case_id=call.case.id)
    if not found:
        raise Conflict("没有待处理的异议。")
    row: Objection | None = next((one for one in found if one.id == objection_id), None)
    if row is None:
        raise Conflict("这件异议已经有了结论，请刷新页面查看。")
    return row


def leave_objections(call: ServiceCall) -> None:
    """The case has ended before a notice could hang again: what is still open is answered by its end,
    not forgotten.
    """
    left = OPEN_OBJECTIONS.all(call.session, case_id=call.case.id)
    for objection in left:
        objection.status, objection.decided_at = "moot", call.now
        objection.finding = f"事项已结束（{call.case.outcome or '没有再次公示'}），没有再次公示。"
    if left:
        text = f"{call.case.subject}户：事项已结束，{len(left)} 件异议不再核查，请向反映人说明。"
        notifications.send(call.session, call.case, "township", "objection", text, call.now)


def renewed(session: Session, case: CaseFile, instance: Instance, now: datetime) -> list[Correction]:
    """The notice hangs until the timer of the version on which the case goes on:
    its sheet is issued again (R10).

    What is posted is a promise to the village: raises Conflict when the notice would end earlier than it
    says.
    """
    notice = hanging(session, case.id)
    if notice is None:
        return []
    ends = instance.due_of(str(instance.parameter("notice.open", "timer") or ""), now)
    if ends is None:
        raise Conflict("公示正张贴着，新版没有公示的期满时间，不能迁移。")
    if ends == notice.closes_at:
        return []
    before, after = (written(local_date(end) - timedelta(days=1)) for end in (notice.closes_at, ends))
    if ends < notice.closes_at:
        raise Conflict(f"已张贴的公示写明公示到{before}，按新版{after}就要结束，不能早于张贴的日期。")

    def apply() -> None:
        notice.closes_at = ends
        notice.text = paper_of(session, [(case, notice)]).text
        text = f"{case.subject}户：公示期改为到{after}（原为{before}），请打印新的公示，更换村里张贴的一张。"
        notifications.send_each(session, case, ("village", "township"), "notice", text, now)

    return [Correction(f"须更正已张贴的公示：公示到{before}，改为到{after}", apply)]


KIT = Kit(
    case_parts={"notices": of_case},
    deliveries={OBJECTION: Delivery(deliver, hangs)},
    drawings={"notice": drafts_of},
    papers=(PaperKind("notice", "公示", "village", "village", "公示"),),
    law=(
        LegalLimit(
            "R10",
            "public_notice",
            "notice_over",
            "公示不少于 5 天",
            at_least=5,
            callers=frozenset({"identification", "risk_elimination", "rollback"}),
        ),
    ),
    services=(
        Service(
            "notice.open",
            "公示开始",
            "到图上的定时事件期满；前一份失效",
            open_notice,
            {
                "posted_on": "张贴日期",
                "timer": "到哪个定时事件期满",
                "place": "地点",
                "contact": "联系方式",
                "matter": "事由",
                "basis": "依据",
                "category": "类别",
                "review": "评议日期（人口以那一天的成员为准）",
            },
            undo=_withdraw,
        ),
        Service(
            "notice.close",
            "公示结束",
            "本事项还有未处理的异议时拒绝",
            close_notice,
            undo=_reopen,
        ),
        Service(
            "notice.reopen",
            "公示恢复",
            "期满后补登了公示期内的异议",
            reopen_notice,
            undo=_close_again,
        ),
        Service(
            "objection.decide",
            "登记异议结论",
            "正在核查的那一件异议",
            decide,
            {"outcome": "结论", "finding": "核查情况", "objection": "异议编号"},
            undo=_take_back_finding,
        ),
    ),
    receivers=(
        Receiver(
            "message",
            OBJECTION,
            {"matter": Need(TEXT), "raised_on": Need(DAY)},
        ),
    ),
    when_finished=(leave_objections,),
    when_moved=(renewed,),
)
