"""催办: a supervisor urges the desk that holds an item; once a day, item and person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.casework import kit
from engine.casework.kit import Kit
from engine.casework.models import Account, Urge, WorkItem
from engine.casework.supervision import pressing
from engine.flow.history import lines
from engine.ground.clock import Clock, local_date
from engine.ground.database import save, write
from engine.ground.errors import Conflict, Invalid, ShouwangError

MAX_ITEMS = 200
MAX_TEXT = 200
TODAY = "今天您已经催办过这一件，对方已收到；明天仍未办结的可以再催。"


@dataclass(frozen=True)
class Urged:
    """What became of urging many: how many were, how many had been today, how many could not be."""

    done: int
    already: int
    refused: int

    @property
    def summary(self) -> str:
        """As the page says it."""
        parts = [f"已催办 {self.done} 件" if self.done else "没有新的催办"]
        parts += [f"{self.already} 件今天已经催办过，明天可以再催"] if self.already else []
        parts += [f"{self.refused} 件已办结或不在督办范围"] if self.refused else []
        return "；".join(parts) + "。"


class UrgedToday(Conflict):
    """The same person has urged the same item today."""


def urge(session: Session, actor: Account, item_id: int, text: str = "", *, clock: Clock) -> WorkItem:
    """Urge the desk that holds the item: it stands on top of their inbox, they are told,
    the history shows it.

    Raises NotFound, NotAllowed, Invalid for too long a text, Conflict when the item is done, UrgedToday.
    """
    now, words = clock.now(), text.strip()
    if len(words) > MAX_TEXT:
        raise Invalid("催办的话太长。", {"text": [f"最多 {MAX_TEXT} 字。"]})
    with write(session):
        item, step = pressing.open_item(session, actor, item_id, now, "催办")
        _note(session, actor, item, words, now)
        save(step.connection, item, urged=item.urged + 1)
        step.log(lines.Urged(item=item.id, name=item.name, reason=words, times=item.urged), item.element_id)
        told = f"{kit.called(step.case)}“{item.name}”被{actor.name}催办（第 {item.urged} 次）" + (
            f"：{words}" if words else "。"
        )
        step.tell("urged", f"urge:{item.id}:{item.urged}", told, item.element_id, [item.queue])
    return item


def _note(session: Session, actor: Account, item: WorkItem, words: str, now: datetime) -> None:
    today = local_date(now)
    same = select(Urge.id).where(
        Urge.work_item_id == item.id, Urge.account_id == actor.id, Urge.on_day == today
    )
    if session.scalar(same) is not None:
        raise UrgedToday(TODAY)
    session.add(
        Urge(
            case_id=item.case_id, work_item_id=item.id, account_id=actor.id, on_day=today, text=words, at=now
        )
    )
    session.flush()


def urge_many(
    session: Session, actor: Account, item_ids: Sequence[int], text: str = "", *, clock: Clock
) -> Urged:
    """Urge several, each in its own transaction; one that cannot be urged does not hold up the others.

    Raises Invalid for none or too many; a single one that cannot be urged raises as `urge` does.
    """
    if not item_ids:
        raise Invalid("请先勾选要催办的事项。")
    if len(item_ids) > MAX_ITEMS:
        raise Invalid(f"一次最多催办 {MAX_ITEMS} 件，请按地方或步骤缩小范围。")
    done = already = refused = 0
    for item_id in item_ids:
        try:
            urge(session, actor, item_id, text, clock=clock)
            done += 1
        except UrgedToday:
            already += 1
        except ShouwangError:
            if len(item_ids) == 1:
                raise
            refused += 1
    return Urged(done, already, refused)


def of_case(session: Session, case_id: int) -> list[Urge]:
    """Who urged the case's steps and when, latest first."""
    query = (
        select(Urge).where(Urge.case_id == case_id).options(joinedload(Urge.account), joinedload(Urge.item))
    )
    return list(session.scalars(query.order_by(Urge.id.desc()).limit(200)))


def by_whom(urges: Sequence[Urge]) -> Mapping[str, int]:
    """How often each person urged, by name."""
    found: dict[str, int] = {}
    for one in urges:
        found[one.account.name] = found.get(one.account.name, 0) + 1
    return found


KIT = Kit(
    lines={
        lines.Urged: lambda line, name, people: f"催办“{name}”",
    },
)
