"""Files of rows that people send, opened in a process of their own: nothing that a file holds can take the
server's memory or its time.

`opened` yields what the file is and then its rows, one by one, so that 200 000 of them need no more memory
than one. What a file may have, and every sentence that refuses one, is in `unpacking`, which is that process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from threading import BoundedSemaphore
from types import ModuleType
from typing import Any

from engine.ground import text
from engine.ground.errors import EngineFault, Invalid, Trouble, Unavailable
from engine.ground.unpacking import limits, reading

MOST_ROWS = limits.MOST_ROWS
MARKS = limits.MARKS
_AT_ONCE = BoundedSemaphore(2)
"""Files that are opened at a time."""
_WAITS = 10.0
"""Seconds that a file waits for its turn: who waits holds one of the server's threads."""
_ROOT = str(Path(__file__).parents[2])
_RUN = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1));"
    "runpy.run_module(sys.argv.pop(1), run_name='__main__')"
)


@dataclass(frozen=True)
class Line:
    """A row: its number in the sheet (from 1), its cells' texts, and what is to be said of single cells.

    `flags` by column from 0: ``digits`` (a number of which Excel has lost the last digits), ``formula`` (one
    without its result), ``error`` (a formula's error), ``merged`` (merged into another cell), ``long`` (cut
    off). `hidden`: the row cannot be seen in the sheet.
    """

    number: int
    cells: Sequence[str]
    flags: Mapping[int, str]
    hidden: bool = False


@dataclass(frozen=True)
class Table:
    """A file that is being read: what it is, and its rows as they come."""

    lines: Iterator[Line]
    sheet: str = ""
    """The name of the sheet that is read; '' for a text file."""
    others: Sequence[str] = ()
    """The other sheets that people see, which are not read."""
    encoding: str = ""
    """Of a text file."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """What the hidden sheet of our own templates says."""
    hidden_columns: frozenset[int] = frozenset()
    """From 0."""
    merges: Sequence[Sequence[int]] = ()
    """Merged cells near the top: first row and column, last row and column, from 0."""


def refused(sentence: str) -> Invalid:
    """The error for a file that is not read."""
    return Invalid(sentence, {"file": [sentence]})


def alone(module: ModuleType, *words: str) -> list[str]:
    """The command that runs a module of ours as a process of its own, which its surroundings tell nothing."""
    return [sys.executable, "-I", "-c", _RUN, _ROOT, module.__name__, *words]


@contextmanager
def opened(body: bytes, filename: str, *, most: int = MOST_ROWS, old: bool = False) -> Iterator[Table]:
    """Open an .xlsx, .csv, .tsv or .txt file of at most `most` rows below its headings; with `old` also an
    .xls, of which nobody knows what is hidden in it.

    Raises Invalid, with the sentence under ``file``, for what cannot be read whole; also later, while its
    rows are read. Raises Unavailable while others' files take too long.
    """
    command = alone(reading, filename[-200:].replace("\0", ""), str(min(most, MOST_ROWS)), *["old"] * old)
    with in_turn(), TemporaryFile() as kept:
        kept.write(body)
        kept.seek(0)
        with subprocess.Popen(
            command, stdin=kept, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", env={}
        ) as child:
            try:
                said = _said(child)
                head = next(said)
                yield Table(
                    lines=_lines(said),
                    sheet=head["sheet"],
                    others=head.get("others", ()),
                    encoding=head["encoding"],
                    marks=head.get("marks", {}),
                    hidden_columns=frozenset(head.get("hidden_columns", ())),
                    merges=head.get("merges", ()),
                )
            finally:
                child.kill()


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait for one of the few places in which files are opened. Raises Unavailable."""
    if not _AT_ONCE.acquire(timeout=_WAITS):
        raise Unavailable(Trouble.HELD)
    try:
        yield
    finally:
        _AT_ONCE.release()


def _said(child: subprocess.Popen[str]) -> Iterator[Any]:
    """What the process writes, to its end. Raises Invalid for what it refuses, and for what killed it."""
    assert child.stdout is not None
    for line in child.stdout:
        found = json.loads(line) if line.endswith("\n") else None  # it died while it wrote
        if isinstance(found, dict) and "refused" in found:
            raise refused(found["refused"])
        if isinstance(found, dict) and "end" in found:
            return
        if found is not None:
            yield found
    if child.wait() >= 0:  # a signal is negative: SIGABRT for memory, SIGXCPU for time, SIGKILL for either
        raise EngineFault("读表格的程序没有启动。")
    raise refused(limits.TOO_LARGE)


def _lines(said: Iterator[Any]) -> Iterator[Line]:
    for number, cells, flags in said:
        yield Line(
            number,
            [text.paragraphs(cell) if cell else "" for cell in cells],
            {int(place): flag for place, flag in flags.items() if place != "row"} if flags else {},
            "row" in flags,
        )
