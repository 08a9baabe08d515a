"""Risk clues (R06): each opens an identification or joins the household's open one; the earliest rules the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from engine import access, definitions, households, openings, runtime
from engine.clock import Clock, local_date
from engine.database import write
from engine.errors import Invalid, NotFound
from engine.forms import Form
from engine.inbox import Page, page_of
from engine.models import Account, CaseFile, Household, RiskClue

PROCEDURE = "identification"
CHANNELS = {"cadre_check": "基层干部排查", "department_warning": "部门筛查预警", "self_declaration": "农户自主申报"}
MAX_AGE = timedelta(days=366)


@dataclass(frozen=True)
class Entered:
    """What became of a clue: `case` is None while possible duplicates wait for the official's word."""

    clue: RiskClue | None
    case: CaseFile | None
    joined: bool
    duplicates: Sequence[Household] = ()


def enter(
    session: Session, actor: Account, data: Mapping[str, Any], *, clock: Clock, household_id: int | None = None,
    confirmed_new: bool = False,
) -> Entered:  # fmt: skip
    """Enter a clue from the clean data of form ``clue``, for a known household or a new one.

    Without `household_id` possible duplicates are looked for first; unless `confirmed_new`, they are answered and
    nothing is stored.
    """
    today = local_date(clock.now())
    discovered = date.fromisoformat(str(data["discovered_on"]))
    if discovered > today:
        raise Invalid("发现日期不能晚于今天。", {"discovered_on": ["发现日期：不能晚于今天。"]})
    if today - discovered > MAX_AGE:
        raise Invalid("发现日期超过一年，请核对。", {"discovered_on": ["发现日期：超过一年，请核对。"]})
    village = str(data.get("village_code") or "")
    if household_id is None:
        if not access.reaches(actor, village):
            raise Invalid("请选择您负责范围内的村。", {"village_code": ["所在村：请选择您负责范围内的村。"]})
        found = households.find_duplicates(
            session, id_number=str(data.get("id_number") or ""), village_code=village,
            address=str(data.get("address") or ""), head_name=str(data.get("head_name") or ""),
        )  # fmt: skip
        reachable = [h for h in found if access.reaches(actor, h.village_code)]
        if reachable and not confirmed_new:
            return Entered(None, None, False, reachable)
    with write(session):
        household = _household(session, actor, household_id, data, clock.now())
        clue = RiskClue(
            household_id=household.id, village_code=household.village_code, channel=data["channel"],
            finder=data.get("finder") or actor.name, discovered_on=discovered, description=data.get("description") or "",
            risks=list(data.get("risks") or []), entered_by=actor.id, entered_at=clock.now(),
        )  # fmt: skip
        session.add(clue)
        session.flush()
        case, joined = _open_or_join(session, actor, household, clue, clock)
        clue.case_id = case.id
    return Entered(clue, case, joined)


def _household(
    session: Session, actor: Account, household_id: int | None, data: Mapping[str, Any], now: datetime
) -> Household:
    if household_id is None:
        return households.register(session, data, now)
    household = session.get(Household, household_id)
    if household is None or not access.reaches(actor, household.village_code):
        raise NotFound("没有找到这户人家。")
    return household


def _open_or_join(
    session: Session, actor: Account, household: Household, clue: RiskClue, clock: Clock
) -> tuple[CaseFile, bool]:
    # The household's row is the lock: two clues at the same moment must not open two cases.
    session.execute(select(Household.id).where(Household.id == household.id).with_for_update())
    query = select(CaseFile).where(
        CaseFile.household_id == household.id, CaseFile.procedure_key == PROCEDURE, CaseFile.status == "open"
    )
    case = session.scalar(query.order_by(CaseFile.id).limit(1))
    payload = {"channel": clue.channel, "finder": clue.finder, "discovered_on": clue.discovered_on.isoformat()}
    if case is None:
        return runtime.start_case(
            session, actor, PROCEDURE, household, _variables(session, household, clue), clock=clock
        ), False
    earliest = session.scalar(select(func.min(RiskClue.discovered_on)).where(RiskClue.case_id == case.id))
    first = min(clue.discovered_on, earliest) if earliest else clue.discovered_on
    facts = {"discovery_date": first.isoformat()}
    runtime.send_message(session, actor, case.id, "clue", payload, facts=facts, clock=clock)
    return case, True


def _variables(session: Session, household: Household, clue: RiskClue) -> dict[str, Any]:
    return {
        **openings.first_variables(session, household, clue.discovered_on),
        "clue": {
            "channel": clue.channel, "finder": clue.finder, "description": clue.description, "risks": clue.risks,
            "discovered_on": clue.discovered_on.isoformat(),
        },
        "discovery_date": clue.discovered_on.isoformat(),
    }  # fmt: skip


def form(session: Session) -> Form | None:
    """The form in force for a clue: the one on the procedure's start event."""
    return definitions.load(session, definitions.current(session, PROCEDURE).id).start_form


def listing(session: Session, actor: Account, text: str = "", channel: str = "", page: int = 1) -> Page[RiskClue]:
    """The clues in the actor's reach, latest first."""
    query = select(RiskClue).where(access.visible_clues(actor))
    if channel:
        query = query.where(RiskClue.channel == channel)
    if text.strip():
        wanted = text.strip()
        of_household = select(Household.id).where(
            or_(Household.head_name.contains(wanted, autoescape=True), Household.head_id_number == wanted.upper())
        )
        query = query.where(RiskClue.household_id.in_(of_household))
    ordered = query.order_by(RiskClue.id.desc()).options(joinedload(RiskClue.household).joinedload(Household.division))
    return page_of(session, query, ordered, page)
