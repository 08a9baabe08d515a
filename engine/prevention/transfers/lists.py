"""What each side sees of a transfer: home all of it; the other place, before it has accepted,
only what it needs to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from engine.casework.kit import Kit
from engine.casework.models import Account, CaseFile, Division
from engine.casework.organisation import access
from engine.casework.organisation.privacy import masked_text
from engine.ground.errors import NotFound
from engine.ground.paging import Page, page_of
from engine.prevention.models import Transfer
from engine.prevention.register.naming import STATUS_NAMES
from engine.prevention.transfers import offers, reminders

RECEIVED, SENT = "received", "sent"
SIDES = {RECEIVED: "收到的", SENT: "提出的"}


@dataclass(frozen=True)
class Seen:
    """A transfer as one official may see it."""

    id: int
    status: str
    head: str
    """The head's name, masked for a place that has not accepted."""
    household_id: int | None
    """None where the official may not open the household."""
    from_path: str
    to_path: str
    household_status: str
    open_cases: int
    next_limit: datetime | None
    """When the first limit of its open cases passes."""
    reason: str
    note: str
    offered_by: str
    offered_at: datetime
    decided_by: str
    decided_at: datetime | None
    may_decide: bool
    may_take_back: bool

    @property
    def waits(self) -> bool:
        """Whether nobody has answered it."""
        return self.status == "offered"


def visible(actor: Account) -> ColumnElement[bool]:
    """SQL: the transfers out of and into the actor's reach; one that was not accepted
    only for the desks that decide.
    """
    return or_(_from(actor), _into(actor))


def _from(actor: Account) -> ColumnElement[bool]:
    return access.within(Transfer.from_code, access.scopes(actor))


def _into(actor: Account) -> ColumnElement[bool]:
    at_county = access.within(Transfer.to_code, access.scopes(actor, offers.COUNTY))
    at_township = access.within(Transfer.to_code, access.scopes(actor, offers.TOWNSHIP))
    here = access.within(Transfer.to_code, access.scopes(actor))
    for_desk = or_(at_county, and_(Transfer.level == "township", at_township), Transfer.status == "accepted")
    return and_(here, for_desk)  # the range first: an index leads to it


def listing(session: Session, actor: Account, side: str = RECEIVED, page: int = 1) -> Page[Seen]:
    """The transfers of one side (`SIDES`), those that wait first, then the latest."""
    query = select(Transfer).where(_from(actor) if side == SENT else _into(actor))
    ordered = query.order_by((Transfer.status != "offered"), Transfer.id.desc())
    found = page_of(session, query, ordered.options(joinedload(Transfer.household)), page)
    return found.showing(_seen(session, actor, found.items))


def get(session: Session, actor: Account, transfer_id: int) -> Seen:
    """One transfer. Raises NotFound outside the actor's reach."""
    row = session.scalar(select(Transfer).where(Transfer.id == transfer_id, visible(actor)))
    if row is None:
        raise NotFound("没有找到这项移交。")
    return _seen(session, actor, [row])[0]


def waiting_of(session: Session, actor: Account, household_id: int) -> Seen | None:
    """The household's offer that nobody has answered yet, for who has it."""
    row = offers.waiting(session, household_id)
    return _seen(session, actor, [row])[0] if row is not None else None


@dataclass(frozen=True)
class Waiting:
    """What a case's page says of an offer that waits."""

    id: int
    to_path: str
    offered_at: datetime


def of_case(session: Session, case_id: int) -> Sequence[Waiting]:
    """The offer of the case's household that nobody has answered yet."""
    query = (
        select(Transfer.id, Division.path, Transfer.offered_at)
        .join(CaseFile, CaseFile.subject_id == Transfer.household_id)
        .join(Division, Division.code == Transfer.to_code)
        .where(CaseFile.id == case_id, Transfer.status == "offered")
    )
    return [Waiting(*row) for row in session.execute(query)]


def of_household(session: Session, household_id: int) -> list[tuple[Transfer, str, str]]:
    """All transfers of a household, with the paths of where from and where to."""
    query = select(Transfer).where(Transfer.household_id == household_id).order_by(Transfer.id)
    rows = list(session.scalars(query))
    paths = _paths(session, rows)
    return [(row, paths.get(row.from_code, ""), paths.get(row.to_code, "")) for row in rows]


def _seen(session: Session, actor: Account, rows: Sequence[Transfer]) -> list[Seen]:
    paths, people, work = _paths(session, rows), _people(session, rows), _work(session, rows)
    return [_one(actor, row, paths, people, work) for row in rows]


def _one(
    actor: Account,
    row: Transfer,
    paths: dict[str, str],
    people: dict[int, str],
    work: dict[int, tuple[int, datetime | None]],
) -> Seen:
    known = access.reaches(actor, row.from_code) or (
        row.status == "accepted" and access.reaches(actor, row.to_code)
    )
    reached = access.reaches(actor, row.household.village_code)
    waits = row.status == "offered"
    cases, limit = work.get(row.household_id, (0, None)) if waits else (0, None)
    return Seen(
        id=row.id,
        status=row.status,
        head=f"{row.head_name}户" if known else offers.masked_head(row),
        household_id=row.household_id if reached else None,
        from_path=paths.get(row.from_code, row.from_code),
        to_path=paths.get(row.to_code, row.to_code),
        household_status=STATUS_NAMES.get(row.household.status, "") if waits or reached else "",
        open_cases=cases,
        next_limit=limit,
        reason=masked_text(row.reason),
        note=masked_text(row.note),
        offered_by=people.get(row.offered_by, ""),
        offered_at=row.offered_at,
        decided_by=people.get(row.decided_by or 0, ""),
        decided_at=row.decided_at,
        may_decide=waits and offers.may_decide(actor, row),
        may_take_back=waits and offers.may_take_back(actor, row),
    )


def _paths(session: Session, rows: Sequence[Transfer]) -> dict[str, str]:
    codes = {row.from_code for row in rows} | {row.to_code for row in rows}
    query = select(Division.code, Division.path).where(Division.code.in_(codes))
    return {row.code: row.path for row in session.execute(query)}


def _people(session: Session, rows: Sequence[Transfer]) -> dict[int, str]:
    numbers = {row.offered_by for row in rows} | {row.decided_by for row in rows if row.decided_by}
    query = select(Account.id, Account.name).where(Account.id.in_(numbers))
    return {row.id: row.name for row in session.execute(query)}


def _work(session: Session, rows: Sequence[Transfer]) -> dict[int, tuple[int, datetime | None]]:
    """How many cases of each waiting household are open, and when the first of their limits passes."""
    waiting = {row.household_id for row in rows if row.status == "offered"}
    query = (
        select(CaseFile.subject_id, func.count(), func.min(CaseFile.limit_at))
        .where(CaseFile.subject_id.in_(waiting), CaseFile.status == "open")
        .group_by(CaseFile.subject_id)
    )
    return {subject: (count, limit) for subject, count, limit in session.execute(query)}


KIT = Kit(
    case_parts={"transfers": of_case},
    step_parts=("transfers",),
    rounds=(reminders.remind_due,),
    log_kinds={
        "hand_over": "移交农户",
        "transfer_offered": "提出移交农户",
        "transfer_accepted": "接收移交的农户",
        "transfer_refused": "不接收移交的农户",
        "transfer_taken_back": "撤回移交农户",
        "transfer_moot": "移交农户失效",
    },
    log_facts={
        "target": "接收的村",
        "transfer": "移交",
    },
)
