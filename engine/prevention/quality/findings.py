"""What is found wrong: kept once, asked of the village, closed when it is found no more (R34, R35; S7).

A run, a sample or a department says what it found (`report`) and what it no longer finds (`no_longer`), in
its own transaction. Asking the village is a round of the ticker (`engine.prevention.quality.asking`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.casework.organisation import access
from engine.ground.clock import local_date
from engine.ground.database import is_postgres
from engine.ground.tables import as_kept, table
from engine.prevention.models import Finding, Household
from engine.prevention.register.households import finding as households

PORTION = 400
"""So many findings are looked up, added and changed by one set of statements."""

SEVERITIES = {"serious": "严重", "ordinary": "一般", "hint": "提示"}
SOURCES = {"rule": "规则核查", "sample": "抽查", "department": "部门反馈", "review": "录入复核"}
FOUND_AGAIN = "整改后仍存在"
CHANGED_SINCE = "说明以后，情况又有变化"
FOUND_MORE = "整改以后，又查出一项"

_FINDING = table(Finding)
_HOUSEHOLD = table(Household)
_LIVE = _FINDING.c.status != "closed"
_STILL_FOUND = update(_FINDING).where(_FINDING.c.id == bindparam("finding"), _LIVE)


@dataclass(frozen=True)
class Found:
    """One thing wrong with a household, or with the member of `member_key`.

    `facts` (JSON values) are what it stands on: a finding that was justified comes again when they differ, so
    nothing that changes from day to day belongs there. `way` says where it is put right (`quality.ways`).
    """

    rule: str
    household_id: int
    member_key: str
    sentence: str
    facts: Mapping[str, Any] = field(hash=False)
    severity: str = "ordinary"
    way: str = ""

    @property
    def key(self) -> tuple[int, str, str]:
        """What it is the same as."""
        return self.household_id, self.rule, self.member_key


@dataclass(frozen=True)
class Counts:
    """Of what was reported: new, known already, and such as the village is asked about once more."""

    new: int = 0
    known: int = 0
    again: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.new + other.new, self.known + other.known, self.again + other.again)


def report(
    session: Session, found: Sequence[Found], *, source: str, run_id: int | None, now: datetime
) -> Counts:
    """Keep what was found, inside the caller's transaction.

    A fixed number of statements for each `PORTION`. Households that are no more are left out.
    """
    once = {one.key: one for one in reversed(found)}
    ordered = [once[key] for key in sorted(once)]  # two runs at once lock in one order
    counts = Counts()
    for start in range(0, len(ordered), PORTION):
        counts += _report(session, ordered[start : start + PORTION], source, run_id, local_date(now))
    return counts


def _report(session: Session, found: Sequence[Found], source: str, run_id: int | None, today: date) -> Counts:
    live = {(row.household_id, row.rule, row.member_key): row for row in session.execute(_live_of(found))}
    fresh = [one for one in found if one.key not in live]
    added = _add(session, fresh, source, run_id, today)
    known = [(one, live[one.key]) for one in found if one.key in live]
    changes = [_change(one, row, run_id) for one, row in known]
    if changes:
        names = [name for name in changes[0] if name != "finding"]
        again = _STILL_FOUND.values({name: bindparam(name) for name in names})
        session.connection().execute(again, changes)
    asked_again = sum(_comes_again(one, row) != "" for one, row in known)
    return Counts(added, len(known) - asked_again, asked_again)


def _live_of(found: Sequence[Found]) -> Any:
    """SQL: the live findings of those households by those rules."""
    columns = _FINDING.c
    query = select(
        columns.id,
        columns.household_id,
        columns.rule,
        columns.member_key,
        columns.status,
        columns.answer,
        columns.facts,
        columns.source,
        columns.sentence,
        columns.times,
        columns.note,
    ).where(
        columns.household_id.in_({one.household_id for one in found}),
        columns.rule.in_({one.rule for one in found}),
        _LIVE,
    )
    return query.order_by(columns.id).with_for_update()


def _add(session: Session, fresh: Sequence[Found], source: str, run_id: int | None, today: date) -> int:
    """Insert those that nobody has reported in the meantime; answers how many."""
    whose = {one.household_id for one in fresh}
    if not whose:
        return 0
    there = select(_HOUSEHOLD.c.id, _HOUSEHOLD.c.village_code).where(_HOUSEHOLD.c.id.in_(whose))
    villages = {row.id: row.village_code for row in session.execute(there.where(households.there()))}
    rows = [
        {
            "rule": one.rule,
            "source": source,
            "household_id": one.household_id,
            "member_key": one.member_key,
            "village_code": villages[one.household_id],
            "severity": one.severity,
            "sentence": one.sentence[:500],
            "facts": dict(one.facts),
            "way": one.way,
            "found_on": today,
            "run_id": run_id,
        }
        for one in fresh
        if one.household_id in villages
    ]
    if not rows:
        return 0
    insert: Any = postgresql.insert if is_postgres(session) else sqlite.insert
    once = insert(_FINDING).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return int(session.connection().execute(once, rows).rowcount)


def _change(one: Found, row: Row[Any], run_id: int | None) -> dict[str, Any]:
    """What a live finding says from now on."""
    why = _comes_again(one, row)
    explained = row.status == "justified" and not why  # the township judges what the village has explained
    return {
        "finding": row.id,
        "sentence": row.sentence if explained else _sentence(one, row)[:500],
        "facts": row.facts if explained else dict(one.facts),
        "severity": one.severity,
        "way": one.way,
        "run_id": run_id,
        "gone_on": None,
        "status": _AGAIN[row.status] if why else row.status,
        "times": row.times + bool(why),
        "note": why or row.note,
    }


_AGAIN = {"confirmed": "waiting", "corrected": "asked", "justified": "asked"}
"""Asked once more: by a new case, or by the one that still has it in hand."""


def _sentence(one: Found, row: Row[Any]) -> str:
    """A rule finds the same anew; people find something else beside what they said before."""
    if row.source == "rule":
        return one.sentence
    return f"{row.sentence}；{one.sentence}" if _says_more(one, row) else str(row.sentence)


def _says_more(one: Found, row: Row[Any]) -> bool:
    return row.source != "rule" and one.sentence[:500] not in row.sentence


def _comes_again(one: Found, row: Row[Any]) -> str:
    """Why the village is asked once more about what it has answered; or ''."""
    if row.status in ("corrected", "justified"):
        return FOUND_MORE if _says_more(one, row) else ""
    if row.status != "confirmed":
        return ""
    if row.answer == "corrected":
        return FOUND_AGAIN
    return "" if row.facts == as_kept(one.facts) else CHANGED_SINCE


def no_longer(
    session: Session,
    rules: Collection[str],
    first: int,
    last: int,
    *,
    place: str,
    run_id: int,
    now: datetime,
) -> int:
    """Close what the run `run_id` did not find among the households `first` to `last` (both included) at and
    below the division `place`, all of which it looked at by `rules`; answers how many.

    What village or township have at the moment is only marked: it is closed as the township confirms it.
    """
    today = local_date(now)
    columns = _FINDING.c
    reached = access.scope_of(place)
    missed = (
        columns.household_id.between(first, last),
        columns.village_code.between(reached.low, reached.high),
        columns.rule.in_(rules),
        columns.source == "rule",
        or_(columns.run_id.is_(None), columns.run_id != run_id),
    )
    ended = update(_FINDING).where(*missed, columns.status.in_(("waiting", "confirmed")))
    done: Any = session.execute(ended.values(status="closed", closed_on=today, ending="no_longer"))
    held = update(_FINDING).where(*missed, columns.status.in_(("asked", "corrected", "justified")))
    session.execute(held.where(columns.gone_on.is_(None)).values(gone_on=today))
    return int(done.rowcount)
