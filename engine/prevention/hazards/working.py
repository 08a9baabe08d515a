"""The households of an act get their clues, a few in one transaction (R33, T26).

The page that shows the progress and a job work it off, whoever is quicker. When all is done each desk
hears of it once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.casework.organisation import access
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs.kinds import Progress, of_counts
from engine.casework.portions.portion import Portions
from engine.casework.telling import notifications
from engine.ground.clock import Clock, written
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, ShouwangError, Unavailable
from engine.ground.surroundings import trouble_of
from engine.prevention.identification import clues
from engine.prevention.models import Hazard, HazardAct, HazardHousehold, Household, RiskClue
from engine.prevention.register.households import finding as households

_LOG = logging.getLogger("shouwang")
STATES = ("pending", "opened", "joined", "held", "kept", "refused")
STATE_NAMES = {
    "pending": "待录入",
    "opened": "启动识别认定",
    "joined": "并入正在办理的识别认定",
    "held": "另有事项在办，线索留存",
    "kept": "已是监测对象，核实帮扶",
    "refused": "没有录入",
}
PORTION = 10
"""Households in one transaction: whoever else writes waits no longer than that."""
KIND = "hazard_clues"
STOPPED = "录入中途停下，这一户没有录：再录入一次就行。"
IDENTIFIED = timedelta(days=15)
"""R15."""
ACTS = Portions(HazardAct, HazardHousehold, HazardHousehold.act_id, STATES, "没有找到这次批量录入。")
counts = ACTS.counts


def portion(session: Session, act: HazardAct, clock: Clock) -> bool:
    """Raise the clues of a few households in one transaction; answers whether there are more.

    A household whose clue cannot be raised keeps the reason, and stops no other.
    """
    try:
        return _portion(session, act, clock.now())
    except Unavailable:
        return False  # what the surroundings stopped stays pending, for who goes on later


@whole
def _portion(session: Session, act: HazardAct, now: datetime) -> bool:
    with write(session):
        wanted = ACTS.next(act, "pending", PORTION).with_only_columns(
            HazardHousehold.id, HazardHousehold.household_id
        )
        for entry_id, household_id in session.execute(wanted).all():
            _raise(session, act, entry_id, household_id, now)
        left = session.scalar(select(HazardHousehold.id).where(*ACTS.within(act, "pending")).limit(1))
        if left is None:
            _tell(session, act, now)
    return left is not None


def _raise(session: Session, act: HazardAct, entry_id: int, household_id: int, now: datetime) -> None:
    household = households.locked(session, household_id)  # the one order of locks: subject first
    mine = select(HazardHousehold).where(HazardHousehold.id == entry_id).with_for_update()
    entry = session.scalars(mine.execution_options(populate_existing=True)).one()
    if entry.status != "pending":
        return  # another portion was quicker
    try:
        with session.begin_nested():
            _place(session, act, entry, household, now)
    except ShouwangError as error:
        if trouble_of(error) is not None:
            raise
        _refuse(session, entry, error.message)
    except Exception as error:  # one broken case must stop neither the others nor the job
        if trouble_of(error) is not None:
            raise
        _LOG.exception("the clue for household %d could not be raised", household_id)
        _refuse(session, entry, f"系统没能录入（{type(error).__name__}），请告诉管理员，排除后再录入一次。")
    session.flush()


def _refuse(session: Session, entry: HazardHousehold, sentence: str) -> None:
    """Keep why the household has no clue; a later act tries it again."""
    session.refresh(entry)
    entry.status, entry.text = "refused", sentence[:300]


def _place(
    session: Session, act: HazardAct, entry: HazardHousehold, household: Household, now: datetime
) -> None:
    if household.merged_into_id is not None or household.status == "gone":
        raise Conflict("这户已并入另一户，或者全户已不在册。")
    clue = RiskClue(
        household_id=household.id,
        village_code=household.village_code,
        channel=act.channel,
        finder=act.account.name,
        discovered_on=act.discovered_on,
        description=act.description,
        risks=list(act.risks),
        entered_by=act.account_id,
        entered_at=now,
    )
    case, joined = clues.place(session, act.account, household, clue, now, quiet=True)
    session.flush()
    entry.clue_id, entry.case_id = clue.id, case.id if case is not None else None
    entry.status = "kept" if case is None else "held" if clue.held else "joined" if joined else "opened"
    session.flush()


def _tell(session: Session, act: HazardAct, now: datetime) -> None:
    """Each desk hears once of all its households: the village, the township and the county (T26)."""
    locked = select(HazardAct).where(HazardAct.id == act.id).with_for_update()
    act = session.scalars(locked.execution_options(populate_existing=True)).one()
    if act.told_at is not None:
        return
    act.told_at = now
    by_village = select(HazardHousehold.village_code, HazardHousehold.status, func.count()).where(
        HazardHousehold.act_id == act.id, HazardHousehold.status != "refused"
    )
    counted = session.execute(by_village.group_by(HazardHousehold.village_code, HazardHousehold.status)).all()
    name = session.scalars(select(Hazard.name).where(Hazard.id == act.hazard_id)).one()
    due = written(act.discovered_on + IDENTIFIED)
    for queue in ("village", "township", "county"):
        desks: dict[str, dict[str, int]] = {}
        for code, status, number in counted:
            here = desks.setdefault(access.ancestor(code, queue), {})
            here[status] = here.get(status, 0) + number
        for code, here in sorted(desks.items()):
            said = _words(name, act, here, due)
            notifications.send_place(session, code, queue, "clue", said, now, subject_id=act.hazard_id)


def _words(name: str, act: HazardAct, here: Mapping[str, int], due: str) -> str:
    identified = here.get("opened", 0) + here.get("joined", 0)
    others = [f"{here[state]} 户{STATE_NAMES[state]}" for state in ("kept", "held") if here.get(state)]
    more = "；另有" + "，".join(others) if others else ""
    return (
        f"“{name}”：{identified} 户录入线索，发现日期{written(act.discovered_on)}，"
        f"请在{due}前完成识别认定{more}。待办里可以按这次风险查看。"
    )


def advance(session: Session, _actor: Account | None, act_id: int, clock: Clock) -> Progress:
    """A portion of an act, by its job."""
    act = session.get_one(HazardAct, act_id)
    portion(session, act, clock)
    return of_counts(counts(session, act), "pending")


def leave(session: Session, act: HazardAct, now: datetime) -> None:
    """Raise no more of its clues: a later act takes those households again; the desks hear of the others.
    Inside `write` only.
    """
    rest = update(HazardHousehold).where(*ACTS.within(act, "pending"))
    session.execute(rest.values(status="refused", text=STOPPED))
    _tell(session, act, now)


def look_after(sessions: Callable[[], Session], clock: Clock) -> int:
    """A round of the ticker: an act that an older release began gets its job; answers how many."""
    begun = select(HazardAct).where(HazardAct.told_at.is_(None)).order_by(HazardAct.id)
    with sessions() as session:
        acts = [one for one in session.scalars(begun) if jobs.latest_of(session, KIND, one.id) is None]
        for act in acts:
            with write(session):
                jobs.defer(session, KIND, act.id, act.account, clock.now(), total=act.total)
    return len(acts)
