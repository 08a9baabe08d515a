"""Public notices and objections (R10).

How many days a notice hangs is the diagram's business; here is its record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.kit import Delivery, Kit
from engine.casework.kit.services import Correction, ServiceCall
from engine.casework.models import Account, CaseFile, Submission, WorkItem
from engine.casework.organisation import bodies, divisions
from engine.casework.papers import compose
from engine.casework.papers.drafts import Draft
from engine.casework.papers.paper import Paper
from engine.casework.step.steps import Step
from engine.casework.telling import notifications
from engine.flow.machine.instance import Instance
from engine.flow.receivers import DAY, TEXT, Need, Receiver
from engine.flow.services import Service
from engine.flow.vocabulary import LegalLimit, PaperKind
from engine.ground.clock import Clock, local_date, written
from engine.ground.database import save, write
from engine.ground.database.objects import Objects, keep
from engine.ground.errors import Conflict, EngineFault, Invalid, NotFound
from engine.ground.tables import table
from engine.prevention.models import Notice, Objection, household_of
from engine.prevention.register import listed
from engine.prevention.register import posted_lists as posted_list
from engine.prevention.register.households import CATEGORY_NAMES

_NOTICE, _OBJECTION = table(Notice), table(Objection)
_OPEN_NOTICE = Objects(
    select(_NOTICE)
    .where(_NOTICE.c.case_id == bindparam("case_id"), _NOTICE.c.status == "open")
    .order_by(_NOTICE.c.id.desc())
    .limit(1),
    [Notice],
)
_OPEN_OBJECTIONS = Objects(
    select(_OBJECTION)
    .where(_OBJECTION.c.case_id == bindparam("case_id"), _OBJECTION.c.status == "open")
    .order_by(_OBJECTION.c.id),
    [Objection],
)
_WEIGHT = {"dismissed": 0, "upheld_changed": 1, "upheld_withdrawn": 2}
"""Of several findings on one notice the one with most weight decides what becomes of the notice (R10)."""


def _open_notice(session: Session, case_id: int) -> Notice | None:
    found: Notice | None = _OPEN_NOTICE.first(session, case_id=case_id)
    return found


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
    older = _open_notice(call.session, call.case.id)
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
        listed=posted_list.listing(call.session, household_of(call.case), _day(review)),
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


def paper_of(session: Session, posted: Sequence[tuple[CaseFile, Notice]]) -> Paper:
    """The notice as it hangs in a village, for one household or several with the same terms."""
    cases = [case for case, _ in posted]
    first = posted[0][1]
    found = listed.of_cases(session, cases)
    rows = [_listed(found[case.id], case, notice) for case, notice in posted]
    code = cases[0].village_code
    book = bodies.Book(session, [code], first.posted_on)
    issuer = book.signature(code, "village")
    terms = compose.Terms(
        first.matter,
        first.basis,
        divisions.short_name(book.words(code)["village"]),
        issuer.name,
        first.posted_on,
        contact=first.contact,
        contacts=book.contacts(code),
        seal=issuer.seal,
        ends=local_date(first.closes_at) - timedelta(days=1),
    )
    return compose.notice(terms, rows)


def _listed(row: compose.Listed, case: CaseFile, notice: Notice) -> compose.Listed:
    """The household as the notice lists it: what is posted does not change with the register."""
    posted = notice.listed or {"head": row.head, "size": row.size}
    head, size = str(posted["head"]), int(str(posted["size"]))
    return replace(row, head=head, size=size, details=_category(case, notice))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _category(case: CaseFile, notice: Notice) -> dict[str, str]:
    """The category proposed, else the one that the household has."""
    label = "拟定类别" if notice.category else "类别"
    return {label: CATEGORY_NAMES.get(notice.category or household_of(case).category, "")}


def _reopen(call: ServiceCall, result: Any) -> None:
    """The end was taken back: the notice hangs again, unless its posting is taken back as well."""
    notice = call.session.get(Notice, result["id"])
    if notice is not None and notice.status == "closed":
        notice.status, notice.closed_at = "open", None


def close_notice(call: ServiceCall) -> dict[str, Any]:
    """The notice has hung its full days, and no objection of the case is open,
    whichever notice it was raised to (R10).
    """
    notice = _open_notice(call.session, call.case.id)
    if notice is None:
        raise Conflict("没有正在进行的公示。")
    if _OPEN_OBJECTIONS.all(call.session, case_id=call.case.id):
        raise Conflict("还有异议没有处理，公示不能结束。")
    save(call.session, notice, status="closed", closed_at=call.now)
    return {"id": notice.id, "closed_on": local_date(call.now).isoformat()}


def reopen_notice(call: ServiceCall) -> dict[str, Any]:
    """An objection of the notice's own days was entered after its end: until it is decided the notice has not
    ended (R10).
    """
    notice = _last_notice(call.session, call.case.id)
    if notice is None or notice.status != "closed":
        raise Conflict("没有刚结束的公示。")
    notice.status, notice.closed_at = "open", None
    return {"id": notice.id}


def _close_again(call: ServiceCall, result: Any) -> None:
    notice = call.session.get(Notice, result["id"])
    if notice is not None and notice.status == "open":
        notice.status, notice.closed_at = "closed", call.now


def _last_notice(session: Session, case_id: int) -> Notice | None:
    query = select(Notice).where(Notice.case_id == case_id).order_by(Notice.id.desc()).limit(1)
    return session.scalar(query)


def _take_back_finding(call: ServiceCall, result: Any) -> None:
    """The examination was taken back: the objection is open again, and its notice hangs again."""
    objection = call.session.get(Objection, result["id"])
    if objection is not None:
        objection.status, objection.finding, objection.decided_at = "open", "", None
    ended = result.get("ended")
    notice = call.session.get(Notice, ended) if ended else None
    if notice is not None and _open_notice(call.session, call.case.id) is None:
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
    notice = _open_notice(call.session, call.case.id) if outcome != "dismissed" else None
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
    found = _OPEN_OBJECTIONS.all(call.session, case_id=call.case.id)
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
    left = _OPEN_OBJECTIONS.all(call.session, case_id=call.case.id)
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
    notice = _open_notice(session, case.id)
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
        for queue in ("village", "township"):
            notifications.send(session, case, queue, "notice", text, now)

    return [Correction(f"须更正已张贴的公示：公示到{before}，改为到{after}", apply)]


def preview(session: Session, case: CaseFile, instance: Instance, now: datetime) -> Notice:
    """The notice as it would hang were it posted today; nothing is stored.

    Raises NotFound when there is none.
    """
    today = local_date(now)
    facts_then = {"notice": {"posted_on": today.isoformat()}}
    names = ("timer", "matter", "basis", "category", "review")
    given = {name: str(instance.parameter("notice.open", name, facts_then) or "") for name in names}
    closes_at = instance.due_of(given.pop("timer"), now, facts_then)
    if closes_at is None:
        raise NotFound("这一版流程没有公示。")
    review = _day(given.pop("review"))
    shown = Notice(case_id=case.id, posted_on=today, closes_at=closes_at, contact="", **given)
    shown.listed = posted_list.listing(session, household_of(case), review)
    return shown


def drafts_of(session: Session, kind: PaperKind, items: Sequence[WorkItem], now: datetime) -> Iterable[Draft]:
    """One notice for the households of a village that have the same terms: posted, or to be posted today."""
    hanging = latest(session, [item.case_id for item in items if item.status == "done"])
    groups: dict[tuple[object, ...], list[tuple[WorkItem, Notice]]] = {}
    for item in items:
        notice = hanging.get(item.case_id)
        if notice is None:
            notice = preview(session, item.case, Step(session, item.case, None, now).instance, now)
        terms = (
            item.village_code,
            notice.matter,
            notice.basis,
            notice.posted_on,
            notice.closes_at,
            notice.contact,
        )
        groups.setdefault(terms, []).append((item, notice))
    for group in groups.values():
        item, notice = group[0]
        paper = paper_of(session, [(one.case, posted) for one, posted in group])
        yield Draft(kind, item.village_code, notice.matter, notice.basis, paper, [one for one, _ in group])


def of_case(session: Session, case_id: int) -> Sequence[Notice]:
    """The case's notices, the first one first."""
    return session.scalars(select(Notice).where(Notice.case_id == case_id).order_by(Notice.id)).all()


def hangs(session: Session, case_id: int) -> bool:
    """Whether a notice of the case hangs: as long as one does people may object to it, be another objection
    under examination or not (R10).
    """
    return _open_notice(session, case_id) is not None


def latest(session: Session, case_ids: Sequence[int]) -> dict[int, Notice]:
    """The latest notice of each case that has one."""
    query = select(Notice).where(Notice.case_id.in_(case_ids)).order_by(Notice.id)
    return {notice.case_id: notice for notice in session.scalars(query)}


OBJECTION = "objection"
_TOO_LATE = "不能登记异议；公示结束后的情况请向乡级审核人反映。"


def raise_objection(
    session: Session,
    actor: Account,
    case_id: int,
    data: Mapping[str, Any],
    *,
    submission: int = 0,
    clock: Clock,
) -> Objection:
    """Record an objection to the case's notice and tell the case;
    it keeps the notice open until decided (R10).

    `data` is the clean data of form ``objection``: matter, raised_on (ISO), raised_by (absent when
    anonymous), late_reason; `submission` the form as it is kept. What was raised in the notice's days counts
    as raised then, as long as the step after the notice is not done, on whichever version the case runs.
    """
    raised_on = date.fromisoformat(str(data["raised_on"]))
    reason = str(data.get(acts.REASON) or "").strip()
    with write(session):
        notice = _open_notice(session, case_id)
        waiting = bool(_OPEN_OBJECTIONS.all(session, case_id=case_id))
        over, drawn = notice is None or (notice.closes_at <= clock.now() and not waiting), True
        if notice is None or over:
            notice, drawn = _just_over(session, actor, case_id, raised_on, reason, clock)
        objection = Objection(
            notice_id=notice.id,
            case_id=case_id,
            raised_by=str(data.get("raised_by") or ""),
            raised_on=raised_on,
            matter=str(data["matter"]),
            late_reason=reason,
        )
        session.add(objection)
        session.flush()
        payload = {"id": objection.id, "raised_on": raised_on.isoformat(), "matter": objection.matter}
        if not drawn:
            acts.send_belated(
                session,
                actor,
                case_id,
                OBJECTION,
                payload,
                said_on=raised_on,
                reason=reason,
                submission=submission,
                clock=clock,
            )
            return objection
        acts.send_message(session, actor, case_id, OBJECTION, payload, submission=submission, clock=clock)
        if over:
            _tell_supervisors(session, actor, objection, clock.now())
    return objection


def _just_over(
    session: Session, actor: Account, case_id: int, raised_on: date, reason: str, clock: Clock
) -> tuple[Notice, bool]:
    """The notice that has ended while the step after it is open, and whether the case's version draws how an
    objection gets there. R10: the day on which an objection was raised counts, not that of its entry.

    Raises Conflict when it was raised later or comes after that step, Invalid without a reason.
    """
    notice = _last_notice(session, case_id)
    if notice is None or notice.status not in ("open", "closed"):
        raise Conflict(f"这件事项没有正在进行的公示，{_TOO_LATE}")
    last = local_date(notice.closes_at) - timedelta(days=1)
    if raised_on > last:
        raise Conflict(f"公示已于{written(last)}期满，这一天以后提出的，{_TOO_LATE}")
    drawn = acts.let_time_pass(session, actor, case_id, OBJECTION, clock=clock)
    if not drawn and not _could_wait_again(session, actor, case_id, clock):
        raise Conflict(f"公示已于{written(last)}期满，结果已经上报，{_TOO_LATE}")
    if not reason:
        sentence = f"公示已于{written(last)}期满：公示期内提出的异议可以补登，请写明当天没有登记的原因。"
        raise Invalid("请写明当天没有登记的原因。", {acts.REASON: [sentence]})
    return notice, drawn


def _could_wait_again(session: Session, actor: Account, case_id: int, clock: Clock) -> bool:
    step = Step.on(session, case_id, actor, clock.now())
    assert step is not None  # only skip_locked answers None
    return acts.over(step, OBJECTION) is not None


def _tell_supervisors(session: Session, actor: Account, objection: Objection, now: datetime) -> None:
    step = Step.on(session, objection.case_id, actor, now)
    assert step is not None  # only skip_locked answers None
    text = (
        f"{step.case.subject}户：公示期满后补登{written(objection.raised_on)}提出的异议，"
        f"当天没有登记的原因：{objection.late_reason}"
    )[:300]
    step.tell("backdated", f"objection:{objection.id}", text)


def _deliver(session: Session, actor: Account, kept: Submission, clock: Clock) -> Objection:
    return raise_objection(session, actor, kept.case_id, kept.data, submission=kept.id, clock=clock)


KIT = Kit(
    case_parts={"notices": of_case},
    deliveries={OBJECTION: Delivery(_deliver, hangs)},
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
