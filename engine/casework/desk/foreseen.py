"""Pages that are expected to ask what the last page like them asked (`foresee_page`)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, CaseFile, WorkItem
from engine.casework.organisation import access
from engine.ground.database.foreseeing import foresee_page


def case_page(session: Session, actor: Account, case: CaseFile, item: WorkItem | None) -> None:
    """A case that the actor may see, or one of its steps: by the numbers of the case."""
    like = ("case", case.procedure_key, case.status, item and (item.element_id, item.status), _roles(actor))
    facts = {"case": case.id, "subject": case.subject_id, "stream": audit.stream_of(case.id)}
    own = {"item": item.id} if item is not None else {}
    foresee_page(session, like, **facts, **own, village=case.village_code)


def front_page(session: Session, actor: Account) -> None:
    """All that waits for such an official: by the divisions of this one."""
    scopes = [access.scope_of(grant.division_code) for grant in actor.grants]
    lows = {f"low_{place}": scope.low for place, scope in enumerate(scopes)}
    highs = {f"high_{place}": scope.high for place, scope in enumerate(scopes)}
    foresee_page(session, ("todo", _roles(actor)), **lows, **highs)


def _roles(actor: Account) -> tuple[str, ...]:
    return tuple([grant.role for grant in actor.grants])
