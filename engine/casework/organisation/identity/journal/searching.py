"""Lines by days, kind, person, object and address: a page of them, or all.

Reading is on the log itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from engine.ground.clock import local_date, start_of_day, stopwatch
from engine.ground.database import write
from engine.ground.errors import Invalid

PAGE = 50
MOST_DAYS = 92
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


def said(wanted: Wanted) -> list[str]:
    """The filter in words that no filter finds again."""
    first = asdict(replace(wanted, before=None, before_day=None))
    return [f"{fact(name)} {value}" for name, value in first.items() if value]


def _note_reading(session: Session, actor: Account, wanted: Wanted, now: datetime) -> None:
    """Once an hour for each filter."""
    if wanted.before is not None:
        return
    words = said(wanted)
    latest = audit.latest_of(session, actor.id, "log_read", now - timedelta(hours=1))
    if any(data.get("filter") == words for data in latest):
        return
    with write(session):
        audit.record(session, "access", actor.id, "log_read", {"filter": words}, now)


def lines(session: Session, actor: Account, wanted: Wanted) -> Iterator[Told]:
    """All lines that match, the latest first. Raises as `find`."""
    require(actor)
    check(wanted)
    for _, query in _queries(session, actor, replace(wanted, before=None, before_day=None)):
        for entries in session.scalars(query.execution_options(yield_per=AT_ONCE)).partitions():
            yield from told(session, entries)


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


def read(given: Mapping[str, str], *clocks: datetime) -> Wanted:
    """The filter that an address or a form names; by itself the last week, by each of the clocks."""
    first, last = days_back(*clocks)
    last = min(_day(given.get("last")) or last, date.max - timedelta(days=1))  # a day after it there is
    kind, number = read_object(given.get("object", ""), given.get("number", ""))
    return Wanted(
        first=_day(given.get("first")) or min(first, last),
        last=last,
        group=given.get("group", ""),
        kind=given.get("kind", ""),
        person=given.get("person", "").strip()[:40],
        object=kind,
        number=number,
        address=given.get("address", "").strip()[:45],
        before=text.whole(given.get("before", "").strip()) or None,
        before_day=_day(given.get("day")),
    )


YEARS = range(1900, 2200)
"""What a day may lie in: days are counted from it."""


def _day(words: str | None) -> date | None:
    found = text.day(words or "")
    return found if found is not None and found.year in YEARS else None
