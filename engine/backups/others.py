"""What other programs that keep copies say of themselves: pgBackRest and litestream."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.ground.errors import Invalid

NAMES = {"pgbackrest": "pgBackRest", "litestream": "litestream"}


@dataclass(frozen=True)
class Copy:
    """The last copy that such a program made."""

    kind: str
    at: datetime
    """What has been done since is not in it."""
    size: int
    """Bytes."""


def of_pgbackrest(said: str) -> Copy:
    """The last backup in what ``pgbackrest info --output=json`` says. Raises Invalid."""
    try:
        stanzas: list[dict[str, Any]] = json.loads(said)
        made = [one for stanza in stanzas for one in stanza["backup"] if not one.get("error")]
        last = max(made, key=lambda one: one["timestamp"]["stop"])
        at = datetime.fromtimestamp(last["timestamp"]["start"], UTC)
        return Copy("pgbackrest", at, int(last["info"]["size"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Invalid("pgBackRest 没有说有一份好的备份：请看 pgbackrest info 的输出。") from error


def of_litestream(folder: Path) -> Copy:
    """The last piece that litestream has put into its folder. Raises Invalid for an empty one."""
    pieces = [found.stat() for found in folder.rglob("*") if found.is_file()]
    if not pieces:
        raise Invalid(f"{folder} 里没有复制品：请看 litestream 是否在运行。")
    at = datetime.fromtimestamp(max(one.st_mtime for one in pieces), UTC)
    return Copy("litestream", at, sum(one.st_size for one in pieces))
