"""Admission to the register and the entry in the national system."""

from __future__ import annotations

from typing import Any

from engine.casework.kit import Kit, Result
from engine.casework.kit.services import ServiceCall
from engine.casework.telling import notifications
from engine.flow.services import Service
from engine.flow.vocabulary import PaperKind
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.prevention.identification import wordings
from engine.prevention.models import household_of
from engine.prevention.register.naming import CATEGORY_NAMES
from engine.prevention.standing import changes


def _unadmit(call: ServiceCall, result: Any) -> None:
    was = result["was"]
    if "since" in was:  # of an admission before the register kept all that it changed
        kept = {"status": was["status"], "category": was["category"], "monitored_on": was["since"]}
        kept |= {"eliminated_on": was.get("eliminated_on"), "elimination_manner": was.get("manner", "")}
        result = {**result, "was": kept | {"labour_exception": was.get("exception", "")}}
    changes.restore(call, result)


def admit(call: ServiceCall, category: str) -> dict[str, Any]:
    """The county has approved: the household is monitored from today, in the category that was decided (R12,
    R17).

    Of a household that is identified anew the old mark or clearance stays in the history of its cases alone
    (R26, R29).
    """
    if category not in CATEGORY_NAMES:
        raise Invalid("请选择监测对象类别。", {"category": ["请选择监测对象类别。"]})
    household = changes.require(call)
    today = local_date(call.now)
    changed = changes.change(
        call,
        household,
        "admitted",
        today.isoformat(),
        status="monitored",
        category=category,
        monitored_on=today,
        eliminated_on=None,
        elimination_manner="",
        labour_exception="",
        cleared_on=None,
    )
    text = f"{call.case.subject}户经县级批准，纳入监测对象：{CATEGORY_NAMES[category]}。"
    below = ("township", "village")  # R12: the result is pushed down
    notifications.send_each(call.session, call.case, below, "result", text, call.now)
    started = call.case.discovery_date or local_date(call.case.started_at)
    return {"approved_on": today.isoformat(), "days_used": (today - started).days, **changed}


def confirm(call: ServiceCall, national_number: str) -> dict[str, Any]:
    """The entry in the national system is confirmed by its number (R14)."""
    household = household_of(call.case)
    household.national_number = national_number
    return {"national_number": national_number}


KIT = Kit(
    results=(
        Result(
            "admitted",
            "registration.admit",
            "纳入监测",
            "户次",
            "期内批准纳入监测的户次，按批准之日计；批准被撤回的不计。只如实计数，不设指标，不作排名。",
        ),
    ),
    wordings={"proposed_list": wordings.proposed_list, "approval_form": wordings.approval_form},
    papers=(
        PaperKind("proposed_list", "呈报名单", "township", "township", "呈报", listed=True),
        PaperKind("approval_form", "审批表", "county", "county", "审批", decided=True, listed=True),
    ),
    services=(
        Service(
            "registration.admit",
            "纳入监测对象",
            "自当天起",
            admit,
            {"category": "类别"},
            undo=_unadmit,
            decides=True,
        ),
        Service(
            "registration.confirm",
            "登记全国系统编号",
            "全国系统的户编号",
            confirm,
            {"national_number": "全国系统户编号"},
        ),
    ),
)
