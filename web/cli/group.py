"""The command itself, and the database that its parts work on."""

from __future__ import annotations

import click
from sqlalchemy.orm import Session, sessionmaker

from engine.casework import kit
from engine.ground.database import create_engine, session_factory
from engine.migrations import schema
from engine.prevention.kit import KIT
from web.server.config import Config, prepare_folder


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


def require_current() -> None:
    """A database of another release gets a sentence, not an error on every page."""
    chosen = Config.read().database_url
    prepare_folder(chosen)
    engine = create_engine(chosen)
    try:
        schema.require_current(engine)
    except schema.SchemaMisfit as error:
        raise click.ClickException(error.message) from error
    finally:
        engine.dispose()


def say(text: str) -> None:
    """What one waits for."""
    click.echo(f"… {text}")
