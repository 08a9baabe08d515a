"""What a telephone carries along to the doors: a village's households, with what is known of each (R03, R41).

Of an ID number it carries the last four characters, of a telephone number nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, Division
from engine.casework.organisation import access, divisions
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed
from engine.ground.tables import table
from engine.prevention.campaign import areas, campaigns
from engine.prevention.models import Campaign, Household, Screening
from engine.prevention.register.households import finding as households
from engine.prevention.screening import entries, groups, intake, prefill

MOST = 2000
"""Households that a telephone carries."""
MANY_VILLAGES = 300
_HOUSEHOLD, _ROW = table(Household), table(Screening)
_COLUMNS = "id head_name head_id_number group_name address".split()


def offered(session: Session, actor: Account) -> list[tuple[Campaign, list[Division]]]:
    """The open campaigns in which the actor visits households, with the villages."""
    scopes = access.scopes(actor, intake.ENTERS)
    if not scopes:
        return []
    found = []
    for campaign in campaigns.running(session, actor):
        if campaign.status == "open":
            within = access.scope_of(campaign.county_code)
            query = select(Division).where(
                Division.level == "village",
                access.within(Division.code, scopes),
                access.within(Division.code, [within]),
            )
            villages = list(session.scalars(query.order_by(Division.code).limit(MANY_VILLAGES)))
            found += [(campaign, villages)] if villages else []
    return found


@whole
def village(
    session: Session, actor: Account, campaign_id: int, village_code: str, *, clock: Clock
) -> dict[str, Any]:
    """The village's list, on record: who took it along, and when (R38).

    ``households`` has of each a key, what it is told from others by, the form's ``values``, and what is
    entered of it already. Raises NotFound, NotAllowed, Conflict for a closed campaign, Invalid for too many
    households.
    """
    campaign = campaigns.view(session, actor, campaign_id)
    if not access.reaches(actor, village_code, intake.ENTERS):
        raise NotAllowed("这个村不在您负责的范围。")
    if campaign.status != "open" or access.ancestor(village_code, "county") != campaign.county_code:
        raise Conflict("这个村现在没有集中排查。")
    rows = _households(session, actor, campaign, village_code, clock)
    known = _known(session, actor, campaign, [row.id for row in rows], clock)
    with write(session):
        said = {"campaign": campaign.id, "division": village_code, "households": len(rows)}
        audit.record(session, "access", actor.id, "list_carried", said, clock.now())
    return {
        "campaign": campaign.id,
        "village": village_code,
        "name": divisions.names(session, [village_code]).get(village_code, village_code),
        "households": [{**_told(row), **known[row.id]} for row in rows],
    }


@whole
def rescued(
    session: Session, actor: Account, made_by: int | None, entries: int, kept: int, *, clock: Clock
) -> None:
    """On record: the actor brought a telephone's rescue file, by its own word of the account `made_by`, with
    so many `entries`, of which so many are `kept` (R38). The rows themselves are the actor's.
    """
    said = {"account": made_by, "households": entries, "kept": kept}
    with write(session):
        audit.record(session, "access", actor.id, "rescue_taken", said, clock.now())


def _households(
    session: Session, actor: Account, campaign: Campaign, village_code: str, clock: Clock
) -> list[Row[Any]]:
    """Those of the actor's areas, where the village is divided."""
    divided = areas.divided(session, campaign.id, [village_code])
    query = select(*(_HOUSEHOLD.c[name] for name in _COLUMNS)).where(
        _HOUSEHOLD.c.village_code == village_code, households.there()
    )
    ordered = query.order_by(_HOUSEHOLD.c.group_name, _HOUSEHOLD.c.head_name, _HOUSEHOLD.c.id)
    now = clock.now()
    rows = [
        row for row in session.execute(ordered) if divided.may(actor.id, village_code, row.group_name, now)
    ]
    if len(rows) > MOST:
        raise Invalid(f"名单有 {len(rows)} 户，手机一次最多带 {MOST} 户：请乡镇先划分片区。")
    return rows


def _told(row: Row[Any]) -> dict[str, Any]:
    return {
        "key": str(row.id),
        "head": row.head_name,
        "group": row.group_name,
        "tail": row.head_id_number[-4:],
        "address": row.address,
    }


def _known(
    session: Session, actor: Account, campaign: Campaign, ids: Sequence[int], clock: Clock
) -> dict[int, Mapping[str, Any]]:
    """By household what the form begins from, and what is entered of it already."""
    basis, today = campaigns.basis(session, campaign), local_date(clock.now())
    register = groups.known(session, ids, basis)
    query = select(_ROW).where(_ROW.c.household_id.in_(ids), _ROW.c.standing == "current")
    latest = {row.household_id: row for row in session.execute(query.order_by(_ROW.c.id))}

    def known(household_id: int) -> dict[str, Any]:
        row, size = latest.get(household_id), register[household_id].size
        if row is not None and row.campaign_id == campaign.id:
            entered = {"result": row.result, "uuid": row.uuid, "by": row.collected_by}
            return {"size": row.household_size or size, "values": entries.data(row), **entered}
        before = {} if row is None else entries.data(row)
        values = prefill.screened(register[household_id], basis, before, today, actor.name)
        return {"size": size, "values": _filled(values)}

    return {household_id: known(household_id) for household_id in ids}


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what nobody knows; the day of the visit is the telephone's."""
    return {
        key: value for key, value in values.items() if value not in (None, "", []) and key != "visited_on"
    }
