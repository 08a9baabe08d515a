"""The circumstances in which a service is called: the case, who acted, what it may ask of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from engine.casework.models import Account, CaseFile, Submission, WorkItem
from engine.ground.database.prepared import Prepared
from engine.ground.tables import table

if TYPE_CHECKING:
    from engine.flow.machine.definition import Definition

_SUBMISSION = table(Submission)
_LATEST_SUBMISSION = Prepared(
    select(_SUBMISSION.c.data)
    .where(_SUBMISSION.c.case_id == bindparam("case_id"), _SUBMISSION.c.form_key == bindparam("form_key"))
    .order_by(_SUBMISSION.c.id.desc())
    .limit(1),
    own=True,
)

_ITEM, _EARLIER = table(WorkItem), table(WorkItem).alias()
_FIRST_OPENED = (
    select(func.min(_EARLIER.c.opened_at, type_=_ITEM.c.opened_at.type))
    .where(_EARLIER.c.case_id == _ITEM.c.case_id, _EARLIER.c.token == _ITEM.c.token)
    .scalar_subquery()
)
_LAST_STEP = Prepared(
    select(_FIRST_OPENED.label("opened_at"), _SUBMISSION.c.data)
    .join(_ITEM, _ITEM.c.id == _SUBMISSION.c.work_item_id)
    .where(_SUBMISSION.c.case_id == bindparam("case_id"))
    .order_by(_SUBMISSION.c.id.desc())
    .limit(1),
    own=True,
)


@dataclass(frozen=True)
class ServiceCall:
    """The circumstances of one call: everything a service may know besides its parameters."""

    session: Session
    case: CaseFile
    actor: Account | None
    now: datetime
    element_id: str
    token: str
    due_of: Callable[[str], datetime | None]
    """When the diagram's timer of an element id would be due, were its wait to begin now."""
    variable: Callable[[str], Any] = lambda name: None
    """The case variable of a name as it is now, or None."""
    pending: Callable[[str], list[Any]] = lambda name: []
    """What messages of a name brought that the case has not caught yet."""

    definition: Definition | None = None
    """The version that the case runs on."""

    def last_step(self) -> tuple[datetime, dict[str, Any]] | None:
        """When the step that was finished last was opened (however often it came back),
        and what was sent with it.
        """
        found = _LAST_STEP.first(self.session, case_id=self.case.id)
        return (found.opened_at, dict(found.data)) if found is not None else None

    def submission(self, form_key: str) -> dict[str, Any] | None:
        """The clean data of the case's latest submission of a form, or None."""
        data: dict[str, Any] | None = _LATEST_SUBMISSION.scalar(
            self.session, case_id=self.case.id, form_key=form_key
        )
        return data


@dataclass(frozen=True)
class Correction:
    """What stands outside the system and would be wrong after a case has moved; people are told,
    the record is set right.
    """

    sentence: str
    apply: Callable[[], None]
