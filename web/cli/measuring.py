"""Commands that look: the log's chain, the bench."""

from __future__ import annotations

import json
import sys

import click

from engine.casework import audit
from engine.ground.clock import SYSTEM
from engine.ground.errors import ShouwangError
from web.cli.group import main, ours


@main.group("audit", help="日志。")
def audit_() -> None:
    """The log."""


@audit_.command(help="核对日志的散列链。")
def verify() -> None:
    """Verify every chain; exit code 1 when one is broken."""
    with ours()() as session:
        breaks = list(audit.verify(session))
    for one in breaks:
        click.echo(f"{one.stream} 第 {one.seq} 条：{one.reason}")
    click.echo("日志完整。" if not breaks else f"有 {len(breaks)} 处不符。")
    sys.exit(bool(breaks))


@main.command(help="测量：每秒办结多少件，与数据库本身的速度对照。")
@click.option("--database", help="空的 PostgreSQL 或 SQLite 数据库；不给则用临时 SQLite 文件。")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出。")
@click.option("--quick", is_flag=True, help="只走一遍，看各项能否运行。")
@click.option("--full", is_flag=True, help="全省的规模：一百万件待办、两万个时限同时到期，约十分钟。")
@click.option("--pages", is_flag=True, help="只测督查和统计页面：二十万件、三百万条办理记录，约二十分钟。")
@click.option("--screening", is_flag=True, help="只测集中排查：一百万户填报、同时的待办、进度，约半小时。")
@click.option(
    "--scale", is_flag=True, help="只填充全省的数据：一百万户、二十万件有经过的、一百万件待办，约十分钟。"
)
@click.option("--households", type=click.IntRange(100), help="与 --scale 合用：多少户，事项按比例。")
@click.option(
    "--cases", type=click.IntRange(100), default=200_000, help="与 --pages 合用：多少件，每件约十五条记录。"
)
def bench(
    database: str | None,
    as_json: bool,
    quick: bool,
    full: bool,
    pages: bool,
    screening: bool,
    scale: bool,
    households: int | None,
    cases: int,
) -> None:
    """Measure."""
    from web.bench import pages as page_measures
    from web.bench import run as measures
    from web.bench import screening as row_measures
    from web.bench.scale import run as scale_measures

    sizes = measures.tiny() if quick else measures.full() if full else measures.Sizes()

    def say(text: str) -> None:
        click.echo(f"… {text}", err=True)

    try:
        if scale:
            size = scale_measures.tiny() if quick else scale_measures.sized(households)
            figures = scale_measures.run(database, size, SYSTEM.now(), say)
        elif screening:
            row_sizes = row_measures.tiny() if quick else row_measures.Sizes()
            figures = row_measures.run(database, row_sizes, say)
        elif pages:
            figures = page_measures.run(
                database, page_measures.tiny() if quick else page_measures.sized(cases), SYSTEM.now(), say
            )
        else:
            figures = measures.run(database, sizes, say)
    except ShouwangError as error:
        raise click.ClickException(error.message) from error
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
    else:
        told = row_measures if screening else page_measures if pages else measures
        told = scale_measures if scale else told
        for line in told.report(figures):
            click.echo(line)
