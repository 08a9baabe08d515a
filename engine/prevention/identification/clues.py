"""Risk clues (R06): each opens an identification or joins the one under way; the earliest rules the clock.

While another procedure of the register is open for the household, the clue is held: that case hears of it,
and as it ends, what follows is decided by what the household is then. A household that is monitored is not
identified again: its new clue is kept and its township told. No clue is closed under another procedure unseen
(R26).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, joinedload

from engine.casework import acts, definitions
from engine.casework.acts import openings
from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account, CaseFile, Procedure
from engine.casework.organisation import access
from engine.casework.telling import notifications
from engine.flow.receivers import CHOICE, DAY, Need, Receiver
from engine.flow.services import Service
from engine.flow.vocabulary import Given, LegalLimit
from engine.ground import text as normal
from engine.ground.clock import MovableClock, local_date
from engine.ground.database.objects import Objects, found_by
from engine.ground.errors import Conflict
from engine.ground.paging import Page, page_of
from engine.ground.tables import table
from engine.prevention.models import Household, RiskClue, household_of
from engine.prevention.register import beginnings
from engine.prevention.register.households import finding as households

PROCEDURE = "identification"


def place(
    session: Session,
    actor: Account | None,
    household: Household,
    clue: RiskClue,
    now: datetime,
    origin: CaseFile | None = None,
    *,
    quiet: bool = False,
) -> tuple[CaseFile | None, bool]:
    """Give the clue to the case it belongs to; returns that case and whether it was open already (R06, R26).

    Two clues at the same moment do not open two cases: the household is locked. An identification that is
    not decided yet takes it. Any other open case of the register holds it until it ends (`take_up`).
    Without one a household that is monitored needs no identification: the clue is kept, and its township
    hears of it. Every other household is identified, an eliminated one anew. `quiet`: whoever brings many
    clues at once tells each desk once of all of them.
    """
    households.locked(session, household.id)
    case = _open_case(session, household)
    if case is not None:
        clue.held = case.procedure_key != PROCEDURE or household.status == "monitored"
        _keep(session, clue, case)
        _join(session, actor, case, clue, now, quiet=quiet)
        return case, True
    if household.status == "monitored":
        _keep(session, clue, None)
        if quiet:
            return None, False
        text = f"{household.head_name}户：监测对象出现新线索（{clue.description}），请核实并调整帮扶措施。"
        notifications.send_about(session, household, "township", "clue", text, now)
        return None, False
    case = acts.open_case(
        session, actor, PROCEDURE, household, _variables(session, household, clue, now), now, origin=origin
    )
    _keep(session, clue, case)
    return case, False


def _keep(session: Session, clue: RiskClue, case: CaseFile | None) -> None:
    clue.case_id = case.id if case is not None else None
    session.add(clue)
    session.flush()


_CLUE = table(RiskClue)
_HELD = Objects(
    select(_CLUE)
    .where(
        _CLUE.c.household_id == bindparam("household_id"),
        _CLUE.c.held.is_(True),
        _CLUE.c.cancelled_at.is_(None),
    )
    .order_by(_CLUE.c.discovered_on, _CLUE.c.id),
    [RiskClue],
    own=True,
)


def take_up(call: ServiceCall) -> None:
    """A case has ended: the clues that it held are placed by what the household is now,
    the earliest first (R26).
    """
    clues = _HELD.all(call.session, household_id=call.case.subject_id)
    if not clues:
        return
    household = households.locked(call.session, call.case.subject_id)
    if _open_case(call.session, household) is not None:
        return  # another procedure of the register than the one that ended: they wait on
    for clue in clues:
        clue.held = False
        case, _ = place(call.session, call.actor, household, clue, call.now, origin=call.case)
        if case is not None:
            name = case.version.procedure.name
            text = (
                f"{household.head_name}户：办理期间留存的线索（{clue.description}）转入“{name}”，请按期办理。"
            )
            notifications.send(call.session, case, "village", "clue", text, call.now)


def under_way(session: Session, household_ids: Sequence[int]) -> dict[int, int]:
    """Which open case a clue of each household would be given to now: household → case."""
    if not household_ids:
        return {}
    group = definitions.current(session, PROCEDURE).procedure.exclusive
    same = Procedure.exclusive == group if group else Procedure.key == PROCEDURE
    query = select(CaseFile.subject_id, func.min(CaseFile.id)).join(
        Procedure, Procedure.key == CaseFile.procedure_key
    )
    query = query.where(CaseFile.subject_id.in_(household_ids), CaseFile.status == "open", same)
    return {row[0]: row[1] for row in session.execute(query.group_by(CaseFile.subject_id))}


def _open_case(session: Session, household: Household) -> CaseFile | None:
    """The household's open case of those that identification excludes, itself included."""
    group = definitions.current(session, PROCEDURE).procedure.exclusive
    if group:
        return acts.open_of_group(session, household.id, group)
    own = CaseFile.procedure_key == PROCEDURE
    query = select(CaseFile).where(CaseFile.subject_id == household.id, CaseFile.status == "open", own)
    return session.scalar(query.order_by(CaseFile.id).limit(1))


def _join(
    session: Session, actor: Account | None, case: CaseFile, clue: RiskClue, now: datetime, *, quiet: bool
) -> None:
    """Tell the case of the clue.

    An identification counts its days from the earliest (R06); others note the latest.
    """
    payload = {
        "channel": clue.channel,
        "finder": clue.finder,
        "discovered_on": clue.discovered_on.isoformat(),
    }
    if not clue.held:
        earliest = session.scalar(_earliest(case))
        first = min(clue.discovered_on, earliest) if earliest else clue.discovered_on
        facts: dict[str, Any] = {"discovery_date": first.isoformat()}
    else:
        entered = local_date(now).isoformat()
        facts = {"latest_clue": {**payload, "description": clue.description, "entered_on": entered}}
        name = case.version.procedure.name
        text = f"{case.subject}户：出现新线索（{clue.description}）。正在办理“{name}”，线索留存，办结时再定是否识别认定。"
        if not quiet:
            notifications.send_each(session, case, ("township", "village"), "clue", text, now)
    acts.send_message(session, actor, case.id, "clue", payload, facts=facts, clock=MovableClock(at=now))


def found_earlier(session: Session, clue_id: int, day: date, now: datetime) -> None:
    """Whoever found a clue says that it was on an earlier day: the earliest rules, also of its open case
    (R06).
    """
    clue = session.get_one(RiskClue, clue_id)
    households.locked(session, clue.household_id)
    session.refresh(clue)
    if clue.cancelled_at is not None or day >= clue.discovered_on:
        return
    clue.discovered_on = day
    session.flush()
    case = session.get(CaseFile, clue.case_id) if clue.case_id is not None else None
    if case is not None and case.status == "open":
        _join(session, None, case, clue, now, quiet=True)


def _earliest(case: CaseFile) -> Select[date]:
    return select(func.min(RiskClue.discovered_on)).where(
        RiskClue.case_id == case.id, RiskClue.cancelled_at.is_(None)
    )


def count_anew(session: Session, actor: Account | None, case: CaseFile, now: datetime) -> None:
    """A clue of the case was cancelled: an open identification counts its
    days from the earliest that is left (R06).
    """
    first = session.scalar(_earliest(case))
    counts = (
        case.status == "open" and case.procedure_key == PROCEDURE and household_of(case).status != "monitored"
    )
    if (
        not counts or first is None or first == case.discovery_date
    ):  # R15: counted up to the county's approval
        return
    facts = {"discovery_date": first.isoformat()}
    acts.send_message(
        session, actor, case.id, "clue", {"cancelled": True}, facts=facts, clock=MovableClock(at=now)
    )
    acts.take_back_passings(session, actor, case.id, "线索有误，已撤销", now)


def _variables(session: Session, household: Household, clue: RiskClue, now: datetime) -> dict[str, Any]:
    return {
        **beginnings.first_variables(session, household, local_date(now)),
        "clue": {
            "channel": clue.channel,
            "finder": clue.finder,
            "description": clue.description,
            "risks": clue.risks,
            "discovered_on": clue.discovered_on.isoformat(),
        },
        "discovery_date": clue.discovered_on.isoformat(),
    }


def _take_back(call: ServiceCall, result: Any) -> None:
    """The step that raised the clue is taken back, and with it the clue and the case that it opened."""
    if result["joined"]:
        raise Conflict(f"这条线索已并入正在办理的“{result['name']}”，不能再撤回或退回到这一步之前。")
    if result["case"] is not None:
        openings.take_back(call, result)
    clue = call.session.get(RiskClue, result["clue"])
    if clue is not None:
        call.session.delete(clue)


def raise_clue(
    call: ServiceCall,
    channel: str,
    description: str,
    risks: list[str] | None = None,
    finder: str | None = None,
) -> dict[str, Any]:
    """A step found a sign of risk today: as if it had been entered by hand, and both histories show it (R06,
    R26).
    """
    household = call.session.get_one(Household, call.case.subject_id)
    actor = call.actor
    clue = RiskClue(
        household_id=household.id,
        village_code=household.village_code,
        channel=channel,
        finder=(finder or (actor.name if actor else "系统"))[:60],
        discovered_on=local_date(call.now),
        description=description[:500],
        risks=list(risks or []),
        entered_by=actor.id if actor else None,
        entered_at=call.now,
    )
    case, joined = place(call.session, actor, household, clue, call.now, origin=call.case)
    call.session.flush()
    name = case.version.procedure.name if case is not None else ""
    found = {"clue": clue.id, "case": case.id if case is not None else None, "joined": joined, "name": name}
    return found | {"held": clue.held}


def listing(
    session: Session, actor: Account, text: str = "", channel: str = "", page: int = 1
) -> Page[RiskClue]:
    """The clues in the actor's reach, latest first."""
    query = select(RiskClue).where(access.within(RiskClue.village_code, access.scopes(actor)))
    if channel:
        query = query.where(RiskClue.channel == channel)
    found = households.ALL
    if normal.line(text):
        found = households.found_by(session, actor, text)
        # each clue's own household, by its key: a condition on a list of them would read all that there are
        query = query.join(Household, Household.id == RiskClue.household_id).where(found.condition)
    ordered = query.order_by(RiskClue.id.desc()).options(
        joinedload(RiskClue.household).joinedload(Household.division)
    )
    return page_of(session, query, ordered, page, sought=found.sought)


def brought(actor_id: Any, case_ids: Collection[Any]) -> Select[int | None]:
    """Of the cases those of which the actor entered a clue that counts (R12, R38)."""
    entered = (RiskClue.entered_by == actor_id) & RiskClue.cancelled_at.is_(None)
    return select(RiskClue.case_id).where(entered, RiskClue.case_id.in_(case_ids))


def of_case(session: Session, case_id: int) -> Sequence[RiskClue]:
    """A case's clues, the earliest first."""
    return found_by(RiskClue, "case_id", "discovered_on").all(session, case_id=case_id)


def of_household(session: Session, household_id: int) -> Sequence[RiskClue]:
    """A household's clues, latest first, cancelled ones included."""
    query = select(RiskClue).where(RiskClue.household_id == household_id)
    return list(session.scalars(query.order_by(RiskClue.id.desc())))


def _said(result: Any) -> str:
    """Which other case a step gave its clue to."""
    if result["case"] is None:
        return "发现新线索，已通知乡镇"
    if result.get("held"):
        return f"发现新线索，留待“{result['name']}”办结"
    return f"新线索并入“{result['name']}”" if result["joined"] else f"发现新线索，启动“{result['name']}”"


KIT = Kit(
    sends={"clue": "又有线索"},
    arrivals={"clue": "又有线索并入本事项"},  # R06
    brought=(brought,),
    case_parts={"clues": of_case},
    step_parts=("clues",),
    law=(
        LegalLimit(
            "R15",
            "identification",
            "limit_15",
            "识别认定自线索发现起不超过 15 天",
            at_most=15,
            reads=frozenset({"discovery_date"}),
        ),
    ),
    given=(
        Given("clue.channel", "线索的渠道"),
        Given("clue.finder", "线索的发现人"),
        Given("clue.description", "线索的情况"),
        Given("clue.risks", "线索的风险", "list"),
        Given("clue.discovered_on", "线索的发现日期", "day"),
        Given("discovery_date", "最早发现线索的日期", "day"),
        Given("latest_clue.channel", "最近线索的渠道"),
        Given("latest_clue.finder", "最近线索的发现人"),
        Given("latest_clue.description", "最近线索的情况"),
        Given("latest_clue.discovered_on", "最近线索的发现日期", "day"),
        Given("latest_clue.entered_on", "最近线索的录入日期", "day"),
    ),
    services=(
        Service(
            "clue.raise",
            "录入风险线索",
            "与人工录入一样，开出识别认定或并入已有的一件",
            raise_clue,
            {"channel": "发现渠道", "description": "情况", "risks": "风险", "finder": "发现人"},
            said=_said,
            undo=_take_back,
        ),
    ),
    receivers=(
        Receiver(
            "start",
            PROCEDURE,
            {"discovered_on": Need(DAY), "channel": Need(CHOICE)},
        ),
    ),
    when_ended=(take_up,),
)
