"""What strikes: the province's parameters for the three kinds of alarms (Q57). None limits anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.prevention.quality import parameters
from engine.prevention.quality.parameters import Number, Numbers


@dataclass(frozen=True)
class Parameters:
    """What marks are seen by."""

    week_marks: int
    times: int
    weeks: int
    day_marks: int
    flat_villages: int
    flat_marks: int
    unmarked_months: int


PARAMETERS: Mapping[str, Number] = {
    "week_marks": Number("一个乡镇一周标注满多少户才看", "", 10, 1, 1000),
    "times": Number("是过去平均每周的多少倍", "", 3, 1, 100),
    "weeks": Number("与过去多少周比", "", 26, 4, 104),
    "day_marks": Number("一天标注满多少户", "", 50, 2, 1000),
    "flat_villages": Number("多少个村的数目一样", "", 5, 3, 100),
    "flat_marks": Number("每村满多少户才看", "", 3, 1, 100),
    "unmarked_months": Number("符合条件多少个月没有标注", "", 3, 1, 36),
}
"""Proposals where the plan gives no number; a province sets its own."""
NUMBERS = Numbers("alarms", "alarm_parameters", "提示的口径由省级审核人员设定。", PARAMETERS)


def of_place(session: Session, code: str) -> Parameters:
    """What holds in the place's province."""
    return Parameters(**parameters.of_place(session, NUMBERS, code))
