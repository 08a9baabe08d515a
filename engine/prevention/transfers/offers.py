"""The acts of a transfer: a household is offered; the other place accepts or refuses it, or it is taken back.

Until it is accepted all stays at home and the limits run on; from then on it is the other place's (`moving`).
Whoever offered never accepts (R38).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, CaseFile, Division
from engine.casework.organisation import access, divisions
from engine.casework.telling import notifications
from engine.ground import text
from engine.ground.clock import Clock, local_date, written_moment
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.models import ApplicationBatch, BatchEntry, Household, Transfer
from engine.prevention.register.households import finding as households
from engine.prevention.transfers import moving

STATUS = {
    "offered": "等待接收",
    "accepted": "已接收",
    "refused": "不接收",
    "taken_back": "已撤回",
    "moot": "已失效",
}
COUNTY = frozenset({"county_approver"})
TOWNSHIP = frozenset({"township_reviewer"})
OFFERERS = COUNTY | TOWNSHIP
DECIDERS = {"township": OFFERERS, "county": COUNTY}
"""Who takes a household over, by the level of the desk: within one county the township or the county,
between two counties the county.
"""
REMINDERS = (3, 7)
"""Days after an offer on which both sides hear that nobody has answered it; after the last, every so many."""
HOME = ("village", "township", "county")
"""The desks at home that hear of it: each may have work with the household."""
_GONE = ("merged", "gone")
"""Statuses of a record that is no household of the register any more."""


# -- offering --------------------------------------------------------------------------------------


@whole
def offer(
    session: Session, actor: Account, household_id: int, place: str, reason: str, *, clock: Clock
) -> Transfer:
    """Offer a household to the village whose code is `place`.

    Raises NotFound, NotAllowed, Invalid (no such village, the same one, no reason) or Conflict (offered
    already, merged, on a list that went up).
    """
    now = clock.now()
    with write(session):
        household = _at_home(session, actor, household_id)
        target, reason = _read(session, actor, household, place, reason, local_date(now))
        _require_on_register(household)
        _require_movable(session, household, target)
        if (other := waiting(session, household.id)) is not None:
            path = divisions.get(session, other.to_code).path
            raise Conflict(f"这户已提出移交到{path}，正在等待接收；要改移别处，请先撤回。")
        row = Transfer(
            household_id=household.id,
            from_code=household.village_code,
            to_code=target.code,
            level="township" if _same(household.village_code, target.code, "county") else "county",
            head_name=household.head_name,
            reason=reason,
            offered_by=actor.id,
            offered_at=now,
            remind_on=local_date(now) + timedelta(days=REMINDERS[0]),
        )
        session.add(row)
        session.flush()
        _log(session, row, actor, "transfer_offered", now)
        _tell_offered(session, row, household, target, now)
    return row


def may_offer(actor: Account, village_code: str) -> bool:
    """Whether the actor may offer households of the village: a county to anywhere,
    a township within itself.
    """
    return access.reaches(actor, village_code, OFFERERS)


def _at_home(session: Session, actor: Account, household_id: int) -> Household:
    household = session.get(Household, household_id)
    if household is None or not access.reaches(actor, household.village_code):
        raise NotFound("没有找到这户人家。")
    household = households.locked(session, household.id)
    if not access.reaches(actor, household.village_code):
        raise NotFound("没有找到这户人家。")
    if not may_offer(actor, household.village_code):
        raise NotAllowed("移交由县级提出；在本乡镇范围内的，乡级也可以提出。")
    return household


def _read(
    session: Session, actor: Account, household: Household, place: str, reason: str, today: date
) -> tuple[Division, str]:
    """Where to and why. Raises Invalid with the sentences at both fields."""
    wrong, target, why = {}, None, text.paragraphs(reason)
    if not 2 <= len(why) <= 400:
        wrong["reason"] = ["原因：请写 2 到 400 字，说明为什么移交。"]
    try:
        target = divisions.get(session, place)
        sentence = _unfit(actor, household, target, today)
    except Invalid as error:
        sentence = error.message
    if sentence:
        wrong["village_code"] = [f"接收的村：{sentence}"]
    if wrong or target is None:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    return target, why


def _unfit(actor: Account, household: Household, target: Division, today: date) -> str:
    """Why the household cannot be offered there by the actor; '' when it can."""
    if target.level != "village":
        return "请选择到村（社区）。"
    if target.valid_to is not None:
        return "这个村已经撤销，请选择现在的村。"
    if target.code == household.village_code:
        return "这户已经在这个村。"
    within = access.reaches(actor, household.village_code, TOWNSHIP) and _same(
        household.village_code, target.code, "township"
    )
    if within or access.reaches(actor, household.village_code, COUNTY):
        return ""
    return "移交到别的乡镇由县级提出，乡级只在本乡镇范围内移交。"


def _require_on_register(household: Household) -> None:
    if household.merged_into_id is not None:
        raise Conflict("这户已并入另一户，移交保留的那一户。")
    if household.status in _GONE:
        raise Conflict("这户已不在册，不能移交。")


def _require_movable(session: Session, household: Household, target: Division) -> None:
    """An application that a county or city has signed and sent up is not another one's to follow (R28)."""
    query = (
        select(ApplicationBatch)
        .join(ApplicationBatch.entries)
        .join(CaseFile, CaseFile.id == BatchEntry.case_id)
        .where(
            CaseFile.subject_id == household.id,
            CaseFile.status == "open",
            BatchEntry.result.in_(("waiting", "agreed")),
        )
    )
    for batch in session.scalars(query.order_by(ApplicationBatch.id)):
        if not access.scope_of(batch.division_code).holds(target.code):
            raise Conflict(f"这户已列入申请批次“{batch.number}”，批次有了结果才能移交到外地。")


# -- deciding --------------------------------------------------------------------------------------


@whole
def accept(session: Session, actor: Account, transfer_id: int, note: str = "", *, clock: Clock) -> Transfer:
    """Take the household over: it and everything that runs for it is the other place's from now on.

    Raises NotFound, NotAllowed (who offered it, or no desk that decides) or Conflict (decided already).
    """
    now, note = clock.now(), text.paragraphs(note)[:400]
    with write(session):
        row, household = _undecided(session, actor, transfer_id)
        _require_decider(actor, row)
        _require_on_register(household)
        if household.village_code != row.from_code:
            raise Conflict("这户已经不在原来的村，不能按这次移交接收。")
        target = divisions.get(session, row.to_code)
        if target.valid_to is not None:
            raise Conflict("接收的村已经撤销，请不接收，由对方重新提出。")
        _require_movable(session, household, target)
        moving.move(session, actor, household, target, row.reason, now)
        _decide(session, row, actor, "accepted", note, now)
        words = f"{row.head_name}户已由{target.path}接收，档案和正在办理的事项一并移交。"
        for queue in HOME:
            notifications.send_place(session, row.from_code, queue, "transfer", words, now)
        words = f"{row.head_name}户已移交到本地，档案和正在办理的事项一并移交：{row.reason}"
        for queue in ("village", *_receiving(row)):
            notifications.send_about(session, household, queue, "transfer", words, now)
    return row


@whole
def refuse(session: Session, actor: Account, transfer_id: int, note: str, *, clock: Clock) -> Transfer:
    """Do not take it over, and say why: it stays where it is.

    Raises as `accept`, and Invalid without a reason.
    """
    now, note = clock.now(), text.paragraphs(note)
    with write(session):
        row, household = _undecided(session, actor, transfer_id)
        _require_decider(actor, row)
        if not 2 <= len(note) <= 400:
            raise Invalid("不接收须写明原因。", {"note": ["意见：不接收须写明原因，2 到 400 字。"]})
        _decide(session, row, actor, "refused", note, now)
        path = divisions.get(session, row.to_code).path
        words = f"{row.head_name}户：{path}不接收移交，仍由本地办理。原因：{note}"
        for queue in HOME:
            notifications.send_about(session, household, queue, "transfer", words, now)
    return row


@whole
def take_back(
    session: Session, actor: Account, transfer_id: int, note: str = "", *, clock: Clock
) -> Transfer:
    """Whoever could have offered it takes the offer back before it is accepted.

    Raises NotFound, NotAllowed or Conflict (decided already).
    """
    now, note = clock.now(), text.paragraphs(note)[:400]
    with write(session):
        row, household = _undecided(session, actor, transfer_id)
        if not may_take_back(actor, row):
            raise NotAllowed("移交由提出的一方撤回。")
        _decide(session, row, actor, "taken_back", note, now)
        _tell_receivers(session, row, f"撤回了移交{masked_head(row)}的提议，不用再办。", now)
        words = f"{row.head_name}户：移交已撤回，仍由本地办理。"
        for queue in HOME:
            notifications.send_about(session, household, queue, "transfer", words, now)
    return row


def void(session: Session, actor: Account | None, household_id: int, why: str, now: datetime) -> None:
    """What was offered is no more what it was: an offer that waits is moot, and both sides hear why.

    The caller is inside a write transaction that holds the household.
    """
    row = waiting(session, household_id)
    if row is None:
        return
    _decide(session, row, actor, "moot", why, now)
    _tell_receivers(session, row, f"提出移交的{masked_head(row)}已不需要接收：{why}", now)
    words = f"{row.head_name}户：移交不再有效，{why}"
    for queue in HOME:
        notifications.send_about(session, row.household, queue, "transfer", words, now)


def may_decide(actor: Account, row: Transfer) -> bool:
    """Whether the actor may accept or refuse it: of the desk that it was offered to,
    and not who offered it.
    """
    return actor.id != row.offered_by and access.reaches(actor, row.to_code, DECIDERS[row.level])


def may_take_back(actor: Account, row: Transfer) -> bool:
    """Whether the actor may take it back: who could have offered it."""
    within = _same(row.from_code, row.to_code, "township")
    return access.reaches(actor, row.from_code, OFFERERS if within else COUNTY)


def waiting(session: Session, household_id: int) -> Transfer | None:
    """The offer of the household that nobody has answered yet."""
    query = select(Transfer).where(Transfer.household_id == household_id, Transfer.status == "offered")
    return session.scalar(query.execution_options(populate_existing=True))


def masked_head(row: Transfer) -> str:
    """How the other place may name the household before it has taken it over."""
    return f"{row.head_name[:1]}**户"


def _undecided(session: Session, actor: Account, transfer_id: int) -> tuple[Transfer, Household]:
    """The offer and its household, both locked.

    Raises NotFound, where the actor may not know of it, and Conflict once it is decided.
    """
    row = session.get(Transfer, transfer_id)
    if row is None or not (access.reaches(actor, row.from_code) or _told(actor, row)):
        raise NotFound("没有找到这项移交。")
    household = households.locked(session, row.household_id)
    row = session.get_one(Transfer, transfer_id, with_for_update=True, populate_existing=True)
    if row.status != "offered":
        who = session.get(Account, row.decided_by) if row.decided_by else None
        when = f"于{written_moment(row.decided_at)}" if row.decided_at else ""
        verb = {"accepted": "接收", "refused": "答复不接收", "taken_back": "撤回"}.get(row.status)
        sentence = f"这项移交已由{who.name if who else '系统'}{when}{verb}" if verb else "这项移交已失效"
        raise Conflict(f"{sentence}，请刷新页面查看。")
    return row, household


def _told(actor: Account, row: Transfer) -> bool:
    return access.reaches(actor, row.to_code, DECIDERS[row.level])


def _require_decider(actor: Account, row: Transfer) -> None:
    if actor.id == row.offered_by:
        raise NotAllowed("提出移交的人不能自己接收，请由接收一方的另一人办理。")
    if not may_decide(actor, row):
        raise NotAllowed("这项移交由接收的一方办理。")


def _decide(
    session: Session, row: Transfer, actor: Account | None, status: str, note: str, now: datetime
) -> None:
    row.status, row.note = status, note[:500]
    row.decided_by, row.decided_at = actor.id if actor else None, now
    session.flush()
    _log(session, row, actor, f"transfer_{status}", now)


# -- telling ---------------------------------------------------------------------------------------


def _tell_offered(
    session: Session, row: Transfer, household: Household, target: Division, now: datetime
) -> None:
    words = f"{row.head_name}户已提出移交到{target.path}，等待接收；接收以前仍由本地办理，期限照常计算。"
    for queue in HOME:
        notifications.send_about(session, household, queue, "transfer", words, now)
    _tell_receivers(session, row, f"提出移交{masked_head(row)}，请接收或者答复不接收。", now)


def _tell_receivers(session: Session, row: Transfer, words: str, now: datetime) -> None:
    """A line for the desks that decide; it names nobody, and no page of the household."""
    home = divisions.get(session, row.from_code).path
    for queue in _receiving(row):
        notifications.send_place(session, row.to_code, queue, "transfer", home + words, now)


def _receiving(row: Transfer) -> tuple[str, ...]:
    return ("township", "county") if row.level == "township" else ("county",)


def remind(session: Session, row: Transfer, now: datetime) -> None:
    """Both sides hear that an offer waits; and on which day again."""
    days = (local_date(now) - local_date(row.offered_at)).days
    _tell_receivers(
        session, row, f"提出移交{masked_head(row)}已 {days} 天没有答复，请接收或者答复不接收。", now
    )
    words = f"{row.head_name}户提出移交已 {days} 天，对方没有答复；可以催请对方，或者撤回。"
    for queue in ("township", "county") if _same(row.from_code, row.to_code, "township") else ("county",):
        notifications.send_about(session, row.household, queue, "transfer", words, now)
    row.remind_on = local_date(row.offered_at) + timedelta(days=_next(days))


def _next(days: int) -> int:
    """The day, counted from the offer, of the reminder after day `days`."""
    last = REMINDERS[-1]
    return next((one for one in REMINDERS if one > days), (days // last + 1) * last)


def _same(one: str, other: str, level: str) -> bool:
    return access.ancestor(one, level) == access.ancestor(other, level)


def _log(session: Session, row: Transfer, actor: Account | None, kind: str, now: datetime) -> None:
    details = {
        "transfer": row.id,
        "household": row.household_id,
        "village": row.from_code,
        "target": row.to_code,
        "reason": row.reason,
        "note": row.note or "",
    }
    audit.record(session, "access", actor.id if actor else None, kind, details, now)
