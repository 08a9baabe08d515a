"""A limit that never passed: what has become known since moves it past today, so its passing is taken back.

A wrong clue may make a case late at once. When it is cancelled, the case was never late (R06): the limit
waits for its true day, and the step that its passing opened waits for nobody. What somebody wrote there stays
in the history, as taken back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from engine.casework.acts.returning import undo
from engine.casework.models import Account
from engine.casework.step.steps import Step
from engine.flow.history import lines
from engine.flow.machine.record import WaitingTimer
from engine.flow.replay import Input
from engine.ground.database import write


def take_back_passings(
    session: Session, actor: Account | None, case_id: int, reason: str, now: datetime
) -> None:
    """Take back the passing of each limit of the case that, by what the case knows now, has not passed."""
    with write(session):
        step = Step.on(session, case_id, actor, now)
        seen: set[str] = set()
        while found := next(_wrongly_passed(step, seen), None):
            limit, passing = found
            seen.add(limit.token)
            name = step.definition.elements[limit.element_id].name
            line = lines.Unpassed(item=0, name=name, token=limit.token, reason=reason)
            undo(step, passing.seq, line, limit.element_id)
        if seen:
            step.never_passed()
            step.finish()


def _wrongly_passed(step: Step, seen: set[str]) -> Iterator[tuple[WaitingTimer, Input]]:
    """The limits that still wait for their day, each with the input that let it pass."""
    wrong = [one for one in step.instance.passed() if one.due_at > step.now and one.token not in seen]
    if not wrong:
        return
    replay = step.replay()
    for limit in wrong:
        for entry in reversed(replay.inputs):
            if entry.kind == lines.Fired.KIND and limit.token.startswith(
                replay.moved_token(entry, entry.said.token)
            ):
                yield limit, entry
                break
