"""The table of the ladder (R15, R19): which event is told to whom, by which channel, of which procedure,
limit or step.

Process owners and the system administrator keep it. What a line names must be in a procedure's diagram in
force; a later version may drop it, which `rules` then says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit, definitions
from engine.casework.models import Account, NotificationRule
from engine.casework.organisation import access
from engine.casework.telling.ladder import ABOVE, AUDIENCE_OF, AUDIENCES, CHANNELS, EVENTS, HOLDER
from engine.ground.database import whole, write
from engine.ground.errors import Invalid, NotAllowed, NotFound

ABOUT_LIMITS = frozenset({"warning", "overdue", "repeated"})
"""Events about a limit; of the others, those about work are about a step,
those of AUDIENCE_OF about neither.
"""
STEPS = frozenset({"userTask", "manualTask"})
MAX_REPEAT = 60
DEFAULTS = (
    ("warning", HOLDER, 0),
    ("overdue", HOLDER, 0),
    ("overdue", "county", 0),
    ("overdue", "supervisor_county", 0),
    ("repeated", HOLDER, 3),
    ("repeated", ABOVE, 3),
    ("repeated", "supervisor_county", 3),
    ("urged", HOLDER, 0),
    ("ordered", HOLDER, 0),
    ("returned", HOLDER, 0),
    ("answered", "supervisor_county", 0),
    ("promise", HOLDER, 0),
    ("promise", "supervisor_county", 0),
    ("backdated", "supervisor_county", 0),
    ("submitted", "reviewers", 0),
    ("approved", "submitter", 0),
    ("sent_back", "submitter", 0),
)
"""R15, R19: the official, then the county's desk and the supervisor, then the level above.

An installation begins so.
"""


@dataclass(frozen=True)
class Spot:
    """A limit or a step of a procedure's diagram in force, which a line may name."""

    name: str
    limit: bool


Spots = Mapping[str, Mapping[str, Spot]]
"""By procedure and element."""


@dataclass(frozen=True)
class Rule:
    """A line of the table with what it names, in the diagram's words;
    `gone` when the version in force lacks it.
    """

    line: NotificationRule
    procedure: str
    element: str
    gone: bool


def spots(session: Session) -> dict[str, dict[str, Spot]]:
    """The limits and the steps of every procedure in force, its parts' included."""
    found = {}
    for key in definitions.started_alone(session):
        definition = definitions.load(session, definitions.current(session, key).id)
        found[key] = {
            element.id: Spot(element.name, element.is_limit)
            for element in definition.elements.values()
            if element.is_limit or element.kind in STEPS
        }
    return found


def seed(session: Session) -> None:
    """The table as an installation begins with it; what people have changed stays."""
    if session.scalar(select(NotificationRule.id).limit(1)) is None:
        for event, audience, days in DEFAULTS:
            session.add(NotificationRule(event=event, audience=audience, channel="bell", repeat_days=days))


def rules(session: Session, actor: Account) -> list[Rule]:
    """The whole table, by event. Raises NotAllowed unless the actor may keep it."""
    access.require_role(actor, access.PROCESS_OWNER, access.ACCOUNT_ADMIN)
    order, there, names = list(EVENTS), spots(session), definitions.started_alone(session)
    found = session.scalars(select(NotificationRule).order_by(NotificationRule.id).limit(1000))
    return [
        _named(line, there, names)
        for line in sorted(found, key=lambda line: (order.index(line.event), line.id))
    ]


def _named(line: NotificationRule, there: Spots, names: Mapping[str, str]) -> Rule:
    spot = there.get(line.procedure_key, {}).get(line.element_id)
    gone = (bool(line.element_id) and spot is None) or (
        bool(line.procedure_key) and line.procedure_key not in there
    )
    procedure = names.get(line.procedure_key, line.procedure_key)
    return Rule(line, procedure, spot.name if spot else line.element_id, gone)


def require_keeper(actor: Account) -> None:
    """Raise NotAllowed unless the actor keeps the table:
    a process owner or system administrator of the province.

    There is one table for all counties, as there is one of each procedure.
    """
    access.require_role(actor, access.PROCESS_OWNER, access.ACCOUNT_ADMIN)
    if not any(access.has_everywhere(actor, role) for role in (access.PROCESS_OWNER, access.ACCOUNT_ADMIN)):
        raise NotAllowed("通知规则全省通用，由省级的流程管理员或系统管理员改。")


@dataclass(frozen=True)
class NewRule:
    """What is typed for a line of the table."""

    event: str
    audience: str
    channel: str
    procedure_key: str = ""
    element_id: str = ""
    target: str = ""
    repeat_days: int = 0


@whole
def add(
    session: Session, actor: Account, given: NewRule, *, robots: Iterable[str], now: datetime
) -> NotificationRule:
    """Add a line. Raises NotAllowed, or Invalid with the fields that do not hold."""
    require_keeper(actor)
    wrong = _wrong(given, spots(session), set(robots))
    if wrong:
        raise Invalid("通知规则有误，请更正。", wrong)
    values = {**given.__dict__, "target": given.target if given.channel == "webhook" else ""}
    with write(session, alone=True):
        same = [
            NotificationRule.__table__.c[name] == value
            for name, value in values.items()
            if name != "repeat_days"
        ]
        if session.scalar(select(NotificationRule.id).where(*same)) is not None:
            raise Invalid("已经有同样的规则。", {"event": ["已经有同样的规则。"]})
        rule = NotificationRule(**values, set_by=actor.id)
        session.add(rule)
        session.flush()
        audit.record(session, "ladder", actor.id, "add_rule", {"rule": rule.id, **values}, now)
    return rule


def _wrong(given: NewRule, there: Spots, robots: set[str]) -> dict[str, list[str]]:
    checks = (
        ("event", given.event in EVENTS, "请选择事件。"),
        ("audience", given.audience in AUDIENCES, "请选择通知谁。"),
        (
            "audience",
            AUDIENCE_OF.get(given.event, given.audience) == given.audience
            and (given.event in AUDIENCE_OF or given.audience not in AUDIENCE_OF.values()),
            "流程提交审批通知其他流程管理员，审批的结果通知提交人，其他事件不通知他们。",
        ),
        ("channel", given.channel in CHANNELS, "请选择方式。"),
        (
            "procedure_key",
            not given.procedure_key or given.procedure_key in there,
            "没有这个流程，请重新选择。",
        ),
        ("element_id", *_spot_holds(given, there.get(given.procedure_key, {}).get(given.element_id))),
        ("target", given.channel != "webhook" or given.target in robots, "请选择设置里登记的机器人。"),
        (
            "repeat_days",
            given.event != "repeated" or 1 <= given.repeat_days <= MAX_REPEAT,
            f"每隔几天：1 至 {MAX_REPEAT}。",
        ),
        (
            "repeat_days",
            given.event == "repeated" or given.repeat_days == 0,
            "只有“持续超期”可以写每隔几天。",
        ),
    )
    wrong: dict[str, list[str]] = {}
    for name, holds, sentence in checks:
        if not holds:
            wrong.setdefault(name, []).append(sentence)
    return wrong


def _spot_holds(given: NewRule, spot: Spot | None) -> tuple[bool, str]:
    """Whether the line's element may stand there, with what to say when it may not."""
    if not given.element_id:
        return True, ""
    if given.event in AUDIENCE_OF:
        return False, f"“{EVENTS[given.event]}”说的是整个流程，不能指定步骤或时限。"
    if spot is None:
        return False, "现行的流程图里没有这一步，请重新选择。"
    wanted = given.event in ABOUT_LIMITS
    kind = "时限" if wanted else "步骤"
    return (
        spot.limit == wanted,
        f"“{EVENTS.get(given.event, '这个事件')}”说的是{kind}，请选择一个{kind}，或只选流程。",
    )


@whole
def switch(session: Session, actor: Account, rule_id: int, now: datetime) -> NotificationRule:
    """Turn a line of the table off, or on again."""
    require_keeper(actor)
    with write(session, alone=True):
        rule = _get(session, rule_id)
        rule.active, rule.set_by = not rule.active, actor.id
        audit.record(
            session, "ladder", actor.id, "switch_rule", {"rule": rule.id, "active": rule.active}, now
        )
    return rule


@whole
def remove(session: Session, actor: Account, rule_id: int, now: datetime) -> None:
    """Take a line out of the table."""
    require_keeper(actor)
    with write(session, alone=True):
        rule = _get(session, rule_id)
        audit.record(session, "ladder", actor.id, "remove_rule", {"rule": rule.id, "event": rule.event}, now)
        session.delete(rule)


def _get(session: Session, rule_id: int) -> NotificationRule:
    rule = session.get(NotificationRule, rule_id)
    if rule is None:
        raise NotFound("没有这条通知规则。")
    return rule
