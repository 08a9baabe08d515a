"""A case's history in the words of people: one line for each thing that happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import kit, lamps
from engine.casework.kit import Kit
from engine.casework.models import Account, LogEntry, WorkItem
from engine.casework.step.past import Past
from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.ground.clock import written, written_moment


@dataclass(frozen=True)
class Event:
    """One line of a case's timeline, in words."""

    seq: int
    at: datetime
    actor: str
    kind: str
    text: str
    reason: str = ""
    details: Sequence[str] = ()


def people_of(session: Session, entries: Sequence[LogEntry], items: Sequence[WorkItem]) -> dict[int, str]:
    wanted = {e.actor_id for e in entries} | {i.claimed_by for i in items} | {i.closed_by for i in items}
    query = select(Account.id, Account.name).where(Account.id.in_({w for w in wanted if w is not None}))
    return {row.id: row.name for row in session.execute(query)}


def event_of(entry: LogEntry, history: Past, people: Mapping[int, str]) -> Event:
    """The line in words an official uses."""
    line = entry.line
    element = history.element(entry.element_id, entry.seq)
    name = getattr(line, "name", "") or (element.name if element else entry.element_id)
    said = kit.used().lines[type(line)](line, name, people)
    if isinstance(line, lines.Caught):
        said = _message_text(history.definition_at(entry.seq), entry.element_id)
    elif isinstance(line, lines.Fired) and element is not None and element.is_limit:
        said = f"期限“{name}”已过{_last_day(line.due)}"
    words = _came_of(line, history, entry.seq) if isinstance(line, lines.Input) else []
    reason = str(getattr(line, "reason", ""))
    who = people.get(entry.actor_id or 0, "系统")
    return Event(entry.seq, entry.at, who, entry.kind, said, reason, [one for one in words if one])


def _day(iso: str) -> str:
    return written(date.fromisoformat(iso))


def _when(due: datetime) -> str:
    return written_moment(due)


def _last_day(passes: datetime | None) -> str:
    """A limit's last day; a warning of an earlier release did not write down when its limit passes."""
    return f"（最后一天 {written(lamps.last_day(passes))}）" if passes is not None else ""


def _came_of(line: lines.Input, history: Past, seq: int) -> list[str]:
    """What came of an input, a sentence each."""
    found = [_decision_text(one.result) for one in line.decisions]
    found += [f"“{_name_of(history, one.element_id, seq)}”{one.sentence}" for one in line.told]
    found += ["来晚了：等它的那一步已经过去，只记录，不再办理。"] if line.late else []
    return found + [_opening_text(one.service, one.result) for one in line.services]


def _name_of(history: Past, element_id: str, seq: int) -> str:
    element = history.element(element_id, seq)
    return element.name if element else element_id


def _message_text(definition: Definition, name: str) -> str:
    """What the arrival of a message is called: as the diagram names the event that catches it."""
    if name in kit.used().arrivals:  # caught by no event of a running case
        return kit.used().arrivals[name]
    return next((e.name for e in definition.elements.values() if e.message == name), f"收到“{name}”")


def _decision_text(result: Any) -> str:
    """What a decision table said; one that collects answers several lines."""
    lines = [result] if isinstance(result, Mapping) else result if isinstance(result, list) else []
    found = [_words_of(line) for line in lines if isinstance(line, Mapping)]
    return "规则建议：" + "；".join(text for text in found if text) if any(found) else ""


def _words_of(line: Mapping[str, Any]) -> str:
    return "，".join(
        str(value) for value in line.values() if value and not str(value).isascii()
    )  # codes are not words


def _opening_text(service: str, result: Any) -> str:
    """What else came of a service's work, in its own words."""
    known = kit.used().service.get(service)
    return known.said(result) if known is not None and known.said is not None else ""


KIT = Kit(
    lines={
        lines.Started: lambda line, name, people: "开始办理" + ("（由另一件事项启动）" if line.from_ else ""),
        lines.Cancelled: lambda line, name, people: (
            f"终止办理：{line.name}" if line.correction else "随上一事项撤回"
        ),
        lines.Completed: lambda line, name, people: (
            f"办结“{name}”" + (f"：{line.outcome}" if line.outcome else "")
        ),
        lines.Fired: lambda line, name, people: f"“{name}”到期（{_when(line.due)}）",
        lines.Warned: lambda line, name, people: f"期限“{name}”临期预警{_last_day(line.limit)}",
        lines.Caught: lambda line, name, people: "",
        lines.Begun: lambda line, name, people: "",
        lines.Returned: lambda line, name, people: f"“{name}”退回至“{line.to}”",
        lines.Withdrawn: lambda line, name, people: f"撤回“{name}”",
        lines.Recounted: lambda line, name, people: (
            f"{line.year}年放假安排已经公布，按工作日算的期限重新计算"
        ),
        lines.Unpassed: lambda line, name, people: f"期限“{name}”没有过：重新等到期",
        lines.Moved: lambda line, name, people: f"流程由第{line.from_}版改按第{line.version}版办理",
        lines.Claimed: lambda line, name, people: f"领办“{name}”",
        lines.Released: lambda line, name, people: f"放回“{name}”",
        lines.HandedOver: lambda line, name, people: f"移交到{name}",
        lines.Repeated: lambda line, name, people: f"超期 {line.days} 天，仍未办结",
    },
)
