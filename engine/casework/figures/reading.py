"""Answers from the roll-ups: what a page of the statistics shows.

Each question is one statement on few rows.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.figures import facts
from engine.casework.figures.facts import NOTICE, RETURNED, STEP
from engine.casework.figures.periods import Span
from engine.casework.figures.tally import routes_of
from engine.casework.figures.tiers import tier_for
from engine.casework.models import (
    IS_OPEN,
    LEVELS,
    Account,
    CaseFile,
    Division,
    Figure,
    Procedure,
    ProcedureVersion,
    RoleGrant,
    WorkItem,
)
from engine.casework.organisation import access, divisions
from engine.casework.supervision import counting
from engine.casework.supervision.counting import Lamps
from engine.casework.supervision.limits import LimitFilter
from engine.ground.errors import NotAllowed, NotFound
from engine.ground.paging import Page, page_of_rows
from engine.ground.tables import table

ROLES = frozenset(
    {"township_reviewer", "county_approver", "city_reviewer", "province_reviewer", access.SUPERVISOR}
)
"""Who sees statistics: supervisors and those who review and approve,
of what lies at and below their own division.
"""

_FIGURE, _ITEM = table(Figure), table(WorkItem)
_DAYS = re.compile(r"days\s+after\s*\(.*,\s*(\d+)\s*\)\s*$", re.S)


# -- whose -----------------------------------------------------------------------------------------


def place(session: Session, actor: Account, code: str) -> Division:
    """The division that a page of statistics is about; by default the actor's own.

    Raises NotAllowed or NotFound.
    """
    own = [grant.division_code for grant in actor.grants if grant.role in ROLES]
    if not own:
        raise NotAllowed("统计由督查和审核、审批人员查看。")
    wanted = code or own[0]
    if not access.reaches(actor, wanted, ROLES):
        raise NotFound("没有找到这个地方，或者不在您的范围内。")
    return divisions.get(session, wanted)


def above(session: Session, actor: Account, division: Division) -> list[Division]:
    """The divisions from the actor's own down to `division`, for the way back up."""
    codes = [access.ancestor(division.code, level) for level in LEVELS[: LEVELS.index(division.level) + 1]]
    found = session.scalars(select(Division).where(Division.code.in_(codes)).order_by(Division.code))
    known = {one.code: one for one in found}
    return [known[code] for code in codes if code in known and access.reaches(actor, code, ROLES)]


# -- counting --------------------------------------------------------------------------------------


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
    query = _cells(facts.headlines(), division.code, division.level, span, procedure)
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
    query = (
        _cells(facts.headlines(), division.code, level, span, procedure).add_columns(child).group_by(child)
    )
    found: dict[str, Totals] = defaultdict(Totals)
    for row in session.execute(query):
        counts = found[row.child.ljust(12, "0")].cells[row.measure, row.procedure_key, row.element_id]
        counts[row.value] += row.many
    return found


def _cells(
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


def within(column: ColumnElement[str], code: str) -> ColumnElement[bool]:
    """SQL: the column is a division at or below `code`."""
    scope = access.scope_of(code)
    return column == scope.low if scope.low == scope.high else column.between(scope.low, scope.high)


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
        for row in session.execute(
            _cells([measure], division.code, division.level, span, procedure, version)
        ):
            found.cells[row.measure, row.procedure_key, row.element_id][row.value] += row.many
    return found


# -- limits of the diagrams ------------------------------------------------------------------------


@dataclass(frozen=True)
class Limit:
    """A legal limit that a diagram draws around an activity: the figures «in time» are about these."""

    procedure_key: str
    procedure: str
    element_id: str
    name: str
    activity: str
    ends: frozenset[str]
    days: int | None
    """The count of days, where the diagram writes the limit as `days after(…, n)`."""

    def used(self, past: int | None) -> int | None:
        """Days used, of days past the last one; None where the limit has no count of days."""
        return None if past is None or self.days is None else past + self.days


def limits(session: Session) -> list[Limit]:
    """The limits of the procedures in force, by procedure."""
    found = []
    for key, name, version_id in _in_force(session):
        definition, routes = definitions.load(session, version_id), routes_of(session, version_id)
        for element_id, activity in routes.limits.items():
            element = definition.elements[element_id]
            counted = _DAYS.search(element.timer or "")
            ends = routes.ends_of(activity)
            days = int(counted.group(1)) if counted else None
            found.append(Limit(key, name, element_id, element.name, activity, ends, days))
    return found


_IN_FORCE = (
    select(Procedure.key, Procedure.name, Procedure.current_version_id)
    .where(Procedure.part.is_(False), Procedure.current_version_id.is_not(None))
    .order_by(Procedure.key)
)


def _in_force(session: Session) -> list[tuple[str, str, int]]:
    return [
        (key, name, version_id)
        for key, name, version_id in session.execute(_IN_FORCE)
        if version_id is not None
    ]


def procedures(session: Session) -> dict[str, str]:
    """Key and name of the procedures in force."""
    return {key: name for key, name, _ in _in_force(session)}


def version_of(session: Session, procedure: str, number: int) -> ProcedureVersion:
    """A version by its number, or (0) the one in force. Raises NotFound."""
    if not number:
        return definitions.current(session, procedure)
    query = select(ProcedureVersion).where(
        ProcedureVersion.procedure_key == procedure, ProcedureVersion.number == number
    )
    found = session.scalar(query)
    if found is None:
        raise NotFound("没有找到这一版流程。")
    return found


# -- steps -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """What is open now at a step, a place or a desk: tasks, and the limits under a red or yellow lamp."""

    count: int = 0
    red: int = 0
    yellow: int = 0


K = TypeVar("K", bound=Hashable)


def together(tasks: Mapping[K, int], lamps: Mapping[K, Lamps]) -> dict[K, Waiting]:
    """Tasks and lamps by the same key."""
    keys = dict.fromkeys([*tasks, *lamps])
    return {key: Waiting(tasks.get(key, 0), *_pressing(lamps.get(key))) for key in keys}


def _pressing(lamps: Lamps | None) -> tuple[int, int]:
    return (lamps.red, lamps.yellow) if lamps else (0, 0)


@dataclass(frozen=True)
class StepFigures:
    """A step of a procedure: how long it takes, what it sends back, what waits."""

    procedure_key: str
    element_id: str
    name: str
    queue: str
    hours: Spread
    returned: int
    waiting: Waiting


def steps(
    session: Session, division: Division, span: Span, now: datetime, procedure: str = ""
) -> list[StepFigures]:
    """The user tasks of the procedures in force (or one of them) with their figures,
    in the diagrams' order.
    """
    spent = spreads(session, [STEP, RETURNED], division, span, procedure)
    open_now = waiting(session, division, now, procedure)
    found = []
    for key, _, version_id in _in_force(session):
        if procedure not in ("", key):
            continue
        for element in definitions.load(session, version_id).in_flow_order:
            if element.kind in ("userTask", "manualTask"):
                at = (key, element.id)
                found.append(
                    StepFigures(
                        key,
                        element.id,
                        element.name,
                        element.queue or "county",
                        spent.spread(STEP, *at),
                        spent.count(RETURNED, *at),
                        open_now.get(at, Waiting()),
                    )
                )
    return found


def waiting(
    session: Session, division: Division, now: datetime, procedure: str = "", version_id: int = 0
) -> dict[tuple[str, str], Waiting]:
    """The open tasks at and below a division by procedure and step, and the limits that these are under."""
    step = (_ITEM.c.procedure_key, _ITEM.c.element_id)
    query = select(*step, func.count().label("many")).where(
        IS_OPEN, within(_ITEM.c.village_code, division.code)
    )
    if procedure:
        query = query.where(_ITEM.c.procedure_key == procedure)
    if version_id:
        query = query.join(CaseFile, CaseFile.id == _ITEM.c.case_id).where(CaseFile.version_id == version_id)
    rows = session.execute(query.group_by(*step))
    tasks = {(row.procedure_key, row.element_id): row.many for row in rows}
    wanted = LimitFilter(limit=f"{procedure}:" if procedure else "")
    return together(tasks, counting.by_step(session, division, wanted, now, version_id))


def by_level(found: Sequence[StepFigures]) -> list[tuple[str, Spread, int, Waiting]]:
    """The steps of each level together: hours, returns, open work."""
    levels = []
    for queue in reversed(LEVELS):
        own = [step for step in found if step.queue == queue]
        if own:
            hours: Counter[int] = Counter()
            for step in own:
                hours.update(step.hours.counts)
            open_now = Waiting(
                sum(s.waiting.count for s in own),
                sum(s.waiting.red for s in own),
                sum(s.waiting.yellow for s in own),
            )
            levels.append((queue, Spread(hours), sum(s.returned for s in own), open_now))
    return levels


# -- people ----------------------------------------------------------------------------------------

HOLDERS = 50
"""How many officials with tasks in hand a page names, those with most first."""


@dataclass(frozen=True)
class Desk:
    """A queue of a division that has open tasks: tasks and limits,
    and how many tasks somebody has taken up.
    """

    queue: str
    division_code: str
    waiting: Waiting
    held: int


@dataclass(frozen=True)
class InHand:
    """What an official has taken up at one desk."""

    name: str
    queue: str
    division_code: str
    waiting: Waiting


def units(session: Session, division: Division, now: datetime, page: int = 1) -> Page[Desk]:
    """The desks at and below a division that have open tasks, those with most first."""
    unit = (_ITEM.c.queue, _ITEM.c.division_code)
    open_here = (IS_OPEN, within(_ITEM.c.village_code, division.code))
    counts = (func.count().label("many"), func.count(_ITEM.c.claimed_by).label("held"))
    query = select(*unit, *counts).where(*open_here).group_by(*unit)
    found = page_of_rows(session, query.order_by(func.count().desc(), *unit), page)
    lamps = counting.by_desk(session, division, now, [(row.queue, row.division_code) for row in found.items])
    desks = []
    for row in found.items:
        pressing = _pressing(lamps.get((row.queue, row.division_code)))
        desks.append(Desk(row.queue, row.division_code, Waiting(row.many, *pressing), row.held))
    return Page(desks, found.total, found.page, found.pages, found.capped)


def staff(session: Session, codes: Iterable[str]) -> dict[tuple[str, str], int]:
    """How many active officials work on each queue of these divisions."""
    query = (
        select(RoleGrant.role, RoleGrant.division_code, func.count(func.distinct(RoleGrant.account_id)))
        .join(Account, Account.id == RoleGrant.account_id)
        .where(
            RoleGrant.division_code.in_(set(codes)), RoleGrant.role.in_(access.QUEUE_OF_ROLE), Account.active
        )
        .group_by(RoleGrant.role, RoleGrant.division_code)
    )
    return {(access.QUEUE_OF_ROLE[role], code): many for role, code, many in session.execute(query)}


def people(session: Session, division: Division, now: datetime) -> list[InHand]:
    """The officials who have open tasks in hand at and below a division, those with most first."""
    holder = (_ITEM.c.claimed_by, _ITEM.c.queue, _ITEM.c.division_code)
    held = (
        select(*holder, func.count().label("many"))
        .where(IS_OPEN, within(_ITEM.c.village_code, division.code), _ITEM.c.claimed_by.is_not(None))
        .group_by(*holder)
        .order_by(func.count().desc(), *holder)
        .limit(HOLDERS)
        .subquery()
    )
    query = select(Account.name, *held.c).join(Account, Account.id == held.c.claimed_by)
    rows = session.execute(query.order_by(held.c.many.desc(), Account.name, Account.id)).all()
    lamps = counting.by_holder(session, division, now, {row.claimed_by for row in rows})
    found = []
    for row in rows:
        pressing = _pressing(lamps.get((row.claimed_by, row.queue, row.division_code)))
        found.append(InHand(row.name, row.queue, row.division_code, Waiting(row.many, *pressing)))
    return found


def hours_words(value: int | None) -> str:
    """Hours as people say them: 不足1小时, 5小时, 2.5天."""
    if value is None:
        return "—"
    if value < 1:
        return "不足1小时"
    return f"{value}小时" if value < 48 else f"{value / 24:.1f}".removesuffix(".0") + "天"
