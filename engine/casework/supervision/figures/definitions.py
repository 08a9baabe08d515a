"""What each figure means, in words for people and as a statement over the log;
both stand beside the figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from engine.casework.organisation import access
from engine.casework.supervision import wording
from engine.casework.supervision.figures import sql
from engine.casework.supervision.figures.facts import LIMIT, NOTICE, OPENED, PASSED, RETURNED, STEP, results
from engine.casework.supervision.figures.reading import Limit, limits
from engine.ground.errors import NotFound
from engine.ground.tables import UtcDateTime

RANKS = "中位、九成用时取最近序数：半数（九成）的件不超过的最小值。"
WORDS = {
    LIMIT: (
        "期内有结论的件中，在期限最后一天（含）以前有结论的占比。有结论，指期限所围的环节全部走完，批准、不同意都算；退回、撤回后重办的，"
        "以最后一次结论为准。期限的日子以办理记录为准，起算当日不计，按自然日；线索更早的，期限随之提前。用时为起算之日到有结论之日的天数。"
        + RANKS
    ),
    PASSED: "期内期限届满而还没有结论的件数，按届满之日计。",
    NOTICE: "期内张贴的公示，以及张贴以后、下一次张贴以前收到过异议的公示，都按张贴之日计。被撤回、退回抵消的张贴不计。",
    RETURNED: "期内作出退回的次数，按作出退回的环节和日期计。",
    OPENED: "期内立案、启动的件数，按启动之日计。",
    STEP: (
        "一个环节从交到手上（打开）到提交的时间，按提交之日计；退回、撤回后重办的另计一次。不满 72 小时按整小时，以上按整天。"
        + RANKS
    ),
    "waiting": (
        "待办是此刻开着的步骤的件数。超期、临期和督办的数相同。"
        + wording.MEANING
        + "按环节、单位、个人分的，时限数在此刻开着的步骤名下，等待期满的不在其中。"
    ),
    "flow": "期内沿每条连线走过的次数，由办理记录里依次经过的环节推出；占比是从同一处走出的各条连线之间的比例。",
}
"""The definition of each measure, as the page shows it."""

_PLAIN: dict[str, Callable[[sql.Words], str]] = {
    NOTICE: sql.notice,
    RETURNED: sql.returned,
    PASSED: sql.passed,
    OPENED: sql.opened,
    STEP: sql.step,
}


@dataclass(frozen=True)
class Recount:
    """A statement over the log and its parameters."""

    statement: str
    parameters: dict[str, Any]
    sqlite: bool

    def run(self, session: Session) -> dict[str, int]:
        """Its one row, by column; nothing counts as 0, a median of nothing is left out."""
        instants = [bindparam(name, type_=UtcDateTime()) for name in ("since", "until")]
        row = session.execute(text(self.statement).bindparams(*instants), self.parameters).mappings().one()
        return {name: int(value) for name, value in row.items() if value is not None}

    def written(self) -> str:
        """As a file: the parameters' values, then the statement."""
        head = sql.header(self.parameters, self.sqlite)
        return f"-- 只读查询：由办理记录（log_entry）重算这个数\n{head}\n{self.statement};\n"


def recount(
    session: Session,
    measure: str,
    division_code: str,
    since: datetime,
    until: datetime,
    procedure: str = "",
    element: str = "",
) -> Recount:
    """The statement that recounts a measure for a division and the instants
    from `since` until before `until`.

    `element` is the limit's or step's id; a result needs none. Raises NotFound for what is not recounted.
    """
    words = sql.Words(session.get_bind().dialect.name == "sqlite")
    scope = access.scope_of(division_code)
    parameters: dict[str, Any] = {
        "low": scope.low,
        "high": scope.high,
        "procedure": procedure,
        "since": since,
        "until": until,
    }
    if measure == LIMIT:
        one = _limit(session, procedure, element)
        parameters |= {"element": one.element_id, "activity": one.activity}
        return Recount(sql.limit(words, one.ends), parameters, words.sqlite)
    services = {name: service for service, name in results().items()}
    made = sql.result if measure in services else _PLAIN.get(measure)
    if made is None:
        raise NotFound("没有这个统计口径。")
    statement = made(words)
    if ":element" in statement:
        parameters["element"] = services.get(measure, element)
    return Recount(statement, parameters, words.sqlite)


def _limit(session: Session, procedure: str, element: str) -> Limit:
    found = next(
        (one for one in limits(session) if (one.procedure_key, one.element_id) == (procedure, element)), None
    )
    if found is None:
        raise NotFound("没有这个期限。")
    return found
