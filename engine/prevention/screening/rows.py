"""Rows of a campaign come in: from a page, a telephone, a workbook, all through `record` (R03, R38)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.ground.clock import Clock

MOST = 200
"""Entries of one call."""
PAGE, PHONE, WORKBOOK = "page", "phone", "workbook"
RECORDED, SAME, CONFLICT, REFUSED = "recorded", "same", "conflict", "refused"


@dataclass(frozen=True)
class Entry:
    """What somebody enters of one household.

    `data` is of the campaign's form. `uuid` is made by whoever enters: what is sent twice is kept once.
    """

    uuid: str
    household_id: int | None
    data: Mapping[str, Any]
    source: str
    new_household: Mapping[str, Any] | None = None
    """One that the register does not have: ``head_name``, ``village_code``, and what is known of
    ``id_number``, ``group_name``, ``address``, ``phone``, ``household_type``. It is looked for first.
    """
    device_at: datetime | None = None
    replaces: str = ""
    """The uuid of the entry that this one corrects."""
    signatures: Mapping[str, str] = field(default_factory=dict)
    """Strokes as text (web/assets/signing/strokes.js), by kind of paper: ``sign_declares`` …"""


@dataclass(frozen=True)
class Outcome:
    """What became of an entry: ``recorded``, the ``same`` as before, kept in ``conflict``, or ``refused``."""

    uuid: str
    kind: str
    screening_id: int | None = None
    household_id: int | None = None
    clue_id: int | None = None
    case_id: int | None = None
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Sentences by field of the form; under ``""`` what is about the entry as a whole."""


def record(
    session: Session, actor: Account, campaign_id: int, entries: Sequence[Entry], *, clock: Clock
) -> list[Outcome]:
    """Take in up to `MOST` entries in one transaction; a refused one refuses only itself.

    Raises NotFound for a campaign out of reach, Conflict for a closed one, Invalid for too many entries.
    """
    raise NotImplementedError
