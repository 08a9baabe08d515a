"""A case stands where it stood, whatever the calendar, FEEL, the tables and the release have become since."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.flow.history import lines
from engine.flow.machine.script import FeelScriptEngine
from engine.flow.replay import ReplayMisfit
from tests.support import goldens
from tests.support.goldens import Golden

OLD, *LATER = (goldens.read(name) for name in ("0.1.0", "lines-2", "lines-3", "lines-4", "lines-5"))
PRESENT = LATER[-1]
WITH_ALL = [pytest.param(one, id=one.name) for found in LATER for one in found]
EVERY = [*(pytest.param(one, id=one.name) for one in OLD), *WITH_ALL]


def _far(day: Any, count: int) -> Any:
    """A calendar with many more days off."""
    return day + timedelta(days=3 * count + 7)


@pytest.fixture
def another_feel(monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluator that answers everything otherwise."""
    monkeypatch.setattr(FeelScriptEngine, "evaluate", lambda *asked, **also: False)
    monkeypatch.setattr(FeelScriptEngine, "value", lambda *asked, **also: None)
    monkeypatch.setattr(FeelScriptEngine, "items", lambda *asked, **also: [])
    monkeypatch.setattr(FeelScriptEngine, "decide", lambda *asked, **also: {"advice": "exclude"})
    monkeypatch.setattr(FeelScriptEngine, "cycle", lambda *asked, **also: None)


@pytest.mark.duty("C5")
@pytest.mark.parametrize("golden", EVERY)
def test_it_stands_where_it_stood(golden: Golden) -> None:
    replay = golden.replay()
    replay.run()
    assert goldens.standing(replay) == golden.stands


@pytest.mark.duty("C5")
@pytest.mark.parametrize("golden", EVERY)
def test_another_calendar_moves_no_case(golden: Golden) -> None:
    replay = golden.replay(_far)
    replay.run()
    assert goldens.standing(replay) == golden.stands


@pytest.mark.duty("C5")
@pytest.mark.usefixtures("another_feel")
@pytest.mark.parametrize("golden", WITH_ALL)
def test_a_mended_feel_moves_no_case_whose_lines_say_what_was_decided(golden: Golden) -> None:
    replay = golden.replay()
    replay.run()
    assert goldens.standing(replay) == golden.stands


@pytest.mark.duty("C5")
@pytest.mark.usefixtures("another_feel")
@pytest.mark.parametrize("golden", [pytest.param(one, id=one.name) for one in OLD])
def test_of_a_case_of_the_first_release_it_moves_none_without_a_word(golden: Golden) -> None:
    """Its lines do not say by which flows gateways went on: what cannot be known is refused, at the line."""
    replay = golden.replay()
    try:
        replay.run()
    except ReplayMisfit as error:
        assert error.seq in [one["seq"] for one in golden.inputs] and f"第 {error.seq} 条" in error.message
    else:
        assert goldens.standing(replay) == golden.stands


@pytest.mark.duty("C5")
@pytest.mark.parametrize("golden", EVERY)
def test_another_table_changes_no_decision_that_was_taken(golden: Golden) -> None:
    decisions = {
        key: text.replace("judge", "admit").replace("admit", "exclude")
        for key, text in golden.resources["decision"].items()
    }
    changed = Golden(**{**golden.__dict__, "resources": {**golden.resources, "decision": decisions}})
    replay = changed.replay()
    replay.run()
    assert goldens.standing(replay) == golden.stands


def test_a_line_that_says_another_way_is_not_followed_in_silence() -> None:
    """The release now knows one gateway less: the line says so, not the case."""
    golden = next(one for one in PRESENT if one.name == "choosing")
    text = golden.diagram.replace('targetRef="g"', 'targetRef="e2"')
    changed = Golden(**{**golden.__dict__, "diagram": text})
    with pytest.raises(ReplayMisfit, match="第 2 条"):
        changed.replay().run()


def test_the_file_has_every_question() -> None:
    choosing = next(one for one in PRESENT if one.name == "choosing")
    told = [lines.read(one["kind"], one["data"]) for one in choosing.inputs]
    assert [flow for line in told if isinstance(line, lines.Input) for flow in line.flows or ()] == [
        ("yes",),
        ("one", "two"),
    ]
    repeats = [one for line in told if isinstance(line, lines.Input) for one in line.repeats]
    assert repeats == [("b", ["甲", "乙"]), ("nag", True), ("nag", False)]
    assert {one.name.split("-")[0] for one in OLD} >= {"identification", "assistance"}
