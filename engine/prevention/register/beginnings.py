"""What opens for a household, and what its cases begin with.

Which procedures are for which households is drawn on their start events: ``opensFor`` lists statuses
(`households.STATUS_NAMES`) or types (`households.TYPE_NAMES`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Session

from engine.casework.acts.openings import opens_for
from engine.casework.organisation import divisions
from engine.flow.machine.definition import Element
from engine.prevention.models import Household
from engine.prevention.register import households, monitoring_lines


def first_variables(session: Session, household: Household, day: date) -> dict[str, Any]:
    """What every case begins with: the household's kind, where it lives,
    the reference line of `day` (R01).
    """
    line = monitoring_lines.in_force(session, household.village_code, day)
    kind = household.household_type
    return {
        "household": {
            "type": kind,
            "formerly_poor": kind in ("lifted_with_policy", "lifted_without_policy"),
            "status": household.status,
            "category": household.category,
        },
        "province_managed": divisions.province_managed(session, household.village_code),
        "monitoring_line": {"year": line.year, "amount": line.amount},
        "opened_on": day.isoformat(),
    }


def opens_for_household(start: Element, household: Household) -> bool:
    """Whether the start event opens for this household, by its status or its type."""
    wanted = opens_for(start) if household.merged_into_id is None else []
    return household.status in wanted or household.household_type in _types(wanted)


def concerned(start: Element) -> ColumnElement[bool]:
    """SQL: the households that the start event opens for."""
    wanted = opens_for(start)
    named = or_(Household.status.in_(wanted), Household.household_type.in_(_types(wanted)))
    return and_(named, Household.merged_into_id.is_(None))


def _types(wanted: list[str]) -> list[str]:
    """Of the codes those of types; a code that is both means the status."""
    return [code for code in wanted if code in households.TYPE_NAMES and code not in households.STATUS_NAMES]
