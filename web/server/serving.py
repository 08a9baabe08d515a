"""How the process answers: as many threads, connections and seconds as the configuration says."""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Any

from flask import Flask

from web.server.config import Capacity

SPARE_FILES = 200
"""Open files that the process needs besides its connections: database, fonts, uploads."""


def options(capacity: Capacity) -> dict[str, Any]:
    """Waitress's settings. An idle connection costs a file, not a thread; it is closed after a while.

    ``poll`` takes any number of connections, where ``select`` ends at the 1 024th file.
    """
    return {
        "threads": capacity.threads,
        "connection_limit": _allowed(capacity.connections),
        "channel_timeout": capacity.idle_connection_seconds,
        "cleanup_interval": max(1, capacity.idle_connection_seconds // 3),
        "backlog": 1024,
        "asyncore_use_poll": True,
        "ident": None,
    }


def _allowed(connections: int) -> int:
    """The wanted number, or as many as the system lets this process open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        more = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (more, hard))
            soft = more
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    return max(50, soft - SPARE_FILES)


def serve(app: Flask, host: str, port: int) -> None:
    """Answer until the process is stopped."""
    import waitress

    config = app.config["SHOUWANG"]
    waitress.serve(
        app,
        host=host,
        port=port,
        _quiet=True,
        # What proxies say of the caller reaches the application only where it knows how many there are.
        clear_untrusted_proxy_headers=not config.trusted_proxies,
        **options(config.capacity),
    )
