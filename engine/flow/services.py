"""What a service task may call, and how what it calls is declared.

A house declares its services in its kit (engine.casework.kit); the kernel finds them in its vocabulary.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

ServiceFunction = Callable[..., Any]
Called = tuple[str, str, Mapping[str, Any]]
"""A call that was made: element, service, parameters."""
_WATCHED: ContextVar[list[Called] | None] = ContextVar("watched", default=None)


class Circumstances(Protocol):
    """Of the circumstances of a call, the kernel knows where in the diagram it is made."""

    @property
    def element_id(self) -> str:
        """The service task that calls."""


@dataclass(frozen=True)
class Service:
    """A function ``f(call, **parameters) -> JSON-able`` that service tasks call by its name.

    `undo(call, result)` takes its effect back when a step is returned or withdrawn; it gets what the function
    had answered.
    """

    name: str
    title: str
    """What process owners call it."""
    about: str
    """What it does, in a few words."""
    function: ServiceFunction
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What process owners call each parameter, by its name."""
    undo: ServiceFunction | None = None
    said: Callable[[Any], str] | None = None
    """What came of a call, in a sentence for the case's timeline: of its answer; '' for nothing."""
    decides: bool = False
    """Whether it carries out what a level decided: no lower level takes that back (R12, R28, R29)."""
    of: str | None = None
    """The kind of subject (`vocabulary.About`) that it works on; None: of any."""

    def __post_init__(self) -> None:
        taken = [one.name for one in _taken(self.function)]
        if set(taken) != set(self.parameters):
            raise TypeError(f"service {self.name} takes {taken}, its words are for {list(self.parameters)}")

    @cached_property
    def required(self) -> frozenset[str]:
        """The parameters that have no default."""
        return frozenset(one.name for one in _taken(self.function) if one.default is inspect.Parameter.empty)


def _taken(function: ServiceFunction) -> list[inspect.Parameter]:
    """The parameters of a service's function; the first is the call itself."""
    return list(inspect.signature(function).parameters.values())[1:]


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


def call(known: Service, circumstances: Circumstances, parameters: Mapping[str, Any]) -> Any:
    """Do the work of a service."""
    watched = _WATCHED.get()
    if watched is not None:
        watched.append((circumstances.element_id, known.name, dict(parameters)))
    return known.function(circumstances, **parameters)
