"""The limits that count now, kept or passed: counted by place, procedure and step, and listed one by one.

A limit counts while the work under it goes on; the step transaction keeps that mark (`Timer.standing`). Every figure is
one scan of the index `ix_timer_standing` over a range of division codes, so a drill-down costs what it shows.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import xlsxwriter
from sqlalchemy import ColumnElement, Select, and_, case, false, func, literal_column, select
from sqlalchemy.orm import Session

from engine import access, audit, definitions, divisions
from engine.clock import CHINA, local_date
from engine.database import write
from engine.errors import Invalid, NotAllowed, NotFound
from engine.inbox import IS_OPEN, LAMPS, YELLOW, Page, lamp, page_of, page_of_rows
from engine.models import LEVELS, Account, CaseFile, Division, Timer, WorkItem

STANDING = Timer.standing == literal_column("'open'")
"""Written out, so that the index of standing limits serves."""
MAX_ROWS = 50_000
ORDERS = {"due": "按到期", "place": "按地方", "name": "按姓名"}


@dataclass(frozen=True)
class LimitFilter:
    """What the page is narrowed to; every field may be empty. `step` is "procedure:element" of the open task."""

    division: str = ""
    procedure: str = ""
    limit: str = ""  # the element of the limit
    step: str = ""
    lamp: str = ""
    text: str = ""
    sort: str = "due"
    page: int = 1


@dataclass(frozen=True)
class Lamps:
    """How many limits stand under each lamp, and the oldest passed one."""

    red: int = 0
    yellow: int = 0
    green: int = 0
    oldest: datetime | None = None

    @property
    def total(self) -> int:
        """All of them."""
        return self.red + self.yellow + self.green


@dataclass(frozen=True)
class Line:
    """A place, a limit of a procedure, or a step, with its lamps; `key` is what the filter takes."""

    key: str
    name: str
    lamps: Lamps
    note: str = ""


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
    items: Sequence[WorkItem] = ()


@dataclass(frozen=True)
class Board:
    """Everything the page counts."""

    place: Division
    path: Sequence[Division]
    """From the widest division that the actor reaches down to `place`."""
    lamps: Lamps
    places: Sequence[Line]
    limits: Sequence[Line]
    steps: Sequence[Line]


def timers(session: Session, actor: Account, state: str, now: datetime, page: int = 1) -> Page[Timer]:
    """Timers in the actor's reach: ``due`` still run, ``fired`` have fired, ``overdue`` are passed limits that count."""
    query = select(Timer).where(access.within(Timer.village_code, access.scopes(actor)))
    if state == "overdue":
        query = query.where(STANDING, Timer.due_at <= now)
    elif state == "fired":
        query = query.where(Timer.status == "fired")
    else:
        query = query.where(Timer.status == "waiting", Timer.due_at > now)
    ordered = (
        query.order_by(Timer.fired_at.desc(), Timer.id.desc())
        if state == "fired"
        else query.order_by(Timer.due_at, Timer.id)
    )
    return page_of(session, query, ordered, page)


# -- where one may look -------------------------------------------------------------------------------------------------


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
    scope = access.scope_of(wanted) if wanted.isdigit() and len(wanted) == 12 else None
    inside = scope and any(
        one.low <= scope.low and scope.high <= one.high for one in access.scopes(actor, access.WATCH_ROLES)
    )
    if not inside:
        raise NotFound("没有找到这个地方，或不在您的督办范围内。")
    return divisions.get(session, wanted)


# -- counting -----------------------------------------------------------------------------------------------------------


def board(session: Session, actor: Account, wanted: LimitFilter, now: datetime) -> Board:
    """The page's counts, in a fixed number of statements whatever the size. Raises NotFound, NotAllowed."""
    place = place_of(session, actor, wanted.division)
    scope = access.scope_of(place.code)
    here = [STANDING, access.within(Timer.village_code, [scope])]
    by_place = _by_place(session, place, here, wanted, now)
    by_limit = _by_limit(session, here, wanted, now)
    total = _sum(line.lamps for line in by_place) if place.level != "village" else _sum(line.lamps for line in by_limit)
    return Board(place, _path(session, actor, place), total, by_place, by_limit, _by_step(session, here, wanted, now))


def _columns(now: datetime) -> list[ColumnElement[Any]]:
    soon = now + YELLOW
    return [
        func.sum(case((Timer.due_at <= now, 1), else_=0)).label("red"),
        func.sum(case((and_(Timer.due_at > now, Timer.due_at <= soon), 1), else_=0)).label("yellow"),
        func.sum(case((Timer.due_at > soon, 1), else_=0)).label("green"),
        func.min(case((Timer.due_at <= now, Timer.due_at))).label("oldest"),
    ]


def _lamps(row: Any) -> Lamps:
    return Lamps(row.red or 0, row.yellow or 0, row.green or 0, row.oldest)


def _sum(found: Any) -> Lamps:
    many = list(found)
    oldest = min((one.oldest for one in many if one.oldest is not None), default=None)
    return Lamps(sum(o.red for o in many), sum(o.yellow for o in many), sum(o.green for o in many), oldest)


def _narrowed(wanted: LimitFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.procedure:
        found.append(Timer.procedure_key == wanted.procedure)
    if wanted.limit:
        found.append(Timer.element_id == wanted.limit)
    if wanted.step:
        found.append(_under_step(wanted.step))
    return found


def _under_step(step: str) -> ColumnElement[bool]:
    """The limit's case has an open task of the step under this very limit."""
    procedure, _, element = step.partition(":")
    return (
        select(WorkItem.id)
        .where(
            WorkItem.case_id == Timer.case_id, IS_OPEN, WorkItem.due_at == Timer.due_at,
            WorkItem.procedure_key == procedure, WorkItem.element_id == element,
        )
        .exists()
    )  # fmt: skip


def _by_place(
    session: Session, place: Division, here: list[ColumnElement[bool]], wanted: LimitFilter, now: datetime
) -> list[Line]:
    """The divisions right below, the reddest first; those without a limit are left out."""
    if place.level == "village":
        return []
    level = LEVELS[LEVELS.index(place.level) + 1]
    child = func.substr(Timer.village_code, 1, access.PREFIX_LENGTH[level]).label("child")
    rows = session.execute(select(child, *_columns(now)).where(*here, *_narrowed(wanted)).group_by(child)).all()
    codes = {row.child: row.child.ljust(12, "0") for row in rows}
    names = divisions.names(session, codes.values())
    lines = [Line(codes[row.child], names.get(codes[row.child], codes[row.child]), _lamps(row)) for row in rows]
    return sorted(lines, key=lambda line: (-line.lamps.red, -line.lamps.yellow, line.key))


def _by_limit(session: Session, here: list[ColumnElement[bool]], wanted: LimitFilter, now: datetime) -> list[Line]:
    rest = _narrowed(replace(wanted, procedure="", limit=""))
    key = (Timer.procedure_key, Timer.element_id)
    rows = session.execute(
        select(*key, func.max(Timer.id).label("last"), *_columns(now)).where(*here, *rest).group_by(*key)
    ).all()
    named = {
        row.id: row.name
        for row in session.execute(select(Timer.id, Timer.name).where(Timer.id.in_([row.last for row in rows])))
    }
    procedures = definitions.names(session, {row.procedure_key for row in rows})
    return [
        Line(f"{row.procedure_key}:{row.element_id}", named[row.last], _lamps(row), procedures.get(row.procedure_key, ""))
        for row in sorted(rows, key=lambda row: -(row.red or 0))
    ]  # fmt: skip


def _by_step(session: Session, here: list[ColumnElement[bool]], wanted: LimitFilter, now: datetime) -> list[Line]:
    """The open tasks under the limits: a limit with two open tasks counts in both steps."""
    rest = _narrowed(replace(wanted, step=""))
    key = (WorkItem.procedure_key, WorkItem.element_id, WorkItem.queue)
    joined = and_(WorkItem.case_id == Timer.case_id, WorkItem.due_at == Timer.due_at, IS_OPEN)
    query = select(*key, func.max(WorkItem.id).label("last"), *_columns(now)).select_from(Timer).join(WorkItem, joined)
    rows = session.execute(query.where(*here, *rest).group_by(*key)).all()
    last = [row.last for row in rows]
    named = {
        row.id: row.name for row in session.execute(select(WorkItem.id, WorkItem.name).where(WorkItem.id.in_(last)))
    }
    return [
        Line(f"{row.procedure_key}:{row.element_id}", named[row.last], _lamps(row), access.QUEUE_NAMES[row.queue])
        for row in sorted(rows, key=lambda row: -(row.red or 0))
    ]


def _path(session: Session, actor: Account, place: Division) -> list[Division]:
    scopes = access.scopes(actor, access.WATCH_ROLES)
    found = []
    for level in LEVELS[: LEVELS.index(place.level) + 1]:
        code = access.ancestor(place.code, level)
        scope = access.scope_of(code)
        if any(one.low <= scope.low and scope.high <= one.high for one in scopes):
            found.append(divisions.get(session, code))
    return found


# -- listing ------------------------------------------------------------------------------------------------------------


def listing(session: Session, actor: Account, wanted: LimitFilter, now: datetime) -> Page[Holding]:
    """The limits that the filter finds, the longest passed on top, each with who holds it."""
    page = page_of_rows(session, _list_query(session, actor, wanted, now), wanted.page)
    return Page(_held(session, page.items), page.total, page.page, page.pages, page.capped)


def _list_query(session: Session, actor: Account, wanted: LimitFilter, now: datetime) -> Select[*tuple[Any, ...]]:
    place = place_of(session, actor, wanted.division)
    columns = (
        Timer.id, Timer.case_id, CaseFile.subject, Timer.village_code, Timer.procedure_key, Timer.name, Timer.due_at
    )  # fmt: skip
    query = select(*columns).join(CaseFile, CaseFile.id == Timer.case_id)
    query = query.where(STANDING, access.within(Timer.village_code, [access.scope_of(place.code)]), *_narrowed(wanted))
    if wanted.lamp:
        query = query.where(_of_lamp(wanted.lamp, now))
    if wanted.text:
        query = query.where(CaseFile.subject.contains(wanted.text.strip(), autoescape=True))
    order = {
        "place": (Timer.village_code, Timer.due_at, Timer.id),
        "name": (CaseFile.subject, Timer.id),
    }.get(wanted.sort, (Timer.due_at, Timer.id))
    return query.order_by(*order)


def _of_lamp(colour: str, now: datetime) -> ColumnElement[bool]:
    if colour == "red":
        return Timer.due_at <= now
    if colour == "yellow":
        return and_(Timer.due_at > now, Timer.due_at <= now + YELLOW)
    return Timer.due_at > now + YELLOW if colour == "green" else false()


def _held(session: Session, rows: Sequence[Any]) -> list[Holding]:
    """Each limit with the open tasks under it, in one statement."""
    query = select(WorkItem).where(WorkItem.case_id.in_({row.case_id for row in rows}), IS_OPEN).order_by(WorkItem.id)
    items = list(session.scalars(query))
    return [
        replace(Holding(*row), items=[i for i in items if i.case_id == row.case_id and i.due_at == row.due_at])
        for row in rows
    ]


def item_ids(session: Session, actor: Account, wanted: LimitFilter, now: datetime, limit: int) -> list[int]:
    """The open tasks under all the limits that the filter finds, up to `limit`."""
    found = (
        _list_query(session, actor, wanted, now)
        .order_by(None)
        .with_only_columns(Timer.case_id, Timer.due_at)
        .subquery()
    )
    joined = and_(WorkItem.case_id == found.c.case_id, WorkItem.due_at == found.c.due_at, IS_OPEN)
    return list(
        session.scalars(select(WorkItem.id).join(found, joined).order_by(WorkItem.due_at, WorkItem.id).limit(limit))
    )


def claimers(session: Session, held: Sequence[Holding]) -> dict[int, str]:
    """The names of who has claimed an item, by account."""
    ids = {item.claimed_by for one in held for item in one.items if item.claimed_by}
    return {row.id: row.name for row in session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))}


# -- Excel --------------------------------------------------------------------------------------------------------------

COLUMNS = (
    "市",
    "县",
    "乡镇",
    "村",
    "户主",
    "流程",
    "时限",
    "到期",
    "灯",
    "超期天数",
    "正在办理",
    "由谁办理",
    "领办人",
    "催办次数",
)


def export(session: Session, actor: Account, wanted: LimitFilter, now: datetime) -> bytes:
    """The list as an Excel file, logged. Raises Invalid when more than `MAX_ROWS` limits match."""
    rows = list(session.execute(_list_query(session, actor, wanted, now).limit(MAX_ROWS + 1)))
    if len(rows) > MAX_ROWS:
        raise Invalid(f"超过 {MAX_ROWS} 条，请按县或乡镇分别导出。")
    with write(session):
        details = {"limits": len(rows), "filter": wanted.__dict__}
        audit.record(session, "access", actor.id, "export", details, now)
    body = io.BytesIO()
    book = xlsxwriter.Workbook(body, {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet("督办")
    sheet.write_row(0, 0, COLUMNS, book.add_format({"bold": True, "border": 1, "bg_color": "#E8EEF5"}))
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(COLUMNS) - 1, 13)
    procedures = definitions.names(session, {row.procedure_key for row in rows})
    line = 1
    for start in range(0, len(rows), 500):
        held = _held(session, rows[start : start + 500])
        codes = {access.ancestor(one.village_code, level) for one in held for level in LEVELS}
        places, people = divisions.names(session, codes), claimers(session, held)
        for one in held:
            sheet.write_row(line, 0, _row(one, places, people, procedures, now))
            line += 1
    book.close()
    return body.getvalue()


def _row(
    one: Holding, places: dict[str, str], people: dict[int, str], procedures: dict[str, str], now: datetime
) -> list[Any]:
    where = [places.get(access.ancestor(one.village_code, level), "") for level in LEVELS[1:]]
    return [
        *where, one.subject, procedures.get(one.procedure_key, ""), one.name,
        f"{last_day(one.due_at):%Y-%m-%d}", LAMPS[lamp(one.due_at, now)], days_over(one.due_at, now) or "",
        "、".join(item.name for item in one.items) or "等待期满", "、".join(desk(item, places) for item in one.items),
        "、".join(people[item.claimed_by] for item in one.items if item.claimed_by in people),
        sum(item.urged for item in one.items) or "",
    ]  # fmt: skip


def desk(item: WorkItem, places: dict[str, str]) -> str:
    """The unit that holds an item."""
    return places.get(item.division_code) or access.QUEUE_NAMES[item.queue]


def last_day(due: datetime) -> datetime:
    """The last moment on which a limit was kept, in China."""
    return (due - timedelta(seconds=1)).astimezone(CHINA)


def days_over(due: datetime, now: datetime) -> int:
    """How many days a limit is overdue: 1 on the first day after its last; 0 while it is kept."""
    return (local_date(now) - local_date(due)).days + 1 if due <= now else 0
