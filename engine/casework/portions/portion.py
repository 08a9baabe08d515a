"""A long act on many rows, worked off in portions: what it is to do is written down first, and each request
works off what it may.

Deciding for many cases at once, moving cases and replaying them differ in what a portion does, and in nothing
else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Select, func, insert, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.orm.interfaces import ORMOption

from engine.casework.models import Account
from engine.ground.clock import stopwatch
from engine.ground.errors import NotFound
from engine.ground.paging import Page, page_of

PATIENCE = 1.5
"""Seconds after which a request begins no further portion and shows the progress:
nobody waits without a sign.
"""


class Act(Protocol):
    """The row of an act: whose it is."""

    id: Any
    account_id: Any


class Entry(Protocol):
    """The row of one thing that an act is to do, and what became of it."""

    id: Any
    status: Any


A = TypeVar("A", bound=Act)
E = TypeVar("E", bound=Entry)


def _anybody(actor: Account) -> None:
    """Whoever began an act may see it."""


@dataclass(frozen=True)
class Portions(Generic[A, E]):
    """A kind of long act: its tables, and what may become of what it is to do."""

    act: type[A]
    entry: type[E]
    of: InstrumentedAttribute[int]
    """The entry's column with its act's id."""
    states: Sequence[str]
    missing: str
    """What is said when there is no such act of one's own."""
    require: Callable[[Account], None] = _anybody
    """Raises NotAllowed for who may begin none."""

    def write_down(self, session: Session, act: A, rows: Iterable[Mapping[str, Any]]) -> None:
        """The act and all that it is to do, inside the caller's transaction."""
        session.add(act)
        session.flush()
        session.execute(insert(self.entry), [{self.of.key: act.id, **row} for row in rows])

    def get(self, session: Session, actor: Account, act_id: int) -> A:
        """One's own act. Raises NotFound."""
        self.require(actor)
        act = session.get(self.act, act_id)
        if act is None or act.account_id != actor.id:
            raise NotFound(self.missing)
        return act

    def within(self, act: A, status: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """SQL: the act's entries with a status."""
        return self.of == act.id, self.entry.status == status

    def next(self, act: A, status: str, number: int) -> Select[E]:
        """The first `number` entries with a status, in the order in which they were written down."""
        return select(self.entry).where(*self.within(act, status)).order_by(self.entry.id).limit(number)

    def counts(self, session: Session, act: A) -> dict[str, int]:
        """How many entries have each status."""
        query = select(self.entry.status, func.count()).where(self.of == act.id).group_by(self.entry.status)
        return {**dict.fromkeys(self.states, 0), **{row[0]: row[1] for row in session.execute(query)}}

    def entries(
        self, session: Session, act: A, status: str, page: int, *with_it: ORMOption, size: int = 50
    ) -> Page[E]:
        """A page of the entries with a status, in the order in which they were written down."""
        query = select(self.entry).where(*self.within(act, status))
        return page_of(session, query, query.order_by(self.entry.id).options(*with_it), page, size)


def work_off(session: Session, actor: Account, portion: Callable[[], bool]) -> None:
    """Let `portion` work as long as it answers that there is more, and a request's patience lasts.

    Each asks anew what the actor may do: a role that was taken meanwhile is used no more.
    """
    elapsed, goes_on = stopwatch(), True
    while goes_on:
        session.expire(actor)
        goes_on = portion() and elapsed() < PATIENCE
