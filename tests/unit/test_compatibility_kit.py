"""The public compatibility kit for decision tables, carried with the project:
what we answer may only become better.
"""

from __future__ import annotations

import pytest

from tests.support.tck import Kit, agree, cases

OF = {"2": 126, "3": 1495}
WHOLE = {"2": 126, "3": 1463}
"""Of each level the cases, and those at least that are right in
files that pass the owners' check as a whole.
"""
DIFFERENT = {
    "0076-feel-external-java/": "no text of a file may call a program outside (Java, PMML)",
    "0089-nested-inputdata-imports/": "a file is deployed by itself: models of other files are not imported",
    "1146-feel-context-put-function/nested008": "``key`` takes the keys that lead inside as well, as "
    "``keys`` does",
    "1148-feel-now-function/": "the clock cannot be read: a step replayed later must come to the same",
}
"""The cases, by how their keys begin, that we answer otherwise than the kit, and why."""


@pytest.mark.duty("C1")
@pytest.mark.parametrize("level", OF)
def test_the_compatibility_kit_is_answered_but_for_what_is_said_to_differ(level: str) -> None:
    kit = Kit()
    asked = list(cases(level, kit.files))
    assert len(asked) == OF[level]
    wrong = {case.key for case in asked if not agree(kit.answer(case), case.expected)}
    assert sorted(key for key in wrong if not key.startswith(tuple(DIFFERENT))) == []
    assert sum(case.key not in wrong and kit.passes(case) for case in asked) >= WHOLE[level]


def test_what_is_said_to_differ_does_differ() -> None:
    kit = Kit()
    wrong = [case.key for case in cases("3", kit.files) if not agree(kit.answer(case), case.expected)]
    assert [start for start in DIFFERENT if not any(key.startswith(start) for key in wrong)] == []
