"""Putting the register right: two records of one household become one,
a clue that was wrong is cancelled (R38, R41).

Whoever finds the mistake asks, with a reason; a second person of a higher level, who has read what follows,
agrees or refuses. Nothing is deleted: the merged record points to its successor, the cancelled clue stays in
the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, joinedload

from engine.casework import acts, audit
from engine.casework.acts import openings
from engine.casework.models import Account, CaseFile
from engine.casework.organisation import access
from engine.casework.telling import notifications
from engine.flow.history import lines
from engine.ground import text
from engine.ground.clock import Clock, local_date, written
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.paging import Page, page_of
from engine.prevention.assistance import measures, officials
from engine.prevention.identification import clues
from engine.prevention.models import (
    BatchEntry,
    Correction,
    Household,
    Measure,
    Member,
    Notice,
    Objection,
    RiskClue,
    household_of,
)
from engine.prevention.records.consequences import (
    CLUE,
    GONE,
    JOIN,
    MERGE,
    SPLIT,
    WATCHED,
    _parts,
    ends_with,
    moving_clues,
    open_cases,
    open_measures,
)
from engine.prevention.register import households, member_history, persons, posted_lists
from engine.prevention.register.member_history import Recorder
from engine.prevention.register.members import regrouping
from engine.prevention.screening import following
from engine.prevention.transfers import offers

KINDS = {MERGE: "合并重复登记的农户", CLUE: "撤销错误的线索", GONE: "全户不在册", SPLIT: "分户", JOIN: "并户"}
STATUS = {"asked": "等待第二人核对", "done": "已办理", "refused": "不同意"}
ASKERS = frozenset(access.QUEUE_OF_ROLE)
DECIDERS = {
    MERGE: frozenset({"county_approver", "city_reviewer", "province_reviewer"}),
    GONE: frozenset({"township_reviewer", "county_approver", "city_reviewer", "province_reviewer"}),
    SPLIT: frozenset({"township_reviewer", "county_approver", "city_reviewer", "province_reviewer"}),
    JOIN: frozenset({"township_reviewer", "county_approver", "city_reviewer", "province_reviewer"}),
    CLUE: frozenset({"township_reviewer", "county_approver", "city_reviewer", "province_reviewer"}),
}
"""Whose second look each correction needs, over every place that it touches."""
ENDING = frozenset({MERGE, JOIN, GONE})
"""After which the record is none of the register any more."""
_KEPT = ("monitored", "eliminated", "cleared")
"""What a record that goes on must be where the one that ends is: its dates are the law's."""


# -- asking ----------------------------------------------------------------------------------------


def ask_merge(
    session: Session, actor: Account, household_id: int, into: str, reason: str, *, clock: Clock
) -> Correction:
    """Ask that a record be merged into another, named by its number or by an ID number.

    Raises Invalid, NotFound …
    """
    with write(session):
        household, successor = _reached(session, actor, household_id), _named(session, actor, into)
        _require_mergeable(session, household, successor)
        row = Correction(
            kind=MERGE, household_id=household.id, into_id=successor.id, village_code=household.village_code
        )
        return _ask(session, actor, row, household, reason, clock.now())


def ask_cancel(session: Session, actor: Account, clue_id: int, reason: str, *, clock: Clock) -> Correction:
    """Ask that a clue be cancelled because it was wrong. Raises NotFound, Invalid or Conflict."""
    with write(session):
        clue = session.get(RiskClue, clue_id)
        if clue is None:
            raise NotFound("没有找到这条线索。")
        household = _reached(session, actor, clue.household_id)
        _require_cancellable(session, clue)
        row = Correction(
            kind=CLUE, household_id=household.id, clue_id=clue.id, village_code=household.village_code
        )
        return _ask(session, actor, row, household, reason, clock.now())


def ask_gone(
    session: Session, actor: Account, household_id: int, how: str, on: str, reason: str, *, clock: Clock
) -> Correction:
    """Say that all people of a household have died or moved out of the register since the day `on`.

    Raises Invalid, NotFound or Conflict.
    """
    day, today = text.day(on), local_date(clock.now())
    if how not in ("death", "move_out"):
        raise Invalid("请选择是全户死亡还是全户迁出。", {"how": ["请选择是全户死亡还是全户迁出。"]})
    if day is None or day > today:
        raise Invalid("请填今天以前的一天。", {"on": ["日期：请填今天以前的一天。"]})
    with write(session):
        household = _reached(session, actor, household_id)
        _require_there(session, household)
        _require_late_enough(session, household, day)
        row = Correction(kind=GONE, household_id=household.id, village_code=household.village_code)
        row.data = {"how": how, "on": day.isoformat()}
        return _ask(session, actor, row, household, reason, clock.now())


def ask_split(
    session: Session,
    actor: Account,
    household_id: int,
    keys: Sequence[str],
    head: str,
    address: str,
    reason: str,
    *,
    clock: Clock,
) -> Correction:
    """Ask that some of a household's people, by their keys, become one of their own under one of them.

    Raises Invalid, NotFound or Conflict.
    """
    with write(session):
        household = _reached(session, actor, household_id)
        _require_on_register(household)
        regrouping.parted(session, household, keys, head)
        row = Correction(kind=SPLIT, household_id=household.id, village_code=household.village_code)
        row.data = {"members": list(keys), "head": head, "address": text.line(address)[:200]}
        return _ask(session, actor, row, household, reason, clock.now())


def ask_join(
    session: Session, actor: Account, household_id: int, into: str, reason: str, *, clock: Clock
) -> Correction:
    """Ask that all people of a household go over to another, named by its number or by an ID number.

    Raises Invalid, NotFound or Conflict.
    """
    with write(session):
        household, successor = _reached(session, actor, household_id), _named(session, actor, into)
        _require_mergeable(session, household, successor)
        row = Correction(
            kind=JOIN, household_id=household.id, into_id=successor.id, village_code=household.village_code
        )
        return _ask(session, actor, row, household, reason, clock.now())


def _require_on_register(household: Household) -> None:
    if household.merged_into_id is not None or household.status == "gone":
        raise Conflict("这户已经不在册了。")


def _require_there(session: Session, household: Household) -> None:
    _require_on_register(household)
    for case in open_cases(session, household.id):
        _require_endable(session, case)


def _require_late_enough(session: Session, household: Household, day: date) -> None:
    """Nobody died or left before being born, or before the day of coming to the household."""
    last = member_history.latest_coming(session, household.id)
    if last is not None and day < last:
        sentence = f"有成员{written(last)}才出生或来到这户，不能早于这一天。"
        raise Invalid(sentence, {"on": [f"日期：{sentence}"]})


def _ask(
    session: Session, actor: Account, row: Correction, household: Household, reason: str, now: datetime
) -> Correction:
    row.reason = _reason(reason)
    same = select(Correction.id).where(
        Correction.kind == row.kind,
        Correction.status == "asked",
        Correction.household_id == row.household_id,
        Correction.clue_id.is_(None) if row.clue_id is None else Correction.clue_id == row.clue_id,
    )
    if session.scalar(same.limit(1)) is not None:
        raise Conflict("已有人提出同样的更正，正在等待第二人核对。")
    row.asked_by, row.asked_at = actor.id, now
    session.add(row)
    session.flush()
    _log(session, actor, row, "correction_asked", now)
    words = f"{household.head_name}户：{actor.name}提出{KINDS[row.kind]}（{row.reason}），请核对。"
    for queue in ("county",) if row.kind == MERGE else ("township", "county"):
        notifications.send_about(session, household, queue, "correction", words, now)
    return row


def _reason(typed: str) -> str:
    reason = text.paragraphs(typed)
    if not 2 <= len(reason) <= 400:
        raise Invalid("请写明原因。", {"reason": ["原因：请写 2 到 400 字。"]})
    return reason


def _reached(session: Session, actor: Account, household_id: int) -> Household:
    household = session.get(Household, household_id)
    if household is None or not access.reaches(actor, household.village_code):
        raise NotFound("没有找到这户人家。")
    if not access.reaches(actor, household.village_code, ASKERS):
        raise NotAllowed("更正由经办的单位提出。")
    return household


def _named(session: Session, actor: Account, typed: str) -> Household:
    number = text.identity(typed)
    by_number = select(Household).where(Household.number == text.half(typed))
    found = session.scalar(by_number) or (
        session.scalar(select(Household).where(persons.holding(number)).limit(1)) if number else None
    )
    if found is None or not access.reaches(actor, found.village_code):
        sentence = "您负责的范围内没有这户：请填户编号，或其中一人的证件号码；跨地方的由上级办理。"
        raise Invalid(sentence, {"into": [f"保留的一户：{sentence}"]})
    return found


def _require_mergeable(session: Session, household: Household, successor: Household) -> None:
    if household.id == successor.id:
        raise Invalid("不能并入它自己。", {"into": ["保留的一户：不能是这一户自己。"]})
    if household.merged_into_id or successor.merged_into_id:
        raise Conflict("其中一户已经并入别户。")
    if "gone" in (
        household.status,
        successor.status,
    ):  # R41: nobody's people, nor clues, go to a closed record
        raise Conflict("其中一户全户已不在册：有人回来的，先在“成员变动”里撤销。")
    if household.status in _KEPT and successor.status != household.status:
        name = households.STATUS_NAMES[household.status]
        raise Invalid(
            f"这一户是{name}，保留的一户不是：请反过来，把另一户并入这一户。",
            {"into": [f"保留的一户：不是{name}。"]},
        )
    for case in open_cases(session, household.id):
        _require_endable(session, case)


def _require_cancellable(session: Session, clue: RiskClue) -> None:
    if clue.cancelled_at is not None:
        raise Conflict("这条线索已经撤销。")
    if (case := ends_with(session, clue)) is not None:
        _require_endable(session, case)


def _require_endable(session: Session, case: CaseFile) -> None:
    """What others are owed is settled first: an objection that is being looked into,
    a list that has gone up.
    """
    name = case.version.procedure.name
    objection = select(Objection.id).where(Objection.case_id == case.id, Objection.status == "open")
    if session.scalar(objection.limit(1)) is not None:
        raise Conflict(f"正在办理的“{name}”有异议没有核查完，核查后才能更正。")
    entry = select(BatchEntry.id).where(
        BatchEntry.case_id == case.id, BatchEntry.result.in_(("waiting", "agreed"))
    )
    if session.scalar(entry.limit(1)) is not None:
        raise Conflict(f"正在办理的“{name}”已列入申请批次，批次有了结果才能更正。")


# -- what follows ----------------------------------------------------------------------------------


# -- deciding --------------------------------------------------------------------------------------


@whole
def decide(
    session: Session, actor: Account, correction_id: int, agrees: bool, note: str = "", *, clock: Clock
) -> Correction:
    """The second person agrees, and it is done at once, wholly; or refuses, with a note.

    Raises NotFound, NotAllowed (the one who asked, or no reach), Invalid (no note) or Conflict (decided, or
    no longer so).
    """
    now, note = clock.now(), text.paragraphs(note)[:400]
    if not agrees and not note:
        raise Invalid("不同意须写明原因。", {"note": ["意见：不同意须写明原因。"]})
    with write(session):
        found = get(session, actor, correction_id)
        for household_id in sorted({found.household_id, found.into_id or found.household_id}):
            households.locked(session, household_id)
        row = session.get_one(Correction, correction_id, with_for_update=True, populate_existing=True)
        if row.status != "asked":
            raise Conflict("这项更正已经有人核对过了。")
        if not may_decide(session, actor, row):
            raise NotAllowed("更正须由提出人以外、管辖所涉各处的上级人员核对。")
        row.decided_by, row.decided_at, row.note, row.status = (
            actor.id,
            now,
            note,
            "done" if agrees else "refused",
        )
        if agrees:
            _DOING[row.kind](session, actor, row, now)
        _log(session, actor, row, "correction_done" if agrees else "correction_refused", now)
        _tell(session, row, now)
        for other in _overtaken(session, row) if agrees else ():
            other.decided_by, other.decided_at, other.status = actor.id, now, "refused"
            other.note = "同一更正已经办理，这一项不再需要。"
            _log(session, actor, other, "correction_refused", now)
            _tell(session, other, now)
    return row


def _overtaken(session: Session, row: Correction) -> Sequence[Correction]:
    """What others asked, and can no longer be done: anything of a record that is no more, and of a clue that
    is cancelled.
    """
    gone = (Correction.household_id == row.household_id) | (Correction.into_id == row.household_id)
    same = (Correction.clue_id == row.clue_id) if row.kind == CLUE else gone & (Correction.kind != CLUE)
    query = select(Correction).where(same, Correction.status == "asked")
    if row.kind not in ENDING:
        query = query.where(Correction.kind == row.kind)
    return list(session.scalars(query.where(Correction.id != row.id).order_by(Correction.id)))


def may_decide(session: Session, actor: Account, row: Correction) -> bool:
    """Whether the actor is a second person for it: not the one who asked,
    and over every place that it touches.
    """
    places = [row.household.village_code]
    if row.into_id is not None:
        places.append(session.get_one(Household, row.into_id).village_code)
    return actor.id != row.asked_by and all(
        access.reaches(actor, place, DECIDERS[row.kind]) for place in places
    )


def get(session: Session, actor: Account, correction_id: int) -> Correction:
    """The correction. Raises NotFound outside the actor's reach."""
    row = session.get(Correction, correction_id)
    if row is None or not access.reaches(actor, row.household.village_code):
        raise NotFound("没有找到这项更正。")
    return row


def of_household(session: Session, household_id: int) -> Sequence[Correction]:
    """All corrections that touch a household, latest first."""
    touched = (Correction.household_id == household_id) | (Correction.into_id == household_id)
    return list(session.scalars(select(Correction).where(touched).order_by(Correction.id.desc())))


def people(session: Session, rows: Sequence[Correction]) -> dict[int, str]:
    """The names of who asked and who decided, by account."""
    wanted = {row.asked_by for row in rows} | {row.decided_by for row in rows}
    return {
        row.id: row.name
        for row in session.execute(select(Account.id, Account.name).where(Account.id.in_(wanted)))
    }


def listing(session: Session, actor: Account, status: str = "asked", page: int = 1) -> Page[Correction]:
    """The corrections in the actor's reach, latest first."""
    query = select(Correction).where(access.within(Correction.village_code, access.scopes(actor)))
    query = query.where(Correction.status == status) if status in STATUS else query
    ordered = query.order_by(Correction.id.desc()).options(joinedload(Correction.household))
    return page_of(session, query, ordered, page)


def _merge(session: Session, actor: Account, row: Correction, now: datetime) -> None:
    household, successor = row.household, session.get_one(Household, row.into_id)
    _require_mergeable(session, household, successor)
    moving = moving_clues(session, household.id)
    for clue in moving:  # before the cases end: what they held would be placed at the record that is no more
        clue.household_id, clue.village_code = successor.id, successor.village_code
        clue.case_id, clue.held = None, False
    session.flush()
    for case in open_cases(session, household.id):
        _end(session, actor, case, f"并入{successor.head_name}户", row, now)
    session.execute(update(Member).where(Member.household_id == household.id).values(person=None))
    values = {"household_id": successor.id, "village_code": successor.village_code}
    session.execute(update(Measure).where(open_measures(household.id)).values(**values))
    if (official := officials.in_office(session, household.id)) is not None:
        official.until = local_date(now)
    household.merged_into_id, household.status, household.updated_at = successor.id, "merged", now
    offers.void(session, actor, household.id, f"这户已并入{successor.head_name}户。", now)
    following.merged(session, household.id, successor.id, successor.village_code, now)
    for clue in moving:
        clues.place(session, actor, successor, clue, now)


def _join(session: Session, actor: Account, row: Correction, now: datetime) -> None:
    """Two households become one (domain S11): the people go over, then the record ends as at a merge."""
    household, successor = row.household, session.get_one(Household, row.into_id)
    _require_mergeable(session, household, successor)
    by = Recorder(actor.id, now, member_history.new_act(), row.reason[:400])
    regrouping.join(session, household, successor, by)
    _merge(session, actor, row, now)
    posted_lists.tell(session, actor, successor, f"并户：{household.head_name}户", local_date(now), now)


def _split(session: Session, actor: Account, row: Correction, now: datetime) -> None:
    """One household becomes two (domain S11): what runs stays with the one; where that was watched over,
    the other is looked at at once.
    """
    household = row.household
    _require_on_register(household)
    parts = _parts(session, row)
    fresh = households.beside(session, household, str(parts[1][0]["name"]), str(row.data["address"]), now)
    by = Recorder(actor.id, now, member_history.new_act(), row.reason[:400])
    regrouping.split(session, household, fresh, parts, by)
    row.into_id, household.updated_at = fresh.id, now
    session.flush()
    said = f"分户：{fresh.head_name}户分出"
    posted_lists.tell(session, actor, household, said, local_date(now), now)
    if household.status in WATCHED:
        clue = RiskClue(
            household_id=fresh.id,
            village_code=fresh.village_code,
            channel="cadre_check",
            discovered_on=local_date(now),
            finder=actor.name,
            description=f"由{households.STATUS_NAMES[household.status]}{household.head_name}户分出",
            risks=list(household.risks),
            entered_by=row.asked_by,
            entered_at=now,
        )
        clues.place(session, actor, fresh, clue, now)


def _go(session: Session, actor: Account, row: Correction, now: datetime) -> None:
    """The whole household is gone (S11): its open cases end as their diagrams say, and where an earlier
    version's says nothing, with the record.
    """
    household, how, on = row.household, str(row.data["how"]), date.fromisoformat(str(row.data["on"]))
    _require_there(session, household)
    _require_late_enough(session, household, on)
    by = Recorder(actor.id, now, member_history.new_act(), row.reason[:400])
    for one in member_history.present(session, household.id):
        member_history.note(session, household.id, how, on, one, {}, by)
    member_history.write(session, household, [])
    row.data = {**row.data, "act": by.act, "was": household.status}
    if household.status == "identifying":
        row.data = {**row.data, "was": "ordinary"}
    household.status, household.updated_at = "gone", now
    for measure in session.scalars(select(Measure).where(open_measures(household.id))):
        measures.cancel_reminder(session, measure)
        measure.status = "stopped"
    if (official := officials.in_office(session, household.id)) is not None:
        official.until = local_date(now)
    # before the cases end: what they held would open an identification of nobody
    waiting = update(RiskClue).where(RiskClue.household_id == household.id, RiskClue.held.is_(True))
    session.execute(waiting.values(held=False))
    session.flush()
    payload, name = {"on": on.isoformat()}, f"全户{member_history.KINDS[how]}"
    acts.tell_subject(session, actor, household.id, posted_lists.GONE, payload, now, besides=0, words=name)
    for case in open_cases(session, household.id):
        _end(session, actor, case, name, row, now)
    offers.void(session, actor, household.id, f"{name}。", now)
    following.gone(session, household.id, now)
    still = update(Notice).where(Notice.case_id.in_(_cases_of(household.id)), Notice.status == "open")
    session.execute(still.values(status="withdrawn", closed_at=now))
    household.status = "gone"  # whatever the ends of its cases said


def _cases_of(household_id: int) -> Select[Any]:
    return select(CaseFile.id).where(CaseFile.subject_id == household_id)


def _cancel(session: Session, actor: Account, row: Correction, now: datetime) -> None:
    clue = session.get_one(RiskClue, row.clue_id)
    _require_cancellable(session, clue)
    ends = ends_with(session, clue)
    clue.cancelled_at = now
    session.flush()
    if ends is not None:
        _end(session, actor, ends, "线索有误，已撤销", row, now)
    elif clue.case_id is not None:
        clues.count_anew(session, actor, session.get_one(CaseFile, clue.case_id), now)


def _end(
    session: Session, actor: Account, case: CaseFile, outcome: str, row: Correction, now: datetime
) -> None:
    notices = update(Notice).where(Notice.case_id == case.id, Notice.status == "open")
    session.execute(notices.values(status="withdrawn", closed_at=now))
    line = lines.Cancelled(correction=row.id, reason=row.reason, name=outcome)
    openings.end_case(session, case, actor, now, outcome, line)
    if household_of(case).status == "identifying" and case.procedure_key == clues.PROCEDURE:
        household_of(case).status = "ordinary"


_DOING = {MERGE: _merge, CLUE: _cancel, GONE: _go, SPLIT: _split, JOIN: _join}
"""What is done when the second person agrees."""


def _log(session: Session, actor: Account, row: Correction, kind: str, now: datetime) -> None:
    details = {
        "correction": row.id,
        "kind": row.kind,
        "household": row.household_id,
        "into": row.into_id,
        "clue": row.clue_id,
        "reason": row.reason,
        "note": row.note or "",
    }
    audit.record(session, "access", actor.id, kind, details, now)


def _tell(session: Session, row: Correction, now: datetime) -> None:
    words = f"{row.household.head_name}户：{KINDS[row.kind]}，{STATUS[row.status]}。{row.note}"
    touched = [row.household, *([session.get_one(Household, row.into_id)] if row.into_id else [])]
    for household in touched:
        for queue in ("village", "township"):
            notifications.send_about(session, household, queue, "correction", words, now)
