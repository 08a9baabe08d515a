"""A second pair of eyes on a change of a procedure: who must agree, what exactly is agreed to, who is told.

Whether a second approval is demanded is not the process owners' to decide: the security administrator says
for which divisions it is (三员分立). What is submitted is frozen with all that it would be put into force with;
when any of it has changed until the approval, the approval is refused and says what, by whom and when.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from engine.casework import audit, definitions
from engine.casework.definitions import deployment
from engine.casework.models import (
    LEVELS,
    Account,
    Procedure,
    ProcedureDraft,
    ProcedureVersion,
    RoleGrant,
    Setting,
)
from engine.casework.organisation import access, accounts, divisions
from engine.casework.telling import ladder, notifications
from engine.ground.clock import CHINA
from engine.ground.database import whole, write
from engine.ground.errors import DefinitionError, NotAllowed, NotFound
from engine.owners import drafts

APPROVAL = "releases.second_approval"
"""The setting: codes of the divisions whose process owners need a second one's approval."""
KIND_WORDS = {"form": "表单", "decision": "决策表", "part": "公用环节"}
MAX_TOLD = 200
"""People who are told of one submission; an installation has a handful of process owners."""


# -- who must agree --------------------------------------------------------------------------------


def approval_divisions(session: Session) -> list[str]:
    """The divisions that demand a second approval."""
    setting = session.get(Setting, APPROVAL)
    return [str(code) for code in setting.value] if setting and isinstance(setting.value, list) else []


@whole
def demand_approval(
    session: Session, actor: Account, division_code: str, wanted: bool, now: datetime
) -> None:
    """Demand a second approval of the process owners of a division and below, or no longer.

    Raises NotAllowed.
    """
    access.require_role(actor, access.SECURITY_ADMIN)
    if not access.reaches(actor, division_code, frozenset({access.SECURITY_ADMIN})):
        raise NotFound("没有找到这个地方。")
    with write(session, alone=True):
        if wanted and not divisions.names(session, [division_code]):
            raise NotFound("没有找到这个地方。")
        codes = set(approval_divisions(session))
        codes = codes | {division_code} if wanted else codes - {division_code}
        setting = session.get(Setting, APPROVAL)
        if setting is None:
            session.add(Setting(key=APPROVAL, value=sorted(codes)))
        else:
            setting.value = sorted(codes)
        audit.record(
            session,
            "procedure",
            actor.id,
            "approval_rule",
            {"division": division_code, "wanted": wanted},
            now,
        )


@dataclass(frozen=True)
class Place:
    """A division whose process owners could be asked for a second approval."""

    code: str
    owners: int
    """Process owners at and below it; with fewer than two, and none above, nobody could approve."""


def places(session: Session, actor: Account) -> list[Place]:
    """Where the actor may demand an approval to some effect: their own divisions,
    and those that hold process owners.
    """
    access.require_role(actor, access.SECURITY_ADMIN)
    own = [grant.division_code for grant in actor.grants if grant.role == access.SECURITY_ADMIN]
    query = select(RoleGrant.division_code, RoleGrant.account_id).join(Account)
    rows = session.execute(
        query.where(RoleGrant.role == access.PROCESS_OWNER, accounts.usable()).limit(MAX_TOLD)
    ).all()
    above = {access.ancestor(row.division_code, level) for row in rows for level in LEVELS[:3]}
    known = {code for code in above for row in rows if access.scope_of(code).holds(row.division_code)} | set(
        own
    )
    reached = [code for code in sorted(known) if any(access.scope_of(one).holds(code) for one in own)]
    held = [(code, access.scope_of(code)) for code in reached]
    return [
        Place(code, len({row.account_id for row in rows if scope.holds(row.division_code)}))
        for code, scope in held
    ]


def needs_approval(session: Session, actor: Account) -> bool:
    """Whether what this process owner changes must be approved by another.

    It must where the security administrator says so, and always where their grant does not reach the whole
    province.
    """
    return not definitions.may_put_into_force(actor) or bool(_demanding(session, actor))


def _demanding(session: Session, actor: Account) -> list[access.Scope]:
    """The divisions that demand a second approval of this process owner."""
    own = [grant.division_code for grant in actor.grants if grant.role == access.PROCESS_OWNER]
    demanding = map(access.scope_of, approval_divisions(session))
    return [scope for scope in demanding if any(scope.holds(code) for code in own)]


def require_alone(session: Session, actor: Account) -> None:
    """Raise NotAllowed unless the actor may put a version into force without another's approval."""
    definitions.require_whole(actor)
    if needs_approval(session, actor):
        raise NotAllowed("本地要求第二人审批：请从这一版新建草稿，提交审批后启用。")


def require_other(actor: Account, draft: ProcedureDraft) -> None:
    """Raise NotAllowed for whoever changed or submitted the draft last,
    or does not answer for the whole province.
    """
    definitions.require_whole(actor)
    if actor.id in (draft.submitted_by, draft.updated_by):
        raise NotAllowed("您修改或提交了这份草稿，须由另一位流程管理员审批。")


def reviewers(session: Session, draft: ProcedureDraft, submitter: Account) -> list[Account]:
    """The other process owners of the whole province, where the approval is demanded: who may agree,
    and is told.
    """
    if not needs_approval(session, submitter):
        return []
    query = (
        select(Account)
        .where(
            accounts.usable(),
            Account.id.not_in({submitter.id, draft.updated_by}),
            Account.grants.any(RoleGrant.role == access.PROCESS_OWNER),
        )
        .options(selectinload(Account.grants))
        .order_by(Account.id)
    )
    return [one for one in session.scalars(query.limit(MAX_TOLD)) if definitions.may_put_into_force(one)]


# -- what is agreed to -----------------------------------------------------------------------------


def freeze(session: Session, draft: ProcedureDraft) -> dict[str, Any]:
    """All that putting the draft into force now would use and renew;
    raises DefinitionError when it cannot be done.

    ``present``: the version in force that it replaces (None: none); ``contents``: the hashes of its forms,
    decisions and parts; ``callers``: of a part, the versions that would go on with it; ``sha256``: what the
    version will have.
    """
    definition, findings = drafts.checked(session, draft)
    if definition is None:
        raise DefinitionError(f"流程图有 {len(findings)} 处问题，不能提交。", findings)
    resources = drafts.resources_of(session, draft)
    deployment.require_sound(session, definition, resources)
    kept = deployment.contents(definition, resources)
    procedure = session.get(Procedure, definition.key, populate_existing=True)
    callers = definitions.callers(session, definition.key) if definition.is_part else []
    return {
        "present": procedure.current_version_id if procedure else None,
        "contents": kept,
        "callers": {one.procedure_key: one.id for one in callers},
        "sha256": deployment.fingerprint(definition.body, kept),
    }


def changes(session: Session, draft: ProcedureDraft) -> list[str]:
    """What has changed since the draft was submitted, as sentences: what, by whom and when; none:
    exactly as it was.
    """
    before: dict[str, Any] = draft.frozen or {}
    try:
        now = freeze(session, draft)
    except DefinitionError as error:
        return [f"现在检查通不过（{error.message.removesuffix('。')}）"]
    return [] if now == before else list(_changes(session, before, now)) or ["草稿的图变了"]


def _changes(session: Session, before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    if now["present"] != before["present"]:
        yield _released(session, now["present"])
    for kind, words in KIND_WORDS.items():
        old, new = before["contents"].get(kind, {}), now["contents"].get(kind, {})
        for key in dict.fromkeys([*new, *old]):
            if old.get(key) != new.get(key):
                version = definitions.in_force_with(session, kind, key, new.get(key, ""))
                name = definitions.names(session, [key]).get(key, key) if kind == "part" else key
                yield f"{words}“{name}”" + (
                    f"变了：{_released(session, version.id)}" if version else "已不再使用"
                )
    for key in dict.fromkeys([*now["callers"], *before["callers"]]):
        if now["callers"].get(key) != before["callers"].get(key):
            name = definitions.names(session, [key]).get(key, key)
            called = (
                f"变了：{_released(session, now['callers'][key])}" if key in now["callers"] else "已不再用它"
            )
            yield f"用到它的“{name}”{called}"


def _released(session: Session, version_id: int | None) -> str:
    """Who put a version into force, when and why."""
    version = session.get(ProcedureVersion, version_id) if version_id is not None else None
    if version is None:
        return "流程已经不在使用"
    who = session.get(Account, version.deployed_by) if version.deployed_by is not None else None
    at = version.deployed_at.astimezone(CHINA)
    by = who.name if who is not None else "系统安装"
    note = f"（{version.note}）" if version.note else ""
    return f"“{version.procedure.name}”第 {version.number} 版由{by}于{at.month}月{at.day}日 {at:%H:%M} 启用{note}"


# -- who is told -----------------------------------------------------------------------------------


def tell(
    session: Session, event: str, draft: ProcedureDraft, people: Sequence[Account], text: str, now: datetime
) -> None:
    """Tell people of what became of a draft, by the channels that the ladder's table names;
    in the caller's transaction.
    """
    channels = ladder.channels_of(session, event, draft.procedure_key)
    key = f"draft:{draft.id}:{event}:{now.timestamp():.0f}"
    subject = f"守望：{ladder.EVENTS[event]}"
    outside = f"{ladder.EVENTS[event]}：草稿“{draft.name}”（第 {draft.id} 号），请登录守望查看。"
    for channel, target in channels:
        if channel == "bell":
            for person in people:
                notifications.send_to(session, person.id, draft.id, event, text, now)
        elif channel == "email":
            for address in sorted({person.email for person in people if person.email}):
                ladder.put(session, key, channel, address, subject, outside, now)
        else:
            ladder.put(session, key, channel, target, subject, outside, now)
