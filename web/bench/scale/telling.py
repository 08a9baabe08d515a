"""Stories told again: numbers, names, places and officials for the places of their templates."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC
from functools import lru_cache
from hashlib import sha256
from typing import Any

from engine.flow.history.lines import FINGERPRINT_BYTES
from engine.flow.machine import codec
from engine.ground.idnumber import check_digit
from engine.ground.tables import instant
from engine.prevention.demo.people import FEMALE, MALE
from web.bench.scale.bulk import TABLES, Rows
from web.bench.scale.places import Officials, Place
from web.bench.scale.stories import REGISTER, Story, Template

_SIGNS = FINGERPRINT_BYTES * 4 // 3
_SYLLABLES = sorted({sign for name in (*MALE, *FEMALE) for sign in name})
GIVEN = [first + second for first in _SYLLABLES for second in _SYLLABLES if first != second]
AREAS = 2475
"""Of 500 numbers a birthday and sex; each of four members of a household has so many for itself."""
_COLUMNS = {one.name: {column.name: place for place, column in enumerate(one.c)} for one in TABLES}
LOG, _CASE = _COLUMNS["log_entry"], _COLUMNS["case_file"]


Serial = tuple[str, str, str, int]
"""Whose numbers they are: table, office, kind, year."""


class Teller:
    """Gives out numbers and makes rows; `rows` collects them, `lines` those of the log."""

    def __init__(self, last: dict[str, int], officials: Officials, serials: dict[Serial, int]) -> None:
        self.last, self.officials, self.serials = last, officials, serials
        self.rows: Rows = {one.name: [] for one in TABLES}
        self.lines: list[list[Any]] = []

    def register(self, story: Story, household: int, place: Place) -> None:
        """The household, its members and years, with the number `household`."""
        values = self._values(story, household, place, register=True)
        for template in story.rows:
            if template.table.name in REGISTER:
                self.rows[template.table.name].append(_filled(template, values))

    def cases(self, story: Story, household: int, place: Place) -> None:
        """Everything else, its histories chained anew."""
        values = self._values(story, household, place, register=False)
        heads = self._histories(story, values)
        for template in story.rows:
            name = template.table.name
            if name in REGISTER:
                continue
            row = _filled(template, values)
            if name == "case_file":
                row[_CASE["log_seq"]], row[_CASE["log_hash"]] = heads.get(row[0], (0, b""))
                mark = ("id", "log_seq", "village_code", "version_id")
                self.rows["figure_mark"].append([row[_CASE[column]] for column in mark])
            self.rows[name].append(row)

    def _histories(self, story: Story, values: Sequence[Any]) -> dict[int, tuple[int, bytes]]:
        heads: dict[int, tuple[int, bytes]] = {}
        for case, template in story.lines:
            row = _filled(template, values)
            number = values[case]
            stream = f"case:{number}"
            hashed = chained(stream, row, heads.get(number, (0, b""))[1])
            row[LOG["stream"]], row[LOG["hash"]] = stream, hashed
            heads[number] = (row[LOG["seq"]], hashed)
            self.lines.append(row)
        return heads

    def _values(self, story: Story, household: int, place: Place, *, register: bool) -> list[Any]:
        """Numbers of the story's rows, its named values, its officials, its fingerprints: in this order.

        The register is told before the cases; only the rows that are written now take numbers.
        """
        values: list[Any] = [0] * len(story.keys)
        for at, table in story.numbers(register):
            self.last[table] += 1
            values[at] = self.last[table]
        values[0] = household
        values.append(f"B{household:09d}")
        values += place.named
        for order, (name, identity, sex) in enumerate(story.people):
            values.append(name[0] + GIVEN[(household * 31 + order * 977) % len(GIVEN)])
            values.append(numbered(identity, household, order, sex))
        for table, title, row in story.numbered:
            values += (None, None, None) if register else self._written(table, title, row, place)
        values += [self.officials.instead(account, place) for account in story.actors]
        if not register:
            for one in story.prints:
                values.append(fingerprint(one.sent.of(values)))
        return values

    def _written(self, table: str, title: str, row: Any, place: Place) -> tuple[str, int, int]:
        """The number as it is written, the office's next serial number of the year, and the year."""
        code = row.get("division_code") or row["township_code"]
        office = 0 if code[9:] != "000" else 1 if code[6:] != "000000" else 2
        key = (table, place.codes[office], str(row.get("kind", "")), row["year"])
        self.serials[key] = serial = self.serials.get(key, 0) + 1
        return f"{place.names[office]}{title}〔{row['year']}〕{serial}号", serial, row["year"]


def _filled(template: Template, values: Sequence[Any]) -> list[Any]:
    row = template.constant.copy()
    for column, place in template.direct:
        row[column] = values[place]
    for column, text in template.texts:
        row[column] = text.words % tuple([values[place] for place in text.places])
    if template.packed is not None:
        row[template.packed] = codec.packed(row[template.packed])
    return row


def chained(stream: str, row: Sequence[Any], previous: bytes) -> bytes:
    """The hash of a line of the log, as `engine.casework.audit` takes it."""
    actor = row[LOG["actor_id"]]
    said = (
        f'["{stream}",{row[LOG["seq"]]},"{_iso(row[LOG["at"]])}",{"null" if actor is None else actor},'
        f'"{row[LOG["kind"]]}","{row[LOG["element_id"]]}",{row[LOG["data"]]}]'
    )
    return sha256(previous + said.encode()).digest()


@lru_cache(maxsize=200_000)
def _iso(value: Any) -> str:
    found = instant(value) if isinstance(value, int) else value
    return str(found.astimezone(UTC).isoformat())


def fingerprint(sent: str) -> str:
    """Of a JSON text with its keys in order (`audit.digest`)."""
    return urlsafe_b64encode(sha256(sent.encode()).digest()).decode()[:_SIGNS]


def numbered(identity: str, household: int, order: int, sex: str) -> str:
    """An invented number of a member's birth and sex that nobody else has."""
    if len(identity) < 18:
        return identity
    area = household // 500 % AREAS + AREAS * (order % 4)
    first = f"41{area:04d}{identity[6:14]}{household % 500 * 2 + (sex == 'male'):03d}"
    return first + check_digit(first) + identity[18:]
