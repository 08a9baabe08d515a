"""The public compatibility kit for decision tables, carried with the project: what we answer may only become better."""

from __future__ import annotations

import pytest

from tests.support.tck import Kit, agree, cases

LEAST = {"2": (126, 126), "3": (1415, 748)}
"""Of each level the cases that are right decision by decision, and those of files that are sound as a whole."""
OF = {"2": 126, "3": 1495}


@pytest.mark.duty("C1")
@pytest.mark.parametrize("level", LEAST)
def test_the_compatibility_kit_is_answered_at_least_as_well_as_before(level: str) -> None:
    kit = Kit()
    asked = list(cases(level, kit.files))
    right = [case for case in asked if agree(kit.answer(case), case.expected)]
    whole = [case for case in right if kit.passes(case)]
    assert len(asked) == OF[level]
    assert (len(right), len(whole)) >= LEAST[level] and len(whole) >= LEAST[level][1]
