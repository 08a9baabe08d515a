"""What forms are prefilled from: one household record feeds them all (R41)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from engine import households
from engine.models import CaseFile


def context(session: Session, case: CaseFile, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The names a form's ``prefill`` may use: `household`, `case` (its variables) and `clue`."""
    return {
        "household": households.facts(session, case.household_id),
        "case": dict(variables),
        "clue": variables.get("clue") or {},
    }
