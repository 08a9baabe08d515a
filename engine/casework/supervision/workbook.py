"""The list of limits as an Excel file: what the page shows under its filter, all pages of it,
in its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.casework import audit, definitions, kit
from engine.casework.kit import SUBJECT
from engine.casework.lamps import LAMPS, days_over, lamp, last_day
from engine.casework.models import LEVELS, Account, Division
from engine.casework.organisation import access, divisions
from engine.casework.supervision import limits, wording
from engine.casework.supervision.limits import Holding, LimitFilter
from engine.ground.clock import written_moment
from engine.ground.database import write
from engine.ground.errors import Invalid
from engine.ground.sheets import Book, Sheet

MAX_ROWS = 50_000
PORTION = 500
COLUMNS = (
    "市",
    "县",
    "乡镇",
    "村",
    SUBJECT,
    "流程",
    "时限",
    "到期",
    "推算",
    "灯",
    "超期天数",
    "正在办理",
    "由谁办理",
    "领办人",
    "催办次数",
)


def export(session: Session, actor: Account, wanted: LimitFilter, now: datetime) -> bytes:
    """The list as an Excel file, logged. Raises Invalid when more than `MAX_ROWS` limits match."""
    rows = list(session.execute(limits.found(session, actor, wanted, now).limit(MAX_ROWS + 1)))
    if len(rows) > MAX_ROWS:
        raise Invalid(f"超过 {MAX_ROWS} 条，请按县或乡镇分别导出。")
    place, narrowing = limits.place_of(session, actor, wanted.division), wording.said(session, wanted)
    with write(session):
        details = {"limits": len(rows), "filter": wanted.__dict__}
        audit.record(session, "access", actor.id, "export", details, now)
    book = Book(streaming=True)
    sheet = book.sheet("督办")
    sheet.widths(0, len(COLUMNS) - 1, 13)
    sheet.head(0, kit.headings(COLUMNS), book.heading)
    for number, row in enumerate(_rows(session, rows, now), 1):
        sheet.row(number, row)
    _about(book.sheet("说明"), book, _facts(place, narrowing, wanted, len(rows), now))
    return book.bytes()


def _facts(
    place: Division, narrowing: Mapping[str, str], wanted: LimitFilter, many: int, now: datetime
) -> list[tuple[str, str | int]]:
    """What the file holds, for whoever it is passed on to."""
    return [
        ("地方", place.name),
        ("截至", written_moment(now)),
        ("条数", many),
        ("筛选", "；".join(narrowing.values()) or "没有筛选"),
        ("排序", limits.SORTS.get(wanted.sort, limits.SORTS["due"])),
        ("数的是什么", wording.MEANING),
    ]


def _about(sheet: Sheet, book: Book, facts: Sequence[tuple[str, str | int]]) -> None:
    sheet.widths(0, 0, 13)
    sheet.widths(1, 1, 90)
    for number, (name, value) in enumerate(facts):
        sheet.cell(number, 0, name, book.heading)
        sheet.cell(number, 1, value)


def _rows(session: Session, rows: Sequence[Any], now: datetime) -> Iterator[list[Any]]:
    procedures = definitions.names(session, {row.procedure_key for row in rows})
    for start in range(0, len(rows), PORTION):
        held = limits.held(session, rows[start : start + PORTION])
        codes = {access.ancestor(one.village_code, level) for one in held for level in LEVELS}
        places, people = divisions.names(session, codes), limits.claimers(session, held)
        for one in held:
            yield _row(one, places, people, procedures, now)


def _row(
    one: Holding, places: dict[str, str], people: dict[int, str], procedures: dict[str, str], now: datetime
) -> list[Any]:
    where = [places.get(access.ancestor(one.village_code, level), "") for level in LEVELS[1:]]
    return [
        *where,
        one.subject,
        procedures.get(one.procedure_key, ""),
        one.name,
        f"{last_day(one.due_at):%Y-%m-%d}",
        "暂按周末推算" if one.provisional else "",
        LAMPS[lamp(one.due_at, now)],
        days_over(one.due_at, now) or "",
        "、".join(item.name for item in one.items) or limits.HOLDERS[limits.NOBODY],
        "、".join(limits.desk(item, places) for item in one.items),
        "、".join(people[item.claimed_by] for item in one.items if item.claimed_by in people),
        sum(item.urged for item in one.items) or "",
    ]
