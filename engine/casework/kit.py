"""What a field brings along; whoever assembles a process says which kits it uses.

A registry never imports its members: each room declares its KIT, a field joins them with ``|``, and the
server, a command or a test says `use`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from engine.casework.models import CaseFile, Timer
from engine.casework.services import Correction, ServiceCall
from engine.flow import vocabulary
from engine.flow.receivers import Receiver
from engine.flow.services import Service
from engine.flow.vocabulary import Given, LegalLimit, PaperKind, Vocabulary

if TYPE_CHECKING:
    from engine.casework.step.steps import Step
    from engine.flow.machine.instance import Instance

Follower = Callable[[ServiceCall], None]
Corrects = Callable[[Session, CaseFile, "Instance", datetime], Sequence[Correction]]
Prefill = Callable[[Session, int, str], Any]
"""Of a session, a household's number and its village's code: what the forms' ``prefill`` reads of it."""
Due = Callable[["Step", Timer], None]
"""What is done, in a step of its own, when a timer of the host's own is due."""


@dataclass(frozen=True)
class Kit(Vocabulary):
    """What a field brings along: what the kernel must know of it, and what the rooms of casework ask for."""

    prefills: Mapping[str, Prefill] = field(default_factory=dict)
    """By the first name that a form's ``prefill`` writes; read only when a form asks for it."""
    due: Mapping[str, Due] = field(default_factory=dict)
    """By the kind of timer; what has none here is a timer of the diagram."""
    when_finished: Sequence[Follower] = ()
    """What a room does as a case ends by its diagram, whichever way it ends."""
    when_ended: Sequence[Follower] = ()
    """What follows when a case has ended, finished or cancelled, in the same transaction."""
    when_moved: Sequence[Corrects] = ()
    """What a room has to correct when a case goes on as another instance; it raises Conflict to refuse."""

    def __or__(self, other: Kit) -> Kit:
        """Both together. Raises ValueError when both bring the same name."""
        return Kit(**{one.name: _joined(one.name, self, other) for one in fields(self)})


def _joined(name: str, one: Kit, other: Kit) -> Any:
    """What both kits have under a field's `name`."""
    first, second = getattr(one, name), getattr(other, name)
    twice = set(_names(first)) & set(_names(second))
    if twice:
        raise ValueError(f"two kits bring the same {name}: {', '.join(sorted(map(str, twice)))}")
    return {**first, **second} if isinstance(first, Mapping) else (*first, *second)


def _names(brought: Mapping[str, Any] | Sequence[Any]) -> list[Hashable]:
    """What tells apart what a kit brings under one of its fields."""
    return list(brought) if isinstance(brought, Mapping) else [_name(one) for one in brought]


def _name(one: Any) -> Hashable:
    """Its name, of a receiver with its kind; a function is itself."""
    if isinstance(one, Receiver):
        return one.kind, one.name
    if isinstance(one, LegalLimit):
        return one.procedure, one.element
    if isinstance(one, PaperKind):
        return one.key
    return str(one.name) if isinstance(one, Service | Given) else one


_in_use = Kit()


def use(kit: Kit) -> None:
    """Work with `kit`: said once, by who assembles the process."""
    global _in_use
    _in_use = kit
    vocabulary.use(kit)


def used() -> Kit:
    """The kit in use; an empty one before anybody has said."""
    return _in_use


def finished(circumstances: ServiceCall) -> None:
    """The case has ended by its diagram: every room that has to do with it sees to its own."""
    for follow in _in_use.when_finished:
        follow(circumstances)


def ended(circumstances: ServiceCall) -> None:
    """A case has ended: whoever waited for it goes on."""
    for follow in _in_use.when_ended:
        follow(circumstances)


def corrections(session: Session, case: CaseFile, instance: Instance, now: datetime) -> list[Correction]:
    """What would have to be corrected were the case to go on as `instance`.

    Raises Conflict when it may not.
    """
    asked = [corrects(session, case, instance, now) for corrects in _in_use.when_moved]
    return [one for found in asked for one in found]
