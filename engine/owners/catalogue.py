"""What process owners find: the procedures with the version in force, their versions,
and what each is used for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from engine.casework import definitions
from engine.casework.models import Account, CaseFile, Procedure, ProcedureDraft, ProcedureVersion, Resource
from engine.flow.machine.definition import Definition
from engine.ground import text as normal
from engine.ground.errors import Conflict, NotFound
from engine.ground.paging import Page, page_of
from engine.owners import drafts

SHOWN = 40
"""Characters of a search that are used; names have at most 80."""


def procedures(session: Session, actor: Account, text: str = "", page: int = 1) -> Page[Procedure]:
    """The procedures and then the parts in force, by name, with their present versions."""
    definitions.require_owner(actor)
    query = select(Procedure).join(Procedure.current_version)
    wanted = text.strip()[:SHOWN]
    if wanted:
        names = (Procedure.name, Procedure.key)
        query = query.where(or_(*(name.contains(wanted, autoescape=True) for name in names)))
    ordered = query.options(contains_eager(Procedure.current_version)).order_by(
        Procedure.part, Procedure.name
    )
    return page_of(session, query, ordered, page)


def open_drafts(session: Session, actor: Account, keys: Iterable[str]) -> dict[str, int]:
    """How many drafts of the procedures are alive, by key."""
    definitions.require_owner(actor)
    alive = ProcedureDraft.status.in_(drafts.ALIVE), ProcedureDraft.procedure_key.in_(list(keys))
    query = select(ProcedureDraft.procedure_key, func.count()).where(*alive)
    return {row[0]: row[1] for row in session.execute(query.group_by(ProcedureDraft.procedure_key))}


def versions(session: Session, actor: Account, key: str, page: int = 1) -> Page[ProcedureVersion]:
    """A procedure's versions, latest first. Raises NotFound when there is none."""
    definitions.require_owner(actor)
    query = select(ProcedureVersion).where(ProcedureVersion.procedure_key == key)
    ordered = query.order_by(ProcedureVersion.number.desc()).options(joinedload(ProcedureVersion.procedure))
    found = page_of(session, query, ordered, page)
    if not found.total:
        raise NotFound(f"没有流程“{key}”。")
    return found


def usage(session: Session, found: Sequence[ProcedureVersion]) -> dict[int, dict[str, int]]:
    """How many cases are open and closed on each of the versions, by its id."""
    counts = {version.id: {"open": 0, "closed": 0} for version in found}
    for version_id, status, count in session.execute(_counted().where(CaseFile.version_id.in_(list(counts)))):
        counts[version_id]["open" if status == "open" else "closed"] += count
    return counts


def running(session: Session, keys: Iterable[str]) -> dict[str, int]:
    """How many cases of the procedures are open, on whatever version, by key."""
    columns = select(ProcedureVersion.id, ProcedureVersion.procedure_key)
    rows = session.execute(columns.where(ProcedureVersion.procedure_key.in_(list(keys))))
    ids = {row.id: row.procedure_key for row in rows}
    found: dict[str, int] = {}
    query = _counted().where(CaseFile.version_id.in_(list(ids)), CaseFile.status == "open")
    for version_id, _, count in session.execute(query):
        found[ids[version_id]] = found.get(ids[version_id], 0) + count
    return found


def _counted() -> Select[int, str, int]:
    return select(CaseFile.version_id, CaseFile.status, func.count()).group_by(
        CaseFile.version_id, CaseFile.status
    )


def pinned(session: Session, found: Sequence[ProcedureVersion]) -> dict[int, dict[str, int]]:
    """The parts' versions that each version goes on with: {version id: {part's key: number}}.

    The same drawing may have come back as a later version: it is the last one there was then.
    """
    wanted = {digest for version in found for digest in version.resources.get("part", {}).values()}
    same = and_(ProcedureVersion.procedure_key == Resource.key, ProcedureVersion.xml == Resource.body)
    query = select(Resource.sha256, ProcedureVersion.number, ProcedureVersion.deployed_at)
    rows = session.execute(query.join(ProcedureVersion, same).where(Resource.sha256.in_(wanted))).all()
    numbers: dict[int, dict[str, int]] = {}
    for version in found:
        for key, digest in version.resources.get("part", {}).items():
            then = [
                row.number for row in rows if row.sha256 == digest and row.deployed_at <= version.deployed_at
            ]
            if then:
                numbers.setdefault(version.id, {})[key] = max(then)
    return numbers


def submitters(session: Session, found: Sequence[ProcedureVersion]) -> dict[int, int]:
    """Who submitted the versions that another process owner approved: account id by version id."""
    query = select(ProcedureDraft.version_id, ProcedureDraft.submitted_by).where(
        ProcedureDraft.procedure_key.in_({version.procedure_key for version in found}),
        ProcedureDraft.status == "deployed",
        ProcedureDraft.approved_by.is_not(None),
        ProcedureDraft.version_id.in_([version.id for version in found]),
    )
    return {row.version_id: row.submitted_by for row in session.execute(query)}


def side(session: Session, actor: Account, name: str, key: str) -> tuple[str, Definition]:
    """One side of a comparison: a version's number, or ``draft-`` and a draft's id;
    with what it is called.
    """
    definitions.require_owner(actor)
    draft_id = normal.whole(name.removeprefix("draft-")) if name.startswith("draft-") else None
    if draft_id is not None:
        draft = drafts.find(session, actor, draft_id)
        definition, findings = drafts.checked(session, draft)
        if definition is None:
            raise Conflict(f"草稿“{draft.name}”还有 {len(findings)} 处问题，改好后才能对比。")
        return f"草稿“{draft.name}”", definition
    version = definitions.version(session, key, normal.whole(name) or 0)
    return f"第 {version.number} 版", definitions.load(session, version.id)
