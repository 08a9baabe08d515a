"""Drafts of procedures: drawn, saved and checked without touching what is in force.

Only process owners come here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from engine.casework import audit, definitions
from engine.casework.models import Account, DraftResource, Procedure, ProcedureDraft, ProcedureVersion
from engine.flow.diagram import xml as x
from engine.flow.diagram.blank import blank_diagram, blank_form
from engine.flow.diagram.losses import dropped, lost, with_comments
from engine.flow.diagram.resources import Resources, main_process
from engine.ground.clock import CHINA
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, Losing, NotFound
from engine.owners.drafts import STATUS_WORDS, changed, find, require_own, resources_of

MAX_RESOURCE_BYTES = 1_000_000
LONGEST_NAME = 80
"""Characters of a draft's name, as its column has room for."""
"""Forms and decision tables that people can read have some ten thousand characters."""
Changes = Mapping[str, bytes | None]
_PROCEDURE_KEY = re.compile(r"[a-z][a-z0-9_]{2,39}\Z", re.ASCII)


def create(
    session: Session,
    actor: Account,
    *,
    name: str,
    procedure_key: str = "",
    now: datetime,
    version_id: int | None = None,
    body: bytes | None = None,
    new_key: str = "",
    resources: Resources | None = None,
) -> ProcedureDraft:
    """A new draft: from a version, from a file `body` (not trusted), from what is in force, or empty.

    `new_key` is the key that an empty one gets, which addresses and records carry for good; without it a
    number.

    Of `resources`, the forms and decisions that came with the file, those are kept that differ from what is
    in force.

    Raises Invalid without a name, DefinitionError for a file that is no diagram, NotFound for an unknown
    version.
    """
    definitions.require_owner(actor)
    name = _named(name)
    body = x.in_utf8(body) if body is not None else None
    with write(session):
        base = _base(session, procedure_key, version_id, body)
        draft = ProcedureDraft(
            procedure_key=base.procedure_key if base else "",
            name=name,
            base_version_id=base.id if base else None,
            xml=body or (base.xml if base else b""),
            created_by=actor.id,
            created_at=now,
            updated_by=actor.id,
            updated_at=now,
        )
        session.add(draft)
        session.flush()
        if not draft.xml:
            key = _new_key(session, new_key) or f"procedure_{draft.id}"
            draft.xml = blank_diagram(key, name)
            session.add(
                DraftResource(draft_id=draft.id, kind="form", key=f"{key}_form", body=blank_form(name))
            )
        if resources is not None:
            present = resources_of(session, draft)
            for kind in ("form", "decision"):
                known = present.of(kind)
                _store(
                    session, draft, kind, {k: v for k, v in resources.of(kind).items() if known.get(k) != v}
                )
        details = {"draft": draft.id, "name": name, "key": draft.procedure_key}
        audit.record(session, "procedure", actor.id, "draft", details, now)
    return draft


def _new_key(session: Session, typed: str) -> str:
    """The key chosen for a new procedure, '' for none. Raises Invalid for one that cannot be, or is taken."""
    key = typed.strip().lower()
    if not key:
        return ""
    wrong = not _PROCEDURE_KEY.match(key) and "请用小写英文字母、数字和下划线，以字母开头，3 到 40 个。"
    drawn = select(DraftResource.id).join(ProcedureDraft, ProcedureDraft.id == DraftResource.draft_id)
    drawn = drawn.where(DraftResource.kind == "form", DraftResource.key == f"{key}_form")
    if not wrong and (session.get(Procedure, key) is not None or session.scalar(drawn.limit(1)) is not None):
        wrong = "已有流程或草稿用这个编号，请换一个。"
    if wrong:
        raise Invalid(f"流程编号“{typed[:40]}”不能用：{wrong}", {"key": [f"流程编号：{wrong}"]})
    return key


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        sentence = f"请给草稿起个名字，不超过 {LONGEST_NAME} 个字，例如“公示改为7天”。"
        raise Invalid(sentence, {"name": [sentence]})
    return name


def _base(
    session: Session, procedure_key: str, version_id: int | None, body: bytes | None
) -> ProcedureVersion | None:
    """The version that the draft starts from; of a file, the one in force of the procedure that it draws."""
    if version_id is not None:
        version = session.get(ProcedureVersion, version_id, options=[undefer(ProcedureVersion.xml)])
        if version is None:
            raise NotFound("没有找到这一版流程。")
        return version
    if body is None:
        return definitions.current(session, procedure_key) if procedure_key else None
    main = main_process(x.parse_xml(body))
    procedure = session.get(Procedure, main.get("id", "")) if main is not None else None
    if procedure_key and (procedure is None or procedure.key != procedure_key):
        raise Invalid(f"这个文件画的不是流程“{procedure_key}”。")
    return session.get(ProcedureVersion, procedure.current_version_id) if procedure is not None else None


def save(
    session: Session,
    actor: Account,
    draft_id: int,
    revision: int,
    now: datetime,
    *,
    diagram: bytes | None = None,
    forms: Changes | None = None,
    decisions: Changes | None = None,
    replacing: bool = False,
    losing: bool = False,
    opened: bytes | None = None,
) -> ProcedureDraft:
    """Store a new diagram, forms and decisions (None drops the draft's own one), all or nothing.

    `revision` is the one that the actor had read: when somebody saved since, Conflict names them, and nothing
    is written. A diagram saved from an editor must not lose what another tool has written into it (Losing
    names it), unless the actor agreed to it (`losing`); `opened` is what the editor had made of the stored
    one before anybody drew: what is missing in it, the editor dropped. With `replacing` it is a file that
    stands for the old one. Raises DefinitionError for what is no diagram.
    """
    with write(session):
        draft = _locked(session, actor, draft_id, revision)
        if diagram is not None:
            _take(draft, diagram, replacing, losing, opened)
        _store(session, draft, "form", forms or {})
        _store(session, draft, "decision", decisions or {})
        draft.revision += 1
        draft.updated_by, draft.updated_at = actor.id, now
    return draft


def _locked(session: Session, actor: Account, draft_id: int, revision: int | None = None) -> ProcedureDraft:
    """The draft for writing, still open and as the actor had read it."""
    definitions.require_owner(actor)
    draft = session.get(
        ProcedureDraft,
        draft_id,
        with_for_update=True,
        populate_existing=True,
        options=[undefer(ProcedureDraft.xml)],
    )
    if draft is None:
        raise NotFound("没有找到这份草稿。")
    require_own(actor, draft)
    if draft.status != "open":
        raise Conflict(f"这份草稿{STATUS_WORDS[draft.status]}，不能再修改。可以另存为新的草稿。")
    if revision is not None and draft.revision != revision:
        who = session.get_one(Account, draft.updated_by)
        at = draft.updated_at.astimezone(CHINA)
        raise Conflict(
            f"{who.name}在{at.month}月{at.day}日 {at:%H:%M} 保存过这份草稿，您的修改还没有保存。"
            "请另存为新的草稿，或载入对方的内容。"
        )
    return draft


def _take(
    draft: ProcedureDraft, diagram: bytes, replacing: bool, losing: bool = False, opened: bytes | None = None
) -> None:
    root = x.parse_xml(diagram)
    if replacing:
        main = main_process(root)
        key = main.get("id", "") if main is not None else ""
        if key and draft.procedure_key and key != draft.procedure_key:
            raise Invalid(
                f"文件里的流程编号是“{key}”，这份草稿改的是“{draft.procedure_key}”。要用这个文件，请另建草稿。"
            )
        draft.xml = x.in_utf8(diagram)
        return
    losses = [] if losing else [*losses_of(draft, opened), *lost(x.parse_xml(draft.xml), root)]
    losses = list(dict.fromkeys(losses))
    if losses:
        more = f"等 {len(losses)} 处" if len(losses) > 5 else ""
        raise Losing("保存后会丢失画图工具读不懂的内容，没有保存：" + "；".join(losses[:5]) + more + "。")
    draft.xml = with_comments(draft.xml, x.in_utf8(diagram))


def losses_of(draft: ProcedureDraft, opened: bytes | None) -> list[str]:
    """What an editor dropped of the stored diagram as it opened it. Raises DefinitionError."""
    return [] if opened is None else dropped(x.parse_xml(draft.xml), x.parse_xml(opened))


def _store(session: Session, draft: ProcedureDraft, kind: str, changes: Changes) -> None:
    for key, body in changes.items():
        if body is not None and len(body) > MAX_RESOURCE_BYTES:
            raise Invalid(f"“{key}”过大（{len(body) // 1024} KB），上限为 {MAX_RESOURCE_BYTES // 1024} KB。")
        if not key or len(key) > 80 or not key.replace("-", "_").isidentifier() or not key.isascii():
            raise Invalid(f"编号“{key[:80]}”不能用：请用英文字母、数字和下划线，以字母开头。")
        wanted = select(DraftResource).where(
            DraftResource.draft_id == draft.id, DraftResource.kind == kind, DraftResource.key == key
        )
        found = session.scalar(wanted)
        if body is None:
            if found is not None:
                session.delete(found)
        elif found is not None:
            found.body = body
        else:
            session.add(DraftResource(draft_id=draft.id, kind=kind, key=key, body=body))


def copy(
    session: Session,
    actor: Account,
    draft_id: int,
    name: str,
    now: datetime,
    *,
    diagram: bytes | None = None,
    forms: Changes | None = None,
    decisions: Changes | None = None,
) -> ProcedureDraft:
    """A new draft with all of this one's content, and with what the actor has not been able to save in it."""
    with write(session):
        old = find(session, actor, draft_id)
        new = ProcedureDraft(
            procedure_key=old.procedure_key,
            name=_named(name),
            base_version_id=old.base_version_id,
            xml=old.xml,
            created_by=actor.id,
            created_at=now,
            updated_by=actor.id,
            updated_at=now,
        )
        if diagram is not None:
            _take(new, diagram, replacing=True)
        session.add(new)
        session.flush()
        for kind, bodies in changed(session, old).items():
            _store(session, new, kind, bodies)
        session.flush()
        _store(session, new, "form", forms or {})
        _store(session, new, "decision", decisions or {})
        details = {"draft": new.id, "name": new.name, "copy_of": old.id}
        audit.record(session, "procedure", actor.id, "draft", details, now)
    return new


def rename(session: Session, actor: Account, draft_id: int, name: str, now: datetime) -> ProcedureDraft:
    """Give the draft another name; its content and revision stay."""
    with write(session):
        draft = _locked(session, actor, draft_id)
        draft.name = _named(name)
        audit.record(
            session, "procedure", actor.id, "draft_rename", {"draft": draft.id, "name": draft.name}, now
        )
    return draft


def discard(session: Session, actor: Account, draft_id: int, now: datetime) -> None:
    """Take the draft off the list; the row stays, nobody can change it any more."""
    with write(session):
        draft = _locked(session, actor, draft_id)
        draft.status, draft.updated_by, draft.updated_at = "discarded", actor.id, now
        audit.record(
            session, "procedure", actor.id, "draft_discard", {"draft": draft.id, "name": draft.name}, now
        )
