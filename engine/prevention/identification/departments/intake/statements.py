"""What a department says of one person, and what tells two such statements apart (R06)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from engine.ground import idnumber
from engine.ground.clock import local_date
from engine.ground.tables import to_json
from engine.prevention.identification import entering
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.identification.departments.matters import Matter

MAX_AGE = entering.MAX_AGE
MOST_AMOUNT = Decimal(100_000_000)
"""Yuan."""
_A_MONTH = re.compile(r"(20\d\d)(?:年|[-./]|(?=\d\d月?$))(0?[1-9]|1[0-2])(?:月份?|[-./]0?1(?: 00:00)?)?")


@dataclass(frozen=True)
class Channel:
    """Whose rows come in: for which place, from which department, about what; who lets them in, if anybody.

    Who lets a list in prepares no case of it (R12): the department is the finder.
    """

    division_code: str
    department: str
    matter: Matter
    place: str
    """What the place is called."""
    account_id: int | None = None

    @property
    def finder(self) -> str:
        """As the clue has it."""
        return f"{self.place}{DEPARTMENTS[self.department]}部门"[:60]


@dataclass(frozen=True)
class Told:
    """What a department says of one person; the number is in its normal form."""

    name: str
    id_number: str
    told_on: date | None = None
    period: str = ""
    amount: Decimal | None = None
    """Yuan."""
    note: str = ""
    place: str = ""
    phone: str = ""
    record: str = ""
    """The department's own number of it."""

    @property
    def facts(self) -> tuple[Any, ...]:
        """What makes it another row when it is said again."""
        return self.name, self.id_number, self.told_on, self.period, self.amount, self.note


def day_of(told: Told, now: datetime) -> date:
    """The day of discovery: the one that the list says, else that of arrival (R06)."""
    return told.told_on or local_date(now)


def wrong_day(told_on: date | None, today: date) -> str:
    """Why a day cannot be that of a discovery; '' where it can."""
    if told_on is not None and told_on > today:
        return "晚于今天"
    return "超过一年" if told_on is not None and today - told_on > MAX_AGE else ""


def key_of(channel: Channel, told: Told) -> str:
    """The fingerprint of whom and what a row is about.

    Without period and day the same content is the same row.
    """
    when = _period(told.period) or (told.told_on.isoformat() if told.told_on else "")
    when = when or to_json([str(told.amount), told.note])
    said = [channel.department, channel.matter.code, idnumber.person(told.id_number), when]
    return sha256(to_json(said).encode()).hexdigest()


def _period(said: str) -> str:
    """A month however it is written: 2022年4月, 2022-04, 202204, or the first day that Excel makes of it."""
    month = _A_MONTH.fullmatch(said)
    return f"{month[1]}-{int(month[2]):02d}" if month else said
