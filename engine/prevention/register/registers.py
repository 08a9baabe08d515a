"""台账: the register as a list with filters (R14); as a file, in `filled.workbook`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from engine.casework.models import Account
from engine.casework.organisation import access
from engine.ground.paging import Page, page_of
from engine.ground.text import half
from engine.prevention.models import Household, ResponsibleOfficial
from engine.prevention.register.households import finding as households
from engine.prevention.register.households.finding import Found
from engine.prevention.register.naming import STATUS_NAMES


@dataclass(frozen=True)
class RegisterFilter:
    """What the list is narrowed to; every field may be empty."""

    status: str = "monitored"
    category: str = ""
    division: str = ""
    text: str = ""


def narrowed(session: Session, actor: Account, wanted: RegisterFilter) -> Select[Household]:
    """The households of the register that match, in the actor's reach."""
    return _placed(actor, wanted).where(_found(session, actor, wanted).those)


def _placed(actor: Account, wanted: RegisterFilter) -> Select[Household]:
    """Those that match but for the text."""
    query = select(Household).where(households.visible(actor), Household.merged_into_id.is_(None))
    if wanted.status:
        query = query.where(Household.status == wanted.status)
    if wanted.category:
        query = query.where(Household.category == wanted.category)
    if wanted.division:
        query = query.where(access.within(Household.village_code, [access.scope_of(wanted.division)]))
    return query


def _found(session: Session, actor: Account, wanted: RegisterFilter) -> Found:
    if not wanted.text:
        return households.ALL
    found, number = households.found_by(session, actor, wanted.text), half(wanted.text)
    return found.or_those(Household.national_number == number) if number.isascii() else found  # no name


def listing(session: Session, actor: Account, wanted: RegisterFilter, page: int = 1) -> Page[Household]:
    """The households of the register in the actor's reach, by village."""
    found = _found(session, actor, wanted)
    query = _placed(actor, wanted).where(found.condition)
    ordered = query.order_by(Household.village_code, Household.id).options(joinedload(Household.division))
    return page_of(session, query, ordered, page, sought=found.sought)


def officials(session: Session, household_ids: Iterable[int]) -> dict[int, ResponsibleOfficial]:
    """The present responsible official by household (R18)."""
    query = select(ResponsibleOfficial).where(
        ResponsibleOfficial.household_id.in_(list(household_ids)), ResponsibleOfficial.until.is_(None)
    )
    return {row.household_id: row for row in session.scalars(query)}


def called(wanted: RegisterFilter) -> str:
    """What its file is called, e.g. 监测对象台账."""
    return f"{STATUS_NAMES.get(wanted.status, '农户')}台账"
