"""What timers of our own do in a step of the case: warn before a limit, and tell again while it is passed."""

from __future__ import annotations

from engine.casework import kit, lamps
from engine.casework.models import Timer
from engine.casework.step.statements import LIMIT
from engine.casework.step.steps import Step
from engine.casework.telling import ladder
from engine.flow.history import lines
from engine.ground.clock import written
from engine.ground.database import save


def warn(step: Step, row: Timer) -> None:
    """A warning before a limit: marks the case, tells the queues that hold it (R15)."""
    save(step.connection, row, status="fired", fired_at=step.now)
    if step.case.lamp_floor == "green":
        step.change(lamp_floor="yellow")
    limit = LIMIT.first(step.session, case_id=step.case.id, token=row.token)
    passes = limit.due_at if limit is not None else None
    step.log(lines.Warned(token=row.token, due=row.due_at, limit=passes), row.element_id)
    last = f"，最后一天是{written(lamps.last_day(passes))}" if passes else ""
    text = f"{kit.called(step.case)}：{step.definition.name}的期限“{row.name}”即将到期{last}。"
    step.tell("warning", f"warning:{row.token}:{row.due_at:%Y%m%d}", text, row.element_id)


def repeat(step: Step, row: Timer) -> None:
    """A limit is still passed (R15, R19): its holders and those above hear of it again,
    and again later.
    """
    save(step.connection, row, status="fired", fired_at=step.now)
    limit = LIMIT.first(step.session, case_id=step.case.id, token=row.token)
    if limit is None or limit.standing != "open":
        return
    if limit.due_at > step.now:  # R06: the clue that had made it late was cancelled
        ladder.repeat_after(step.session, step.case, limit, step.now)
        return
    days = lamps.days_over(limit.due_at, step.now)
    step.log(lines.Repeated(token=row.token, days=days), row.element_id)
    text = (
        f"{kit.called(step.case)}：{step.definition.name}的期限“{row.name}”已过，超期 {days} 天，仍未办结。"
    )
    step.tell("repeated", f"repeated:{row.token}:{row.due_at:%Y%m%d}", text, row.element_id)
    ladder.repeat_after(step.session, step.case, limit, step.now)
