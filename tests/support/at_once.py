"""Two whose transactions overlap, without luck."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine.ground.database import transactions
from tests.support.world import World

Act = Callable[[Session], Any]


def while_it_writes(world: World, monkeypatch: pytest.MonkeyPatch, first: Act, second: Act) -> list[Any]:
    """What came of both: the second begins when the first has written all and not yet committed it."""
    written, go_on, real = threading.Event(), threading.Event(), transactions._commit
    outcomes: list[Any] = [None, None]

    def commit(session: Session) -> None:
        if threading.current_thread().name == "first" and not written.is_set():
            written.set()
            go_on.wait(20)
        real(session)

    def do(number: int, act: Act) -> None:
        with world.sessions() as session:
            try:
                outcomes[number] = act(session)
            except Exception as error:
                outcomes[number] = error

    world.session.commit()
    monkeypatch.setattr(transactions, "_commit", commit)
    one = threading.Thread(target=do, args=(0, first), name="first")
    other = threading.Thread(target=do, args=(1, second), name="second")
    one.start()
    written.wait(20)
    other.start()
    other.join(1.5)  # whoever does not wait is through
    go_on.set()
    one.join()
    other.join()
    world.session.commit()
    world.session.expire_all()
    return outcomes
