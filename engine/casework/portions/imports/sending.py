"""A file of rows is sent: it is kept as it was read, and nothing of it is written anywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import chain, islice
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from engine.casework.models import Account, SheetImport, SheetImportRow
from engine.casework.portions.imports import kinds, mapping
from engine.casework.portions.imports.files import forget, forget_old
from engine.casework.portions.imports.kinds import Column, ImportKind, Target
from engine.casework.portions.jobs import acts as jobs
from engine.ground import text, workbooks
from engine.ground.clock import Clock
from engine.ground.database import write
from engine.ground.errors import ShouwangError
from engine.ground.unpacking import limits
from engine.ground.workbooks import Line, Table

READ_AT_ONCE = 2000
_ADD = insert(SheetImportRow)


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
        first = list(islice(table.lines, limits.HEAD_ROWS))
        at = mapping.head_of(first, columns)
        _describe(found, table, first, at)
        _require_seen(found, table, columns)
        forget_old(session, actor)
        with write(session):
            session.add(found)
        try:
            _keep(session, found, chain(first[at + 1 :], table.lines), kind)
        except ShouwangError:  # of a file that is refused in its middle nothing stays
            forget(session, [found.id])
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
    found.above = above[: limits.HEAD_ROWS]
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
