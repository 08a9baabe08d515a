"""The files that set up a province, in a folder or a ZIP file, and what is wrong in them, place by place."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile

from engine.ground import text
from engine.ground.errors import Invalid
from engine.ground.unpacking import limits, texts

PARAMETERS, DIVISIONS, BODIES, CALENDAR = "province.json", "divisions.csv", "bodies.csv", "calendar.csv"
FILES = (PARAMETERS, DIVISIONS, BODIES, CALENDAR)
PACKED = ".gz"
MOST_BYTES = 60_000_000
"""Of one file, unpacked: ten times a large province's list of divisions."""
MOST_ROWS = 400_000
MOST_PARTS = 500
MOST_SHOWN = 100


@dataclass(frozen=True)
class Fault:
    """What is wrong at a place: the file, the line (from 1; 0: the file itself), the column."""

    file: str
    line: int
    column: str
    sentence: str

    def __str__(self) -> str:
        place = f" 第 {self.line} 行" if self.line else ""
        return f"{self.file}{place}{f'“{self.column}”' if self.column else ''}：{self.sentence}"


class Refused(Invalid):
    """The files cannot set up a province; nothing is stored."""

    code = "province_refused"

    def __init__(self, faults: Sequence[Fault]) -> None:
        shown = [str(fault) for fault in faults[:MOST_SHOWN]]
        if len(faults) > MOST_SHOWN:
            shown.append(f"还有 {len(faults) - MOST_SHOWN} 处。")
        first = f"省级数据有 {len(faults)} 处问题，什么也没有保存：\n"
        super().__init__(first + "\n".join(shown), {"file": shown})
        self.faults = list(faults)


@dataclass
class Found:
    """The faults found so far, in the order of the files."""

    faults: list[Fault] = field(default_factory=list)

    def say(self, file: str, line: int, column: str, sentence: str) -> None:
        """One more."""
        self.faults.append(Fault(file, line, column, sentence))


@dataclass(frozen=True)
class Row:
    """A row of a table: the line on which it ends, and its texts by our names of the columns."""

    line: int
    cells: Mapping[str, str]


def bodies_of(path: Path, found: Found) -> dict[str, bytes]:
    """The known files of a folder or ZIP file, unpacked, by name; others are left alone."""
    if path.is_dir():
        return _of_folder(path, found)
    try:
        with ZipFile(path) as packed:
            return _of_zip(packed, found)
    # zipfile says RuntimeError of a password, NotImplementedError of a packing that it cannot read
    except (BadZipFile, OSError, RuntimeError, NotImplementedError, zlib.error) as error:
        sentence = "不是文件夹，也不是能打开的 ZIP 文件（有密码的请先去掉密码）。"
        found.say(path.name, 0, "", sentence if isinstance(error, BadZipFile) else f"打不开：{error}")
        return {}


def _of_folder(folder: Path, found: Found) -> dict[str, bytes]:
    bodies: dict[str, bytes] = {}
    for name in FILES:
        for file in (folder / name, folder / f"{name}{PACKED}"):
            if file.is_file() and name not in bodies:
                with file.open("rb") as stream:
                    _keep(bodies, file.name, stream.read(MOST_BYTES + 1), found)
    return bodies


def _of_zip(packed: ZipFile, found: Found) -> dict[str, bytes]:
    """The known files at the top, or all in one folder: as people pack one."""
    parts = packed.infolist()
    if len(parts) > MOST_PARTS or any(".." in PurePosixPath(part.filename).parts for part in parts):
        found.say(
            str(packed.filename and Path(packed.filename).name), 0, "", "ZIP 里的文件太多，或者路径不正常。"
        )
        return {}
    bodies: dict[str, bytes] = {}
    for part in parts:
        where = PurePosixPath(part.filename)
        known = where.name.removesuffix(PACKED) in FILES and "__MACOSX" not in where.parts
        if not known or part.is_dir() or len(where.parts) > 2:
            continue
        if where.name.removesuffix(PACKED) in bodies:
            found.say(where.name, 0, "", "ZIP 里有两份。")
            continue
        with packed.open(part) as stream:
            _keep(bodies, where.name, stream.read(MOST_BYTES + 1), found)
    return bodies


def _keep(bodies: dict[str, bytes], name: str, body: bytes, found: Found) -> None:
    if name.endswith(PACKED):
        try:
            with gzip.open(io.BytesIO(body)) as stream:
                body = stream.read(MOST_BYTES + 1)
        except (OSError, EOFError, zlib.error):
            found.say(name, 0, "", "压缩文件打不开。")
            return
    if len(body) > MOST_BYTES:
        found.say(name, 0, "", "文件太大。")
        return
    bodies[name.removesuffix(PACKED)] = body


def digest(bodies: Mapping[str, bytes]) -> str:
    """The hash of all files, however they were packed."""
    every = sha256()
    for name in sorted(bodies):
        every.update(f"{name}:{len(bodies[name])}:".encode() + bodies[name])
    return every.hexdigest()


def table(file: str, body: bytes, columns: Mapping[str, Sequence[str]], found: Found) -> list[Row]:
    """The rows of a CSV file below its headings: our name of a column → the headings that mean it."""
    try:
        reader = csv.reader(io.StringIO(texts.decoded(body)[0], newline=""), strict=True)
        lines = list(_lines(reader, file, found))
    except limits.Refused as error:
        found.say(file, 0, "", str(error))
        return []
    except csv.Error as error:
        found.say(file, reader.line_num, "", f"这一行读不出来（引号没有成对？）：{error}")
        return []
    if not lines:
        found.say(file, 0, "", "文件是空的。")
        return []
    line, head = lines[0]
    places = _places(line, head, file, columns, found)
    if not places:
        return []
    every = dict.fromkeys(columns, "")
    return [
        Row(line, every | {ours: cells[at] for ours, at in places.items() if at < len(cells)})
        for line, cells in lines[1:]
    ]


def _lines(reader: Iterator[list[str]], file: str, found: Found) -> Iterator[tuple[int, list[str]]]:
    for count, cells in enumerate(reader):
        if count > MOST_ROWS:
            found.say(file, count, "", f"超过 {MOST_ROWS} 行。")
            return
        clean = [cell if cell.isascii() and cell == cell.strip() else text.line(cell) for cell in cells]
        if any(clean):
            yield reader.line_num, clean  # type: ignore[attr-defined]


def _places(
    line: int, head: list[str], file: str, columns: Mapping[str, Sequence[str]], found: Found
) -> dict[str, int]:
    """Our columns and where they stand; none, with the fault said, when a needed one is missing."""
    meant = {text.key(word): ours for ours, words in columns.items() for word in (ours, *words)}
    places: dict[str, int] = {}
    for at, word in enumerate(head):
        ours = meant.get(text.key(word))
        if ours in places:
            found.say(file, line, word, "这一列写了两次。")
        elif ours is not None:
            places[ours] = at
        elif word:
            found.say(file, line, word, f"不认识这一列；可用的列：{'、'.join(columns)}。")
    needed = [ours for ours, words in columns.items() if words and words[-1] == NEEDED]
    missing = [ours for ours in needed if ours not in places]
    if missing:
        found.say(file, line, "", f"缺少列：{'、'.join(missing)}。")
        return {}
    return places


NEEDED = "*"
"""Ends the headings of a column that a table must have."""
