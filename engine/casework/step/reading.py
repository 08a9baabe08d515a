"""A case's running instance, to be read: nothing is locked and nothing stored."""

from __future__ import annotations

from sqlalchemy.orm import Session

from engine.casework.models import CaseFile
from engine.casework.step.steps import Step
from engine.flow.machine.instance import Instance


def instance_of(session: Session, case: CaseFile) -> Instance:
    """The case's instance as stored, for checks and pictures."""
    return Step(session, case, None, case.started_at).instance
