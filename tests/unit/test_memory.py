"""A process that answers lays its memory in large pages where the system has them."""

from __future__ import annotations

import gc
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from web.server import memory

MAPS = """\
55d0c0000000-55d0c0100000 r-xp 00000000 08:01 1234                       /usr/bin/python3.13
55d0c1f00000-55d0c2600000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000400000 rw-p 00000000 00:00 0
7f0000500000-7f0000600000 rw-p 00000000 00:00 0
7f0000800000-7f0000c00000 r--p 00000000 00:00 0
7f0001000000-7f0001400000 rw-p 00200000 08:01 99                         /usr/lib/libsqlite3.so
7ffd00000000-7ffd00400000 rw-p 00000000 00:00 0                          [stack]
"""
GROWING = """
import gc
from web.server import memory
memory.settle()
kept = [[number] for number in range(400_000)]  # what comes later has them too: it begins a collection
found = dict(line.split(":") for line in open("/proc/self/smaps_rollup").read().splitlines()[1:])
print(found["AnonHugePages"].split()[0])
"""


def test_only_the_processs_own_memory_is_asked_for_and_only_in_whole_pages() -> None:
    assert list(memory.pieces(MAPS)) == [
        (0x55D0C2000000, 0x55D0C2600000),
        (0x7F0000000000, 0x7F0000400000),
    ]


def test_a_process_that_grows_has_large_pages() -> None:
    number = tuple(int(one) for one in re.findall(r"\d+", platform.release())[:2])
    if not Path("/sys/kernel/mm/transparent_hugepage/enabled").exists() or number < (6, 1):
        pytest.skip("this system gives no large pages at once")
    done = subprocess.run([sys.executable, "-c", GROWING], check=True, capture_output=True, text=True)
    assert (
        int(done.stdout) >= memory.LARGE // 1024
    )  # kB; of the some 40 MB of the list, as the system has them


@pytest.mark.usefixtures("collections_as_before")
def test_a_process_that_does_not_grow_asks_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []
    memory.settle()
    monkeypatch.setattr(memory, "lay_in_large_pages", lambda: asked.append(None))
    gc.collect()
    assert not asked
    kept = bytearray(2 * memory.GROWTH)
    gc.collect()
    gc.collect()
    assert len(asked) == 1
    del kept


@pytest.mark.usefixtures("collections_as_before")
def test_settling_again_asks_once_each_time() -> None:
    memory.settle()
    once = len(gc.callbacks)
    memory.settle()
    assert len(gc.callbacks) == once
    assert gc.get_threshold()[0] == memory.NEW_OBJECTS
