"""Somebody has found a mistake in the register, and asks that it be put right, with a reason (R38, R41)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.casework.organisation import access
from engine.casework.telling import notifications
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.models import Correction, Household, RiskClue
from engine.prevention.records.conditions import (
    require_cancellable,
    require_late_enough,
    require_mergeable,
    require_on_register,
    require_there,
)
from engine.prevention.records.consequences import CLUE, GONE, JOIN, MERGE, SPLIT
from engine.prevention.records.corrections import KINDS, log
from engine.prevention.register import persons
from engine.prevention.register.members import regrouping

ASKERS = frozenset(access.QUEUE_OF_ROLE)


def ask_merge(
    session: Session, actor: Account, household_id: int, into: str, reason: str, *, clock: Clock
) -> Correction:
    """Ask that a record be merged into another, named by its number or by an ID number.

    Raises Invalid, NotFound …
    """
    with write(session):
        household, successor = _reached(session, actor, household_id), _named(session, actor, into)
        require_mergeable(session, household, successor)
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
        require_cancellable(session, clue)
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
        require_there(session, household)
        require_late_enough(session, household, day)
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
        require_on_register(household)
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
        require_mergeable(session, household, successor)
        row = Correction(
            kind=JOIN, household_id=household.id, into_id=successor.id, village_code=household.village_code
        )
        return _ask(session, actor, row, household, reason, clock.now())


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
    log(session, actor, row, "correction_asked", now)
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
