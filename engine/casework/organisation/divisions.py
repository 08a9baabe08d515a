"""The divisions of a province: loaded from the official codes, searched by name, shown with their path.

A division has a key of its own; its code may pass to another place over the years, which `DivisionCode`
remembers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from engine.casework.models import LEVELS, Account, Division, DivisionCode
from engine.casework.organisation import access
from engine.ground import text as normal
from engine.ground.database import whole, write
from engine.ground.database.prepared import Prepared
from engine.ground.database.remembered import RememberedEach
from engine.ground.errors import Invalid
from engine.ground.tables import table

PORTION = 1000
AT_ONCE = 500
"""Places that one query asks for."""
"""Divisions that are loaded in one transaction: well under a second of the one lock that SQLite has."""
PSEUDO, ZONE = "pseudo", "zone"
"""Kinds of divisions: a city level that exists only in the codes (of counties that the province governs
itself, and of 直辖市); a zone that a management committee governs.
"""
_ONLY_IN_CODES = re.compile(r"市辖区\Z|县\Z|省直辖|.*直辖县级")
"""How the official codes name a city level that is none."""
_NAMES = RememberedEach(
    Prepared(
        select(table(Division).c.code, table(Division).c.name, table(Division).c.kind).where(
            table(Division).c.code.in_(bindparam("keys", expanding=True))
        ),
        steady=True,
    ),
    Division,
)
_STANDS = Division.valid_to.is_(None)
"""SQL: what has not been dissolved."""
Progress = Callable[[int, int], None]
Row = dict[str, str]


def load(session: Session, rows: Iterable[Row], edition: date, progress: Progress | None = None) -> int:
    """Load the divisions that are not there yet, as of the day `edition`; returns how many were new.

    What is there is not touched. In portions, each a short transaction of its own, so that nobody waits for
    the whole list; one that is cut off goes on where it stopped when it is run again.
    """
    wanted = sorted(rows, key=lambda row: LEVELS.index(row["level"]))
    listed = listed_with(session, wanted)
    present = set(session.scalars(select(Division.code)))
    waiting = [row for row in wanted if row["code"] not in present]
    new = 0
    for start in range(0, len(waiting), PORTION):
        part = waiting[start : start + PORTION]
        new += _load_portion(session, part, listed, edition)
        if progress:
            progress(start + len(part), len(waiting))
    return new


@dataclass(frozen=True)
class Listed:
    """What a list says of names, places and kinds, for the paths."""

    names: Mapping[str, str]
    parents: Mapping[str, str]
    kinds: Mapping[str, str]

    def path(self, code: str) -> str:
        """Names from the city down, none twice; what is a city only in the codes is left out."""
        above: list[str] = []
        at = code
        while at in self.names and at[2:].strip("0"):
            if self.kinds.get(at) != PSEUDO:
                above.insert(0, self.names[at])
            at = self.parents.get(at, "")
        if not above:
            return self.names.get(code, "")
        own = above.pop()
        for name in above:  # some villages carry the county's and the township's names in their own
            own = own.removeprefix(name)
        return "".join(above) + own


def listed_with(session: Session, rows: Sequence[Row]) -> Listed:
    """What the rows say, over what the table says: a list may be of a part of the province only."""
    parent = aliased(Division)
    columns = (Division.code, Division.name, Division.kind, parent.code.label("parent"))
    present = session.execute(select(*columns).outerjoin(parent, parent.id == Division.parent_id)).all()
    names, parents, kinds = (
        {row.code: getattr(row, column) or "" for row in present} for column in ("name", "parent", "kind")
    )
    return Listed(
        names | {row["code"]: row["name"] for row in rows},
        parents | {row["code"]: row["parent"] for row in rows},
        kinds | {row["code"]: kind_of(row) for row in rows},
    )


def kind_of(row: Row) -> str:
    """The kind of a division as the list says it, or as its name tells."""
    known = row.get("kind") or ""
    return PSEUDO if not known and row["level"] == "city" and _ONLY_IN_CODES.match(row["name"]) else known


@whole
def _load_portion(session: Session, part: Sequence[Row], listed: Listed, edition: date) -> int:
    """Load a few divisions; answers how many were new.

    What is above them was loaded before them.
    """
    with write(session, alone=True):
        codes = {row["code"] for row in part} | {row["parent"] for row in part}
        found = session.execute(select(Division.code, Division.id).where(Division.code.in_(codes)))
        present = {row.code: row.id for row in found}
        number = session.scalar(select(func.max(Division.id))) or 0
        new = []
        for row in part:
            if row["code"] not in present:
                number += 1
                new.append(_division(row, number, present, listed, edition))
                present[row["code"]] = number
        if new:
            session.execute(insert(Division), new)
            names = ("code", "name", "valid_from", "valid_to")
            own = [{"division_id": row["id"], **{name: row[name] for name in names}} for row in new]
            session.execute(insert(DivisionCode), own)
    return len(new)


def _division(
    row: Row, number: int, present: Mapping[str, int], listed: Listed, edition: date
) -> dict[str, Any]:
    """The row of a new division."""
    return {
        "id": number,
        "code": row["code"],
        "name": row["name"],
        "level": row["level"],
        "kind": kind_of(row),
        "path": listed.path(row["code"]),
        "parent_id": present.get(row["parent"]),
        "valid_from": normal.day(row.get("valid_from")) or edition,
        "valid_to": None,
    }


def get(session: Session, code: str) -> Division:
    """The division with `code`. Raises Invalid when there is none."""
    division = session.scalar(select(Division).where(Division.code == code.strip()))
    if division is None:
        raise Invalid(
            f"没有区划代码为“{code}”的地方，请重新选择。", {"division": ["请选择列表中的村（社区）。"]}
        )
    return division


def standing(session: Session, code: str) -> Division:
    """As `get`, for who puts something down there. Raises Invalid for a division that was dissolved, too."""
    division = get(session, code)
    if division.valid_to is not None:
        raise Invalid(
            f"{division.name}已经撤销，请选择现在的地方。",
            {"division": ["已经撤销，请选择现在的村（社区）。"]},
        )
    return division


def children(session: Session, code: str) -> list[Division]:
    """The divisions right below `code`, by code."""
    parent = get(session, code)
    return list(
        session.scalars(
            select(Division).where(Division.parent_id == parent.id, _STANDS).order_by(Division.code)
        )
    )


def villages_of(
    session: Session, actor: Account, text: str = "", limit: int = 300, *, anywhere: bool = False
) -> list[Division]:
    """The villages that the actor's grants reach (or all of them, by name), by code."""
    query = select(Division).where(Division.level == "village", _STANDS)
    if not anywhere:
        query = query.where(access.within(Division.code, access.scopes(actor)))
    if text:
        query = query.where(*_called(text))
    return list(session.scalars(query.order_by(Division.code).limit(limit)))


def _called(typed: str) -> Iterator[ColumnElement[bool]]:
    """SQL: the name holds what was typed; of several words the last, the others are of what lies above it:
    ``某县 东街``, where many villages have one name.
    """
    *above, name = typed.split() or [""]
    yield Division.name.contains(name, autoescape=True)
    for part in above:
        yield Division.path.contains(part, autoescape=True)


def named(session: Session, typed: str, today: date, limit: int = 20) -> list[Division]:
    """The present villages that somebody means by a code, a whole path or a name (`_called`)."""
    wanted = normal.half(typed)
    query = select(Division).where(
        Division.level == "village", or_(Division.valid_to.is_(None), Division.valid_to > today)
    )
    if not wanted:
        return []
    if normal.whole(wanted, 10**12) is not None:
        return list(session.scalars(query.where(Division.code == wanted)))
    exact = list(session.scalars(query.where(Division.path == wanted).limit(limit)))
    by_name = query.where(*_called(wanted)).order_by(Division.code)
    return exact or list(session.scalars(by_name.limit(limit)))


def search(session: Session, text: str, under: str = "", page: int = 1, size: int = 50) -> list[Division]:
    """Divisions whose name or code begins with or holds `text`, at or below `under`."""
    query = select(Division).where(_STANDS)
    if under:
        query = query.where(access.within(Division.code, [access.scope_of(under)]))
    if normal.whole(text, 10**12) is not None:
        query = query.where(Division.code.startswith(text))
    elif text:
        query = query.where(Division.name.contains(text, autoescape=True))
    return list(session.scalars(query.order_by(Division.code).offset((max(1, page) - 1) * size).limit(size)))


def meant(session: Session, typed: Iterable[str]) -> dict[str, list[str]]:
    """The codes that each place may mean as people write it: its code, its whole path or its name.

    What was dissolved is meant no more.
    """
    clean = {one: normal.half(one).strip() for one in typed}
    wanted, found = sorted({one for one in clean.values() if one}), dict[str, set[str]]()
    for column in (Division.code, Division.path, Division.name):
        for start in range(0, len(wanted), AT_ONCE):
            said_so = column.in_(wanted[start : start + AT_ONCE])
            for said, code in session.execute(select(column, Division.code).where(said_so, _STANDS)):
                found.setdefault(said, set()).add(code)
    return {one: sorted(found.get(clean[one], ())) for one in clean}


def one_meant(session: Session, typed: str) -> str:
    """The code of the one place that was written. Raises Invalid with the sentence."""
    codes = meant(session, [typed])[typed]
    if not codes:
        raise Invalid("没有这个地方：请从列表里选。" if typed.strip() else "请填地方：输入地名，从列表里选。")
    if len(codes) > 1:
        raise Invalid(f"有 {len(codes)} 个“{typed.strip()[:60]}”：请从列表里选，或填 12 位区划代码。")
    return codes[0]


def paths(session: Session, codes: Iterable[str]) -> dict[str, str]:
    """The whole path of each place by its code: several villages have one name."""
    query = select(Division.code, Division.path, Division.name).where(Division.code.in_(set(codes) - {""}))
    return {row.code: row.path or row.name for row in session.execute(query)}


def names(session: Session, codes: Iterable[str]) -> dict[str, str]:
    """Name by code."""
    return {code: row.name for code, row in _NAMES.of(session, codes).items()}


def names_and_kinds(session: Session, codes: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Name and kind by code."""
    return {code: (row.name, row.kind) for code, row in _NAMES.of(session, codes).items()}


def province_managed(session: Session, code: str) -> bool:
    """Whether the county of `code` answers to the province itself:
    its city level exists only in the codes.
    """
    above = names_and_kinds(session, access.lineage(code))  # papers name them all
    return above.get(access.ancestor(code, "city"), ("", ""))[1] == PSEUDO


def short_name(name: str) -> str:
    """A village as lists call it: without the committee's title."""
    for title in ("嘎查委员会", "嘎查村民委员会", "嘎查村委会"):  # 内蒙古: 嘎查 is the village
        if name.endswith(title):
            return name.removesuffix(title).removesuffix("嘎查") + "嘎查"
    for title in ("村村民委员会", "村民委员会", "村委会"):
        if name.endswith(title):
            return name.removesuffix(title) + "村"
    return name.removesuffix("居民委员会").removesuffix("居委会")
