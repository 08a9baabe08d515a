"""Setting the province's monitoring line (R01): one person asks with the document, a second confirms.

What is in force is never edited. A later day of the same year gets a line of its own; a wrong figure is put
right by another line of the same day, and only while nothing has been decided by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, Division, MonitoringLine
from engine.casework.organisation import access
from engine.casework.telling import notifications
from engine.ground import text
from engine.ground.clock import Clock, local_date, written
from engine.ground.database import insert_once, whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.register.monitoring_lines.decided import consequences, decided_by
from engine.prevention.register.monitoring_lines.province import province_of
from engine.prevention.register.monitoring_lines.ruling import (
    ASKED,
    IN_FORCE,
    REFUSED,
    REPLACED,
    STATUS,
    WITHDRAWN,
)

ASKER = "province_reviewer"
DECIDERS = (ASKER, access.SECURITY_ADMIN)
LEAST, MOST = 1_000, 100_000
"""Yuan a year: whatever lies outside is a slip of the pen."""
_LENGTHS = {"basis": (10, 200), "document": (6, 120), "reason": (2, 400)}
_WORDS = {
    "year": "年度",
    "amount": "金额",
    "effective_from": "起始日期",
    "basis": "依据",
    "document": "文号",
    "reason": "原因",
    "aware": "已知悉",
}


@dataclass(frozen=True)
class LineAsked:
    """What somebody typed; `aware` is whether what will follow was read."""

    year: str = ""
    amount: str = ""
    effective_from: str = ""
    basis: str = ""
    document: str = ""
    reason: str = ""
    aware: bool = False


def may_ask(actor: Account) -> bool:
    """Whether the actor may ask for a line: who reviews for the whole province (R01: the province sets)."""
    return access.has_everywhere(actor, ASKER)


def may_decide(actor: Account, line: MonitoringLine) -> bool:
    """Whether the actor is a second person for the line: not the one who asked."""
    return (
        line.status == ASKED
        and line.asked_by != actor.id
        and line.province_code == province_of(actor)
        and any(access.has_everywhere(actor, role) for role in DECIDERS)
    )


# -- asking ----------------------------------------------------------------------------------------


@whole
def ask(session: Session, actor: Account, asked: LineAsked, *, clock: Clock) -> MonitoringLine:
    """Ask for a line; it rules nothing until a second person has confirmed it.

    Raises NotAllowed, Invalid with a sentence at each field, or Conflict when one is already asked for.
    """
    if not may_ask(actor):
        raise NotAllowed("监测范围由省级业务管理人员设定。")
    now = clock.now()
    with write(session, alone=True):
        line = read(session, actor, asked, local_date(now))
        _require_aware(session, line, asked.aware, local_date(now))
        line.asked_by, line.asked_at = actor.id, now
        columns = {name: value for name, value in vars(line).items() if not name.startswith("_")}
        if not insert_once(session, MonitoringLine, columns):
            raise Conflict(f"{line.year} 年的监测范围已有人提出，正在等待第二人确认：请先确认或收回那一项。")
        found = session.scalars(_asked_for(line.province_code, line.year)).one()
        _log(session, actor, found, "line_asked", now)
        words = f"{actor.name}提出{_named(found)}，请另一人核对文件后确认。"
        notifications.send_place(session, found.province_code, "province", "parameter", words, now)
    return found


def read(session: Session, actor: Account, asked: LineAsked, today: date) -> MonitoringLine:
    """The line that was typed, not stored. Raises Invalid with a sentence at each field that is wrong."""
    line = MonitoringLine(province_code=province_of(actor), status=ASKED, replaces_id=None, note="")
    faults: dict[str, list[str]] = {}
    year = text.whole(text.half(asked.year).removesuffix("年").strip(), 9999)
    if year is None or not today.year - 1 <= year <= today.year + 1:
        faults["year"] = [f"年度：请填 {today.year - 1} 到 {today.year + 1} 年。"]
    amount = text.number(asked.amount, "元")
    if amount is None or amount != amount.to_integral_value() or not LEAST <= amount <= MOST:
        faults["amount"] = [f"金额：请填每人每年多少元，{LEAST:,} 到 {MOST:,} 之间的整数。"]
    day = text.day(asked.effective_from)
    if day is None or (year is not None and day.year != year):
        faults["effective_from"] = ["起始日期：请填这一年中的一天。"]
    for name in ("basis", "document"):
        typed = text.line(getattr(asked, name))
        setattr(line, name, typed)
        if fault := _length_fault(name, typed):
            faults[name] = [fault]
    if "document" not in faults and not any(letter.isdecimal() for letter in line.document):
        faults["document"] = ["文号：要有号数，如“某政办〔2026〕12号”。"]
    if faults or year is None or amount is None or day is None:
        raise Invalid("监测范围没有提出，请改正。", faults)
    line.year, line.amount, line.effective_from = year, int(amount), day
    return _with_reason(session, line, asked, today)


def _length_fault(name: str, typed: str) -> str:
    least, most = _LENGTHS[name]
    return "" if least <= len(typed) <= most else f"{_WORDS[name]}：请写 {least} 到 {most} 字。"


def _with_reason(session: Session, line: MonitoringLine, asked: LineAsked, today: date) -> MonitoringLine:
    """Whatever is not simply a year's first line says why, and which line it puts right."""
    line.reason = text.paragraphs(asked.reason)
    before = _of_day(session, line.province_code, line.effective_from)
    if before is not None:
        _require_undecided(session, before)
        if before.amount == line.amount:
            raise Invalid("金额没有变。", {"amount": ["金额：与现在执行的相同。"]})
        line.replaces_id = before.id
    others = select(MonitoringLine.id).where(
        MonitoringLine.province_code == line.province_code,
        MonitoringLine.year == line.year,
        MonitoringLine.status == IN_FORCE,
    )
    plain = line.effective_from >= today and session.scalar(others.limit(1)) is None
    if (not plain or line.reason) and (fault := _length_fault("reason", line.reason)):
        because = "" if plain else "这一年已有标准，或起始日期已过，要写明原因。"
        raise Invalid("监测范围没有提出，请改正。", {"reason": [f"{fault}{because}"]})
    return line


def _of_day(session: Session, province_code: str, day: date) -> MonitoringLine | None:
    """The line in force that begins on the day."""
    return session.scalar(
        select(MonitoringLine).where(
            MonitoringLine.province_code == province_code,
            MonitoringLine.status == IN_FORCE,
            MonitoringLine.effective_from == day,
        )
    )


def _asked_for(province_code: str, year: int) -> Select[MonitoringLine]:
    return select(MonitoringLine).where(
        MonitoringLine.province_code == province_code,
        MonitoringLine.year == year,
        MonitoringLine.status == ASKED,
    )


def _require_undecided(session: Session, line: MonitoringLine) -> None:
    """A year with decided cases is never edited. Raises Invalid."""
    count = decided_by(session, line)
    if count:
        raise Invalid(
            f"{written(line.effective_from)}起的标准已有 {count} 户据此上报或决定，不能改写。",
            {
                "effective_from": [
                    f"起始日期：这一天起的 {line.amount:,} 元已有 {count} 户据此上报或决定，不能改写；新标准请从以后的某日起另行设定。"
                ]
            },
        )


def _require_aware(session: Session, line: MonitoringLine, aware: bool, today: date) -> None:
    said = consequences(session, line, today)
    if said and not aware:
        raise Invalid("请先看清后果，再勾选“已知悉”。", {"aware": [f"已知悉：{one}" for one in said]})


# -- the second person -----------------------------------------------------------------------------


@whole
def decide(
    session: Session,
    actor: Account,
    line_id: int,
    agrees: bool,
    note: str = "",
    *,
    aware: bool = False,
    clock: Clock,
) -> MonitoringLine:
    """The second person confirms, and the line is in force from its day; or refuses, with a note.

    Raises NotFound, NotAllowed (the one who asked, or no reach), Invalid or Conflict.
    """
    now, note = clock.now(), text.paragraphs(note)[:400]
    if not agrees and len(note) < 2:
        raise Invalid("不同意须写明原因。", {"note": ["意见：不同意须写明原因。"]})
    with write(session, alone=True):
        line = _locked(session, actor, line_id)
        if line.asked_by == actor.id:
            raise NotAllowed("监测范围须由提出人以外的第二人确认。")
        if not may_decide(actor, line):
            raise NotAllowed("监测范围由省级业务管理人员或安全管理员确认。")
        line.decided_by, line.decided_at, line.note = actor.id, now, note
        if not agrees:
            line.status = REFUSED
            _log(session, actor, line, "line_refused", now)
            return line
        _confirm(session, line, aware, local_date(now))
        _log(session, actor, line, "line_confirmed", now)
        _tell_counties(session, line, now)
    return line


def _confirm(session: Session, line: MonitoringLine, aware: bool, today: date) -> None:
    """As things are now, not as they were when it was asked for."""
    before = _of_day(session, line.province_code, line.effective_from)
    if (before.id if before else None) != line.replaces_id:
        raise Conflict("提出以后，同一天起的标准有了变化：请不同意这一项，重新提出。")
    _require_aware(session, line, aware, today)
    if before is not None:
        _require_undecided(session, before)
        before.status = REPLACED
        session.flush()
    line.status = IN_FORCE
    session.flush()


@whole
def withdraw(session: Session, actor: Account, line_id: int, *, clock: Clock) -> MonitoringLine:
    """Who asked takes it back before anybody has decided. Raises NotFound, NotAllowed or Conflict."""
    now = clock.now()
    with write(session, alone=True):
        line = _locked(session, actor, line_id)
        if line.asked_by != actor.id:
            raise NotAllowed("只有提出的人可以收回。")
        line.status, line.decided_by, line.decided_at = WITHDRAWN, actor.id, now
        _log(session, actor, line, "line_withdrawn", now)
    return line


def _locked(session: Session, actor: Account, line_id: int) -> MonitoringLine:
    line = session.get(MonitoringLine, line_id, with_for_update=True, populate_existing=True)
    if line is None or line.province_code != province_of(actor):
        raise NotFound("没有找到这一项监测范围。")
    if line.status != ASKED:
        raise Conflict(f"这一项{STATUS[line.status]}，不能再办理。")
    return line


def _tell_counties(session: Session, line: MonitoringLine, now: datetime) -> None:
    """One line in each county's bell, never one a household."""
    counties = select(Division.code).where(
        Division.level == "county", access.within(Division.code, [access.scope_of(line.province_code)])
    )
    words = f"{_named(line)}已经生效。以前的决定不变；各户按哪一天的标准，以评议日、批准日为准。"
    for code in session.scalars(counties.order_by(Division.code)).all():
        notifications.send_place(session, code, "county", "parameter", words, now)


def _named(line: MonitoringLine) -> str:
    return f"{line.year} 年监测范围 {line.amount:,} 元（{written(line.effective_from)}起，{line.document}）"


def _log(session: Session, actor: Account, line: MonitoringLine, kind: str, now: datetime) -> None:
    details = {
        "line": line.id,
        "year": line.year,
        "amount": line.amount,
        "from": line.effective_from.isoformat(),
        "document": line.document,
        "replaces": line.replaces_id,
        "reason": line.reason,
        "note": line.note,
    }
    audit.record(session, "parameters", actor.id, kind, details, now)
