"""How a sample is drawn (R39): the seed first, then the frame, then the order; the same on every database.

1. The seed is the SHA-256 of the heads of all streams of the log of that day, the line included by which the
   sample itself is announced. Nobody can choose it, and whoever has the log can compute it again.
2. The frame is the households of the place as they stand, read by one statement in the order of their row
   numbers; its size and hash are kept.
3. In each stratum households stand in the order of the SHA-256 of seed and household number. The first n are
   drawn; with a larger n the first n stay the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from heapq import heappush, heappushpop
from typing import Any, NamedTuple

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.kit import Kit
from engine.casework.models import LogEntry, LogStream
from engine.casework.organisation import access
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.tables import table, to_json
from engine.prevention.models import Household, Sample, SampleHousehold, SampleStratum
from engine.prevention.register.households import finding as households

TOLD_APART = {"status": "监测状态", "category": "监测对象类别", "household_type": "户类型"}
"""What strata may be told apart by, besides the county."""
AT_ONCE = 5000
"""Rows that are read or written together."""
SMALL = 50_000
"""Households of a frame that is drawn at once; a larger one the ticker draws."""
Sessions = Callable[[], Session]


# -- the seed --------------------------------------------------------------------------------------


def heads(session: Session, day: date) -> list[list[object]]:
    """The heads of all streams of the log of a day, by name: name, number of the last line, its hash."""
    query = select(LogStream.stream, LogStream.seq, LogStream.hash).where(LogStream.day == day)
    return [
        [row.stream, row.seq, row.hash.hex()] for row in sorted(session.execute(query), key=lambda r: r[0])
    ]


def seed_of(found: Iterable[Iterable[object]]) -> str:
    """The seed that follows from heads: SHA-256 of their JSON, hexadecimal."""
    return sha256(to_json([list(one) for one in found]).encode()).hexdigest()


def seed_holds(session: Session, sample: Sample) -> bool:
    """Whether the seed follows from the heads that the sample names, and the log still has these lines."""
    if seed_of(sample.seed_of) != sample.seed:
        return False
    return all(_stands(session, str(name), int(str(seq)), str(hash_)) for name, seq, hash_ in sample.seed_of)


def _stands(session: Session, stream: str, seq: int, hash_: str) -> bool:
    query = select(LogEntry.hash).where(LogEntry.stream == stream, LogEntry.seq == seq)
    found = session.scalar(query)
    return found is not None and found.hex() == hash_


def order_of(seed: str, number: str) -> str:
    """Where a household stands: SHA-256 of the seed and the household's number, hexadecimal."""
    return sha256(f"{seed} {number}".encode()).hexdigest()


# -- the frame -------------------------------------------------------------------------------------


class Key(NamedTuple):
    """What tells a stratum apart; '' by what it is not told apart."""

    county_code: str
    status: str
    category: str
    household_type: str


@dataclass
class Stratum:
    """The households of a stratum: how many, and those that come first."""

    keep: int
    count: int = 0
    _first: list[tuple[int, int, str]] = field(default_factory=list)
    """A heap, the last of the first on top: minus the order, row, village."""

    def add(self, order: str, household_id: int, village_code: str) -> None:
        """One more; it is kept as long as it is among the first."""
        self.count += 1
        entry = (-int(order, 16), household_id, village_code)
        if len(self._first) < self.keep:
            heappush(self._first, entry)
        elif entry > self._first[0]:
            heappushpop(self._first, entry)

    def first(self) -> list[tuple[str, int, str]]:
        """Those kept, in their order: its hash, row, village."""
        return [(f"{-one[0]:064x}", one[1], one[2]) for one in sorted(self._first, reverse=True)]


@dataclass
class Frame:
    """All that could be drawn, as it was read."""

    size: int
    sha256: str
    strata: dict[Key, Stratum]


def read(session: Session, sample: Sample) -> Frame:
    """The frame of a sample as the register stands, by one statement."""
    strata: dict[Key, Stratum] = {}
    said, size = sha256(), 0
    for row in _rows(session, sample):
        key = _key(row, sample.strata_by)
        said.update(f"{row.number} {' '.join(key)}\n".encode())
        size += 1
        stratum = strata.setdefault(key, Stratum(sample.reserve))
        stratum.add(order_of(sample.seed, row.number), row.id, row.village_code)
    return Frame(size, said.hexdigest(), dict(sorted(strata.items())))


def _rows(session: Session, sample: Sample) -> Iterator[Any]:
    return iter(session.execute(_within(sample).execution_options(yield_per=AT_ONCE)))


def _within(sample: Sample) -> Select[Any]:
    columns = (Household.id, Household.number, Household.village_code, *map(_column, TOLD_APART))
    query = select(*columns).where(
        access.within(Household.village_code, [access.scope_of(sample.division_code)]),
        Household.status.in_(sample.statuses),
        households.there(),
    )
    return query.order_by(Household.id)


def _column(name: str) -> Any:
    return getattr(Household, name)


def _key(row: Any, by: Iterable[str]) -> Key:
    named = {name: str(getattr(row, name)) if name in by else "" for name in TOLD_APART}
    return Key(access.ancestor(row.village_code, "county"), **named)


# -- drawing ---------------------------------------------------------------------------------------


def is_small(session: Session, sample: Sample) -> bool:
    """Whether it can be drawn while somebody waits for the page."""
    few = _within(sample).with_only_columns(Household.id).order_by(None).limit(SMALL + 1)
    return (session.scalar(select(func.count()).select_from(few.subquery())) or 0) <= SMALL


def draw(session: Session, sample_id: int, clock: Clock) -> bool:
    """Draw a sample whose seed is fixed; False when it is drawn already.

    May be cut off and done again: nothing is kept before everything is.
    """
    sample = session.get_one(Sample, sample_id)
    if sample.status != "seeded":
        return False
    frame = read(session, sample)
    return _keep(session, sample_id, frame, clock)


@whole
def _keep(session: Session, sample_id: int, frame: Frame, clock: Clock) -> bool:
    with write(session):
        sample = session.get_one(Sample, sample_id, with_for_update=True, populate_existing=True)
        if sample.status != "seeded":
            return False
        sample.status, sample.drawn_at = "drawn", clock.now()
        sample.frame_size, sample.frame_sha256 = frame.size, frame.sha256
        for key, stratum in frame.strata.items():
            _keep_stratum(session, sample, key, stratum)
        said = {"sample": sample.id, "seed": sample.seed, "frame": frame.size, "sha256": frame.sha256}
        audit.record(session, "parameters", sample.created_by, "sample_drawn", said, clock.now())
    return True


def _keep_stratum(session: Session, sample: Sample, key: Key, stratum: Stratum) -> None:
    size = min(sample.size, stratum.count)
    row = SampleStratum(sample_id=sample.id, frame_size=stratum.count, size=size, **key._asdict())
    session.add(row)
    session.flush()
    kept = [
        {
            "sample_id": sample.id,
            "stratum_id": row.id,
            "household_id": household_id,
            "village_code": village_code,
            "position": position,
            "order_sha256": order,
            "result": "",
            "checked_by": "",
            "problems": [],
            "note": "",
        }
        for position, (order, household_id, village_code) in enumerate(stratum.first(), 1)
    ]
    for start in range(0, len(kept), AT_ONCE):
        session.execute(insert(table(SampleHousehold)), kept[start : start + AT_ONCE])


def draw_waiting(sessions: Sessions, clock: Clock) -> int:
    """Draw what waits for it: samples of frames too large for a page."""
    with sessions() as session:
        query = select(Sample.id).where(Sample.status == "seeded").order_by(Sample.id)
        waiting = list(session.scalars(query))
        return sum(draw(session, sample_id, clock) for sample_id in waiting)


KIT = Kit(
    rounds=(draw_waiting,),
    log_kinds={
        "sample_announced": "开展抽查",
        "sample_drawn": "抽出抽查的农户",
        "sample_extended": "扩大抽查",
    },
    log_facts={
        "sample": "抽查",
        "size": "每层户数",
        "seed": "种子",
        "frame": "抽样框户数",
    },
)
