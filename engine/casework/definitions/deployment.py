"""Putting into force: a diagram is checked, stored once as a version, and takes its callers along."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from graphlib import TopologicalSorter
from hashlib import sha256
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.definitions import callers, require_whole, resources_of_version
from engine.casework.models import Account, Procedure, ProcedureVersion, Resource
from engine.casework.organisation import legal_bounds
from engine.flow import vocabulary
from engine.flow.check import check
from engine.flow.diagram import xml as x
from engine.flow.diagram.localising import localised
from engine.flow.diagram.properties import EXCLUSIVE
from engine.flow.diagram.resources import KINDS, Resources, calls_out, digest_of, main_process, read_resources
from engine.flow.machine.definition import Definition
from engine.ground.database import write
from engine.ground.errors import DefinitionError, Invalid


def deploy(
    session: Session,
    actor: Account | None,
    body: bytes,
    resources: Resources,
    note: str,
    now: datetime,
    *,
    key: str | None = None,
) -> ProcedureVersion:
    """Check a diagram with the resources it may use and put it into force for new cases.

    Only what it uses becomes part of the version. Deploying the same content again answers the current
    version. A part that others call takes them along: each gets a new version with the new part, or nothing
    is deployed. `actor` None is the installation itself; `key`, when given, must be the diagram's own. Raises
    DefinitionError with all findings; then nothing changed.
    """
    if actor is not None:
        require_whole(actor)
    with write(session):
        take_turns(session)
        resources |= Resources(bounds=legal_bounds.bounds(session))
        definition = _checked(body, resources)
        if key is not None and key != definition.key:
            raise Invalid(f"这是流程“{definition.key}”的图，不能作为“{key}”的新版本。")
        version = _put_into_force(session, actor, definition, resources, note, now)
        if definition.is_part:
            _renew_callers(session, actor, definition, resources, now)
    return version


def require_sound(session: Session, definition: Definition, resources: Resources) -> None:
    """Raise DefinitionError when a procedure in force that calls this part could not go on with it."""
    if definition.is_part:
        for _ in _renewed_callers(session, definition, resources):
            pass


def take_turns(session: Session) -> None:
    """Hold every other deployment until this transaction ends: what it has seen in force stays so.

    A part takes its callers along, so the turn is for all procedures; cases go on meanwhile.
    """
    session.execute(select(Procedure.key).order_by(Procedure.key).with_for_update(key_share=True)).all()


def stage(session: Session, definition: Definition, resources: Resources, now: datetime) -> None:
    """Put a checked definition into force as `deploy` does, callers of a part included,
    without checking it again.

    For a transaction that is rolled back.
    """
    _put_into_force(session, None, definition, resources, "试运行", now)
    if not definition.is_part:
        return
    decisions = {key: resources.decision[key] for key in definition.decisions}
    new = Resources(definition.form_bodies, decisions, {definition.key: definition.body})
    for version in callers(session, definition.key):
        everything = resources_of_version(session, version) | new
        _put_into_force(session, None, Definition(version.xml, everything), everything, "试运行", now)


def _checked(body: bytes, resources: Resources, whose: str = "") -> Definition:
    definition, findings = check(body, resources)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors or definition is None:
        raise DefinitionError(f"{whose}流程图有 {len(errors)} 处问题，没有启用。", findings)
    return definition


def _renew_callers(
    session: Session, actor: Account | None, part: Definition, resources: Resources, now: datetime
) -> None:
    """Every procedure in force that calls the part goes on with its new version."""
    for caller, everything in _renewed_callers(session, part, resources):
        _put_into_force(session, actor, caller, everything, f"随公用环节“{part.name}”更新", now)


def _renewed_callers(
    session: Session, part: Definition, resources: Resources
) -> Iterator[tuple[Definition, Resources]]:
    """The procedures in force that call the part, checked with the new one.

    Raises DefinitionError for the first that fails.
    """
    decisions = {key: resources.decision[key] for key in part.decisions}
    new = Resources(part.form_bodies, decisions, {part.key: part.body}, resources.bounds)
    for version in callers(session, part.key):
        body, everything = version.xml, resources_of_version(session, version) | new
        yield _checked(body, everything, f"用到“{part.name}”的“{version.procedure.name}”："), everything


def _put_into_force(
    session: Session,
    actor: Account | None,
    definition: Definition,
    resources: Resources,
    note: str,
    now: datetime,
) -> ProcedureVersion:
    kept = contents(definition, resources)
    _keep(session, _used(definition, resources))
    digest = fingerprint(definition.body, kept)
    procedure = _row_of(session, definition)
    if procedure.current_version_id is not None:
        present = session.get_one(ProcedureVersion, procedure.current_version_id)
        if present.sha256 == digest:
            return present
    number = func.max(ProcedureVersion.number)
    last = session.scalar(select(number).where(ProcedureVersion.procedure_key == definition.key))
    version = ProcedureVersion(
        procedure_key=definition.key,
        number=(last or 0) + 1,
        xml=definition.body,
        sha256=digest,
        resources=kept,
        deployed_by=actor.id if actor else None,
        deployed_at=now,
        note=note,
    )
    session.add(version)
    session.flush()
    procedure.current_version_id = version.id
    procedure.name, procedure.part = definition.name, definition.is_part
    procedure.exclusive = EXCLUSIVE.text(definition.properties)
    said = {"key": definition.key, "number": version.number, "sha256": digest, "note": note}
    audit.record(session, "procedure", version.deployed_by, "deploy", said, now)
    return version


def _row_of(session: Session, definition: Definition) -> Procedure:
    """The procedure's row, locked; a new one for a new procedure."""
    procedure = session.get(Procedure, definition.key, with_for_update=True, populate_existing=True)
    if procedure is None:
        procedure = Procedure(key=definition.key, name=definition.name, part=definition.is_part)
        session.add(procedure)
        session.flush()
    return procedure


def contents(definition: Definition, resources: Resources) -> dict[str, dict[str, str]]:
    """What a version of the definition is put into force with: the hash of each form, decision and part,
    by key.
    """
    used = _used(definition, resources)
    return {kind: {key: digest_of(kind, key, body) for key, body in used.of(kind).items()} for kind in KINDS}


def fingerprint(body: bytes, kept: Mapping[str, Mapping[str, str]]) -> str:
    """The hash of a version: of its diagram and of all that it is put into force with."""
    return sha256(body + json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _used(definition: Definition, resources: Resources) -> Resources:
    decisions = {key: resources.decision[key] for key in definition.decisions}
    return Resources(definition.form_bodies, decisions, definition.part_bodies)


def _keep(session: Session, used: Resources) -> None:
    """Store the bodies that are not there yet, each once."""
    for kind in KINDS:
        for key, body in used.of(kind).items():
            digest = digest_of(kind, key, body)
            if session.get(Resource, digest) is None:
                session.add(Resource(sha256=digest, kind=kind, key=key, body=body))


def deploy_directory(
    session: Session, root: Path, now: datetime, note: str = "随系统安装", *, anew: bool = True
) -> list[ProcedureVersion]:
    """Deploy every diagram under ``root/bpmn`` with the resources beside it and the province's own limits,
    what is called before its callers. Without `anew`, only what is not in force yet: the others are their
    owners'.
    """
    there = set() if anew else set(session.scalars(select(Procedure.key)))
    resources, bounds = read_resources(root), legal_bounds.bounds(session)
    parts = {key: localised(body, vocabulary.used().law, bounds) for key, body in resources.part.items()}
    resources |= Resources(part=parts)
    bodies: dict[str, bytes] = {}
    calls: dict[str, frozenset[str]] = {}
    for path in sorted((root / "bpmn").glob("*.bpmn")):
        parsed = x.parse_xml(path.read_bytes())
        main = main_process(parsed)
        key = main.get("id", "") if main is not None else path.stem
        bodies[key] = localised(path.read_bytes(), vocabulary.used().law, bounds)
        calls[key] = calls_out(parsed)
    order = TopologicalSorter(
        {key: sorted(found & set(bodies)) for key, found in calls.items()}
    ).static_order()
    wanted = [key for key in order if key not in there]
    return [deploy(session, None, bodies[key], resources, note, now) for key in wanted]
