"""Asking villages about what waits: one case a household, one line in the bell a village (domain S7).

A round of the ticker, in portions, each household in a transaction of its own: what is cut off goes on with
the next round, and nobody is asked twice. A hint is shown and not asked: it may well be right as it stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby

from sqlalchemy import ColumnElement, Row, Select, exists, func, select, tuple_, update
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.models import CaseFile, Procedure
from engine.casework.organisation import access, divisions
from engine.casework.telling import notifications
from engine.ground.clock import Clock, local_date
from engine.ground.database import write
from engine.ground.errors import Conflict
from engine.ground.surroundings import trouble_of
from engine.prevention.models import Finding, Household
from engine.prevention.register import beginnings
from engine.prevention.register.households import finding as households

PROCEDURE = "correction"
BATCH = 200
MOST_FAILED = 20
"""So many failures in one county (it has no monitoring line, say) end its turn in this round."""
ASKED = (Finding.status == "waiting") & (Finding.severity != "hint")
"""SQL: what waits for its village."""


def ask(sessions: Callable[[], Session], clock: Clock) -> int:
    """Open a case for every household about which something waits; answers how many."""
    opened, failed = 0, Counter[str]()
    with sessions() as session:
        if not _in_force(session):
            return 0
        _close_of_the_gone(session, clock)
        after: tuple[str, int] = ("", 0)
        while waiting := _waiting(session, after):
            session.commit()
            after = (waiting[-1].village_code, waiting[-1].household_id)
            for village, rows in groupby(waiting, key=lambda row: row.village_code):
                ids = [row.household_id for row in rows]
                opened += _ask_village(session, village, ids, failed, clock)
    return opened


def _ask_village(
    session: Session, village: str, households: Sequence[int], failed: Counter[str], clock: Clock
) -> int:
    """Cases for some households of a village; answers how many. It is told once, after its last household.

    One that cannot be opened must not keep the others from theirs; `failed` counts those by county.
    """
    opened, county = 0, access.ancestor(village, "county")
    for one in households:
        if failed[county] >= MOST_FAILED:
            break
        try:
            opened += _open(session, one, clock)
        except Exception as error:
            if trouble_of(error) is not None:
                raise
            session.rollback()
            failed[county] += 1
            _note(session, county, error, clock)
    if opened:
        with write(session):
            _tell_village(session, village, households[-1], clock)
    return opened


def _note(session: Session, county: str, error: Exception, clock: Clock) -> None:
    """One incident for a county and a reason, however many households it is."""
    place = divisions.names(session, [county]).get(county, county)
    session.commit()
    sentence = f"{place}查出的问题没能下发：{error!r}"[:500]
    acts.record_incident(session, error, clock.now(), sentence=sentence)
    session.commit()


def _in_force(session: Session) -> bool:
    """Whether there is such a procedure: a system of an earlier release gets it by its owners' word."""
    found = select(Procedure.key).where(Procedure.key == PROCEDURE, Procedure.current_version_id.is_not(None))
    return session.scalar(found) is not None


def _close_of_the_gone(session: Session, clock: Clock) -> None:
    """Nobody is asked about a household that is no more; what is asked of the one it was merged into comes
    from the next run, which also closes the hints.
    """
    today = local_date(clock.now())
    for ending, condition in _ENDINGS.items():
        gone = select(Household.id).where(condition, Household.id == Finding.household_id)
        waiting = update(Finding).where(ASKED, gone.exists())
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
        .where(ASKED, ~busy)
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
    except Conflict:  # just opened by another process
        return False
    return True


def _tell_village(session: Session, village: str, household_id: int, clock: Clock) -> None:
    """After the last of the village's households: so many households, so many findings."""
    later = askable().where(Finding.village_code == village, Finding.household_id > household_id)
    if session.execute(later.limit(1)).first() is not None:
        return
    asked = select(func.count(), func.count(Finding.household_id.distinct())).where(
        Finding.village_code == village, Finding.status == "asked"
    )
    findings, concerned = session.execute(asked).one()
    text = f"数据核查：本村有 {concerned} 户、{findings} 项数据要整改，请在待办里逐户更正或者说明。"
    notifications.send_place(session, village, "village", "finding", text, clock.now())
