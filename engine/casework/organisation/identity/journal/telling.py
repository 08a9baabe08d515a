"""Lines in words: who and where by name, numbers of people masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import LogEntry, WorkItem
from engine.casework.organisation import access, accounts, divisions, privacy
from engine.casework.organisation.identity.journal.words import HIDDEN, fact, groups, kind
from engine.flow.history.lines import KEYS

_NAMES = frozenset({"name", "username", "accounts"})
"""Facts that say who: a username may be a phone number, and is no secret here."""
_PERSON = frozenset({"name", "division", "post", "phone", "email"})
"""Facts of a person, told as they were and as they are where they changed."""
LISTED = 20
"""So many values of a list are told."""


@dataclass(frozen=True)
class Told:
    """A line in words."""

    id: int
    at: datetime
    who: str
    group: str
    kind: str
    facts: Sequence[tuple[str, str]]


def told(session: Session, entries: Sequence[LogEntry]) -> list[Told]:
    """Lines in words; who and where by name, numbers of people masked."""
    people = {entry.actor_id for entry in entries}
    codes: set[str] = set()
    for entry in entries:
        people |= {one for key in ("account", "to") if isinstance(one := entry.data.get(key), int)}
        said = [entry.data.get(key) for key in ("division", "village")]
        values = [one for value in said for one in (value if isinstance(value, list) else [value])]
        codes |= {one for one in values if isinstance(one, str)}
    named, places = accounts.names(session, people), divisions.names(session, codes)
    steps = _steps(session, entries)
    return [_told(entry, named, places, steps) for entry in entries]


def _steps(session: Session, entries: Sequence[LogEntry]) -> dict[int, str]:
    """What the finished steps are called of which a line does not say it: by their work items."""
    items = {number for entry in entries if (number := _item(entry))}
    if not items:
        return {}
    named = select(WorkItem.id, WorkItem.name).where(WorkItem.id.in_(items))
    return {row.id: row.name for row in session.execute(named)}


def _item(entry: LogEntry) -> int:
    """The work item that a case's line finished, if it finished one and does not name it."""
    unnamed = entry.stream.startswith("case:") and "name" not in entry.data
    found = entry.data.get(KEYS["item"]) if unnamed else None
    return found if isinstance(found, int) else 0


def _told(
    entry: LogEntry, people: Mapping[int, str], places: Mapping[str, str], steps: Mapping[int, str]
) -> Told:
    group = entry.stream.split(":", 1)[0]
    facts = [
        (fact(key), _fact(key, value, people, places))
        for key, value in entry.data.items()
        if key not in HIDDEN and value not in (None, "", [], {})
    ]
    if group == "case":
        facts = [
            ("事项", entry.stream.split(":")[1]),
            ("步骤", str(entry.data.get("name") or steps.get(_item(entry)) or entry.element_id)),
        ]
    who = people.get(entry.actor_id, "") if entry.actor_id is not None else ""
    return Told(entry.id, entry.at, who or "—", groups().get(group, "办理记录"), kind(entry.kind), facts)


def _fact(key: str, value: Any, people: Mapping[int, str], places: Mapping[str, str]) -> str:
    if key in ("account", "to") and isinstance(value, int):
        return people.get(value, str(value))
    if key in ("division", "village") and isinstance(value, str):
        return places.get(value, value)
    if key == "act":
        return {"add": "增加", "remove": "收回"}.get(str(value), str(value))
    if key == "role":
        return access.ROLE_NAMES.get(str(value), str(value))
    if isinstance(value, Mapping):
        return "，".join(f"{fact(k)} {_fact(k, v, people, places)}" for k, v in value.items() if v)
    if isinstance(value, list) and len(value) == 2 and key in _PERSON:
        before, after = (_fact(key, one, people, places) if one else "空" for one in value)
        return f"{before} → {after}"
    if isinstance(value, list):
        more = f" 等 {len(value)} 项" if len(value) > LISTED else ""
        return "、".join(_fact(key, one, people, places) for one in value[:LISTED]) + more
    if isinstance(value, bool):
        return "是" if value else "否"
    return _text(key, str(value))


def _text(key: str, written: str) -> str:
    if key == "changed":
        return fact(written)
    if key == "email":
        return privacy.mask_email(written)
    masked = privacy.masked_text(written)[:300]
    return masked if key in _NAMES else privacy.masked_phones(masked)
