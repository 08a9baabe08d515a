"""Commands that import: divisions and the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click
from sqlalchemy.orm import Session

from engine.casework.organisation import calendar, divisions
from engine.casework.portions import recounting
from engine.ground.clock import SYSTEM, local_date
from engine.ground.errors import ShouwangError
from engine.prevention.installation import province
from web.cli.group import main, ours


@main.group("import", help="导入。")
def import_() -> None:
    """Imports."""


@import_.command("divisions", help="导入区划（code,name,level,parent 的 CSV）；不给文件则用随附的区划。")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_divisions(file: Path | None) -> None:
    """Load divisions that are new."""
    today = local_date(SYSTEM.now())
    with ours()() as session, click.progressbar(length=1, label="区划") as bar:
        try:
            rows = _divisions(session, file, today)

            def progress(done: int, total: int) -> None:
                bar.length = total
                bar.update(done - bar.pos)

            new = divisions.load(session, rows, today, progress=progress)
        except ShouwangError as error:
            raise click.ClickException(f"{error.message}再运行一次就从停下的地方接着导入。") from error
    click.echo(f"新增 {new} 个。")


def _divisions(session: Session, file: Path | None, today: date) -> Sequence[divisions.Row]:
    """The rows of a file, judged as those of a new province; of none, those that are carried."""
    if file is None:
        return province.carried(today).divisions
    return province.read_divisions(file, province.code(session))


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
            with recounting.as_years_come(session, SYSTEM):
                count = calendar.load(session, rows)
        except ShouwangError as error:
            raise click.ClickException(error.message) from error
    click.echo(f"已导入 {count} 天。")
