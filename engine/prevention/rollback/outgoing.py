"""The batches of applications as Excel files, and the households of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.portions.outgoing.lists import day
from engine.casework.portions.outgoing.sending import Asked, Outgoing
from engine.ground import text
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.rollback import applications, lists

Rows = Iterator[Sequence[Cell]]


def _batches(asked: Asked) -> Rows:
    kind = asked.given.get("kind", "")
    names = lists.kinds(asked.session, asked.actor)
    for line in whole(lambda page: lists.search(asked.session, asked.actor, kind, page)[1]):
        counts = [line.counts.get(result, 0) for result in ("agreed", "refused", "waiting", "returned")]
        batch = line.batch
        yield [batch.number, names.get(batch.kind, ""), day(batch.opened_on), line.total, *counts]


def _entries(asked: Asked) -> Rows:
    batch = text.whole(asked.given.get("batch_id", "")) or 0
    for row in whole(lambda page: applications.rows(asked.session, asked.actor, batch, page)[1]):
        case = row.case
        now = "已移交外地" if case is None else row.step or (case.outcome if case.status != "open" else "")
        yield [
            row.listed.head,
            row.listed.village,
            lists.RESULTS.get(row.entry.result, ""),
            now,
            row.entry.answer,
            day(row.entry.answered_on),
            day(row.entry.executed_on),
        ]


KIT = Kit(
    outgoing={
        "batches": Outgoing("申请批次", "批次 类别 日期 户数 同意 不同意 待批 退回".split(), _batches),
        "batch": Outgoing("批次名单", "户主 村 结果 现在 批复 批复日期 执行日期".split(), _entries),
    }
)
