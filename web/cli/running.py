"""Commands that run: the demo, the server, the timers' worker."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path

import click

from engine.ground.clock import SYSTEM
from engine.ground.database import create_engine
from engine.migrations import schema
from engine.prevention import installation
from web.cli.database import install
from web.cli.group import STARTING, main, require_current, say, sessions_of
from web.server import logs, serving, working
from web.server import processes as several
from web.server.config import Config

DEMO_FILE = installation.INSTANCE / "demo.sqlite"


@main.command(help="演示：内置数据库、随附的区划、一个县的农户和办理中的事项。")
@click.option("--port", default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--fresh", is_flag=True, help="重新生成演示数据。")
def demo(port: int, host: str, fresh: bool) -> None:
    """Run the demo: one process, embedded SQLite."""
    from engine.prevention.demo import PASSWORD, ROLES, hazards, populate, rest

    if DEMO_FILE.exists() and not fresh and not _is_current(f"sqlite:///{DEMO_FILE}"):
        click.echo("… 演示数据是旧版本的，重新生成")
        fresh = True
    if fresh:
        for path in DEMO_FILE.parent.glob(DEMO_FILE.name + "*"):
            path.unlink()
    url = f"sqlite:///{DEMO_FILE}"
    if not DEMO_FILE.exists():
        unfinished = DEMO_FILE.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        factory = sessions_of(f"sqlite:///{unfinished}")
        install(factory)
        now = SYSTEM.now()
        populate(factory, now, say=say)
        hazards.add(factory, now)
        rest.add(factory, now)
        with factory() as session:
            engine = session.get_bind()
            session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()  # type: ignore[union-attr]
        unfinished.rename(DEMO_FILE)
    secret = _secret(DEMO_FILE.with_name("demo.secret"))
    config = Config.read(database_url=url, demo=True, secure_cookies=False, secret_key=secret, heartbeat=True)
    from web.application import create_app

    logs.configure("plain", "warning")
    app = create_app(config)
    click.echo(f"\n守望演示已启动：http://{host}:{port}\n")
    for username, title, _ in ROLES:
        click.echo(f"  {username:<9} {title}")
    click.echo(f"\n密码都是 {PASSWORD}；页面顶部可以直接切换身份、拨动时间。按 Ctrl+C 停止。", nl=True)
    serving.serve(app, host, port)


def _is_current(url: str) -> bool:
    engine = create_engine(url)
    try:
        schema.require_current(engine)
    except schema.SchemaMisfit:
        return False
    finally:
        engine.dispose()
    return True


def _secret(path: Path) -> str:
    """A key that survives restarts, so that people stay signed in."""
    if not path.exists():
        path.write_text(Config.read().secret_key)
        path.chmod(0o600)
    return path.read_text()


def _logging(scheduler: bool | None = None) -> Config:
    """The settings, with the log as they say."""
    config = Config.read(heartbeat=True)
    if scheduler is not None:
        config = replace(config, scheduler=scheduler)
    logs.configure(config.log.form, config.log.level)
    for name in config.unknown:
        logging.getLogger("shouwang").warning("no setting of this name: %s", name)
    return config


@main.command(help="启动网页和接口服务（含定时）。")
@click.option("--port", default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1, several.MOST),
    help="几个进程一起答复（用 PostgreSQL 时，一个核一个）；定时另由一个进程管。",
)
def serve(port: int, host: str, processes: int) -> None:
    """Serve pages and API."""
    config = _logging()
    require_current(STARTING)
    from web.application import create_app

    if processes > 1:
        _require_room_for_several(config)
        several.serve(create_app, config, host, port, processes)
        return
    serving.serve(create_app(config), host, port)


def _require_room_for_several(config: Config) -> None:
    """Raises ClickException where several processes are of no use."""
    if config.database_url.startswith("sqlite"):
        raise click.ClickException(
            "SQLite 一次只容一个进程写，多开进程只会互相等待：请用 PostgreSQL（SHOUWANG_DATABASE_URL），"
            "或不加 --processes。"
        )
    if not hasattr(os, "fork"):
        raise click.ClickException(
            "这个操作系统不能由一个命令开几个进程：请不加 --processes，另开几个 serve。"
        )


@main.command(help="只运行定时和后台任务：到期的时限由它触发，可同时运行多个。")
def worker() -> None:
    """Do what is due, in the foreground."""
    config = _logging(scheduler=False)
    require_current(STARTING)
    from web.application import create_app

    working.work(create_app(config))
