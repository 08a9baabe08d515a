"""The one lock order, so that no two transactions ever wait for each other:

subject → its cases by number → work item, timer, draft → batches, papers and their numbers → a day's log
stream.

A step locks the subject and the case at once (`engine.casework.step.steps.locked_case`); whoever opens a
case, or changes what belongs to the subject, begins with `subject`. The rows of a definition are locked by
deployments alone, the state of the figures by the counting alone. SQLite has one lock for all writers; there
these statements lock nothing further.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.casework import kit
from engine.ground.database import once
from engine.ground.database.objects import Objects
from engine.ground.errors import NotFound


@cache
def _locking(model: Any) -> Objects:
    found = select(model).where(model.id == bindparam("subject_id"))
    return Objects(found.with_for_update(key_share=True), [model])  # rows may come that refer to the subject


def subject(session: Session, subject_id: int) -> Any:
    """The row of the field's table as it is now, locked until the transaction ends.

    One that this transaction has locked is what it has made of it: it is asked for once.
    """

    def locked() -> Any:
        query = _locking(kit.subjects_of(subject_id).model)
        found = query.first(session, subject_id=subject_id)
        if found is None:
            raise NotFound("没有找到这件事项。")
        return found

    return once(session, (subject, subject_id), locked)


def hold(session: Session, row: Any) -> None:
    """The subject was locked together with its case. Kept at hand, the session asks for it no more."""
    once(session, (subject, row.id), lambda: row)
