"""A check at the door is written into the register (R07, R38), and what comes of a case is told (R12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.telling import notifications
from engine.flow.receivers import ROWS, Need, Receiver
from engine.flow.services import Service
from engine.ground import text
from engine.ground.clock import local_date
from engine.ground.database.stored import add, save
from engine.ground.errors import Invalid
from engine.prevention.models import Household, HouseholdYear, Observation, RiskClue, Telling, household_of
from engine.prevention.register import contact, member_history, observations, persons, posted_lists
from engine.prevention.register.households import seen
from engine.prevention.register.households.reading import FACTS, facts, size
from engine.prevention.register.households.registering import member_columns
from engine.prevention.register.member_history import Recorder

INCOME = ("wage", "business", "property", "pension", "allowance_income", "subsidy", "other_transfer")
SPENDING = ("medical", "education", "disaster", "other_rigid")


def _forget_observation(call: ServiceCall, result: Any) -> None:
    """The check was returned or withdrawn: what it saw does not count, its members neither;
    of income and spending the next one overwrites the register.
    """
    row = call.session.get(Observation, result.get("observation") or 0)
    if row is not None:
        call.session.delete(row)
    if result.get("act"):
        _forget_members(call, result["act"])
    if result.get("clues"):
        unseen = update(RiskClue).where(RiskClue.id.in_(result["clues"]))
        call.session.execute(unseen.values(held=True))


def _forget_members(call: ServiceCall, act: str) -> None:
    """The members are what they were before the check.

    Raises Registered when another household has one of them by now.
    """
    actor_id = call.actor.id if call.actor else None
    household = household_of(call.case)
    by = Recorder(actor_id, call.now, act, "核实退回或撤回")
    told = [one for one in member_history.in_force(call.session, household.id) if one.act == act]
    back = [one.before for one in told if one.before]
    persons.require_free(call.session, call.actor, household.village_code, back, household.id, "reason")
    if not member_history.take_back(call.session, household, act, by):
        return
    member_history.follow_head(call.session, household, call.now)


def record_verification(
    call: ServiceCall, form: str = "verification", clues: bool | None = None
) -> dict[str, Any]:
    """Write the verified household into the register: members, the year's income and spending, risks (R07,
    R38).

    `clues`: the check has looked into the clues that the case holds, so they wait for nothing more.
    """
    data = call.submission(form)
    if data is None:
        raise Invalid("还没有提交入户核实表。")
    household = household_of(call.case)
    begins = household.status == "ordinary" and (
        definitions.group_of(call.session, call.case.procedure_key) == "register"
    )
    actor_id = call.actor.id if call.actor else None
    by = Recorder(actor_id, call.now, member_history.new_act(), case_id=call.case.id)
    members = data.get("members") or []
    if members:
        persons.require_free(call.session, call.actor, household.village_code, members, household.id)
        _see_members(call, household, members, str(data.get("visited_on") or ""), by)
    household.household_type = data.get("household_type") or household.household_type
    contact.from_check(call, household, data, form)
    for key in ("risks", "key_groups"):  # a form that does not ask for them leaves them as they are
        if key in data:
            setattr(household, key, data[key] or [])
    household.updated_at = call.now
    if begins:
        household.status = "identifying"  # a mere check of help does not begin an identification
    _record_year(call.session, household, data, actor_id, call.now)
    observation = observations.record(
        call.session, household, data, form, call.now, case_id=call.case.id, actor_id=actor_id
    )
    call.session.flush()
    count = len(members) or size(call.session, household.id)
    answer = {"size": count, "per_capita": data.get("per_capita"), "observation": observation}
    answer |= {"act": by.act} if members else {}
    return {**answer, "clues": _looked_into(call)} if clues else answer


def _looked_into(call: ServiceCall) -> list[int]:
    held = (RiskClue.case_id == call.case.id) & RiskClue.held.is_(True)
    return list(call.session.scalars(update(RiskClue).where(held).values(held=False).returning(RiskClue.id)))


def _see_members(
    call: ServiceCall,
    household: Household,
    members: Sequence[Mapping[str, Any]],
    visited_on: str,
    by: Recorder,
) -> None:
    """The members are those whom the check has found; what differs is kept, and other open cases hear of it.

    domain S11: until somebody has looked for the first time nothing is said to have changed.
    """
    session, today = call.session, local_date(call.now)
    on = min(text.day(visited_on) or today, today)
    first = not observations.years_of(session, household.id) or seen.unlearned(session, household.id)
    found = [member_columns(index, row) for index, row in enumerate(members)]
    told = seen.members_seen(session, household, found, on, by, first)
    member_history.follow_head(session, household, call.now)
    said = "；".join(
        f"{member_history.KINDS[one.kind]}：{one.name}"
        for one in told
        if one.kind not in member_history.QUIET
    )
    if said:
        posted_lists.tell(session, call.actor, household, said, on, call.now, besides=call.case.id)


def _record_year(
    session: Session, household: Household, data: Mapping[str, Any], actor_id: int | None, now: datetime
) -> None:
    number = int(data.get("income_year") or local_date(now).year)
    present = next((one for one in observations.years_of(session, household.id) if one.year == number), None)
    values: dict[str, Any] = {
        "income": {key: data[key] for key in (*INCOME, "business_cost") if data.get(key) is not None},
        "assurances": {key: data[key] for key in observations.ASSURANCES if data.get(key) is not None},
        "net_income": Decimal(str(data.get("net_income") or 0)),
        "per_capita": Decimal(str(data.get("per_capita") or 0)),
        "recorded_by": actor_id,
        "recorded_at": now,
    }
    if any(key in data for key in SPENDING):
        values["spending"] = {key: data[key] for key in SPENDING if data.get(key) is not None}
    if present is None:
        add(session, HouseholdYear, household_id=household.id, year=number, **values)
    else:
        save(session, present, **values)


def tell(call: ServiceCall, matter: str, result: str, reason: str | None = None) -> dict[str, Any]:
    """Note that the household is told how its case ended and why (R10, R12), in the diagram's words.

    `matter` is what was decided about (识别认定结果), `result` how.
    """
    household = household_of(call.case)
    if household.status == "identifying":
        household.status = "ordinary"
    because = f"原因：{text.sentence(reason)}" if reason else ""
    words = f"{matter}：{text.sentence(result)}{because}如有异议，可向村、乡、县申请复核。"[:1000]
    handled = ("township", "village")  # R12: those who handled it hear of it too
    said = f"{call.case.subject}户：{words}"
    notifications.send_each(call.session, call.case, handled, "result", said, call.now)
    add(call.session, Telling, case_id=call.case.id, household_id=household.id, text=words, at=call.now)
    return {"told_on": local_date(call.now).isoformat()}


KIT = Kit(
    registered={"household": FACTS},
    prefills={
        "household": lambda session, household_id, _code, _day, parts: facts(session, household_id, parts)
    },
    services=(
        Service(
            "household.record",
            "记入农户档案",
            "核实的成员、收支、风险等",
            record_verification,
            {"form": "取哪张表", "clues": "留存的线索由这次核查了结"},
            undo=_forget_observation,
        ),
        Service(
            "household.tell",
            "登记须告知农户的结果",
            "记下把结果和原因告知农户",
            tell,
            {"matter": "事由", "result": "结果", "reason": "理由"},
        ),
    ),
    receivers=(
        Receiver(
            "service",
            "household.record",
            {"members": Need(ROWS, required=False, columns=frozenset({"name"}))},
            form="verification",
        ),
    ),
)
