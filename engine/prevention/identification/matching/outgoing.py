"""The batches of matching as Excel files, and the households of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.organisation import divisions
from engine.casework.portions.outgoing.lists import day
from engine.casework.portions.outgoing.sending import Asked, Outgoing, portions
from engine.ground import text
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.identification.matching import batches

Rows = Iterator[Sequence[Cell]]


def _batches(asked: Asked) -> Rows:
    for line in whole(lambda page: batches.search(asked.session, asked.actor, page)[1]):
        batch = line.batch
        yield [batch.number, line.place, day(batch.opened_at), day(batch.asked_on), line.total]


def _entries(asked: Asked) -> Rows:
    batch = text.whole(asked.given.get("matching_id", "")) or 0
    found = whole(lambda page: batches.entries(asked.session, asked.actor, batch, page).items)
    for some in portions(found):
        paths = divisions.paths(asked.session, {one.village_code for one in some})
        for one in some:
            status = batches.STATUSES.get(one.status, one.status)
            head, place = one.household.head_name, paths.get(one.village_code, "")
            yield [head, place, day(one.signed_on), status, one.note]


KIT = Kit(
    outgoing={
        "matching_batches": Outgoing("比对批次", "批次 乡镇 编批日期 送部门日期 户数".split(), _batches),
        "matching_batch": Outgoing("比对名单", "户主 村 授权书 现在 说明".split(), _entries),
    }
)
