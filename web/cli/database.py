"""Commands of the database."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy.orm import Session, sessionmaker

from engine.casework.supervision.counts import adding
from engine.ground.clock import SYSTEM, local_date
from engine.ground.database import write
from engine.ground.errors import ShouwangError
from engine.migrations import schema
from engine.prevention import installation
from engine.prevention.installation import province
from web.cli.group import main, ours, say, sessions_of


@main.group(help="数据库。")
def db() -> None:
    """Database commands."""


@db.command(
    "create",
    help="建表，装入一个省的区划、单位、节假日、监测范围、法定期限和流程；可重复运行，停下了从停下的地方接着装。",
)
@click.option(
    "--province",
    "path",
    type=click.Path(exists=True, path_type=Path),
    help="省级数据：文件夹或 ZIP（province.json、divisions.csv、bodies.csv、calendar.csv，格式见 docs/province.md）；"
    "不给则用随附的。",
)
def create(path: Path | None) -> None:
    """Create tables and install."""
    try:
        given = province.read(path, local_date(SYSTEM.now())) if path else None
        install(sessions_of(), given)
    except ShouwangError as error:
        raise click.ClickException(error.message) from error


@db.command("upgrade", help="把旧版本建的表升级到这一版；升级前请先备份。可重复运行。")
def upgrade() -> None:
    """Bring the tables up to this release."""
    with sessions_of()() as session:
        if schema.revision(session.connection()) is None:
            raise click.ClickException("数据库里还没有表：请运行 shouwang db create。")
        session.rollback()
        _upgrade(session)
    click.echo("表结构已是这一版的。")


@db.command("recount", help="把此刻在办的事项和时限从头数一遍，督办、统计、大屏按它显示；可重复运行。")
def recount() -> None:
    """Count what is open from end to end."""
    with ours()() as session, write(session):
        adding.recount(session.connection())
    click.echo("已重新数过。")


def _upgrade(session: Session) -> None:
    try:
        schema.upgrade(session.get_bind())  # type: ignore[arg-type]
    except schema.SchemaMisfit as error:
        raise click.ClickException(error.message) from error


def install(factory: sessionmaker[Session], given: province.Province | None = None) -> None:
    """Bring the tables up to this release, and install what ships."""
    with factory() as session:
        _upgrade(session)
        installation.install(session, SYSTEM.now(), given, say=say)
