"""The limits that count now, kept or passed: what narrows them, and the list of them one by one.

A limit counts while the work under it goes on; the step transaction keeps that mark (`Timer.standing`). Every
list and figure is one scan of the index `ix_timer_standing` over a range of division codes, so a drill-down
costs what it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from engine.casework import lamps
from engine.casework.models import IS_OPEN, LEVELS, Account, CaseFile, Division, Timer, WorkItem
from engine.casework.organisation import access, accounts, divisions
from engine.casework.step import provisional
from engine.ground import text as normal
from engine.ground.errors import NotAllowed, NotFound
from engine.ground.paging import COUNT_CAP, Page, page_of
from engine.ground.tables import begins
from engine.ground.text import key

STANDING = Timer.standing == literal_column("'open'")
"""Written out, so that the index of standing limits serves."""
SORTS = {
    "due": "到期早的在前",
    "late": "到期晚的在前",
    "step": "按正在办理",
    "holder": "按办理单位",
    "place": "按村",
    "name": "按名称",
}
PRESSING = "press"
"""The lamp that means red and yellow together."""
UNCLAIMED, NOBODY = "unclaimed", "nobody"
HOLDERS = {
    **{level: f"{access.QUEUE_NAMES[level]}在办" for level in reversed(LEVELS)},
    UNCLAIMED: "没有人领办",
    NOBODY: "等待期满",
}
"""With whom a limit's work is: a level's desk, a desk where nobody has taken it up, or nobody,
since a time is waited for.
"""
OVER = (3, 7, 15, 30)
"""Days overdue that the page offers to narrow to."""


@dataclass(frozen=True)
class LimitFilter:
    """What the page is narrowed to; every field may be empty."""

    division: str = ""
    limit: str = ""  # "procedure:element", or "procedure:" for all limits of a procedure
    step: str = ""  # "procedure:element" of an open task
    lamp: str = ""  # red, yellow, green, or PRESSING
    over: int = 0  # overdue for at least so many days
    holder: str = ""  # of HOLDERS
    text: str = ""  # in the name of the head of household, or of who has claimed a task
    sort: str = "due"  # of SORTS
    page: int = 1


@dataclass(frozen=True)
class Holding:
    """A limit of a case with the open tasks under it: who holds it."""

    timer_id: int
    case_id: int
    subject: str
    village_code: str
    procedure_key: str
    name: str
    due_at: datetime
    token: str
    element_id: str = ""
    items: Sequence[WorkItem] = ()
    provisional: bool = False
    """Whether its end is counted by weekends alone, for the year's days off are not published yet."""


def timers(session: Session, actor: Account, state: str, now: datetime, page: int = 1) -> Page[Timer]:
    """Timers in the actor's reach: ``due`` still run, ``fired`` have fired,
    ``overdue`` are passed limits that count.
    """
    query = select(Timer).where(access.within(Timer.village_code, access.scopes(actor)))
    if state == "overdue":
        query = query.where(STANDING, Timer.due_at <= now)
    elif state == "fired":
        query = query.where(Timer.status == literal_column("'fired'"))
    else:
        query = query.where(Timer.status == literal_column("'waiting'"), Timer.due_at > now)
    ordered = (
        query.order_by(Timer.fired_at.desc(), Timer.id.desc())
        if state == "fired"
        else query.order_by(Timer.due_at, Timer.id)
    )
    return page_of(session, query, ordered, page)


# -- where one may look ----------------------------------------------------------------------------


def require_watch(actor: Account) -> None:
    """Raise NotAllowed unless the actor watches limits anywhere."""
    if not access.scopes(actor, access.WATCH_ROLES):
        raise NotAllowed("督办页面由督查员和乡镇以上经办人员使用。")


def supervises(actor: Account) -> bool:
    """Whether the actor may urge, give orders and write letters somewhere."""
    return access.has_role(actor, access.SUPERVISOR)


def home(actor: Account) -> str:
    """The division where the actor's page begins: the widest that they watch."""
    require_watch(actor)
    codes = [grant.division_code for grant in actor.grants if grant.role in access.WATCH_ROLES]
    return min(codes, key=lambda code: (LEVELS.index(access.level_of(code)), code))


def place_of(session: Session, actor: Account, code: str) -> Division:
    """The division `code`, or the actor's own for ''. Raises NotFound for what the actor does not watch."""
    require_watch(actor)
    wanted = code or home(actor)
    scope = (
        access.scope_of(wanted) if len(wanted) == 12 and normal.whole(wanted, 10**12) is not None else None
    )
    inside = scope and any(
        one.low <= scope.low and scope.high <= one.high for one in access.scopes(actor, access.WATCH_ROLES)
    )
    if not inside:
        raise NotFound("没有找到这个地方，或不在您的督办范围内。")
    return divisions.get(session, wanted)


# -- narrowing -------------------------------------------------------------------------------------


def here(place: Division) -> list[ColumnElement[bool]]:
    """SQL: the limits that stand at and below a division."""
    return [STANDING, access.within(Timer.village_code, [access.scope_of(place.code)])]


Condition = Callable[[Any], ColumnElement[bool]]
"""SQL: what is asked of a limit, over the columns of its timer, or of a counter of such limits."""


def plain(wanted: LimitFilter) -> list[Condition]:
    """What the filter asks of a limit's procedure, of the limit itself, and of the steps at work under it."""
    found: list[Condition] = []
    if wanted.limit:
        procedure, _, element = wanted.limit.partition(":")
        found.append(_of(procedure))
        if element:
            found.append(lambda columns: columns.element_id == element)
    if wanted.step:
        procedure, _, step = wanted.step.partition(":")
        found += [_of(procedure), _at(f" {step}:")]
    if wanted.holder == NOBODY:
        found.append(lambda columns: columns.held == "")
    elif wanted.holder in LEVELS:
        found.append(_at(f":{wanted.holder} "))
    elif wanted.holder and wanted.holder != UNCLAIMED:
        found.append(lambda columns: false())
    return found


def _of(procedure: str) -> Condition:
    return lambda columns: columns.procedure_key == procedure


def _at(part: str) -> Condition:
    """A step under the limit is written with `part`."""
    return lambda columns: columns.held.contains(part, autoescape=True)


def is_plain(wanted: LimitFilter) -> bool:
    """Whether `plain` says all that the filter asks, but for lamps and days."""
    return wanted.holder != UNCLAIMED and not wanted.text.strip()


LARGE = ("province", "city")
"""Levels at which more limits count than are read while somebody waits."""


def here_by_instant(place: Division) -> list[ColumnElement[bool]]:
    """As `here`, where limits are read in the order in which they pass: of a large place by the index by
    instants, not by that by places.
    """
    if place.level not in LARGE:
        return here(place)
    scope, village = access.scope_of(place.code), func.coalesce(Timer.village_code, "")
    return [STANDING, village.between(scope.low, scope.high)]


def narrowed(
    place: Division, wanted: LimitFilter, now: datetime, *, everywhere: bool = False
) -> list[ColumnElement[bool]]:
    """SQL: all that the filter asks for; `place` bounds what is looked through for it. A name that is met
    `everywhere` is asked of each limit in turn.
    """
    found = [meets(Timer) for meets in plain(wanted)]
    if wanted.lamp:
        found.append(of_lamp(wanted.lamp, now))
    if wanted.over:
        found.append(lamps.over_for(Timer.due_at, wanted.over, now))
    if wanted.holder == UNCLAIMED:
        found += [Timer.held != "", Timer.id.not_in(_taken_up(place))]
    if text := wanted.text.strip():
        named = _is_named(text) if everywhere else _named(place, text)
        found.append(or_(named, _claimed_by(place, text)))
    return found


def bounds(limit: type[Timer]) -> ColumnElement[bool]:
    """SQL: the task is under this very limit, be it the only one or one of several around the task."""
    named = or_(WorkItem.limits == limit.token, WorkItem.limits.contains(limit.token))
    return and_(WorkItem.case_id == limit.case_id, named)


def tasks(place: Division, *conditions: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """SQL: the open tasks at and below a division that are under a limit: all of it is in one index."""
    here = access.within(WorkItem.village_code, [access.scope_of(place.code)])
    return [IS_OPEN, WorkItem.limits != literal_column("''"), here, *conditions]


def _under(place: Division, *conditions: ColumnElement[bool]) -> Select[int]:
    """The limits that have such open tasks: looked up once for a statement."""
    limit = aliased(Timer)
    query = select(limit.id).join(WorkItem, bounds(limit)).where(*tasks(place, *conditions))
    return query.where(limit.standing == literal_column("'open'")).correlate(None)


def _has(place: Division, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The limit has such an open task under it."""
    return Timer.id.in_(_under(place, *conditions))


def _taken_up(place: Division) -> Select[int]:
    """The limits under which somebody has taken up every open task: looked for where anybody has one."""
    somebody = select(WorkItem.case_id).where(*tasks(place, WorkItem.claimed_by.is_not(None)))
    limit = aliased(Timer)
    query = select(limit.id).join(WorkItem, and_(bounds(limit), IS_OPEN))
    query = query.where(limit.standing == literal_column("'open'"), limit.case_id.in_(somebody))
    all_of_them = func.count() == func.count(WorkItem.claimed_by)
    return query.group_by(limit.id).having(all_of_them).correlate(None)


def _named(place: Division, text: str) -> ColumnElement[bool]:
    """The head of household's name has `text` in it."""
    cases = select(CaseFile.id).where(CaseFile.status == literal_column("'open'"))
    here = access.within(CaseFile.village_code, [access.scope_of(place.code)])
    return Timer.case_id.in_(cases.where(here, CaseFile.subject_key.contains(key(text), autoescape=True)))


def _is_named(text: str) -> ColumnElement[bool]:
    """As `_named`, asked of one limit."""
    own = select(CaseFile.id).where(CaseFile.id == Timer.case_id, CaseFile.status == literal_column("'open'"))
    return own.where(CaseFile.subject_key.contains(key(text), autoescape=True)).correlate(Timer).exists()


def _claimed_by(place: Division, text: str) -> ColumnElement[bool]:
    """Somebody with `text` in their name has taken up a task under the limit; of a large place, whose name
    begins so: there are as many people at work there as there are accounts.
    """
    if place.level in LARGE:
        people = select(Account.id).where(begins(Account.name_key, key(text)))
    else:
        holders = select(WorkItem.claimed_by).where(*tasks(place, WorkItem.claimed_by.is_not(None)))
        people = select(Account.id).where(Account.id.in_(holders))
        people = people.where(Account.name_key.contains(key(text), autoescape=True))
    return _has(place, WorkItem.claimed_by.in_(people))


def of_lamp(colour: str, now: datetime) -> ColumnElement[bool]:
    """SQL: the limits under a lamp."""
    if colour == PRESSING:
        return Timer.due_at <= lamps.soon_ends(now)
    return lamps.under(Timer.due_at, colour, now) if colour in lamps.LAMPS else false()


# -- listing ---------------------------------------------------------------------------------------


def listing(
    session: Session, actor: Account, wanted: LimitFilter, now: datetime, *, total: int | None = None
) -> Page[Holding]:
    """A page of the limits that the filter finds, each with who holds it;
    only the page's cases are looked up. `total`: how many it finds, where that is known.
    """
    place = place_of(session, actor, wanted.division)
    ids = select(Timer.id).where(*here(place), *narrowed(place, wanted, now))
    listed = ids
    if wanted.sort in ("due", "late"):  # read until the page is full, however many there are
        many = total is not None and total > COUNT_CAP
        asked = narrowed(place, wanted, now, everywhere=many and place.level in LARGE)
        listed = select(Timer.id).where(*here_by_instant(place), *asked)
    page = page_of(session, ids, _ordered(listed, wanted.sort), wanted.page, total=total)
    rows = {row.id: row for row in session.execute(_ROWS.where(Timer.id.in_(page.items)))}
    return page.showing(held(session, [rows[one] for one in page.items]))


def found(session: Session, actor: Account, wanted: LimitFilter, now: datetime) -> Select[*tuple[Any, ...]]:
    """SQL: all the limits that the filter finds, in its order.

    Raises NotFound, NotAllowed outside the actor's watch.
    """
    place = place_of(session, actor, wanted.division)
    return _ordered(_ROWS.where(*here(place), *narrowed(place, wanted, now)), wanted.sort)


_ROWS: Select[*tuple[Any, ...]] = select(
    Timer.id,
    Timer.case_id,
    CaseFile.subject,
    Timer.village_code,
    Timer.procedure_key,
    Timer.name,
    Timer.due_at,
    Timer.token,
    Timer.element_id,
).join(CaseFile, CaseFile.id == Timer.case_id)


def _ordered(query: Select[*tuple[Any, ...]], sort: str) -> Select[*tuple[Any, ...]]:
    """The query in the order of `sort`."""
    due = (Timer.due_at, Timer.id)
    if sort == "step":
        return query.order_by(func.nullif(Timer.held, "").nulls_last(), *due)
    if sort == "holder":
        return query.order_by(_first_desk().nulls_last(), *due)
    if sort == "name":
        own = aliased(CaseFile)
        subject = select(own.subject).where(own.id == Timer.case_id).correlate(Timer)
        return query.order_by(subject.scalar_subquery(), *due)
    if sort == "late":
        return query.order_by(Timer.due_at.desc(), Timer.id.desc())
    return query.order_by(Timer.village_code, *due) if sort == "place" else query.order_by(*due)


def _first_desk() -> ColumnElement[Any]:
    """SQL: of the desks at which the work under a limit is, the one whose code comes first: the highest."""
    lengths = access.PREFIX_LENGTH.items()
    desks = {level: func.substr(Timer.village_code, 1, length) for level, length in lengths}
    return case(*((_at(f":{level} ")(Timer), desk) for level, desk in desks.items()), else_=None)


def held(session: Session, rows: Sequence[Any]) -> list[Holding]:
    """Each limit with the open tasks under it, in one statement."""
    query = (
        select(WorkItem)
        .where(WorkItem.case_id.in_({row.case_id for row in rows}), IS_OPEN)
        .order_by(WorkItem.id)
    )
    open_items = list(session.scalars(query))
    unsure = provisional.marked(session, ((row.case_id, row.element_id, row.due_at) for row in rows))
    return [
        replace(
            Holding(*row),
            items=[i for i in open_items if i.case_id == row.case_id and row.token in i.limits],
            provisional=(row.case_id, row.element_id, row.due_at) in unsure,
        )
        for row in rows
    ]


def item_ids(session: Session, actor: Account, wanted: LimitFilter, now: datetime, limit: int) -> list[int]:
    """The open tasks under all the limits that the filter finds, up to `limit`."""
    wanted_limits = found(session, actor, wanted, now).order_by(None).with_only_columns(Timer.id)
    query = select(WorkItem.id, WorkItem.due_at).distinct().join(Timer, and_(bounds(Timer), IS_OPEN))
    query = query.where(Timer.id.in_(wanted_limits.correlate(None)))
    return list(session.scalars(query.order_by(WorkItem.due_at, WorkItem.id).limit(limit)))


def claimers(session: Session, held: Sequence[Holding]) -> dict[int, str]:
    """The names of who has claimed an item, by account."""
    ids = {item.claimed_by for one in held for item in one.items if item.claimed_by}
    return accounts.names(session, ids)


def desk(item: WorkItem, places: dict[str, str]) -> str:
    """The unit that holds an item."""
    return places.get(item.division_code) or access.QUEUE_NAMES[item.queue]
