"""One odd value in one place of a rich procedure: a finding, or a case that runs to its end.
Never an exception.

`--whole` tries all of them, which takes half an hour; without it a share, the same one every time.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from tests.support import mutations
from tests.support.mutations import Mutant

KINDS: dict[str, tuple[Callable[[], Iterable[Mutant]], int]] = {
    "diagram": (mutations.of_diagram, 120),
    "table": (mutations.of_table, 35),
    "form": (mutations.of_form, 35),
}
"""Of what, and how many of them are tried without `--whole`."""
LONGEST = 60
"""Seconds after which an answer is held not to come any more: a check takes 6 at most."""


@contextmanager
def answering() -> Iterator[None]:
    """What is done inside comes to an end."""

    def late(number: int, frame: FrameType | None) -> None:
        raise AssertionError("no answer")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_the_rich_procedure_itself_runs_to_its_end() -> None:
    assert all(mutations.run(mutations.ORIGINAL, choice) for choice in range(3))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.duty("C5")
def test_an_odd_value_is_a_finding_or_runs(kind: str, request: pytest.FixtureRequest) -> None:
    every, count = KINDS[kind]
    whole = request.config.getoption("whole")
    failed = []
    for mutant in (make() for make in every()) if whole else mutations.share(every(), count):
        try:
            with answering():
                mutations.judged(mutant)
        except Exception as error:
            failed.append(f"{mutant.place}: {type(error).__name__}: {error}"[:400])
    assert not failed, "\n".join(failed)
