"""核查名单: the households with a clue of a hazard, as an Excel file to take to the doors (T26)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, CaseFile
from engine.casework.organisation import access, divisions
from engine.ground.clock import written_moment
from engine.ground.database import write
from engine.ground.sheets import Book
from engine.prevention.hazards import raising
from engine.prevention.models import Hazard, HazardHousehold, Household

COLUMNS = ("乡镇", "村", "村民小组", "户主", "住址", "线索", "办理", "核查情况", "核查人", "核查日期")
AT_ONCE = 1000


def export(session: Session, actor: Account, hazard: Hazard, now: datetime) -> bytes:
    """The households in the actor's reach by village and group, without numbers of persons; logged."""
    with write(session):
        details = {"hazard": hazard.id, "division": hazard.village_code}
        audit.record(session, "access", actor.id, "export", details, now)
    book = Book(streaming=True)
    sheet = book.sheet("核查名单")
    sheet.widths(0, len(COLUMNS) - 1, 14)
    sheet.head(0, COLUMNS, book.heading)
    here = access.within(HazardHousehold.village_code, access.scopes(actor))
    query = (
        select(HazardHousehold, Household, CaseFile.status, CaseFile.outcome)
        .join(Household, Household.id == HazardHousehold.household_id)
        .outerjoin(CaseFile, CaseFile.id == HazardHousehold.case_id)
        .where(HazardHousehold.hazard_id == hazard.id, here)
        .order_by(HazardHousehold.village_code, Household.group_name, Household.head_name, HazardHousehold.id)
    )
    number = 0
    names: dict[str, str] = {}
    for entry, household, status, outcome in session.execute(query.execution_options(yield_per=AT_ONCE)):
        number += 1
        township = access.ancestor(household.village_code, "township")
        if household.village_code not in names:
            names |= divisions.names(session, [household.village_code, township])
        stands = "" if status is None else "办理中" if status == "open" else outcome or "已结束"
        place = [names.get(township, ""), divisions.short_name(names.get(household.village_code, ""))]
        who = [household.group_name, household.head_name, household.address]
        sheet.row(number, [*place, *who, raising.STATE_NAMES[entry.status], stands, "", "", ""])
    about = book.sheet("说明")
    for line, words in enumerate((hazard.name, f"截至 {written_moment(now)}", f"{number} 户")):
        about.row(line, [words])
    return book.bytes()
