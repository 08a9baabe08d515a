"""An official paper as data: what the page, the Word file and the PDF all show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from engine.casework import kit


@dataclass(frozen=True)
class Column:
    """A column of a paper's list; `width` is its share of the page, in characters of the body."""

    label: str
    width: int
    centred: bool = True


_SHOWN = 20


def _shortened(line: str) -> str:
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


@dataclass(frozen=True)
class Paper:
    """One paper from its title to its seal. A draft has no number."""

    kind: str
    title: str
    number: str
    addressee: str
    paragraphs: tuple[str, ...]
    closing: tuple[str, ...]
    signature: str
    dated: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    signers: tuple[str, ...] = ()
    """The blanks that people sign by hand, from left to right."""
    landscape: bool = False
    seal: str = "over"
    """Where the seal goes: over the signature, on a line of its own, or nowhere (`bodies.SEALS`)."""

    @property
    def text(self) -> str:
        """The paper in plain lines, as archives and messages show it."""
        rows = [
            "  ".join(f"{c.label}：{cell}" for c, cell in zip(self.columns, row, strict=True))
            for row in self.rows
        ]
        head = [line for line in (self.title, self.number, self.addressee) if line]
        return "\n".join([*head, *self.paragraphs, *rows, *self.closing, self.signature, self.dated])

    def lacking(self, lacks: Callable[[str], list[str]]) -> dict[str, str]:
        """Whose characters cannot be printed: by the words they stand in,
        the characters that `lacks` finds in them.

        In a list by its subject's name, with the row's number: that is who is looked for.
        """
        lines = [
            self.title,
            self.number,
            self.addressee,
            *self.paragraphs,
            *self.closing,
            self.signature,
            self.dated,
        ]
        found = {_shortened(line): lacks(line) for line in (*lines, *self.signers)}
        named = {one.heading for one in kit.used().subjects}
        heads = [at for at, column in enumerate(self.columns) if column.label in named]
        for number, row in enumerate(self.rows, 1):
            who = row[heads[0]] if heads else row[0]
            found[f"第{number}行{who}"] = lacks("".join(row))
        return {who: "".join(characters) for who, characters in found.items() if characters}

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return asdict(self)


def from_json(stored: Mapping[str, Any]) -> Paper:
    """The paper that `to_json` stored."""
    columns = tuple(Column(**column) for column in stored["columns"])
    rows = tuple(tuple(row) for row in stored["rows"])
    lines = {name: tuple(stored[name]) for name in ("paragraphs", "closing", "signers")}
    return Paper(**{**stored, **lines, "columns": columns, "rows": rows})
