"""Moving running cases to another version, on purpose (S16): looked at first, then moved,
each case whole or not at all.

A case is moved by feeding its history to the new version (engine/flow/replay/relocation); its open work
items, claims and drafts stay the same rows, its timers are set anew from their true beginnings, and the move
is a line of its history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload, undefer

from engine.casework import audit, definitions, kit
from engine.casework.kit import Kit
from engine.casework.models import Account, CaseFile, Migration, MigrationEntry, ProcedureVersion
from engine.casework.organisation import access, calendar
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs.kinds import JobKind, Progress, by_person, of_counts
from engine.casework.portions.plan import Change, changes, new_forms, notes, plan_of, stands
from engine.casework.portions.portion import Portions, work_off
from engine.casework.step.host import LiveHost
from engine.casework.step.steps import Step
from engine.casework.step.submissions import submissions_of
from engine.flow import replay
from engine.flow.machine.instance import Instance
from engine.flow.replay.relocation import CannotMove, Relocation, Wish, movable, relocate
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, EngineFault, Invalid, ShouwangError, Unavailable
from engine.ground.paging import Page, page_of
from engine.ground.surroundings import trouble_of

PORTION = 10
OWNER = frozenset({access.PROCESS_OWNER})
_ACTS = Portions(
    Migration,
    MigrationEntry,
    MigrationEntry.migration_id,
    ("pending", "fits", "misfit", "moved", "refused"),
    "没有找到这次迁移。",
    definitions.require_owner,
)
get = _ACTS.get
counts = _ACTS.counts


# -- the owner's act -------------------------------------------------------------------------------


def version_of(session: Session, actor: Account, key: str, number: int) -> ProcedureVersion:
    """A version of a procedure. Raises NotFound."""
    definitions.require_owner(actor)
    return definitions.version(session, key, number)


def elsewhere(session: Session, actor: Account, version: ProcedureVersion) -> dict[ProcedureVersion, int]:
    """The other versions on which cases of the actor's divisions run, with how many."""
    running = (
        select(CaseFile.version_id, func.count())
        .where(*_running(actor, version))
        .group_by(CaseFile.version_id)
    )
    counts = {row[0]: row[1] for row in session.execute(running)}
    query = select(ProcedureVersion).where(ProcedureVersion.id.in_(counts)).order_by(ProcedureVersion.number)
    return {one: counts[one.id] for one in session.scalars(query)}


def _running(actor: Account, version: ProcedureVersion) -> Sequence[Any]:
    return (
        CaseFile.procedure_key == version.procedure_key,
        CaseFile.version_id != version.id,
        CaseFile.status == "open",
        access.within(CaseFile.village_code, access.scopes(actor, OWNER)),
    )


def differences(
    session: Session, actor: Account, version: ProcedureVersion
) -> tuple[dict[str, str], dict[str, str]]:
    """Steps and waits that versions with running cases have and `version` lacks,
    and those only `version` has; id to name.
    """
    new = definitions.load(session, version.id)
    lost: dict[str, str] = {}
    added: dict[str, str] = {}
    for other in elsewhere(session, actor, version):
        old = definitions.load(session, other.id)
        gone, come = movable(old, new)
        lost.update((name, old.elements[name].name) for name in gone)
        added.update((name, new.elements[name].name) for name in come)
    return lost, added


def begin(
    session: Session,
    actor: Account,
    version: ProcedureVersion,
    wish: Wish,
    *,
    clock: Clock,
    only: int | None = None,
) -> Migration:
    """Write down which cases are to move to `version` and how, and begin to look at them;
    `only` the cases of a version.

    Raises Invalid when there is none, or when the wish names steps that do not exist.
    """
    definitions.require_owner(actor)
    _require_sense(session, actor, version, wish)
    rows = select(CaseFile.id, CaseFile.lock_version).where(*_running(actor, version)).order_by(CaseFile.id)
    if only is not None:
        rows = rows.where(CaseFile.version_id == only)
    cases = session.execute(rows).all()
    if not cases:
        raise Invalid("没有在其他版本上办理的事项需要迁移。")
    with write(session):
        act = Migration(
            procedure_key=version.procedure_key,
            version_id=version.id,
            account_id=actor.id,
            at=clock.now(),
            elements=dict(wish.elements),
            passed=sorted(wish.passed),
            total=len(cases),
        )
        _ACTS.write_down(
            session,
            act,
            [{"case_id": row.id, "lock_version": row.lock_version, "plan": {}} for row in cases],
        )
        jobs.defer(session, "moving", act.id, actor, clock.now(), total=act.total)
    return go_on(session, actor, act.id, clock=clock)


def _require_sense(session: Session, actor: Account, version: ProcedureVersion, wish: Wish) -> None:
    lost, added = differences(session, actor, version)
    new = definitions.load(session, version.id)
    wrong = [name for name in wish.elements if name not in lost]
    wrong += [name for name in wish.elements.values() if name not in new.elements]
    wrong += [name for name in wish.passed if name not in added]
    if wrong:
        raise Invalid(f"对应关系中的步骤“{wrong[0]}”不存在，请重新选择。")


def confirm(session: Session, actor: Account, act_id: int, note: str, *, clock: Clock) -> Migration:
    """Move every case that fits, as it was shown.

    Raises Invalid without a note, Conflict before all are looked at.
    """
    act = get(session, actor, act_id)
    if not note.strip():
        raise Invalid("请写明为什么迁移。", {"note": ["请写明为什么迁移。"]})
    with write(session):
        session.refresh(act, with_for_update=True)  # pressed twice, it begins once
        if act.status != "looking":
            raise Conflict("这次迁移已经开始或已停止。")
        if counts(session, act)["pending"]:
            raise Conflict("还没有逐件看完，不能开始迁移。")
        act.status, act.note = "moving", note.strip()[:500]
        data = {"key": act.procedure_key, "number": act.version.number, "cases": act.total, "note": act.note}
        audit.record(session, "procedure", actor.id, "move", data, clock.now())
        jobs.defer(session, "moving", act.id, actor, clock.now(), total=counts(session, act)["fits"])
    return go_on(session, actor, act_id, clock=clock)


def stop(session: Session, actor: Account, act_id: int, clock: Clock) -> None:
    """Move no further case; what has moved has moved, and can be moved back."""
    act = get(session, actor, act_id)
    with write(session):
        session.refresh(act, with_for_update=True)
        act.status = "stopped"
        jobs.stopped(session, "moving", act_id, clock.now())


def _advance(session: Session, actor: Account, act_id: int, clock: Clock) -> Progress:
    act = go_on(session, actor, act_id, clock=clock)
    session.refresh(act)
    found = counts(session, act)
    if act.status == "looking":
        return of_counts(found, "pending")
    movable = {name: found[name] for name in ("fits", "moved", "refused")}
    return of_counts(movable, "fits", act.status == "moving")


def go_on(session: Session, actor: Account, act_id: int, *, clock: Clock) -> Migration:
    """Work off what one request may."""
    act = get(session, actor, act_id)
    work_off(session, actor, lambda: _portion(session, actor, act, clock))
    return act


def entries(session: Session, act: Migration, status: str, page: int = 1) -> Page[MigrationEntry]:
    """The act's cases with a status, first those for which something changes."""
    query = select(MigrationEntry).where(*_ACTS.within(act, status))
    ordered = query.order_by(MigrationEntry.unchanged, MigrationEntry.id)
    with_case = ordered.options(joinedload(MigrationEntry.case).joinedload(CaseFile.version))
    return page_of(session, query, with_case, page)


def changed(session: Session, act: Migration, status: str) -> int:
    """For how many of the act's cases with a status something changes."""
    query = select(func.count()).where(*_ACTS.within(act, status), MigrationEntry.unchanged.is_(False))
    return session.scalar(query) or 0


def reasons(session: Session, act: Migration) -> list[tuple[str, int]]:
    """Why cases do not fit, the commonest first."""
    number = func.count()
    query = select(MigrationEntry.text, number).where(*_ACTS.within(act, "misfit"))
    return [
        (row[0], row[1])
        for row in session.execute(query.group_by(MigrationEntry.text).order_by(number.desc()).limit(20))
    ]


# -- portions --------------------------------------------------------------------------------------


def _portion(session: Session, actor: Account, act: Migration, clock: Clock) -> bool:
    """Look at, or move, a few cases; answers whether there were any."""
    wanted = {"looking": "pending", "moving": "fits"}.get(act.status)
    if wanted is None:
        return False
    found = list(session.scalars(_ACTS.next(act, wanted, PORTION)))
    target = session.get_one(ProcedureVersion, act.version_id)
    wish = Wish(act.elements, frozenset(act.passed))
    for entry in found:
        changes = (_look if wanted == "pending" else _move)(session, actor, entry, target, wish, clock.now())
        with write(session):  # two requests at once may meet on a case: what is moved stays moved
            mine = update(MigrationEntry).where(
                MigrationEntry.id == entry.id, MigrationEntry.status == wanted
            )
            session.execute(mine.values(**changes))
    return bool(found)


def _look(
    session: Session,
    actor: Account,
    entry: MigrationEntry,
    target: ProcedureVersion,
    wish: Wish,
    now: datetime,
) -> dict[str, Any]:
    """What would become of the case; nothing of it changes."""
    case = session.get_one(CaseFile, entry.case_id, options=[undefer(CaseFile.state)], populate_existing=True)
    step = Step(session, case, actor, now)
    try:
        _require_movable(case, target)
        found = _relocated(step, target, wish)
        outside = kit.corrections(session, case, found.instance, now)
        _require_storable(found.instance, step)
    except (Conflict, EngineFault) as error:
        if trouble_of(error) is not None:
            raise
        return {"status": "misfit", "text": error.message[:500], "lock_version": case.lock_version}
    plan = plan_of(step.instance, found, now)
    plan["notes"] = [one.sentence for one in outside] + new_forms(step.instance.definition, found)
    unchanged = not plan["rows"] and not plan["notes"]
    return {"status": "fits", "plan": plan, "unchanged": unchanged, "lock_version": case.lock_version}


def _move(
    session: Session,
    actor: Account,
    entry: MigrationEntry,
    target: ProcedureVersion,
    wish: Wish,
    now: datetime,
) -> dict[str, Any]:
    """The case's own step transaction; whatever fails leaves it as it was."""
    try:
        _moved(session, actor, entry, target, wish, now)
    except Unavailable:  # no fault of the case: it goes on waiting for its move
        raise
    except ShouwangError as error:
        return {"status": "refused", "text": error.message[:500]}
    except Exception as error:  # one broken case must not stop the others; its transaction is rolled back
        return {"status": "refused", "text": f"系统没能迁移这件事项（{type(error).__name__}），它没有变动。"}
    return {"status": "moved", "text": ""}


@whole
def _moved(
    session: Session,
    actor: Account,
    entry: MigrationEntry,
    target: ProcedureVersion,
    wish: Wish,
    now: datetime,
) -> None:
    with write(session):
        step = Step.on(session, entry.case_id, actor, now)
        session.refresh(entry, ["status"])
        if entry.status != "fits":  # a page and a worker went on at once: the other was sooner
            return
        if step.case.lock_version != entry.lock_version:
            raise Conflict("看过之后这件事项又有办理，没有迁移；请重新查看一次。")
        move_case(step, target, wish, act=entry.migration_id)
        entry.status, entry.text = "moved", ""


def move_case(step: Step, target: ProcedureVersion, wish: Wish, *, act: int) -> None:
    """Move the step's case, inside the caller's transaction. Raises CannotMove, Conflict or EngineFault."""
    _require_movable(step.case, target)
    found = _relocated(step, target, wish)
    outside = kit.corrections(step.session, step.case, found.instance, step.now)
    words = [one.sentence for one in outside]
    step.log(
        replace(found.line, version=target.number, from_=step.case.version.number, act=act, corrections=words)
    )
    step.continue_on(target, found.instance.definition, found.instance)
    for before, after in found.pairs:
        step.rename(before.token, after.token)
    for one in outside:
        one.apply()
    found.arrive(LiveHost(step), step.now)
    _require_storable(found.instance, step)
    step.finish()


def _require_movable(case: CaseFile, target: ProcedureVersion) -> None:
    if case.status != "open":
        raise Conflict("这件事项已经结束，不用迁移。")
    if case.version_id == target.id:
        raise Conflict("这件事项已经在这一版上。")


def _relocated(step: Step, target: ProcedureVersion, wish: Wish) -> Relocation:
    session, case = step.session, step.case
    inputs = replay.inputs_of(audit.history(session, case.id))
    return relocate(
        step.definition,
        definitions.load(session, target.id),
        inputs,
        submissions_of(session, case.id),
        calendar.workdays_after(session),
        wish,
        case.log_seq + 1,
        step.now,
    )


def _require_storable(instance: Instance, step: Step) -> None:
    """Saved and loaded once before anything is committed:
    a case that could not be loaded again would be lost.
    """
    again = Instance.restored(instance.definition, LiveHost(step), instance.stored())
    if again.canonical() != instance.canonical():
        raise EngineFault("迁移后的存档不能原样读回，这件事项没有迁移。")


KIT = Kit(jobs={"moving": JobKind("迁移", by_person(_advance), stop)})

__all__ = [
    "CannotMove",
    "Change",
    "Wish",
    "begin",
    "changed",
    "changes",
    "confirm",
    "counts",
    "differences",
    "elsewhere",
    "entries",
    "get",
    "go_on",
    "move_case",
    "notes",
    "reasons",
    "stands",
    "stop",
    "version_of",
]
