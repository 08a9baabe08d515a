"""Instances kept in memory from one step to the next, by the bytes that they are stored as.

To restore an instance costs 90 to 160 µs, and what it had worked out of itself (tokens, due times, the rows
of its finished tasks) is lost: together a sixth of what a step costs outside the database. The key is the
stored state itself, so what is found can be no older than what the database says, whatever other processes
have done meanwhile; two cases of one version with the same bytes are the same to an instance.

Whoever takes an instance has it alone. It is put back when the step that stored it is committed, and not at
all when the step failed, or moved it on after it was stored.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Protocol

from sqlalchemy.orm import Session

from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.ground import database

MOST = 128
"""Instances kept in a process, those used last; each takes some 60 kB of memory."""


class Holder(Protocol):
    """Who has an instance alone."""

    def let_go(self) -> Instance | None:
        """The instance, which it has no more."""


_kept: OrderedDict[bytes, Instance] = OrderedDict()
_lock = Lock()


def take(session: Session, definition: Definition, state: bytes) -> Instance | None:
    """The instance that is stored as `state`, no longer kept; only for who writes:
    readers need none alone.
    """
    if not session.info.get(database.WRITING):
        return None
    with _lock:
        found = _kept.pop(state, None)
    return found if found is not None and found.definition is definition else None


def after_commit(session: Session, holder: Holder, state: bytes) -> None:
    """Keep the holder's instance, which was stored as `state`, once the transaction is committed."""

    def keep() -> None:
        instance = holder.let_go()
        if instance is not None and instance.comes_to_rest(state):
            _put(instance, state)

    database.after_commit(session, keep)


def _put(instance: Instance, state: bytes) -> None:
    with _lock:
        _kept[state] = instance
        while len(_kept) > MOST:
            _kept.popitem(last=False)
