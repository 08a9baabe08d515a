"""Figures as Prometheus reads them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from threading import Thread

from engine.casework.step.meter import LIMITS, Meter
from web.server import VERSION, metrics

ROOT = Path(__file__).parents[2]
LINE = re.compile(r'shouwang_[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? \S+')


def _text(meter: Meter) -> str:
    return metrics.written(metrics._of_process("a/1", meter.read()))


def test_a_duration_is_counted_in_every_bucket_that_it_fits_in() -> None:
    meter = Meter()
    for seconds in (0.004, 0.01, 0.3, 60.0):
        meter.took("step", seconds, kind="complete")
    text = _text(meter)
    assert "# TYPE shouwang_step_seconds histogram" in text
    assert 'shouwang_step_seconds_bucket{process="a/1",kind="complete",le="0.01"} 2' in text
    assert 'shouwang_step_seconds_bucket{process="a/1",kind="complete",le="+Inf"} 4' in text
    assert 'shouwang_step_seconds_count{process="a/1",kind="complete"} 4' in text
    assert len(re.findall("_bucket", text)) == len(LIMITS) + 1


def test_every_line_is_one_that_prometheus_reads() -> None:
    meter = Meter()
    meter.count("requests", method="GET", route='/a"b\\c\nd', status="200")
    meter.took("round", 2.0, round="timers")
    meter.count("done", 2_345_678_901, round="timers", what="fired")
    text = _text(meter)
    assert all(
        line.startswith("# ") or LINE.fullmatch(line.replace(r"\"", "'")) for line in text.splitlines()
    )
    assert " 2345678901\n" in text and "# TYPE shouwang_requests_total counter" in text


def test_threads_lose_no_count() -> None:
    meter = Meter()
    threads = [Thread(target=lambda: [meter.count("requests") for _ in range(2000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert meter.read() == [["requests", {}, 8000]]


def test_the_version_shown_is_the_release_s() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
