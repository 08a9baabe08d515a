"""What a department's programme sends (R32): rows in one call, an answer for each, the same for the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.casework.organisation import divisions
from engine.ground import idnumber, text
from engine.ground.clock import local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, Trouble, Unavailable
from engine.prevention.identification.departments import batches, matters
from engine.prevention.identification.departments.intake import results, statements, taking
from engine.prevention.identification.departments.intake.results import Outcome
from engine.prevention.identification.departments.intake.statements import Channel, Told
from engine.prevention.identification.departments.matters import Matter
from engine.prevention.identification.departments.sheets import NO_BAR
from engine.prevention.identification.departments.thresholds import Bars
from engine.prevention.models import DepartmentToken

MOST = 500
"""Rows of one call."""
_LONGEST = {"name": 40, "period": 20, "note": 300, "place": 60, "phone": 20, "record": 60}
Answer = tuple[Outcome, Mapping[str, Sequence[str]]]
"""What became of a row, and the sentences at its fields."""


@whole
def send(
    session: Session,
    token: DepartmentToken,
    matter_code: str,
    rows: Sequence[Mapping[str, Any]],
    now: datetime,
) -> list[Answer]:
    """Take in rows of a matter in one transaction; a refused row refuses only itself.

    Raises NotFound for a matter that the department does not have, Invalid for too many rows or none,
    Conflict where no threshold is set.
    """
    if not 0 < len(rows) <= MOST:
        raise Invalid(f"一次报 1 到 {MOST} 条。")
    matter = matters.get(token.department, matter_code)
    if matter.amount and not Bars(session, token.department, matter.code, date.max).touches(
        token.division_code
    ):
        raise Conflict(NO_BAR.format(matter.name))
    place = divisions.names(session, [token.division_code]).get(token.division_code, "")
    channel = Channel(token.division_code, token.department, matter, place)
    read = [_read(row, matter, local_date(now)) for row in rows]
    _refuse_twice(channel, read)
    good = [told for told, faults in read if told is not None and not faults]
    try:
        outcomes = iter(_taken(session, token, channel, good, now))
    except IntegrityError as error:  # somebody wrote the same at this very moment
        raise Unavailable(Trouble.CROSSED) from error
    answer: list[Answer] = []
    for told, faults in read:
        if faults or told is None:
            answer.append((Outcome(results.REFUSED, next(iter(faults.values()))[0]), faults))
        else:
            answer.append((next(outcomes), {}))
    return answer


def _taken(
    session: Session, token: DepartmentToken, channel: Channel, good: Sequence[Told], now: datetime
) -> list[Outcome]:
    if not good:
        return []
    with write(session):
        session.refresh(token, with_for_update=True)  # one call of a token after another: one batch
        batch = batches.of_calls(session, channel, token, now)
        return taking.take(session, batch, channel, good, now)


def _refuse_twice(channel: Channel, read: list[tuple[Told | None, dict[str, list[str]]]]) -> None:
    """Of two rows of a call about the same, or with one number, the first counts."""
    first: dict[str, int] = {}
    for place, (told, faults) in enumerate(read):
        if told is None or faults:
            continue
        said = [statements.key_of(channel, told)] + ([f"record {told.record}"] if told.record else [])
        twice = next((first[one] for one in said if one in first), None)
        if twice is not None:
            faults[""] = [f"与这一次报的第 {twice + 1} 条说的是同一个，只报一条。"]
        for one in said:
            first.setdefault(one, place)


def _read(row: Mapping[str, Any], matter: Matter, today: date) -> tuple[Told | None, dict[str, list[str]]]:
    """A row as it was sent, and what is wrong with it, by field."""
    wrong: dict[str, list[str]] = {}
    words = {name: _text(row.get(name), name, most, wrong) for name, most in _LONGEST.items()}
    if not words["name"] and "name" not in wrong:
        wrong["name"] = ["没有写姓名。"]
    number = _identity(row.get("id_number"), today, wrong)
    told_on = _day(row.get("discovered_on"), today, wrong)
    amount = _amount(row.get("amount"), wrong)
    if matter.amount and amount is None and "amount" not in wrong:
        wrong["amount"] = [f"没有写{matter.amount}。"]
    if wrong:
        return None, wrong
    return Told(id_number=number, told_on=told_on, amount=amount, **words), wrong


def _text(value: object, name: str, most: int, wrong: dict[str, list[str]]) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        wrong[name] = ["应为文字。"]
        return ""
    words = text.name(value) if name == "name" else text.line(value)
    if len(words) > most:
        wrong[name] = [f"超过 {most} 个字。"]
    return text.half(words) if name in ("period", "record") else words


def _identity(value: object, today: date, wrong: dict[str, list[str]]) -> str:
    try:
        return idnumber.validate(value if isinstance(value, str) else "", today)
    except ValueError as error:
        wrong["id_number"] = [str(error)]
        return ""


def _day(value: object, today: date, wrong: dict[str, list[str]]) -> date | None:
    if value in (None, ""):
        return None
    found = text.day(value)
    if found is None:
        wrong["discovered_on"] = ["不是日期，按 2022-05-06 写。"]
    elif why := statements.wrong_day(found, today):
        wrong["discovered_on"] = [f"发现日期{why}。"]
    return found


def _amount(value: object, wrong: dict[str, list[str]]) -> Decimal | None:
    if value in (None, ""):
        return None
    found = text.number(value, "元")
    if found is None or not 0 <= found <= statements.MOST_AMOUNT:
        wrong["amount"] = ["不是金额，写不带单位的数，单位是元。"]
        return None
    return found.quantize(Decimal("0.01"))
