"""README, CONTRIBUTING and docs: what they point at is there, and the two READMEs tell the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
PICTURES = ROOT / "docs" / "screenshots"
HEAVIEST = 150_000
"""Bytes of a picture, so that a page with twelve of them opens on a slow line."""
TARGETS = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)|<img src=\"([^\"]+)\"")


def targets(page: Path) -> set[Path]:
    """The files that a page links to or shows."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    return {(page.parent / (link or picture)).resolve() for link, picture in TARGETS.findall(text)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    missing = {str(target) for target in targets(page) if not target.exists()}
    assert not missing


def test_each_readme_begins_with_a_link_to_the_other() -> None:
    assert ENGLISH.read_text().splitlines()[0].endswith("(README.zh-CN.md)")
    assert CHINESE.read_text().splitlines()[0].endswith("(README.md)")


def test_the_two_readmes_tell_of_the_same_files_commands_and_procedures() -> None:
    english, chinese = ENGLISH.read_text(), CHINESE.read_text()
    assert targets(ENGLISH) - {CHINESE} == targets(CHINESE) - {ENGLISH}
    for said in (r"`\w+\.bpmn`", r"^(?:\./|shouwang )[a-z/]+(?: [a-z]+)?", r"`shouwang [a-z]+"):
        assert set(re.findall(said, english, re.M)) == set(re.findall(said, chinese, re.M)), said


def test_the_readmes_name_every_procedure_that_can_start() -> None:
    started = {file.name for file in (ROOT / "bpmn").glob("*.bpmn") if 'name="part"' not in file.read_text()}
    assert set(re.findall(r"`(\w+\.bpmn)`", ENGLISH.read_text())) == started


def test_every_picture_is_shown_somewhere_and_light() -> None:
    shown = set().union(*(targets(page) for page in PAGES))
    for picture in PICTURES.iterdir():
        assert picture in shown, f"{picture.name} is shown nowhere"
        assert picture.stat().st_size < HEAVIEST, picture.name


def test_the_tour_shows_twelve_pictures_each_told_in_two_sentences() -> None:
    stops = re.split(r"^### \d+\. ", (ROOT / "docs" / "tour.md").read_text(), flags=re.M)[1:]
    assert len(stops) == 12
    for stop in stops:
        words = stop.split("\n## ")[0].split("\n\n")[2]
        assert len(re.findall(r"\.(?:\s|$)", words)) == 2, words
