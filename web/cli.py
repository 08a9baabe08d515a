"""The command line: `shouwang …`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click
from sqlalchemy.orm import Session, sessionmaker

from engine.casework import audit, definitions, kit
from engine.casework.identity import passwords
from engine.casework.organisation import accounts, calendar, divisions
from engine.flow.check import check as check_diagram
from engine.flow.decisions import parse_model
from engine.flow.diagram.resources import Resources, read_resources
from engine.flow.diagram.xml import MAX_BYTES
from engine.flow.forms.reading import read_schema
from engine.ground.clock import SYSTEM
from engine.ground.database import create_engine, session_factory, write
from engine.ground.errors import DefinitionError, Finding, ShouwangError
from engine.migrations import schema
from engine.prevention import installation
from engine.prevention.kit import KIT
from web import serving
from web.config import Config, prepare_folder

DEMO_FILE = installation.INSTANCE / "demo.sqlite"


@click.group(help="守望：防止返贫监测帮扶办理系统。设置见 docs/configuration.md。")
def main() -> None:
    """Entry point."""
    kit.use(KIT)


def _factory(url: str | None = None) -> sessionmaker[Session]:
    chosen = url or Config.read().database_url
    prepare_folder(chosen)
    return session_factory(create_engine(chosen))


def _ours() -> sessionmaker[Session]:
    """The database as this release works on it;
    every command but those that make or upgrade one asks here.
    """
    _require_current()
    return _factory()


# -- running ---------------------------------------------------------------------------------------


@main.command(help="演示：内置数据库、河南区划、一个县的农户和办理中的事项。")
@click.option("--port", default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--fresh", is_flag=True, help="重新生成演示数据。")
def demo(port: int, host: str, fresh: bool) -> None:
    """Run the demo: one process, embedded SQLite."""
    from engine.prevention.demo import PASSWORD, ROLES, populate

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
        factory = _factory(f"sqlite:///{unfinished}")
        _install(factory)
        populate(factory, SYSTEM.now(), say=_say)
        with factory() as session:
            engine = session.get_bind()
            session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()  # type: ignore[union-attr]
        unfinished.rename(DEMO_FILE)
    secret = _secret(DEMO_FILE.with_name("demo.secret"))
    config = Config.read(database_url=url, demo=True, secure_cookies=False, secret_key=secret)
    from web.application import create_app

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


def _require_current() -> None:
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


def _secret(path: Path) -> str:
    """A key that survives restarts, so that people stay signed in."""
    if not path.exists():
        path.write_text(Config.read().secret_key)
        path.chmod(0o600)
    return path.read_text()


@main.command(help="启动网页和接口服务（含定时）。")
@click.option("--port", default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
def serve(port: int, host: str) -> None:
    """Serve pages and API."""
    _require_current()
    from web.application import create_app

    serving.serve(create_app(), host, port)


@main.command(help="只运行定时：到期的时限由它触发，可同时运行多个。")
def worker() -> None:
    """Run the ticker alone, in the foreground."""
    _require_current()
    from apscheduler.schedulers.blocking import BlockingScheduler

    from web import scheduler
    from web.application import create_app

    app = create_app(Config.read(scheduler=False))
    scheduler.start(app, BlockingScheduler(timezone="UTC"))


# -- database --------------------------------------------------------------------------------------


@main.group(help="数据库。")
def db() -> None:
    """Database commands."""


@db.command("create", help="建表，装入区划、节假日、监测范围和流程；可重复运行。")
def create() -> None:
    """Create tables and install."""
    _install(_factory())


@db.command("upgrade", help="把旧版本建的表升级到这一版；升级前请先备份。可重复运行。")
def upgrade() -> None:
    """Bring the tables up to this release."""
    with _factory()() as session:
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


def _say(text: str) -> None:
    click.echo(f"… {text}")


def _install(factory: sessionmaker[Session]) -> None:
    with factory() as session:
        _upgrade(session)
        installation.install(session, SYSTEM.now(), say=_say)


@main.group("import", help="导入。")
def import_() -> None:
    """Imports."""


@import_.command("divisions", help="导入区划（code,name,level,parent 的 CSV）；不给文件则用随附的河南区划。")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_divisions(file: Path | None) -> None:
    """Load or refresh divisions."""
    import csv

    with _ours()() as session, click.progressbar(length=1, label="区划") as bar:
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
    with _ours()() as session:
        try:
            count = calendar.load(session, rows)
        except ShouwangError as error:
            raise click.ClickException(error.message) from error
    click.echo(f"已导入 {count} 天。")


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
    with _ours()() as session:
        try:
            accounts.set_email(session, username, address)
        except ShouwangError as error:
            raise click.ClickException(error.message) from error
    click.echo("已登记。" if address else "已取消。")


@user.command("add", help="添加账号并授予角色，如：user add zhangsan 张三 village_official 410324103201")
@click.argument("username")
@click.argument("name")
@click.argument("role")
@click.argument("division")
@click.password_option("--password", prompt="密码")
def add_user(username: str, name: str, role: str, division: str, password: str) -> None:
    """Add an account with one grant."""
    with _ours()() as session:
        try:
            passwords.check_strength(password)
            divisions.get(session, division)
            with write(session):
                found = accounts.create(
                    session, username, name, passwords.hash_password(password), SYSTEM.now()
                )
                accounts.grant(session, found, role, division)
        except ShouwangError as error:
            raise click.ClickException(error.message) from error
    click.echo("已添加。")


# -- procedures ------------------------------------------------------------------------------------


def _beside(file: Path) -> Resources:
    """What a diagram may use: the product's own, over it what lies beside the file.

    Beside is the project's layout (``bpmn/``, ``bpmn/decisions/``, ``forms_json/``) or one folder with
    everything, as desktop modelers keep it: ``*.form`` or ``*.json``, ``*.dmn``.
    """
    folder = file.resolve().parent
    found = read_resources(installation.ROOT)
    if (folder.parent / "forms_json").is_dir():
        found |= read_resources(folder.parent)
    forms = {one.stem: _read(one) for kind in ("*.json", "*.form") for one in sorted(folder.glob(kind))}
    return found | Resources(forms, {one.stem: _read(one) for one in sorted(folder.glob("*.dmn"))})


def _read(file: Path) -> bytes:
    """The file, of one that is too large no more than is needed to say so."""
    with file.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _findings(findings: Iterable[Finding]) -> None:
    for one in findings:
        kind = "提醒" if one.severity == "warning" else "错误"
        named = f"{one.element_name}（{one.element_id}）" if one.element_name else one.element_id or "文件"
        click.echo(f"  {kind} {named}：{one.message}")


def _check(file: Path) -> list[Finding]:
    """What is wrong with a diagram, a form or a decision table, by what the file's name ends in."""
    if file.suffix in (".json", ".form"):
        return read_schema(_read(file))[1]
    if file.suffix == ".dmn":
        return _decision(_read(file))
    return check_diagram(_read(file), _beside(file))[1]


def _decision(body: bytes) -> list[Finding]:
    try:
        parse_model(body)
    except DefinitionError as error:
        return error.findings
    return []


@main.command(help="检查流程图、表单（.json、.form）和决策表（.dmn）。")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出。")
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Check files; exit code 1 when one has errors."""
    found = {str(file): _check(file) for file in files}
    if as_json:
        click.echo(
            json.dumps(
                {file: [f.__dict__ for f in findings] for file, findings in found.items()}, ensure_ascii=False
            )
        )
    else:
        for name, findings in found.items():
            click.echo(f"{name}：{'没有问题' if not findings else f'{len(findings)} 处'}")
            _findings(findings)
    sys.exit(any(f.severity == "error" for findings in found.values() for f in findings))


@main.command(help="检查并启用流程图。")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--note", default="", help="变更说明。")
def deploy(files: tuple[Path, ...], note: str) -> None:
    """Deploy diagrams."""
    with _ours()() as session:
        for file in files:
            try:
                version = definitions.deploy(session, None, _read(file), _beside(file), note, SYSTEM.now())
            except DefinitionError as error:
                _findings(error.findings)
                raise click.ClickException(error.message) from error
            click.echo(f"{version.procedure_key} 第 {version.number} 版已启用。")


@main.group("audit", help="日志。")
def audit_() -> None:
    """The log."""


@audit_.command(help="核对日志的散列链。")
def verify() -> None:
    """Verify every chain; exit code 1 when one is broken."""
    with _ours()() as session:
        breaks = list(audit.verify(session))
    for one in breaks:
        click.echo(f"{one.stream} 第 {one.seq} 条：{one.reason}")
    click.echo("日志完整。" if not breaks else f"有 {len(breaks)} 处不符。")
    sys.exit(bool(breaks))


@main.command(help="测量：每秒办结多少件，与数据库本身的速度对照。")
@click.option("--database", help="空的 PostgreSQL 或 SQLite 数据库；不给则用临时 SQLite 文件。")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出。")
@click.option("--quick", is_flag=True, help="只走一遍，看各项能否运行。")
@click.option("--full", is_flag=True, help="全省的规模：一百万件待办、两万个时限同时到期，约十分钟。")
@click.option("--pages", is_flag=True, help="只测督查和统计页面：二十万件、三百万条办理记录，约二十分钟。")
@click.option(
    "--cases", type=click.IntRange(100), default=200_000, help="与 --pages 合用：多少件，每件约十五条记录。"
)
def bench(database: str | None, as_json: bool, quick: bool, full: bool, pages: bool, cases: int) -> None:
    """Measure."""
    from web import bench as measures
    from web import bench_pages

    sizes = measures.tiny() if quick else measures.full() if full else measures.Sizes()

    def say(text: str) -> None:
        click.echo(f"… {text}", err=True)

    try:
        if pages:
            figures = bench_pages.run(
                database, bench_pages.tiny() if quick else bench_pages.sized(cases), SYSTEM.now(), say
            )
        else:
            figures = measures.run(database, sizes, say)
    except ShouwangError as error:
        raise click.ClickException(error.message) from error
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
    else:
        for line in (bench_pages if pages else measures).report(figures):
            click.echo(line)


if __name__ == "__main__":
    main()
