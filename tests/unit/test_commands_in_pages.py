"""Commands, files and settings that pages for administrators name are there, as they are written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from web.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "README.zh-CN.md",
        *(ROOT / "docs").glob("*.md"),
        *ROOT.glob("docker/**/*.sh"),
    ]
)
OURS = re.compile(r"(?:^|[`\s/])(?:shouwang|run --rm (?:-\S+ (?:\S+ )?)*tables) ([a-z][^`\n|#&;>）]*)")
"""A command of ours: by itself, or in the container that has it."""
NAMED = re.compile(r"`((?:docker|tests|engine|web|bpmn|forms_json)/[\w./-]+)`")
BY_HAND = ("docker/secrets", "docker/.env")
"""What whoever installs it makes."""


def _said(page: Path) -> Iterator[tuple[str, list[str]]]:
    text = page.read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        for found in OURS.findall(line):
            words = shlex.split(re.sub(r"[\[\]]", "", found))  # brackets: may be left out
            if words and words[0] in main.commands:
                yield line.strip(), words


def _problem(words: list[str]) -> str:
    """What is wrong with a command; '' for nothing."""
    command: click.Command = main
    rest = list(words)
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    if isinstance(command, click.Group):
        return f"no command {rest[0]}" if rest and re.fullmatch(r"[a-z-]+", rest[0]) else ""
    options = {name: one for one in command.params for name in one.opts if isinstance(one, click.Option)}
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            if not arguments:
                return f"nothing takes {word}"
            arguments = arguments if arguments[0].nargs < 0 else arguments[1:]
        elif word.partition("=")[0] not in options:
            return f"no option {word}"
        elif "=" not in word and not options[word].is_flag and rest:
            rest.pop(0)
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_there_as_they_are_written(page: Path) -> None:
    assert [(line, wrong) for line, words in _said(page) if (wrong := _problem(words))] == []


def test_commands_are_found() -> None:
    found = [words[:2] for page in PAGES for _, words in _said(page)]
    assert len(found) > 40
    assert ["db", "upgrade"] in found and ["user", "rescue"] in found and ["audit", "verify"] in found


@pytest.mark.parametrize("page", [one for one in PAGES if one.suffix == ".md"], ids=lambda page: page.name)
def test_files_that_are_named_are_there(page: Path) -> None:
    named = {one for one in NAMED.findall(page.read_text("utf-8")) if one.isascii()}  # others stand for any
    missing = [one for one in named if not (ROOT / one).exists() and not (ROOT / f"{one}.py").exists()]
    assert [one for one in sorted(missing) if not one.startswith(BY_HAND)] == []


def test_services_are_called_as_they_were_set_up() -> None:
    """One that was never started is not stopped, however politely it is asked."""
    called = re.compile(r"shouwang-(?:web|worker|backup)(?:@\d+)?(?:\.timer|\.service)?")
    set_up = set(called.findall((ROOT / "docs" / "deployment.md").read_text("utf-8")))
    units = {unit.name for unit in (ROOT / "docker" / "systemd").iterdir()}
    assert {re.sub(r"@\d+", "@", one) for one in set_up if "@" in one} == {
        "shouwang-web@",
        "shouwang-worker@",
    }
    assert {f"{re.sub('@[0-9]+', '@', one)}.service" for one in set_up if "@" in one} <= units
    for page in PAGES:
        named = {one for one in called.findall(page.read_text("utf-8")) if "@" in one}
        assert named <= set_up, page
