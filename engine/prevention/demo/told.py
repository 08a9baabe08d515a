"""The demo's department: a medical insurance list of last month, one of each outcome that is no new case."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Account, CaseFile
from engine.casework.organisation import divisions
from engine.ground.clock import MovableClock, local_date
from engine.ground.database import write
from engine.prevention.demo.samples import number_of
from engine.prevention.identification.departments import matters, thresholds
from engine.prevention.identification.departments.intake import taking
from engine.prevention.identification.departments.intake.statements import Channel, Told
from engine.prevention.identification.departments.thresholds import Asked
from engine.prevention.models import DepartmentBatch, Household

DEPARTMENT, MATTER = "medical_insurance", "medical_costs"


def send(session: Session, approver: Account, county: str, now: datetime) -> None:
    """The county has set an amount; a list has come in: one joins its case, one is below, one is unknown."""
    today = local_date(now)
    since = today.replace(month=1, day=1).isoformat()
    asked = Asked(county, DEPARTMENT, MATTER, "amount", "10000", "26000", "", "", since, "县级会议纪要")
    thresholds.set_one(session, approver, asked, clock=MovableClock(at=now))
    day = today - timedelta(days=1)
    before = today.replace(day=1) - timedelta(days=1)
    period = f"{before.year}年{before.month}月"
    told = [
        Told(one.head_name, one.head_id_number, day, period, Decimal(amount), "住院")
        for one, amount in zip(_homes(session), (31000, 6200), strict=False)
    ]
    stranger = number_of(date(today.year - 58, 6, 1), "male", 400)
    told.append(Told("周外来", stranger, day, period, Decimal(42000), "住院"))
    place = divisions.names(session, [county]).get(county, "")
    channel = Channel(county, DEPARTMENT, matters.get(DEPARTMENT, MATTER), place, approver.id)
    with write(session):
        batch = DepartmentBatch(
            division_code=county,
            department=DEPARTMENT,
            matter=MATTER,
            account_id=approver.id,
            title=f"医保自付{period}.xlsx",
            at=now,
            last_at=now,
        )
        session.add(batch)
        session.flush()
        taking.take(session, batch, channel, told, now)


def _homes(session: Session) -> list[Household]:
    """One that is being identified, and one that nothing is open for."""
    is_open = select(CaseFile.id).where(CaseFile.subject_id == Household.id, CaseFile.status == "open")
    identified = is_open.where(CaseFile.procedure_key == "identification").exists()
    numbered = select(Household).where(Household.head_id_number != "").order_by(Household.id)
    quiet = numbered.where(~is_open.exists(), Household.status == "ordinary")
    wanted = (numbered.where(identified, Household.status != "monitored"), quiet)
    return [one for query in wanted if (one := session.scalar(query.limit(1))) is not None]
