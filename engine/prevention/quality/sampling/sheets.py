"""A sample as an Excel file: its households by county, what was found, and how to draw it again (R39).

No ID number and no telephone is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.kit import Kit
from engine.casework.models import Division
from engine.casework.portions.outgoing.sending import Asked, Beside, Outgoing, Row
from engine.ground import text
from engine.ground.sheets import Cell
from engine.prevention.models import Household, Sample, SampleHousehold, SampleStratum
from engine.prevention.quality.sampling import samples
from engine.prevention.quality.sampling.results import KINDS, RESULTS
from engine.prevention.register import naming

COLUMNS = (
    "层",
    "次序",
    "户编号",
    "户主",
    "所在地",
    "住址",
    "核查结果",
    "核查日期",
    "核查人",
    "问题",
    "说明",
    "排序值",
)
AGAIN = "怎样重抽"
WORDS = {
    "status": naming.STATUS_NAMES,
    "category": naming.CATEGORY_NAMES,
    "household_type": naming.TYPE_NAMES,
}
"""What the codes mean by which strata are told apart."""
AT_ONCE = 1000


def _sample(asked: Asked) -> Sample:
    return samples.get(asked.session, asked.actor, text.whole(asked.given.get("sample", "")) or 0)


def _sent(asked: Asked) -> Iterator[Row]:
    """The drawn households by stratum, and beside them how anybody draws them again."""
    sample = _sample(asked)
    counted = samples.counts(asked.session, sample, WORDS)
    yield from _rows(asked.session, sample, {one.stratum.id: one.name for one in counted})
    for line in _about(sample):
        yield Beside(AGAIN, line)


def _note(asked: Asked, rows: int) -> None:
    sample = _sample(asked)
    said = {"sample": sample.id, "division": sample.division_code, "rows": rows}
    audit.record(asked.session, "access", asked.actor.id, "export", said, asked.now)


def _rows(session: Session, sample: Sample, names: Mapping[int, str]) -> Iterator[list[Cell]]:
    query = (
        select(SampleHousehold, Household.number, Household.head_name, Household.address, Division.path)
        .join(SampleHousehold.stratum)
        .join(Household, Household.id == SampleHousehold.household_id)
        .join(Division, Division.id == Household.division_id)
        .where(SampleHousehold.sample_id == sample.id, samples.DRAWN)
        .order_by(SampleStratum.county_code, SampleStratum.id, SampleHousehold.position)
    )
    for row, number, head, address, path in session.execute(query.execution_options(yield_per=AT_ONCE)):
        problems = "；".join(f"{KINDS.get(one['kind'], '')}：{one['text']}" for one in row.problems)
        found = [RESULTS.get(row.result, ""), row.visited_on, row.checked_by, problems, row.note]
        yield [names[row.stratum_id], row.position, number, head, path, address, *found, row.order_sha256]


def _about(sample: Sample) -> Iterator[list[Cell]]:
    """How anybody draws it again, line by line."""
    yield ["名称", sample.name]
    yield ["种子", sample.seed]
    yield ["抽样框户数", sample.frame_size]
    yield ["抽样框 SHA-256", sample.frame_sha256]
    yield ["从哪些农户中抽", samples.statuses_said(sample)]
    yield ["次序", "每层按“种子 空格 户编号”的 SHA-256 从小到大排，取最前面的若干户"]
    for name, seq, head in sample.seed_of:
        yield ["种子取自日志", str(name), str(seq), str(head)]


KIT = Kit(
    outgoing={
        "sample": Outgoing(
            "抽中的农户",
            COLUMNS,
            _sent,
            beside={AGAIN: ("项目", "内容", "序号", "散列")},
            filed_as=lambda asked: _sample(asked).name,
            notes=_note,
        )
    }
)
