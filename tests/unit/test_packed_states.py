"""A stored state is compressed where that is worth it, and read whichever way it lies."""

from __future__ import annotations

import json
import zlib

from hypothesis import given
from hypothesis import strategies as st

from engine.flow.machine import codec

BODIES = st.dictionaries(st.text(max_size=8), st.text(max_size=400), max_size=12)


@given(BODIES)
def test_what_is_packed_comes_back(value: dict[str, str]) -> None:
    body = json.dumps(value, ensure_ascii=False)
    assert codec.unpacked(codec.packed(body)) == body


def test_a_short_state_lies_plain_and_a_long_one_shrinks() -> None:
    short = json.dumps({"d": "x"})
    long = json.dumps({"d": "x" * 4000})
    assert codec.packed(short) == short.encode()
    assert len(codec.packed(long)) < len(long) // 10


def test_a_short_state_of_an_earlier_release_is_read() -> None:
    """Releases before packed every state."""
    body = json.dumps({"v": codec.FORMAT, "d": {"outcome": "确认"}, "h": [], "p": []}, ensure_ascii=False)
    assert codec.variables(zlib.compress(body.encode(), 1)) == {"outcome": "确认"}
