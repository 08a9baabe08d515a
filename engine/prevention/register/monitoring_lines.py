"""The year's reference income, per province and dated (R01): a parameter that people enter,
never a constant.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.casework.models import MonitoringLine
from engine.casework.organisation import access
from engine.ground.errors import Invalid

_IN_FORCE = (
    select(MonitoringLine)
    .where(
        MonitoringLine.province_code == bindparam("province_code"),
        MonitoringLine.effective_from <= bindparam("day"),
    )
    .order_by(MonitoringLine.effective_from.desc())
    .limit(1)
)


def in_force(session: Session, village_code: str, day: date) -> MonitoringLine:
    """The reference line in force for a village on a day (R01).

    Raises Invalid when the province has set none.
    """
    line = session.scalar(_IN_FORCE, {"province_code": access.ancestor(village_code, "province"), "day": day})
    if line is None:
        raise Invalid("省级还没有设定当年的监测范围，请先设定。")
    return line
