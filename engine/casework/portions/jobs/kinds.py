"""What a kind of job is, and how far one has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.ground.clock import Clock
from engine.ground.errors import EngineFault


@dataclass(frozen=True)
class Progress:
    """How far an act is; `going` while there is more to do. A `total` of 0 is not known."""

    done: int
    total: int
    going: bool


Advance = Callable[[Session, Account | None, int, Clock], Progress]
"""Of the act's number: do a portion of it, a second or two of work, as if its owner pressed 继续.

Doing it twice must do no harm: a process may die between a portion and the note that it is done.
"""
Signs = Callable[[Session, Account | None, int, Clock], Iterator[Progress]]
"""Of the act's number: do all of it in one go, with a sign of life after every second or two of work; the
last one has nothing going. Cut off, it begins anew: nothing of it may be there before all of it is.
"""
Stop = Callable[[Session, Account, int, Clock], None]
"""Of the act's number: do no more of it; what is done stays. Raises NotFound for an act of somebody else."""


@dataclass(frozen=True)
class JobKind:
    """A kind of act that goes on by itself."""

    title: str
    advance: Advance | None
    """None for one that is done in one go."""
    stop: Stop
    signs: Signs | None = None


def by_person(advance: Callable[[Session, Account, int, Clock], Progress]) -> Advance:
    """The portions of an act that people alone start. Raises EngineFault for one that nobody has started."""

    def of_somebody(session: Session, actor: Account | None, act_id: int, clock: Clock) -> Progress:
        if actor is None:
            raise EngineFault("这项后台任务没有写明是谁开始的。")
        return advance(session, actor, act_id, clock)

    return of_somebody


def of_counts(counts: Mapping[str, int], waiting: str, going: bool = True) -> Progress:
    """The progress of an act whose entries have a status each, `waiting` those that are still to be done."""
    total = sum(counts.values())
    return Progress(total - counts[waiting], total, going and counts[waiting] > 0)
