"""What strikes: the province's parameters for the three kinds of alarms (Q57). None limits anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, Setting
from engine.casework.organisation import access
from engine.ground import text
from engine.ground.database import write
from engine.ground.errors import Invalid, NotAllowed

ROLE = "province_reviewer"


@dataclass(frozen=True)
class Parameters:
    """Proposals where the plan gives no number; a province sets its own."""

    week_marks: int = 10
    times: int = 3
    weeks: int = 26
    day_marks: int = 50
    flat_villages: int = 5
    flat_marks: int = 3
    unmarked_months: int = 3


WORDS = {
    "week_marks": ("一个乡镇一周标注满多少户才看", 1, 1000),
    "times": ("是过去平均每周的多少倍", 1, 100),
    "weeks": ("与过去多少周比", 4, 104),
    "day_marks": ("一天标注满多少户", 2, 1000),
    "flat_villages": ("多少个村的数目一样", 3, 100),
    "flat_marks": ("每村满多少户才看", 1, 100),
    "unmarked_months": ("符合条件多少个月没有标注", 1, 36),
}
"""What each is called, the least and the most."""


def _key(code: str) -> str:
    return f"alarms:{access.ancestor(code, 'province')}"


def of_place(session: Session, code: str) -> Parameters:
    """The parameters of the place's province."""
    kept = session.get(Setting, _key(code))
    known = kept.value if kept is not None and isinstance(kept.value, dict) else {}
    names = {one.name for one in fields(Parameters)}
    return Parameters(**{name: value for name, value in known.items() if name in names})


def may_set(actor: Account) -> bool:
    """Whether the actor sets them: a reviewer of the whole province."""
    return access.has_everywhere(actor, ROLE)


def set_all(session: Session, actor: Account, typed: Mapping[str, str], now: datetime) -> Parameters:
    """Set what was typed, from the next week that is looked at. Raises Invalid, NotAllowed."""
    if not may_set(actor):
        raise NotAllowed("提示的口径由省级审核人员设定。")
    values: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for name, (words, least, most) in WORDS.items():
        values[name] = text.whole(text.half(typed.get(name, "")))
        if values[name] is None or not least <= values[name] <= most:
            wrong[name] = [f"{words}：请填 {least} 到 {most} 的整数。"]
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    province = next(grant.division_code for grant in actor.grants if grant.role == ROLE)
    with write(session):
        before = asdict(of_place(session, province))
        session.merge(Setting(key=_key(province), value=values))
        said = {"division": province, "before": before, "after": values}
        audit.record(session, "parameters", actor.id, "alarm_parameters", said, now)
    return Parameters(**values)
