"""The list of a week (R31): every county is counted, then each is judged by the decision table in force.

A round of the ticker begins it on the week's first day and does as much as it may; the next one goes on. The
criteria and their parameters are the table's, so that process owners change them; a list stays as made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from engine.casework import acts, definitions
from engine.casework.kit import Kit
from engine.casework.organisation import access
from engine.flow.decisions import Decision
from engine.flow.feel import to_plain
from engine.flow.receivers import Consulted
from engine.ground.clock import Clock, local_date, stopwatch
from engine.ground.database import insert_once, write
from engine.ground.errors import ShouwangError, Unavailable
from engine.prevention.hazards import hazards
from engine.prevention.hazards.watch import figures, labels
from engine.prevention.models import AreaLabel, WatchArea, WatchFigure, WatchWeek

DECISION = "watchDecision"
ROUND = 5.0
"""Seconds that a round of the ticker gives to the list."""
ANSWERS = frozenset({"kind", "reason", "parameter"})
AREA = frozenset({"level", "labels", "share", "open_share", *figures.COUNTED})
COMPARED = frozenset({"share", "open_share"})


def monday(day: date) -> date:
    """The first day of the day's week."""
    return day - timedelta(days=day.weekday())


def look_after(sessions: Callable[[], Session], clock: Clock) -> int:
    """A round of the ticker; answers how many counties it has counted or judged."""
    elapsed, done = stopwatch(), 0
    with sessions() as session:
        if not definitions.names(session, [hazards.PROCEDURE]):
            return 0  # upgraded, and the procedure not deployed yet
        try:
            while elapsed() < ROUND and go_on(session, clock.now()):
                done += 1
        except Unavailable:
            raise
        except (
            ShouwangError
        ) as error:  # a table that cannot be asked: people hear of it, no other round waits
            sentence = f"重点关注区域没能推算：{error.message}"
            acts.record_incident(session, error, clock.now(), sentence=sentence)
    return done


def go_on(session: Session, now: datetime) -> bool:
    """The next county of this week's list, in one transaction; False when the list is made."""
    week = monday(local_date(now))
    present = session.get(WatchWeek, week, populate_existing=True)
    session.commit()
    if present is not None and present.status == "done":
        return False
    with write(session):
        if present is None:
            insert_once(session, WatchWeek, {"week": week, "begun_at": now})
            return True
        held = session.get_one(WatchWeek, week, with_for_update=True, populate_existing=True)
        if held.status == "counting":
            _count_next(session, held)
        elif held.status == "judging":
            _judge_next(session, held, now)
        return held.status != "done"


def _count_next(session: Session, held: WatchWeek) -> None:
    county = figures.next_county(session, held.at_county)
    if county is None:
        held.status, held.at_county = "judging", ""
        held.version_id = definitions.current(session, hazards.PROCEDURE).id
        return
    figures.count(session, held.week, county)
    held.at_county = county


def _judge_next(session: Session, held: WatchWeek, now: datetime) -> None:
    county = _next_judged(session, held)
    if county is None:
        held.status, held.finished_at = "done", now
        session.execute(delete(WatchFigure).where(WatchFigure.week < held.week))
        return
    definition = definitions.load(
        session, held.version_id or definitions.current(session, hazards.PROCEDURE).id
    )
    judge(session, held.week, county, definition.page_decision(DECISION))
    held.at_county = county


def _next_judged(session: Session, held: WatchWeek) -> str | None:
    """The next county that was counted, or has a place with a label."""
    last = access.scope_of(held.at_county).high if held.at_county else ""
    counted = select(WatchFigure.division_code).where(
        WatchFigure.week == held.week, WatchFigure.division_code > last
    )
    labelled = select(AreaLabel.division_code).where(
        AreaLabel.ended_at.is_(None), AreaLabel.division_code > last
    )
    found = [
        code
        for query, column in ((counted, WatchFigure.division_code), (labelled, AreaLabel.division_code))
        if (code := session.scalar(query.order_by(column).limit(1)))
    ]
    return access.ancestor(min(found), "county") if found else None


def judge(session: Session, week: date, county: str, table: Decision) -> None:
    """Put the places of a county on the week's list, inside the caller's transaction."""
    scope = access.scope_of(county)
    here = WatchArea.division_code.between(scope.low, scope.high)
    session.execute(delete(WatchArea).where(WatchArea.week == week, here))
    places = figures.of_county(session, week, county)
    by_hand = labels.standing(session, county)
    wide = {
        "province": figures.of(figures.province(session, week)),
        "county": figures.of(figures.summed(one for one in places if one.level == "county")),
    }
    compared = {name: asdict(share) for name, share in wide.items()}
    rows = [
        row
        for place in places
        for row in _judged(week, place, by_hand.get(place.division_code, ()), table, compared)
    ]
    rows += [
        _labelled(week, label)
        for found in by_hand.values()
        for label in found
        if label.kind in labels.ON_LIST
    ]
    if rows:
        session.execute(insert(WatchArea), rows)


def _judged(
    week: date,
    place: WatchFigure,
    by_hand: Sequence[AreaLabel],
    table: Decision,
    compared: Mapping[str, Mapping[str, float]],
) -> list[dict[str, Any]]:
    counted = figures.row(place)
    area = {
        "level": place.level,
        "labels": labels.kinds(by_hand),
        **counted,
        **asdict(figures.of(counted)),
    }
    answered = table.evaluate({"area": area, **compared})
    found = answered if isinstance(answered, list) else [answered] if answered else []
    rows: dict[str, dict[str, Any]] = {}
    for one in map(to_plain, found):
        kind = str(one.get("kind") or "")
        if kind in labels.KINDS and kind not in labels.ON_LIST:
            rows[kind] = {
                "week": week,
                "division_code": place.division_code,
                "level": place.level,
                "kind": kind,
                "reason": str(one.get("reason") or "")[:500],
                "parameter": str(one.get("parameter") or "")[:200],
                "figures": {"area": area, **compared},
                "by_hand": False,
            }
    return list(rows.values())


def _labelled(week: date, label: AreaLabel) -> dict[str, Any]:
    return {
        "week": week,
        "division_code": label.division_code,
        "level": access.level_of(label.division_code),
        "kind": label.kind,
        "reason": label.reason,
        "parameter": "",
        "figures": {},
        "by_hand": True,
    }


KIT = Kit(
    rounds=(look_after,),
    consulted=(
        Consulted(
            DECISION,
            "重点关注区域的决策表",
            {"area": AREA, "county": COMPARED, "province": COMPARED},
            ANSWERS,
        ),
    ),
)
