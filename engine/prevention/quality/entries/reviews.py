"""录入复核: what was entered outside a procedure is looked at by another person (R38, Q71).

Steps of procedures are reviewed by the decisions of higher desks, as their diagrams have it; rows of a
screening on the village's list. What is left are changes of persons and of contact by hand: here the township
agrees to them, or sends them back to the village as a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, func, literal, select, union_all, update
from sqlalchemy.orm import Session, joinedload

from engine.casework.models import Account, Division
from engine.casework.organisation import access
from engine.ground import text
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.paging import Page, page_of_rows
from engine.prevention.models import Campaign, ContactChange, Household, MemberChange, Screening
from engine.prevention.quality import findings
from engine.prevention.quality.findings import Found
from engine.prevention.register import contact
from engine.prevention.register.members import telling

REVIEWS = frozenset({"township_reviewer", "county_approver"})
CONTACT, MEMBERS = "contact", "members"
KINDS = {CONTACT: "改电话住址", MEMBERS: "成员变动"}
MOST = 200
"""Entries that are agreed to at once."""


@dataclass(frozen=True)
class Entry:
    """What somebody entered by hand, and nobody else has looked at."""

    kind: str
    key: str
    """The number of a change of contact, or the act of a change of persons."""
    household: Household
    said: str
    entered_by: int | None
    entered_at: datetime


# -- what waits ------------------------------------------------------------------------------------


def waiting(session: Session, actor: Account, page: int = 1) -> Page[Entry]:
    """What the actor can review, the longest waiting first. Raises NotAllowed for who reviews nothing."""
    access.require_role(actor, *REVIEWS)
    both = union_all(_contacts(actor), _members(actor)).subquery()
    query = select(both).order_by(both.c.entered_at, both.c.kind, both.c.key)
    found = page_of_rows(session, query, page)
    return found.showing(_told(session, found.items))


def _contacts(actor: Account) -> Any:
    row = ContactChange
    query: Any = select(
        literal(CONTACT).label("kind"),
        cast(row.id, String).label("key"),
        row.household_id.label("household_id"),
        row.recorded_by.label("entered_by"),
        row.recorded_at.label("entered_at"),
    )
    return _mine(query, row, actor)


def _members(actor: Account) -> Any:
    row = MemberChange
    query: Any = select(
        literal(MEMBERS).label("kind"),
        row.act.label("key"),
        row.household_id.label("household_id"),
        func.min(row.recorded_by).label("entered_by"),
        func.min(row.recorded_at).label("entered_at"),
    ).where(row.undone_at.is_(None))
    return _mine(query, row, actor).group_by(row.act, row.household_id)


def _mine(query: Any, row: Any, actor: Account) -> Any:
    """Entered by hand, in the actor's reach, by another person."""
    return query.join(Household, Household.id == row.household_id).where(
        access.within(Household.village_code, access.scopes(actor, REVIEWS)),
        Household.merged_into_id.is_(None),
        row.case_id.is_(None),
        row.reviewed_at.is_(None),
        row.recorded_by != actor.id,
    )


def _told(session: Session, rows: Sequence[Any]) -> list[Entry]:
    """The entries in words, in a fixed number of queries."""
    houses = select(Household).where(Household.id.in_({row.household_id for row in rows}))
    households = {one.id: one for one in session.scalars(houses.options(joinedload(Household.division)))}
    numbers = [int(row.key) for row in rows if row.kind == CONTACT]
    contacts = session.scalars(select(ContactChange).where(ContactChange.id.in_(numbers)))
    said = {(CONTACT, str(one.id), one.household_id): contact.said(one) for one in contacts}
    acts = [row.key for row in rows if row.kind == MEMBERS]
    changed = select(MemberChange).where(MemberChange.act.in_(acts)).order_by(MemberChange.id)
    for one in session.scalars(changed):
        key = (MEMBERS, one.act, one.household_id)
        said[key] = "；".join(part for part in (said.get(key), telling.sentence(one)) if part)
    return [
        Entry(
            row.kind,
            row.key,
            households[row.household_id],
            said[row.kind, row.key, row.household_id],
            row.entered_by,
            row.entered_at,
        )
        for row in rows
    ]


def imported(session: Session, actor: Account) -> list[Any]:
    """Rows of open screenings that came by Excel and nobody has compared with the paper, by village."""
    query = (
        select(Campaign.id, Campaign.name, Division.code, Division.path, func.count().label("rows"))
        .join(Screening, Screening.campaign_id == Campaign.id)
        .join(Division, Division.code == Screening.village_code)
        .where(
            Campaign.status == "open",
            access.within(Screening.village_code, access.scopes(actor, REVIEWS)),
            Screening.standing == "current",
            Screening.source == "workbook",
            Screening.reviewed_at.is_(None),
        )
    )
    grouped = query.group_by(Campaign.id, Campaign.name, Division.code, Division.path)
    return list(session.execute(grouped.order_by(Division.code)))


# -- reviewing -------------------------------------------------------------------------------------


@whole
def agree(
    session: Session, actor: Account, keys: Sequence[tuple[str, str]], *, clock: Clock
) -> tuple[int, int]:
    """The actor has compared these entries with their proof: how many, and how many are not theirs.

    Nobody reviews what they entered themselves. Raises Invalid for too many.
    """
    access.require_role(actor, *REVIEWS)
    if len(keys) > MOST:
        raise Invalid(f"一次最多复核 {MOST} 条。")
    with write(session):
        done = sum(_mark(session, actor, kind, key, "", clock.now()) for kind, key in keys)
    return done, len(keys) - done


@whole
def send_back(session: Session, actor: Account, kind: str, key: str, reason: str, *, clock: Clock) -> None:
    """The entry does not hold: the village puts it right. Raises Invalid, Conflict, NotFound, NotAllowed."""
    words = text.paragraphs(reason)
    if not words or len(words) > 300:
        raise Invalid("退回须写明哪里不对，不超过 300 字。")
    with write(session):
        entry = _entry(session, kind, key)
        if not _mark(session, actor, kind, key, words, clock.now()):
            raise Conflict("这条已经复核过了，或者是您自己录入的。")
        found = [
            Found(
                f"entry_{kind}",
                entry.household_id,
                entry.member_key if isinstance(entry, MemberChange) else "",
                f"录入复核退回（{_said(entry)}）：{words}",
                {"entry": key, "reason": words},
                way=kind,
            )
        ]
        findings.report(session, found, source="review", run_id=None, now=clock.now())


def _said(entry: ContactChange | MemberChange) -> str:
    return contact.said(entry) if isinstance(entry, ContactChange) else telling.sentence(entry)


def _entry(session: Session, kind: str, key: str) -> ContactChange | MemberChange:
    """The entry, of an act its first change. Raises NotFound."""
    found: ContactChange | MemberChange | None = None
    if kind == CONTACT:
        found = session.get(ContactChange, text.whole(key) or 0)
    elif kind == MEMBERS:
        query = select(MemberChange).where(MemberChange.act == key).order_by(MemberChange.id).limit(1)
        found = session.scalar(query)
    if found is None:
        raise NotFound("没有找到这条录入。")
    return found


def _mark(session: Session, actor: Account, kind: str, key: str, reason: str, now: datetime) -> bool:
    """Note the review; False where it is not the actor's to review any more."""
    entry = _entry(session, kind, key)
    village = session.get_one(Household, entry.household_id).village_code
    if not access.reaches(actor, village):
        raise NotFound("没有找到这条录入。")
    if not access.reaches(actor, village, REVIEWS):
        raise NotAllowed("录入由乡级、县级复核。")
    model: Any = ContactChange if kind == CONTACT else MemberChange
    those = ContactChange.id == entry.id if kind == CONTACT else MemberChange.act == key
    open_ = (model.case_id.is_(None), model.reviewed_at.is_(None), model.recorded_by != actor.id)
    done: Any = session.execute(
        update(model).where(those, *open_).values(reviewed_by=actor.id, reviewed_at=now, sent_back=reason)
    )
    return bool(done.rowcount)
