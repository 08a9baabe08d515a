"""The ladder (R15, R19): whom a warning, a passed limit and what supervisors do is told,
as an editable table says.

The diagram's timers say when; the table says who and by which channel. A bell's line is written at once; what
leaves the system goes to the outbox in the same transaction and is delivered later, so that no step waits for
another server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.casework import kit
from engine.casework.models import (
    LEVELS,
    Account,
    CaseFile,
    Notification,
    NotificationRule,
    Outbox,
    RoleGrant,
    Timer,
)
from engine.casework.organisation import access, divisions
from engine.casework.telling import notifications
from engine.ground.database.stored import add_each
from engine.ground.tables import table

EVENTS = {
    "warning": "临期预警",
    "overdue": "超期",
    "repeated": "持续超期",
    "urged": "催办",
    "ordered": "下达督办单",
    "returned": "督办单退回",
    "answered": "督办单答复",
    "promise": "承诺日期已过",
    "backdated": "日期早于步骤打开",
    "submitted": "流程提交审批",
    "approved": "流程审批通过",
    "sent_back": "流程退回修改",
}
HOLDER, ABOVE = "holder", "above"
AUDIENCES = {
    HOLDER: "承办人",
    ABOVE: "上一级",
    "county": "县级",
    "supervisor_township": "乡镇督查员",
    "supervisor_county": "县督查员",
    "supervisor_city": "市督查员",
    "supervisor_province": "省督查员",
    "reviewers": "其他流程管理员",
    "submitter": "提交的流程管理员",
}
AUDIENCE_OF = {"submitted": "reviewers", "approved": "submitter", "sent_back": "submitter"}
"""The events about a change of a procedure have one audience each (engine.approvals)."""
CHANNELS = {"bell": "站内通知", "email": "电子邮件", "webhook": "群机器人"}
REPEAT = "repeat"


@dataclass(frozen=True)
class Told:
    """One event about a case."""

    event: str
    case: CaseFile
    key: str
    """Tells this event from every other one: what leaves the system carries it."""
    text: str
    element_id: str = ""
    about: str = ""
    """The limit or step as the diagram names it: all that leaves the system says of the case."""
    holders: Sequence[str] = ()
    """The queues that hold the case now."""


# -- telling ---------------------------------------------------------------------------------------


def tell(session: Session, told: Told, now: datetime) -> None:
    """Tell everybody whom the table names, each once; inside the caller's transaction."""
    lines = _told_already(session, told, now)
    for rule in _rules(session, told.event, told.case.procedure_key, told.element_id):
        for queue, division in _audience(rule.audience, told):
            if rule.channel == "bell" and (queue, division) not in lines:
                lines.add((queue, division))
                notifications.post(session, told.case, queue, division, told.event, told.text, now)
            elif rule.channel == "email":
                for address in _addresses(session, queue, division):
                    _put(session, told, "email", address, now)
        if rule.channel == "webhook":
            _put(session, told, "webhook", rule.target, now)


def _told_already(session: Session, told: Told, now: datetime) -> set[tuple[str, str]]:
    """The desks that the diagram itself has told of the event in this very step: nobody hears it twice."""
    query = select(Notification.queue, Notification.division_code).where(
        Notification.case_id == told.case.id, Notification.kind == told.event, Notification.at == now
    )
    return {(row.queue, row.division_code) for row in session.execute(query)}


def _rules(session: Session, event: str, procedure_key: str, element_id: str) -> list[NotificationRule]:
    query = select(NotificationRule).where(
        NotificationRule.event == event,
        NotificationRule.active,
        NotificationRule.procedure_key.in_(("", procedure_key)),
        NotificationRule.element_id.in_(("", element_id)),
    )
    return list(session.scalars(query.order_by(NotificationRule.id)))


def _audience(audience: str, told: Told) -> list[tuple[str, str]]:
    """Queue and division of the desks that `audience` means for the case."""
    village = told.case.village_code
    holders = list(told.holders) or ["county"]
    if audience == HOLDER:
        queues = holders
    elif audience == ABOVE:
        queues = [above(queue) for queue in holders]
    elif audience.startswith("supervisor_"):
        return [(access.SUPERVISOR, access.ancestor(village, audience.removeprefix("supervisor_")))]
    else:
        queues = [audience]
    return [(queue, access.ancestor(village, queue)) for queue in dict.fromkeys(queues)]


def above(queue: str) -> str:
    """The level above a queue's; the province has none."""
    return LEVELS[max(LEVELS.index(queue) - 1, 0)]


def _addresses(session: Session, queue: str, division: str) -> list[str]:
    """The e-mail addresses of who works at a desk."""
    role = next((role for role, one in access.QUEUE_OF_ROLE.items() if one == queue), queue)
    query = (
        select(Account.email)
        .join(RoleGrant)
        .where(
            RoleGrant.role == role, RoleGrant.division_code == division, Account.active, Account.email != ""
        )
    )
    return list(session.scalars(query.distinct().order_by(Account.email).limit(50)))


def _put(session: Session, told: Told, channel: str, target: str, now: datetime) -> None:
    """Into the outbox. Personal data stays inside: the head is masked, nobody's words go along."""
    place = divisions.names(session, [access.ancestor(told.case.village_code, "township")])
    masked = told.case.subject[:1] + "*" * (len(told.case.subject) - 1)
    who = kit.subjects_of(told.case.subject_id).called(masked)
    about = f"“{told.about}”" if told.about else ""
    happened = f"{''.join(place.values())}{who}{about}{EVENTS[told.event]}"
    words = f"{happened}，请登录守望查看（事项 {told.case.id}）。"
    put(session, told.key, channel, target, f"守望：{EVENTS[told.event]}", words, now, case_id=told.case.id)


def put(
    session: Session,
    key: str,
    channel: str,
    target: str,
    subject: str,
    text: str,
    now: datetime,
    *,
    case_id: int | None = None,
) -> None:
    """A message into the outbox, once for a key and target; inside the caller's transaction."""
    row = {
        "key": f"{key}:{channel}:{target}"[:120],
        "case_id": case_id,
        "channel": channel,
        "target": target,
        "payload": {"subject": subject, "text": text},
        "next_at": now,
        "created_at": now,
    }
    add = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.connection().execute(add(table(Outbox)).on_conflict_do_nothing(index_elements=["key"]), row)


def channels_of(session: Session, event: str, procedure_key: str) -> list[tuple[str, str]]:
    """Channel and target, each once, by which an event about a
    change of a procedure is told (`AUDIENCE_OF`).
    """
    rules = _rules(session, event, procedure_key, "")
    return list(dict.fromkeys((rule.channel, rule.target) for rule in rules))


# -- repeated --------------------------------------------------------------------------------------


def repeat_after(session: Session, case: CaseFile, limit: Timer, now: datetime) -> None:
    """Set the next look at a passed limit, if the table has one:
    the first day after `now` that its rhythm names.

    A limit that has been put off since is looked at when it passes anew.
    """
    rules = _rules(session, "repeated", case.procedure_key, limit.element_id)
    days = min((rule.repeat_days for rule in rules if rule.repeat_days > 0), default=0)
    if not days:
        return
    passed = (now - limit.due_at) // timedelta(days=days)
    row = {
        "case_id": case.id,
        "token": limit.token,
        "element_id": limit.element_id,
        "name": limit.name,
        "kind": REPEAT,
        "procedure_key": case.procedure_key,
        "village_code": case.village_code,
        "due_at": limit.due_at if limit.due_at > now else limit.due_at + timedelta(days=days) * (passed + 1),
    }
    add_each(session, Timer, [row])
