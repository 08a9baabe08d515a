"""The log: append-only lines, each hashed together with the one before it in its stream.

A case's lines are its history: what replay rebuilds it from. Other streams hold sign-ins, reveals of personal
data, refusals, issued papers and deployments, of a day and mostly of a unit: who writes a line holds the head
of its stream until the transaction ends, and no transaction is to wait for all of a province's.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, text, update
from sqlalchemy.orm import Session

from engine.casework.models import (
    Account,
    CaseFile,
    LogEntry,
    LogStream,
)
from engine.casework.models.organisation import BESIDE_CASES
from engine.flow.history.lines import FINGERPRINT_BYTES, Line
from engine.ground.clock import local_date
from engine.ground.database import insert_once, write
from engine.ground.database.objects import found_by
from engine.ground.database.prepared import Prepared
from engine.ground.tables import Written, table, to_json, to_json_in_order

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
    """The beginning of the SHA-256 of a JSON value with its keys (texts) in order, in base64 (32 characters):
    what a line says of what was sent.
    """
    return _whole_digest(said)[:_SIGNS]


def is_of(fingerprint: str, said: object) -> bool:
    """Whether the value is what a line says; lines of before version 4 keep the whole hash."""
    return len(fingerprint) >= _SIGNS and _whole_digest(said).startswith(fingerprint)


def _whole_digest(said: object) -> str:
    return urlsafe_b64encode(sha256(to_json_in_order(said).encode()).digest()).decode().rstrip("=")


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
    """A line as it is stored, hashed together with the `previous` one's hash: all of it as one JSON list, of
    which `data`, the last item, is the text that is stored.
    """
    head = to_json([stream, seq, at.astimezone(UTC).isoformat(), actor_id, kind, element_id])
    said = to_json(data)
    return {
        "stream": stream,
        "seq": seq,
        "at": at,
        "actor_id": actor_id,
        "kind": kind,
        "element_id": element_id,
        "data": Written(said),
        "hash": sha256(previous + f"{head[:-1]},{said}]".encode()).digest(),
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

    What the case is to keep of the line, number, hash and instant, is answered for the caller to save.
    """
    data = line.to_json()
    row = _row(f"case:{case.id}", case.log_seq + 1, case.log_hash, actor_id, line.KIND, data, at, element_id)
    _APPEND.run(connection, **row)
    return {"log_seq": row["seq"], "log_hash": row["hash"], "log_at": at}


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
    return found_by(LogEntry, "stream", "seq").all(session, stream=stream_of(case_id))


def stream_of(case_id: int) -> str:
    """Where the lines of a case are."""
    return f"case:{case_id}"


def stored_hash(previous: bytes, entry: LogEntry) -> bytes:
    """What the hash of a stored line must be after the line with hash `previous`."""
    row = _row(
        entry.stream, entry.seq, previous, entry.actor_id, entry.kind, entry.data, entry.at, entry.element_id
    )
    found: bytes = row["hash"]
    return found
