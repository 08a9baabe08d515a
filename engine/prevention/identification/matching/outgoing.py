"""The batches of matching as Excel files, and the households of one (R41)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.organisation import divisions
from engine.casework.portions.outgoing.lists import day
from engine.casework.portions.outgoing.sending import Asked, Outgoing, portions
from engine.ground import text
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.identification.matching import batches, results

Rows = Iterator[Sequence[Cell]]


def _batches(asked: Asked) -> Rows:
    for line in whole(lambda page: batches.search(asked.session, asked.actor, page)[1]):
        waiting = "、".join(DEPARTMENTS[one.department] for one in line.unsettled)
        batch = line.batch
        yield [
            batch.number,
            line.place,
            batch.called,
            day(batch.submitted_on),
            day(batch.asked_on),
            line.total,
            line.counts.get("answered", 0),
            waiting,
        ]


def _entries(asked: Asked) -> Rows:
    batch = text.whole(asked.given.get("matching_id", "")) or 0
    found = whole(lambda page: batches.entries(asked.session, asked.actor, batch, page).items)
    for some in portions(found):
        places = divisions.paths(asked.session, {one.village_code for one in some})
        known = results.by_id(asked.session, [one.result_id for one in some])
        for one in some:
            result = known.get(one.result_id or 0)
            yield [
                one.household.head_name,
                places.get(one.village_code, ""),
                day(one.signed_on),
                batches.STATUSES.get(one.status, ""),
                results.EFFECTS.get(result.effect, "") if result is not None else "",
                day(result.matched_on if result is not None else None),
                "、".join(str(gap.get("source")) for gap in result.no_data) if result is not None else "",
                one.note,
            ]


KIT = Kit(
    outgoing={
        "matching_batches": Outgoing(
            "比对批次", "批次 乡镇 名称 报送 送部门 户数 已反馈 等哪些部门".split(), _batches
        ),
        "matching_batch": Outgoing(
            "比对名单", "户主 所在村 授权书 现在 结果 结果日期 无数据的部门 说明".split(), _entries
        ),
    }
)
