"""The page's own script, run by Node: what it makes of forms, expressions and blanks."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[1] / "browser" / "evaluate.mjs"


def evaluated(asked: Sequence[dict[str, Any]]) -> list[Any]:
    """The script's answers: of ``{plan, typed}`` what is hidden and computed, of ``{tree,
    names}`` or ``{node, value}`` a value.
    """
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run([node, SCRIPT], input=json.dumps(asked).encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    found: list[Any] = json.loads(done.stdout)
    return found
