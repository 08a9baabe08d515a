"""The bench runs and says something of everything;
how fast a shared machine happens to be is not a test's business.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from engine.casework.models import CaseFile
from tests.support.world import World
from web.bench import document, machine, run, same_work
from web.bench.measure import most, repeated
from web.bench.steps import completions, http
from web.bench.world import add_officials, prepare
from web.cli import main

pytestmark = pytest.mark.usefixtures("collections_as_before")

A_FINISHED_CASE = 7_800
"""Bytes of all that is stored of a finished identification of 11 steps, but for forms and files: its columns'
lengths, which grow by no load; the same on both databases.
"""


def numbers(found: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of the figures with its path."""
    if isinstance(found, dict):
        for key, value in found.items():
            yield from numbers(value, f"{path}.{key}")
    elif not isinstance(found, str):
        yield path, found


def test_95_in_a_hundred_take_no_longer() -> None:
    for count in (1, 2, 19, 20, 21, 60, 100, 101, 660):
        acts = [float(number) for number in range(count, 0, -1)]
        longest = most(acts)
        assert sum(act <= longest for act in acts) >= 0.95 * count
        assert sum(act < longest for act in acts) < 0.95 * count


def test_the_others_work_is_done_and_compared_like_with_like() -> None:
    ours = same_work.measure(1)
    assert ours["steps"] == len(same_work.STEPS)
    assert [name for name, value in numbers(ours) if not value > 0] == []
    other = {"version": "1", "cpu_ms": 2 * ours["cpu_ms"], "per_second": 10.0}
    figures: dict[str, Any] = {"runs": [{"completions": {"cpu_ms": 3 * ours["cpu_ms"], "per_second": 5.0}}]}
    after = {**machine.described(), **figures, "peers": {"ours": ours, "engines": {"Another": other}}}
    written = document.written("<!-- bench: peers -->\n<!-- /bench -->", after, None)
    assert f"| Another | {other['cpu_ms']} | 10.0 | 0.50 × | 1.50 × |" in written
    missing = document.written(
        "<!-- bench: peers -->\n<!-- /bench -->", {**after, "peers": {"missing": ""}}, None
    )
    assert "Not in this run" in missing


@pytest.fixture
def bench(small_world: World) -> World:
    """A database with the bench's officials."""
    add_officials(small_world.sessions)
    return small_world


def test_every_figure_is_there_and_positive_and_makes_the_page(bench: World) -> None:
    figures = run.measured(bench.url, bench.sessions, run.tiny(), children=False)
    assert {"floor", "completions", "breakdown", "replay", "bulk", "timers"} <= figures.keys()
    assert [name for name, value in numbers(figures) if not value > 0] == []
    assert figures["timers"]["fired"] == run.tiny().timers
    assert set(figures["completions"]["statements_by_step"]) == set(run.STEPS)
    assert abs(sum(figures["breakdown"]["share"].values()) - 1) < 0.01
    assert figures["completions"]["bytes_a_finished_case"] <= A_FINISHED_CASE
    page = "a\n<!-- bench: goals -->\nold\n<!-- /bench -->\nb"
    after = {**machine.described(), "runs": [figures]}
    written = document.written(page, after, {**after, "runs": [dict(figures)]})
    assert f"| {figures['completions']['cpu_ms']} |" in written and "old" not in written
    assert "| SQLite before | SQLite |" in written and written.startswith("a\n")
    assert document.written(written, after, {**after, "runs": [dict(figures)]}) == written


def test_servers_and_workers_are_measured_and_ended(bench: World) -> None:
    served = http.over_http(bench.url, bench.sessions, 1)
    assert served["cpu_ms"] > 0 and served["count"] == len(run.STEPS)
    assert completions.together(bench.url, 1, 1, 100)["per_second"] > 0


def test_a_worker_that_dies_ends_the_measurement_at_once(small_world: World) -> None:
    with pytest.raises(RuntimeError, match="出错退出"):
        completions.together(f"{small_world.url}.gone/nowhere", 1, 1, 100)


def test_an_act_that_takes_too_long_is_measured_less_often() -> None:
    acts: list[int] = []
    assert repeated(lambda: acts.append(1), 1000, most=0)["count"] == 1
    assert len(acts) == 2


def test_a_database_that_is_not_empty_is_refused(small_world: World, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["bench", "--quick", "--database", small_world.url])
    assert result.exit_code == 1 and "测量须用空数据库" in result.stderr


def test_an_emptied_database_takes_another_installation(world: World) -> None:
    run.emptied(world.sessions.kw["bind"])
    with prepare(world.url)() as session:
        assert session.scalars(select(CaseFile)).first() is None


def test_what_is_measured_outlives_what_breaks_off_the_next(
    monkeypatch: pytest.MonkeyPatch, small_world: World
) -> None:
    real = run.run
    first = {"database": "SQLite"}
    loads = iter([(9.0, 9.0, 9.0), (1.5, 1.5, 1.5)])  # before it is measured, and at the end

    def measured(url: str | None, *more: Any) -> Any:
        if url is None:
            os.getloadavg()
            return first
        return real(url, *more)

    monkeypatch.setattr(os, "getloadavg", lambda: next(loads))
    monkeypatch.setattr(run, "run", measured)
    both = ("--database", "sqlite", "--database", small_world.url)
    result = CliRunner().invoke(main, ["bench", "--quick", "--json", *both])
    assert result.exit_code == 1 and "测量须用空数据库" in result.stderr
    said = json.loads(result.stdout)
    assert said["runs"] == [first] and said["machine"]["load"] == 1.5


@pytest.mark.operation
def test_every_page_of_supervisors_opens_on_a_provinces_data_and_none_reads_the_whole_log() -> None:
    result = CliRunner().invoke(main, ["bench", "--pages", "--quick", "--json"])
    assert result.exit_code == 0, result.stderr
    figures = json.loads(result.stdout)["runs"][0]
    small, large = figures["sizes"]
    assert large["cases"] >= 500 and large["lines"] >= 7_500
    assert large["fired"] > small["fired"] > 0 and large["standing"] > small["standing"] > 0
    assert set(small["pages"]) == set(large["pages"]) == set(figures["growth"])
    assert [size["full_scans_of_the_log"] for size in figures["sizes"]] == [0, 0]
    assert [name for name, page in large["pages"].items() if not page["median_ms"] > 0] == []
