"""What is tried before it is put into force: a draft or a version,
as the procedures that would then run with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from engine.casework import definitions
from engine.casework.models import Account, Procedure, ProcedureVersion
from engine.flow.check import check
from engine.flow.diagram.resources import KINDS, Resources
from engine.flow.machine.definition import Definition
from engine.ground.errors import Conflict
from engine.owners import drafts

REMEMBERED = 200
"""Hashes of so many sound diagrams with their resources are kept."""
_SOUND: dict[bytes, None] = {}


@dataclass(frozen=True)
class Target:
    """A draft's or a version's diagram with what it may use, and the procedures that start cases with it."""

    title: str
    definition: Definition
    resources: Resources
    procedures: Mapping[str, Definition]
    """By key: the procedure itself; of a part every procedure in force that calls it, with the new part."""
    draft_id: int | None = None
    revision: int = 0
    version_id: int | None = None


def of_draft(session: Session, actor: Account, draft_id: int) -> Target:
    """What the draft would be in force. Raises NotFound, and Conflict while the check finds errors."""
    draft = drafts.find(session, actor, draft_id)
    resources = drafts.resources_of(session, draft)
    definition = _checked(draft.xml, resources)
    running = _procedures(session, definition, resources)
    return Target(draft.name, definition, resources, running, draft_id=draft.id, revision=draft.revision)


def _checked(body: bytes, resources: Resources) -> Definition:
    """The definition, checked once for the same content: a trial asks for it at every step."""
    digest = sha256(body + repr(sorted(resources.bounds.items())).encode())
    for kind in KINDS:
        for key, text in sorted(resources.of(kind).items()):
            digest.update(f"{kind}:{key}:{len(text)}:".encode() + text)
    if digest.digest() in _SOUND:
        return Definition(body, resources)
    definition, findings = check(body, resources)
    errors = sum(finding.severity == "error" for finding in findings)
    if definition is None or errors:
        raise Conflict(f"草稿还有 {max(errors, 1)} 处错误，改正后才能试运行和回放。")
    while len(_SOUND) >= REMEMBERED:
        _SOUND.pop(next(iter(_SOUND)), None)
    _SOUND[digest.digest()] = None
    return definition


def of_version(session: Session, actor: Account, key: str, number: int) -> Target:
    """What the version was put into force as. Raises NotFound."""
    definitions.require_owner(actor)
    version = definitions.version(session, key, number)
    definition, resources = (
        definitions.load(session, version.id),
        definitions.resources_of_version(session, version),
    )
    title = f"{version.procedure.name} 第{version.number}版"
    return Target(
        title, definition, resources, _procedures(session, definition, resources), version_id=version.id
    )


def _procedures(session: Session, definition: Definition, resources: Resources) -> dict[str, Definition]:
    if not definition.is_part:
        return {definition.key: definition}
    found = {}
    query = select(ProcedureVersion).join(Procedure, Procedure.current_version_id == ProcedureVersion.id)
    query = query.where(Procedure.part.is_(False)).options(undefer(ProcedureVersion.xml))
    for version in session.scalars(query.order_by(Procedure.key)):
        if definition.key in version.resources.get("part", {}):
            found[version.procedure_key] = Definition(
                version.xml,
                with_part(definitions.resources_of_version(session, version), definition, resources),
            )
    return found


def with_part(caller: Resources, part: Definition, resources: Resources) -> Resources:
    """What a caller may use, with the new `part` and what that uses of `resources`."""
    return caller | Resources(
        part.form_bodies, {key: resources.decision[key] for key in part.decisions}, {part.key: part.body}
    )
