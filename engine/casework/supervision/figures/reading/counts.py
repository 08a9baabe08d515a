"""Counts by value, of one place or several, over a span."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine.casework.models import LEVELS, Division, Figure
from engine.casework.organisation import access
from engine.casework.supervision.figures import facts
from engine.casework.supervision.figures.facts import NOTICE
from engine.casework.supervision.figures.periods import Span
from engine.casework.supervision.figures.reading.places import within
from engine.casework.supervision.figures.tiers import tier_for
from engine.ground.tables import table

_FIGURE = table(Figure)


@dataclass(frozen=True)
class Spread:
    """How often each value came; median and 90th percentile are values that did come (nearest rank)."""

    counts: Mapping[int, int]

    @property
    def total(self) -> int:
        """How many."""
        return sum(self.counts.values())

    @property
    def kept(self) -> int:
        """Of a limit: how many were in time."""
        return sum(count for value, count in self.counts.items() if value <= 0)

    @property
    def share(self) -> float | None:
        """Of a limit: the share in time, 0 to 1; None of nothing."""
        return self.kept / self.total if self.total else None

    @property
    def median(self) -> int | None:
        """The least value that half do not exceed."""
        return self._rank(0.5)

    @property
    def p90(self) -> int | None:
        """The least value that nine tenths do not exceed."""
        return self._rank(0.9)

    def _rank(self, part: float) -> int | None:
        passed, total = 0, self.total
        for value in sorted(self.counts):
            passed += self.counts[value]
            if passed >= part * total:
                return value
        return None


@dataclass
class Totals:
    """Counts by measure, procedure and element, each by value."""

    cells: dict[tuple[str, str, str], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def spread(self, measure: str, procedure: str = "", element: str = "") -> Spread:
        """All counts of a measure, of one procedure and element or (empty) of all."""
        found: Counter[int] = Counter()
        for (name, key, at), counts in self.cells.items():
            if name == measure and procedure in ("", key) and element in ("", at):
                found.update(counts)
        return Spread(found)

    def count(self, measure: str, procedure: str = "", element: str = "") -> int:
        """How often `measure` came."""
        return self.spread(measure, procedure, element).total

    @property
    def opposed(self) -> int:
        """Notices that met an objection."""
        return self.spread(NOTICE).counts.get(1, 0)


def headlines(session: Session, division: Division, span: Span, procedure: str = "") -> dict[date, Totals]:
    """The division's headline figures by the start of each period; every period is there."""
    query = cells(facts.headlines(), division.code, division.level, span, procedure)
    found: dict[date, Totals] = {start: Totals() for start in span.starts}
    for row in session.execute(query.add_columns(_FIGURE.c.start).group_by(_FIGURE.c.start)):
        found[span.holding(row.start)].cells[row.measure, row.procedure_key, row.element_id][row.value] += (
            row.many
        )
    return found


def total_of(parts: Iterable[Totals]) -> Totals:
    """Several periods or divisions together."""
    whole = Totals()
    for part in parts:
        for key, counts in part.cells.items():
            whole.cells[key].update(counts)
    return whole


def by_child(session: Session, division: Division, span: Span, procedure: str = "") -> dict[str, Totals]:
    """The headline figures of each division right below, over all of `span`, by code."""
    level = LEVELS[min(LEVELS.index(division.level) + 1, len(LEVELS) - 1)]
    width = access.PREFIX_LENGTH[level]
    child = func.substr(_FIGURE.c.division_code, 1, width).label("child")
    query = cells(facts.headlines(), division.code, level, span, procedure).add_columns(child).group_by(child)
    found: dict[str, Totals] = defaultdict(Totals)
    for row in session.execute(query):
        counts = found[row.child.ljust(12, "0")].cells[row.measure, row.procedure_key, row.element_id]
        counts[row.value] += row.many
    return found


def cells(
    measures: Sequence[str], code: str, level: str, span: Span, procedure: str = "", version: int = 0
) -> Select[*tuple[Any, ...]]:
    """SQL: counts by measure, procedure, element and value of a division,
    from the tier that can tell `level`.
    """
    tier = tier_for(measures[0], level, monthly=span.monthly)
    columns = (_FIGURE.c.measure, _FIGURE.c.procedure_key, _FIGURE.c.element_id, _FIGURE.c.value)
    query = select(*columns, func.sum(_FIGURE.c.count).label("many")).where(
        _FIGURE.c.tier == int(tier),
        _FIGURE.c.measure.in_(measures),
        within(_FIGURE.c.division_code, code),
        _FIGURE.c.start.between(span.first, span.today),
    )
    if procedure:
        query = query.where(_FIGURE.c.procedure_key == procedure)
    if version:
        query = query.where(_FIGURE.c.version == version)
    return query.group_by(*columns)


def spreads(
    session: Session,
    measures: Sequence[str],
    division: Division,
    span: Span,
    procedure: str = "",
    version: int = 0,
) -> Totals:
    """Any measures of a division over all of `span`, together."""
    found = Totals()
    for measure in measures:
        for row in session.execute(cells([measure], division.code, division.level, span, procedure, version)):
            found.cells[row.measure, row.procedure_key, row.element_id][row.value] += row.many
    return found
