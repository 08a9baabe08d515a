"""A font with a handful of characters, each a black square: what an office might bring along,
small enough to write here.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

_EM = 1000


def typeface(family: str, characters: str) -> bytes:
    """A TrueType font of the family with the characters."""
    codes = sorted(map(ord, characters))
    count = len(codes) + 1
    square = _square()
    tables = {
        b"cmap": _cmap(codes),
        b"glyf": square * count,
        b"head": struct.pack(
            ">IIIIHHQQhhhhHHhhh", 0x10000, 0, 0, 0x5F0F3CF5, 3, _EM, 0, 0, 0, 0, _EM, _EM, 0, 8, 2, 1, 0
        ),
        b"hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH", 0x10000, 800, -200, 0, _EM, 0, 0, _EM, 1, 0, 0, 0, 0, 0, 0, 0, count
        ),
        b"hmtx": struct.pack(">Hh", _EM, 0) * count,
        b"loca": struct.pack(f">{count + 1}I", *(len(square) * number for number in range(count + 1))),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x10000, count, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
        b"name": _name(family),
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, 0, 0, 0, 0, 0, 0, 0),
    }
    return _assembled(tables)


def _square() -> bytes:
    """One contour of four corners, padded to a multiple of four bytes."""
    ends = struct.pack(">hhhhh", 1, 0, 0, _EM, _EM) + struct.pack(">HH", 3, 0)
    flags = bytes([1, 1, 1, 1])
    steps = struct.pack(">hhhh", 0, _EM, 0, -_EM) + struct.pack(">hhhh", 0, 0, _EM, 0)
    body = ends + flags + steps
    return body + b"\0" * (-len(body) % 4)


def _cmap(codes: Sequence[int]) -> bytes:
    groups = b"".join(struct.pack(">III", code, code, number) for number, code in enumerate(codes, 1))
    table = struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(codes)) + groups
    return struct.pack(">HHHHI", 0, 1, 3, 10, 12) + table


def _name(family: str) -> bytes:
    texts = {1: family, 2: "Regular", 4: family, 6: family.replace(" ", "")}
    data, records = b"", b""
    for number, text in texts.items():
        written = text.encode("utf-16-be")
        records += struct.pack(">HHHHHH", 3, 1, 0x409, number, len(written), len(data))
        data += written
    return struct.pack(">HHH", 0, len(texts), 6 + len(records)) + records + data


def _assembled(tables: dict[bytes, bytes]) -> bytes:
    head = struct.pack(">IHHHH", 0x10000, len(tables), 128, 3, len(tables) * 16 - 128)
    offset, records, body = 12 + 16 * len(tables), b"", b""
    for tag, data in sorted(tables.items()):
        records += struct.pack(">4sIII", tag, 0, offset + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    return head + records + body
