"""Commands that import: divisions and the calendar."""

from __future__ import annotations

from pathlib import Path

import click

from engine.casework.organisation import calendar, divisions
from engine.casework.portions import recounting
from engine.ground.clock import SYSTEM
from engine.ground.errors import ShouwangError
from web.cli.group import main, ours


@main.group("import", help="导入。")
def import_() -> None:
    """Imports."""


@import_.command("divisions", help="导入区划（code,name,level,parent 的 CSV）；不给文件则用随附的河南区划。")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_divisions(file: Path | None) -> None:
    """Load or refresh divisions."""
    import csv

    with ours()() as session, click.progressbar(length=1, label="区划") as bar:
        rows = (
            list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
            if file
            else divisions.read_official()
        )

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        try:
            new = divisions.load(session, rows, progress=progress)
        except ShouwangError as error:
            raise click.ClickException(f"{error.message}再运行一次就从停下的地方接着导入。") from error
    click.echo(f"新增 {new} 个。")


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
