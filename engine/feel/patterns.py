"""Which regular expressions are quick: Python's own search goes through every way to match, and cannot be stopped."""

from __future__ import annotations

import re

MAX_PATTERN = 200
MAX_WAYS = 10_000_000
"""More ways than this for a pattern to match its text are not tried."""
_REPEAT = re.compile(r"\*|\+|\?|\{\d*,\d*\}|\|")
_NESTED = re.compile(r"\([^()]*(?:[|+*?{]|\([^()]*\))[^()]*\)\s*[+*{]")


def quick(pattern: str, longest: int) -> bool:
    """Whether matching a text of `longest` characters cannot take long.

    No repetition or choice inside a repetition, no back-reference; and the longer the text, the fewer repetitions.
    """
    bare = re.sub(r"\\.|\[[^\]]*\]", "x", pattern.replace("(?:", "("))
    if len(pattern) > MAX_PATTERN or _NESTED.search(bare) or re.search(r"\\[1-9]|\(\?[^:]", pattern):
        return False
    ways = 1.0 if bare.startswith("^") else longest + 1.0
    for one in _REPEAT.findall(re.sub(r"(?<=[*+?}])\?", "", bare)):  # a lazy repetition is one repetition
        ways *= 2 if one in ("?", "|") else longest + 1
    return ways <= MAX_WAYS
