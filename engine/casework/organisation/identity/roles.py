"""Who gets which role where: a system administrator asks, a security administrator decides (三员分立).

Nobody decides of the own account. The last one who can sign in and holds an administrator's role for the
whole province keeps it: who would be missing is said instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, RoleGrant, RoleRequest
from engine.casework.organisation import access, accounts, divisions
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.paging import Page, page_of

OWN = "本人的账号由另一位管理员办理。"
MAX_DECIDED = 500
"""Requests that one act decides."""
STATUS_NAMES = {"waiting": "待授权", "granted": "已授权", "refused": "未同意"}


# -- reach -----------------------------------------------------------------------------------------


def reaches(actor: Account, account: Account, role: str) -> bool:
    """Whether the actor administers the account: its unit and every role of it lie in the actor's reach.

    Else a county's administrator could reset the province's reviewer who lives there.
    """
    codes = {grant.division_code for grant in account.grants} | {account.division_code}
    return all(in_reach(actor, code, role) for code in codes)


def in_reach(actor: Account, code: str, role: str) -> bool:
    """Whether a unit lies in the actor's reach; an account without one is the province's to look after."""
    return access.reaches(actor, code, frozenset({role})) if code else access.has_everywhere(actor, role)


def require(session: Session, actor: Account, account_id: int, role: str, *, own: bool = False) -> Account:
    """The account, which the actor administers with `role`. Raises NotFound, NotAllowed.

    `own`: also the own one, to look at it.
    """
    access.require_role(actor, role)
    account = session.get(Account, account_id)
    if account is None or not in_reach(actor, account.division_code, role):
        raise NotFound("没有找到这个账号。")
    if own:
        return account
    if account.id == actor.id:
        raise NotAllowed(OWN)
    if not reaches(actor, account, role):
        raise NotAllowed("这个账号还有别处的角色，须由管得到那里的管理员办理。")
    return account


def require_another(session: Session, account: Account, losing: Iterable[RoleGrant]) -> None:
    """Raise Conflict when, without the grants `losing` of the account, nobody who can sign in would hold an
    administrator's role for the whole province.

    Inside a write transaction: it locks the role's grants, so that of two who take each other's the second
    sees what the first did.
    """
    for grant in losing:
        if grant.role not in accounts.ADMINISTRATORS or access.level_of(grant.division_code) != "province":
            continue
        query = select(RoleGrant).where(RoleGrant.role == grant.role).order_by(RoleGrant.id).with_for_update()
        held = list(session.scalars(query.execution_options(populate_existing=True)))
        holders = {one.account_id for one in held if access.level_of(one.division_code) == "province"}
        others = select(Account.id).where(Account.id.in_(holders - {account.id}), accounts.usable())
        if session.scalar(others.limit(1)) is None:
            name = access.ROLE_NAMES[grant.role]
            raise Conflict(
                f"{account.name}是全省最后一位能登录的{name}：请先让另一位{name}上任，再办这件事。"
            )


def lock(session: Session, account: Account) -> None:
    """Whoever changes what the account may do waits here for the others; inside a write transaction."""
    session.execute(select(Account.id).where(Account.id == account.id).with_for_update())


# -- asking ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wish:
    """A role on a division that an account is to get, or to lose."""

    role: str
    division_code: str
    act: str = "add"


def checked(session: Session, actor: Account, wish: Wish) -> Wish:
    """The wish, with the code of its place, which may be written by its path or name.

    Raises Invalid, with the sentence at the field, for a role or place that there is not, and for one of
    which the actor may not ask. What is to be taken need only be held (`put`): also a role that should never
    have been there, at a place that has gone.
    """
    if wish.act == "remove":
        return wish
    if wish.role not in access.ROLE_NAMES:
        raise Invalid("请选择角色。", {"role": ["请选择角色。"]})
    try:
        code = divisions.one_meant(session, wish.division_code)
    except Invalid as error:
        raise Invalid(error.message, {"role_division": [error.message]}) from error
    if not access.reaches(actor, code, frozenset({access.ACCOUNT_ADMIN})):
        sentence = "这个地方不归您管。"
        raise Invalid(sentence, {"role_division": [sentence]})
    if problem := misplaced(wish.role, code):
        raise Invalid(problem, {"role_division": [problem]})
    return replace(wish, division_code=code)


def misplaced(role: str, division_code: str) -> str:
    """What is wrong with a queue's role below its level, where nothing would reach it; '' for nothing."""
    queue, level = access.QUEUE_OF_ROLE.get(role), access.level_of(division_code)
    if queue is None or level == queue or access.above(level, queue):
        return ""
    return f"“{access.ROLE_NAMES[role]}”的地方应是{access.QUEUE_NAMES[queue]}或它的上级，这里是{access.QUEUE_NAMES[level]}。"


@whole
def ask(session: Session, actor: Account, account_id: int, wish: Wish, now: datetime) -> RoleRequest:
    """Ask for a role of an account, or that it be taken. Raises Invalid, Conflict for what stands already."""
    with write(session):
        account = require(session, actor, account_id, access.ACCOUNT_ADMIN)
        return put(session, actor, account, checked(session, actor, wish), now)


def put(
    session: Session,
    actor: Account,
    account: Account,
    wish: Wish,
    now: datetime,
    import_id: int | None = None,
) -> RoleRequest:
    """Put a request down; inside a write transaction, of an account and a wish that were checked.

    The account is locked first: of two who ask at once the second sees what the first asked for, so that an
    administrator's role never comes together with another, and nothing is asked twice.
    """
    lock(session, account)
    same = (RoleRequest.role == wish.role, RoleRequest.division_code == wish.division_code)
    query = select(RoleRequest).where(RoleRequest.account_id == account.id, RoleRequest.status == "waiting")
    waiting = list(session.scalars(query))
    if session.scalar(query.where(*same)) is not None:
        raise Conflict("这个角色已经提出，在等安全管理员决定。")
    held = _held(session, account)
    if (wish.act == "add") == ((wish.role, wish.division_code) in held):
        raise Conflict("他已经有这个角色。" if wish.act == "add" else "他没有这个角色。")
    if wish.act == "add":
        coming = {one.role for one in waiting if one.act == "add"}
        accounts.require_unmixed({role for role, _ in held} | coming | {wish.role})
    found = RoleRequest(
        account_id=account.id,
        role=wish.role,
        division_code=wish.division_code,
        act=wish.act,
        asked_by=actor.id,
        asked_at=now,
        import_id=import_id,
    )
    session.add(found)
    session.flush()
    audit.record(session, "accounts", actor.id, "role_asked", _said(found), now)
    return found


def _held(session: Session, account: Account) -> set[tuple[str, str]]:
    rows = session.execute(
        select(RoleGrant.role, RoleGrant.division_code).where(RoleGrant.account_id == account.id)
    )
    return {(row.role, row.division_code) for row in rows}


def _said(request: RoleRequest) -> dict[str, object]:
    return {
        "account": request.account_id,
        "role": request.role,
        "division": request.division_code,
        "act": request.act,
    }


# -- deciding --------------------------------------------------------------------------------------


def waiting(
    session: Session, actor: Account, page: int = 1, import_id: int | None = None
) -> Page[RoleRequest]:
    """The requests that wait for this security administrator, the oldest first."""
    access.require_role(actor, access.SECURITY_ADMIN)
    scopes = access.scopes(actor, frozenset({access.SECURITY_ADMIN}))
    query = select(RoleRequest).where(
        RoleRequest.status == "waiting", access.within(RoleRequest.division_code, scopes)
    )
    if import_id is not None:
        query = query.where(RoleRequest.import_id == import_id)
    return page_of(session, query, query.order_by(RoleRequest.id), page, 50)


def asked(session: Session, account: Account) -> list[RoleRequest]:
    """What is asked, or was decided of late, of an account's roles."""
    query = select(RoleRequest).where(RoleRequest.account_id == account.id)
    return list(session.scalars(query.order_by(RoleRequest.id.desc()).limit(20)))


@dataclass(frozen=True)
class Decided:
    """What became of the requests that were decided together."""

    done: int
    refused: Sequence[str]
    """Why some could not be granted, by person."""
    lost: Sequence[int] = ()
    """The accounts that lost a role."""


def decide(
    session: Session, actor: Account, ids: Sequence[int], granted: bool, note: str, now: datetime
) -> Decided:
    """Grant or refuse requests; one that cannot be granted stops no other, and goes on waiting.

    Raises Invalid for none, too many, or a refusal without a reason.
    """
    access.require_role(actor, access.SECURITY_ADMIN)
    if not ids or len(ids) > MAX_DECIDED:
        raise Invalid(f"请勾选要决定的申请，一次最多 {MAX_DECIDED} 项。")
    if not granted and not note.strip():
        raise Invalid("请写明不同意的原因。", {"note": ["请写明不同意的原因。"]})
    done, problems, lost = 0, [], []
    for request_id in dict.fromkeys(ids):
        try:
            request = _decide_one(session, actor, request_id, granted, note.strip()[:400], now)
        except (Conflict, Invalid, NotAllowed, NotFound) as error:
            problems.append(error.message)
            continue
        done += 1
        if granted and request.act == "remove":
            lost.append(request.account_id)
    return Decided(done, problems, lost)


@whole
def _decide_one(
    session: Session, actor: Account, request_id: int, granted: bool, note: str, now: datetime
) -> RoleRequest:
    with write(session):
        locked = select(RoleRequest).where(RoleRequest.id == request_id).with_for_update(of=RoleRequest)
        request = session.scalars(locked.execution_options(populate_existing=True)).one_or_none()
        if request is None or not access.reaches(
            actor, request.division_code, frozenset({access.SECURITY_ADMIN})
        ):
            raise NotFound("有的申请没有找到。")
        if request.status != "waiting":
            raise Conflict(f"{request.account.name}的申请别人已经决定。")
        if request.account_id == actor.id or request.asked_by == actor.id:
            raise NotAllowed(OWN)
        if granted:
            _carry_out(session, actor, request, now)
        request.status = "granted" if granted else "refused"
        request.decided_by, request.decided_at, request.note = actor.id, now, note
        kind = "role_granted" if granted else "role_refused"
        audit.record(session, "accounts", actor.id, kind, _said(request), now)
    return request


def _carry_out(session: Session, actor: Account, request: RoleRequest, now: datetime) -> None:
    """The account is locked first, for two who decide of two roles of it at once."""
    lock(session, request.account)
    account = session.get_one(Account, request.account_id, populate_existing=True)
    if request.act == "add":
        divisions.standing(session, request.division_code)  # it may have been dissolved since it was asked
        found = accounts.grant(session, account, request.role, request.division_code)
        found.granted_by, found.granted_at = actor.id, now
    else:
        query = select(RoleGrant).where(
            RoleGrant.account_id == account.id,
            RoleGrant.role == request.role,
            RoleGrant.division_code == request.division_code,
        )
        held = session.scalars(query).one_or_none()
        if held is not None:
            require_another(session, account, [held])
            session.delete(held)
    session.flush()
    session.expire(account, ["grants"])


@whole
def take(session: Session, actor: Account, account_id: int, grant_id: int, now: datetime) -> Account:
    """Take a role at once. Raises Conflict where the last administrator would go."""
    with write(session):
        account = require(session, actor, account_id, access.SECURITY_ADMIN)
        lock(session, account)
        held = session.get(RoleGrant, grant_id, populate_existing=True)
        if held is None or held.account_id != account.id:
            raise NotFound("他没有这个角色。")
        require_another(session, account, [held])
        data = {"account": account.id, "role": held.role, "division": held.division_code}
        session.delete(held)
        session.flush()
        session.expire(account, ["grants"])
        audit.record(session, "accounts", actor.id, "role_taken", data, now)
    return account
