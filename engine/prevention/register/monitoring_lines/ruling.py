"""The year's reference income, per province and dated (R01): a parameter that people enter,
never a constant. Here is which line rules; how people set one is in `setting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.casework.models import MonitoringLine
from engine.casework.organisation import access
from engine.ground.clock import local_date, written
from engine.ground.database import put
from engine.ground.database.prepared import Prepared
from engine.ground.database.remembered import Remembered
from engine.ground.errors import Invalid
from engine.ground.tables import table
from engine.prevention.models import CaseLine

ASKED, IN_FORCE, REFUSED, WITHDRAWN, REPLACED = "asked", "in_force", "refused", "withdrawn", "replaced"
STATUS = {
    ASKED: "等待第二人确认",
    IN_FORCE: "已生效",
    REFUSED: "未同意",
    WITHDRAWN: "已收回",
    REPLACED: "已更正",
}
FACTS = ("id", "year", "amount", "on", "basis", "document", "of_year", "text")
"""What `facts` has."""
ANNOUNCED_IN = 12
"""From this month on a province without next year's line is reminded of it (R01)."""
_LINE, _OF_CASE = table(MonitoringLine), table(CaseLine)
_IN_FORCE = Remembered(
    Prepared(
        select(_LINE)
        .where(
            _LINE.c.province_code == bindparam("province_code"),
            _LINE.c.status == IN_FORCE,
            _LINE.c.effective_from <= bindparam("day"),
        )
        .order_by(_LINE.c.effective_from.desc())
        .limit(1),
        steady=True,
    ),
    MonitoringLine,
)
_RULED = Prepared(
    select(_OF_CASE.c.line_id, _OF_CASE.c.on_day, _OF_CASE.c.set_at).where(
        _OF_CASE.c.case_id == bindparam("case_id")
    ),
    own=True,
)
_FORGET = Prepared(delete(_OF_CASE).where(_OF_CASE.c.case_id == bindparam("case_id")))


# -- which line rules ------------------------------------------------------------------------------


def in_force(session: Session, village_code: str, day: date) -> MonitoringLine:
    """The reference line in force for a village on a day (R01).

    Raises Invalid when the province has set none for that day.
    """
    line = _found(session, village_code, day)
    if line is None:
        raise Invalid(f"省级还没有设定 {written(day)}执行的监测范围，请联系省级业务管理人员在“参数”中设定。")
    return line


def _found(session: Session, village_code: str, day: date) -> MonitoringLine | None:
    province = access.ancestor(village_code, "province")
    found: MonitoringLine | None = _IN_FORCE.first(session, province_code=province, day=day)
    return found


def facts(line: MonitoringLine, day: date) -> dict[str, Any]:
    """What forms and diagrams know of the line that rules on `day`: amounts are yuan, days ISO.

    ``of_year`` is whether it is the year's own: without one, the line of an earlier year goes on (R01).
    """
    return {
        "id": line.id,
        "year": line.year,
        "amount": line.amount,
        "on": day.isoformat(),
        "basis": line.basis,
        "document": line.document,
        "of_year": line.year == day.year,
        "text": _words(line, day),
    }


def _words(line: MonitoringLine, day: date) -> str:
    """The amount as a page says it beside the income: 5000元（2021年标准，2022年的还没有设定）."""
    missing = "" if line.year == day.year else f"，{day.year}年的还没有设定"
    return f"{line.amount}元（{line.year}年标准{missing}）"


def today(session: Session, _: int, village_code: str, day: date, *more: Any) -> dict[str, Any]:
    """What forms know of the line that rules as they are open: empty, with a text, where none is set."""
    line = _found(session, village_code, day)
    return facts(line, day) if line is not None else {"text": "没有设定"}


def every(session: Session) -> Sequence[MonitoringLine]:
    """Every line, the latest day first."""
    query = select(MonitoringLine).order_by(MonitoringLine.effective_from.desc(), MonitoringLine.id.desc())
    return session.scalars(query).all()


# -- by which line a case was judged ---------------------------------------------------------------


def rule(session: Session, case_id: int, line: MonitoringLine, day: date, now: datetime) -> dict[str, Any]:
    """The case is judged by `line`, the one of `day`; answers what `judge_as_before` needs."""
    before = _RULED.first(session, case_id=case_id)
    _set(session, case_id, line.id, day, now)
    if before is None:
        return {}
    return {
        "line": before.line_id,
        "on": before.on_day.isoformat(),
        "at": before.set_at.isoformat(),
    }


def judge_as_before(session: Session, case_id: int, before: Mapping[str, Any], now: datetime) -> None:
    """What was judged is taken back: the case is again judged by what `rule` answered."""
    if before:  # what was decided by it since it was set is decided by it again
        at = datetime.fromisoformat(before["at"]) if "at" in before else now
        _set(session, case_id, before["line"], date.fromisoformat(before["on"]), at)
    else:
        _FORGET.run(session, case_id=case_id)


def _set(session: Session, case_id: int, line_id: int, day: date, now: datetime) -> None:
    row = {"case_id": case_id, "line_id": line_id, "on_day": day, "set_at": now}
    put(session, CaseLine, row, ("case_id",))


def ruled_by(session: Session, case_id: int) -> list[dict[str, Any]]:
    """By which line the case was judged last, of which day: as `facts`; none while nobody has."""
    rows = _RULED.all(session, case_id=case_id)
    return [facts(session.get_one(MonitoringLine, row.line_id), row.on_day) for row in rows]


# -- what is missing -------------------------------------------------------------------------------


def lacking(session: Session, province_code: str, now: datetime) -> list[str]:
    """What the province has not set, in sentences: this year's line at any time,
    next year's from 1 December (R01).
    """
    today = local_date(now)
    years = [today.year, today.year + 1] if today.month >= ANNOUNCED_IN else [today.year]
    query = select(MonitoringLine).where(
        MonitoringLine.province_code == province_code, MonitoringLine.status.in_((ASKED, IN_FORCE))
    )
    lines = session.scalars(query.order_by(MonitoringLine.effective_from)).all()
    set_for = {line.year for line in lines if line.status == IN_FORCE}
    asked_for = {line.year for line in lines if line.status == ASKED}
    began = [line for line in lines if line.status == IN_FORCE and line.effective_from <= today]
    return [_lack(year, year in asked_for, began) for year in years if year not in set_for]


def _lack(year: int, asked: bool, began: Sequence[MonitoringLine]) -> str:
    missing = f"{year} 年的监测范围{'已提出，等待第二人确认' if asked else '还没有设定'}"
    if not began:
        return f"{missing}。"
    return f"{missing}，现在按 {began[-1].year} 年的 {began[-1].amount:,} 元办理。"


# -- installation ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class LineRow:
    """A line that comes with the installation of a province; `amount` in yuan."""

    province_code: str
    year: int
    amount: int
    effective_from: date
    basis: str
    document: str = ""


def adopt(session: Session, rows: Sequence[LineRow], now: datetime) -> None:
    """Lines that come with the installation are in force at once: nobody is there to confirm them."""
    session.add_all(MonitoringLine(**vars(row), status=IN_FORCE, decided_at=now) for row in rows)
    session.flush()


KIT = Kit(
    case_parts={"ruled_by": ruled_by},
    registered={"line": FACTS},
    prefills={"line": today},
    log_kinds={
        "line_asked": "提出监测范围",
        "line_confirmed": "确认监测范围",
        "line_refused": "不同意监测范围",
        "line_withdrawn": "收回监测范围",
    },
    log_facts={
        "line": "监测范围",
        "amount": "金额（元）",
    },
)
