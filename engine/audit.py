"""The log: append-only lines, each hashed together with the one before it in its stream.

A case's lines are its history: what replay rebuilds it from. Other streams hold sign-ins, reveals of personal data,
refusals and deployments, one stream a day, so that no line anywhere waits for a province-wide lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.clock import local_date
from engine.models import CaseFile, LogEntry, LogStream


def _digest(previous: bytes, line: list[Any]) -> bytes:
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    return sha256(previous + text.encode()).digest()


def _line(entry: LogEntry) -> list[Any]:
    at = entry.at.astimezone(UTC).isoformat()
    return [entry.stream, entry.seq, at, entry.actor_id, entry.kind, entry.element_id, entry.data]


def record_case(
    session: Session, case: CaseFile, actor_id: int | None, kind: str, data: Mapping[str, Any], at: datetime,
    element_id: str = "",
) -> LogEntry:  # fmt: skip
    """Append a line to the case's history; the caller holds the case row's lock."""
    case.log_seq += 1
    entry = LogEntry(
        stream=f"case:{case.id}", seq=case.log_seq, at=at, actor_id=actor_id, kind=kind, element_id=element_id,
        data=dict(data),
    )  # fmt: skip
    entry.hash = case.log_hash = _digest(case.log_hash, _line(entry))
    session.add(entry)
    return entry


def record(
    session: Session, stream: str, actor_id: int | None, kind: str, data: Mapping[str, Any], now: datetime,
    element_id: str = "",
) -> LogEntry:  # fmt: skip
    """Append a line to `stream` of the day of `now`, e.g. ``access`` → ``access:2022-05-11``."""
    name = f"{stream}:{local_date(now).isoformat()}"
    head = session.get(LogStream, name, with_for_update=True) or _new_stream(session, name)
    head.seq += 1
    entry = LogEntry(
        stream=name, seq=head.seq, at=now, actor_id=actor_id, kind=kind, element_id=element_id, data=dict(data)
    )
    entry.hash = head.hash = _digest(head.hash, _line(entry))
    session.add(entry)
    return entry


def _new_stream(session: Session, name: str) -> LogStream:
    """The day's first line opens its stream; two processes may do so at once."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(insert(LogStream).values(stream=name, seq=0, hash=b"").on_conflict_do_nothing())
    return session.get_one(LogStream, name, with_for_update=True)


def history(session: Session, case_id: int) -> list[LogEntry]:
    """The lines of a case in order."""
    query = select(LogEntry).where(LogEntry.stream == f"case:{case_id}").order_by(LogEntry.seq)
    return list(session.scalars(query))


@dataclass(frozen=True)
class Break:
    """Where a stream's chain does not hold."""

    stream: str
    seq: int
    reason: str


def verify(session: Session) -> Iterator[Break]:
    """Walk every stream and yield each place where a line is missing, changed or cut off."""
    heads = {row.stream: (row.seq, row.hash) for row in session.scalars(select(LogStream))}
    for case_id, seq, digest in session.execute(select(CaseFile.id, CaseFile.log_seq, CaseFile.log_hash)):
        heads[f"case:{case_id}"] = (seq, digest)
    stream, seq, digest = "", 0, b""
    seen: dict[str, tuple[int, bytes]] = {}
    query = select(LogEntry).order_by(LogEntry.stream, LogEntry.seq).execution_options(yield_per=1000)
    for entry in session.scalars(query):
        if entry.stream != stream:
            stream, seq, digest = entry.stream, 0, b""
        if entry.seq != seq + 1:
            yield Break(stream, seq + 1, "缺少记录")
        elif _digest(digest, _line(entry)) != entry.hash:
            yield Break(stream, entry.seq, "记录被改动")
        seq, digest = entry.seq, entry.hash
        seen[stream] = (seq, digest)
    for name, head in heads.items():
        if head[0] and seen.get(name, (0, b"")) != head:
            yield Break(name, head[0], "末尾记录缺失或与登记不符")
