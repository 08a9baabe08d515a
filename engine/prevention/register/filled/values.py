"""What the register says of a household or a person, one field at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from engine.casework.organisation.privacy import mask_phone
from engine.ground import idnumber
from engine.ground.sheets import Cell
from engine.prevention.register.filled.asked import Asked
from engine.prevention.register.filled.records import day_of

MANNERS = {"stable": "帮扶后稳定消除", "natural": "自然消除"}
DOUBTED = "待核实"
"""In place of a number that stands in two records, until the villages have said whose it is."""


def column(name: str) -> Callable[[Asked], Cell]:
    """A column of the household."""
    return lambda asked: str(getattr(asked.record.household, name) or "")


def place(level: str) -> Callable[[Asked], Cell]:
    """The name of the division of a level in which the household lives."""
    return lambda asked: asked.record.places.get(level, "")


def coded(name: str, words: Mapping[str, str]) -> Callable[[Asked], Cell]:
    """A coded column of the household, in words."""
    return lambda asked: words.get(getattr(asked.record.household, name), "")


def codes(name: str) -> Callable[[Asked], Cell]:
    """A list of codes of the household, in the words of the forms in force."""

    def value(asked: Asked) -> Cell:
        labels = asked.words.get(name, {})
        return "、".join(
            labels.get(str(code), str(code)) for code in getattr(asked.record.household, name) or ()
        )

    return value


def day(name: str) -> Callable[[Asked], Cell]:
    """A day of the household."""
    return lambda asked: day_of(getattr(asked.record.household, name))


def month(name: str) -> Callable[[Asked], Cell]:
    """The registry's YYYYMM (domain §2.1)."""

    def value(asked: Asked) -> Cell:
        day = getattr(asked.record.household, name)
        return f"{day:%Y%m}" if day else ""

    return value


def head_number(asked: Asked) -> Cell:
    """The ID number of the head."""
    return number_of(asked.record.household.head_id_number, asked)


def number_of(number: str, asked: Asked) -> str:
    """T29: one that two records have leaves from neither."""
    if number and idnumber.person(number) in asked.record.doubted:
        return DOUBTED
    return number if asked.full else idnumber.mask(number)


def phone(asked: Asked) -> Cell:
    """The household's phone, masked unless it may stand whole."""
    phone = asked.record.household.phone
    return phone if asked.full else mask_phone(phone)


def official(name: str) -> Callable[[Asked], Cell]:
    """Something of the official who is responsible for the household (R18)."""
    return lambda asked: getattr(asked.record.official, name) if asked.record.official else ""


def money(name: str) -> Callable[[Asked], Cell]:
    """An amount of the latest year, in yuan."""
    return lambda asked: getattr(asked.record.year, name) if asked.record.year is not None else ""


def part(column: str, *keys: str) -> Callable[[Asked], Cell]:
    """A part of what was earned or spent, or several together; nothing where none of them is known."""

    def value(asked: Asked) -> Cell:
        year = asked.record.year
        known = getattr(year, column) if year is not None else {}
        amounts = [Decimal(str(known[key])) for key in keys if known.get(key) is not None]
        return sum(amounts, Decimal(0)) if amounts else ""

    return value


def assured(key: str) -> Callable[[Asked], Cell]:
    """Whether something is assured, in the words of the forms in force."""

    def value(asked: Asked) -> Cell:
        year = asked.record.year
        code = str(year.assurances.get(key) or "") if year is not None else ""
        return asked.words.get(key, {}).get(code, code)

    return value


def name(asked: Asked) -> Cell:
    """What the person is called; of a household its head."""
    found = asked.member if asked.member is not None else asked.record.household
    return str(getattr(found, "name", "") or asked.record.household.head_name)


def member_number(asked: Asked) -> Cell:
    """The ID number of the person; of a household that of its head."""
    return number_of(asked.member.id_number, asked) if asked.member is not None else head_number(asked)


def member_word(name: str) -> Callable[[Asked], Cell]:
    """A coded column of the person, in words."""

    def value(asked: Asked) -> Cell:
        code = getattr(asked.member, name) if asked.member is not None else ""
        return asked.words.get(name, {}).get(code, code)

    return value


def fact(name: str) -> Callable[[Asked], Cell]:
    """A fact of the person, in words."""

    def value(asked: Asked) -> Cell:
        code = str(asked.member.facts.get(name) or "") if asked.member is not None else ""
        return asked.words.get(name, {}).get(code, code)

    return value


def born(asked: Asked) -> Cell:
    """The day of birth, where numbers may stand whole."""
    day = asked.member.birth_date if asked.member is not None else None
    return day_of(day) if asked.full else ""


def age(asked: Asked) -> Cell:
    """Full years today."""
    day = asked.member.birth_date if asked.member is not None else None
    if day is None:
        return ""
    before = (asked.today.month, asked.today.day) < (day.month, day.day)
    return int(asked.today.year - day.year - before)
