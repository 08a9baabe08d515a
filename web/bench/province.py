"""A province's year in the database, for the measurement of the pages that add it up: bulk rows,
the same each time.

The cases are the demo's, which went through the real runtime, told again for other households in villages all
over the province and on earlier days: their histories, states, tasks and timers are those that the product
writes, only moved. What has become due meanwhile is then fired by the product itself (`pass_time`), so that
which limits stand, which have passed, who was told and what waits to leave the system is its own doing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from sqlalchemy import Connection, Row, Table, Text, column, func, insert, select, text, type_coerce
from sqlalchemy import table as lightweight
from sqlalchemy.orm import Session, sessionmaker

from engine.casework.models import Account, CaseFile, Division, Incident, LogEntry, Timer, Urge, WorkItem
from engine.casework.organisation import access
from engine.casework.supervision import limits, orders, urging
from engine.casework.supervision.limits import LimitFilter
from engine.casework.time import timers
from engine.flow.machine import codec
from engine.ground.clock import MovableClock, local_date
from engine.ground.errors import Conflict
from engine.ground.tables import microseconds, table
from engine.prevention.models import Household, Notice

YEAR = 360
"""Days over which the finished cases are spread."""
EARLIER = 14
"""Open cases are told up to so many days earlier than they were: the limits of some have passed since."""
OPEN_SHARE = 0.15
ABOUT_OTHER_ROWS = ("reminder", "promise")
"""Timers of measures and orders, which are not told again."""
FLUSH = 5000
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

Say = Callable[[str], None]
Values = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much there is to be, at least."""

    cases: int
    lines: int


@dataclass(frozen=True)
class Story:
    """One case of the demo, as rows."""

    case: Values
    household: Values
    lines: Sequence[Row[Any]]
    items: Sequence[Values]
    timers: Sequence[Values]
    notices: Sequence[Values]

    @property
    def open(self) -> bool:
        """Whether it still goes on."""
        return bool(self.case["status"] == "open")


def fill(session: Session, size: Size, now: datetime, say: Say = lambda text: None) -> tuple[int, int]:
    """Tell the stories that are in the database again until there is `size` more;
    answers cases and lines written.
    """
    chance = Random(41)
    stories = _stories(session)
    going = [story for story in stories if story.open]
    told = sorted((story for story in stories if not story.open), key=lambda story: -len(story.lines))
    long = told[: max(1, len(told) // 2)]
    villages = list(
        session.scalars(select(Division.code).where(Division.level == "village").order_by(Division.code))
    )
    mean = OPEN_SHARE * _mean(going or long) + (1 - OPEN_SHARE) * _mean(long)
    count = max(size.cases, int(size.lines / mean) + 1)
    opened = int(count * OPEN_SHARE) if going else 0
    told_again = [_earlier(chance.choice(going), chance, now) for _ in range(opened)]
    told_again += [(chance.randrange(30, YEAR), chance.choice(long)) for _ in range(count - opened)]
    numbers = _Numbers(session)
    writer = _Writer(session.connection(), session.get_bind().dialect.name == "sqlite")
    for done, (age, story) in enumerate(sorted(told_again, key=lambda one: -one[0])):
        _Telling(story, numbers, chance, villages[chance.randrange(len(villages))], age, now).write(writer)
        if done % FLUSH == FLUSH - 1:
            writer.flush(now - timedelta(days=age))
            say(f"{done + 1} 件")
    writer.flush(None)
    numbers.give_back(session)
    session.commit()
    _analyse(session)
    return count, writer.lines_written


def _earlier(story: Story, chance: Random, now: datetime) -> tuple[int, Story]:
    """How many days ago an open case began: never later than it did, or some of its past would be to come."""
    return (now - story.case["started_at"]).days + chance.randrange(EARLIER), story


def pass_time(sessions: sessionmaker[Session], now: datetime) -> int:
    """Fire what has become due in the cases told again, as the ticker would; returns how many timers fired.

    Raises Conflict when one of them failed: then the cases are not what the product would have written.
    """
    fired = timers.fire_due(sessions, MovableClock(at=now))
    with sessions() as session:
        incident = session.scalar(select(Incident).limit(1))
    if incident is not None:
        raise Conflict(f"有定时没有触发成功：{incident.error}")
    return fired


def supervise(session: Session, watcher: Account, many: int, now: datetime) -> int:
    """Urge and give orders about `many` late items, as `watcher` would; those urged before are left.

    Returns how many.
    """
    clock = MovableClock(at=now)
    before = set(session.scalars(select(Urge.work_item_id)))
    late = limits.item_ids(session, watcher, LimitFilter(lamp="red"), now, many + len(before))
    late = [one for one in late if one not in before][:many]
    for item_id in late:
        urging.urge(session, watcher, item_id, "请抓紧办理。", clock=clock)
        orders.give(
            session, watcher, item_id, "请说明超期原因。", local_date(now) + timedelta(days=3), clock=clock
        )
    return len(late)


def _mean(stories: Sequence[Story]) -> float:
    return sum(len(story.lines) for story in stories) / len(stories)


def _stories(session: Session) -> list[Story]:
    """The demo's cases that have come some way."""
    log = table(LogEntry)
    columns = [c if c.name != "data" else type_coerce(c, Text).label("data") for c in log.columns]
    found = []
    for case in session.execute(select(table(CaseFile)).order_by(table(CaseFile).c.id)).mappings().all():
        lines = session.execute(
            select(*columns).where(log.c.stream == f"case:{case['id']}").order_by(log.c.seq)
        ).all()
        household = session.execute(_of(Household, "id", case["subject_id"])).mappings().one()
        if len(lines) > 2:
            parts = [
                session.execute(_of(model, "case_id", case["id"])).mappings().all()
                for model in (WorkItem, Timer, Notice)
            ]
            items, waits, notices = [[dict(row) for row in part] for part in parts]
            waits = [row for row in waits if row["kind"] not in ABOUT_OTHER_ROWS]
            found.append(Story(dict(case), dict(household), lines, items, waits, notices))
    return found


def _of(model: Any, name: str, value: int) -> Any:
    return select(table(model)).where(table(model).c[name] == value)


class _Numbers:
    """The next free key of each table."""

    def __init__(self, session: Session) -> None:
        self._next = {
            model: (
                session.scalar(select(table(model).c.id).order_by(table(model).c.id.desc()).limit(1)) or 0
            )
            for model in (CaseFile, Household, WorkItem, Timer, Notice)
        }

    def take(self, model: Any) -> int:
        """A key that nothing has yet."""
        self._next[model] += 1
        return self._next[model]

    def give_back(self, session: Session) -> None:
        """Let the database number on from here; SQLite looks at the rows by itself."""
        if session.get_bind().dialect.name == "postgresql":
            for model, last in self._next.items():
                sequence = func.pg_get_serial_sequence(table(model).name, "id")
                session.execute(select(func.setval(sequence, max(last, 1))))


class _Telling:
    """One story told again: whole days earlier, at another pace, in another village."""

    def __init__(
        self, story: Story, numbers: _Numbers, chance: Random, village: str, age: int, now: datetime
    ) -> None:
        self.story, self.numbers, self.village, self.now = story, numbers, village, now
        self.began: datetime = story.case["started_at"]
        self.shift = (now - self.began).days - age
        self.pace = 1.0 if story.open else chance.uniform(0.6, 1.4)
        self.subject = f"{story.case['subject']}{chance.randrange(100)}"

    def at(self, instant: datetime | None) -> datetime | None:
        """When something of the story happens now."""
        if instant is None:
            return None
        moved = self.began + timedelta(days=self.shift) + (instant - self.began) * self.pace
        return min(moved, self.now)

    def due(self, instant: datetime | None) -> datetime | None:
        """A legal day, moved by whole days."""
        return instant + timedelta(days=self.shift) if instant else None

    def write(self, writer: _Writer) -> None:
        """Hand all rows over."""
        story, case_id, household_id = self.story, self.numbers.take(CaseFile), self.numbers.take(Household)
        writer.add(
            Household,
            {
                **story.household,
                "id": household_id,
                "number": f"B{household_id:09d}",
                "village_code": self.village,
                "head_name": self.subject,
            },
        )
        found = story.case["discovery_date"]
        writer.add(
            CaseFile,
            {
                **story.case,
                "id": case_id,
                "subject_id": household_id,
                "village_code": self.village,
                "subject": self.subject,
                "origin_id": None,
                "started_at": self.at(self.began),
                "finished_at": self.at(story.case["finished_at"]),
                "limit_at": self.due(story.case["limit_at"]),
                "discovery_date": found + timedelta(days=self.shift) if found else None,
                "state": state_shifted(story.case["state"], self.shift) if story.open else b"",
            },
        )
        for line in story.lines:
            words = shifted(line.data, self.shift)
            writer.line(
                (
                    f"case:{case_id}",
                    line.seq,
                    self.at(line.at),
                    line.actor_id,
                    line.kind,
                    line.element_id,
                    words,
                )
            )
        place = {"case_id": case_id, "village_code": self.village}
        for item in story.items:
            moved = {name: self.at(item[name]) for name in ("opened_at", "closed_at", "claimed_at")}
            division = access.ancestor(self.village, item["queue"])
            own = {"id": self.numbers.take(WorkItem), "subject": self.subject, "division_code": division}
            writer.add(WorkItem, {**item, **place, **own, **moved, "due_at": self.due(item["due_at"])})
        for timer in story.timers:
            moved = {"due_at": self.due(timer["due_at"]), "fired_at": self.at(timer["fired_at"])}
            writer.add(Timer, {**timer, **place, "id": self.numbers.take(Timer), **moved})
        for notice in story.notices:
            own = {
                "id": self.numbers.take(Notice),
                "case_id": case_id,
                "closed_at": self.at(notice["closed_at"]),
            }
            day = {
                "posted_on": notice["posted_on"] + timedelta(days=self.shift),
                "closes_at": self.due(notice["closes_at"]),
            }
            writer.add(Notice, {**notice, **own, **day})


def state_shifted(state: bytes, days: int) -> bytes:
    """A stored state with every day in it moved by `days`: what its waits began on is in it."""
    return codec.packed(shifted(codec.unpacked(state), days))


def shifted(words: str, days: int) -> str:
    """A line's data with every day in it moved by `days`."""
    return _DATE.sub(lambda found: _moved(found.group(), days), words)


@lru_cache(maxsize=1_000_000)
def _moved(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


class _Writer:
    """Collects rows and writes them in bulk; the log's in the order of time, as they would have come."""

    def __init__(self, connection: Connection, sqlite: bool) -> None:
        self.connection, self.sqlite, self.lines_written = connection, sqlite, 0
        self._rows: dict[Any, list[Values]] = {
            Household: [],
            CaseFile: [],
            WorkItem: [],
            Timer: [],
            Notice: [],
        }
        self._lines: list[tuple[Any, ...]] = []
        names = ("stream", "seq", "at", "actor_id", "kind", "element_id", "data", "hash")
        self._log = insert(lightweight("log_entry", *(column(name) for name in names)))

    def add(self, model: Any, row: Values) -> None:
        """A row of a table."""
        self._rows[model].append(row)

    def line(self, values: tuple[Any, ...]) -> None:
        """A line of the log."""
        self._lines.append(values)

    def flush(self, before: datetime | None) -> None:
        """Write what there is; of the log only what happened before `before`."""
        for model, rows in self._rows.items():
            if rows:
                self.connection.execute(insert(_bare(model)), rows)
                rows.clear()
        self._lines.sort(key=lambda line: line[2])
        ready = [line for line in self._lines if before is None or line[2] < before]
        del self._lines[: len(ready)]
        if ready:
            self.connection.execute(self._log, list(self._written(ready)))
            self.lines_written += len(ready)

    def _written(self, lines: Sequence[tuple[Any, ...]]) -> Iterator[Values]:
        for stream, seq, at, actor_id, kind, element_id, data in lines:
            instant = microseconds(at) if self.sqlite else at
            yield {
                "stream": stream,
                "seq": seq,
                "at": instant,
                "actor_id": actor_id,
                "kind": kind,
                "element_id": element_id,
                "data": data,
                "hash": b"\0" * 32,
            }


def _bare(model: Any) -> Table:
    return table(model)


def _analyse(session: Session) -> None:
    """What PostgreSQL does by itself in the minute after so many new rows; SQLite needs nothing."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ANALYZE"))
        session.commit()
