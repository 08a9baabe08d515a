"""A workbook of before 2007 (.xls): a compound file with a BIFF8 stream, as small as readers take it."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def written(
    rows: Sequence[Sequence[str | float]], merges: Sequence[Sequence[int]] = (), *, locked: bool = False
) -> bytes:
    """`rows` from the first cell on; merges: first row, last row, first column, last column, from 0. With
    `locked` it says that it has a password.
    """
    return _compound(_stream(rows, merges, locked))


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _stream(rows: Sequence[Sequence[str | float]], merges: Sequence[Sequence[int]], locked: bool) -> bytes:
    def beginning(kind: int) -> bytes:
        return _record(0x809, struct.pack("<HHHHII", 0x600, kind, 0xDBB, 0x7CC, 0, 6))

    name = "表"
    title = name.encode("utf-16-le")

    def sheet_at(place: int) -> bytes:
        return _record(0x85, struct.pack("<IBBBB", place, 0, 0, len(name), 1) + title)

    codepage = _record(0x42, struct.pack("<H", 1200))
    if locked:
        codepage += _record(0x2F, struct.pack("<HHH", 1, 1, 1) + bytes(48))
    head = len(beginning(5)) + len(codepage) + len(sheet_at(0)) + 4
    cells = b""
    for row, words in enumerate(rows):
        for column, word in enumerate(words):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(word, str) and word:
                text = struct.pack("<HB", len(word), 1) + word.encode("utf-16-le")
                cells += _record(0x204, place + text)
            elif not isinstance(word, str):
                cells += _record(0x203, place + struct.pack("<d", word))
    height, width = len(rows), max(map(len, rows), default=0)
    size = _record(0x200, struct.pack("<IIHHH", 0, height, 0, width, 0))
    areas = struct.pack("<H", len(merges)) + b"".join(struct.pack("<HHHH", *one) for one in merges)
    end = _record(0x0A)
    book = beginning(5) + codepage + sheet_at(head) + end
    return book + beginning(0x10) + size + cells + _record(0xE5, areas) + end


def _compound(stream: bytes) -> bytes:
    stream = stream.ljust(max(4096, -(-len(stream) // _SECTOR) * _SECTOR), b"\0")
    sectors = len(stream) // _SECTOR
    chain = [_FAT, _END, *range(3, sectors + 2), _END]
    fat = struct.pack("<128I", *chain, *([_FREE] * (128 - len(chain))))
    header = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<109I", 0, *([_FREE] * 108))
    entries = _entry("Root Entry", 5, _END, 0, child=1) + _entry("Workbook", 2, 2, len(stream))
    return header + fat + entries.ljust(_SECTOR, b"\0") + stream


def _entry(name: str, kind: int, start: int, size: int, child: int = _FREE) -> bytes:
    called = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<III", _FREE, _FREE, child)
    tail = links + bytes(16 + 4 + 16) + struct.pack("<IQ", start, size)
    return called.ljust(64, b"\0") + struct.pack("<HBB", len(called), kind, 1) + tail
