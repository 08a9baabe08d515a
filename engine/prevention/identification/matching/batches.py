"""Batches of matching: a township's signed households of a day, under the name that it gave them (R09).

A household stands in one only with a signed letter (R08), and what the letter says stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account, CaseFile, Division
from engine.casework.organisation import access, divisions
from engine.flow.services import Service
from engine.ground import text
from engine.ground.clock import local_date
from engine.ground.database import set_stored
from engine.ground.database.objects import Objects, keep
from engine.ground.errors import NotAllowed, NotFound
from engine.ground.paging import Page, page_of
from engine.ground.tables import table
from engine.prevention.identification.matching import results
from engine.prevention.models import (
    MatchingBatch,
    MatchingEntry,
    MatchingFinding,
    MatchingRequest,
    MatchingResult,
)

COUNTY = frozenset({"county_approver"})
ROLES = frozenset({"township_reviewer", "county_approver", access.SUPERVISOR})
"""Who sees batches: the townships that send them, their counties, and who watches over both."""
STATUSES = {"waiting": "待反馈", "answered": "已反馈", "refused": "没有送达", "returned": "已退回"}
MOST_SHOWN = 500
"""Answers about one household on its page."""
COUNTED = ("waiting", "answered", "refused")
"""What stands of an entry that is still of its batch."""


_DIVISION, _BATCH = table(Division), table(MatchingBatch)
_TOWNSHIP = Objects(
    select(_DIVISION).where(_DIVISION.c.code == bindparam("code")).with_for_update(key_share=True), [Division]
)
_UNASKED = Objects(
    select(_BATCH)
    .where(
        _BATCH.c.township_code == bindparam("township"),
        _BATCH.c.called == bindparam("called"),
        _BATCH.c.submitted_on == bindparam("day"),
        _BATCH.c.asked_on.is_(None),
    )
    .order_by(_BATCH.c.id.desc())
    .limit(1)
    .with_for_update(key_share=True),
    [MatchingBatch],
)
"""The county that asks at this very moment comes before: whom nobody asks about is in none."""


# -- what the diagram's steps do -------------------------------------------------------------------


def enter(
    call: ServiceCall,
    batch: str | None = None,
    submitted_on: str | None = None,
    letter: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Put the case into its township's batch of that day and name; the first opens it.

    Once the county has asked the departments a batch takes no more: then a new one is opened. Raises
    NotAllowed when the household has not signed the authorisation letter (R08).
    """
    day = text.day(submitted_on or "") or local_date(call.now)
    entry = put(call.session, call.case, batch or "", day, letter or {}, call.now)
    return {"entry": entry.id, "batch": entry.batch_id, "number": entry.batch.number}


def put(
    session: Session, case: CaseFile, called: str, day: date, letter: Mapping[str, Any], now: datetime
) -> MatchingEntry:
    """As `enter`, inside the caller's transaction. Raises NotAllowed without a signed letter."""
    if letter.get("signed") != "yes":  # R08: the one way in
        raise NotAllowed(results.UNSIGNED)
    township = _locked(session, access.ancestor(case.village_code, "township"))
    found = _open(session, township.code, called, day) or _new(session, township, called, day, now)
    entry = MatchingEntry(
        batch_id=found.id,
        case_id=case.id,
        household_id=case.subject_id,
        village_code=case.village_code,
        signed_on=text.day(str(letter.get("signed_on") or "")),
        signers=str(letter.get("signers") or "")[:200],
    )
    keep(session, entry)
    set_stored(entry, batch=found)
    return entry


def _leave(call: ServiceCall, result: Any) -> None:
    """The step was returned or taken back: its place stays on record, nobody is asked any more."""
    entry = call.session.get(MatchingEntry, result["entry"])
    if entry is not None:
        entry.status = "returned"


def _locked(session: Session, code: str) -> Division:
    """The township's row is the lock: two first households of a day must not open two batches."""
    found: Division = _TOWNSHIP.first(session, code=code)
    return found


def _open(session: Session, township: str, called: str, day: date) -> MatchingBatch | None:
    found: MatchingBatch | None = _UNASKED.first(session, township=township, called=called[:40], day=day)
    return found


def _new(session: Session, township: Division, called: str, day: date, now: datetime) -> MatchingBatch:
    last = select(func.max(MatchingBatch.serial)).where(
        MatchingBatch.township_code == township.code, MatchingBatch.year == day.year
    )
    serial = (session.scalar(last) or 0) + 1
    found = MatchingBatch(
        township_code=township.code,
        year=day.year,
        serial=serial,
        number=f"{township.name[:20]}比对〔{day.year}〕{serial}号",
        called=called[:40],
        submitted_on=day,
        opened_at=now,
    )
    session.add(found)
    session.flush()
    return found


# -- what pages show -------------------------------------------------------------------------------


def visible(actor: Account) -> ColumnElement[bool]:
    """SQL: the batches of the townships in the actor's reach."""
    return access.within(MatchingBatch.township_code, access.scopes(actor, ROLES))


@dataclass(frozen=True)
class Line:
    """A batch in the list: whose it is, and how many of its households stand how."""

    batch: MatchingBatch
    place: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """The households that are still of the batch."""
        return sum(self.counts.get(status, 0) for status in COUNTED)

    @property
    def unsettled(self) -> list[MatchingRequest]:
        """The departments that were asked and have not answered."""
        return [one for one in self.batch.requests if one.status == "waiting"]


def search(session: Session, actor: Account, page: int = 1) -> tuple[Page[MatchingBatch], list[Line]]:
    """A page of the batches in the actor's reach, latest first."""
    access.require_role(actor, *sorted(ROLES))
    query = select(MatchingBatch).where(visible(actor))
    ordered = query.order_by(MatchingBatch.id.desc()).options(selectinload(MatchingBatch.requests))
    found = page_of(session, query, ordered, page)
    return found, _lines(session, found.items)


def view(session: Session, actor: Account, batch_id: int) -> Line:
    """One batch with its departments. Raises NotFound outside the actor's reach."""
    access.require_role(actor, *sorted(ROLES))
    query = select(MatchingBatch).where(MatchingBatch.id == batch_id, visible(actor))
    batch = session.scalar(query.options(selectinload(MatchingBatch.requests)))
    if batch is None:
        raise NotFound("没有找到这一批次。")
    return _lines(session, [batch])[0]


def of_county(session: Session, actor: Account, batch_id: int) -> MatchingBatch:
    """A batch that the actor's county asks about. Raises NotFound, or NotAllowed for who only looks on."""
    batch = view(session, actor, batch_id).batch
    if not access.reaches(actor, batch.township_code, COUNTY):
        raise NotAllowed("组织比对由县级办理，您只能查看。")
    return batch


def _lines(session: Session, batches: Sequence[MatchingBatch]) -> list[Line]:
    query = (
        select(MatchingEntry.batch_id, MatchingEntry.status, func.count())
        .where(MatchingEntry.batch_id.in_([one.id for one in batches]))
        .group_by(MatchingEntry.batch_id, MatchingEntry.status)
    )
    counts: dict[int, dict[str, int]] = {}
    for batch_id, status, count in session.execute(query):
        counts.setdefault(batch_id, {})[status] = count
    names = divisions.names(session, {one.township_code for one in batches})
    return [Line(one, names.get(one.township_code, ""), counts.get(one.id, {})) for one in batches]


def entries(session: Session, actor: Account, batch_id: int, page: int = 1) -> Page[MatchingEntry]:
    """A page of a batch's households in the order in which they were entered."""
    view(session, actor, batch_id)
    query = select(MatchingEntry).where(
        MatchingEntry.batch_id == batch_id,
        access.within(MatchingEntry.village_code, access.scopes(actor, ROLES)),
    )
    ordered = query.order_by(MatchingEntry.id).options(
        joinedload(MatchingEntry.household), joinedload(MatchingEntry.case)
    )
    return page_of(session, query, ordered, page)


def entry(session: Session, actor: Account, batch_id: int, entry_id: int) -> MatchingEntry:
    """A household of a batch. Raises NotFound outside the actor's reach."""
    view(session, actor, batch_id)
    found = session.get(MatchingEntry, entry_id)
    if found is None or found.batch_id != batch_id or not access.reaches(actor, found.village_code, ROLES):
        raise NotFound("没有找到这一户。")
    return found


def findings(session: Session, entry: MatchingEntry) -> Sequence[MatchingFinding]:
    """What the departments have said of a household, by person and matter, the latest version first."""
    query = select(MatchingFinding).where(MatchingFinding.entry_id == entry.id)
    place = (MatchingFinding.department, MatchingFinding.member_name, MatchingFinding.item)
    return session.scalars(query.order_by(*place, MatchingFinding.version.desc()).limit(MOST_SHOWN)).all()


def results_of(session: Session, entry: MatchingEntry) -> Sequence[MatchingResult]:
    """The versions of the case's result."""
    return results.of_case(session, entry.case_id)


def of_case(session: Session, case_id: int) -> Sequence[MatchingEntry]:
    """The case's places in batches, the first one first."""
    query = select(MatchingEntry).where(MatchingEntry.case_id == case_id)
    return session.scalars(query.order_by(MatchingEntry.id).options(joinedload(MatchingEntry.batch))).all()


KIT = Kit(
    case_parts={"matching_entries": of_case},
    services=(
        Service(
            "matching.enter",
            "编入比对批次",
            "没有签授权书的拒绝",
            enter,
            {"batch": "批次名称", "submitted_on": "报送日期", "letter": "授权书"},
            undo=_leave,
        ),
    ),
    log_kinds={
        "matching": "送部门比对",
    },
    log_facts={
        "batch": "比对批次",
        "departments": "部门",
    },
)
