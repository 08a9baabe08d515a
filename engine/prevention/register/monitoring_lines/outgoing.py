"""The households that change sides by a line, as an Excel file (S8, R41)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.portions.outgoing.sending import Asked, Outgoing
from engine.ground import text
from engine.ground.sheets import Cell
from engine.prevention.register.monitoring_lines import effects, province
from engine.prevention.register.naming import STATUS_NAMES

COLUMNS = ("户编号", "户主", "地址", "现在", "人均纯收入（元）", "按原来的范围", "按这个范围", "正在办理")
WIDTHS = (22, 22, 40, 16, 16, 16, 16, 10)


def _amounts(asked: Asked) -> tuple[int, int]:
    """The line's amount and that of the one before it (yuan). Raises NotFound."""
    line = province.get(asked.session, asked.actor, text.whole(asked.given.get("line", "")) or 0)
    before = effects.against(asked.session, line)
    return line.amount, before.amount if before is not None else line.amount


def _headings(asked: Asked) -> Sequence[str]:
    amount, before = _amounts(asked)
    return [*COLUMNS[:5], f"按 {before} 元", f"按 {amount} 元", COLUMNS[-1]]


def _rows(asked: Asked) -> Iterator[Sequence[Cell]]:
    county, kind = asked.given.get("county", ""), asked.given.get("kind", "")
    amounts = amount, before = _amounts(asked)
    for row in effects.changing(asked.session, asked.actor, amounts, county, kind):
        sides = [effects.side(row.per_capita, line) for line in (before, amount)]
        said = [row.number, row.head_name, row.path, STATUS_NAMES[row.status], row.per_capita]
        yield [*said, *sides, "是" if row.busy else ""]


def _called(asked: Asked) -> str:
    return f"监测范围{_amounts(asked)[0]}元换边名单"


KIT = Kit(
    outgoing={
        "line_effects": Outgoing(
            "监测范围换边名单",
            COLUMNS,
            _rows,
            sheet="名单",
            filed_as=_called,
            headed=_headings,
            widths=WIDTHS,
        )
    }
)
