"""The list of limits as an Excel file: what the page shows under its filter, all pages of it,
in its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.kit import SUBJECT, Kit
from engine.casework.lamps import LAMPS, days_over, lamp, last_day
from engine.casework.models import LEVELS, Division
from engine.casework.organisation import access, divisions
from engine.casework.portions.outgoing.sending import MOST, Asked, Beside, Given, Outgoing, Row
from engine.casework.supervision import limits, wording
from engine.casework.supervision.limits import Holding, LimitFilter
from engine.ground import text
from engine.ground.clock import written_moment

PORTION = 500
ABOUT = "说明"
NARROWED = {"division": 12, "limit": 141, "step": 141, "lamp": 6, "over": 3, "holder": 10, "q": 40, "sort": 6}
"""What a filter may name in an address, and how long it may be."""
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


def query_of(given: Given) -> dict[str, str]:
    """The filter of 督办 as it stands in addresses, without what is empty."""
    return {
        name: given[name].strip()[:longest]
        for name, longest in NARROWED.items()
        if given.get(name, "").strip()
    }


def wanted(given: Given) -> LimitFilter:
    """The filter that an address or a form names, for the first page."""
    found: dict[str, Any] = query_of(given)
    words, over = found.pop("q", ""), text.whole(found.pop("over", "")) or 0
    return LimitFilter(**found, text=words, over=over)


def _sent(asked: Asked) -> Iterator[Row]:
    """The limits, and beside them what the file holds."""
    session, now, narrowed = asked.session, asked.now, wanted(asked.given)
    rows = list(session.execute(limits.found(session, asked.actor, narrowed, now).limit(MOST + 1)))
    place = limits.place_of(session, asked.actor, narrowed.division)
    yield from _rows(session, rows, now)
    for fact in _facts(place, wording.said(session, narrowed), narrowed, len(rows), now):
        yield Beside(ABOUT, fact)


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


KIT = Kit(outgoing={"limits": Outgoing("督办", COLUMNS, _sent, beside={ABOUT: ("项目", "内容")})})
