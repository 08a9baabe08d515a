"""Lines by days, kind, person, object and address; a page of them, or all as a file.

Reading and exporting are on the log themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Select, String, or_, select, true, type_coerce
from sqlalchemy import text as sql_text
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, LogEntry, LogStream
from engine.casework.models.organisation import BESIDE_CASES
from engine.casework.organisation import access, accounts
from engine.casework.organisation.identity.journal.telling import Told, told
from engine.casework.organisation.identity.journal.words import fact, groups, objects
from engine.ground import text
from engine.ground.clock import CHINA, local_date, start_of_day, stopwatch
from engine.ground.database import write
from engine.ground.errors import Invalid
from engine.ground.sheets import Book

PAGE = 50
MOST_DAYS = 92
MOST_EXPORTED = 100_000
AT_ONCE = 1000
"""Lines whose people and places are looked up together."""
PATIENCE = 1.5
"""Seconds after which a search says how far it has come, and a verification shows its progress."""


@dataclass(frozen=True)
class Wanted:
    """Which lines are looked for."""

    first: date
    last: date
    group: str = ""
    kind: str = ""
    person: str = ""
    """A username."""
    object: str = ""
    number: int | None = None
    """Of the object: 事项 12."""
    address: str = ""
    before: int | None = None
    """Only lines before this one, which is of `before_day`: the next page."""
    before_day: date | None = None

    @property
    def days(self) -> int:
        """How many days are looked through."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Found:
    """A page of lines, the latest first."""

    lines: Sequence[Told]
    next: tuple[date, int] | None
    """The day and the number of the line before which the next page begins; None at the end."""
    searched_to: date
    """How far back it was looked; more days may have lines where this is after the first one wanted."""


def require(actor: Account) -> None:
    access.require_role(actor, access.AUDIT_ADMIN)


def check(wanted: Wanted) -> None:
    """Raise Invalid for days in the wrong order, or too many."""
    if wanted.last < wanted.first:
        raise Invalid("开始的日子在结束的后面。", {"first": ["开始的日子在结束的后面。"]})
    if wanted.days > MOST_DAYS:
        sentence = f"一次最多查 {MOST_DAYS} 天，请缩短。"
        raise Invalid(sentence, {"first": [sentence]})


def find(session: Session, actor: Account, wanted: Wanted, now: datetime) -> Found:
    """A page of lines. Raises NotAllowed for others than audit administrators, Invalid for odd days."""
    require(actor)
    check(wanted)
    _note_reading(session, actor, wanted, now)
    entries: list[LogEntry] = []
    reached = wanted.first
    elapsed = stopwatch()
    for day, query in _queries(session, actor, wanted):
        entries += session.scalars(query.limit(PAGE + 1 - len(entries)))
        if len(entries) > PAGE or elapsed() > PATIENCE:
            reached = day
            break
    more = len(entries) > PAGE
    shown = entries[:PAGE]
    return Found(told(session, shown), (reached, shown[-1].id) if more else None, reached)


def _queries(session: Session, actor: Account, wanted: Wanted) -> Iterator[tuple[date, Select[LogEntry]]]:
    """The lines that match, the latest first: all at once of a person or a case, else a day at a time."""
    base = _narrowed(session, actor, select(LogEntry).order_by(LogEntry.id.desc()), wanted)
    earlier = LogEntry.id < wanted.before if wanted.before is not None else true()
    if wanted.object == "case" and wanted.number is not None:
        yield wanted.first, base.where(LogEntry.stream == f"case:{wanted.number}", earlier)
        return
    if wanted.person:
        days = (
            LogEntry.at >= start_of_day(wanted.first),
            LogEntry.at < start_of_day(wanted.last + timedelta(1)),
        )
        yield wanted.first, base.where(sql_text(BESIDE_CASES), earlier, *days)
        return
    known = groups()
    streams = [wanted.group] if wanted.group in known else list(known)
    start = min(wanted.before_day or wanted.last, wanted.last)
    for back in range((start - wanted.first).days + 1):
        day = start - timedelta(back)
        query = base.where(LogEntry.stream.in_(_streams(day, streams)))
        yield day, query.where(earlier) if day == wanted.before_day else query


def _streams(day: date, beginnings: Sequence[str]) -> Select[str]:
    """SQL: the streams of a day that are of these groups: of the province, and of its units."""
    of_groups = [LogStream.stream.startswith(f"{group}:", autoescape=True) for group in beginnings]
    return select(LogStream.stream).where(LogStream.day == day, or_(*of_groups))


def _narrowed(session: Session, actor: Account, query: Select[LogEntry], wanted: Wanted) -> Select[LogEntry]:
    written = type_coerce(LogEntry.data, String)
    if wanted.kind:
        query = query.where(LogEntry.kind == wanted.kind)
    if wanted.person:
        found = accounts.named(session, wanted.person)
        query = query.where(LogEntry.actor_id == (found.id if found is not None else -1))
        if wanted.group:
            query = query.where(LogEntry.stream.startswith(f"{wanted.group}:", autoescape=True))
    if wanted.object in objects() and wanted.object != "case" and wanted.number is not None:
        said = f'"{wanted.object}":{wanted.number}'
        query = query.where(written.contains(f"{said},") | written.contains(f"{said}}}"))
    if wanted.address:
        query = query.where(written.contains(f'"address":"{wanted.address}"', autoescape=True))
    if not access.has_everywhere(actor, access.AUDIT_ADMIN):  # a county's reads what its own people did
        scopes = access.scopes(actor, frozenset({access.AUDIT_ADMIN}))
        within = select(Account.id).where(access.within(Account.division_code, scopes))
        query = query.where(LogEntry.actor_id.in_(within))
    return query


def _said(wanted: Wanted) -> list[str]:
    """The filter in words that no filter finds again."""
    first = asdict(replace(wanted, before=None, before_day=None))
    return [f"{fact(name)} {value}" for name, value in first.items() if value]


def _note_reading(session: Session, actor: Account, wanted: Wanted, now: datetime) -> None:
    """Once an hour for each filter."""
    if wanted.before is not None:
        return
    said = _said(wanted)
    latest = audit.latest_of(session, actor.id, "log_read", now - timedelta(hours=1))
    if any(data.get("filter") == said for data in latest):
        return
    with write(session):
        audit.record(session, "access", actor.id, "log_read", {"filter": said}, now)


def export(session: Session, actor: Account, wanted: Wanted, now: datetime) -> bytes:
    """The lines as an Excel file, the latest first; the export leaves a line. Raises Invalid for too many."""
    require(actor)
    check(wanted)
    book = Book(streaming=True)
    sheet = book.sheet("日志")
    sheet.head(0, ["时间", "谁", "类", "做了什么", "内容"], book.heading)
    sheet.widths(0, 0, 20)
    sheet.widths(1, 3, 16)
    sheet.widths(4, 4, 80)
    row = 0
    for _, query in _queries(session, actor, replace(wanted, before=None, before_day=None)):
        few = query.limit(MOST_EXPORTED + 1 - row).execution_options(yield_per=AT_ONCE)
        for entries in session.scalars(few).partitions():
            for line in told(session, entries):
                row += 1
                if row > MOST_EXPORTED:
                    raise Invalid(f"超过 {MOST_EXPORTED:,} 条，请缩短日期或加条件。")
                sheet.row(row, _cells(line))
    with write(session):
        said = {"filter": _said(wanted), "lines": row}
        audit.record(session, "access", actor.id, "log_export", said, now)
    return book.bytes()


def _cells(line: Told) -> list[str]:
    facts = "；".join(f"{name} {value}" for name, value in line.facts)
    moment = f"{line.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
    return [moment, line.who, line.group, line.kind, facts]


def days_back(*clocks: datetime) -> tuple[date, date]:
    """The days that a page shows first: the last week, by each clock that lines are written by (the demo's is
    another than the machine's).
    """
    days = [local_date(now) for now in clocks]
    return max(min(days) - timedelta(6), max(days) - timedelta(MOST_DAYS - 1)), max(days)


def read_object(kind: str, number: str) -> tuple[str, int | None]:
    """The object that was asked for: its kind and number; nothing for what is none."""
    found = text.whole(text.half(number)) if kind in objects() else None
    return (kind, found) if found is not None else ("", None)
