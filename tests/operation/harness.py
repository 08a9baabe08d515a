"""Web processes, workers and the database as child processes, each known by its number.

Every wait is bounded; a port is the one that was free; whatever is started is ended with the block that
started it, whichever way that ends.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-c", "from web.cli import main; main()"]
STARTS = 60.0
"""Seconds within which a process answers, on a busy machine."""
ENDS = 45.0
"""Seconds within which a process that is asked to end has ended."""
STEP = 0.05
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of the loopback that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], bool], what: str, seconds: float = STARTS) -> None:
    """Wait until something holds. Raises AssertionError with `what` when it does not in time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(STEP)


def status(port: int, path: str = "/ready", seconds: float = 10) -> int:
    """What a port answers; 0 when nobody does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    except http.client.HTTPException:
        return 0
    finally:
        connection.close()


def used(processes: Iterable[int]) -> dict[int, float]:
    """Seconds of a core that each process has used; one that is gone is left out."""
    found = {}
    for pid in processes:
        with suppress(OSError):
            parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            found[pid] = (int(parts[11]) + int(parts[12])) / TICKS
    return found


class Process:
    """A command of the system that runs; `port` is where it answers, 0 for one that answers nobody."""

    def __init__(
        self, folder: Path, arguments: list[str], environment: dict[str, str], port: int = 0
    ) -> None:
        self.port = port
        self.log = folder / f"{arguments[0]}-{port or os.urandom(4).hex()}.log"
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                [*COMMAND, *arguments],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._child.pid

    @property
    def runs(self) -> bool:
        """Whether it is there."""
        return self._child.poll() is None

    def children(self) -> list[int]:
        """The processes that it has started itself."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(one) for one in listed.read_text().split()]

    def wait_until_ready(self) -> None:
        """Until it says that requests may be sent to it."""
        until(lambda: not self.runs or status(self.port) == 200, f"not ready:\n{self.said()}")
        assert self.runs, self.said()

    def said(self) -> str:
        """What it wrote."""
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """SIGKILL: it can tidy up nothing."""
        self._child.kill()
        self._child.wait(ENDS)

    def ask_to_end(self) -> None:
        """SIGTERM, without waiting."""
        self._child.send_signal(signal.SIGTERM)

    def end(self) -> int:
        """SIGTERM, then the code with which it ended. Raises AssertionError when it does not end in time."""
        self.ask_to_end()
        return self.wait()

    def wait(self) -> int:
        """The code with which it ended of itself."""
        try:
            return self._child.wait(ENDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end:\n{self.said()}") from None

    def clear_away(self) -> None:
        """Make sure that nothing of it is left: the process, and what it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)  # its own session: nobody else is in it
        self._child.wait(ENDS)


class System:
    """Processes on one database."""

    def __init__(self, url: str, folder: Path, **settings: str) -> None:
        self.url, self.folder = url, folder
        self.environment = {
            "SHOUWANG_DATABASE_URL": url,
            "SHOUWANG_SECRET_KEY": "operation",
            "SHOUWANG_SECURE_COOKIES": "0",
            "SHOUWANG_THREADS": "4",
            "SHOUWANG_SCHEDULER": "0",
            **settings,
        }
        self._all: list[Process] = []

    def start(self, *arguments: str, port: int = 0, **settings: str) -> Process:
        """Start a command of the system."""
        made = Process(self.folder, list(arguments), {**self.environment, **settings}, port)
        self._all.append(made)
        return made

    def web(self, processes: int = 1, *, ready: bool = True, **settings: str) -> Process:
        """Pages and API by one command, answering."""
        port = free_port()
        many = ["--processes", str(processes)] if processes > 1 else []
        made = self.start("serve", "--port", str(port), *many, port=port, **settings)
        if ready:
            made.wait_until_ready()
        return made

    def worker(self, **settings: str) -> Process:
        """What does what is due."""
        return self.start("worker", **settings)

    def clear_away(self) -> None:
        """End all that was started."""
        for one in self._all:
            one.clear_away()


@contextmanager
def system(url: str, folder: Path, **settings: str) -> Iterator[System]:
    """Processes on an installed database (the fixtures ``postgres_url`` and ``sqlite_url`` make one)."""
    made = System(url, folder, **settings)
    try:
        yield made
    finally:
        made.clear_away()
