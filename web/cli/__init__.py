"""The command line: `shouwang …`."""

from web.cli import (  # noqa: F401  they add commands
    backups,
    checking,
    database,
    importing,
    lines,
    measuring,
    people,
    running,
)
from web.cli.group import main

__all__ = ["main"]
