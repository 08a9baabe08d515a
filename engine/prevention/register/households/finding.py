"""Which households there are, and who may see them: found by name, number, phone or address (R41)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true, union_all
from sqlalchemy.orm import Session, joinedload, selectinload

from engine.casework import audit
from engine.casework.models import Account
from engine.casework.organisation import access
from engine.casework.step import locks
from engine.ground import text
from engine.ground.database import write
from engine.ground.errors import NotFound
from engine.ground.paging import PAGE, Page, page_of
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


FEW = 5000
"""So many households of a reach are looked for by their name; more are met soon in any list's own order."""


@dataclass(frozen=True)
class Found:
    """The households that a search means, as SQL."""

    those: ColumnElement[bool]
    everywhere: bool = False
    """Whether they are so many that a list is better read in its own order (`paging.page_of`, `sought`)."""

    @property
    def condition(self) -> ColumnElement[bool]:
        """What a list is narrowed by at once."""
        return true() if self.everywhere else self.those

    def or_those(self, condition: ColumnElement[bool]) -> Found:
        """These, and whom the condition means."""
        return Found(or_(self.those, condition), self.everywhere)

    @property
    def sought(self) -> ColumnElement[bool] | None:
        """What is looked for while the list is read."""
        return self.those if self.everywhere else None


ALL = Found(true())
"""No search."""


def found_by(session: Session, actor: Account, typed: str) -> Found:
    """The households that a search means: by ID number, phone, name of the head or a member, or address.

    An ID number or a phone means just that; nobody is found by a part of one. Whoever reaches more than a
    county finds an address where nobody has that name: no index leads to a part of a text, so that every
    address of the reach is read.
    """
    number, phone, wanted = text.identity(typed), text.phone(typed), text.key(typed)
    if number:
        return Found(persons.holding(number))
    if phone:
        return Found(Household.phone == phone)
    address = Household.address_key.contains(wanted, autoescape=True)
    if not access.reaches_widely(actor):
        # their numbers themselves: PostgreSQL takes a subquery beside others for half of all households
        members = [Household.id.in_(few)] if (few := session.scalars(_members(actor, wanted)).all()) else []
        return Found(or_(begins(Household.head_key, wanted), *members, address))
    return _widely(session, wanted, _heads(actor, wanted), _members(actor, wanted)) or Found(address)


def headed_by(session: Session, actor: Account, typed: str) -> Found:
    """The households whose head has the name."""
    wanted = text.key(typed)
    if not access.reaches_widely(actor):
        return Found(Household.head_key.startswith(wanted, autoescape=True))
    return _widely(session, wanted, _heads(actor, wanted)) or Found(false())


def _heads(actor: Account, wanted: str) -> Select[int]:
    here = access.met_within(Household.village_code, actor)
    return select(Household.id).where(begins(Household.head_key, wanted), here)


def _members(actor: Account, wanted: str) -> Select[int]:
    inside = select(Member.household_id).join(Household, Household.id == Member.household_id)
    return inside.where(Member.name_key == wanted, access.met_within(Household.village_code, actor))


def _widely(session: Session, wanted: str, heads: Select[int], *others: Select[int]) -> Found | None:
    """Who has the name in a wide reach; None where nobody has. The index of names holds the places too."""
    many = [_up_to(session, FEW, query) for query in (heads, *others)]
    named = [query for query, found in zip((heads, *others), many, strict=True) if found]
    if max(many) > FEW:
        head = Household.head_key.startswith(wanted, autoescape=True)
        return Found(or_(head, *(Household.id.in_(one) for one in named if one is not heads)), True)
    return Found(Household.id.in_(union_all(*named) if len(named) > 1 else named[0])) if named else None


def _up_to(session: Session, cap: int, query: Select[int]) -> int:
    """How many rows there are, up to the cap and one more."""
    return session.scalar(select(func.count()).select_from(query.limit(cap + 1).subquery())) or 0


def search(
    session: Session, actor: Account, typed: str = "", status: str = "", page: int = 1
) -> Page[Household]:
    """Households in the actor's reach by the head's name, ID number, phone or address."""
    found = found_by(session, actor, typed) if text.key(typed) else ALL
    query = select(Household).where(visible(actor), Household.merged_into_id.is_(None), found.condition)
    if status:
        query = query.where(Household.status == status)
    ordered = query.order_by(Household.village_code, Household.head_name, Household.id)
    shown = ordered.options(joinedload(Household.division))
    return page_of(session, query, shown, page, PAGE, sought=found.sought)


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
