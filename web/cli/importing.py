"""Commands that import: divisions and the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from engine.casework.organisation import calendar, divisions
from engine.casework.organisation.division_changes import applying, planning
from engine.casework.portions import recounting
from engine.ground import text
from engine.ground.clock import SYSTEM, local_date
from engine.ground.errors import ShouwangError
from engine.prevention.installation import province
from web.cli.group import main, ours

SHOWN = 50
"""As many changes of a kind are listed one by one."""


@main.group("import", help="导入。")
def import_() -> None:
    """Imports."""


@import_.command(
    "divisions",
    help="导入区划（格式见 docs/province.md）；不给文件则用随附的。改名、改代码、撤销的先列出来，加 --apply 才改。",
)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--apply", "wanted", is_flag=True, help="照列出来的改。")
@click.option("--edition", default="", help="从哪一天起，如 2024-01-01；不写就是今天。")
def import_divisions(file: Path | None, wanted: bool, edition: str) -> None:
    """Load divisions that are new; what changes otherwise is said first."""
    now = SYSTEM.now()
    try:
        day = text.day(edition) if edition else local_date(now)
        if day is None:
            raise click.ClickException("--edition：请写日期，如 2024-01-01。")
        with ours()() as session:
            found = planning.plan(session, _divisions(session, file, day), day)
            _say_plan(found)
            if found.refused:
                raise click.ClickException("以上几处没有说清楚，什么也没有改动。")
            if not found.only_new and not wanted:
                raise click.ClickException("什么也没有改动。核对以后加 --apply 再运行，就照上面改。")
            new = _load(session, found, now)
    except ShouwangError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"新增 {new} 个。")


def _say_plan(found: planning.Plan) -> None:
    """What would change, in lines; long lists by their beginning."""
    parts: tuple[tuple[str, Sequence[object]], ...] = (
        ("改名", found.renamed),
        ("改代码", found.moved),
        ("撤销", found.gone),
        ("不能改", found.refused),
    )
    for words, changes in parts:
        for change in changes[:SHOWN]:
            click.echo(f"{words}：{change}")
        if len(changes) > SHOWN:
            click.echo(f"{words}：共 {len(changes)} 处。")


def _load(session: Session, found: planning.Plan, now: datetime) -> int:
    """New ones alone go in portions, between which others write; what changes goes in one transaction."""
    if not found.only_new:
        return applying.apply(session, found, now)
    with click.progressbar(length=1, label="区划") as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        return divisions.load(session, found.rows, found.edition, progress=progress)


def _divisions(session: Session, file: Path | None, today: date) -> Sequence[divisions.Row]:
    """The rows of a file, judged as those of a new province; of none, those that are carried."""
    own = province.code(session)
    if file is None:
        carried = province.carried(today)
        if own and carried.code != own:  # its list would end every division that is there
            raise click.ClickException(
                f"随附的是{carried.name}的区划，不是这个数据库的：请给出区划表的文件。"
            )
        return carried.divisions
    return province.read_divisions(file, own)


@import_.command(
    "calendar",
    help="导入节假日和调休（day,kind,name 的 CSV，kind 为“休”或“班”），文件里有的年份整年以新的为准。",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_calendar(file: Path) -> None:
    """Load the published days off and worked weekends of a year."""
    import csv

    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    with ours()() as session:
        try:
            with recounting.as_years_come(session, SYSTEM.now()):
                count = calendar.load(session, rows)
        except ShouwangError as error:
            raise click.ClickException(error.message) from error
    click.echo(f"已导入 {count} 天。")
