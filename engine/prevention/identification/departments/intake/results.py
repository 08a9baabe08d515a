"""What becomes of a row that a department sends (R06, T29): its kinds, what is judged and done, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

RAISED, JOINED, KEPT, BELOW, AGAIN = "raised", "joined", "kept", "below", "again"
UNKNOWN, SEVERAL, ELSEWHERE = "unknown", "several", "elsewhere"
SAME, REFUSED = "same", "refused"
OUTCOMES = {
    RAISED: "新线索",
    JOINED: "并入在办事项",
    KEPT: "监测对象的新线索",
    AGAIN: "已有线索，更新内容",
    BELOW: "未达标准",
    UNKNOWN: "登记簿里没有",
    SEVERAL: "号码在两户以上",
    ELSEWHERE: "登记在别处",
}
"""What may become of a row that is kept."""
OPEN = (UNKNOWN, SEVERAL, ELSEWHERE)
"""What waits for somebody to look at it."""


@dataclass(frozen=True)
class Outcome:
    """What became of a row, or would become of it."""

    kind: str
    text: str
    row_id: int | None = None
    case_id: int | None = None
    clue_id: int | None = None


@dataclass(frozen=True)
class Home:
    """A household that has a person of the portion."""

    id: int
    village_code: str
    status: str
    is_key: bool
    """Whether the first amount of a threshold is its own."""
    names: frozenset[str]
    """What the person is called there, in the form that is compared."""


@dataclass(frozen=True)
class Judged:
    """What a row would become, before anything is written."""

    kind: str
    village_code: str = ""
    home: Home | None = None
    bar: Decimal | None = None
    before: Row[Any] | None = None
    """The current row of the same person, matter and period."""
    homes: Sequence[Home] = ()
    """The records in which the person stands, where these are several."""
    note: str = ""
    """What is to be said besides; of `REFUSED` why."""
    total: Decimal | None = None
    """What the household's amounts add up to."""


def yuan(amount: Decimal | None) -> str:
    """An amount as people read it: 26,800 or 26,800.50."""
    if amount is None:
        return ""
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"


def in_words(what: Judged, kind: str, case_id: int | None = None) -> str:
    """What a row has become, for whoever sends it: nothing that stands in the register."""
    number = f"第 {case_id} 号" if case_id is not None else "办理"
    bar = f"（{yuan(what.bar)} 元）" if what.bar is not None else ""
    sentences = {
        RAISED: f"新线索，已开始{number}" if case_id is not None else "新线索，开始识别认定",
        JOINED: f"已并入{number}",
        KEPT: "已是监测对象，线索记在该户",
        AGAIN: f"已有线索（{number}），更新了内容" if case_id is not None else "已有线索，更新了内容",
        BELOW: f"未达标准{bar}，留存",
        UNKNOWN: "登记簿里没有这个人，留待村、县核对",
        SEVERAL: "这个证件号码在两户以上登记，请有关的村核对",
        ELSEWHERE: "登记在别处，转给那里核对",
        REFUSED: what.note,
    }
    note = f"；{what.note}" if what.note and kind not in (REFUSED, UNKNOWN) else ""
    return f"{sentences[kind]}{note}"


def answer_before(what: Judged) -> Outcome:
    """Of what was said before: what became of it then."""
    before = what.before
    assert before is not None
    case = f"，见第 {before.case_id} 号" if before.case_id is not None else ""
    words = f"以前报过，没有重复登记（{OUTCOMES[before.outcome]}{case}）"
    return Outcome(SAME, words, before.id, before.case_id, before.clue_id)
