"""Commands that look: the log's chain, the bench."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from engine.casework.audit import verification
from engine.casework.supervision.counts import adding
from engine.ground.clock import SYSTEM
from engine.ground.errors import ShouwangError
from web.cli.group import main, ours
from web.server import memory


@main.group("audit", help="日志。")
def audit_() -> None:
    """The log."""


@audit_.command(help="核对日志的散列链，以及在办的计数与事项是否一致。")
def verify() -> None:
    """Verify every chain, and the counters of what is open; exit code 1 when one does not hold."""
    with ours()() as session:
        breaks = list(verification.verify(session))
        miscounted = list(adding.said(session))
    for one in breaks:
        click.echo(f"{one.stream} 第 {one.seq} 条：{one.reason}")
    click.echo("日志完整。" if not breaks else f"有 {len(breaks)} 处不符。")
    for line in miscounted:
        click.echo(line)
    if miscounted:
        click.echo("督办、统计的计数与事项不符：请运行 shouwang db recount 重新数。")
    sys.exit(bool(breaks or miscounted))


@main.command(help="测量：每秒办结多少件，与数据库本身的速度对照。")
@click.option(
    "--database",
    "databases",
    multiple=True,
    help="空的 PostgreSQL 或 SQLite 数据库，可以给几个，依次测量；“sqlite”为临时文件（默认）。",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出。")
@click.option("--quick", is_flag=True, help="只走一遍，看各项能否运行，不到一分钟。")
@click.option("--full", is_flag=True, help="全省的规模：一百万件待办、两万个公示同时期满，每个库约五分钟。")
@click.option("--peers", is_flag=True, help="同一次测量里与别的引擎对照；临时装入单独的环境。")
@click.option("--scale", is_flag=True, help="只填充全省的数据，打开所有列表、台账、看板：约二十分钟。")
@click.option("--households", type=click.IntRange(100), help="与 --scale 合用：多少户，事项按比例。")
@click.option("--fill", is_flag=True, help="与 --scale 合用：只填充，不打开页面。")
@click.option("--pages", is_flag=True, help="只测督查和统计页面：二十万件、三百万条办理记录，约二十分钟。")
@click.option("--screening", is_flag=True, help="只测集中排查：一百万户填报、同时的待办、进度，约半小时。")
@click.option(
    "--cases", type=click.IntRange(100), default=200_000, help="与 --pages 合用：多少件，每件约十五条记录。"
)
def bench(databases: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    """Measure."""
    from web.bench import machine

    measure, report = _measurement(**asked)
    figures: dict[str, Any] = {"runs": []}
    memory.settle()  # as the server that is measured
    try:
        for one in databases or (_OWN,):
            figures["runs"].append(measure(None if one == _OWN else one))
        if asked["peers"]:
            figures["peers"] = _peers(asked["quick"])
    except ShouwangError as error:
        raise click.ClickException(error.message) from error
    finally:  # an hour's figures of one database outlive what goes wrong on the next
        if figures["runs"]:
            _say({**machine.described(), **figures}, report, as_json)  # with the load as it is at the end


def _say(figures: Mapping[str, Any], report: Report, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
        return
    for run in figures["runs"]:
        for line in report(run):
            click.echo(line)
    if "peers" in figures:
        from web.bench import peers

        for line in peers.report(figures["peers"]):
            click.echo(line)


_OWN = "sqlite"
"""A file that is thrown away."""
Measure = Callable[[str | None], dict[str, Any]]
Report = Callable[[Mapping[str, Any]], Iterator[str]]


def _measurement(
    *,
    quick: bool,
    full: bool,
    peers: bool,
    scale: bool,
    households: int | None,
    fill: bool,
    pages: bool,
    screening: bool,
    cases: int,
) -> tuple[Measure, Report]:
    """What is measured, and how it is said."""
    now = SYSTEM.now()
    if scale:
        from web.bench.lists import run as province

        size = province.tiny() if quick else province.sized(households)
        act = province.fill_only if fill else province.run
        return (lambda url: act(url, size, now, _aside)), province.report
    if screening:
        from web.bench import screening as rows

        row_sizes = rows.tiny() if quick else rows.Sizes()
        return (lambda url: rows.run(url, row_sizes, _aside)), rows.report
    if pages:
        from web.bench import pages as supervisors

        page_sizes = supervisors.tiny() if quick else supervisors.sized(cases)
        return (lambda url: supervisors.run(url, page_sizes, now, _aside)), supervisors.report
    from web.bench import run as everything

    sizes = everything.tiny() if quick else everything.full() if full else everything.Sizes()
    return (lambda url: everything.run(url, sizes, _aside)), everything.report


def _peers(quick: bool) -> dict[str, Any]:
    """Others' engines; a sentence where they cannot be had."""
    from web.bench import peers

    try:
        return peers.measure(5 if quick else 300, _aside)
    except peers.NotInstalled as error:
        click.echo(str(error), err=True)
        return {"missing": str(error)}


def _aside(text: str) -> None:
    click.echo(f"… {text}", err=True)


@main.command(
    "bench-document", help="由测量结果（--json 的输出，前、后各一份）重写 docs/performance.md 的表。"
)
@click.argument("page", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("after", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--before", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="从前的测量结果。"
)
@click.option(
    "--lists",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="--scale 的测量结果；各库分别测的，给几份。",
)
@click.option("--check", is_flag=True, help="只看表是否由这些结果而来。")
def bench_document(
    page: Path, after: Path, before: Path | None, lists: tuple[Path, ...], check: bool
) -> None:
    """Tables of a page from figures."""
    from web.bench import document

    present = page.read_text(encoding="utf-8")
    opened = [_figures(path) for path in lists]
    figures = document.with_lists(_figures(after), opened)
    written = document.written(present, figures, _figures(before) if before else None)
    if check and written != present:
        raise click.ClickException(f"{page} 的表与测量结果不符，请重新生成。")
    if not check:
        page.write_text(written, encoding="utf-8")


def _figures(path: Path) -> dict[str, Any]:
    """What a run has written."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
