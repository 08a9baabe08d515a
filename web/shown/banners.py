"""What the top of every page reminds of: parameters that have to be set, to those who can or who draw."""

from __future__ import annotations

from dataclasses import dataclass

from engine.casework.models import Account
from engine.casework.organisation import access, calendar
from engine.casework.organisation.calendar import days_off
from engine.ground.clock import local_date
from engine.prevention.register.monitoring_lines import province, ruling, setting
from web.server import clock
from web.server.database import session


@dataclass(frozen=True)
class Banner:
    """A sentence, and the page where it is put right; '' where the reader cannot."""

    text: str
    endpoint: str = ""


def of(account: Account) -> list[Banner]:
    """The banners that this account reads, those of the line first."""
    return [*_of_line(account), *_of_calendar(account)]


def _of_line(account: Account) -> list[Banner]:
    """R01: who sets the line, who confirms it, and who decides by it in the province's name."""
    sets = any(access.has_everywhere(account, role) for role in setting.DECIDERS)
    if not sets and not access.has_role(account, "county_approver"):
        return []
    lacks = ruling.lacking(session(), province.province_of(account), clock.now())
    if sets:
        return [Banner(sentence, "parameters.lines") for sentence in lacks]
    return [Banner(f"{sentence}由省级业务管理人员设定。") for sentence in lacks]


def _of_calendar(account: Account) -> list[Banner]:
    """Who looks after the days off, or after limits that count working days, reads what is missing of
    them.
    """
    keeps = days_off.may_keep(account)
    if not keeps and not access.has_role(account, access.PROCESS_OWNER):
        return []
    lacks = calendar.lacking(session(), local_date(clock.now()))
    if keeps:
        return [Banner(sentence, "parameters.days") for sentence in lacks]
    return [Banner(f"{sentence}请系统管理员按国务院办公厅的通知在“参数”里录入。") for sentence in lacks]
