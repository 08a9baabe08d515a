"""A household of the demo with everything that the product wrote about it, as templates of rows.

A template is a row whose numbers, names, codes and days are places to be filled. What a line of the history
says it was sent with (a fingerprint) is a place too, so that the chains of what is told again verify.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table

from engine.ground import tables
from web.bench.scale.days import later, shifted

Row = dict[str, Any]
Key = tuple[str, int]
"""A row of the story: its table and number."""
REGISTER = ("household", "member", "household_year")
"""What stands in the register whether or not there is a case."""


@dataclass(frozen=True)
class Text:
    """A text with places: `words` % the values at `places`."""

    words: str
    places: tuple[int, ...]

    def of(self, values: Sequence[Any]) -> str:
        """The text of one telling."""
        return self.words % tuple(values[place] for place in self.places)


@dataclass(frozen=True)
class Print:
    """The fingerprint of what was sent: `sent` with its keys in order; it stands at `place`."""

    place: int
    sent: Text


@dataclass
class Template:
    """A row: `constant` is everything that stays, `moved` the columns that hold days or instants."""

    table: Table
    constant: list[Any]
    direct: list[tuple[int, int]]
    """Columns that hold a value of the telling alone."""
    texts: list[tuple[int, Text]]
    moved: list[int]
    packed: int | None = None
    """The column whose text is packed (a case's state)."""


@dataclass
class Story:
    """A household's templates, and the order of the values that a telling brings (`telling.Teller`)."""

    keys: list[Key]
    places: dict[str, int]
    """Where each named value stands among the values, after the numbers of `keys`."""
    people: list[tuple[str, str, str]]
    """Names, numbers and births of the members whose names are told anew: name, number, sex."""
    actors: list[int]
    numbered: list[tuple[str, str, Row]]
    """Shared rows with a serial number of their office's: table, what is written between the office and the
    year, row.
    """
    rows: list[Template]
    lines: list[tuple[int, Template]]
    """A case's place among `keys`, and a line of its history, in order."""
    prints: list[Print]
    cases: int
    open_cases: int
    open_items: int
    standing: int
    queues: frozenset[str]
    """Whose open steps it has."""
    waits: bool
    began: datetime | None
    village: str
    variants: dict[int, Story] = field(default_factory=dict)
    _numbers: dict[bool, list[tuple[int, str]]] = field(default_factory=dict)

    def numbers(self, register: bool) -> list[tuple[int, str]]:
        """Places and tables of the numbers that are given out with the register, or with the cases."""
        if register not in self._numbers:
            named = [(at, name) for at, (name, _) in enumerate(self.keys) if name != "household"]
            self._numbers[register] = [one for one in named if (one[1] in REGISTER) == register]
        return self._numbers[register]

    def moved(self, days: int) -> Story:
        """The same story `days` later (earlier: below 0)."""
        if not days:
            return self
        if days not in self.variants:
            self.variants[days] = _moved(self, days)
        return self.variants[days]


def instant(value: Any) -> datetime:
    """What the driver gave for an instant, with its zone."""
    if isinstance(value, int):
        return tables.instant(value)
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _moved(story: Story, days: int) -> Story:
    def template(one: Template) -> Template:
        constant = list(one.constant)
        for place in one.moved:
            constant[place] = later(constant[place], days)
        for place, value in enumerate(constant):
            if isinstance(value, str) and place not in one.moved:
                constant[place] = shifted(value, days)
        texts = [(place, Text(shifted(text.words, days), text.places)) for place, text in one.texts]
        return Template(one.table, constant, one.direct, texts, one.moved, one.packed)

    return Story(
        **{
            **story.__dict__,
            "rows": [template(row) for row in story.rows],
            "lines": [(case, template(line)) for case, line in story.lines],
            "prints": [
                Print(one.place, Text(shifted(one.sent.words, days), one.sent.places)) for one in story.prints
            ],
            "began": story.began + timedelta(days=days) if story.began else None,
            "variants": {},
        }
    )
