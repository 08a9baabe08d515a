"""What a filter of limits says, in words for the page and for a file that is passed on."""

from __future__ import annotations

from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.lamps import LAMPS
from engine.casework.supervision import limits
from engine.casework.supervision.limits import LimitFilter

LAMP_WORDS = {**LAMPS, limits.PRESSING: "超期和临期"}
MEANING = (
    "数的是正在计时的时限：时限所围的工作没有办完就数，过了期也数，公示等待期间照样数；一件事项有几个时限的各数一次。"
    "超期：最后一天已过；临期：3 天内到期。超期天数从最后一天的次日数起。"
)


def said(session: Session, wanted: LimitFilter) -> dict[str, str]:
    """What the list is narrowed to besides the place, by the field of the filter; empty when it is not."""
    found = {
        "limit": _limit(session, wanted.limit),
        "step": _step(session, wanted.step),
        "lamp": LAMP_WORDS.get(wanted.lamp, wanted.lamp),
        "over": f"超期满 {wanted.over} 天" if wanted.over else "",
        "holder": limits.HOLDERS.get(wanted.holder, wanted.holder),
        "text": f"姓名含“{wanted.text}”" if wanted.text else "",
    }
    return {field: words for field, words in found.items() if words}


def _limit(session: Session, limit: str) -> str:
    procedure, _, element = limit.partition(":")
    names = definitions.names(session, {procedure})
    return (
        "：".join(filter(None, (names.get(procedure, procedure), _name(session, procedure, element))))
        or limit
    )


def _step(session: Session, step: str) -> str:
    procedure, _, element = step.partition(":")
    return f"正在办理“{_name(session, procedure, element)}”" if step else ""


def _name(session: Session, procedure: str, element: str) -> str:
    """What the diagrams call an element."""
    return definitions.element_names(session, [(procedure, element)])[procedure, element] if element else ""
