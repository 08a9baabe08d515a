"""A clue out of a department's row, as if it had been entered by hand (R06)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from engine.casework.models import CaseFile
from engine.ground.errors import Conflict
from engine.prevention.identification import clues
from engine.prevention.identification.departments.intake.results import Judged, yuan
from engine.prevention.identification.departments.intake.statements import Channel, Told, day_of
from engine.prevention.models import RiskClue
from engine.prevention.register.households import finding as households


def raise_clue(
    session: Session, channel: Channel, household_id: int, told: Told, what: Judged, now: datetime
) -> tuple[RiskClue, CaseFile | None, bool]:
    """A department's clue about a household, as if it had been entered by hand (R06); whole or not at all."""
    with session.begin_nested():
        household = households.locked(session, household_id)
        if household.merged_into_id is not None or household.status == "gone":
            raise Conflict("这户刚刚并入另一户，或全户已不在册，请再报一次。")
        clue = RiskClue(
            household_id=household.id,
            village_code=household.village_code,
            channel="department_warning",
            finder=channel.finder,
            discovered_on=day_of(told, now),
            description=description(channel, told, what)[:500],
            risks=[channel.matter.risk] if channel.matter.risk else [],
            entered_by=None,  # R12: the department found it; who let the list in stands with its row
            entered_at=now,
        )
        case, joined = clues.place(session, None, household, clue, now, quiet=True)
        session.flush()
        return clue, case, joined


def description(channel: Channel, told: Told, what: Judged) -> str:
    """What a clue says: 医疗费用自付较高：张三，26,800元（标准 10,000元），2022年4月，住院两次."""
    said = [told.name]
    if told.amount is not None:
        bar = f"（标准 {yuan(what.bar)}元）" if what.bar is not None else ""
        total = f"，户内累计 {yuan(what.total)}元" if what.total is not None else ""
        said.append(f"{yuan(told.amount)}元{total}{bar}")
    said += [one for one in (told.period, told.note, what.note) if one]
    return f"{channel.matter.name}：{'，'.join(said)}"
