"""Who may see and do what.

A grant is role × division and reaches down the tree; every query passes through here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.casework.models import (
    Account,
    CaseFile,
    Notification,
    NumberedPaper,
    RoleGrant,
    SupervisionOrder,
    WorkItem,
)
from engine.ground.clock import written_moment
from engine.ground.errors import Conflict, NotAllowed, NotFound
from engine.ground.paging import walking

PREFIX_LENGTH = {"province": 2, "city": 4, "county": 6, "township": 9, "village": 12}
"""Significant digits of a division code by level (codes are prefixes of one another)."""


def above(queue: str, other: str) -> bool:
    """Whether the level `queue` is higher than `other`."""
    return PREFIX_LENGTH[queue] < PREFIX_LENGTH[other]


QUEUE_OF_ROLE = {
    "village_official": "village",
    "township_reviewer": "township",
    "county_approver": "county",
    "city_reviewer": "city",
    "province_reviewer": "province",
}
SUPERVISOR = "supervisor"
PROCESS_OWNER = "process_owner"
ACCOUNT_ADMIN = "account_admin"
SECURITY_ADMIN = "security_admin"
AUDIT_ADMIN = "audit_admin"
ROLE_NAMES = {
    "village_official": "村级经办",
    "township_reviewer": "乡级审核",
    "county_approver": "县级审批",
    "city_reviewer": "市级审核",
    "province_reviewer": "省级审核",
    SUPERVISOR: "督查员",
    PROCESS_OWNER: "流程管理员",
    ACCOUNT_ADMIN: "系统管理员",
    SECURITY_ADMIN: "安全管理员",
    AUDIT_ADMIN: "审计管理员",
}
QUEUE_NAMES = {"village": "村级", "township": "乡级", "county": "县级", "city": "市级", "province": "省级"}
CASE_ROLES = frozenset(QUEUE_OF_ROLE) | {SUPERVISOR}
"""Roles that may see subjects and cases below their division;
the administrators and process owners may not.
"""

WATCH_ROLES = frozenset(
    {SUPERVISOR, "township_reviewer", "county_approver", "city_reviewer", "province_reviewer"}
)
"""Roles that see the limits of what lies below their division (C6); the acts belong to the supervisor."""


@dataclass(frozen=True)
class Scope:
    """A range of division codes, both ends included."""

    low: str
    high: str

    def holds(self, code: str) -> bool:
        """Whether `code` lies in the range."""
        return self.low <= code <= self.high


def level_of(code: str) -> str:
    """The level of a 12-digit division code."""
    for level, length in PREFIX_LENGTH.items():
        if not code[length:].strip("0"):
            return level
    return "village"


def ancestor(code: str, level: str) -> str:
    """The code of the division at `level` that holds `code`."""
    return code[: PREFIX_LENGTH[level]].ljust(12, "0")


@lru_cache(maxsize=4096)
def lineage(code: str) -> tuple[str, ...]:
    """The codes of a division and of all that hold it, the widest first."""
    return tuple(sorted({ancestor(code, level) for level in PREFIX_LENGTH}))


@lru_cache(maxsize=4096)
def scope_of(code: str) -> Scope:
    """All codes at and below the division `code`."""
    prefix = code[: PREFIX_LENGTH[level_of(code)]]
    return Scope(prefix.ljust(12, "0"), prefix.ljust(12, "9"))


def scopes(actor: Account, roles: frozenset[str] = CASE_ROLES) -> list[Scope]:
    """The ranges of divisions that the actor reaches with one of `roles`."""
    return [scope_of(grant.division_code) for grant in actor.grants if grant.role in roles]


def offices(actor: Account, roles: Collection[str], levels: Collection[str]) -> set[str]:
    """The divisions of these levels in which the actor has one of the roles."""
    held = (grant.division_code for grant in actor.grants if grant.role in roles)
    return {code for code in held if level_of(code) in levels}


def reaches_widely(actor: Account) -> bool:
    """Whether the actor reaches more than counties: lists of theirs may be as long as the province's."""
    return any(level_of(one.low) in _WIDE for one in scopes(actor))


def has_role(actor: Account, role: str) -> bool:
    """Whether the actor holds `role` anywhere."""
    return any(grant.role == role for grant in actor.grants)


def has_everywhere(actor: Account, role: str) -> bool:
    """Whether the actor holds `role` for the whole province, as what all its counties share demands."""
    return any(grant.role == role and level_of(grant.division_code) == "province" for grant in actor.grants)


def reaches(actor: Account, village_code: str, roles: frozenset[str] = CASE_ROLES) -> bool:
    """Whether one of the actor's grants of `roles` reaches the village."""
    return any(scope.holds(village_code) for scope in scopes(actor, roles))


def within(column: InstrumentedAttribute[str], ranges: list[Scope]) -> ColumnElement[bool]:
    """SQL: `column` lies in one of `ranges`; an equality where a range is a single village."""
    if not ranges:
        return false()
    return or_(*(_holding(column, one) for one in ranges))


def _holding(column: InstrumentedAttribute[str], one: Scope) -> ColumnElement[bool]:
    if one.low == one.high:
        return column == one.low
    between = column.between(one.low, one.high)
    return walking.wide(between) if level_of(one.low) in _WIDE else between


def met_within(column: InstrumentedAttribute[str], actor: Account) -> ColumnElement[bool]:
    """SQL: `column` lies in the actor's reach, of rows that are met by another index where the reach is wide:
    in the order of a list, or by what they are called.
    """
    ranges = scopes(actor)
    if not reaches_widely(actor):
        return within(column, ranges)
    return or_(*(walking.aside(column).between(one.low, one.high) for one in ranges))


_WIDE = ("province", "city")
"""Levels whose lists are read in their order, past the few rows of others (`paging.walking`)."""


def queue_condition(
    grant: RoleGrant, rows: type[WorkItem] | type[Notification] = WorkItem
) -> ColumnElement[bool] | None:
    """SQL: the `rows` of the queue that `grant` works on;
    equality when the grant sits at the queue's own level.
    """
    queue = QUEUE_OF_ROLE.get(grant.role)
    if queue is None:
        return None
    scope = scope_of(grant.division_code)
    if level_of(grant.division_code) == queue:
        return and_(rows.queue == queue, rows.division_code == scope.low)
    return and_(rows.queue == queue, rows.division_code.between(scope.low, scope.high))


def may_work(actor: Account, item: WorkItem) -> bool:
    """Whether the actor may finish `item`: a grant of the queue's role reaches the item's division."""
    return any(
        QUEUE_OF_ROLE.get(grant.role) == item.queue
        and scope_of(grant.division_code).holds(item.division_code)
        for grant in actor.grants
    )


def require_work(actor: Account, item: WorkItem) -> None:
    """Raise NotFound when the actor may not know of the item, NotAllowed when it is not their queue."""
    if not reaches(actor, item.village_code):
        raise NotFound("没有找到这件事项。")
    if not may_work(actor, item):
        raise NotAllowed("这件事项不在您的待办范围内，您只能查看。")


def require_open(session: Session, actor: Account, item: WorkItem) -> None:
    """Raise Conflict when the item is finished, or a colleague has taken it;
    the sentence says who and when.
    """
    if item.status != "open":
        who = session.get(Account, item.closed_by) if item.closed_by else None
        when = f"于{written_moment(item.closed_at)}" if item.closed_at else ""
        verb = {"done": "办结", "returned": "退回", "withdrawn": "撤回"}.get(item.status, "收回")
        raise Conflict(f"这件事项已由{who.name if who else '系统'}{when}{verb}，不能再次办理。")
    if item.claimed_by is not None and item.claimed_by != actor.id:
        holder = session.get_one(Account, item.claimed_by)
        raise Conflict(f"这件事项正由{holder.name}办理；如需接手，请先转办。")


def may_supervise(actor: Account, item: WorkItem) -> bool:
    """Whether the actor may urge and reassign `item`: a supervisor above or beside the desk that holds it."""
    return any(
        grant.role == SUPERVISOR and scope_of(grant.division_code).holds(item.division_code)
        for grant in actor.grants
    )


def require_supervision(actor: Account, item: WorkItem) -> None:
    """Raise NotFound when the actor may not know of the item,
    NotAllowed when supervising it is not theirs.
    """
    if not reaches(actor, item.village_code):
        raise NotFound("没有找到这件事项。")
    if not may_supervise(actor, item):
        raise NotAllowed("催办和督办由承办单位同级或上级的督查员进行，您只能查看。")


def visible_orders(actor: Account) -> ColumnElement[bool]:
    """SQL: the supervision orders about the cases that the actor may see."""
    return within(SupervisionOrder.village_code, scopes(actor))


def require_role(actor: Account, *roles: str) -> None:
    """Raise NotAllowed unless the actor holds one of `roles`."""
    if not any(has_role(actor, role) for role in roles):
        raise NotAllowed("您没有办理这项工作的权限。")


def visible_cases(actor: Account) -> ColumnElement[bool]:
    """SQL: the cases the actor may see."""
    return within(CaseFile.village_code, scopes(actor))


def visible_items(actor: Account) -> ColumnElement[bool]:
    """SQL: the work items, of any queue, that the actor may see."""
    return within(WorkItem.village_code, scopes(actor))


def visible_papers(actor: Account) -> ColumnElement[bool]:
    """SQL: the numbered papers whose whole list the actor reaches."""
    return within(NumberedPaper.place_code, scopes(actor))
