"""The fonts that papers are set in: an office's own first, then those that the product carries.

No font has every character that a name may be written with: Extension B of Unicode alone has 42 720, of which
the carried fonts have 52. Which characters none of them has is known before a paper is issued.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pylopdf_fonts_zh_cn
import typst

CARRIED = pylopdf_fonts_zh_cn.serif_path().parent
UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Categories of characters that show nothing: no font needs them."""


@dataclass(frozen=True)
class Fonts:
    """The fonts of a process; `own` is a folder of the office's."""

    own: Path | None = None

    @cached_property
    def found(self) -> typst.Fonts:
        """All of them, for the typesetter: none of the machine, which are other ones on every machine."""
        folders: list[Path] = [folder for folder in (self.own, CARRIED) if folder is not None]
        return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The office's own families, in the order of their files' names:
        the first that has a character shows it.
        """
        own = [
            font
            for font in self.found.fonts()
            if self.own and font.path and self.own in Path(font.path).parents
        ]
        named = sorted(own, key=lambda font: (Path(str(font.path)).name, font.index))
        return tuple(dict.fromkeys(font.family for font in named))

    @cached_property
    def _characters(self) -> frozenset[int]:
        files = {(Path(font.path), font.index) for font in self.found.fonts() if font.path}
        return frozenset().union(*(_characters_of(path, index) for path, index in files))

    def lacks(self, text: str) -> list[str]:
        """The characters of `text` that no font has, each once, in their order."""
        seen = dict.fromkeys(text)
        return [one for one in seen if ord(one) not in self._characters and not _shows_nothing(one)]


def _shows_nothing(character: str) -> bool:
    code = ord(character)
    varies = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF  # chooses a shape of the character before
    return varies or unicodedata.category(character) in UNSEEN


def name_of(character: str) -> str:
    """A character with its number, by which it is found when it cannot be seen: 𡛟（U+216DF）."""
    return f"{character}（U+{ord(character):04X}）"


# -- what a font file says it has: OpenType's table ``cmap`` ---------------------------------------


def _characters_of(path: Path, index: int) -> set[int]:
    """The numbers of the characters that a font of the file has; none where the file cannot be read."""
    try:
        data = path.read_bytes()
        start = struct.unpack_from(">I", data, 12 + 4 * index)[0] if data[:4] == b"ttcf" else 0
        cmap = _table(data, start)
        count = struct.unpack_from(">H", data, cmap + 2)[0]
        places = {struct.unpack_from(">I", data, cmap + 4 + 8 * number + 4)[0] for number in range(count)}
        return {code for place in places for code in _mapped(data, cmap + place)}
    except (OSError, struct.error, StopIteration):
        return set()


def _table(data: bytes, start: int) -> int:
    """Where the table begins in a font that begins at `start`."""
    count = struct.unpack_from(">H", data, start + 4)[0]
    records = (struct.unpack_from(">4sIII", data, start + 12 + 16 * number) for number in range(count))
    return int(next(offset for tag, _, offset, _ in records if tag == b"cmap"))


def _mapped(data: bytes, at: int) -> Iterator[int]:
    kind = struct.unpack_from(">H", data, at)[0]
    if kind == 4:
        yield from _segments(data, at)
    elif kind == 12:
        yield from _groups(data, at)


def _segments(data: bytes, at: int) -> Iterator[int]:
    """Format 4, of the first 65 536 characters: four arrays of as many numbers as there are segments."""
    size = struct.unpack_from(">H", data, at + 6)[0]
    ends, starts, deltas, offsets = (at + 14 + gap + size * number for number, gap in enumerate((0, 2, 2, 2)))
    for place in range(0, size, 2):
        first, last, delta, offset = (
            struct.unpack_from(">H", data, array + place)[0] for array in (starts, ends, deltas, offsets)
        )
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if offset:
                glyph = struct.unpack_from(">H", data, offsets + place + offset + 2 * (code - first))[0]
            if (glyph or not offset) and (glyph + delta) % 0x10000:
                yield code


def _groups(data: bytes, at: int) -> Iterator[int]:
    """Format 12, of all characters: ranges with the glyph of their first."""
    count = struct.unpack_from(">I", data, at + 12)[0]
    for number in range(count):
        first, last, glyph = struct.unpack_from(">III", data, at + 16 + 12 * number)
        yield from range(first if glyph else first + 1, min(last, 0x10FFFF) + 1)
