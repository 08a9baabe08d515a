"""What every release has stored can be restored, or rebuilt from its history, and finished by this one."""

from __future__ import annotations

import base64
from importlib.metadata import version

import pytest

from engine.flow.machine.codec import PLAIN, StateFormatError, packed, unpacked
from engine.flow.machine.instance import Instance
from engine.flow.replay import Replay, ReplayHost
from tests.support import states
from tests.support.histories import workdays

RELEASES = sorted(states.FOLDER.glob("*.json.z"))
CASES = [
    pytest.param(kept, id=f"{path.name.removesuffix('.json.z')}-{kept.name}")
    for path in RELEASES
    for kept in states.read(path)
]


def test_the_present_release_is_among_them() -> None:
    assert version("shouwang") in [path.name.removesuffix(".json.z") for path in RELEASES]


@pytest.mark.parametrize("kept", CASES)
@pytest.mark.duty("C5")
def test_a_state_of_a_release_is_restored_and_finished(kept: states.Kept) -> None:
    history = kept.history
    submissions = {int(key): value for key, value in kept.submissions.items()}
    assert len(kept.states) >= 10
    for place, text in kept.states.items():
        replay = Replay(kept.definition, history, submissions, workdays)
        try:
            host = ReplayHost(history, workdays)
            replay.instance = Instance.restored(replay.instance.definition, host, base64.b64decode(text))
        except (
            StateFormatError
        ):  # an older format (0.1.0.dev1: joins kept one waiting token) is rebuilt from the history
            for entry in history[: int(place)]:
                replay.feed(entry)
        for entry in history[int(place) :]:
            replay.feed(entry)
        assert replay.instance.variables == dict(kept.variables), place
        assert (
            replay.instance.canonical()
            == Replay(kept.definition, history, submissions, workdays).run().canonical()
        )


@pytest.mark.parametrize(
    "kept", states.read(states.FOLDER / f"{version('shouwang')}.json.z"), ids=lambda one: one.name
)
def test_a_state_equals_what_its_history_rebuilds(kept: states.Kept) -> None:
    history = kept.history
    submissions = {int(key): value for key, value in kept.submissions.items()}
    for place, text in kept.states.items():
        restored = Instance.restored(kept.definition, ReplayHost(history, workdays), base64.b64decode(text))
        rebuilt = Replay(kept.definition, history, submissions, workdays)
        for entry in history[: int(place)]:
            rebuilt.feed(entry)
        assert restored.canonical() == rebuilt.instance.canonical(), place


@pytest.mark.parametrize("size", [0, 1, 2_000, 4_095, 4_096, 4_097, 40_000, 400_000])
def test_a_state_of_any_size_is_read_back(size: int) -> None:
    rows = (f"[{number % 977},“人均纯收入”{number * number % 8191}]" for number in range(size // 20 + 1))
    body = f'{{"d":[{",".join(rows)}]}}'
    assert unpacked(packed(body)) == body
    assert len(packed(body)) < max(PLAIN, len(body) / 2)
