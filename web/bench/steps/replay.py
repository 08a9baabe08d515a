"""How many finished cases a second are replayed on a version,
beside the plain rebuilding of the same cases.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine.casework import audit, definitions
from engine.casework.models import CaseFile
from engine.casework.organisation import calendar
from engine.casework.step.submissions import submissions_of
from engine.flow import replay
from engine.owners.rehearsal import acts
from engine.owners.rehearsal.simulation import Assumption


def measure(sessions: sessionmaker[Session]) -> dict[str, Any]:
    """Finished cases run through a version as an owner replays them,
    beside the plain rebuilding of the same cases.
    """
    with sessions() as session:
        workdays = calendar.workdays_after(session)
        cases = session.scalars(
            select(CaseFile).where(CaseFile.status == "finished").order_by(CaseFile.id)
        ).all()
        histories = [
            (
                definitions.load(session, case.version_id),
                audit.history(session, case.id),
                submissions_of(session, case.id),
            )
            for case in cases
        ]
    plain = time.perf_counter()
    for definition, entries, submissions in histories:
        replay.Replay(definition, replay.inputs_of(entries), submissions, workdays).run()
    plain = time.perf_counter() - plain
    begun = time.perf_counter()
    for definition, entries, submissions in histories:
        acts.replayed(definition, definition, entries, submissions, workdays, Assumption())
    seconds = time.perf_counter() - begun
    return {
        "cases": len(cases),
        "per_second": round(len(cases) / seconds, 1),
        "plain_per_second": round(len(cases) / plain, 1),
        "of_plain": round(plain / seconds, 2),
        "seconds_per_1000": round(1000 * seconds / len(cases), 1),
    }


def words(figures: dict[str, Any]) -> str:
    """The figures as a line for people."""
    return (
        f"回放 {figures['cases']} 件：{figures['per_second']} 件/秒，合每千件 {figures['seconds_per_1000']} 秒；"
        f"只重建 {figures['plain_per_second']} 件/秒"
    )
