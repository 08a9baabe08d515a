"""The command line: `shouwang …`."""

from web.cli import checking, database, importing, measuring, people, running  # noqa: F401  they add commands
from web.cli.group import main

__all__ = ["main"]
