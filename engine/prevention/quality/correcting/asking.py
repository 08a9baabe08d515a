"""Asking villages about what waits: one case a household, one line in the bell a village (domain S7).

A round of the ticker, in portions, each household in a transaction of its own: what is cut off goes on with
the next round, and nobody is asked twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Row, Select, exists, func, select, tuple_, update
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.models import CaseFile, Procedure
from engine.casework.telling import notifications
from engine.ground.clock import Clock, local_date
from engine.ground.database import write
from engine.ground.errors import Conflict
from engine.prevention.models import Finding, Household
from engine.prevention.register import beginnings, households

PROCEDURE = "correction"
BATCH = 200


def ask(sessions: Callable[[], Session], clock: Clock) -> int:
    """Open a case for every household about which something waits; answers how many."""
    opened = 0
    with sessions() as session:
        if not _in_force(session):
            return 0
        _close_of_the_gone(session, clock)
        after: tuple[str, int] = ("", 0)
        while waiting := _waiting(session, after):
            session.commit()
            after = (waiting[-1].village_code, waiting[-1].household_id)
            for row in waiting:
                opened += _open(session, row.household_id, clock)
    return opened


def _in_force(session: Session) -> bool:
    """Whether there is such a procedure: a system of an earlier release gets it by its owners' word."""
    found = select(Procedure.key).where(Procedure.key == PROCEDURE, Procedure.current_version_id.is_not(None))
    return session.scalar(found) is not None


def _close_of_the_gone(session: Session, clock: Clock) -> None:
    """Nobody is asked about a household that is no more; what is asked of the one it was merged into comes
    from the next run.
    """
    today = local_date(clock.now())
    for ending, condition in _ENDINGS.items():
        gone = select(Household.id).where(condition, Household.id == Finding.household_id)
        waiting = update(Finding).where(Finding.status == "waiting", gone.exists())
        with write(session):
            session.execute(
                waiting.values(status="closed", closed_on=today, ending=ending),
                execution_options={"synchronize_session": False},
            )


_ENDINGS: dict[str, ColumnElement[bool]] = {
    "merged": Household.merged_into_id.is_not(None),
    "gone": Household.status == "gone",
}


def askable() -> Select[str, int]:
    """SQL: village and number of the households about which something waits and no case is open yet."""
    busy = exists().where(
        CaseFile.subject_id == Finding.household_id,
        CaseFile.procedure_key == PROCEDURE,
        CaseFile.status == "open",
    )
    return (
        select(Finding.village_code, Finding.household_id)
        .where(Finding.status == "waiting", ~busy)
        .group_by(Finding.village_code, Finding.household_id)
    )


def _waiting(session: Session, after: tuple[str, int]) -> Sequence[Row[str, int]]:
    place = tuple_(Finding.village_code, Finding.household_id)
    query = askable().where(place > after).order_by(Finding.village_code, Finding.household_id)
    return session.execute(query.limit(BATCH)).all()


def _open(session: Session, household_id: int, clock: Clock) -> bool:
    """One household's case, in a transaction of its own; another process may have been faster."""
    now = clock.now()
    try:
        with write(session):
            household = households.locked(session, household_id)
            still = askable().where(Finding.household_id == household_id)
            if session.execute(still).first() is None or household.status in ("gone", "merged"):
                return False
            first = beginnings.first_variables(session, household, local_date(now))
            acts.open_case(session, None, PROCEDURE, household, first, now)
            _tell_village(session, household, clock)
    except Conflict:  # just opened by another process
        return False
    return True


def _tell_village(session: Session, household: Household, clock: Clock) -> None:
    """Once, with the last of the village's cases: so many households, so many findings."""
    village = household.village_code
    if session.execute(askable().where(Finding.village_code == village).limit(1)).first() is not None:
        return
    asked = select(func.count(), func.count(Finding.household_id.distinct())).where(
        Finding.village_code == village, Finding.status == "asked"
    )
    findings, concerned = session.execute(asked).one()
    text = f"数据核查：本村有 {concerned} 户、{findings} 项数据要整改，请在待办里逐户更正或者说明。"
    notifications.send_place(session, village, "village", "finding", text, clock.now())
