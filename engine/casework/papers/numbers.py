"""Document numbers: unique per division, kind and year, given once, never used twice."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache

from sqlalchemy import Integer, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.casework import audit, kit
from engine.casework.models import Account, NumberedPaper, PaperEntry, PaperNumber
from engine.casework.organisation import access, bodies, divisions
from engine.casework.papers.paper import Paper
from engine.flow.vocabulary import PaperKind
from engine.ground.clock import local_date
from engine.ground.database.objects import keep
from engine.ground.database.prepared import Later, Prepared
from engine.ground.tables import table

OF_NO_YEAR = 0
"""The year of the row that stands for a series as a whole; no number is drawn from it."""


def hold(session: Session, kind: PaperKind, division_code: str) -> None:
    """Hold the division's papers of this kind until the transaction ends: whatever is asked next is answered
    once nobody else holds them. Of no year: two acts at the turn of the year exclude each other as well.
    """
    _raised(session, kind, division_code, OF_NO_YEAR, 0)


def _drawn(session: Session, kind: PaperKind, division_code: str, now: datetime) -> int:
    """The next serial of the division's series, which is held from now on."""
    serial: int = _raised(session, kind, division_code, local_date(now).year, 1).scalar
    return serial


def _raised(session: Session, kind: PaperKind, division_code: str, year: int, step: int) -> Later:
    key = {"division_code": division_code, "kind": kind.key, "year": year}
    return _raising(session.get_bind().dialect.name).later(session, **key, last=step, step=step)


@cache
def _raising(dialect: str) -> Prepared:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    row = insert(table(PaperNumber))
    raised = row.on_conflict_do_update(
        index_elements=["division_code", "kind", "year"],
        set_={"last": PaperNumber.last + bindparam("step", type_=Integer)},
    )
    return Prepared(raised.returning(table(PaperNumber).c.last), ("division_code", "kind", "year", "last"))


def open_paper(
    session: Session,
    kind: PaperKind,
    place_code: str,
    matter: str,
    basis: str,
    now: datetime,
    *,
    gathering: bool = False,
) -> NumberedPaper:
    """A paper of the place with the next number of its issuer; nothing stands on it yet."""
    division = access.ancestor(place_code, kind.level)
    serial = _drawn(session, kind, division, now)
    year = local_date(now).year
    record = NumberedPaper(
        kind=kind.key,
        division_code=division,
        place_code=place_code,
        year=year,
        serial=serial,
        matter=matter[:200],
        basis=basis[:500],
        number=_written(session, kind, division, local_date(now), serial),
        opened_at=now,
        status="gathering" if gathering else "issued",
    )
    keep(session, record)
    return record


def _written(session: Session, kind: PaperKind, division: str, day: date, serial: int) -> str:
    issuer = bodies.signature(session, division, kind.level, day)
    name = divisions.short_name(divisions.names(session, [division]).get(division, ""))
    return f"{issuer.word or name + kit.subjects().series}{kind.word}〔{day.year}〕{serial}号"


def of_this_year(session: Session, kind: PaperKind, record: NumberedPaper, now: datetime) -> None:
    """A paper's number is of the year in which it is issued:
    one that waited over New Year takes the next of this year.

    The number that it had is used for nothing else; the log says which it was.
    """
    year, before = local_date(now).year, record.number
    if record.year >= year:  # it goes back to no year that is over
        return
    record.year, record.serial = year, _drawn(session, kind, record.division_code, now)
    record.number = _written(session, kind, record.division_code, local_date(now), record.serial)
    details = {"paper": record.id, "number": record.number, "before": before, "kind": record.kind}
    audit.record(session, "papers", None, "renumber", details, now, unit=record.division_code)
    session.flush()


def fix(session: Session, record: NumberedPaper, paper: Paper, actor: Account | None, now: datetime) -> None:
    """The paper is issued: what it says stands from now on; who issued it is on the log."""
    record.status, record.title, record.content = "issued", paper.title[:200], paper.to_json()
    record.issued_at, record.issued_by = now, actor.id if actor else None
    record.count = len(paper.rows)
    details = {
        "paper": record.id,
        "number": record.number,
        "kind": record.kind,
        "households": record.count,
        "sha": audit.digest(record.content),
    }
    issuer = actor.id if actor else None
    audit.record(session, "papers", issuer, "issue", details, now, unit=record.division_code)


def listed_on(session: Session, kind: PaperKind, item_ids: list[int]) -> dict[int, int]:
    """Which of the items already stand on a paper of the kind: the paper's id by item."""
    query = (
        select(PaperEntry.work_item_id, func.max(PaperEntry.paper_id))
        .join(NumberedPaper, NumberedPaper.id == PaperEntry.paper_id)
        .where(
            NumberedPaper.kind == kind.key,
            PaperEntry.work_item_id.in_(item_ids),
            PaperEntry.withdrawn_at.is_(None),
        )
        .group_by(PaperEntry.work_item_id)
    )
    return {item: paper for item, paper in session.execute(query) if item is not None}
