"""What people do with a file of rows: send it, say which column is which, let it in, stop it.

A file is kept as it was read, row by row; nothing of it is written anywhere else before everybody can see
what is wrong with it. Each portion is one transaction that notes what became of its rows: an import that was
cut off goes on where it stopped, and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from itertools import chain, islice
from typing import Any

from sqlalchemy import and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.casework.models import Account, SheetImport, SheetImportRow
from engine.casework.portions.imports import cells, kinds, mapping
from engine.casework.portions.imports.kinds import Become, Column, Fault, ImportKind, Judged, Sent, Target
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs.kinds import JobKind, Progress, of_counts
from engine.casework.portions.portion import Portions, work_off
from engine.ground import idnumber, text, unpacking, workbooks
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, ShouwangError, Trouble, Unavailable
from engine.ground.workbooks import Line, Table

PORTION = 200
"""Rows of one transaction."""
KEPT_DAYS = 30
"""Days after which the rows of a file are forgotten: they are people's names and numbers."""
SWEPT = 20_000
"""Rows that go in one round."""
READ_AT_ONCE = 2000
LATEST = 5
KEPT = 10
"""Files of one person of which the rows are kept; of older ones that have ended they are forgotten."""
STATES = ("raw", "good", "same", "blank", "wrong", "done", "refused")
STATE_NAMES = {
    "raw": "还没有检查",
    "good": "可以导入",
    "same": "已有相同的，不再重复",
    "blank": "还没有填",
    "wrong": "要更正",
    "done": "已导入",
    "refused": "没有导入",
}
_IMPORTS = Portions(SheetImport, SheetImportRow, SheetImportRow.import_id, STATES, "没有找到这次导入。")
get = _IMPORTS.get
counts = _IMPORTS.counts
_ADD = insert(SheetImportRow)


# -- a file is sent --------------------------------------------------------------------------------


def begin(
    session: Session, actor: Account, kind_name: str, key: str, body: bytes, filename: str, clock: Clock
) -> SheetImport:
    """Read a file and keep its rows; nothing is let in. Raises Invalid for one that cannot be read."""
    kind = kinds.of(kind_name)
    target = kind.target(session, actor, key)
    columns = kind.columns(session, target)
    found = SheetImport(
        kind=kind.name,
        target=target.key,
        account_id=actor.id,
        at=clock.now(),
        filename=text.line(filename)[:200],
        sha256=sha256(body).hexdigest(),
        status="reading",
    )
    with workbooks.opened(body, filename, most=kind.most) as table:
        _require_ours(session, kind, target, columns, table)
        first = list(islice(table.lines, unpacking.HEAD_ROWS))
        at = mapping.head_of(first, columns)
        _describe(found, table, first, at)
        _require_seen(found, table, columns)
        _forget_old(session, actor)
        with write(session):
            session.add(found)
        try:
            _keep(session, found, chain(first[at + 1 :], table.lines), kind)
        except ShouwangError:  # of a file that is refused in its middle nothing stays
            _forget(session, [found.id])
            raise
    name, shared = kind.remembered_as(target), kind.shared is not None
    said = mapping.remembered(session, actor, name, found.headings, columns, shared=shared)
    mapped = said if said is not None else mapping.recognised(found.headings, columns)
    sure = (said is not None or found.marks) and not mapping.missing(mapped, columns)
    with write(session):
        found.columns, found.status = mapped, "checking" if sure else "mapping"
        if sure:
            jobs.defer(session, "import", found.id, actor, clock.now(), total=found.total)
    return found


def _require_ours(
    session: Session, kind: ImportKind, target: Target, columns: Sequence[Column], table: Table
) -> None:
    """A template of ours says what it was made for; any other file says nothing."""
    marks = table.marks
    if not marks:
        return
    if marks.get("kind") != kind.name:
        raise workbooks.refused(
            f"这是另一种模板（{marks.get('title', '')[:40]}），不是“{kind.title}”：请下载这里的模板。"
        )
    if marks.get("target") != target.key:
        raise workbooks.refused(kind.foreign(session, target, marks.get("target", "")[:80]))
    if marks.get("version") != kinds.version_of(columns):
        raise workbooks.refused(
            "这是旧的模板，下载以后表的栏目改过了：请重新下载模板，把内容复制过去再上传。"
        )


def _describe(found: SheetImport, table: Table, first: Sequence[Line], at: int) -> None:
    found.sheet, found.marks = table.sheet[:100], dict(table.marks)
    found.heading_row, found.headings = first[at].number, list(first[at].cells)
    above: list[list[str]] = [[] for _ in range(found.heading_row - 1)]
    for line in first[:at]:
        above[line.number - 1] = list(line.cells)
    found.above = above[: unpacking.HEAD_ROWS]
    found.notes = []
    if table.others:
        others = "”“".join(table.others[:5])
        found.notes.append(f"只读第一张表“{table.sheet}”；“{others}”没有读。")
    if table.encoding == "GBK":
        found.notes.append("文件不是 UTF-8 编码，按 GBK 读：如果看到乱码，请另存为 UTF-8 或 .xlsx 再上传。")


def _require_seen(found: SheetImport, table: Table, columns: Sequence[Column]) -> None:
    """What nobody sees in the sheet is not let in."""
    for key, place in mapping.recognised(found.headings, columns).items():
        if place in table.hidden_columns:
            words = next(column.title for column in columns if column.key == key)
            raise workbooks.refused(
                f"“{words}”这一列在表里是隐藏的：请取消隐藏，核对以后再上传；不要的列请删去。"
            )


def _keep(session: Session, found: SheetImport, lines: Iterable[Line], kind: ImportKind) -> None:
    """Store the rows as they come, a few thousand in one transaction."""
    waiting, total = iter(lines), 0
    while portion := list(islice(waiting, READ_AT_ONCE)):
        total += len(portion)
        if total > kind.most:
            raise workbooks.refused(f"表里超过 {kind.most:,} 行，请分成几个文件。")
        with write(session):
            session.execute(_ADD, [_kept(found.id, line) for line in portion])
    if not total:
        raise workbooks.refused("表头下面一行内容也没有：这张表还没有填。")
    with write(session):
        found.total = total


def _kept(import_id: int, line: Line) -> dict[str, Any]:
    flags = {str(place): flag for place, flag in line.flags.items()}
    if line.hidden:
        flags["row"] = "hidden"
    return {"import_id": import_id, "number": line.number, "cells": list(line.cells), "flags": flags or None}


def _forget_old(session: Session, actor: Account) -> None:
    """Whole lists of people are not kept for ever: the rows of a person's older files go."""
    mine = select(SheetImport.id).where(SheetImport.account_id == actor.id).order_by(SheetImport.id.desc())
    ended = select(SheetImport.id).where(
        SheetImport.id.in_(list(session.scalars(mine.offset(KEPT).limit(50)))),
        SheetImport.status.in_(("done", "cancelled", "reading")),
    )
    _forget(session, list(session.scalars(ended)))


def _forget(session: Session, gone: Sequence[int]) -> None:
    """The rows of these files go, and what stood above them."""
    if not gone:
        return
    with write(session):
        session.execute(delete(SheetImportRow).where(SheetImportRow.import_id.in_(gone)))
        session.execute(update(SheetImport).where(SheetImport.id.in_(gone)).values(above=[]))


def sweep(sessions: Callable[[], Session], clock: Clock) -> int:
    """Forget the rows of files that nobody has gone on with for `KEPT_DAYS`, some each round; an import that
    had not ended is stopped, and says why.

    A file that was cut off while it was read has no owner who could find it: its rows go the next day.
    """
    now = clock.now()
    cut_off = and_(SheetImport.status == "reading", SheetImport.at < now - timedelta(days=1))
    old = or_(SheetImport.at < now - timedelta(days=KEPT_DAYS), cut_off)
    row_there = exists().where(SheetImportRow.import_id == SheetImport.id)
    query = select(SheetImport).where(old, row_there).order_by(SheetImport.id).limit(1)
    with sessions() as session:
        if (found := session.scalar(query)) is None:
            return 0
        with write(session):
            session.refresh(found, with_for_update=True)
            if found.status not in ("done", "cancelled"):
                read = found.status != "reading"
                why = f"上传以后 {KEPT_DAYS} 天没有导完，已停止。" if read else "文件没有读完：请再传一次。"
                found.status, found.notes = "cancelled", [*found.notes, why]
            found.above = []
            some = select(SheetImportRow.id).where(SheetImportRow.import_id == found.id).limit(SWEPT)
            session.execute(delete(SheetImportRow).where(SheetImportRow.id.in_(some)))
    return 1


# -- what people see -------------------------------------------------------------------------------


def of(session: Session, actor: Account, import_id: int) -> tuple[SheetImport, ImportKind, Target]:
    """One's own import with what it is and what it goes into. Raises NotFound."""
    found = get(session, actor, import_id)
    kind = kinds.of(found.kind)
    return found, kind, kind.target(session, actor, found.target)


def latest(session: Session, actor: Account, kind_name: str, key: str) -> list[SheetImport]:
    """One's own last imports into a target."""
    query = select(SheetImport).where(
        SheetImport.account_id == actor.id,
        SheetImport.kind == kind_name,
        SheetImport.target == key,
        SheetImport.status != "reading",
    )
    return list(session.scalars(query.order_by(SheetImport.id.desc()).limit(LATEST)))


def samples(session: Session, found: SheetImport, number: int = 3) -> list[list[str]]:
    """What stands in the first rows of a file, shortened; of ID numbers the ends."""
    query = select(SheetImportRow.cells).where(SheetImportRow.import_id == found.id)
    rows = session.scalars(query.order_by(SheetImportRow.id).limit(number))
    return [[_short(cell) for cell in row] for row in rows]


def _short(cell: str) -> str:
    number = text.identity(cell)
    return idnumber.mask(number)[-6:] if number else cell[:12]


def listed(session: Session, found: SheetImport, status: str, page: int) -> Any:
    """A page of the rows with a status, in the order of the file."""
    return _IMPORTS.entries(session, found, status, page)


# -- what people say -------------------------------------------------------------------------------


def tell_columns(
    session: Session, actor: Account, import_id: int, said: Mapping[str, int | None], clock: Clock
) -> SheetImport:
    """Which column is which; remembered for the next file with these headings. Raises Invalid."""
    found, kind, target = of(session, actor, import_id)
    mapped = mapping.checked(said, found.headings, kind.columns(session, target))
    with write(session):
        _locked(session, found, ("mapping", "checking", "ready"))
        columns, name = kind.columns(session, target), kind.remembered_as(target)
        mapping.remember(session, found, mapped, columns, clock.now(), kind=name)
        mine = update(SheetImportRow).where(SheetImportRow.import_id == found.id)
        session.execute(mine.values(status="raw", faults=None, note="", key=""))
        found.columns, found.status = mapped, "checking"
        jobs.defer(session, "import", found.id, actor, clock.now(), total=found.total)
    return found


def correct_columns(session: Session, actor: Account, import_id: int) -> None:
    """Say anew which column is which."""
    _move(session, get(session, actor, import_id), ("checking", "ready"), "mapping")


@whole
def confirm(session: Session, actor: Account, import_id: int, clock: Clock) -> None:
    """Let the good rows in: `go_on` works them off."""
    found = get(session, actor, import_id)
    with write(session):
        _move(session, found, ("ready",), "running")
        good = counts(session, found)["good"]
        jobs.defer(session, "import", import_id, actor, clock.now(), total=good)


@whole
def cancel(session: Session, actor: Account, import_id: int, clock: Clock) -> None:
    """Stop; what is in stays in."""
    found = get(session, actor, import_id)
    with write(session):
        _move(session, found, ("mapping", "checking", "ready", "running"), "cancelled")
        jobs.stopped(session, "import", import_id, clock.now())


@whole
def _move(session: Session, found: SheetImport, before: Sequence[str], after: str) -> None:
    with write(session):
        _locked(session, found, before)
        found.status = after


def _locked(session: Session, found: SheetImport, before: Sequence[str]) -> None:
    session.refresh(found, with_for_update=True)
    if found.status not in before:
        raise Conflict("这次导入已经往下进行了：请刷新页面，看现在到了哪一步。")


# -- worked off ------------------------------------------------------------------------------------


def go_on(session: Session, actor: Account, import_id: int, clock: Clock) -> SheetImport:
    """Check, or let in, what one request may.

    Where nothing may come in any more, as in a campaign that was closed meanwhile, the import ends and says
    so; what is in stays in.
    """
    found = get(session, actor, import_id)
    if found.status not in ("checking", "running"):
        return found
    try:
        work = Work(session, actor, import_id, clock)
        work_off(work.check if found.status == "checking" else work.write)
    except Unavailable:
        raise
    except ShouwangError as error:
        with write(session):
            session.refresh(found, with_for_update=True)
            found.status, found.notes = "cancelled", [*found.notes, f"没有导完：{error.message}"]
    return found


def _advance(session: Session, actor: Account | None, import_id: int, clock: Clock) -> Progress:
    assert actor is not None  # a person's file
    found = go_on(session, actor, import_id, clock)
    session.refresh(found)
    rows = counts(session, found)
    if found.status == "checking":
        return of_counts(rows, "raw")
    let_in = {name: rows[name] for name in ("good", "done", "refused")}
    return of_counts(let_in, "good", found.status == "running")


class Work:
    """An import whose portions are worked off, one after another."""

    def __init__(self, session: Session, actor: Account, import_id: int, clock: Clock) -> None:
        self.session, self.actor, self.clock = session, actor, clock
        self.found, self.kind, target = of(session, actor, import_id)
        self.target = replace(target, import_id=import_id)
        self.columns = self.kind.columns(session, self.target)
        self.known = frozenset(column.key for column in self.columns if column.known)
        self.today = local_date(clock.now())

    # -- checked ----------------------------------------------------------------------------------

    def check(self) -> bool:
        """Judge a portion; answers whether there are more."""
        waiting = list(self.session.scalars(_IMPORTS.next(self.found, "raw", PORTION)))
        mapped = self.found.columns
        judged = dict(self._judged(waiting))
        with write(self.session):
            self.session.refresh(self.found, with_for_update=True)
            if self.found.status != "checking":
                return False
            if self.found.columns != mapped:  # said anew meanwhile: what was judged is of other columns
                return True
            changes = [{"id": row_id, **_state(one)} for row_id, one in judged.items()]
            if changes:
                self.session.execute(update(SheetImportRow), changes)
            if len(waiting) < PORTION:
                self._refuse_twice()
                self.found.status = "ready"
        return self.found.status == "checking"

    def _judged(self, waiting: Sequence[SheetImportRow]) -> Iterator[tuple[int, Judged]]:
        """What each row would become, by its number in the table."""
        readable: list[tuple[int, Sent]] = []
        for row in waiting:
            sent, faults = self._read(row)
            if self._is_blank(row):
                yield row.id, Judged(blank=True)
            elif faults:
                yield row.id, Judged(faults)
            else:
                readable.append((row.id, sent))
        if readable:
            sents = [sent for _, sent in readable]
            found = self.kind.check(self.session, self.actor, self.target, sents, self.clock)
            yield from zip((row_id for row_id, _ in readable), found, strict=True)

    def _is_blank(self, row: SheetImportRow) -> bool:
        """Whether nothing stands in a row but what the template knew."""
        told = [place for key, place in self.found.columns.items() if key not in self.known]
        filled = any(row.cells[place] for place in told if place < len(row.cells))
        return bool(self.known) and not filled and not row.flags

    def _read(self, row: SheetImportRow) -> tuple[Sent, list[Fault]]:
        values, faults = cells.read(row.cells, row.flags or {}, self.columns, self.found.columns, self.today)
        return Sent(row.number, values), faults

    def _refuse_twice(self) -> None:
        """Of two rows about the same the first may come in."""
        mine = (
            SheetImportRow.import_id == self.found.id,
            SheetImportRow.status.in_(("good", "same")),
            SheetImportRow.key != "",
        )
        first = (
            select(SheetImportRow.key, func.min(SheetImportRow.number).label("number"))
            .where(*mine)
            .group_by(SheetImportRow.key)
            .having(func.count() > 1)
            .subquery()
        )
        later = select(SheetImportRow.id, first.c.number).join(first, first.c.key == SheetImportRow.key)
        found = self.session.execute(later.where(*mine, SheetImportRow.number > first.c.number)).all()
        twice = [(row_id, Fault("", f"与第 {number} 行说的是同一个", "只留一行")) for row_id, number in found]
        changes = [{"id": row_id, "status": "wrong", "faults": _listed([one])} for row_id, one in twice]
        if changes:
            self.session.execute(update(SheetImportRow), changes)

    # -- let in -----------------------------------------------------------------------------------

    def write(self) -> bool:
        """Let a portion in; done again where somebody wrote the same at this very moment."""
        try:
            return self._written(self.session)
        except IntegrityError:
            pass
        try:
            return self._written(self.session)
        except IntegrityError as error:
            raise Unavailable(Trouble.CROSSED) from error

    def _written(self, session: Session) -> bool:
        with write(session):
            session.refresh(self.found, with_for_update=True)
            if self.found.status != "running":
                return False
            waiting = list(session.scalars(_IMPORTS.next(self.found, "good", PORTION)))
            read = [(row, *self._read(row)) for row in waiting]
            sents = [(row, sent) for row, sent, faults in read if not faults]
            became = (
                self.kind.write(session, self.actor, self.target, [sent for _, sent in sents], self.clock)
                if sents
                else ()
            )
            for (row, _), one in zip(sents, became, strict=True):
                _note(row, one)
            for row, _, faults in read:
                if faults:  # the form has changed since
                    _note(row, Become("refused", faults))
            if len(waiting) < PORTION:
                self.found.status = "done"
            return self.found.status == "running"


def _state(judged: Judged) -> dict[str, Any]:
    status = "wrong" if judged.faults else "same" if judged.same else "blank" if judged.blank else "good"
    return {
        "status": status,
        "faults": _listed(judged.faults),
        "note": judged.note[:300],
        "key": judged.key[:80],
    }


def _note(row: SheetImportRow, one: Become) -> None:
    row.status, row.faults, row.made_id = one.kind, _listed(one.faults), one.made_id
    row.note = one.note[:300] or row.note


def _listed(faults: Sequence[Fault]) -> list[list[str]] | None:
    return [[one.column, one.problem, one.cure] for one in faults] or None


KIT = Kit(jobs={"import": JobKind("导入", _advance, cancel)})
