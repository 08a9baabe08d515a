"""Commands of backups. Only here: no page and no interface reaches them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from engine.backups import archive, keys, noted, others, restoring, taking
from engine.backups.archive import Whole
from engine.backups.keys import Secret
from engine.backups.restoring import Restored
from engine.backups.sealed import Head
from engine.backups.tables import LEFT_OUT
from engine.backups.taking import Taken
from engine.ground.clock import SYSTEM, stopwatch
from engine.ground.database import create_engine, session_factory
from engine.ground.errors import ShouwangError
from engine.ground.surroundings import driver_said, trouble_of
from engine.migrations import schema
from web.cli.group import main, say
from web.server.config import Config, prepare_folder

TOLD = 20
"""So many places are named where the log does not hold."""
_FILE = click.Path(dir_okay=False, path_type=Path)
_GIVEN = click.Path(exists=True, dir_okay=False, path_type=Path)


def _sealed(command: Callable[..., Any]) -> Callable[..., Any]:
    """The two ways to give a key."""
    command = click.option("--key-file", type=_GIVEN, help="密钥文件：32 字节以上的随机内容。")(command)
    return click.option("--passphrase-file", type=_GIVEN, help="口令文件：第一行是口令，至少 12 个字。")(
        command
    )


def _secret(passphrase_file: Path | None, key_file: Path | None) -> Secret:
    if (passphrase_file is None) == (key_file is None):
        raise click.UsageError("--passphrase-file 和 --key-file 给一个：备份总是加密的。")
    if passphrase_file is not None:
        return keys.passphrase(passphrase_file)
    assert key_file is not None
    return keys.key_file(key_file)


@contextmanager
def _told() -> Iterator[None]:
    """What went wrong is said in a sentence."""
    try:
        yield
    except ShouwangError as error:
        raise click.ClickException(error.message) from error
    except OSError as error:
        raise click.ClickException(f"读写文件出错，没有做成：{error.strerror or error}") from error
    except Exception as error:
        if trouble_of(error) is None:
            raise
        raise click.ClickException(f"数据库出错，没有做成：{driver_said(error)}") from error


def _engine() -> Engine:
    chosen = Config.read().database_url
    prepare_folder(chosen)
    return create_engine(chosen)


@main.command("backup", help="备份：全部数据和附件写进一个加密的文件，运行中也可以做；见 docs/backup.md。")
@click.argument("file", type=_FILE)
@_sealed
@click.option("--verify", is_flag=True, help="不做备份，把已有的备份从头读到尾核对一遍，不需要数据库。")
def backup(file: Path, passphrase_file: Path | None, key_file: Path | None, verify: bool) -> None:
    """Take a backup, or read one."""
    with _told():
        secret = _secret(passphrase_file, key_file)
        if verify:
            head, whole = archive.verify(file, secret)
            click.echo(f"备份完整。{_words(head, whole)}")
            return
        _take(file, secret)


def _take(file: Path, secret: Secret) -> None:
    engine, now, seconds = _engine(), SYSTEM.now(), stopwatch()
    taken = taking.take(engine, file, secret, now, say)
    click.echo(f"已备份并读回核对：{file}，{_megabytes(taken.size)}，{seconds():.1f} 秒。")
    click.echo(_words(taken.head, taken.whole))
    click.echo(f"没有备份的：{'、'.join(f'{name}（{reason}）' for name, reason in LEFT_OUT.items())}。")
    _note(engine, file, taken)


def _note(engine: Engine, file: Path, taken: Taken) -> None:
    """The database remembers it; one of another release has no place for it."""
    if taken.head.revision != schema.head():
        return
    with session_factory(engine)() as session:
        noted.remember(session, taken, file.name, SYSTEM.now())


@main.command(
    "backup-noted", help="记下 pgBackRest、litestream 做的备份，“运行”页面和监控就看得到；见 docs/backup.md。"
)
@click.option("--pgbackrest", is_flag=True, help="从标准输入读 pgbackrest info --output=json 的输出。")
@click.option(
    "--litestream", type=click.Path(exists=True, file_okay=False, path_type=Path), help="复制到的文件夹。"
)
def backup_noted(pgbackrest: bool, litestream: Path | None) -> None:
    """Note what another program made."""
    if pgbackrest == (litestream is not None):
        raise click.UsageError("--pgbackrest 和 --litestream 给一个。")
    with _told():
        said = sys.stdin.read() if pgbackrest else ""
        copy = others.of_litestream(litestream) if litestream is not None else others.of_pgbackrest(said)
        with session_factory(_engine())() as session:
            noted.remember_copy(session, copy, SYSTEM.now())
    click.echo(
        f"已记下：{others.NAMES[copy.kind]}，{copy.at:%Y-%m-%d %H:%M:%S}（UTC），{_megabytes(copy.size)}。"
    )


@main.command("restore", help="恢复：把备份装进一个空的数据库，全部装好或原样不动。")
@click.argument("file", type=_GIVEN)
@_sealed
@click.option("--as-it-was", is_flag=True, help="不升级表结构：要退回做备份时的旧版程序时用。")
def restore(file: Path, passphrase_file: Path | None, key_file: Path | None, as_it_was: bool) -> None:
    """Fill an empty database."""
    with _told():
        secret, engine, seconds = _secret(passphrase_file, key_file), _engine(), stopwatch()
        restored = restoring.restore(engine, file, secret, say, as_it_was=as_it_was)
        if restored.breaks is not None:
            _note_restored(engine, file, restored)
    click.echo(f"已恢复，各表行数、等待中的期限与备份一致，{seconds():.1f} 秒。")
    click.echo(_words(restored.head, restored.whole))
    if restored.skipped:
        click.echo(f"不是守望的表，没有恢复：{'、'.join(restored.skipped)}。")
    _judge(restored)


def _note_restored(engine: Engine, file: Path, restored: Restored) -> None:
    with session_factory(engine)() as session:
        noted.remember_restored(session, restored, file.name, SYSTEM.now())


def _judge(restored: Restored) -> None:
    if restored.breaks is None:
        click.echo("表结构留在备份时的版本：请用那一版程序运行；日志由那一版核对。")
        return
    for one in restored.breaks[:TOLD]:
        click.echo(f"{one.stream} 第 {one.seq} 条：{one.reason}")
    if restored.breaks:
        count = len(restored.breaks)
        raise click.ClickException(
            f"数据已全部恢复，但日志有 {count} 处对不上（上面是前几处，全部的见 shouwang audit verify）："
            "备份时就是这样，请查明原因。"
        )
    click.echo("日志完整。")


def _words(head: Head, whole: Whole) -> str:
    tables = len(whole.rows)
    return (
        f"{head.taken_at[:19]}（UTC）由 {head.release} 版从 {head.database} 备份，表结构 {head.revision}；"
        f"{tables} 张表，{whole.total} 行，等待中的期限 {whole.timers} 个。"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
