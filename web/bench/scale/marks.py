"""Marks in texts while a story is read: where a value of the telling will stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from web.bench.scale.stories import Text

_MARK = re.compile("\ue000(\\d+)\ue001")
_QUOTED = re.compile('"\ue002(\ue000\\d+\ue001)"')
PRINTS = 1_000_000
"""Places of fingerprints while a story is read; moved behind the officials' once those are known."""


def unquoted(text: str) -> str:
    """The text, its marks without the quotes that a string has in JSON."""
    return _QUOTED.sub(lambda found: found[1], text)


def mark(place: int) -> str:
    """What stands in a text for the value at `place`."""
    return f"\ue000{place}\ue001"


def quoted(place: int) -> str:
    """A mark that stands for a number: its quotes go."""
    return f"\ue002{mark(place)}"


def number(value: Any) -> int | None:
    """The place that a quoted mark stands for; None for what is none."""
    found = re.fullmatch("\ue002\ue000(\\d+)\ue001", value) if isinstance(value, str) else None
    return int(found[1]) if found else None


def text_of(marked: str) -> Text:
    """A marked text with places instead of its marks."""
    places = tuple(int(place) for place in _MARK.findall(marked))
    return Text(_MARK.sub("%s", marked.replace("%", "%%")), places)


@dataclass(frozen=True)
class Shifts:
    """Moves officials (below 0 while read) and fingerprints to their final places."""

    actors: int
    prints: int

    def of(self, place: int) -> int:
        """Where the value stands that stood at `place` while the story was read."""
        if place < 0:
            return self.actors - 1 - place
        return self.prints + place - PRINTS if place >= PRINTS else place

    def text(self, text: Text) -> Text:
        """The text with its places moved."""
        return Text(text.words, tuple(self.of(place) for place in text.places))
