"""A file for whoever asked: a short one at once; a long one is written by a job, kept for a day, and given to
nobody else.

A file is there whole or not at all: its pieces, its line in the log and the word that it is made are one
transaction, so that a process that dies on the way leaves nothing, and the next one begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import IO

from sqlalchemy import delete, literal_column, select, update
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.kit import Kit
from engine.casework.models import Account, OutgoingFile, OutgoingPart
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs.kinds import JobKind, Progress
from engine.casework.portions.outgoing import sending
from engine.casework.portions.outgoing.sending import Asked, Given, OtherFile, Outgoing
from engine.casework.portions.outgoing.streamed import PIECE
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotFound

KIND = "export"
AT_ONCE = 5000
"""Rows that are written while somebody waits. Measured: 0.2 s of a core for 待办, 0.6 s for the register with
three people a household; as much is lost where there are more. What is sent otherwise has a bound below this
(tests/unit/test_files_sent.py).
"""
KEPT = timedelta(days=1)
"""So long a file is there; then it is asked for anew."""
NARROWED = 4000
"""Characters of all that a list is narrowed to, names and values."""
GOING = 3
"""Files that are written for one person at a time."""
_MISSING = "没有找到这个导出的文件。"
_GONE = "文件只保存一天，现在已经没有了：请再导出一次。"


@dataclass(frozen=True)
class Sent:
    """A file as it goes to who asked."""

    filename: str
    pieces: Iterator[bytes]
    size: int


# -- asked for -------------------------------------------------------------------------------------


def ask(
    session: Session, actor: Account, name: str, given: Given, clock: Clock, *, reason: str = ""
) -> Sent | OutgoingFile:
    """A short list at once; of a long one the file that a job writes.

    Raises as the list's page does, Invalid for a filter that no page makes, and Conflict while `GOING` others
    are being written.
    """
    if sum(len(key) + len(value) for key, value in given.items()) > NARROWED:
        raise Invalid("筛选条件太长，请减少一些。")  # it would stand in the log for ever
    asked = Asked(session, actor, dict(given), clock.now(), reason)
    try:
        body, filename = sending.at_once(asked, name, AT_ONCE)
    except sending.TooLong:
        return begin(session, asked, name)
    return Sent(filename, iter([body]), len(body))


@whole
def begin(session: Session, asked: Asked, name: str) -> OutgoingFile:
    """Let a job write the file; whoever asks for the same again meanwhile has the same. Raises Conflict."""
    actor = asked.actor
    with write(session):
        lock = {"key_share": True}  # who presses twice asks once; steps of theirs do not wait
        session.get_one(Account, actor.id, with_for_update=lock)
        mine = select(OutgoingFile).where(OutgoingFile.account_id == actor.id, OutgoingFile.status == "asked")
        going = [one for one in session.scalars(mine) if jobs.is_open(session, KIND, one.id)]
        for one in going:
            if (one.name, one.given, one.reason) == (name, dict(asked.given), asked.reason):
                return one
        if len(going) >= GOING:
            raise Conflict(f"您有 {GOING} 张表正在导出：等其中一张做完，或者在“更多 → 后台任务”里停下一张。")
        file = OutgoingFile(
            name=name,
            account_id=actor.id,
            given=dict(asked.given),
            reason=asked.reason,
            at=asked.now,
            until=asked.now + KEPT,
            filename=sending.listed(name).filename(asked),
        )
        session.add(file)
        session.flush()
        jobs.defer(session, KIND, file.id, actor, asked.now, after=timedelta(0))
    return file


# -- written ---------------------------------------------------------------------------------------


def _signs(session: Session, actor: Account | None, file_id: int, clock: Clock) -> Iterator[Progress]:
    """Write the file as its page would be shown to its owner now, and keep it."""
    file = session.get_one(OutgoingFile, file_id)
    if file.status == "asked" and actor is not None:
        one = sending.listed(file.name)
        asked = Asked(session, actor, dict(file.given), clock.now(), file.reason)
        yield from _written(one, asked, file_id)
    file = session.get_one(OutgoingFile, file_id, populate_existing=True)
    yield Progress(file.rows, file.rows, going=False)


def _written(one: Outgoing | OtherFile, asked: Asked, file_id: int) -> Iterator[Progress]:
    grants, count = _grants(asked.actor), 0
    with TemporaryFile() as out:
        for count in one.written(asked, out):
            yield Progress(count, 0, going=True)
        _keep(asked.session, asked, one, file_id, out, count, grants)


@whole
def _keep(
    session: Session,
    asked: Asked,
    one: Outgoing | OtherFile,
    file_id: int,
    out: IO[bytes],
    count: int,
    grants: list[str],
) -> None:
    """Store the file whole with its line in the log, unless it was stopped meanwhile."""
    with write(session):
        file = session.get_one(OutgoingFile, file_id, with_for_update=True, populate_existing=True)
        if file.status != "asked":
            return
        out.seek(0)
        number = 0
        while body := out.read(PIECE):
            session.add(OutgoingPart(file_id=file.id, number=number, body=body))
            session.flush()
            number += 1
        file.status, file.rows, file.size = "made", count, out.tell()
        file.grants, file.until = grants, asked.now + KEPT
        sending.record(asked, one, count)


def _grants(actor: Account) -> list[str]:
    """What an account may reach, in words that can be compared."""
    return sorted(f"{grant.role} {grant.division_code}" for grant in actor.grants)


def _stop(session: Session, actor: Account, file_id: int, _clock: Clock) -> None:
    """Write no file. Raises NotFound for somebody else's."""
    file = get(session, actor, file_id)
    session.refresh(file, with_for_update=True)
    if file.status == "asked":
        file.status, file.given = "stopped", {}


# -- fetched ---------------------------------------------------------------------------------------


def get(session: Session, actor: Account, file_id: int) -> OutgoingFile:
    """One's own. Raises NotFound."""
    file = session.get(OutgoingFile, file_id)
    if file is None or file.account_id != actor.id:
        raise NotFound(_MISSING)
    return file


def is_there(file: OutgoingFile, now: datetime) -> bool:
    """Whether the file can still be had."""
    return file.status == "made" and now < file.until


def is_theirs(file: OutgoingFile, actor: Account) -> bool:
    """Whether its owner still has all roles by whose reach it was written."""
    return set(file.grants) <= set(_grants(actor))


def fetch(session: Session, actor: Account, file_id: int, clock: Clock) -> Sent:
    """The file, for whoever asked for it and may still see what is in it; logged (R41).

    Raises NotFound when it is no longer kept, Conflict while it is not made or when a role was taken since.
    """
    with write(session):
        file = get(session, actor, file_id)
        if file.status in ("asked", "stopped"):
            raise Conflict("这个文件还没有做成。")
        if not is_there(file, clock.now()) or not _has_pieces(session, file_id):
            raise NotFound(_GONE)
        if not is_theirs(file, actor):
            raise Conflict("导出以后您的角色变了：请按现在的范围再导出一次。")
        details = {"name": sending.listed(file.name).title, "rows": file.rows, "reason": file.reason}
        audit.record(session, "access", actor.id, "export_fetched", details, clock.now())
        filename, size = file.filename, file.size
    return Sent(filename, _pieces(session, file_id), size)


def _has_pieces(session: Session, file_id: int) -> bool:
    """A restored backup has none."""
    return session.scalar(select(OutgoingPart.id).where(OutgoingPart.file_id == file_id).limit(1)) is not None


def _pieces(session: Session, file_id: int) -> Iterator[bytes]:
    number = 0
    piece = select(OutgoingPart.body).where(OutgoingPart.file_id == file_id)
    while body := session.scalar(piece.where(OutgoingPart.number == number)):
        yield body
        number += 1


def sweep(sessions: Callable[[], Session], clock: Clock) -> int:
    """Forget a file that has been kept long enough, one each round, and what it was narrowed to."""
    held = OutgoingFile.status != literal_column("'gone'")  # as the partial index has it
    old = select(OutgoingFile.id).where(held, OutgoingFile.until < clock.now())
    with sessions() as session:
        file_id = session.scalar(old.order_by(OutgoingFile.until).limit(1))
        if file_id is None:
            return 0
        with write(session):
            session.execute(delete(OutgoingPart).where(OutgoingPart.file_id == file_id))
            mine = update(OutgoingFile).where(OutgoingFile.id == file_id)
            session.execute(mine.values(status="gone", given={}))
    return 1


KIT = Kit(jobs={KIND: JobKind("导出", None, _stop, _signs)})
