"""Risk elimination (R23–R25): what the county's approval and the mark do to the register.

When a household may be marked is the decision tables' business, in which order the diagram's.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from engine.casework.kit import Kit, Result
from engine.casework.kit.services import ServiceCall
from engine.casework.telling import notifications
from engine.flow.services import Service
from engine.ground.clock import local_date
from engine.ground.errors import Conflict, Invalid
from engine.prevention.standing import changes

MANNERS = {"stable": "帮扶后稳定消除", "natural": "自然消除"}


def push(call: ServiceCall, manner: str) -> dict[str, Any]:
    """The county has approved today: the result goes down to township and village (R12, R25)."""
    text = f"{call.case.subject}户经县级批准，标注风险消除：{_words(manner)}。请公告并告知农户。"
    notifications.send_each(call.session, call.case, ("township", "village"), "result", text, call.now)
    return {"approved_on": local_date(call.now).isoformat(), "manner": manner, "words": _words(manner)}


def _words(manner: str) -> str:
    if manner not in MANNERS:
        raise Invalid("请选择风险消除方式。", {"manner": ["请选择风险消除方式。"]})
    return MANNERS[manner]


def _unmark(call: ServiceCall, result: Any) -> None:
    if isinstance(result["was"], str):  # of a mark set before the register kept all that it changed
        result = {**result, "was": {"status": result["was"], **_UNMARKED}}
    changes.restore(call, result)


_UNMARKED = {"eliminated_on": None, "elimination_manner": "", "labour_exception": ""}


def eliminate(
    call: ServiceCall, approved_on: str, manner: str, exception: str | None = None
) -> dict[str, Any]:
    """The mark is set: the household's risk is eliminated since the day of the county's approval (R25).

    `manner` is ``stable`` or ``natural``, `exception` why the county let a household wholly without labour be
    marked (R24). Raises Conflict for a household that is not monitored.
    """
    household = changes.require(call)
    if household.status != "monitored":
        raise Conflict("这户现在不是未消除风险的监测对象，不能标注风险消除。")
    words = _words(manner)
    changed = changes.change(
        call,
        household,
        "eliminated",
        approved_on,
        status="eliminated",
        eliminated_on=date.fromisoformat(approved_on),
        elimination_manner=manner,
        labour_exception=exception or "",
    )
    return {"eliminated_on": approved_on, "manner": manner, "words": words, **changed}


KIT = Kit(
    results=(
        Result(
            "eliminated",
            "household.eliminate",
            "风险消除",
            "户次",
            "期内标注风险消除的户次，按标注之日计；标注被撤回的不计。只如实计数，不设指标，不作排名。",
        ),
    ),
    services=(
        Service(
            "elimination.push",
            "记下消除批准日期",
            "并通知村、乡",
            push,
            {"manner": "方式"},
            decides=True,
        ),
        Service(
            "household.eliminate",
            "标注风险消除",
            "不是监测对象的拒绝",
            eliminate,
            {"approved_on": "批准日期", "manner": "方式", "exception": "例外"},
            undo=_unmark,
            decides=True,
        ),
    ),
)
