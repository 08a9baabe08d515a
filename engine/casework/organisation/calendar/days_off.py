"""A year's days off as the State Council's office publishes them: read as pasted or from a table,
shown against what is there, then stored as a whole.

A year is replaced, never mended day by day: a guessed day that the notice does not give must go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, CalendarDay, CalendarYear
from engine.casework.organisation import access
from engine.ground import rows, text
from engine.ground.clock import Clock, written
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed

COLUMNS = {
    "day": ("日期", "放假日期", "时间", "day"),
    "kind": ("类别", "安排", "休班", "休/班", "休或班", "kind"),
    "name": ("名称", "节日", "节假日", "说明", "name"),
}
MOST_ROWS = 400
MOST_TEXT = 20_000
"""Characters of a pasted notice: the longest had under two thousand."""
FEW, MANY = 7, 60
"""Days off in a year: fewer is asked about, more is no notice of the State Council."""
DOCUMENT = (4, 200)
_ASIDE = re.compile(r"[（(\[【][^）)\]】]*[）)\]】]")
_NAME = re.compile(r"^(?:[一二三四五六七八九十]+、|\d+[.、])?\s*([\u4e00-\u9fff、]{2,12}?)\s*[:：]")
_POINT = (
    r"(?:(?P<{0}y>\d{{4}})\s*[年\-/.]\s*)?(?:(?P<{0}m>\d{{1,2}})\s*[月\-/.]\s*)?(?P<{0}d>\d{{1,2}})\s*[日号]?"
)
_DAYS = re.compile(
    r"(?<![\d第共])(?=\d{1,4}\s*[年月\-/.])"
    + _POINT.format("a")
    + r"(?:\s*(?:至|到|~|～|—+|–)\s*"
    + _POINT.format("b")
    + r")?"
)
_DATED = re.compile(r"\d\s*月|\d{4}\s*[-/.年]|\d\s*[日号]")
_OFF, _WORKED = re.compile("放假|休"), re.compile("上班|班")


RULE = (
    "保存以后：新开始的期限按新的安排算。一年的安排公布以前按工作日算的期限只按周末推算，标着“暂按周末推算”，"
    "第一次保存这一年的安排后重新计算，改了的通知经办的人；已张贴的公示不会早于张贴的日期结束。"
    "以前已有安排、现在更正的，正在计时、按工作日算的期限不变，还是办理记录里写下的那一天，"
    "把事项迁移到新版流程时才按新的安排重算。按自然日算的期限不受影响。"
)
"""What a calendar does to limits that run. One that comes: they are counted again
(`engine.casework.time.recounting`). One that is corrected: nothing, for a case keeps to what it was told
(`Instance.count_days`); a move asks anew.
"""


@dataclass(frozen=True)
class Day:
    """A day off, or a weekend day that is worked."""

    day: date
    working: bool
    name: str = ""


@dataclass(frozen=True)
class Preview:
    """What storing a year would do, as it was read and as things are."""

    year: int
    days: tuple[Day, ...]
    added: tuple[Day, ...]
    changed: tuple[Day, ...]
    removed: tuple[Day, ...]
    faults: tuple[str, ...] = ()
    """What was read cannot be a year's days off: nothing is stored."""
    doubts: tuple[str, ...] = ()
    """What is stored only when somebody has said so."""


@dataclass
class _Read:
    days: list[Day] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


NOT_KEPT = "节假日全省一样，由省级的系统管理员或省级业务管理人员录入。"


def may_keep(actor: Account) -> bool:
    """Whether the actor keeps the days off, which all counties share: the province's system administrator, or
    who reviews for the province.
    """
    return any(access.has_everywhere(actor, role) for role in (access.ACCOUNT_ADMIN, "province_reviewer"))


# -- reading ---------------------------------------------------------------------------------------


def pasted(words: str, year: int) -> tuple[list[Day], list[str]]:
    """The days in lines of text, and what in them cannot be read.

    A line is as the notice has it (元旦：1月1日至3日放假，1月4日上班。) or as a table has it (2027-01-01 休 元旦).
    """
    read = _Read()
    if len(words) > MOST_TEXT:
        return [], [f"贴的内容超过 {MOST_TEXT:,} 字，不是一年的放假安排。"]
    for number, line in enumerate(text.paragraphs(words).split("\n"), 1):
        if line.strip():
            _sentence(read, number, line, year)
    return read.days, read.faults


def sheet(body: bytes, filename: str, year: int) -> tuple[list[Day], list[str]]:
    """As `pasted`, of an Excel or CSV file. Raises Invalid when the file cannot be read."""
    read = _Read()
    for row in rows.read(body, filename, COLUMNS, most=MOST_ROWS):
        _row(read, row.number, row.cells, year)
    return read.days, read.faults


def as_lines(days: Iterable[Day]) -> str:
    """The days as `pasted` reads them: what was in a file, for people to mend."""
    told = sorted(set(days), key=lambda one: (one.day, one.working))
    return "\n".join(f"{one.day} {'班' if one.working else '休'} {one.name}".rstrip() for one in told)


def _row(read: _Read, number: int, cells: Mapping[str, str], year: int) -> None:
    found = _spans(cells["day"], year)
    working = _worked(cells["kind"])
    if not found or working is None:
        read.faults.append(f"第 {number} 行：要有日期和“休”或“班”。")
        return
    name = text.line(cells["name"])[:40]
    read.days += [Day(day, working, name) for span in found for day in span]


def _sentence(read: _Read, number: int, line: str, year: int) -> None:
    """One line: days wait until the words say whether they are off or worked."""
    line = _ASIDE.sub("", text.half(line).replace("\t", " "))
    named = _NAME.match(line)
    name, waiting, unread = (named[1] if named else ""), [], False
    for clause in re.split("[。;,，；]", line[named.end() :] if named else line):
        found = [day for span in _spans(clause, year) for day in span]
        unread = unread or (not found and _DATED.search(clause) is not None)
        waiting += found
        working = _worked(clause)
        if working is None or not waiting:
            continue
        called = name or _rest(clause)
        read.days += [Day(day, working, called or ("调休上班" if working else "")) for day in waiting]
        waiting = []
    if waiting or unread:
        read.faults.append(f"第 {number} 行“{line.strip()[:30]}”：看不出哪几天放假、哪几天上班。")


def _worked(words: str) -> bool | None:
    """Whether the words say that days are worked (True) or off (False); None when they say neither."""
    if _OFF.search(words.replace("调休", "")) or "放假" in words:
        return False
    return True if _WORKED.search(words) else None


def _rest(clause: str) -> str:
    """What a table's line says besides its days and kind: the day's name."""
    words = re.sub("放假|上班|调休|休|班|[、,\\s]", " ", _DAYS.sub(" ", clause))
    return text.line(words)[:40] if not re.search(r"\d", words) else ""


def _spans(words: str, year: int) -> list[list[date]]:
    """Each day or range of days in the words, of `year` unless they name another."""
    found, month = [], 0
    for match in _DAYS.finditer(text.half(words).translate({ord("号"): "日"})):
        try:
            month = int(match["am"] or month)
            first = date(int(match["ay"] or year), month, int(match["ad"]))
            last = first
            if match["bd"]:
                month = int(match["bm"] or month)
                last = date(int(match["by"] or first.year), month, int(match["bd"]))
        except ValueError:
            return []
        if not timedelta(0) <= last - first <= timedelta(days=31):
            return []
        found.append([first + timedelta(days=step) for step in range((last - first).days + 1)])
    return found


# -- looking before storing ------------------------------------------------------------------------


def preview(session: Session, year: int, days: Sequence[Day], faults: Iterable[str] = ()) -> Preview:
    """What storing the year would change, and what speaks against it."""
    own = {one.day: one for one in days}
    kept = select(CalendarDay).where(CalendarDay.day.in_([day for day in own if day.year != year]))
    rows_there = [*of_year(session, year), *session.scalars(kept)]
    present = {row.day: Day(row.day, row.working, row.name) for row in rows_there}
    wrong = [*faults, *_faults(year, days)]
    return Preview(
        year,
        tuple(own[day] for day in sorted(own)),
        tuple(own[day] for day in sorted(own) if day not in present),
        tuple(own[day] for day in sorted(own) if day in present and own[day].working != present[day].working),
        tuple(present[day] for day in sorted(present) if day not in own),
        tuple(wrong),
        () if wrong else tuple(_doubts(days)),
    )


def _belongs(year: int, day: date) -> bool:
    """Whether the year's notice may say so of the day: it also arranges New Year's last days of December."""
    return day.year == year or (day.year, day.month) == (year - 1, 12)


def _faults(year: int, days: Sequence[Day]) -> list[str]:
    others = {one.day for one in days if not _belongs(year, one.day)}
    both = {one.day for one in days if one.working} & {one.day for one in days if not one.working}
    found = [f"{written(day)}不是 {year} 年的日子。" for day in sorted(others)]
    found += [f"{written(day)}又放假又上班。" for day in sorted(both)]
    off = len({one.day for one in days if not one.working})
    if not days:
        found.append("没有读到一天。")
    elif off > MANY:
        found.append(f"放假 {off} 天，不会这样多：请核对是不是贴错了内容。")
    return found


def _doubts(days: Sequence[Day]) -> list[str]:
    off = len({one.day for one in days if not one.working})
    found = [f"全年只放假 {off} 天：是不是漏了几个节日？"] if off < FEW else []
    usual = sorted(one.day for one in days if one.working and one.day.isoweekday() <= 5)
    found += [f"{written(day)}本来就是工作日，不必写“班”。" for day in usual]
    return found if any(one.working for one in days) else [*found, "没有一个周末调休上班：历年的通知都有。"]


def of_year(session: Session, year: int) -> Sequence[CalendarDay]:
    """The year's days off and worked weekend days, by day."""
    query = select(CalendarDay).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31)))
    return session.scalars(query.order_by(CalendarDay.day)).all()


def arranged(session: Session, year: int) -> CalendarYear | None:
    """Who entered the year from which document; None when nobody has."""
    return session.get(CalendarYear, year)


def revision(found: CalendarYear | None) -> str:
    """What a form keeps, to notice that somebody else has stored the year in between."""
    return found.set_at.isoformat() if found is not None and found.set_at is not None else ""


# -- storing ---------------------------------------------------------------------------------------


@whole
def store(
    session: Session,
    actor: Account,
    year: int,
    days: Sequence[Day],
    document: str,
    *,
    seen: str,
    aware: bool,
    clock: Clock,
) -> Preview:
    """The year's days off are these, and no others.

    `seen` is the `revision` that the actor looked at, `aware` whether doubts were read. Raises NotAllowed,
    Invalid or Conflict.
    """
    if not may_keep(actor):
        raise NotAllowed(NOT_KEPT)
    now, document = clock.now(), text.line(document)
    if not DOCUMENT[0] <= len(document) <= DOCUMENT[1]:
        raise Invalid("请写明通知的文号。", {"document": ["来源：请写通知的名称或文号，4 到 200 字。"]})
    with write(session, alone=True):
        row = session.get(CalendarYear, year, with_for_update=True, populate_existing=True)
        if revision(row) != seen:
            raise Conflict(f"{year} 年的节假日刚才有人改过，请重新核对。")
        found = preview(session, year, days)
        if found.faults:
            raise Invalid("没有保存，请改正。", {"days": list(found.faults)})
        if found.doubts and not aware:
            raise Invalid("请看清疑问，再勾选“已核对”。", {"aware": list(found.doubts)})
        replace(session, year, found.days, document, actor.id, now)
        details = {
            "year": year,
            "document": document,
            "added": len(found.added),
            "changed": len(found.changed),
            "removed": len(found.removed),
        }
        audit.record(session, "parameters", actor.id, "calendar", details, now)
    return found


def replace(
    session: Session,
    year: int,
    days: Iterable[Day],
    document: str,
    actor_id: int | None,
    now: datetime | None,
) -> None:
    """The year's days become these; the caller is inside a write transaction."""
    between = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
    session.execute(delete(CalendarDay).where(between), execution_options={"synchronize_session": "fetch"})
    for one in days:
        session.merge(CalendarDay(day=one.day, working=one.working, name=one.name[:40]))
    session.merge(CalendarYear(year=year, document=document, set_by=actor_id, set_at=now))
    session.flush()
