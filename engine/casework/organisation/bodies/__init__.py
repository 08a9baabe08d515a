"""Who acts for a division: its government, its office, its committee, the phone for complaints.

A division without a row is called by rule, after its name; what people enter goes before. A rename ends a row
and begins another, so that a paper of an earlier day is signed as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from engine.casework.models import Body as Row
from engine.casework.organisation import access, divisions
from engine.ground.database.prepared import Prepared
from engine.ground.tables import table

_BODY = table(Row)
_VALID = Prepared(
    select(_BODY)
    .where(
        _BODY.c.division_code.in_(bindparam("codes", expanding=True)),
        or_(_BODY.c.valid_from.is_(None), _BODY.c.valid_from <= bindparam("day")),
        or_(_BODY.c.valid_to.is_(None), _BODY.c.valid_to > bindparam("day")),
    )
    .order_by(_BODY.c.id),
    steady=True,
)
KINDS = {
    "government": "政府、办事处",
    "office": "主管部门",
    "committee": "村（居）委会",
    "supervision": "监督电话",
    "national": "国家主管部门",
    "office_word": "主管部门通称",
}
KINDS_OF = {
    "province": ("office", "government", "supervision", "national", "office_word"),
    "city": ("office", "government", "supervision"),
    "county": ("office", "government", "supervision"),
    "township": ("government",),
    "village": ("committee",),
}
"""What a division of each level has; the first is the one that lists of its parent show."""
SEALS = {"over": "盖在落款和日期上", "line": "另起一行，写“盖章处”", "none": "不盖章"}
OFFICE = "主管部门"
"""What an office is called behind its division's name while the province has set no word for them all."""
PLACE_WORDS = {
    "village_body": ("village", "committee"),
    "township_body": ("township", "government"),
    "county_body": ("county", "government"),
    "county_office": ("county", "office"),
    "city_office": ("city", "office"),
    "province_office": ("province", "office"),
    "national_body": ("province", "national"),
}
"""How diagrams name bodies in the words of a paper, and which level's body that is."""

_TITLES = ("办事处", "委员会", "管委会", "政府")


@dataclass(frozen=True)
class Body:
    """Who acts: the name, its mark in document numbers (发文代字), its phone, where its seal goes."""

    name: str
    word: str = ""
    phone: str = ""
    seal: str = "over"


class Book:
    """The bodies of some divisions and all above them on a day, read at once."""

    def __init__(self, session: Session, codes: Iterable[str], day: date) -> None:
        wanted = {above for code in codes for above in access.lineage(code)}
        self._named = divisions.names_and_kinds(session, wanted)
        self._rows = _on(session, wanted, day)

    def name(self, code: str) -> str:
        """What the division itself is called."""
        return self._named.get(code, ("", ""))[0]

    def of(self, code: str, kind: str) -> Body:
        """The body of a kind; by rule where nobody has entered it."""
        row = self._rows.get((code, kind))
        default = self._by_rule(code, kind)
        return Body(row.name or default, row.word, row.phone, row.seal) if row else Body(default)

    def signature(self, code: str, level: str) -> Body:
        """Who signs the papers of a division of the level."""
        return self.of(code, "committee" if level == "village" else "government")

    def signer(self, code: str, level: str, name: str) -> Body:
        """The body that a diagram names as the signer of a division's paper; none named: who signs there."""
        usual = self.signature(code, level)
        others = (self.of(code, kind) for kind in KINDS_OF[level])
        called = next((body for body in others if body.name == name), Body(name, seal=usual.seal))
        return called if name else usual

    def words(self, village_code: str) -> dict[str, str]:
        """What the words of a paper may name: places and bodies (`engine.flow.vocabulary.PLACES`)."""
        places = {
            level: self.name(access.ancestor(village_code, level))
            for level in ("village", "township", "county")
        }
        bodies = {
            word: self.of(access.ancestor(village_code, level), kind).name
            for word, (level, kind) in PLACE_WORDS.items()
        }
        return {**places, **bodies}

    def contacts(self, village_code: str) -> list[tuple[str, str]]:
        """Who may be called about a household of the village, with the phone, if any (R10)."""
        township, county = (access.ancestor(village_code, level) for level in ("township", "county"))
        asked = [
            self.of(village_code, "committee"),
            self.of(township, "government"),
            self._first(county, ("office", "government")),
        ]
        found = [(body.name, body.phone) for body in asked if body.phone]
        above = (access.ancestor(village_code, level) for level in ("county", "city", "province"))
        watched = next((phone for code in above if (phone := self.of(code, "supervision").phone)), "")
        return [*found, ("监督电话", watched)] if watched else found

    def _by_rule(self, code: str, kind: str) -> str:
        """What a body is called after its division's name, where nobody has entered it."""
        name, own = self._named.get(code, ("", ""))
        if kind in ("national", "supervision"):
            return KINDS[kind]
        if kind == "office_word":
            return OFFICE
        if kind == "office":
            word = self._rows.get((access.ancestor(code, "province"), "office_word"))
            return f"{name}{word.name if word and word.name else OFFICE}" if name else ""
        if not name or access.level_of(code) == "village" or name.endswith(_TITLES):
            return name
        if own == divisions.ZONE:
            return f"{name}管理委员会"
        return name + ("办事处" if name.endswith("街道") else "人民政府")

    def _first(self, code: str, kinds: Sequence[str]) -> Body:
        """The first of the kinds that has a phone, else the first."""
        found = [self.of(code, kind) for kind in kinds]
        return next((body for body in found if body.phone), found[0])


def _on(session: Session, codes: Iterable[str], day: date) -> dict[tuple[str, str], Row]:
    wanted = tuple(sorted(set(codes)))
    found = _VALID.all(session, codes=wanted, day=day) if wanted else []
    return {(row.division_code, row.kind): row for row in found}


def of(session: Session, division_code: str, kind: str, day: date) -> Body:
    """The body of a division on a day; by rule where nobody has entered it."""
    return Book(session, [division_code], day).of(division_code, kind)


def signature(session: Session, division_code: str, level: str, day: date) -> Body:
    """Who signs the papers of a division of the level on a day."""
    return Book(session, [division_code], day).signature(division_code, level)


def national(session: Session, village_code: str, day: date) -> str:
    """What the province calls the body above it on a day (R28)."""
    return of(session, access.ancestor(village_code, "province"), "national", day).name


def contacts(session: Session, village_code: str, day: date) -> list[tuple[str, str]]:
    """Who may be called about a household of the village, with the phone (R10)."""
    return Book(session, [village_code], day).contacts(village_code)


def facts(session: Session, _: int, village_code: str, day: date, *more: object) -> dict[str, str]:
    """What forms know of the place: whom to call, the village's own before those above it."""
    found = contacts(session, village_code, day)
    return {"contact": " ".join(found[0]) if found else ""}


# -- installation ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class BodyRow:
    """A body that comes with the installation of a province."""

    division_code: str
    kind: str
    name: str
    word: str = ""
    phone: str = ""
    seal: str = "over"
    valid_from: date | None = None


def adopt(session: Session, rows: Sequence[BodyRow], now: datetime) -> int:
    """Bodies that come with the installation, but for those that have one; answers how many are new."""
    present = {tuple(row) for row in session.execute(select(Row.division_code, Row.kind).distinct())}
    new = [row for row in rows if (row.division_code, row.kind) not in present]
    session.add_all(Row(**vars(row), set_at=now) for row in new)
    session.flush()
    return len(new)


def present(session: Session, codes: Iterable[str], *, lock: bool = False) -> Mapping[tuple[str, str], Row]:
    """The rows that stand now, by division and kind, for who changes them; who stores them locks them."""
    query = select(Row).where(Row.division_code.in_(list(codes)), Row.valid_to.is_(None))
    if lock:
        query = query.order_by(Row.id).with_for_update().execution_options(populate_existing=True)
    return {(row.division_code, row.kind): row for row in session.scalars(query)}
