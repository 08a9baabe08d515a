"""Commands of the database."""

from __future__ import annotations

import click
from sqlalchemy.orm import Session, sessionmaker

from engine.ground.clock import SYSTEM
from engine.migrations import schema
from engine.prevention import installation
from web.cli.group import main, say, sessions_of


@main.group(help="数据库。")
def db() -> None:
    """Database commands."""


@db.command("create", help="建表，装入区划、节假日、监测范围和流程；可重复运行。")
def create() -> None:
    """Create tables and install."""
    install(sessions_of())


@db.command("upgrade", help="把旧版本建的表升级到这一版；升级前请先备份。可重复运行。")
def upgrade() -> None:
    """Bring the tables up to this release."""
    with sessions_of()() as session:
        if schema.revision(session.connection()) is None:
            raise click.ClickException("数据库里还没有表：请运行 shouwang db create。")
        session.rollback()
        _upgrade(session)
    click.echo("表结构已是这一版的。")


def _upgrade(session: Session) -> None:
    try:
        schema.upgrade(session.get_bind())  # type: ignore[arg-type]
    except schema.SchemaMisfit as error:
        raise click.ClickException(error.message) from error


def install(factory: sessionmaker[Session]) -> None:
    """Bring the tables up to this release, and install what ships."""
    with factory() as session:
        _upgrade(session)
        installation.install(session, SYSTEM.now(), say=say)
