"""Where a value of the register is from, and of which day."""

from __future__ import annotations

from datetime import date, datetime

from engine.ground.clock import local_date
from engine.prevention.register.filled.asked import Asked
from engine.prevention.register.filled.records import day_of
from engine.prevention.register.member_history import KINDS


def _said(words: str, moment: date | datetime | None) -> str:
    day = local_date(moment) if isinstance(moment, datetime) else moment
    return f"{words} {day_of(day)}".strip()


def register(asked: Asked) -> str:
    """The register, as it was last written."""
    return _said("登记簿", asked.record.household.updated_at)


def divisions(_asked: Asked) -> str:
    """The list of divisions."""
    return "行政区划"


def contact(asked: Asked) -> str:
    """Who said last how the household is reached."""
    change = asked.record.contact
    if change is None:
        return register(asked)
    return _said("入户核实" if change.case_id else "电话住址更正", change.recorded_at)


def person(asked: Asked) -> str:
    """What said last who the person is."""
    change = asked.record.changes.get(asked.member.key) if asked.member is not None else None
    if change is None:
        return register(asked)
    kind = "入户核实" if change.case_id else KINDS.get(change.kind, "成员变动")
    return _said(kind, change.recorded_at)


def yearly(asked: Asked) -> str:
    """The check of the year's income."""
    year = asked.record.year
    return _said(f"{year.year} 年收入核实", year.recorded_at) if year is not None else ""


def identified(asked: Asked) -> str:
    """The identification, of whoever is monitored."""
    return (
        _said("识别认定", asked.record.household.monitored_on)
        if asked.record.household.monitored_on
        else register(asked)
    )


def eliminated(asked: Asked) -> str:
    """The end of the risk."""
    return _said("风险消除", asked.record.household.eliminated_on)


def named(asked: Asked) -> str:
    """Since when the responsible official is named."""
    return _said("帮扶责任人登记", asked.record.official.since) if asked.record.official else ""


def reckoned(asked: Asked) -> str:
    """Reckoned today from the day of birth."""
    return _said("按出生日期推算", asked.today)
