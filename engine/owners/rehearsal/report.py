"""What a replay says as a whole: paths, durations, limits, desks, and the cases that do not fit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Rehearsal, RehearsalEntry
from engine.casework.organisation import access


@dataclass(frozen=True)
class Days:
    """Calendar days of the cases that ended on both versions."""

    cases: int
    old_median: float
    new_median: float
    old_p90: float
    new_p90: float
    longer: int
    shorter: int


@dataclass(frozen=True)
class Reason:
    """Cases that do not fit for the same reason, after the same step."""

    text: str
    after: str
    cases: int
    first_case: int


@dataclass(frozen=True)
class Desk:
    """One queue: items in all, and the fullest week."""

    queue: str
    old: int
    new: int
    old_peak: int
    new_peak: int


@dataclass(frozen=True)
class Report:
    """The whole of a replay."""

    days: Days | None
    added: Sequence[tuple[str, int, int]]
    """Steps that come more often: name, how many times more, in how many cases."""
    left_out: Sequence[tuple[str, int, int]]
    outcomes: Sequence[tuple[str, str, int]]
    """Old outcome, new outcome, cases; only where they differ."""
    limits: Sequence[tuple[str, int, int]]
    """Limits missed: name, then, now."""
    desks: Sequence[Desk]
    weeks: Sequence[tuple[str, Mapping[str, tuple[int, int]]]]
    """For each week (its Monday) the items that came onto each queue, then and now."""
    reasons: Sequence[Reason]
    supposed: Sequence[tuple[str, int]]
    """What was supposed: the new step or service, in how many cases."""


def report(session: Session, act: Rehearsal) -> Report:
    """Tell what the replayed cases say; the pending ones are left out."""
    query = select(
        RehearsalEntry.case_id, RehearsalEntry.status, RehearsalEntry.text, RehearsalEntry.facts
    ).where(RehearsalEntry.rehearsal_id == act.id, RehearsalEntry.status != "pending")
    rows = session.execute(query.order_by(RehearsalEntry.id)).all()
    fitting: list[Mapping[str, Any]] = [row.facts for row in rows if row.status != "misfit"]
    supposed = Counter(name for facts in fitting for name in facts["supposed"])
    return Report(
        _days(fitting),
        _steps(fitting, "added"),
        _steps(fitting, "left_out"),
        _outcomes(fitting),
        _limits([row.facts for row in rows if row.facts]),
        *_desks(fitting),
        _reasons([row for row in rows if row.status == "misfit"]),
        supposed.most_common(),
    )


def _days(fitting: Sequence[Mapping[str, Any]]) -> Days | None:
    pairs = [(facts["old"]["days"], facts["new"]["days"]) for facts in fitting]
    pairs = [(old, new) for old, new in pairs if old is not None and new is not None]
    if not pairs:
        return None
    old, new = sorted(pair[0] for pair in pairs), sorted(pair[1] for pair in pairs)
    return Days(
        len(pairs),
        median(old),
        median(new),
        _p90(old),
        _p90(new),
        sum(b > a for a, b in pairs),
        sum(b < a for a, b in pairs),
    )


def _p90(values: Sequence[int]) -> int:
    """The value that nine cases in ten do not exceed (`values` sorted)."""
    return values[-(-len(values) * 9 // 10) - 1]


def _steps(fitting: Sequence[Mapping[str, Any]], key: str) -> list[tuple[str, int, int]]:
    times: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    for facts in fitting:
        times.update(facts[key])
        cases.update(facts[key].keys())
    return [(name, times[name], number) for name, number in cases.most_common(100)]


def _outcomes(fitting: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    found = Counter((facts["old"]["outcome"], facts["new"]["outcome"]) for facts in fitting)
    return [
        (old or "没有写明", new or "没有写明", number)
        for (old, new), number in found.most_common()
        if old != new
    ]


def _limits(replayed: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int]]:
    """Of every case, those that do not fit included: as far as they came."""
    old = Counter(name for facts in replayed for name in facts["old"]["missed"])
    new = Counter(
        name for facts in replayed for name in (facts["new"]["missed"] if "new" in facts else facts["missed"])
    )
    return [(name, old[name], new[name]) for name in sorted(old | new)]


def _desks(
    fitting: Sequence[Mapping[str, Any]],
) -> tuple[list[Desk], Sequence[tuple[str, Mapping[str, tuple[int, int]]]]]:
    then, now = _by_week(fitting, "old"), _by_week(fitting, "new")
    weeks = sorted({week for _, week in then | now})
    desks = [
        Desk(
            queue,
            sum(n for (q, _), n in then.items() if q == queue),
            sum(n for (q, _), n in now.items() if q == queue),
            max((n for (q, _), n in then.items() if q == queue), default=0),
            max((n for (q, _), n in now.items() if q == queue), default=0),
        )
        for queue in access.QUEUE_NAMES
        if any(q == queue for q, _ in then | now)
    ]
    table = [
        (week, {desk.queue: (then[desk.queue, week], now[desk.queue, week]) for desk in desks})
        for week in weeks
    ]
    return desks, table


def _by_week(fitting: Sequence[Mapping[str, Any]], which: str) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for facts in fitting:
        for queue, week, number in facts[which]["weeks"]:
            found[queue, week] += number
    return found


def _reasons(rows: Sequence[Any]) -> list[Reason]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        found[row.text, str(row.facts.get("after", ""))].append(row.case_id)
    ordered = sorted(found.items(), key=lambda one: -len(one[1]))
    return [Reason(text, after, len(cases), cases[0]) for (text, after), cases in ordered[:50]]
