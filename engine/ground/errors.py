"""The one small tree of errors: each carries a Chinese sentence for people,
a code for programs and an HTTP status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


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
class Cure:
    """A text of the drawing as it should read: of its ``name``, ``documentation``,
    ``instructions`` or a note's ``text``, of an extension property (``property:NAME``) or of a service's
    parameter (``parameter:NAME``).
    """

    element_id: str
    part: str
    before: str
    after: str


@dataclass(frozen=True)
class Finding:
    """One result of a check: the element it is about and a Chinese sentence."""

    element_id: str
    element_name: str
    message: str
    severity: str = "error"
    cure: Cure | None = None
    """What the drawing page can change at the press of a button."""


class DefinitionError(ShouwangError):
    """A diagram, decision table or form that cannot be put into force; `findings` say why,
    element by element.
    """

    code = "definition"
    status = 422

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = list(findings)


class Trouble(Enum):
    """What is the matter with the surroundings, and what people are told; nothing has been changed."""

    CROSSED = "系统正忙，这一步没有办成，什么也没有改变。请再按一次。"
    """Two transactions were in each other's way and this one gave way: deadlock, serialization."""
    HELD = "系统正忙，这一步没有办成，什么也没有改变。请过几秒再按一次。"
    """What was needed is held by another for too long, or took too long."""
    LOST = "数据库暂时联系不上，这一步没有办成，什么也没有改变。请过一会儿再按一次。"
    """The connection broke, or none could be made."""
    REFUSED = "数据库现在不能保存，这一步没有办成，什么也没有改变。请过一会儿再按一次，并告诉管理员。"
    """The disk is full or broken, memory or connections are used up, the database takes no writes."""
    MOVED = (
        "数据库正在换主机或者只能看，这一步没有办成，什么也没有改变。请过一会儿再按一次，一直不行告诉管理员。"
    )
    """The connection led to a server that takes no writes: a standby, or a leader that was replaced."""
    UNSURE = "数据库在保存时断了联系，不知道这一步办成没有。请刷新页面看一看，没有办成的再按一次。"
    """The connection broke while the transaction was being committed."""


class Unavailable(ShouwangError):
    """The surroundings (database, disk, network) did not let it happen: nothing has changed,
    who asked may ask again.

    Raised by `engine.ground.database.write`; `engine.ground.surroundings` has the sentences.
    """

    code = "busy"
    status = 503
    retry_after = 5
    """Seconds after which asking again makes sense."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class EngineFault(ShouwangError):
    """A step failed for a reason that is not the actor's; an incident has been (or will be) recorded."""

    code = "engine_fault"
    status = 500
