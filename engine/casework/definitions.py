"""Deployed versions: stored once, immutable, parsed once per process."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from graphlib import TopologicalSorter
from hashlib import sha256
from pathlib import Path
from threading import Lock

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload, undefer

from engine.casework import audit
from engine.casework.models import Account, Procedure, ProcedureVersion, Resource
from engine.casework.organisation import access, legal_bounds
from engine.flow import vocabulary
from engine.flow.check import check
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import Element
from engine.flow.diagram.localising import localised
from engine.flow.diagram.properties import EXCLUSIVE, page_forms
from engine.flow.diagram.resources import KINDS, Resources, calls_out, digest_of, main_process, read_resources
from engine.flow.forms import Form, compile_form
from engine.flow.machine.definition import Definition
from engine.flow.vocabulary import LegalLimit
from engine.ground.database import once, write
from engine.ground.database.prepared import Prepared
from engine.ground.errors import DefinitionError, Invalid, NotAllowed, NotFound
from engine.ground.tables import table

CACHED = 200
"""As many parsed versions a process keeps; drafts that are tried pass through here too."""
_CACHE: dict[str, Definition] = {}
_FORMS: dict[str, Form] = {}
"""Forms by the hash of their content: what was sent is shown by its own, whatever is in force now."""
_CACHE_LOCK = Lock()


_SHA = Prepared(
    select(table(ProcedureVersion).c.sha256).where(table(ProcedureVersion).c.id == bindparam("number")),
    steady=True,
)


def _sha(session: Session, version_id: int) -> str | None:
    """The hash of a version, which never changes: the session's own, where it has read the version."""
    read = session.identity_map.get((ProcedureVersion, (version_id,), None))
    found: str | None = None if read is None else read.__dict__.get("sha256")
    return found or _SHA.scalar(session, number=version_id)


def load(session: Session, version_id: int) -> Definition:
    """The parsed definition of a version, from the process-wide cache by the hash of its content."""
    known: str | None = once(session, ("version", version_id), lambda: _sha(session, version_id))
    if known is None:
        raise NotFound("没有找到这一版流程。")
    cached = _CACHE.get(known)
    if cached is not None:
        return cached
    version = session.get_one(ProcedureVersion, version_id)
    resources = resources_of_version(session, version)
    with _CACHE_LOCK:
        definition = _CACHE.get(version.sha256)
        if definition is None:
            definition = Definition(version.xml, resources)
            while len(_CACHE) >= CACHED:
                del _CACHE[next(iter(_CACHE))]
            _CACHE[version.sha256] = definition
    return definition


def load_each(session: Session, version_ids: Iterable[int]) -> dict[int, Definition]:
    """As `load`, of several versions in one statement."""
    ids = set(version_ids)
    versions = session.scalars(select(ProcedureVersion).where(ProcedureVersion.id.in_(ids))).all()
    for version in versions:
        once(session, ("version", version.id), partial(_itself, version))
    return {version.id: load(session, version.id) for version in versions}


def _itself(version: ProcedureVersion) -> ProcedureVersion:
    return version


def form_digest(session: Session, procedure: str, name: str) -> str:
    """The hash of the form that a procedure in force gives to a page as `name`,
    kept with what is sent with it.
    """
    version = current(session, procedure)
    key = page_forms(load(session, version.id).properties).get(name, "")
    return version.resources.get("form", {}).get(key, "")


def forms_sent(session: Session, keys: Iterable[str]) -> dict[str, Form]:
    """The forms with which submissions were sent, compiled, by the hash of their content."""
    known = {digest: _FORMS.get(digest) for digest in keys}
    found = {digest: form for digest, form in known.items() if form is not None}
    missing = known.keys() - found.keys()
    if missing:
        rows = session.execute(select(Resource.sha256, Resource.body).where(Resource.sha256.in_(missing)))
        compiled = {row.sha256: compile_form(json.loads(row.body)) for row in rows}
        with _CACHE_LOCK:
            while len(_FORMS) + len(compiled) > CACHED and _FORMS:
                del _FORMS[next(iter(_FORMS))]
            _FORMS.update(compiled)
        found.update(compiled)
    return found


def resources_of_version(session: Session, version: ProcedureVersion) -> Resources:
    """The forms, decisions and parts that the version was put into force with."""
    wanted = {digest for group in version.resources.values() for digest in group.values()}
    rows = session.execute(select(Resource.sha256, Resource.body).where(Resource.sha256.in_(wanted)))
    bodies: dict[str, bytes] = {row.sha256: row.body for row in rows}
    form, decision, part = (
        {key: bodies[digest] for key, digest in version.resources.get(kind, {}).items()} for kind in KINDS
    )
    return Resources(form, decision, part)


_CURRENT = (
    select(ProcedureVersion)
    .join(ProcedureVersion.procedure)
    .where(Procedure.current_version_id == ProcedureVersion.id, Procedure.key == bindparam("procedure_key"))
    .options(contains_eager(ProcedureVersion.procedure))
)


def current(session: Session, key: str) -> ProcedureVersion:
    """The version of procedure `key` that new cases start on."""
    version: ProcedureVersion | None = session.scalar(_CURRENT, {"procedure_key": key})
    if version is None:
        raise NotFound(f"流程“{key}”还没有启用的版本。")
    return version


_GROUP = Prepared(
    select(table(Procedure).c.exclusive).where(table(Procedure).c.key == bindparam("procedure_key")),
    steady=True,
)


def group_of(session: Session, procedure_key: str) -> str:
    """The exclusive group of a procedure; '' for none."""
    return str(_GROUP.scalar(session, procedure_key=procedure_key) or "")


def names(session: Session, keys: Iterable[str]) -> dict[str, str]:
    """What the procedures `keys` are called, by key."""
    query = select(Procedure.key, Procedure.name).where(Procedure.key.in_(set(keys)))
    return {row.key: row.name for row in session.execute(query)}


def element_names(session: Session, elements: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What elements are called, by procedure and id: as the version in force has it, else the latest that
    has one; what none has goes by its id.
    """
    wanted = set(elements)
    query = select(Procedure.key, Procedure.current_version_id)
    rows = session.execute(query.where(Procedure.key.in_({key for key, _ in wanted}))).all()
    in_force = {key: version_id for key, version_id in rows if version_id is not None}
    drawn = load_each(session, in_force.values())
    found = {}
    for key, element_id in wanted:
        now = drawn[in_force[key]].elements if key in in_force else {}
        element = now.get(element_id) or _once_drawn(session, key, element_id)
        found[key, element_id] = element.name if element is not None else element_id
    return found


def _once_drawn(session: Session, key: str, element_id: str) -> Element | None:
    """An element that the version in force has no longer, as the latest version that had it drew it."""
    query = select(ProcedureVersion.id).where(ProcedureVersion.procedure_key == key)
    for version_id in session.scalars(query.order_by(ProcedureVersion.number.desc()).limit(100)):
        element = load(session, version_id).elements.get(element_id)
        if element is not None:
            return element
    return None


def started_alone(session: Session) -> dict[str, str]:
    """What the procedures that cases run on are called, by key; parts that others call are left out."""
    query = select(Procedure.key, Procedure.name).where(Procedure.part.is_(False)).order_by(Procedure.key)
    return {row.key: row.name for row in session.execute(query)}


def require_owner(actor: Account) -> None:
    """Raise NotAllowed unless the actor may change procedures."""
    access.require_role(actor, access.PROCESS_OWNER)


def may_put_into_force(actor: Account) -> bool:
    """Whether the actor may change what is in force: procedures are the whole province's,
    and so must the grant be.
    """
    return access.has_everywhere(actor, access.PROCESS_OWNER)


def require_whole(actor: Account) -> None:
    """Raise NotAllowed unless the actor may put into force what every county works by."""
    require_owner(actor)
    if not may_put_into_force(actor):
        raise NotAllowed(
            "流程全省通用，由省级的流程管理员启用和停用。您可以画草稿、检查、试运行，再提交省级审批。"
        )


def versions(session: Session, key: str) -> list[ProcedureVersion]:
    """The versions of procedure `key`, latest first. Raises NotFound when there is none."""
    query = (
        select(ProcedureVersion)
        .where(ProcedureVersion.procedure_key == key)
        .order_by(ProcedureVersion.number.desc())
    )
    found = list(session.scalars(query.limit(100)))
    if not found:
        raise NotFound(f"没有流程“{key}”。")
    return found


def version(session: Session, key: str, number: int) -> ProcedureVersion:
    """One version with its diagram and procedure. Raises NotFound."""
    query = select(ProcedureVersion).where(
        ProcedureVersion.procedure_key == key, ProcedureVersion.number == number
    )
    found = session.scalar(
        query.options(joinedload(ProcedureVersion.procedure), undefer(ProcedureVersion.xml))
    )
    if found is None:
        raise NotFound(f"没有流程“{key}”的第 {number} 版。")
    return found


def resources_again(session: Session, version: ProcedureVersion) -> Resources:
    """What a version's diagram may use when it is put into force again: all that is in force,
    over it its own.

    Parts are those in force, with their forms: a new version always calls the present ones.
    """
    kept = resources_of_version(session, version)
    alone = Definition(version.xml, Resources(kept.form, kept.decision))  # without the parts: only its own
    own = Resources(alone.form_bodies, {key: kept.decision[key] for key in alone.decisions})
    return Resources(part=kept.part) | resources_in_force(session, None) | own


def _versions_in_force(session: Session) -> Iterator[ProcedureVersion]:
    query = select(ProcedureVersion).join(Procedure, Procedure.current_version_id == ProcedureVersion.id)
    return iter(session.scalars(query.order_by(Procedure.key)).all())


def resources_in_force(session: Session, key: str | None) -> Resources:
    """Every part in force, and the forms and decisions of the version of `key` in force (None:
    of every procedure).
    """
    found = Resources(bounds=legal_bounds.bounds(session))
    parts: dict[str, bytes] = {}
    for version in _versions_in_force(session):
        if version.procedure.part:
            parts[version.procedure_key] = version.xml
        if key in (None, version.procedure_key) or version.procedure.part:
            found |= resources_of_version(session, version)
    return found | Resources(part=parts)


def contents(definition: Definition, resources: Resources) -> dict[str, dict[str, str]]:
    """What a version of the definition is put into force with: the hash of each form, decision and part,
    by key.
    """
    used = _used(definition, resources)
    return {kind: {key: digest_of(kind, key, body) for key, body in used.of(kind).items()} for kind in KINDS}


def callers(session: Session, key: str) -> list[ProcedureVersion]:
    """The versions in force that call the part `key`."""
    return [one for one in _versions_in_force(session) if key in one.resources.get("part", {})]


def in_force_with(session: Session, kind: str, key: str, digest: str) -> ProcedureVersion | None:
    """The version in force that first had this form, decision or part; of a part, the part's own."""
    if kind == "part":
        return next((one for one in _versions_in_force(session) if one.procedure_key == key), None)
    found = [one for one in _versions_in_force(session) if one.resources.get(kind, {}).get(key) == digest]
    return min(found, key=lambda one: one.deployed_at, default=None)


def require_sound(session: Session, definition: Definition, resources: Resources) -> None:
    """Raise DefinitionError when a procedure in force that calls this part could not go on with it."""
    if definition.is_part:
        for _ in _renewed_callers(session, definition, resources):
            pass


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
    procedure = session.get(Procedure, definition.key, with_for_update=True, populate_existing=True)
    if procedure is None:
        procedure = Procedure(key=definition.key, name=definition.name, part=definition.is_part)
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
    procedure.current_version_id, procedure.name, procedure.part = (
        version.id,
        definition.name,
        definition.is_part,
    )
    procedure.exclusive = EXCLUSIVE.text(definition.properties)
    audit.record(
        session,
        "procedure",
        actor.id if actor else None,
        "deploy",
        {"key": definition.key, "number": version.number, "sha256": digest, "note": note},
        now,
    )
    return version


def fingerprint(body: bytes, kept: Mapping[str, Mapping[str, str]]) -> str:
    """The hash of a version: of its diagram and of all that it is put into force with."""
    return sha256(body + json.dumps(kept, sort_keys=True).encode()).hexdigest()


def own_limits(session: Session, definition: Definition) -> list[LegalLimit]:
    """The limits of the law that the definition holds or calls and the province has bounds of its own for."""
    bounds, here = legal_bounds.bounds(session), set(definition.process_names())
    return [
        limit.bounded(bounds[limit.clause])
        for limit in vocabulary.used().law
        if limit.clause in bounds and (limit.procedure in here or limit.callers & here)
    ]


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
