"""Admission to the register and the entry in the national system."""

from __future__ import annotations

from datetime import date
from typing import Any

from engine import notifications
from engine.clock import local_date
from engine.errors import Invalid
from engine.households import CATEGORY_NAMES
from engine.services import ServiceCall, service


def _unadmit(call: ServiceCall, result: Any) -> None:
    household, was = call.case.household, result["was"]
    household.status, household.category = was["status"], was["category"]
    household.monitored_on = date.fromisoformat(was["since"]) if was["since"] else None
    household.eliminated_on = date.fromisoformat(was["eliminated_on"]) if was.get("eliminated_on") else None
    household.elimination_manner, household.labour_exception = was.get("manner", ""), was.get("exception", "")


@service("registration.admit", undo=_unadmit)
def admit(call: ServiceCall, category: str) -> dict[str, Any]:
    """The county has approved: the household is monitored from today, in the category that was decided (R12, R17).

    Of an eliminated household that is identified anew the old mark stays in the history of its cases alone (R26).
    """
    if category not in CATEGORY_NAMES:
        raise Invalid("请选择监测对象类别。", {"category": ["请选择监测对象类别。"]})
    household = call.case.household
    today = local_date(call.now)
    since = household.monitored_on.isoformat() if household.monitored_on else None
    was = {"status": household.status, "category": household.category, "since": since}
    if household.eliminated_on:
        was["eliminated_on"] = household.eliminated_on.isoformat()
        was |= {"manner": household.elimination_manner, "exception": household.labour_exception}
    household.status, household.category, household.monitored_on = "monitored", category, today
    household.eliminated_on, household.elimination_manner, household.labour_exception = None, "", ""
    for queue in ("township", "village"):  # R12: the result is pushed down
        text = f"{call.case.subject}户经县级批准，纳入监测对象：{CATEGORY_NAMES[category]}。"
        notifications.send(call.session, call.case, queue, "result", text, call.now)
    started = call.case.discovery_date or local_date(call.case.started_at)
    return {"approved_on": today.isoformat(), "days_used": (today - started).days, "was": was}


@service("registration.confirm")
def confirm(call: ServiceCall, national_number: str) -> dict[str, Any]:
    """The entry in the national system is confirmed by its number (R14)."""
    household = call.case.household
    household.national_number = national_number
    return {"national_number": national_number}
