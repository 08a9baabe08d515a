"""The one small tree of errors: each carries a Chinese sentence for people, a code for programs and an HTTP status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class ShouwangError(Exception):
    """Base of every error that a person may be told about."""

    code = "error"
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotAllowed(ShouwangError):
    """The actor's grants do not reach what was asked for."""

    code = "not_allowed"
    status = 403


class NotFound(ShouwangError):
    """There is no such thing, or the actor may not know that there is."""

    code = "not_found"
    status = 404


class Conflict(ShouwangError):
    """The thing has changed since the actor looked: finished, taken, closed."""

    code = "conflict"
    status = 409


class Invalid(ShouwangError):
    """What was typed does not hold; `fields` has the sentences by form path, e.g. ``members.0.id_number``."""

    code = "invalid"
    status = 422

    def __init__(self, message: str, fields: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(message)
        self.fields: dict[str, list[str]] = {key: list(texts) for key, texts in (fields or {}).items()}


class Losing(Invalid):
    """To store it would lose what another tool wrote; who says so on purpose may."""

    code = "losing"


@dataclass(frozen=True)
class Finding:
    """One result of a check: the element it is about and a Chinese sentence."""

    element_id: str
    element_name: str
    message: str
    severity: str = "error"


class DefinitionError(ShouwangError):
    """A diagram, decision table or form that cannot be put into force; `findings` say why, element by element."""

    code = "definition"
    status = 422

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = list(findings)


class EngineFault(ShouwangError):
    """A step failed for a reason that is not the actor's; an incident has been (or will be) recorded."""

    code = "engine_fault"
    status = 500
