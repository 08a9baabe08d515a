"""One act raises a clue for each household of an area, or of a part of it (R33, T26): all found on one day.

What is to be done is written down first, a household once for a hazard; `working` works it off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, insert, literal, select, update
from sqlalchemy.orm import Session, joinedload

from engine.casework import definitions
from engine.casework.kit import Kit
from engine.casework.models import Account, CaseFile
from engine.casework.organisation import access, divisions
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs.kinds import JobKind
from engine.casework.portions.portion import work_off
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotFound
from engine.ground.paging import Page, page_of, page_of_rows
from engine.prevention.hazards import hazards
from engine.prevention.hazards.choosing import Chosen, had, meant, require
from engine.prevention.hazards.working import ACTS, KIND, advance, leave, look_after, portion
from engine.prevention.identification import entering
from engine.prevention.models import Hazard, HazardAct, HazardHousehold, Household, RiskClue

MOST_TICKED = 1000
MOST_WORDS = 500


@dataclass(frozen=True)
class Typed:
    """What an act says of all its clues."""

    channel: str
    discovered_on: date | None
    description: str
    risks: Sequence[str]


@whole
def begin(
    session: Session, actor: Account, hazard_id: int, chosen: Chosen, typed: Typed, *, clock: Clock
) -> HazardAct:
    """Write down an act for all households that are meant and have no clue of this hazard yet.

    Those that were refused are tried again. Raises Invalid, NotAllowed, Conflict.
    """
    hazard = hazards.view(session, actor, hazard_id)
    require(actor, hazard)
    now = clock.now()
    with write(session):
        hazard = hazards.held(session, hazard_id)  # acts about one hazard come one after another
        hazards.require_open(hazard)
        discovered = _checked(hazard, typed, risk_words(session), local_date(now))
        names = divisions.names(session, chosen.villages)
        act = HazardAct(
            hazard_id=hazard.id,
            account_id=actor.id,
            channel=typed.channel,
            discovered_on=discovered,
            description=text.line(typed.description),
            risks=list(typed.risks),
            chosen=chosen.words(names),
            at=now,
            total=0,
        )
        session.add(act)
        session.flush()
        act.total = _write_down(session, actor, hazard, act, chosen)
        if act.total == 0:
            raise Conflict("选定的范围里，每一户都已经录入过这次风险的线索。")
        jobs.defer(session, KIND, act.id, actor, now, total=act.total)
    return act


def risk_words(session: Session) -> dict[str, str]:
    """The kinds of risk of a clue, as its form in force has them."""
    return definitions.code_labels(session).get("risks", {})


def _checked(hazard: Hazard, typed: Typed, known: Mapping[str, str], today: date) -> date:
    wrong: dict[str, list[str]] = {}
    on = typed.discovered_on
    if on is None or on > today or on < hazard.from_on:
        wrong["discovered_on"] = ["发现日期：请填写，不早于风险开始之日，不晚于今天。"]
    if not text.line(typed.description):
        wrong["description"] = ["情况：请写明这些农户受到什么影响。"]
    if typed.channel not in entering.CHANNELS:
        wrong["channel"] = ["线索渠道：请选择。"]
    if not typed.risks or not set(typed.risks) <= known.keys():
        wrong["risks"] = ["风险类型：请至少选一种。"]
    if len(text.line(typed.description)) > MOST_WORDS:
        wrong["description"] = [f"情况：不超过 {MOST_WORDS} 字。"]
    if wrong or on is None:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    return on


def _write_down(session: Session, actor: Account, hazard: Hazard, act: HazardAct, chosen: Chosen) -> int:
    """The households of the act, in two statements however many they are; answers how many."""
    these = and_(*meant(actor, hazard, chosen))
    mine = select(Household.id).where(these)
    again = update(HazardHousehold).where(
        HazardHousehold.hazard_id == hazard.id,
        HazardHousehold.status == "refused",
        HazardHousehold.household_id.in_(mine),
    )
    session.execute(
        again.values(act_id=act.id, status="pending", text=""),
        execution_options={"synchronize_session": False},
    )
    fresh = select(
        literal(hazard.id),
        literal(act.id),
        Household.id,
        Household.village_code,
        literal("pending"),
        literal(""),
    ).where(these, ~had(hazard))
    columns = ["hazard_id", "act_id", "household_id", "village_code", "status", "text"]
    session.execute(insert(HazardHousehold).from_select(columns, fresh.order_by(Household.id)))
    return ACTS.counts(session, act)["pending"]


def go_on(session: Session, actor: Account, act_id: int, *, clock: Clock) -> HazardAct:
    """Work off what one request may; any official who raises clues there may."""
    act = view(session, actor, act_id)
    require(actor, hazards.view(session, actor, act.hazard_id))
    work_off(session, actor, lambda: portion(session, act, clock))
    return act


def view(session: Session, actor: Account, act_id: int) -> HazardAct:
    """An act about a hazard that concerns the actor. Raises NotFound."""
    act = session.get(HazardAct, act_id, populate_existing=True)
    if act is None:
        raise NotFound("没有找到这次批量录入。")
    hazards.view(session, actor, act.hazard_id)
    return act


def _stop(session: Session, actor: Account, act_id: int, clock: Clock) -> None:
    leave(session, view(session, actor, act_id), clock.now())


def of_hazard(session: Session, hazard: Hazard, page: int = 1) -> Page[HazardAct]:
    """The acts about a hazard, the latest first."""
    query = select(HazardAct).where(HazardAct.hazard_id == hazard.id)
    return page_of(
        session, query, query.order_by(HazardAct.id.desc()).options(joinedload(HazardAct.account)), page
    )


def entries(
    session: Session, actor: Account, act: HazardAct, status: str, page: int
) -> Page[HazardHousehold]:
    """The act's households with a status, of those that the actor may see."""
    here = access.within(HazardHousehold.village_code, access.scopes(actor))
    query = select(HazardHousehold).where(
        HazardHousehold.act_id == act.id, HazardHousehold.status == status, here
    )
    ordered = query.order_by(HazardHousehold.id).options(
        joinedload(HazardHousehold.household), joinedload(HazardHousehold.clue)
    )
    return page_of(session, query, ordered, page, 50)


def households_of(session: Session, actor: Account, hazard: Hazard, page: int) -> Page[Any]:
    """The households with a clue of the hazard in the actor's reach, by village and group: what became of the
    clue, the household, the status and outcome of its case.
    """
    here = access.within(HazardHousehold.village_code, access.scopes(actor))
    query = (
        select(HazardHousehold, Household, CaseFile.status, CaseFile.outcome)
        .join(Household, Household.id == HazardHousehold.household_id)
        .outerjoin(RiskClue, RiskClue.id == HazardHousehold.clue_id)
        .outerjoin(CaseFile, CaseFile.id == RiskClue.case_id)
        .where(HazardHousehold.hazard_id == hazard.id, here)
        .order_by(HazardHousehold.village_code, Household.group_name, Household.head_name, HazardHousehold.id)
    )
    return page_of_rows(session, query, page)


# -- how it stands ---------------------------------------------------------------------------------


def cases_in(hazard_id: int) -> Any:
    """The cases that have a hazard's clues now, which one that ended gave on: what lists of work are narrowed
    to.
    """
    clue = select(RiskClue.case_id).join(HazardHousehold, HazardHousehold.clue_id == RiskClue.id)
    return clue.where(HazardHousehold.hazard_id == hazard_id, RiskClue.case_id.is_not(None))


KIT = Kit(
    rounds=(look_after,),
    narrowings={"hazard": cases_in},
    jobs={KIND: JobKind("批量录入线索", advance, _stop)},
)
