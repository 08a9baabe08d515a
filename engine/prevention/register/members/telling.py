"""Who hears of a change of persons: the desks of the household, and of help that was meant for somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account
from engine.casework.telling import notifications
from engine.ground.clock import written
from engine.prevention.models import Household, Measure, MemberChange, MemberProof
from engine.prevention.register import member_history, posted_lists
from engine.prevention.register.member_history import KINDS


def sentence(change: MemberChange) -> str:
    """A change in words: 2022年9月3日 出生：王小宝."""
    row: Mapping[str, Any] = change.after or change.before
    name = str(row["name"])
    if change.kind in ("corrected", "checked") and change.before.get("name") != name:
        name = f"{change.before['name']}→{name}"
    return f"{written(change.happened_on)}{KINDS[change.kind]}：{name}"


def tell(
    session: Session,
    actor: Account,
    household: Household,
    changed: Sequence[MemberChange],
    kind: str,
    now: datetime,
) -> None:
    own = [change for change in changed if change.household_id == household.id]
    details = {
        "household": household.id,
        "act": own[0].act,
        "changes": [{"id": c.id, "kind": c.kind, "on": c.happened_on.isoformat()} for c in own],
        "proofs": [
            proof.sha256
            for proof in session.scalars(select(MemberProof).where(MemberProof.act == own[0].act))
        ],
    }
    audit.record(session, "access", actor.id, kind, details, now)
    said = "；".join(sentence(change) for change in own if change.kind not in member_history.QUIET)
    verb = "登记成员变动" if kind == "member_change" else "撤销成员变动"
    words = f"{household.head_name}户：{actor.name}{verb}（{said}）。{_of_measures(session, household, own)}"
    for queue in ("village", "township"):
        notifications.send_about(session, household, queue, "member_change", words, now)
    posted_lists.tell(session, actor, household, said, own[0].happened_on, now)


def _of_measures(session: Session, household: Household, changed: Sequence[MemberChange]) -> str:
    """R21: a measure was planned for people; where one of them is no longer there, whoever answers for it
    looks whether it still helps anybody.
    """
    if all(change.after for change in changed):
        return ""
    query = select(Measure.content, Measure.unit).where(
        Measure.household_id == household.id, Measure.status.in_(("planned", "under_way"))
    )
    found = [f"{row.content}（{row.unit}）" if row.unit else row.content for row in session.execute(query)]
    if not found:
        return ""
    more = f"等 {len(found)} 项" if len(found) > 3 else ""
    named = "、".join(one[:40] for one in found[:3])
    return f"没有完成的帮扶措施：{named}{more}，请核对是否要调整，并告知责任单位和帮扶责任人。"
