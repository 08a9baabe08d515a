"""转办 by a supervisor: one or many items, each to another official of the very desk that holds it (C6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.kit import Kit
from engine.casework.models import Account, RoleGrant, WorkItem
from engine.casework.organisation import access, accounts
from engine.casework.supervision import limits
from engine.flow.history import lines
from engine.ground.clock import Clock
from engine.ground.errors import Invalid, NotAllowed, ShouwangError

MAX_ITEMS = 200
TOO_MANY = f"一次最多转办 {MAX_ITEMS} 件，请按地方或步骤缩小范围。"
_ROLE_OF_QUEUE = {queue: role for role, queue in access.QUEUE_OF_ROLE.items()}


@dataclass(frozen=True)
class Desk:
    """A unit's queue with those of the chosen items that it holds, and who works there."""

    queue: str
    division_code: str
    items: Sequence[WorkItem]
    people: Sequence[Account]

    @property
    def key(self) -> str:
        """What a form names the desk by."""
        return f"{self.queue}-{self.division_code}"


@dataclass(frozen=True)
class Reassigned:
    """What became of the chosen items: how many were handed over, left where they are, refused."""

    done: int
    left: int
    refused: int

    @property
    def summary(self) -> str:
        """As the page says it."""
        parts = [f"已转办 {self.done} 件" if self.done else "没有转办"]
        parts += [f"{self.left} 件没有选择承办人，未动"] if self.left else []
        parts += [f"{self.refused} 件已办结或不能转给所选的人"] if self.refused else []
        return "；".join(parts) + "。"


def desks(session: Session, actor: Account, item_ids: Sequence[int]) -> list[Desk]:
    """The open ones of the chosen items that the actor supervises, by the desk that holds them.

    Raises NotAllowed for others than supervisors, Invalid for none or too many.
    """
    if not limits.supervises(actor):
        raise NotAllowed("转办由承办单位自己或者督查员进行。")
    if len(item_ids) > MAX_ITEMS:
        raise Invalid(TOO_MANY)
    found: dict[tuple[str, str], list[WorkItem]] = {}
    for item in _supervised(session, actor, item_ids):
        found.setdefault((item.queue, item.division_code), []).append(item)
    if not found:
        raise Invalid("请先勾选要转办的事项：须是督办范围内还没有办结的。")
    people = _people(session, found)
    return [Desk(*key, items, people.get(key, [])) for key, items in found.items()]


def _supervised(session: Session, actor: Account, item_ids: Sequence[int]) -> list[WorkItem]:
    scopes = access.scopes(actor, frozenset({access.SUPERVISOR}))
    query = select(WorkItem).where(
        WorkItem.id.in_(item_ids), WorkItem.status == "open", access.within(WorkItem.division_code, scopes)
    )
    return list(session.scalars(query.order_by(WorkItem.due_at, WorkItem.id)))


def _people(session: Session, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Account]]:
    """Who works on each desk: officials of the desk's own division."""
    wanted = [(_ROLE_OF_QUEUE[queue], code) for queue, code in keys]
    query = select(Account, RoleGrant.role, RoleGrant.division_code).join(RoleGrant).where(accounts.usable())
    query = query.where(tuple_(RoleGrant.role, RoleGrant.division_code).in_(wanted)).order_by(
        Account.name, Account.id
    )
    found: dict[tuple[str, str], list[Account]] = {}
    for account, role, code in session.execute(query):
        found.setdefault((access.QUEUE_OF_ROLE[role], code), []).append(account)
    return found


def reassign_many(
    session: Session, actor: Account, item_ids: Sequence[int], chosen: Mapping[str, int], *, clock: Clock
) -> Reassigned:
    """Hand each item to whom `chosen` names for its desk, each in its own transaction;
    one refused stops no other.

    Raises Invalid for none or too many, or when nobody is chosen; a single one that is refused raises why.
    """
    found = desks(session, actor, item_ids)
    if not any(chosen.values()):
        raise Invalid("请选择转给谁。")
    done = left = refused = 0
    for desk in found:
        colleague = chosen.get(desk.key, 0)
        for item_id in [item.id for item in desk.items]:
            if not colleague:
                left += 1
                continue
            try:
                acts.reassign(session, actor, item_id, colleague, clock=clock)
                done += 1
            except ShouwangError:
                if len(item_ids) == 1:
                    raise
                refused += 1
    missing = len(item_ids) - done - left - refused
    return Reassigned(done, left, refused + missing)


KIT = Kit(
    lines={
        lines.Reassigned: lambda line, name, people: f"转办“{name}”给{people.get(line.to or 0, '同事')}",
    },
)
