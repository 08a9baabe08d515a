"""A village's list of a campaign as an Excel file, with what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.portions.outgoing.lists import day, typed
from engine.casework.portions.outgoing.sending import Asked, Outgoing, portions
from engine.ground import text
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.screening import entries, lists
from engine.prevention.screening.lists import Line


def _village(asked: Asked) -> Iterator[Sequence[Cell]]:
    campaign, code = text.whole(asked.given.get("campaign_id", "")) or 0, asked.given.get("code", "")
    shown, head = asked.given.get("show", ""), typed(asked.given)

    def page(number: int) -> Sequence[Line]:
        return lists.listing(asked.session, asked.actor, campaign, code, shown, head, number).items

    for some in portions(whole(page)):
        sizes = lists.sizes(asked.session, [line.household.id for line in some])
        for line in some:
            yield _row(line, sizes.get(line.household.id, 0))


def _row(line: Line, size: int) -> Sequence[Cell]:
    one, row = line.household, line.row
    known: list[Cell] = [one.number, one.head_name, one.group_name, one.address]
    if row is None:
        return [*known, size, "未报"]
    found = "有分歧" if line.conflict else "转入核实" if row.clue_id else ""
    signed = "已签" if line.signed else "没有签字"
    result = entries.RESULTS.get(row.result, "")
    people = row.household_size or size
    return [*known, people, result, day(row.visited_on), row.collected_by, signed, found]


KIT = Kit(
    outgoing={
        "screening": Outgoing(
            "筛查名单", "户编号 户主 组 住址 人口 筛查情况 入户日期 调查员 签字 结果".split(), _village
        )
    }
)
