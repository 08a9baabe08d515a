"""Deployed versions: stored once, immutable, parsed once per process."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.orm import Session, contains_eager, joinedload, undefer

from engine.casework.models import Account, Procedure, ProcedureVersion, Resource
from engine.casework.organisation import access, legal_bounds
from engine.flow import vocabulary
from engine.flow.diagram.element import Element
from engine.flow.diagram.properties import page_forms
from engine.flow.diagram.resources import KINDS, Resources
from engine.flow.forms import Form, compile_form
from engine.flow.forms.schema import options, walk
from engine.flow.machine.definition import Definition
from engine.flow.vocabulary import LegalLimit
from engine.ground.database import once
from engine.ground.database.prepared import Prepared
from engine.ground.database.remembered import remembered
from engine.ground.errors import NotAllowed, NotFound
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


def sha_of(version_id: ColumnElement[int]) -> ColumnElement[str]:
    """SQL: the hash of a version, beside rows that name it (`is_known`)."""
    version = table(ProcedureVersion)
    return select(version.c.sha256).where(version.c.id == version_id).scalar_subquery()


def is_known(session: Session, version_id: int, sha: str | None) -> None:
    """The hash of a version was read along with something else: `load` asks for it no more.

    It is None where the version was put into force while its reader waited for a lock.
    """
    if sha is not None:
        once(session, ("version", version_id), lambda: sha)


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
    return {version.id: load(session, version.id) for version in versions}  # each hash is read by now


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

    def asked() -> ProcedureVersion | None:
        return session.scalar(_CURRENT, {"procedure_key": key})

    version = remembered(session, (current, key), (Procedure, ProcedureVersion), asked)
    if version is None:
        raise NotFound(f"流程“{key}”还没有启用的版本。")
    return version


class InForce(NamedTuple):
    """The version that new cases of a procedure start on, and what is asked of the procedure itself."""

    id: int
    number: int
    sha256: str
    key: str
    name: str
    part: bool
    exclusive: str


_IN_FORCE = Prepared(
    select(
        *(table(ProcedureVersion).c[name] for name in InForce._fields[:3]),
        *(table(Procedure).c[name] for name in InForce._fields[3:]),
    )
    .join(Procedure, Procedure.current_version_id == ProcedureVersion.id)
    .where(Procedure.key == bindparam("procedure_key")),
    steady=True,
)


def in_force(session: Session, key: str) -> InForce:
    """As `current`, for who opens a case: what that asks, for an eighth of the time."""

    def asked() -> InForce | None:
        found = _IN_FORCE.first(session, procedure_key=key)
        if found is None:
            return None
        version = InForce(*found)
        is_known(session, version.id, version.sha256)
        return version

    version = remembered(session, (in_force, key), (Procedure, ProcedureVersion), asked)
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


def callers(session: Session, key: str) -> list[ProcedureVersion]:
    """The versions in force that call the part `key`."""
    return [one for one in _versions_in_force(session) if key in one.resources.get("part", {})]


def in_force_with(session: Session, kind: str, key: str, digest: str) -> ProcedureVersion | None:
    """The version in force that first had this form, decision or part; of a part, the part's own."""
    if kind == "part":
        return next((one for one in _versions_in_force(session) if one.procedure_key == key), None)
    found = [one for one in _versions_in_force(session) if one.resources.get(kind, {}).get(key) == digest]
    return min(found, key=lambda one: one.deployed_at, default=None)


def own_limits(session: Session, definition: Definition) -> list[LegalLimit]:
    """The limits of the law that the definition holds or calls and the province has bounds of its own for."""
    bounds, here = legal_bounds.bounds(session), set(definition.process_names())
    return [
        limit.bounded(bounds[limit.clause])
        for limit in vocabulary.used().law
        if limit.clause in bounds and (limit.procedure in here or limit.callers & here)
    ]


def code_labels(session: Session, procedure_key: str = "identification") -> dict[str, dict[str, str]]:
    """The words of coded values by field key, as the forms in force have them:
    no code list lives in Python.
    """
    definition = load(session, current(session, procedure_key).id)
    found: dict[str, dict[str, str]] = {}
    for key in sorted(definition.form_bodies):
        for component in walk(list(definition.form_schema(key)["components"])):
            if component.get("values") and component.get("key"):
                found.setdefault(str(component["key"]), {}).update(options(component))
    return found
