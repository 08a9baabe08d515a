"""Commands of accounts."""

from __future__ import annotations

import click

from engine.casework.organisation import accounts, divisions
from engine.casework.organisation.identity import admitting, passwords
from engine.ground.clock import SYSTEM
from engine.ground.database import write
from engine.ground.errors import ShouwangError
from web.cli.group import main, ours


@main.group(help="账号。")
def user() -> None:
    """Accounts."""


@user.command(
    "email",
    help="登记账号的电子邮件地址，用于通知；留空为取消，如：user email zhangsan zhangsan@example.gov.cn",
)
@click.argument("username")
@click.argument("address", default="")
def set_email(username: str, address: str) -> None:
    """Where an account's mail goes."""
    with ours()() as session:
        try:
            accounts.set_email(session, username, address)
        except ShouwangError as error:
            raise click.ClickException(error.message) from error
    click.echo("已登记。" if address else "已取消。")


@user.command(
    "rescue", help="管理员都登录不了时，在服务器上恢复一个账号：启用、解锁，给首次登录码；记入日志。"
)
@click.argument("username")
def rescue(username: str) -> None:
    """Give an account a code for its next sign-in."""
    with ours()() as session:
        try:
            found, code = admitting.rescue(session, username, SYSTEM.now())
        except ShouwangError as error:
            raise click.ClickException(error.message) from error
    click.echo(f"{found.name}（{found.username}）的首次登录码：{code}，14 天内有效，登录后须先设定新密码。")


@user.command("add", help="添加账号并授予角色，如：user add zhangsan 张三 village_official 12位区划代码")
@click.argument("username")
@click.argument("name")
@click.argument("role")
@click.argument("division")
@click.password_option("--password", prompt="密码")
def add_user(username: str, name: str, role: str, division: str, password: str) -> None:
    """Add an account with one grant."""
    with ours()() as session:
        try:
            passwords.check_strength(password)
            with write(session):
                divisions.standing(session, division)
                found = accounts.create(
                    session, username, name, passwords.hash_password(password), SYSTEM.now()
                )
                accounts.grant(session, found, role, division)
        except ShouwangError as error:
            raise click.ClickException(error.message) from error
    click.echo("已添加。")
