"""docs/operations.md and the alarms name only figures that there are, and its arithmetic holds."""

from __future__ import annotations

import re
from pathlib import Path

from tests import sizes
from tests.sizes import Place
from web.server.metrics import HELP

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
RULES = (ROOT / "docker" / "prometheus" / "rules.yml").read_text()
_FIGURE = re.compile(r"\bshouwang_([a-z_]+)")


def _family(name: str) -> str:
    return re.sub(r"_(bucket|sum|count)$", "", name) if name not in HELP else name


def test_alarms_watch_figures_that_there_are() -> None:
    assert {_family(name) for name in _FIGURE.findall(RULES)} <= set(HELP)


def test_the_page_explains_every_figure() -> None:
    assert {_family(name) for name in _FIGURE.findall(PAGE)} == set(HELP)


def test_every_alarm_has_its_chapter() -> None:
    chapters = set(re.findall(r"^### (.+)$", PAGE, re.M))
    told = set(re.findall(r"todo: (.+?)}", RULES))
    assert told and told <= chapters
    watched = PAGE.partition("## 看什么")[2].partition("## 出了事")[0]
    rows = [line.split("|")[4].strip() for line in watched.splitlines() if line.startswith("| ")][1:]
    assert {one for row in rows for one in row.split("；")} <= chapters


def test_the_sizes_are_worked_out_from_the_page_s_own_figures() -> None:
    assert sizes.written(PAGE) == PAGE, "运行 python -m tests.sizes"
    assert set(sizes.costs(PAGE)) == set("speicah") and len(sizes.places(PAGE)) == 3


def test_twice_as_dear_needs_twice_the_cores() -> None:
    place, cost = Place("省", 19_600_000, 222_000, 142_000), {"s": 6.0, "p": 40.0, "e": 8.0, "i": 20.0}
    once = sizes.cores(place, cost)
    twice = sizes.cores(place, {letter: 2 * value for letter, value in cost.items()})
    assert 2 * once - 1 <= twice <= 2 * once
    assert sizes.cores(Place("村", 100, 1, 2), cost) == 2
