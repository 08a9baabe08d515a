"""Commands of the monitoring line: entered on the machine in the names of two people (R01)."""

from __future__ import annotations

import click
from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.casework.organisation import accounts
from engine.ground.clock import SYSTEM
from engine.ground.database import write
from engine.ground.errors import Invalid, ShouwangError
from engine.prevention.register.monitoring_lines import ruling, setting
from engine.prevention.register.monitoring_lines.setting import LineAsked
from web.cli.group import main, ours

NOTE = "在服务器上用命令录入"


@main.group(help="监测范围。")
def line() -> None:
    """The monitoring line."""


@line.command("list", help="列出各年度的监测范围。")
def listed() -> None:
    """Every line, the latest day first."""
    with ours()() as session:
        for one in ruling.every(session):
            status = ruling.STATUS[one.status]
            click.echo(f"{one.year} 年 {one.amount:,} 元 {one.effective_from}起 {status} {one.document}")


@line.command(
    "set",
    help="设定一年的监测范围，写明提出人和确认人的账号（两个人，权限和页面上相同），如：line set --year 2023 --amount 7000 "
    "--from 2023-01-01 --basis 依据 --document 文号 --asked-by 账号 --confirmed-by 账号",
)
@click.option("--year", required=True)
@click.option("--amount", required=True, help="每人每年多少元。")
@click.option("--from", "effective_from", required=True, help="起始日期。")
@click.option("--basis", required=True, help="依据，10 字以上。")
@click.option("--document", required=True, help="文号。")
@click.option("--reason", default="", help="不是一年里第一次设定的，或起始日期已过的，写明原因。")
@click.option("--asked-by", required=True, help="提出人的账号。")
@click.option("--confirmed-by", required=True, help="确认人的账号，须是另一人。")
@click.option("--aware", is_flag=True, help="已知悉页面上列出的后果。")
def set_line(asked_by: str, confirmed_by: str, **typed: str | bool) -> None:
    """Ask for a line and confirm it, in one transaction."""
    asked = LineAsked(**typed)  # type: ignore[arg-type]
    with ours()() as session:
        try:
            with write(session):
                first, second = _usable(session, asked_by), _usable(session, confirmed_by)
                found = setting.ask(session, first, asked, clock=SYSTEM)
                done = setting.decide(session, second, found.id, True, NOTE, aware=asked.aware, clock=SYSTEM)
                words = f"{done.year} 年 {done.amount:,} 元，{done.effective_from}起生效。"
        except ShouwangError as error:
            fields = error.fields.values() if isinstance(error, Invalid) else ()
            said = [error.message, *(sentence for sentences in fields for sentence in sentences)]
            raise click.ClickException("\n".join(said)) from error
    click.echo(words)


def _usable(session: Session, username: str) -> Account:
    """The account, of somebody who could sign in. Raises Invalid."""
    found = accounts.named(session, username)
    if found is None or not accounts.is_usable(found):
        raise Invalid(f"没有能用的账号“{username}”。")
    return found
