"""What a column of an office's form asks for, by its heading: the table is `headings.csv` beside this file.

Each line of the table is a field: what it is called here, and other headings that mean it, parted by spaces.
A heading that some office uses and nobody here has seen is another word in that line, and no line of code.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from engine.ground.rows import heading

_OPEN = frozenset({"name", "id_number", "phone", "sex", "number", "serial"})
"""What a heading says only together with the one over it: 姓名 under 帮扶干部 is no member's name."""
_BESIDE = ("信息", "情况", "基本", "本人", "家庭", "农户", "监测对象", "成员", "人员")
"""What stands over headings without changing what they mean."""
_TAILS = ("基本信息", "基本情况", "信息", "情况")


@dataclass(frozen=True)
class Heading:
    """What a field is called: by us, and by others."""

    key: str
    title: str
    also: Sequence[str]


def _table() -> Iterator[Heading]:
    beside = resources.files("engine.prevention.register.filled") / "headings.csv"
    for row in csv.DictReader(beside.read_text("utf-8").splitlines()):
        yield Heading(row["key"], row["title"], row["also"].split())


HEADINGS: Mapping[str, Heading] = {one.key: one for one in _table()}
_MEANINGS = {heading(name): one.key for one in HEADINGS.values() for name in (one.title, *one.also)}


def meant(path: Sequence[str]) -> str:
    """The key of the field that the headings of a column, from the top storey down, ask for; '' for none."""
    words = [heading(one) for one in path if heading(one)]
    if not words:
        return ""
    for start in range(len(words)):
        joined = "".join([*(_bare(one) for one in words[start:-1]), words[-1]])
        if joined in _MEANINGS and (start == 0 or len(words) - start > 1):
            return _MEANINGS[joined]
    key = _MEANINGS.get(words[-1], "")
    plain = all(any(word in one for word in _BESIDE) for one in words[:-1])
    return key if plain or key not in _OPEN else ""


def _bare(words: str) -> str:
    return next((words.removesuffix(tail) for tail in _TAILS if words.endswith(tail)), words)
