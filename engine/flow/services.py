"""What a service task may call, by name, and what follows when a case ends.

A domain room registers its functions here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from engine.casework.models import Account, CaseFile, Submission, WorkItem
from engine.ground.tables import table

if TYPE_CHECKING:
    from engine.flow.machine.definition import Definition
    from engine.flow.machine.instance import Instance

_SUBMISSION = table(Submission)
_LATEST_SUBMISSION = (
    select(_SUBMISSION.c.data)
    .where(_SUBMISSION.c.case_id == bindparam("case_id"), _SUBMISSION.c.form_key == bindparam("form_key"))
    .order_by(_SUBMISSION.c.id.desc())
    .limit(1)
)

_LAST_STEP = (
    select(WorkItem.token, WorkItem.opened_at, Submission.data)
    .join(WorkItem, WorkItem.id == Submission.work_item_id)
    .where(Submission.case_id == bindparam("case_id"))
    .order_by(Submission.id.desc())
    .limit(1)
)
_FIRST_OPENED = select(func.min(WorkItem.opened_at)).where(
    WorkItem.case_id == bindparam("case_id"), WorkItem.token == bindparam("token")
)

ServiceFunction = Callable[..., Any]
Called = tuple[str, str, Mapping[str, Any]]
"""A call that was made: element, service, parameters."""
_WATCHED: ContextVar[list[Called] | None] = ContextVar("watched", default=None)


@dataclass(frozen=True)
class ServiceCall:
    """The circumstances of one call: everything a service may know besides its parameters."""

    session: Session
    case: CaseFile
    actor: Account | None
    now: datetime
    element_id: str
    token: str
    due_of: Callable[[str], datetime | None]
    """When the diagram's timer of an element id would be due, were its wait to begin now."""
    variable: Callable[[str], Any] = lambda name: None
    """The case variable of a name as it is now, or None."""
    pending: Callable[[str], list[Any]] = lambda name: []
    """What messages of a name brought that the case has not caught yet."""

    definition: Definition | None = None
    """The version that the case runs on."""

    def last_step(self) -> tuple[datetime, dict[str, Any]] | None:
        """When the step that was finished last was opened (however often it came back),
        and what was sent with it.
        """
        self.session.flush()
        found = self.session.execute(_LAST_STEP, {"case_id": self.case.id}).first()
        if found is None:
            return None
        opened = self.session.scalar(_FIRST_OPENED, {"case_id": self.case.id, "token": found.token})
        return opened or found.opened_at, dict(found.data)

    def submission(self, form_key: str) -> dict[str, Any] | None:
        """The clean data of the case's latest submission of a form, or None."""
        self.session.flush()
        data: dict[str, Any] | None = self.session.scalar(
            _LATEST_SUBMISSION, {"case_id": self.case.id, "form_key": form_key}
        )
        return data


@dataclass(frozen=True)
class Service:
    """A registered function; `undo` takes its effect back when a step is returned or withdrawn."""

    name: str
    title: str
    """What process owners call it."""
    about: str
    """What it does, in a few words."""
    function: ServiceFunction
    undo: ServiceFunction | None
    parameters: frozenset[str]
    required: frozenset[str] = frozenset()
    """Those that have no default."""
    decides: bool = False
    """Whether it carries out what a level decided: no lower level takes that back (R12, R28, R29)."""


REGISTRY: dict[str, Service] = {}


def service(
    name: str, title: str, about: str, undo: ServiceFunction | None = None, *, decides: bool = False
) -> Callable[[ServiceFunction], ServiceFunction]:
    """Register a function ``f(call: ServiceCall, **parameters) -> JSON-able`` under `name`.

    Process owners read `title` and `about`; `undo(call, result)` gets what the function had answered.
    """

    def register(function: ServiceFunction) -> ServiceFunction:
        given = list(inspect.signature(function).parameters.values())[1:]
        required = frozenset(one.name for one in given if one.default is inspect.Parameter.empty)
        taken = frozenset(one.name for one in given)
        REGISTRY[name] = Service(name, title, about, function, undo, taken, required, decides)
        return function

    return register


WHEN_FINISHED: list[Callable[[ServiceCall], None]] = []


def when_finished(function: Callable[[ServiceCall], None]) -> Callable[[ServiceCall], None]:
    """Register what a room does as a case ends, whichever way it ends."""
    WHEN_FINISHED.append(function)
    return function


def finished(circumstances: ServiceCall) -> None:
    """The case has ended: every room that has to do with it sees to its own."""
    for function in WHEN_FINISHED:
        function(circumstances)


@dataclass(frozen=True)
class Correction:
    """What stands outside the system and would be wrong after a case has moved; people are told,
    the record is set right.
    """

    sentence: str
    apply: Callable[[], None]


Corrects = Callable[[Session, CaseFile, "Instance", datetime], Sequence[Correction]]
WHEN_MOVED: list[Corrects] = []


def when_moved(function: Corrects) -> Corrects:
    """Register what a room has to correct when a case goes on as another instance;
    it raises Conflict to refuse the move.
    """
    WHEN_MOVED.append(function)
    return function


def corrections(session: Session, case: CaseFile, instance: Instance, now: datetime) -> list[Correction]:
    """What would have to be corrected were the case to go on as `instance`.

    Raises Conflict when it may not.
    """
    return [one for function in WHEN_MOVED for one in function(session, case, instance, now)]


Follower = Callable[[ServiceCall], None]
FOLLOWERS: list[Follower] = []


def when_ended(function: Follower) -> Follower:
    """Register what follows when a case has ended, finished or cancelled, in the same transaction."""
    FOLLOWERS.append(function)
    return function


def ended(circumstances: ServiceCall) -> None:
    """A case has ended: whoever waited for it goes on."""
    for follow in FOLLOWERS:
        follow(circumstances)


@contextmanager
def watching() -> Iterator[list[Called]]:
    """The calls that are made inside, as they are made:
    for who tries a procedure and wants to see its parameters.
    """
    calls: list[Called] = []
    token = _WATCHED.set(calls)
    try:
        yield calls
    finally:
        _WATCHED.reset(token)


def call(known: Service, circumstances: ServiceCall, parameters: Mapping[str, Any]) -> Any:
    """Do the work of a service."""
    watched = _WATCHED.get()
    if watched is not None:
        watched.append((circumstances.element_id, known.name, dict(parameters)))
    return known.function(circumstances, **parameters)


def words(name: str) -> tuple[str, str]:
    """What process owners call the service, and what it does; of an unknown one its name."""
    known = REGISTRY.get(name)
    return (known.title, known.about) if known else (name, "")


def find(name: str) -> Service | None:
    """The service `name`, or None."""
    return REGISTRY.get(name)
