"""The memory of a process that answers: looked through seldom, and laid in large pages."""

from __future__ import annotations

import ctypes
import gc
import re
from collections.abc import Iterator
from mmap import PAGESIZE
from pathlib import Path
from typing import Any

NEW_OBJECTS = 20_000
"""So many new objects more than were freed (a few MB) begin a collection; Python's own number is 700."""
LARGE = 2 << 20
"""Bytes of a large page."""
GROWTH = 16 << 20
"""Bytes more by which the asking, some 20 ms, is worth while again."""
_WANTED, _NOW = 14, 25
"""Linux's MADV_HUGEPAGE, and MADV_COLLAPSE of Linux 6.1."""
_MAPS, _SIZES = Path("/proc/self/maps"), Path("/proc/self/statm")
_PRIVATE = re.compile(r"^(\w+)-(\w+) rw-p 0+ 00:00 0 *(?:\[heap\])?$", re.MULTILINE)


def settle() -> None:
    """Spend less on memory, from when the process begins to answer.

    What is there by then stays as long as the process does and is looked through for unreachable objects no
    more; the rest is looked through when there is as much of it as some steps leave, not several times a
    step: 5 % of the processor time of a step. Where the process has grown by then, it is laid in large pages
    again.
    """
    if _MAPS.exists() and _AFTER_COLLECTION not in gc.callbacks:
        gc.callbacks.append(_AFTER_COLLECTION)
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)


class _AfterCollection:
    """Lays the process's memory in large pages again whenever it has grown."""

    known = 0
    """Bytes of it when it was last laid."""

    def __call__(self, phase: str, _info: dict[str, Any]) -> None:
        if phase == "stop" and (present := _own_bytes()) >= self.known + GROWTH:
            self.known = present
            lay_in_large_pages()


_AFTER_COLLECTION = _AfterCollection()


def _own_bytes() -> int:
    return int(_SIZES.read_text().split()[5]) * PAGESIZE


def lay_in_large_pages() -> None:
    """Ask Linux for large pages wherever the process has as much memory in one piece.

    A step goes through more small pages than the processor keeps the addresses of, and a virtual machine
    looks each up twice: 14 % of its processor time. The price is that processes of one parent share less:
    120 MB instead of 60 each when they begin. A kernel that does not know the request, or has no large page
    left, leaves things as they are.
    """
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for first, end in pieces(_MAPS.read_text()):
        advise(first, end - first, _WANTED)
        advise(first, end - first, _NOW)


def pieces(maps: str) -> Iterator[tuple[int, int]]:
    """What of a process's memory is its own, in whole large pages: first byte and end, from Linux's list."""
    for found in _PRIVATE.finditer(maps):
        first, end = (int(one, 16) for one in found.groups())
        first, end = -(-first // LARGE) * LARGE, end // LARGE * LARGE
        if first < end:
            yield first, end
