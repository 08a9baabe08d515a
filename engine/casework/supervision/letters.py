"""The weekly letter (R15, R19): what a county's supervisor asks of a
township about limits passed and nearly so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import kit
from engine.casework.kit import SUBJECT, Kit
from engine.casework.lamps import LAMPS, days_over, lamp, last_day
from engine.casework.models import Account, Division, NumberedPaper
from engine.casework.organisation import access, bodies, divisions
from engine.casework.papers import numbers
from engine.casework.papers.paper import Column, Paper, from_json
from engine.casework.supervision import limits
from engine.casework.supervision.limits import Holding, LimitFilter
from engine.flow.vocabulary import PaperKind
from engine.ground.clock import local_date, written
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, NotAllowed

KIND = PaperKind("supervision_letter", "督办函", "county", "township", "督办")
KIT = Kit(papers=(KIND,))
WIDTHS = {
    "序号": 3,
    "村（社区）": 7,
    SUBJECT: 5,
    "时限": 10,
    "正在办理": 7,
    "到期": 6,
    "情况": 6,
}
"""The columns of a letter's list."""


@dataclass(frozen=True)
class Letter:
    """This week's letter to a township: as it would be issued, or with its `record` as it was."""

    township: Division
    week: str
    paper: Paper
    record: NumberedPaper | None = None


def week_of(now: datetime) -> str:
    """The week, as the letter's matter: 2022年第19周 (GB/T 7408); across the turn of the year its days.

    The standard gives the days around New Year to one year alone, which need not be the year of the letter's
    number.
    """
    today = local_date(now)
    monday = today - timedelta(days=today.weekday())
    sunday = monday + timedelta(days=6)
    if monday.year != sunday.year:
        return f"{written(monday)}至{written(sunday)}"
    return f"{today.year}年第{today.isocalendar().week}周"


def this_week(session: Session, actor: Account, township_code: str, now: datetime) -> Letter:
    """The letter of this week. Raises NotFound, NotAllowed outside the actor's supervision."""
    township = _township(session, actor, township_code)
    record = _issued(session, township, now)
    if record is not None and record.content is not None:
        return Letter(township, record.matter, from_json(record.content), record)
    return Letter(township, week_of(now), _compose(session, actor, township, now))


@whole
def issue(session: Session, actor: Account, township_code: str, now: datetime) -> NumberedPaper:
    """印发: number it and keep it as it is; a second time in the week answers the first.

    Raises Conflict when empty.
    """
    with write(session):
        township = _township(session, actor, township_code)
        series = access.ancestor(township.code, KIND.level)
        numbers.hold(session, KIND, series)  # two clicks make one letter
        known = _issued(session, township, now)
        if known is not None:
            return known
        paper = _compose(session, actor, township, now)
        if not paper.rows:
            raise Conflict("本周没有超期和临期的事项，不用发函。")
        record = numbers.open_paper(session, KIND, township.code, week_of(now), "", now)
        numbers.fix(session, record, _numbered(paper, record), actor, now)
        return record


def _numbered(paper: Paper, record: NumberedPaper) -> Paper:
    return from_json({**paper.to_json(), "number": record.number})


def _township(session: Session, actor: Account, code: str) -> Division:
    township = limits.place_of(session, actor, code)
    if township.level != "township":
        raise Conflict("督办函按乡镇（街道）发，请先选到乡镇。")
    county = access.ancestor(code, "county")
    signs = any(
        grant.role == access.SUPERVISOR and access.scope_of(grant.division_code).holds(county)
        for grant in actor.grants
    )
    if not signs:
        raise NotAllowed("督办函由县以上督查员印发，您只能查看已印发的。")
    return township


def _issued(session: Session, township: Division, now: datetime) -> NumberedPaper | None:
    query = select(NumberedPaper).where(
        NumberedPaper.kind == KIND.key,
        NumberedPaper.place_code == township.code,
        NumberedPaper.matter == week_of(now),
    )
    return session.scalar(query.order_by(NumberedPaper.id.desc()).limit(1))


def _compose(session: Session, actor: Account, township: Division, now: datetime) -> Paper:
    wanted = LimitFilter(division=township.code, lamp=limits.PRESSING)
    rows = limits.held(session, session.execute(limits.found(session, actor, wanted, now)).all())
    names = divisions.names(session, {one.village_code for one in rows})
    county = access.ancestor(township.code, "county")
    red = sum(one.due_at <= now for one in rows)
    today = local_date(now)
    book = bodies.Book(session, [township.code], today)
    issuer = book.signature(county, "county")
    return Paper(
        kind=KIND.key,
        title=f"关于督促办理{kit.subjects().business}到期事项的函（{week_of(now)}）",
        number="",
        addressee=book.signature(township.code, "township").name,
        paragraphs=(
            f"截至{written(today)}，你单位辖区内有{red}项已超期、{len(rows) - red}项将在3日内到期，请逐项核实原因，抓紧办理：",
        ),
        closing=(
            "超期不影响事项继续办理，不得因超期拒绝或取消。请将超期原因、措施和承诺办结日期在系统中答复。",
        ),
        signature=issuer.name,
        seal=issuer.seal,
        dated=written(today),
        columns=_columns(),
        rows=tuple(_row(number, one, names, now) for number, one in enumerate(rows, 1)),
    )


def _columns() -> tuple[Column, ...]:
    labelled = zip(kit.headings(WIDTHS), WIDTHS.values(), strict=True)
    return tuple(Column(label, width, centred=label != "时限") for label, width in labelled)


def _row(number: int, one: Holding, names: dict[str, str], now: datetime) -> tuple[str, ...]:
    over = days_over(one.due_at, now)
    last = last_day(one.due_at)
    return (
        str(number),
        divisions.short_name(names.get(one.village_code, "")),
        one.subject,
        one.name,
        "、".join(item.name for item in one.items) or "等待期满",
        f"{last.month}月{last.day}日",
        f"超期{over}天" if over else LAMPS[lamp(one.due_at, now)],
    )
