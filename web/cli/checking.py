"""Commands of procedures: check and deploy."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from engine.casework.definitions import deployment
from engine.flow.check import check as check_diagram
from engine.flow.decisions import parse_model
from engine.flow.diagram.resources import Resources, read_resources
from engine.flow.diagram.xml import MAX_BYTES
from engine.flow.forms.reading import read_schema
from engine.flow.vocabulary import Bound
from engine.ground.clock import SYSTEM, local_date
from engine.ground.errors import DefinitionError, Finding, ShouwangError
from engine.prevention import installation
from engine.prevention.installation import province
from web.cli.group import main, ours


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


def _check(file: Path, bounds: Mapping[str, Bound]) -> list[Finding]:
    """What is wrong with a diagram, a form or a decision table, by what the file's name ends in."""
    if file.suffix in (".json", ".form"):
        return read_schema(_read(file))[1]
    if file.suffix == ".dmn":
        return _decision(_read(file))
    return check_diagram(_read(file), _beside(file) | Resources(bounds=bounds))[1]


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
@click.option(
    "--province",
    "path",
    type=click.Path(exists=True, path_type=Path),
    help="按哪个省的法定期限检查：省级数据的文件夹或 ZIP；不给则按国家的。",
)
def check(files: tuple[Path, ...], as_json: bool, path: Path | None) -> None:
    """Check files; exit code 1 when one has errors."""
    bounds: Mapping[str, Bound] = {}
    if path is not None:
        try:
            bounds = province.read(path, local_date(SYSTEM.now())).parameters.limits
        except ShouwangError as error:
            raise click.ClickException(error.message) from error
    found = {str(file): _check(file, bounds) for file in files}
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
    with ours()() as session:
        for file in files:
            try:
                version = deployment.deploy(session, None, _read(file), _beside(file), note, SYSTEM.now())
            except DefinitionError as error:
                _findings(error.findings)
                raise click.ClickException(error.message) from error
            click.echo(f"{version.procedure_key} 第 {version.number} 版已启用。")
