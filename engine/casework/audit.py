"""The log: append-only lines, each hashed together with the one before it in its stream.

A case's lines are its history: what replay rebuilds it from. Other streams hold sign-ins, reveals of personal
data, refusals, issued papers and deployments, of a day and mostly of a unit: who writes a line holds the head
of its stream until the transaction ends, and no transaction is to wait for all of a province's.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, text, update
from sqlalchemy.orm import Session

from engine.casework.models import (
    Account,
    Attachment,
    CaseFile,
    LogEntry,
    LogStream,
    NumberedPaper,
    Submission,
    WorkItem,
)
from engine.casework.models.organisation import BESIDE_CASES
from engine.flow.history.lines import FINGERPRINT_BYTES, Caught, Completed, Line
from engine.ground.clock import local_date
from engine.ground.database import insert_once, write
from engine.ground.database.objects import Objects
from engine.ground.database.prepared import Prepared
from engine.ground.tables import table, to_json
from engine.ground.text import whole

_LINES = table(LogEntry)
_OF_STREAM = Objects(
    select(_LINES).where(_LINES.c.stream == bindparam("stream")).order_by(_LINES.c.seq), [LogEntry]
)
_APPEND = Prepared(insert(table(LogEntry)), [one.key for one in table(LogEntry).c if one.key != "id"])
_STREAM = table(LogStream)
_HEAD = Prepared(select(_STREAM).where(_STREAM.c.stream == bindparam("name")).with_for_update())
_ADVANCE = Prepared(
    update(_STREAM)
    .where(_STREAM.c.stream == bindparam("name"))
    .values(seq=bindparam("seq"), hash=bindparam("hash"))
)
COUNTY = 6
"""So many digits of a code name the county; of a city's and the province's two noughts end them."""
WHILE = timedelta(minutes=10)
"""Looking at the same again so soon is still the same look."""
LOOKED_AT = 100
"""So many of somebody's last lines are searched for the same look."""


_SIGNS = FINGERPRINT_BYTES * 4 // 3


def digest(said: object) -> str:
    """The beginning of the SHA-256 of a JSON value with its keys in order, in base64 (32 characters):
    what a line says of what was sent.
    """
    return _whole_digest(said)[:_SIGNS]


def is_of(fingerprint: str, said: object) -> bool:
    """Whether the value is what a line says; lines of before version 4 keep the whole hash."""
    return len(fingerprint) >= _SIGNS and _whole_digest(said).startswith(fingerprint)


def _whole_digest(said: object) -> str:
    plain = json.dumps(json.loads(to_json(said)), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return urlsafe_b64encode(sha256(plain.encode()).digest()).decode().rstrip("=")


def _digest(previous: bytes, line: list[Any]) -> bytes:
    return sha256(previous + to_json(line).encode()).digest()


def _row(
    stream: str,
    seq: int,
    previous: bytes,
    actor_id: int | None,
    kind: str,
    data: Mapping[str, Any],
    at: datetime,
    element_id: str,
) -> dict[str, Any]:
    """A line as it is stored, hashed together with the `previous` one's hash."""
    line = [stream, seq, at.astimezone(UTC).isoformat(), actor_id, kind, element_id, data]
    return {
        "stream": stream,
        "seq": seq,
        "at": at,
        "actor_id": actor_id,
        "kind": kind,
        "element_id": element_id,
        "data": data,
        "hash": _digest(previous, line),
    }


def append(
    connection: Connection,
    case: CaseFile,
    actor_id: int | None,
    line: Line,
    at: datetime,
    element_id: str = "",
) -> dict[str, Any]:
    """Append a line to the case's history; the caller holds the case row's lock.

    What the case is to keep of the line, number and hash, is answered for the caller to save.
    """
    data = line.to_json()
    row = _row(f"case:{case.id}", case.log_seq + 1, case.log_hash, actor_id, line.KIND, data, at, element_id)
    _APPEND.run(connection, **row)
    return {"log_seq": row["seq"], "log_hash": row["hash"]}


def record(
    session: Session,
    stream: str,
    actor_id: int | None,
    kind: str,
    data: Mapping[str, Any],
    now: datetime,
    element_id: str = "",
    *,
    unit: str | None = None,
) -> None:
    """Append a line to `stream` of the day of `now` and of `unit`, e.g. ``papers:2022-05-11:`` and a code.

    `unit` is the division whose lines go on in one chain; '' for all of the province, None for the actor's
    county.
    """
    whose = _county(session, actor_id) if unit is None else unit
    name, seq, last = _locked(session, stream, now, whose)
    row = _row(name, seq + 1, last, actor_id, kind, data, now, element_id)
    _APPEND.run(session, **row)
    _ADVANCE.run(session, name=name, seq=row["seq"], hash=row["hash"])


def record_once(
    session: Session, stream: str, actor_id: int, kind: str, data: Mapping[str, Any], now: datetime
) -> None:
    """Append a line to `stream` of the day, unless the same person has the same line of the last `WHILE`.

    For what a page does of itself many times as one looks at it. Those who come at the same moment wait for
    one another.
    """
    if _said(session, actor_id, kind, data, now):
        return
    with write(session):
        _locked(session, stream, now, _county(session, actor_id))
        if not _said(session, actor_id, kind, data, now):
            record(session, stream, actor_id, kind, data, now)


def _said(session: Session, actor_id: int, kind: str, data: Mapping[str, Any], now: datetime) -> bool:
    return any(one == dict(data) for one in latest_of(session, actor_id, kind, now - WHILE))


def latest_of(session: Session, actor_id: int, kind: str, since: datetime) -> list[Mapping[str, Any]]:
    """What the lines of a kind say that somebody left since then, among the `LOOKED_AT` last ones beside
    cases.

    The last lines first, by the index of somebody's lines, and only then their kind and time: the cost is the
    same however long somebody has worked here.
    """
    own = select(LogEntry.kind, LogEntry.at, LogEntry.data).where(
        LogEntry.actor_id == actor_id, text(BESIDE_CASES)
    )
    last = own.order_by(LogEntry.id.desc()).limit(LOOKED_AT).subquery()
    return list(session.scalars(select(last.c.data).where(last.c.kind == kind, last.c.at > since)))


def _county(session: Session, actor_id: int | None) -> str:
    """The county where the actor works; '' for who works above counties, and for nobody."""
    account = session.get(Account, actor_id) if actor_id is not None else None
    county = account.division_code[:COUNTY] if account is not None else ""
    return "" if county.endswith("00") or not county else county.ljust(12, "0")


def _locked(session: Session, stream: str, now: datetime, unit: str) -> tuple[str, int, bytes]:
    """The head of the unit's stream of the day, its name, last number and hash: whoever writes to it waits
    for the others.
    """
    day = local_date(now)
    name = f"{stream}:{day.isoformat()}" + (f":{unit}" if unit else "")
    head = _HEAD.first(session, name=name)
    if head is None:  # the day's first line opens its stream; two processes may do so at once
        insert_once(session, LogStream, {"stream": name, "day": day, "seq": 0, "hash": b""})
        (head,) = _HEAD.all(session, name=name)
    return head.stream, head.seq, head.hash


def history(session: Session, case_id: int) -> list[LogEntry]:
    """The lines of a case in order."""
    return _OF_STREAM.all(session, stream=f"case:{case_id}")


@dataclass(frozen=True)
class Break:
    """Where a stream's chain does not hold."""

    stream: str
    seq: int
    reason: str


def _stored_hash(previous: bytes, entry: LogEntry) -> bytes:
    """What the hash of a stored line must be after the line with hash `previous`."""
    row = _row(
        entry.stream, entry.seq, previous, entry.actor_id, entry.kind, entry.data, entry.at, entry.element_id
    )
    found: bytes = row["hash"]
    return found


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
        elif _stored_hash(hashed, entry) != entry.hash:
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
