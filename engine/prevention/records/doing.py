"""What a correction does to the register once two people have agreed (R38, R41)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.acts import openings
from engine.casework.models import Account, CaseFile
from engine.flow.history import lines
from engine.ground.clock import local_date
from engine.prevention.assistance import measures, officials
from engine.prevention.identification import clues
from engine.prevention.models import Correction, Household, Measure, Member, Notice, RiskClue, household_of
from engine.prevention.records.conditions import (
    require_cancellable,
    require_late_enough,
    require_mergeable,
    require_on_register,
    require_there,
)
from engine.prevention.records.consequences import (
    CLUE,
    GONE,
    JOIN,
    MERGE,
    SPLIT,
    WATCHED,
    ends_with,
    moving_clues,
    open_cases,
    open_measures,
    parts_of,
)
from engine.prevention.register import member_history, naming, posted_lists
from engine.prevention.register.households import registering
from engine.prevention.register.member_history import Recorder
from engine.prevention.register.members import regrouping
from engine.prevention.screening import following
from engine.prevention.transfers import offers


def _merge(session: Session, actor: Account, row: Correction, now: datetime) -> None:
    household, successor = row.household, session.get_one(Household, row.into_id)
    require_mergeable(session, household, successor)
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
    require_mergeable(session, household, successor)
    by = Recorder(actor.id, now, member_history.new_act(), row.reason[:400])
    regrouping.join(session, household, successor, by)
    _merge(session, actor, row, now)
    posted_lists.tell(session, actor, successor, f"并户：{household.head_name}户", local_date(now), now)


def _split(session: Session, actor: Account, row: Correction, now: datetime) -> None:
    """One household becomes two (domain S11): what runs stays with the one; where that was watched over,
    the other is looked at at once.
    """
    household = row.household
    require_on_register(household)
    parts = parts_of(session, row)
    fresh = registering.beside(session, household, str(parts[1][0]["name"]), str(row.data["address"]), now)
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
            description=f"由{naming.STATUS_NAMES[household.status]}{household.head_name}户分出",
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
    require_there(session, household)
    require_late_enough(session, household, on)
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
    require_cancellable(session, clue)
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


DOING = {MERGE: _merge, CLUE: _cancel, GONE: _go, SPLIT: _split, JOIN: _join}
"""What is done when the second person agrees."""
