"""Others' engines beside ours, in the same run: the same work of six user tasks, a choice and a timer.

They are installed into an environment of their own that goes afterwards; the product never depends on them.
Each flow is a script of ours (`web/bench/peer_flows`) that prints one line of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from web.bench import same_work
from web.bench.measure import Figures, Say

FLOWS = Path(__file__).parent / "peer_flows"
INSTALL, RUN = 180.0, 120.0
"""Seconds that installing, and one engine's run, may take."""


class NotInstalled(Exception):
    """They cannot be had here."""


ENGINES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "Viewflow": ("viewflow_flow.py", ("django-viewflow==2.4.0",)),
    "SpiffWorkflow": ("spiffworkflow_flow.py", ("SpiffWorkflow==3.2.0",)),
}
"""Name, script, and what it needs."""


def measure(cases: int, say: Say) -> Figures:
    """Every engine in turn, ours first.

    Raises NotInstalled where one cannot be installed.
    """
    with tempfile.TemporaryDirectory(prefix="shouwang-peers-") as folder:
        python = _environment(Path(folder), say)
        say("对照：同样的活由本系统办")
        found: Figures = {
            "ours": same_work.measure(cases),
            "engines": {},
            "steps_a_case": len(same_work.STEPS),
        }
        for name, (script, _) in ENGINES.items():
            say(f"对照：{name}")
            found["engines"][name] = _run(python, FLOWS / script, cases)
        return found


def _environment(folder: Path, say: Say) -> Path:
    say("对照的引擎装入临时环境")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    needed = [one for _, packages in ENGINES.values() for one in packages]
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *needed]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL, check=False)
    except subprocess.TimeoutExpired:
        raise NotInstalled("对照的引擎三分钟内没有装好，这次不作对照；请检查到软件源的网络。") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise NotInstalled(f"装不上对照的引擎，这次不作对照：{last}")
    return python


def _run(python: Path, script: Path, cases: int) -> Figures:
    """One engine's figures; its process is ended when it takes too long."""
    command = [str(python), "-I", str(script), str(cases)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN, check=False)
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{script.stem} 两分钟内没有跑完，这次不作对照。") from None
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        raise NotInstalled(f"{script.stem} 没有跑成，这次不作对照。")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def report(figures: Mapping[str, Any]) -> Iterator[str]:
    """The figures as lines for people."""
    if "ours" not in figures:
        return
    for name, one in {"本系统": figures["ours"], **figures["engines"]}.items():
        yield f"对照 {name} {one['version']}：每步占处理器 {one['cpu_ms']} 毫秒，每秒 {one['per_second']} 步"
