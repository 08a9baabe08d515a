"""An owner's replay: which cases, under which assumption; worked off in portions, stopped at will,
kept as a report.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from engine.casework import definitions
from engine.casework.kit import Kit
from engine.casework.models import (
    Account,
    CaseFile,
    LogEntry,
    ProcedureVersion,
    Rehearsal,
    RehearsalEntry,
    Submission,
)
from engine.casework.organisation import access, calendar
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs.kinds import JobKind, Progress, by_person, of_counts
from engine.casework.portions.portion import Portions, work_off
from engine.flow.machine.definition import Definition
from engine.flow.replay import ReplayMisfit, inputs_of
from engine.ground.clock import Clock
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotFound
from engine.ground.paging import Page
from engine.ground.surroundings import trouble_of
from engine.owners.rehearsal import target
from engine.owners.rehearsal.course import Course
from engine.owners.rehearsal.past import Workdays, remember
from engine.owners.rehearsal.simulation import Assumption, Misfit, simulate
from engine.owners.rehearsal.target import Target

PORTION = 25
DEFAULT_CASES, MAX_CASES, MAX_DAYS = 200, 5000, 60
OWNER = frozenset({access.PROCESS_OWNER})
_ACTS = Portions(
    Rehearsal,
    RehearsalEntry,
    RehearsalEntry.rehearsal_id,
    ("pending", "same", "differs", "misfit"),
    "没有找到这次回放。",
    definitions.require_owner,
)
get = _ACTS.get
counts = _ACTS.counts


def begin(
    session: Session, actor: Account, target: Target, assumption: Assumption, *, cases: int, now: datetime
) -> Rehearsal:
    """Write down the last finished `cases` of the actor's divisions and begin.

    Raises Invalid when there is none.
    """
    definitions.require_owner(actor)
    if not 1 <= cases <= MAX_CASES:
        raise Invalid(f"回放的件数请填 1 到 {MAX_CASES}。", {"cases": [f"请填 1 到 {MAX_CASES}。"]})
    if not 0 <= assumption.after <= MAX_DAYS:
        raise Invalid(f"新增步骤的天数请填 0 到 {MAX_DAYS}。", {"after": [f"请填 0 到 {MAX_DAYS}。"]})
    query = select(CaseFile.id).where(
        CaseFile.procedure_key.in_(target.procedures),
        CaseFile.status == "finished",
        access.within(CaseFile.village_code, access.scopes(actor, OWNER)),
    )
    ids = session.scalars(query.order_by(CaseFile.finished_at.desc(), CaseFile.id.desc()).limit(cases)).all()
    if not ids:
        raise Invalid("这个流程还没有办结的事项，没有可以回放的。")
    with write(session):
        act = Rehearsal(
            account_id=actor.id,
            title=target.title,
            draft_id=target.draft_id,
            revision=target.revision,
            total=len(ids),
            version_id=target.version_id,
            defaults=assumption.defaults,
            after_days=assumption.after,
            at=now,
        )
        _ACTS.write_down(session, act, [{"case_id": case_id, "facts": {}} for case_id in ids])
        jobs.defer(session, "replay", act.id, actor, now, total=act.total)
    return go_on(session, actor, act.id, target)


def go_on(session: Session, actor: Account, act_id: int, target: Target) -> Rehearsal:
    """Work off what one request may.

    Raises Conflict when the draft has been changed since the replay began.
    """
    act = get(session, actor, act_id)
    if (act.draft_id, act.version_id) != (target.draft_id, target.version_id):
        raise NotFound("没有找到这次回放。")
    if act.revision != target.revision:
        raise Conflict("开始回放之后草稿又改过，请重新回放。")
    work_off(session, actor, lambda: act.status == "running" and _portion(session, act, target))
    return act


def target_of(session: Session, actor: Account, act: Rehearsal) -> Target:
    """The draft or the version that an act replays on, as it is now."""
    if act.draft_id is not None:
        return target.of_draft(session, actor, act.draft_id)
    version = session.get_one(ProcedureVersion, act.version_id)
    return target.of_version(session, actor, version.procedure_key, version.number)


def stop(session: Session, actor: Account, act_id: int, clock: Clock) -> None:
    """Replay no further case; what has been replayed stays on the report."""
    act = get(session, actor, act_id)
    with write(session):
        act.status = "stopped"
        jobs.stopped(session, "replay", act_id, clock.now())


def _advance(session: Session, actor: Account, act_id: int, _clock: Clock) -> Progress:
    act = get(session, actor, act_id)
    go_on(session, actor, act_id, target_of(session, actor, act))
    return of_counts(counts(session, act), "pending", act.status == "running")


def latest(session: Session, actor: Account, target_of: Mapping[str, int], limit: int = 5) -> list[Rehearsal]:
    """The actor's last replays of a draft (`draft_id`) or a version (`version_id`)."""
    definitions.require_owner(actor)
    query = select(Rehearsal).where(Rehearsal.account_id == actor.id).filter_by(**target_of)
    return list(session.scalars(query.order_by(Rehearsal.id.desc()).limit(limit)))


def entries(session: Session, act: Rehearsal, status: str, page: int = 1) -> Page[RehearsalEntry]:
    """The cases with a status, in the order of the replay."""
    return _ACTS.entries(session, act, status, page, joinedload(RehearsalEntry.case))


def openable(session: Session, actor: Account, found: Sequence[RehearsalEntry]) -> frozenset[int]:
    """Which of the cases the actor may open: owners of the procedure see no households by that alone."""
    query = select(CaseFile.id).where(
        CaseFile.id.in_([one.case_id for one in found]), access.visible_cases(actor)
    )
    return frozenset(session.scalars(query))


# -- portions --------------------------------------------------------------------------------------


def _portion(session: Session, act: Rehearsal, target: Target) -> bool:
    """Replay a few cases; answers whether there were any."""
    query = select(RehearsalEntry.id, CaseFile).join(CaseFile, CaseFile.id == RehearsalEntry.case_id)
    query = query.where(*_ACTS.within(act, "pending"))
    rows = session.execute(query.order_by(RehearsalEntry.id).limit(PORTION)).all()
    cases = [case for _, case in rows]
    histories, submissions = _histories(session, cases), _submissions(session, cases)
    workdays = calendar.workdays_after(session)
    assumption = Assumption(act.defaults, act.after_days)
    changes = []
    for entry_id, case in rows:
        own, new = definitions.load(session, case.version_id), target.procedures[case.procedure_key]
        try:
            found = replayed(own, new, histories[case.id], submissions[case.id], workdays, assumption)
        except Exception as error:  # one broken case must not stop the others; nothing was written
            if trouble_of(error) is not None:
                raise
            found = _broken(error)
        changes.append({"id": entry_id, **found})
    if changes:
        with write(session):
            session.execute(update(RehearsalEntry), changes)
            session.refresh(act)  # it may have been stopped meanwhile
    return bool(changes)


def _histories(session: Session, cases: Sequence[CaseFile]) -> dict[int, list[LogEntry]]:
    streams = {f"case:{case.id}": case.id for case in cases}
    found: dict[int, list[LogEntry]] = defaultdict(list)
    query = select(LogEntry).where(LogEntry.stream.in_(streams)).order_by(LogEntry.stream, LogEntry.seq)
    for entry in session.scalars(query):
        found[streams[entry.stream]].append(entry)
    return found


def _submissions(session: Session, cases: Sequence[CaseFile]) -> dict[int, dict[int, dict[str, Any]]]:
    found: dict[int, dict[int, dict[str, Any]]] = defaultdict(dict)
    query = select(Submission.id, Submission.case_id, Submission.data)
    for row in session.execute(query.where(Submission.case_id.in_([case.id for case in cases]))):
        found[row.case_id][row.id] = row.data
    return found


# -- one case --------------------------------------------------------------------------------------


def replayed(
    own: Definition,
    new: Definition,
    history: Sequence[LogEntry],
    submissions: Mapping[int, Mapping[str, Any]],
    workdays: Workdays,
    assumption: Assumption,
) -> dict[str, Any]:
    """What becomes of a finished case on `new`: status, and for a misfit the line and the reason,
    and the facts.

    Facts: ``old`` and ``new`` (see `_told`), ``added`` and ``left_out`` steps by how often, ``supposed``
    names; of a misfit ``old``, the limits ``missed`` until then, and the step ``after`` which it could not go
    on.
    """
    try:
        past = remember(own, inputs_of(history), submissions, workdays)
    except ReplayMisfit as error:
        return {
            "status": "misfit",
            "seq": error.seq,
            "text": f"原来的办理记录读不通：{error.message}"[:500],
            "facts": {},
        }
    old = past.course
    try:
        outcome = simulate(new, past, workdays, assumption)
    except Misfit as error:
        missed = [one.name for one in error.course.missed]
        facts = {"old": _told(old), "missed": missed, "after": _name_of(own, history, error.seq)}
        return {"status": "misfit", "seq": error.seq, "text": error.message[:500], "facts": facts}
    course = outcome.course
    facts = {
        "old": _told(old),
        "new": _told(course),
        "added": course.more(old),
        "left_out": old.more(course),
        "supposed": outcome.supposed,
    }
    same = (old.happenings, old.desks, old.ended) == (course.happenings, course.desks, course.ended)
    return {"status": "same" if same else "differs", "seq": 0, "text": "", "facts": facts}


def _broken(error: Exception) -> dict[str, Any]:
    text = f"系统没能回放这件事项（{type(error).__name__}）。"
    return {"status": "misfit", "seq": 0, "text": text, "facts": {}}


def _told(course: Course) -> dict[str, Any]:
    """A course as the report needs it."""
    return {
        "days": course.days,
        "outcome": course.outcome,
        "missed": [one.name for one in course.missed],
        "missed_at": [one.at.isoformat() for one in course.missed],
        "weeks": [[queue, week, number] for (queue, week), number in sorted(course.weeks().items())],
    }


def _name_of(own: Definition, history: Sequence[LogEntry], seq: int) -> str:
    entry = next((one for one in history if one.seq == seq), None)
    element = own.elements.get(entry.element_id) if entry else None
    return element.name if element else "开始办理"


KIT = Kit(jobs={"replay": JobKind("回放", by_person(_advance), stop)})
