"""What forms are prefilled from: one household record feeds them all (R41)."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from sqlalchemy.orm import Session

from engine import households, officials
from engine.models import CaseFile


def context(
    session: Session, case: CaseFile, variables: Mapping[str, Any], names: Container[str] = ("household",)
) -> dict[str, Any]:
    """The names a form's ``prefill`` may use: `household`, `case` (its variables) and `clue`.

    The household, and the public officials who answer for it and its neighbours (`officials`), are read only when they
    are among the `names` that are asked for.
    """
    found: dict[str, Any] = {"case": dict(variables), "clue": variables.get("clue") or {}}
    if "officials" in names:
        found["officials"] = officials.facts(session, case.household_id, case.village_code)
    if "household" in names:
        found["household"] = households.facts(session, case.household_id)
    return found
