"""Procedures: checked, deployed, and running cases moved to a version."""

from __future__ import annotations

from typing import Any

from flask import current_app

from engine.casework import definitions
from engine.casework.definitions import deployment
from engine.casework.models import Migration
from engine.casework.portions import moving
from engine.flow.check import check
from engine.flow.diagram.resources import Resources
from engine.flow.diagram.xml import encoded
from engine.flow.replay.relocation import Wish
from engine.owners import approvals
from web.api import schemas as s
from web.api.blueprints import api as blueprint
from web.request.signing import account
from web.server import clock
from web.server.database import session


def _resources(body: dict[str, Any], key: str | None) -> Resources:
    """The forms, decisions and parts in force, replaced by the forms and decisions sent."""
    forms = {name: current_app.json.dumps(schema).encode() for name, schema in body["forms"].items()}
    sent = Resources(forms, {name: encoded(text) for name, text in body["decisions"].items()})
    return definitions.resources_in_force(session(), key) | sent


@blueprint.post("/procedures/check")
@blueprint.arguments(s.ProcedureUpload)
@blueprint.response(200, s.Findings)
def check_procedure(body: dict[str, Any]) -> dict[str, Any]:
    """检查流程图：逐个元素指出问题，不保存"""
    definitions.require_owner(account())
    _, findings = check(encoded(body["xml"]), _resources(body, None))
    return {"ok": not any(f.severity == "error" for f in findings), "findings": findings}


@blueprint.get("/procedures/<key>/versions")
@blueprint.response(200, s.Version(many=True))
def list_versions(key: str) -> Any:
    """流程的各个版本，新的在前"""
    return definitions.versions(session(), key)


@blueprint.post("/procedures/<key>/versions")
@blueprint.arguments(s.ProcedureUpload)
@blueprint.response(201, s.Version)
def deploy_version(body: dict[str, Any], key: str) -> Any:
    """上传并启用新版本；检查不通过则不启用，要求第二人审批的地方不能这样启用"""
    approvals.require_alone(session(), account())
    resources = _resources(body, key)
    return deployment.deploy(
        session(), account(), encoded(body["xml"]), resources, body["note"], clock.now(), key=key
    )


@blueprint.post("/procedures/<key>/versions/<int:number>/migrate")
@blueprint.arguments(s.MoveRequest)
@blueprint.response(201, s.Move)
def begin_move(body: dict[str, Any], key: str, number: int) -> dict[str, Any]:
    """把在办事项迁移到这一版：先逐件查看（不改变任何事项），再用 confirm 迁移"""
    target = moving.version_of(session(), account(), key, number)
    wish = Wish(body["elements"], frozenset(body["passed"]))
    return _move(moving.begin(session(), account(), target, wish, clock=clock.clock()))


def _move(act: Migration) -> dict[str, Any]:
    counts = moving.counts(session(), act)
    return {
        "id": act.id,
        "status": act.status,
        "total": act.total,
        "reasons": dict(moving.reasons(session(), act)),
        **counts,
    }


@blueprint.get("/migrations/<int:migration_id>")
@blueprint.response(200, s.Move)
def show_move(migration_id: int) -> dict[str, Any]:
    """迁移的进度"""
    return _move(moving.get(session(), account(), migration_id))


@blueprint.post("/migrations/<int:migration_id>")
@blueprint.response(200, s.Move)
def continue_move(migration_id: int) -> dict[str, Any]:
    """接着查看或迁移一批；直到 looking 时 pending 为 0，moving 时 fits 为 0"""
    return _move(moving.go_on(session(), account(), migration_id, clock=clock.clock()))


@blueprint.post("/migrations/<int:migration_id>/confirm")
@blueprint.arguments(s.MoveNote)
@blueprint.response(200, s.Move)
def confirm_move(body: dict[str, Any], migration_id: int) -> dict[str, Any]:
    """按查看的结果开始迁移"""
    return _move(moving.confirm(session(), account(), migration_id, body["note"], clock=clock.clock()))
