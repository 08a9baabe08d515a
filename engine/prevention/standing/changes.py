"""A household's standing in the register, and who hears when it changes.

Four procedures change it: identification admits, elimination marks, rollback cancels the mark, clearance
strikes off. Each change goes through `change`: it is told to every other open case of the household by a
message, in the same transaction; what a case does then is drawn in its diagram. Nothing is ever deleted
(R29): what the household was before stays in the history of the case that changed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from engine.casework import acts
from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.ground.database import save
from engine.ground.errors import Conflict
from engine.prevention.models import Household
from engine.prevention.register.households import finding as households
from engine.prevention.register.naming import STATUS_NAMES

MESSAGES = {
    "admitted": "household_admitted",
    "eliminated": "household_eliminated",
    "rolled_back": "household_rolled_back",
    "cleared": "household_cleared",
}
"""What diagrams call each change."""
_KEPT = (
    "status",
    "category",
    "monitored_on",
    "eliminated_on",
    "elimination_manner",
    "labour_exception",
    "cleared_on",
)
_TAKEN_BACK = "该户的其他事项已经随之结束，不能再撤回或退回到这一步之前。"


def require(call: ServiceCall, *statuses: str) -> Household:
    """The case's household, locked.

    Raises Conflict unless its status is one of `statuses` (none given: any).
    """
    household = households.locked(call.session, call.case.subject_id)
    if statuses and household.status not in statuses:
        raise Conflict(
            f"{household.head_name}户现在的状态是“{STATUS_NAMES[household.status]}”，不能执行这项变更。"
        )
    return household


def change(call: ServiceCall, household: Household, news: str, on: str, **values: Any) -> dict[str, Any]:
    """Change the register and tell the household's other open cases; answers what `restore` needs.

    `news` is a key of MESSAGES, `on` the day (ISO) that the message carries, `values` the columns as they are
    now.
    """
    was = {key: _json(getattr(household, key)) for key in _KEPT}
    save(call.session, household, **values, updated_at=call.now)
    told = acts.tell_subject(
        call.session,
        call.actor,
        household.id,
        MESSAGES[news],
        {"on": on, "executed_on": on},
        call.now,
        besides=call.case.id,
    )
    return {"was": was, "told": told}


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def restore(call: ServiceCall, result: Mapping[str, Any]) -> None:
    """The change was taken back: the household is again what it was.

    Raises Conflict when another case of the household has already ended by it.
    """
    if result.get("told"):
        raise Conflict(_TAKEN_BACK)
    household = call.session.get_one(Household, call.case.subject_id)
    for key, value in result["was"].items():
        setattr(household, key, date.fromisoformat(value) if value and key.endswith("_on") else value)


_NEWS = {
    "admitted": "该户已纳入",
    "eliminated": "该户风险已消除",
    "rolled_back": "该户已回退",
    "cleared": "该户已清退",
}
KIT = Kit(sends={MESSAGES[news]: words for news, words in _NEWS.items()})
