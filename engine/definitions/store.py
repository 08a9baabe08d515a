"""Deployed versions: stored once, immutable, parsed once per process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.database import write
from engine.definitions.check import check
from engine.definitions.definition import Definition
from engine.errors import DefinitionError, Invalid, NotFound
from engine.models import Account, Procedure, ProcedureVersion, Resource

_CACHE: dict[str, Definition] = {}
_CACHE_LOCK = Lock()


def load(session: Session, version_id: int) -> Definition:
    """The parsed definition of a version, from the process-wide cache by the hash of its content."""
    version = session.get(ProcedureVersion, version_id)
    if version is None:
        raise NotFound("没有找到这一版流程。")
    cached = _CACHE.get(version.sha256)
    if cached is not None:
        return cached
    bodies = _bodies(session, version.resources)
    with _CACHE_LOCK:
        definition = _CACHE.get(version.sha256)
        if definition is None:
            definition = Definition(version.xml, bodies["form"], bodies["decision"])
            _CACHE[version.sha256] = definition
    return definition


def _bodies(session: Session, resources: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, bytes]]:
    wanted = {digest for group in resources.values() for digest in group.values()}
    rows = session.execute(select(Resource.sha256, Resource.body).where(Resource.sha256.in_(wanted)))
    by_digest: dict[str, bytes] = {row.sha256: row.body for row in rows}
    return {
        kind: {key: by_digest[digest] for key, digest in resources.get(kind, {}).items()}
        for kind in ("form", "decision")
    }


def current(session: Session, key: str) -> ProcedureVersion:
    """The version of procedure `key` that new cases start on."""
    query = (
        select(ProcedureVersion)
        .join(Procedure, Procedure.current_version_id == ProcedureVersion.id)
        .where(Procedure.key == key)
    )
    version = session.scalar(query)
    if version is None:
        raise NotFound(f"流程“{key}”还没有启用的版本。")
    return version


def require_owner(actor: Account) -> None:
    """Raise NotAllowed unless the actor may change procedures."""
    access.require_role(actor, access.PROCESS_OWNER)


def versions(session: Session, key: str) -> list[ProcedureVersion]:
    """The versions of procedure `key`, latest first. Raises NotFound when there is none."""
    query = (
        select(ProcedureVersion).where(ProcedureVersion.procedure_key == key).order_by(ProcedureVersion.number.desc())
    )
    found = list(session.scalars(query.limit(100)))
    if not found:
        raise NotFound(f"没有流程“{key}”。")
    return found


def resources_in_force(session: Session, key: str | None) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The forms and decisions of the version of `key` in force; of every procedure when `key` is None."""
    query = select(ProcedureVersion).join(Procedure, Procedure.current_version_id == ProcedureVersion.id)
    if key is not None:
        query = query.where(Procedure.key == key)
    forms: dict[str, bytes] = {}
    decisions: dict[str, bytes] = {}
    for version in session.scalars(query):
        bodies = _bodies(session, version.resources)
        forms |= bodies["form"]
        decisions |= bodies["decision"]
    return forms, decisions


def deploy(
    session: Session,
    actor: Account | None,
    body: bytes,
    forms: Mapping[str, bytes],
    decisions: Mapping[str, bytes],
    note: str,
    now: datetime,
    *,
    key: str | None = None,
) -> ProcedureVersion:
    """Check a diagram with the forms and decisions it may use and put it into force for new cases.

    Only the resources it names become part of the version. Deploying the same content again answers the current
    version. `actor` None is the installation itself; `key`, when given, must be the diagram's own. Raises
    DefinitionError with all findings; then nothing changed.
    """
    if actor is not None:
        require_owner(actor)
    definition, findings = check(body, forms, decisions)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors or definition is None:
        raise DefinitionError(f"流程图有 {len(errors)} 处问题，没有启用。", findings)
    if key is not None and key != definition.key:
        raise Invalid(f"这是流程“{definition.key}”的图，不能作为“{key}”的新版本。")
    used = {
        "form": {e.form_key: forms[e.form_key] for e in definition.elements.values() if e.form_key},
        "decision": {key: decisions[key] for key in definition.decisions},
    }
    with write(session):
        resources = {
            kind: {key: _keep(session, kind, key, text) for key, text in group.items()} for kind, group in used.items()
        }
        digest = sha256(body + json.dumps(resources, sort_keys=True).encode()).hexdigest()
        procedure = session.get(Procedure, definition.key, with_for_update=True)
        if procedure is None:
            procedure = Procedure(key=definition.key, name=definition.name)
            session.add(procedure)
            session.flush()
        if procedure.current_version_id is not None:
            present = session.get_one(ProcedureVersion, procedure.current_version_id)
            if present.sha256 == digest:
                return present
        last = session.scalar(
            select(func.max(ProcedureVersion.number)).where(ProcedureVersion.procedure_key == definition.key)
        )
        version = ProcedureVersion(
            procedure_key=definition.key, number=(last or 0) + 1, xml=body, sha256=digest, resources=resources,
            deployed_by=actor.id if actor else None, deployed_at=now, note=note,
        )  # fmt: skip
        session.add(version)
        session.flush()
        procedure.current_version_id, procedure.name = version.id, definition.name
        audit.record(
            session, "procedure", actor.id if actor else None, "deploy",
            {"key": definition.key, "number": version.number, "sha256": digest, "note": note}, now,
        )  # fmt: skip
    return version


def _keep(session: Session, kind: str, key: str, body: bytes) -> str:
    digest = sha256(f"{kind}:{key}:".encode() + body).hexdigest()
    if session.get(Resource, digest) is None:
        session.add(Resource(sha256=digest, kind=kind, key=key, body=body))
    return digest


def read_resources(forms: Path, decisions: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Every form and decision of two folders by key (the file's name without its ending)."""
    return (
        {path.stem: path.read_bytes() for path in sorted(forms.glob("*.json"))},
        {path.stem: path.read_bytes() for path in sorted(decisions.glob("*.dmn"))},
    )


def deploy_directory(session: Session, root: Path, now: datetime, note: str = "随系统安装") -> list[ProcedureVersion]:
    """Deploy every diagram under ``root/bpmn`` with the forms of ``root/forms_json``."""
    forms, decisions = read_resources(root / "forms_json", root / "bpmn" / "decisions")
    return [
        deploy(session, None, path.read_bytes(), forms, decisions, note, now)
        for path in sorted((root / "bpmn").glob("*.bpmn"))
    ]
