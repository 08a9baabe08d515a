"""What was sent in a case, as a replay of its history needs it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Submission


def submissions_of(session: Session, case_id: int) -> dict[int, dict[str, Any]]:
    """The clean data of every submission of a case by id."""
    query = select(Submission.id, Submission.data).where(Submission.case_id == case_id)
    return {row.id: row.data for row in session.execute(query)}
