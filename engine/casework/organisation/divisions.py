"""The divisions of a province: loaded from the official codes, searched by name, shown with their path.

A division has a key of its own; its code may pass to another place over the years, which `DivisionCode`
remembers.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from engine.casework.models import LEVELS, Account, Division, DivisionCode
from engine.casework.organisation import access
from engine.ground import text as normal
from engine.ground.database import whole, write
from engine.ground.errors import Invalid
from engine.ground.tables import table

EDITION = date(2023, 6, 30)
"""Date of the official list that the product carries."""
PORTION = 1000
AT_ONCE = 500
"""Places that one query asks for."""
"""Divisions that are loaded in one transaction: well under a second of the one lock that SQLite has."""
PSEUDO_CITY = "省直辖"
"""How the official codes name the city level of counties that the province governs itself (济源)."""
_NAMES = select(table(Division).c.code, table(Division).c.name).where(
    table(Division).c.code.in_(bindparam("codes", expanding=True))
)
Progress = Callable[[int, int], None]
Row = dict[str, str]


def read_official() -> list[Row]:
    """The rows (code, name, level, parent) of the list that the product carries."""
    packed = (
        resources.files("engine.casework.organisation").joinpath("data/henan_divisions.csv.gz").read_bytes()
    )
    return list(csv.DictReader(io.StringIO(gzip.decompress(packed).decode())))


def load(
    session: Session, rows: Iterable[Row], edition: date = EDITION, progress: Progress | None = None
) -> int:
    """Load or refresh divisions; returns how many were new. A code that changed its name keeps its history.

    In portions, each a short transaction of its own, so that nobody waits for the whole list; one that is cut
    off goes on where it stopped when it is run again.
    """
    wanted = sorted(rows, key=lambda row: LEVELS.index(row["level"]))
    listed = _Listed(
        {row["code"]: row["name"] for row in wanted}, {row["code"]: row["parent"] for row in wanted}, edition
    )
    present = {row.code: row.name for row in session.execute(select(Division.code, Division.name))}
    waiting = [row for row in wanted if present.get(row["code"]) != row["name"]]
    new = 0
    for start in range(0, len(waiting), PORTION):
        part = waiting[start : start + PORTION]
        new += _load_portion(session, part, listed)
        if progress:
            progress(start + len(part), len(waiting))
    return new


@dataclass(frozen=True)
class _Listed:
    """What the whole list says of names and places, for the paths."""

    names: dict[str, str]
    parents: dict[str, str]
    edition: date

    def path(self, code: str) -> str:
        return _path(code, self.names, self.parents)


@whole
def _load_portion(session: Session, part: Sequence[Row], listed: _Listed) -> int:
    """Load or rename a few divisions; answers how many were new.

    What is above them was loaded before them.
    """
    with write(session):
        codes = {row["code"] for row in part} | {row["parent"] for row in part}
        found = session.execute(
            select(Division.code, Division.id, Division.name).where(Division.code.in_(codes))
        )
        present = {row.code: (row.id, row.name) for row in found}
        number = session.scalar(select(func.max(Division.id))) or 0
        new = []
        for row in part:
            code = row["code"]
            if code not in present:
                number += 1
                new.append(_division(row, number, present, listed))
                present[code] = (number, row["name"])
            elif present[code][1] != row["name"]:
                _rename(session, present[code][0], row["name"], listed.path(code), listed.edition)
        if new:
            session.execute(insert(Division), new)
            names = ("code", "name", "valid_from", "valid_to")
            own = [{"division_id": row["id"], **{name: row[name] for name in names}} for row in new]
            session.execute(insert(DivisionCode), own)
    return len(new)


def _division(
    row: Row, number: int, present: Mapping[str, tuple[int, str]], listed: _Listed
) -> dict[str, Any]:
    """The row of a new division."""
    above = present.get(row["parent"])
    return {
        "id": number,
        "code": row["code"],
        "name": row["name"],
        "level": row["level"],
        "path": listed.path(row["code"]),
        "parent_id": above[0] if above else None,
        "valid_from": listed.edition,
        "valid_to": None,
    }


def _rename(session: Session, identifier: int, name: str, path: str, edition: date) -> None:
    session.execute(
        update(DivisionCode)
        .where(DivisionCode.division_id == identifier, DivisionCode.valid_to.is_(None))
        .values(valid_to=edition)
    )
    division = session.get_one(Division, identifier)
    session.add(DivisionCode(division_id=identifier, code=division.code, name=name, valid_from=edition))
    division.name, division.path = name, path


def _path(code: str, names: dict[str, str], parents: dict[str, str]) -> str:
    """Names from the city down, none twice; the pseudo city of a
    county governed by the province is left out.
    """
    above: list[str] = []
    at = code
    while at in names and at[2:].strip("0"):
        if not names[at].startswith(PSEUDO_CITY):
            above.insert(0, names[at])
        at = parents.get(at, "")
    if not above:
        return names.get(code, "")
    own = above.pop()
    for name in above:  # some villages carry the county's and the township's names in their own
        own = own.removeprefix(name)
    return "".join(above) + own


def get(session: Session, code: str) -> Division:
    """The division with `code`. Raises Invalid when there is none."""
    division = session.scalar(select(Division).where(Division.code == code.strip()))
    if division is None:
        raise Invalid(
            f"没有区划代码为“{code}”的地方，请重新选择。", {"division": ["请选择列表中的村（社区）。"]}
        )
    return division


def children(session: Session, code: str) -> list[Division]:
    """The divisions right below `code`, by code."""
    parent = get(session, code)
    return list(
        session.scalars(select(Division).where(Division.parent_id == parent.id).order_by(Division.code))
    )


def villages_of(
    session: Session, actor: Account, text: str = "", limit: int = 300, *, anywhere: bool = False
) -> list[Division]:
    """The villages that the actor's grants reach (or all of them, by name), by code."""
    query = select(Division).where(Division.level == "village")
    if not anywhere:
        query = query.where(access.within(Division.code, access.scopes(actor)))
    if text:
        query = query.where(Division.name.contains(text, autoescape=True))
    return list(session.scalars(query.order_by(Division.code).limit(limit)))


def search(session: Session, text: str, under: str = "", page: int = 1, size: int = 50) -> list[Division]:
    """Divisions whose name or code begins with or holds `text`, at or below `under`."""
    query = select(Division)
    if under:
        query = query.where(access.within(Division.code, [access.scope_of(under)]))
    if normal.whole(text, 10**12) is not None:
        query = query.where(Division.code.startswith(text))
    elif text:
        query = query.where(Division.name.contains(text, autoescape=True))
    return list(session.scalars(query.order_by(Division.code).offset((max(1, page) - 1) * size).limit(size)))


def meant(session: Session, typed: Iterable[str]) -> dict[str, list[str]]:
    """The codes that each place may mean as people write it: its code, its whole path or its name."""
    clean = {one: normal.half(one).strip() for one in typed}
    wanted, found = sorted({one for one in clean.values() if one}), dict[str, set[str]]()
    for column in (Division.code, Division.path, Division.name):
        for start in range(0, len(wanted), AT_ONCE):
            query = select(column, Division.code).where(column.in_(wanted[start : start + AT_ONCE]))
            for said, code in session.execute(query):
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
    return {row.code: row.name for row in session.execute(_NAMES, {"codes": list(set(codes))})}


def province_managed(session: Session, code: str) -> bool:
    """Whether the county of `code` answers to the province itself:
    its city level exists only in the codes.
    """
    city = session.scalar(select(Division.name).where(Division.code == access.ancestor(code, "city")))
    return city is not None and city.startswith(PSEUDO_CITY)


def short_name(name: str) -> str:
    """A village as lists call it: without the committee's title."""
    for title in ("村村民委员会", "村民委员会", "村委会"):
        if name.endswith(title):
            return name.removesuffix(title) + "村"
    return name.removesuffix("居民委员会").removesuffix("居委会")
