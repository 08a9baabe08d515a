"""What any paper says of the subjects that it lists, and besides its list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from engine.casework.models import CaseFile


@dataclass(frozen=True)
class Listed:
    """A subject on a paper."""

    village: str
    group: str
    head: str
    size: int
    township: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    """Words by column label: the category, the manner."""
    decision: str = ""
    decider: str = ""
    decided_on: str = ""


@dataclass(frozen=True)
class Terms:
    """What a paper says besides its list: the diagram's words, the place, who signs it and when."""

    matter: str
    basis: str
    place: str
    signature: str
    day: date
    addressee: str = ""
    contact: str = ""
    ends: date | None = None
    seal: str = "over"
    contacts: Sequence[tuple[str, str]] = ()
    """Whom to call besides the contact: who, and the phone (R10)."""


def by_name(_session: Session, cases: Sequence[CaseFile]) -> dict[int, Listed]:
    """How subjects stand on a paper of which there is nothing to say but their names."""
    return {case.id: Listed(village="", group="", head=case.subject, size=1) for case in cases}
