"""The installed databases that tests copy: each is built when a test first asks,
once for all processes of a run.

Nobody who asks for none waits for one: a unit test needs neither the server nor the installation.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.support import restoring
from tests.support.postgres import Postgres, execute

FOLDER = "SHOUWANG_TEST_FOLDER"
_SERVER, _TEMPLATE = "server.pickle", "postgresql"


def begin() -> None:
    """The first process of a run makes the folder; the others inherit it by environment."""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="shouwang-tests-")


def end() -> None:
    """The first process stops what any of them started."""
    folder = Path(os.environ.pop(FOLDER))
    if (folder / _SERVER).exists():
        server: Postgres = pickle.loads((folder / _SERVER).read_bytes())
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@cache
def sqlite() -> Path:
    """The file of an installed SQLite database, to be copied."""
    return prepared("template", _install)


def prepared(name: str, build: Callable[[str], None]) -> Path:
    """The file of the SQLite database `name`, to be copied; `build` fills it at an address, once in a run."""
    with _alone() as folder:
        path = folder / f"{name}.sqlite"
        if not path.exists():
            draft = folder / f"{name}-draft.sqlite"
            build(f"sqlite:///{draft}")
            draft.rename(path)
    return path


@cache
def server() -> str:
    """The address of the run's PostgreSQL, up to a database's name."""
    with _alone() as folder:
        note = folder / _SERVER
        if not note.exists():
            note.write_bytes(pickle.dumps(Postgres()))
        found: Postgres = pickle.loads(note.read_bytes())
    return found.url("")


@contextmanager
def empty() -> Iterator[str]:
    """A PostgreSQL database without a table, for as long as it is looked at."""
    url = _create()
    yield url
    _drop(url)


@contextmanager
def installed() -> Iterator[str]:
    """An installed PostgreSQL database, for as long as it is looked at.

    It is put back as it was for the next test: to make one takes ten times as long. What cannot be put back
    (`restoring`) is dropped.
    """
    url = _ready.pop() if _ready else _copy()
    yield url
    if restoring.restored(url):
        _ready.append(url)
    else:
        _drop(url)


_ready: list[str] = []
"""Databases of this process that are as they were installed."""


@contextmanager
def copied() -> Iterator[str]:
    """As `installed`, but one that no test had before: for what depends on how rows lie in their files."""
    url = _copy()
    yield url
    _drop(url)


def _copy() -> str:
    return _create(f"TEMPLATE {_template()} STRATEGY FILE_COPY")


def _create(how: str = "") -> str:
    name, base = f"test_{os.getpid()}_{os.urandom(4).hex()}", server()
    execute(f"{base}postgres", f"CREATE DATABASE {name} {how}")
    return f"{base}{name}"


def _drop(url: str) -> None:
    execute(f"{server()}postgres", f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")


@cache
def _template() -> str:
    base, name = server(), "shouwang_template"
    with _alone() as folder:
        if not (folder / _TEMPLATE).exists():
            execute(f"{base}postgres", f"CREATE DATABASE {name}")
            _install(f"{base}{name}")
            restoring.prepare(f"{base}{name}", _begin)
            (folder / _TEMPLATE).touch()
    return name


def begun(url: str) -> bool:
    """Put a database that is as it was installed where `World.approved` leads; whether it is there now.

    A quarter of what stories cost was their common beginning.
    """
    if not url.startswith("sqlite:///"):
        return restoring.begun(url)
    template = sqlite()
    return restoring.begun_file(Path(url.removeprefix("sqlite:///")), template, _begins(template))


@cache
def _begins(template: Path) -> Path:
    """The file of an SQLite database in which a household has been approved."""

    def build(url: str) -> None:
        shutil.copy(template, url.removeprefix("sqlite:///"))
        _begin(url)

    return prepared("begun", build)


def _begin(url: str) -> None:
    from tests.support.world import World

    world = World(url)
    world.approve()
    world.close()


def _install(url: str) -> None:
    from tests.support import template  # the whole engine, which a unit test does without

    template.build(url)


@contextmanager
def _alone() -> Iterator[Path]:
    """The run's folder, while no other process of the run builds in it."""
    folder = Path(os.environ[FOLDER])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
