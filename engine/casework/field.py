"""What a field tells casework of itself besides the words of its diagrams: the parts of a `Kit`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session

from engine.casework.models import Account, CaseFile, NumberedPaper, Subject, WorkItem
from engine.flow.machine.definition import Element
from engine.ground.clock import Clock

if TYPE_CHECKING:
    from engine.casework.papers.compose import Listed
    from engine.casework.papers.drafts import Draft
    from engine.casework.papers.kinds import Kind
    from engine.casework.papers.paper import Paper


@dataclass(frozen=True)
class Subjects:
    """Whom the field's cases are about: the rows of one table."""

    model: Any
    """The mapped class; its rows are `Subject`s."""
    known_as: str
    """The name by which forms read one (``household.address``): one of `Kit.prefills`."""
    called: Callable[[str], str]
    """What people call one whose name is known."""
    look_up: Callable[[Session, Account, int], Subject]
    """One by its number. Raises NotFound out of the actor's reach."""
    first_variables: Callable[[Session, Any, date], dict[str, Any]]
    """What every case of one begins with on a day."""
    opens_for: Callable[[Element, Any], bool]
    """Whether a start event opens for this one."""
    concerned: Callable[[Element], ColumnElement[bool]]
    """SQL: those for whom a start event opens."""
    listed: Callable[[Session, Sequence[CaseFile]], Mapping[int, Listed]]
    """How those of cases stand on a paper, by case, in a fixed number of queries."""


@dataclass(frozen=True)
class Delivery:
    """A message that people report and that a room of the field records before the case hears of it."""

    send: Callable[[Session, Account, int, Mapping[str, Any], Clock], Any]
    """Of the case's number and the clean data of the message's form. Raises Conflict when it is too late."""
    taken: Callable[[Session, int], bool]
    """Whether the case takes it now, be its diagram waiting for it at this moment or not."""


@dataclass(frozen=True)
class Gathering:
    """A kind of paper that has its number early and gathers cases until it is issued."""

    of_cases: Callable[[Session, list[int]], Sequence[NumberedPaper]]
    """Those on which the cases stand."""
    compose: Callable[[Session, NumberedPaper, datetime], Paper]
    """What one would say were it issued now."""
    close: Callable[[Session, NumberedPaper, Account | None, datetime], bool]
    """Issue it; answers whether it still gathered."""


Drawing = Callable[[Session, "Kind", Sequence[WorkItem], datetime], Iterable["Draft"]]
"""The papers of a kind on which the items of one step stand, or would stand were they issued now."""
Brought = Callable[[Account, Collection[int]], Select[Any]]
"""Of an actor and the numbers of cases: those that they brought otherwise than by opening them."""
Narrowing = Callable[[int], Select[Any]]
"""Of the number of a row of the field's: the numbers of the cases that belong to it."""
CasePart = Callable[[Session, int], Sequence[Any]]
"""Of a case's number: what its page shows of one table of the field's."""
