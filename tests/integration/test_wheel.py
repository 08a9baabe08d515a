"""The released package: installed alone, away from any checkout, it carries all that it needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from socket import create_server
from time import sleep
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from engine.prevention.installation import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = ("engine", "web", "bpmn", "forms_json")
PATIENCE = 30
"""Seconds until a server answers; a bound, no measurement."""


class Installation:
    """The package in a folder of its own, and a working directory elsewhere."""

    def __init__(self, folder: Path) -> None:
        source, prefix, self.desk = folder / "source", folder / "installed", folder / "desk"
        self.desk.mkdir()
        for name in FOLDERS:
            copytree(ROOT / name, source / name, ignore=ignore_patterns("__pycache__"))
        copy(ROOT / "pyproject.toml", source)
        pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
        self._run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, source)
        (wheel,) = folder.glob("*.whl")
        self._run(*pip, "install", "--ignore-installed", "--no-deps", "--no-index", "--prefix", prefix, wheel)
        paths = sysconfig.get_paths(vars={"base": str(prefix), "platbase": str(prefix)})
        self.command = Path(paths["scripts"]) / "shouwang"
        self.shipped = prefix / "share" / "shouwang"
        self.environment = {**os.environ, "PYTHONPATH": paths["purelib"], "SHOUWANG_SECURE_COOKIES": "0"}

    def _run(self, *command: str | Path) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.desk)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def shouwang(self, *arguments: str | Path) -> str:
        """What the command says; it must end well."""
        done = subprocess.run(
            [self.command, *arguments],
            cwd=self.desk,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address of its own server."""
        with closing(create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [self.command, "serve", "--port", str(port)],
            cwd=self.desk,
            env=self.environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("package"))


def read(address: str) -> bytes:
    """What stands there, as soon as somebody answers."""
    for _ in range(PATIENCE * 10):
        try:
            with urlopen(address) as answer:
                return bytes(answer.read())
        except URLError:
            sleep(0.1)
    raise AssertionError(f"no answer: {address}")


def test_the_package_runs_away_from_any_checkout(installation: Installation) -> None:
    installation.shouwang("db", "create")
    assert (installation.desk / "instance" / "shouwang.sqlite").is_file()
    answer = installation.shouwang("check", *sorted((installation.shipped / "bpmn").glob("*.bpmn")))
    assert answer.count("没有问题") == len(list((ROOT / "bpmn").glob("*.bpmn"))) and "错误" not in answer
    with installation.serving() as address:
        page = read(f"{address}/login").decode()
        assets = set(re.findall(r'(?:href|src)="(/static/[^"?]+)', page))
        assert any(one.endswith(".css") for one in assets) and any(one.endswith(".js") for one in assets)
        assert all(read(address + one) for one in assets)


def test_it_carries_every_file_that_the_checkout_has(installation: Installation) -> None:
    for folder in ("bpmn", "forms_json"):
        files = {file.relative_to(ROOT) for file in (ROOT / folder).rglob("*") if file.is_file()}
        assert files == {
            file.relative_to(installation.shipped) for file in (installation.shipped / folder).rglob("*.*")
        }
