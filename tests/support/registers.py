"""Households whose place in the register a story begins with."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.ground.database import write
from engine.prevention.models import Household
from engine.prevention.register.households import registering
from tests.support import papers

ELIMINATED_ON = date(2021, 12, 20)


def household(
    session: Session,
    now: datetime,
    name: str,
    status: str,
    *,
    village: str = "410325103202",
    **columns: object,
) -> Household:
    """A household of two in the register, monitored since 2021,
    `status` set as earlier procedures would have left it.
    """
    number = session.scalar(select(Household.id).order_by(Household.id.desc()).limit(1)) or 0
    first = f"4199011975{number % 12 + 1:02d}08{number % 1000:03d}"
    head = papers.member(name, number=first)
    wife = papers.member(
        "李秀英", "spouse", f"4199011977{number % 12 + 1:02d}12{number * 2 % 1000:03d}", sex="female"
    )
    with write(session):
        found = registering.register(
            session,
            {
                "village_code": village,
                "head_name": name,
                "id_number": papers.id_number(first),
                "address": f"{name}家",
                "members": [head, wife],
            },
            now,
        )
        found.status, found.category, found.monitored_on = status, "marginal", date(2021, 5, 20)
        found.risks = ["illness"]
        if status == "eliminated":
            found.eliminated_on, found.elimination_manner = ELIMINATED_ON, "stable"
        for column, value in columns.items():
            setattr(found, column, value)
    return found
