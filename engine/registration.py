"""Admission to the register, the announcement in the township's name, and the entry in the national system."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import bindparam, func, select

from engine import access, divisions, households, notifications
from engine.clock import local_date, written
from engine.errors import Invalid
from engine.households import CATEGORY_NAMES
from engine.models import Announcement
from engine.services import ServiceCall, service

_LAST_SERIAL = select(func.max(Announcement.serial)).where(
    Announcement.township_code == bindparam("township"), Announcement.year == bindparam("year")
)


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


@service("announcement.prepare")
def prepare(call: ServiceCall, basis: str, matter: str) -> dict[str, Any]:
    """Draw up the announcement: number, date and masked list, in the township's name (R13).

    `basis` and `matter` are the diagram's words: what the result rests on, and what it is.
    """
    household = call.case.household
    township = access.ancestor(call.case.village_code, "township")
    names = divisions.names(call.session, [township, call.case.village_code])
    name = names.get(township, "乡镇人民政府")
    today = local_date(call.now)
    serial = (call.session.scalar(_LAST_SERIAL, {"township": township, "year": today.year}) or 0) + 1
    number = f"{name}防返贫公告〔{today.year}〕{serial}号"
    group = f"{household.group_name} " if household.group_name else ""
    text = (
        f"{basis}，{names[call.case.village_code]}以下农户{matter}，现予公告：\n"
        f"{group}户主：{household.head_name}  家庭人口：{households.size(call.session, household.id)}人  "
        f"类别：{CATEGORY_NAMES.get(household.category, '')}\n"
        f"{name}\n{written(today)}"
    )
    row = Announcement(
        case_id=call.case.id, township_code=township, village_code=call.case.village_code, year=today.year, serial=serial,
        number=number, text=text, issued_on=today,
    )  # fmt: skip
    call.session.add(row)
    call.session.flush()
    return {"id": row.id, "number": number, "text": text, "township": name}


@service("registration.confirm")
def confirm(call: ServiceCall, national_number: str) -> dict[str, Any]:
    """The entry in the national system is confirmed by its number (R14)."""
    household = call.case.household
    household.national_number = national_number
    return {"national_number": national_number}
