"""A sample as an Excel file: its households by county, what was found, and how to draw it again (R39)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, Division
from engine.ground.database import write
from engine.ground.sheets import Book, Cell
from engine.prevention.models import Household, Sample, SampleHousehold, SampleStratum
from engine.prevention.quality.sampling import samples
from engine.prevention.quality.sampling.results import KINDS, RESULTS

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
AT_ONCE = 1000


def export(
    session: Session, actor: Account, sample: Sample, words: Mapping[str, Mapping[str, str]], now: datetime
) -> bytes:
    """The drawn households by stratum; logged. No ID number and no telephone is in it."""
    with write(session):
        said = {"sample": sample.id, "division": sample.division_code}
        audit.record(session, "access", actor.id, "export", said, now)
    book = Book(streaming=True)
    sheet = book.sheet("抽中的农户")
    sheet.widths(0, len(COLUMNS) - 1, 16)
    sheet.head(0, COLUMNS, book.heading)
    names = {one.stratum.id: one.name for one in samples.counts(session, sample, words)}
    for number, row in enumerate(_rows(session, sample, names), 1):
        sheet.row(number, row)
    about = book.sheet("怎样重抽")
    for number, line in enumerate(_about(sample)):
        about.row(number, line)
    return book.bytes()


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
