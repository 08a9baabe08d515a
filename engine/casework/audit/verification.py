"""Whether the log still holds: every stream's chain, its head, and what its lines name by fingerprint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework.audit import is_of, stored_hash
from engine.casework.models import (
    Attachment,
    CaseFile,
    LogEntry,
    LogStream,
    NumberedPaper,
    Submission,
    WorkItem,
)
from engine.flow.history.lines import FINGERPRINT_BYTES, Caught, Completed
from engine.ground.text import whole


@dataclass(frozen=True)
class Break:
    """Where a stream's chain does not hold."""

    stream: str
    seq: int
    reason: str


@dataclass(frozen=True)
class Part:
    """What a part of a verification found."""

    after: str | None
    """Where the next part goes on; None: everything has been looked at."""
    streams: int
    lines: int
    breaks: list[Break]


_CASES = "case:"
_HEADLESS = "~"
"""Goes before the name of the last stream whose head was looked for."""
CASES_AT_ONCE = 100
STREAMS_AT_ONCE = 100
LINES_AT_ONCE = 5000
"""So many lines of days' streams are enough for a part; one stream may be longer."""
NAMES_AT_ONCE = 1000


def verify(session: Session) -> Iterator[Break]:
    """Walk every stream and yield each place where a line is missing, changed or cut off, or what it names is
    another.

    Lines of earlier releases name no hashes; what was sent with them cannot be checked.
    """
    after: str | None = ""
    while after is not None:
        part = verify_part(session, after)
        yield from part.breaks
        after = part.after


def verify_part(session: Session, after: str) -> Part:
    """Verify a few streams: those of days by name, then those of cases by number, last those without a head.

    `after` is '' at the beginning, else what the part before answered. Steps may go on meanwhile: of each
    stream its lines count up to the head that was read first.
    """
    if after.startswith(_HEADLESS):
        return _headless(session, after.removeprefix(_HEADLESS))
    if not after.startswith(_CASES):
        heads = _day_heads(session, after)
        if heads:
            return _verified(session, heads, list(heads)[-1])
    number = int(after.removeprefix(_CASES)) if after.startswith(_CASES) else 0
    query = select(CaseFile.id, CaseFile.log_seq, CaseFile.log_hash).where(CaseFile.id > number)
    cases = session.execute(query.order_by(CaseFile.id).limit(CASES_AT_ONCE)).all()
    if cases:
        heads = {f"{_CASES}{row.id}": (row.log_seq, row.log_hash) for row in cases}
        return _verified(session, heads, f"{_CASES}{cases[-1].id}")
    return Part(_HEADLESS, 0, 0, [])


def _day_heads(session: Session, after: str) -> dict[str, tuple[int, bytes]]:
    query = select(LogStream).where(LogStream.stream > after).order_by(LogStream.stream)
    found: dict[str, tuple[int, bytes]] = {}
    lines = 0
    for row in session.scalars(query.limit(STREAMS_AT_ONCE).execution_options(populate_existing=True)):
        lines += row.seq
        if found and lines > LINES_AT_ONCE:
            break
        found[row.stream] = (row.seq, row.hash)
    return found


def _headless(session: Session, after: str) -> Part:
    """The next streams by name, those among them whose head has gone.

    Names are taken in the order of their index, and looked for by the keys of what heads them: one question
    over all would compare each name with each case.
    """
    query = select(LogEntry.stream, func.max(LogEntry.seq)).where(LogEntry.stream > after)
    few = query.group_by(LogEntry.stream).order_by(LogEntry.stream).limit(NAMES_AT_ONCE)
    found = {row[0]: row[1] for row in session.execute(few)}
    if not found:
        return Part(None, 0, 0, [])
    days = select(LogStream.stream).where(LogStream.stream.in_(found))
    ids = {number for name in found if (number := _case_number(name)) is not None}
    cases = session.scalars(select(CaseFile.id).where(CaseFile.id.in_(ids)))
    headed = {*session.scalars(days), *(f"{_CASES}{number}" for number in cases)}
    gone = [Break(name, seq, "登记的开头不见了") for name, seq in found.items() if name not in headed]
    return Part(_HEADLESS + list(found)[-1], 0, 0, gone)


def _case_number(stream: str) -> int | None:
    number = stream.removeprefix(_CASES)
    return whole(number) if stream.startswith(_CASES) else None


def _verified(session: Session, heads: Mapping[str, tuple[int, bytes]], after: str) -> Part:
    """The streams of `heads` from their first line to their head."""
    breaks: list[Break] = []
    stream, seq, hashed, lines = "", 0, b"", 0
    seen: dict[str, tuple[int, bytes]] = {}
    later: dict[str, int] = {}
    told: Counter[str] = Counter()
    query = select(LogEntry).where(LogEntry.stream.in_(heads)).order_by(LogEntry.stream, LogEntry.seq)
    for entry in session.scalars(query.execution_options(yield_per=1000)):
        if entry.stream != stream:
            stream, seq, hashed = entry.stream, 0, b""
        if entry.seq > heads[stream][0]:
            later[stream] = entry.seq
            continue
        if entry.seq != seq + 1:
            breaks.append(Break(stream, seq + 1, "缺少记录"))
        elif stored_hash(hashed, entry) != entry.hash:
            breaks.append(Break(stream, entry.seq, "记录被改动"))
        line = _bringing(entry)
        breaks += _named(session, entry, line)
        told[stream] += (
            line is not None and line.item > 0
        )  # a message too may finish a step, whose own matter it was
        seq, hashed, lines = entry.seq, entry.hash, lines + 1
        seen[stream] = (seq, hashed)
    breaks += _ends(session, heads, seen, later)
    breaks += _unlogged(session, told, [name for name in heads if name.startswith(_CASES)])
    return Part(after, len(heads), lines, breaks)


def _ends(
    session: Session,
    heads: Mapping[str, tuple[int, bytes]],
    seen: Mapping[str, tuple[int, bytes]],
    later: Mapping[str, int],
) -> Iterator[Break]:
    """Streams that end elsewhere than their head says; one that has grown meanwhile has a later head now."""
    for name, end in heads.items():
        grown = name in later and _head_now(session, name) < later[name]
        if grown or (end[0] and seen.get(name, (0, b"")) != end):
            yield Break(name, end[0], "末尾记录缺失或与登记不符")


def _head_now(session: Session, stream: str) -> int:
    if stream.startswith(_CASES):
        query = select(CaseFile.log_seq).where(CaseFile.id == int(stream.removeprefix(_CASES)))
    else:
        query = select(LogStream.seq).where(LogStream.stream == stream)
    return session.scalar(query) or 0


def _bringing(entry: LogEntry) -> Completed | Caught | None:
    """The line of a case with which somebody sent something, if it is one."""
    if not entry.stream.startswith("case:") or entry.kind not in (Completed.KIND, Caught.KIND):
        return None
    line = entry.line
    assert isinstance(line, Completed | Caught)
    return line


def _named(session: Session, entry: LogEntry, line: Completed | Caught | None) -> Iterator[Break]:
    """What the line says was sent, attached or issued, where it is no longer that."""
    if line is not None:
        yield from _changed(entry, _sent(session, line))
    elif entry.kind == "issue" and "sha" in entry.data:
        content = session.scalar(select(NumberedPaper.content).where(NumberedPaper.id == entry.data["paper"]))
        yield from _changed(
            entry,
            [(f"文件“{entry.data['number']}”", is_of(str(entry.data["sha"]), content), content is None)],
        )


def _sent(session: Session, line: Completed | Caught) -> Iterator[tuple[str, bool, bool]]:
    """What the line names, whether it is as the line says, and whether it is gone."""
    if line.sha:
        data = session.scalar(select(Submission.data).where(Submission.id == line.submission))
        yield f"提交的表单（编号 {line.submission}）", is_of(line.sha, data), data is None
    for number, wanted in line.files:
        source = select(func.coalesce(Attachment.copy_of, Attachment.id)).where(Attachment.id == number)
        body = session.scalar(select(Attachment.body).where(Attachment.id == source.scalar_subquery()))
        yield f"附件（编号 {number}）", _starts(body, wanted), body is None


def _starts(body: bytes | None, wanted: str) -> bool:
    enough = len(wanted) >= 2 * FINGERPRINT_BYTES
    return body is not None and enough and sha256(body).hexdigest().startswith(wanted)


def _changed(entry: LogEntry, found: Iterable[tuple[str, bool, bool]]) -> Iterator[Break]:
    for name, same, gone in found:
        if not same:
            yield Break(entry.stream, entry.seq, f"{name}{'已被删除' if gone else '与当时不同'}")


def _unlogged(session: Session, told: Mapping[str, int], names: Sequence[str]) -> Iterator[Break]:
    """Steps that are done, more of them than the cases' lines tell: the end of their history is gone."""
    ids = [int(name.removeprefix(_CASES)) for name in names]
    done = select(WorkItem.case_id, func.count()).where(WorkItem.case_id.in_(ids), WorkItem.status == "done")
    for case_id, count in session.execute(done.group_by(WorkItem.case_id)):
        if count > told.get(f"{_CASES}{case_id}", 0):
            yield Break(f"{_CASES}{case_id}", 0, f"办结了 {count} 步，办理记录没有这么多")
