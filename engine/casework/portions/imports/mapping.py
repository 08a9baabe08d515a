"""Which column of a file is which of ours: recognised by its headings, else told once and remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from engine.casework.models import Account, ColumnMapping, SheetImport
from engine.casework.portions.imports.kinds import Column
from engine.ground.database import upsert
from engine.ground.errors import Invalid
from engine.ground.rows import heading
from engine.ground.tables import to_json
from engine.ground.unpacking import limits
from engine.ground.workbooks import Line, refused

DECLINED = -1
"""The place of a column of which somebody said that the file has none."""
OURS = ("问题", "怎么改")
"""The columns in which a file that is given back says what is wrong: they are no part of it."""


def head_of(first: Sequence[Line], columns: Sequence[Column]) -> int:
    """Which of the first lines holds the headings. Raises Invalid where none of them names one of ours."""
    meanings = _meanings(columns)
    matches = [sum(heading(cell) in meanings for cell in line.cells if cell) for line in first]
    best = max(range(len(first)), key=matches.__getitem__, default=-1)
    if best < 0 or not matches[best]:
        merged = "" if not _merged(first) else "表头有合并的单元格的，请改成一行、不合并。"
        named = "、".join(column.title for column in columns if column.required)
        raise refused(
            f"这不是要导入的表：前 {limits.HEAD_ROWS} 行里没有认识的表头，应有：{named}。{merged}请下载这里的模板填写。"
        )
    _require_plain(first, best)
    return best


def _merged(lines: Sequence[Line]) -> bool:
    return any("merged" in line.flags.values() for line in lines)


def _require_plain(first: Sequence[Line], best: int) -> None:
    """Headings of two storeys cannot be told apart from a title over them: people make them one row."""
    beside = [one for one in first if 0 <= one.number - first[best].number <= 1]
    if _merged(beside):
        raise refused(
            f"表头（第 {first[best].number} 行）有合并的单元格：请把表头改成一行、不合并，每列一个名称，再上传。"
        )


def recognised(headings: Sequence[str], columns: Sequence[Column]) -> dict[str, int]:
    """Our columns that the headings name, with their places; the first of two alike counts."""
    meanings = _meanings(columns)
    found: dict[str, int] = {}
    for place, words in enumerate(headings):
        ours = meanings.get(heading(words)) if words else None
        if ours is not None:
            found.setdefault(ours, place)
    return found


def _meanings(columns: Sequence[Column]) -> dict[str, str]:
    return {heading(name): one.key for one in columns for name in (one.key, *one.names, one.title)}


def remembered(
    session: Session,
    actor: Account,
    kind: str,
    headings: Sequence[str],
    columns: Sequence[Column],
    *,
    shared: bool = False,
) -> dict[str, int] | None:
    """What the actor has said of a file with these headings before; what is `shared`, else a colleague.

    A column that was not asked about then, as the village in a village's own file, is recognised as ever.
    """
    query = select(ColumnMapping.columns).where(
        ColumnMapping.kind == kind, ColumnMapping.headings == _fingerprint(headings)
    )
    if not shared:
        query = query.where(ColumnMapping.account_id == actor.id)
    own_first = case((ColumnMapping.account_id == actor.id, 0), else_=1)
    found = session.scalar(query.order_by(own_first, ColumnMapping.at.desc()).limit(1))
    if found is None:
        return None
    keys = {column.key for column in columns}
    told = {key: place for key, place in found.items() if key in keys and place != DECLINED}
    unasked = [column for column in columns if column.key not in found]
    new = {key: place for key, place in recognised(headings, unasked).items() if place not in told.values()}
    return told | new


def remember(
    session: Session,
    found: SheetImport,
    mapped: Mapping[str, int],
    columns: Sequence[Column],
    now: datetime,
    *,
    kind: str = "",
) -> None:
    """Keep what was said for the next file with the same headings; `kind`: under another name."""
    row = {
        "account_id": found.account_id,
        "kind": kind or found.kind,
        "headings": _fingerprint(found.headings),
        "columns": {one.key: mapped.get(one.key, DECLINED) for one in columns},
        "at": now,
    }
    session.execute(upsert(session, ColumnMapping, row, ["account_id", "kind", "headings"]))


def _fingerprint(headings: Sequence[str]) -> str:
    return sha256(to_json([heading(one) for one in headings]).encode()).hexdigest()


def missing(mapped: Mapping[str, int], columns: Sequence[Column]) -> list[Column]:
    """The columns that a file must have, and this one has not."""
    return [column for column in columns if column.required and column.key not in mapped]


def checked(
    said: Mapping[str, int | None], headings: Sequence[str], columns: Sequence[Column]
) -> dict[str, int]:
    """What was said of the columns. Raises Invalid: one place has one meaning, and what must be there is."""
    mapped = {
        one.key: place
        for one in columns
        if (place := said.get(one.key)) is not None and 0 <= place < len(headings)
    }
    wrong: dict[str, list[str]] = {}
    for one in missing(mapped, columns):
        wrong[one.key] = [f"请选择哪一列是“{one.title}”。"]
    titles = {one.key: one.title for one in columns}
    first: dict[int, str] = {}
    for key, place in mapped.items():
        if place in first:
            wrong[key] = [
                f"“{headings[place] or place + 1}”已选作“{titles[first[place]]}”，一列只能对应一项。"
            ]
        first.setdefault(place, key)
    if wrong:
        raise Invalid("有的列没有对应好，请看标红的地方。", wrong)
    return mapped
