"""One person, one household: an ID number belongs to one household of the province (R41),
held by the database.

`Member.person` has a unique index: the 18 digits of the ID number, also where a disability certificate was
given, and nothing for members without a number and for those of a record that was merged into another. All
who write it come here and wait for one another in the order of the numbers, so that the second sees what the
first has written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select, text
from sqlalchemy.orm import Session, joinedload

from engine.casework import audit
from engine.casework.kit import Kit
from engine.casework.models import Account, Notification
from engine.casework.organisation import access, divisions
from engine.casework.telling import notifications
from engine.ground import idnumber
from engine.ground import text as normal
from engine.ground.clock import local_date, start_of_day
from engine.ground.database import write
from engine.ground.database.prepared import Prepared
from engine.ground.errors import Invalid
from engine.ground.tables import begins, table
from engine.prevention.models import Household, Member

ELSEWHERE = "已在其他地方登记，已通知双方核对"
_QUEUE = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(one, 0)) FROM unnest(CAST(:numbers AS text[])) AS one"
)


class Registered(Invalid):
    """People were entered whom another household has;
    whoever turns the error into an answer lets both places know.
    """

    code = "registered"

    def __init__(
        self, message: str, fields: Mapping[str, Sequence[str]], village_code: str, elsewhere: list[int]
    ) -> None:
        super().__init__(message, fields)
        self.village_code = village_code
        self.elsewhere = elsewhere
        """The households, out of the official's reach, that have them."""


def of(number: object) -> str | None:
    """The person that a number names: the first 18 characters of its normal form. None for no number."""
    found = normal.identity(number)
    return idnumber.person(found) if found else None


def holding(number: str) -> ColumnElement[bool]:
    """SQL: the households that have the person of an ID number in its normal form."""
    person = idnumber.person(number)
    members = select(Member.household_id).where(Member.person == person)
    return or_(
        begins(Household.head_id_number, person), Household.id.in_(members)
    ) & Household.merged_into_id.is_(None)


def belongs(household: Household, person: str | None) -> bool:
    """Whether the household has the person."""
    return person is not None and (
        of(household.head_id_number) == person or any(member.person == person for member in household.members)
    )


def wait_for(session: Session, people: Iterable[str]) -> None:
    """Take one's turn at these people; SQLite has one writer at a time anyway."""
    numbers = sorted(set(people))
    if numbers and session.get_bind().dialect.name == "postgresql":
        session.execute(_QUEUE, {"numbers": numbers})


def require_free(
    session: Session,
    actor: Account | None,
    village_code: str,
    rows: Sequence[Mapping[str, Any]],
    household_id: int | None,
    field: str = "members.{row}.id_number",
) -> None:
    """Take the people of `rows` for a household, `None` for a new one. Raises Registered or Invalid,
    row by row.

    `field` is where the sentences stand. The caller is inside a write transaction and writes the rows next.
    """
    people = [of(row.get("id_number")) for row in rows]
    _require_once(people, field)
    wait_for(session, filter(None, people))
    if not _elsewhere(session, people, household_id):
        return
    query = select(Member.person, Household).join(Household, Household.id == Member.household_id)
    query = query.where(
        Member.person.in_([one for one in people if one]), Household.id != (household_id or 0)
    )
    held = {row[0]: row[1] for row in session.execute(query.options(joinedload(Household.division)))}
    sentences, elsewhere = {}, []
    for row, person in enumerate(people):
        if person in held:
            near = actor is not None and access.reaches(actor, held[person].village_code)
            sentences[field.format(row=row)] = [f"证件号码：{_sentence(held[person], near)}。"]
            elsewhere += [] if near else [held[person].id]
    first = next(iter(sentences.values()))[0]
    raise Registered(first, sentences, village_code, elsewhere)


_MEMBER = table(Member)
_HELD = Prepared(
    select(_MEMBER.c.id)
    .where(
        _MEMBER.c.person.in_(bindparam("people", expanding=True)),
        _MEMBER.c.household_id != bindparam("household_id"),
    )
    .limit(1)
)


def _elsewhere(session: Session, people: Sequence[str | None], household_id: int | None) -> bool:
    """Whether another household has one of them."""
    known = [one for one in people if one]
    return bool(known) and _HELD.scalar(session, people=known, household_id=household_id or 0) is not None


def _require_once(people: Sequence[str | None], field: str) -> None:
    twice = {
        field.format(row=row): [f"证件号码：与第 {people.index(one) + 1} 行相同。"]
        for row, one in enumerate(people)
        if one and people.index(one) < row
    }
    if twice:
        raise Invalid("同一个证件号码填了两次。", twice)


def _sentence(household: Household, near: bool) -> str:
    """Who has the person: whoever may see that household reads its name, nobody else."""
    if not near:
        return ELSEWHERE
    return f"已登记在{household.division.name}{household.head_name}户（户编号 {household.number}），一人只能登记在一户"


@contextmanager
def telling(session: Session, actor: Account | None, now: datetime) -> Iterator[None]:
    """Around a write transaction: when it fails because people are registered elsewhere,
    both places hear of it.
    """
    try:
        yield
    except Registered as error:
        tell(session, actor, error, now)
        raise


def tell(session: Session, actor: Account | None, error: Registered, now: datetime) -> None:
    """Let both places know that one person was entered in both; once a day,
    in a transaction of its own (R41).
    """
    with write(session):
        for household_id in dict.fromkeys(error.elsewhere):
            household = session.get_one(Household, household_id)
            _tell_both(session, household, error.village_code, now)
            details = {"household": household_id, "village": error.village_code}
            audit.record(session, "access", actor.id if actor else None, "registered_twice", details, now)


def _tell_both(session: Session, household: Household, village_code: str, now: datetime) -> None:
    place = divisions.get(session, village_code).path
    told = f"{place}登记的一户与{household.head_name}户有成员证件号码相同，请与对方核对，该由哪一户登记。"
    if _told_today(session, household, told, now):
        return
    for queue in ("village", "township"):
        notifications.send_about(session, household, queue, "registered_twice", told, now)
        own = "本地登记的一户有成员的证件号码已在其他地方登记，已通知对方核对，对方会与您联系。"
        notifications.send_place(session, village_code, queue, "registered_twice", own, now)


def _told_today(session: Session, household: Household, told: str, now: datetime) -> bool:
    query = select(Notification.id).where(
        Notification.subject_id == household.id,
        Notification.kind == "registered_twice",
        Notification.text == told,
        Notification.at >= start_of_day(local_date(now)),
    )
    return session.scalar(query.limit(1)) is not None


KIT = Kit(refused={Registered.code: tell})
