"""Which households there are, and who may see them: found by name, number, phone or address (R41)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from engine.casework import audit
from engine.casework.models import Account
from engine.casework.organisation import access
from engine.casework.step import locks
from engine.ground import text
from engine.ground.database import write
from engine.ground.errors import NotFound
from engine.ground.paging import COUNT_CAP, PAGE, Page, page_of
from engine.ground.tables import begins
from engine.prevention.models import Household, MatchingResult, Member
from engine.prevention.register import persons


def there() -> ColumnElement[bool]:
    """SQL: the households that live in a place: neither merged into another record nor gone (domain S11)."""
    return and_(Household.merged_into_id.is_(None), Household.status != "gone")


def locked(session: Session, household_id: int) -> Household:
    """The household as it is now, locked until the transaction ends."""
    household: Household = locks.subject(session, household_id)
    return household


def visible(actor: Account) -> ColumnElement[bool]:
    """SQL: the households that the actor may see."""
    return access.within(Household.village_code, access.scopes(actor))


def view(session: Session, actor: Account, household_id: int) -> Household:
    """The household with its members and years. Raises NotFound outside the actor's reach."""
    query = (
        select(Household)
        .where(Household.id == household_id, visible(actor))
        .options(
            selectinload(Household.members), selectinload(Household.years), joinedload(Household.division)
        )
    )
    household = session.scalar(query)
    if household is None:
        raise NotFound("没有找到这户人家。")
    return household


def found_by(session: Session, actor: Account, typed: str) -> ColumnElement[bool]:
    """SQL: the households that a search means: by ID number, phone, name of the head or a member, or address.

    An ID number or a phone means just that; nobody is found by a part of one. Whoever reaches more than a
    county finds an address where nobody has that name: no index leads to a part of a text, so that every
    address of the reach is read.
    """
    number, phone, wanted = text.identity(typed), text.phone(typed), text.key(typed)
    if number:
        return persons.holding(number)
    if phone:
        return Household.phone == phone
    heads = begins(Household.head_key, wanted)
    members = select(Member.household_id).where(Member.name_key == wanted)
    address = Household.address_key.contains(wanted, autoescape=True)
    if not access.reaches_widely(actor):
        return or_(heads, Household.id.in_(members), address)
    few = _few(session, select(Household.id).where(heads), members)
    if few is None:  # then they are everywhere, and a page is soon full
        return or_(Household.head_key.startswith(wanted, autoescape=True), Household.id.in_(members))
    return Household.id.in_(few) if few else address


def _few(session: Session, *queries: Select[int]) -> list[int] | None:
    """All that the queries find; None for more than a list counts."""
    found: set[int] = set()
    for query in queries:
        found |= set(session.scalars(query.limit(COUNT_CAP + 1)))
    return sorted(found) if len(found) <= COUNT_CAP else None


def search(
    session: Session, actor: Account, typed: str = "", status: str = "", page: int = 1
) -> Page[Household]:
    """Households in the actor's reach by the head's name, ID number, phone or address."""
    query = select(Household).where(visible(actor), Household.merged_into_id.is_(None))
    if text.key(typed):
        query = query.where(found_by(session, actor, typed))
    if status:
        query = query.where(Household.status == status)
    ordered = query.order_by(Household.village_code, Household.head_name, Household.id)
    return page_of(session, query, ordered.options(joinedload(Household.division)), page, PAGE)


def find_duplicates(
    session: Session, *, id_number: str = "", village_code: str = "", address: str = "", head_name: str = ""
) -> Sequence[Household]:
    """Households that may be the same: an ID number among their members,
    or the same village with name or address.
    """
    conditions: list[ColumnElement[bool]] = []
    if number := text.identity(id_number):
        conditions.append(persons.holding(number))
    for column, typed in ((Household.address_key, address), (Household.head_key, head_name)):
        if village_code and text.key(typed):
            conditions.append((Household.village_code == village_code) & (column == text.key(typed)))
    if not conditions:
        return []
    query = select(Household).where(or_(*conditions), Household.merged_into_id.is_(None))
    query = query.options(joinedload(Household.division), selectinload(Household.members))
    return list(session.scalars(query.order_by(Household.id).limit(20)))


def reveal(session: Session, actor: Account, household_id: int, now: datetime) -> dict[str, str]:
    """The full ID numbers and phone of a household, logged: by name of member, and ``phone``."""
    household = view(session, actor, household_id)
    note_reveal(session, actor, now, household=household_id)
    return {str(m.id): m.id_number for m in household.members} | {"phone": household.phone}


def note_reveal(session: Session, actor: Account, now: datetime, **what: int) -> None:
    """Log that somebody looks at full numbers: `what` says whose, a household's or a case's about another
    matter, and at which of its things.
    """
    with write(session):
        audit.record(session, "access", actor.id, "reveal", what, now)


def last_matching(session: Session, household_id: int) -> MatchingResult | None:
    """The newest matching result on file."""
    query = select(MatchingResult).where(MatchingResult.household_id == household_id)
    return session.scalar(query.order_by(MatchingResult.matched_on.desc(), MatchingResult.id.desc()).limit(1))
