"""What goes wrong around a case and is not the case's fault: the database, the disk, the network.

One function tells such an error from a fault of the case; whoever sets something aside, records an incident
or notes a refusal asks it first. What the surroundings have stopped has changed nothing and is done again: by
the machine where that is safe, else by who pressed.
"""

from __future__ import annotations

import errno
import os
import re
import traceback
from collections.abc import Iterator
from typing import Any

from sqlalchemy import exc

from engine.ground.errors import EngineFault, ShouwangError, Trouble, Unavailable

_SQLITE = {
    5: Trouble.HELD,
    6: Trouble.HELD,
    9: Trouble.HELD,
    15: Trouble.HELD,  # busy, locked, interrupted, protocol
    3: Trouble.REFUSED,
    7: Trouble.REFUSED,
    8: Trouble.REFUSED,
    10: Trouble.REFUSED,
    11: Trouble.REFUSED,
    13: Trouble.REFUSED,
    14: Trouble.REFUSED,
    26: Trouble.REFUSED,
}
"""By SQLite's primary result code: permission, memory, read-only, input/output, corrupt, full, cannot open,
no database.
"""
READ_ONLY = "25006"
"""What a PostgreSQL server says that takes no writes: a standby, or a leader that another has replaced."""
_POSTGRES = {
    "40001": Trouble.CROSSED,
    "40P01": Trouble.CROSSED,
    "55P03": Trouble.HELD,
    "57014": Trouble.HELD,
    "25P03": Trouble.LOST,
    "57P": Trouble.LOST,
    "08": Trouble.LOST,
    READ_ONLY: Trouble.MOVED,
    "53": Trouble.REFUSED,
    "58": Trouble.REFUSED,
    "XX001": Trouble.REFUSED,
    "XX002": Trouble.REFUSED,
}
"""By SQLSTATE or its beginning (PostgreSQL, appendix A)."""
_SYSTEM = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.EROFS,
        errno.ENOMEM,
        errno.EMFILE,
        errno.ENFILE,
        errno.ETIMEDOUT,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.EAGAIN,
    }
)


def trouble_of(error: BaseException) -> Trouble | None:
    """What the surroundings have to do with an error; None for a fault of the case, and for a refusal."""
    if isinstance(error, Unavailable):
        return error.trouble
    if isinstance(error, ShouwangError) and not isinstance(error, EngineFault):
        return None  # a decision that was made, whatever led to it
    return next((found for one in causes(error) if (found := _trouble(one)) is not None), None)


def driver_said(error: BaseException) -> str:
    """For the server's own log: what the driver said of the trouble, in one line, without the statement and
    its values, which may name people.
    """
    said = [one.orig if isinstance(one, exc.DBAPIError) and one.orig else one for one in causes(error)]
    troubles = [one for one, cause in zip(said, causes(error), strict=True) if _trouble(cause) is not None]
    return _of_driver((troubles or said)[-1])[:300]


def _of_driver(error: BaseException) -> str:
    primary = getattr(getattr(error, "diag", None), "message_primary", None)  # PostgreSQL cites rows below it
    if primary or hasattr(error, "sqlite_errorcode") or isinstance(error, exc.TimeoutError):
        return str(primary or error).partition("\n")[0]
    if type(error).__module__.startswith("psycopg"):  # it was not reached: host, port, reason
        return str(error).partition("\n")[0]
    return nameless(error)


_OF_THE_LANGUAGE = (AttributeError, NameError, TypeError, ImportError)
"""What Python says of these names types and attributes, which are the program's."""
_VALUE = re.compile(r"\d{4}|[^\x20-\x7e]")


def nameless(error: BaseException) -> str:
    """An error in words that cite nothing which anybody typed, and nothing that is stored.

    Most errors cite the value that they stumbled on: those give their kind alone.
    """
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if isinstance(error, Unavailable):
        return f"{kind}: {error.trouble.value}"
    if isinstance(error, exc.DBAPIError) and error.orig is not None:
        return f"{kind} {_where(error.orig)}".strip()
    if isinstance(error, OSError) and error.errno is not None:
        return f"{kind}: {os.strerror(error.errno)}"
    if isinstance(error, _OF_THE_LANGUAGE) and not _VALUE.search(str(error)):
        return f"{kind}: {error}"
    return kind


def _where(driver: Any) -> str:
    """Which rule of which table a statement broke, by the names that we gave them."""
    if said := getattr(driver, "diag", None):
        names = (said.sqlstate, said.table_name, said.column_name, said.constraint_name)
        return " ".join(name for name in names if name)
    text = str(driver)
    told = text if " constraint failed" in text and not _VALUE.search(text) else ""
    return f"{getattr(driver, 'sqlite_errorname', '')} {told}".strip()


def told(error: BaseException) -> str:
    """An error and what led to it, for a log: each with the way through the program, and nameless."""
    chain = [*causes(error)][::-1]
    return "\n".join("".join(traceback.format_tb(one.__traceback__)) + nameless(one) for one in chain)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, outermost first."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)


def _trouble(error: BaseException) -> Trouble | None:
    if isinstance(error, Unavailable):
        return error.trouble
    if isinstance(error, exc.TimeoutError):  # every connection of the pool is in use
        return Trouble.HELD
    if isinstance(error, exc.PendingRollbackError | exc.DisconnectionError):
        return Trouble.LOST
    if isinstance(error, exc.DBAPIError):
        return _of_database(error)
    if isinstance(error, MemoryError):
        return Trouble.REFUSED
    return _of_system(error) if isinstance(error, OSError) else None


def _of_database(error: exc.DBAPIError) -> Trouble | None:
    driver: Any = error.orig
    code: int | None = getattr(driver, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF)  # the extended codes keep the primary one in their lowest byte
    state: str = getattr(driver, "sqlstate", None) or ""
    if state:
        return next((found for start, found in _POSTGRES.items() if state.startswith(start)), None)
    broken = error.connection_invalidated or isinstance(error, exc.OperationalError | exc.InterfaceError)
    return Trouble.LOST if broken else None  # without a code of the server's: it was not reached


def _of_system(error: OSError) -> Trouble | None:
    if isinstance(error, ConnectionError | TimeoutError):
        return Trouble.LOST
    return Trouble.REFUSED if error.errno in _SYSTEM else None
