"""The command itself, and the database that its parts work on."""

from __future__ import annotations

import time

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from engine.casework import kit
from engine.ground.database import create_engine, session_factory
from engine.ground.surroundings import driver_said, trouble_of
from engine.migrations import schema
from engine.owners.kit import KIT
from web.server.config import Config, prepare_folder

STARTING = 60.0
"""Seconds for which a process that is to run waits for its database."""
AGAIN = 1.0
"""Seconds until it looks again."""


@click.group(help="守望：防止返贫监测帮扶办理系统。设置见 docs/configuration.md。")
def main() -> None:
    """Entry point; a setting that is written wrongly is said before anything begins."""
    kit.use(KIT)
    try:
        Config.read()
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def sessions_of(url: str | None = None) -> sessionmaker[Session]:
    """Sessions of the database at `url`, or of the configured one."""
    chosen = url or Config.read().database_url
    prepare_folder(chosen)
    return session_factory(create_engine(chosen))


def ours() -> sessionmaker[Session]:
    """The database as this release works on it;
    every command but those that make or upgrade one asks here.
    """
    require_current()
    return sessions_of()


def require_current(patience: float = 0) -> None:
    """A database of another release, or that does not answer, gets a sentence, not an error on every page.

    `patience`: seconds for which one that does not answer is waited for. It may be starting beside us.
    """
    chosen = Config.read().database_url
    prepare_folder(chosen)
    engine = create_engine(chosen)
    end = time.monotonic() + patience
    try:
        while not _is_current(engine, at_last=time.monotonic() >= end):
            time.sleep(AGAIN)
    finally:
        engine.dispose()


def _is_current(engine: Engine, *, at_last: bool) -> bool:
    """Whether the database answers, as this release's; what does not answer `at_last` is an error."""
    try:
        schema.require_current(engine)
    except schema.SchemaMisfit as error:
        raise click.ClickException(error.message) from error
    except SQLAlchemyError as error:
        if trouble_of(error) is None:
            raise
        if at_last:
            raise click.ClickException(f"数据库没有应答：{driver_said(error)}") from error
        say("数据库还没有应答，等它")
        return False
    return True


def say(text: str) -> None:
    """What one waits for."""
    click.echo(f"… {text}")
