"""A village's households in a campaign: as a list with what was found, and whole for a telephone (R03)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from engine.casework import audit
from engine.casework.models import Account, CaseFile
from engine.casework.organisation import access
from engine.ground import text
from engine.ground.clock import local_date
from engine.ground.database import write
from engine.ground.errors import NotAllowed, NotFound
from engine.ground.paging import Page, page_of_rows
from engine.prevention.campaign import areas, campaigns
from engine.prevention.models import Campaign, Household, Member, RiskClue, Screening, ScreeningPaper
from engine.prevention.register.households import finding as households
from engine.prevention.screening import entries, groups, prefill

MOST = 2000
"""Households that a telephone takes along."""
FILTERS = {
    "waiting": "未报",
    "done": "已报",
    "flagged": "有标记",
    "absent": "不在家",
    "refused": "拒绝",
    "conflict": "有分歧",
    "unsigned": "没有签字",
    "unreviewed": "待复核",
}
_ROW = aliased(Screening)
_SAYS = frozenset({"sign_declares", "sign_declines"})


@dataclass(frozen=True)
class Line:
    """A household of the list, with its row where there is one."""

    household: Household
    row: Screening | None
    conflict: bool
    signed: bool
    case_id: int | None


def view(session: Session, actor: Account, campaign_id: int, village_code: str) -> Campaign:
    """The campaign, for a village of its county. Raises NotFound out of the actor's reach."""
    campaign = campaigns.view(session, actor, campaign_id)
    inside = access.ancestor(village_code, "county") == campaign.county_code
    if not inside or access.level_of(village_code) != "village" or not access.reaches(actor, village_code):
        raise NotFound("没有找到这个村。")
    return campaign


def listing(
    session: Session,
    actor: Account,
    campaign_id: int,
    village_code: str,
    wanted: str = "",
    typed: str = "",
    page: int = 1,
) -> Page[Line]:
    """The households of a village, by group and name, narrowed to one of `FILTERS`."""
    campaign = view(session, actor, campaign_id, village_code)
    query = _living(campaign, village_code)
    if wanted in FILTERS:
        query = query.where(_narrowed(campaign, wanted))
    if text.key(typed):
        query = query.where(Household.head_key.startswith(text.key(typed), autoescape=True))
    ordered = query.order_by(Household.group_name, Household.head_key, Household.id)
    found = page_of_rows(session, ordered, page)
    items = [Line(*row) for row in found.items]
    return found.showing(items)


def _living(campaign: Campaign, village_code: str) -> Select[Any]:
    current = and_(
        _ROW.household_id == Household.id, _ROW.campaign_id == campaign.id, _ROW.standing == "current"
    )
    clue = select(RiskClue.case_id).where(RiskClue.id == _ROW.clue_id).scalar_subquery()
    query = select(Household, _ROW, _in_conflict(campaign), _signed(), clue)
    return query.outerjoin(_ROW, current).where(Household.village_code == village_code, households.there())


def _in_conflict(campaign: Campaign) -> ColumnElement[bool]:
    other = aliased(Screening)
    return exists().where(
        other.campaign_id == campaign.id,
        other.village_code == Household.village_code,
        other.household_id == Household.id,
        other.standing == "conflict",
    )


def _signed() -> ColumnElement[bool]:
    """Counted row by row: whether there is one, PostgreSQL may look up in a list of all papers."""
    papers = select(func.count()).select_from(ScreeningPaper)
    own = papers.where(ScreeningPaper.screening_id == _ROW.id, ScreeningPaper.kind.in_(_SAYS))
    return own.correlate(_ROW).scalar_subquery() > 0


def _narrowed(campaign: Campaign, wanted: str) -> ColumnElement[bool]:
    return {
        "waiting": _ROW.id.is_(None),
        "flagged": _ROW.clue_id.is_not(None),
        "conflict": _in_conflict(campaign),
        "unsigned": and_(_ROW.result == "done", ~_signed()),
        "unreviewed": and_(_ROW.id.is_not(None), _ROW.reviewed_by.is_(None)),
    }.get(wanted, _ROW.result == wanted)


SHEET = 100
"""Households of the printed form at a time."""


def sheet(session: Session, actor: Account, campaign_id: int, village_code: str, page: int) -> Page[Line]:
    """《防止返贫监测帮扶筛查表》 of a village, a hundred households at a time: with what was found, or blank."""
    campaign = view(session, actor, campaign_id, village_code)
    query = _living(campaign, village_code)
    ordered = query.order_by(Household.group_name, Household.head_key, Household.id)
    found = page_of_rows(session, ordered, page, SHEET)
    items = [Line(*row) for row in found.items]
    return found.showing(items)


def rows_of(session: Session, campaign_id: int, household_id: int) -> list[Screening]:
    """All that was ever entered of a household in a campaign, the latest first."""
    query = select(Screening).where(
        Screening.campaign_id == campaign_id, Screening.household_id == household_id
    )
    return list(session.scalars(query.order_by(Screening.id.desc())))


def current(session: Session, campaign_id: int, household_id: int) -> Screening | None:
    """The row of a household that counts."""
    query = select(Screening).where(
        Screening.campaign_id == campaign_id,
        Screening.household_id == household_id,
        Screening.standing == "current",
    )
    return session.scalar(query)


def cases_of(session: Session, rows: list[Screening]) -> Mapping[int, CaseFile]:
    """The cases that rows have led to, by the clue's number."""
    query = select(RiskClue.id, CaseFile).join(CaseFile, CaseFile.id == RiskClue.case_id)
    found = session.execute(query.where(RiskClue.id.in_([one.clue_id for one in rows if one.clue_id])))
    return {row[0]: row[1] for row in found}


# -- for a telephone -------------------------------------------------------------------------------


def village_list(
    session: Session, actor: Account, campaign_id: int, village_code: str, now: Any
) -> dict[str, Any]:
    """What a telephone takes along of a village: the form, and its households with what they begin from.

    Of ID numbers the last four digits only, of telephones nothing.
    """
    campaign = view(session, actor, campaign_id, village_code)
    if not access.reaches(actor, village_code, entries.ENTERS):
        raise NotAllowed("名单由填报的人带走，您只能查看。")
    basis = campaigns.basis(session, campaign)
    found = session.execute(_living(campaign, village_code).order_by(Household.id).limit(MOST)).all()
    known = groups.known(session, [row[0].id for row in found], basis)
    divided = areas.divided(session, campaign.id, [village_code])
    today = local_date(now)
    along = []
    for household, row, conflict, signed, _ in found:
        first = prefill.screened(known[household.id], basis, {}, today, actor.name)
        first = basis.form.prefill({"screened": first})
        along.append(
            {
                "id": household.id,
                "number": household.number,
                "head_name": household.head_name,
                "size": known[household.id].size,
                "group_name": household.group_name,
                "address": household.address[-20:],
                "id_tail": household.head_id_number[:18][-4:],
                "household_type": household.household_type,
                "groups": list(known[household.id].groups),
                "mine": divided.may(actor.id, village_code, household.group_name, now),
                "first": first,
                "row": _told(row, signed) if row is not None else None,
                "conflict": bool(conflict),
            }
        )
    with write(session):  # R38: who took it along
        said = {"campaign": campaign.id, "division": village_code, "households": len(along)}
        audit.record(session, "access", actor.id, "list_carried", said, now)
    return {
        "campaign": {
            "id": campaign.id,
            "name": campaign.name,
            "starts_on": campaign.starts_on.isoformat(),
            "ends_on": campaign.ends_on.isoformat(),
            "status": campaign.status,
            "line": campaign.line.amount,
        },
        "village_code": village_code,
        "form": basis.form.schema,
        "households": along,
        "more": len(found) == MOST and _beyond(session, village_code) > MOST,
    }


def _told(row: Screening, signed: bool) -> dict[str, Any]:
    return {
        "uuid": row.uuid,
        "result": row.result,
        "data": entries.data(row),
        "entered_at": row.entered_at.isoformat(),
        "flagged": row.clue_id is not None,
        "signed": bool(signed),
    }


def _beyond(session: Session, village_code: str) -> int:
    query = select(func.count()).select_from(Household)
    living = Household.village_code == village_code, households.there()
    return session.scalar(query.where(*living)) or 0


def sizes(session: Session, ids: list[int]) -> dict[int, int]:
    """How many people the register has of each household."""
    query = select(Member.household_id, func.count()).where(Member.household_id.in_(ids))
    return {row[0]: row[1] for row in session.execute(query.group_by(Member.household_id))}
