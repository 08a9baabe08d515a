"""The bench runs and says something of everything;
how fast a shared machine happens to be is not a test's business.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from click.testing import CliRunner

from web.cli import main

MEASURED = {
    "floor",
    "completions",
    "replay",
    "two_processes",
    "http",
    "bulk",
    "timers",
    "inbox",
    "inbox_growth",
}


def numbers(found: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of the figures with its path."""
    if isinstance(found, dict):
        for key, value in found.items():
            yield from numbers(value, f"{path}.{key}")
    elif isinstance(found, list):
        for index, value in enumerate(found):
            yield from numbers(value, f"{path}.{index}")
    elif not isinstance(found, str):
        yield path, found


def test_every_figure_is_there_and_positive() -> None:
    result = CliRunner().invoke(main, ["bench", "--quick", "--json"])
    assert result.exit_code == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures.keys() >= MEASURED
    assert [name for name, value in numbers(figures) if not value > 0] == []
    assert figures["timers"]["fired"] >= 2 * 2 + 4  # what the earlier cases opened is due as well
    assert [set(page) for page in figures["inbox"]] == [{"open_items", "typical", "busy"}] * 2


def test_every_page_of_supervisors_opens_on_a_provinces_data_and_none_reads_the_whole_log() -> None:
    result = CliRunner().invoke(main, ["bench", "--pages", "--quick", "--json"])
    assert result.exit_code == 0, result.stderr
    figures = json.loads(result.stdout)
    small, large = figures["sizes"]
    assert large["cases"] >= 1000 and large["lines"] >= 15_000
    assert large["fired"] > small["fired"] > 0 and large["standing"] > small["standing"] > 0
    assert set(small["pages"]) == set(large["pages"]) == set(figures["growth"])
    assert [size["full_scans_of_the_log"] for size in figures["sizes"]] == [0, 0]
    assert [name for name, page in large["pages"].items() if not page["median_ms"] > 0] == []
