"""What cases of hazards are about, and begin with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from engine.casework.kit import Kit, Subjects
from engine.casework.models import CaseFile
from engine.casework.organisation import access, divisions
from engine.casework.papers.contents import Listed
from engine.flow.vocabulary import Given
from engine.ground.clock import local_date
from engine.prevention.hazards import hazards
from engine.prevention.models import Hazard, HazardArea

KIND = "hazard"
FIRST = 1_000_000_001


def listed(session: Session, cases: Sequence[CaseFile]) -> dict[int, Listed]:
    """How hazards stand on a paper, by case: their county and their name."""
    names = divisions.names(session, {case.village_code for case in cases})
    return {
        case.id: Listed(village=names.get(case.village_code, ""), group="", head=case.subject, size=0)
        for case in cases
    }


def invented(session: Session, village: str, now: datetime) -> Hazard:
    """A hazard for a trial, in a village's county."""
    hazard = Hazard(
        village_code=access.ancestor(village, "county"),
        name="试运行的风险",
        kind="natural_disaster",
        sub_kind="flood",
        from_on=local_date(now),
        reporter="试运行",
        description="试运行",
        reported_at=now,
    )
    session.add(hazard)
    session.flush()
    session.add(HazardArea(hazard_id=hazard.id, division_code=village, added_at=now))
    session.flush()
    hazards.count(session, hazard, now)
    return hazard


KIT = Kit(
    subjects=(
        Subjects(
            kind=KIND,
            words="规模性风险",
            known_as="hazard",
            level="county",
            model=Hazard,
            first_number=FIRST,
            look_up=hazards.view,
            first_variables=hazards.first_variables,
            listed=listed,
            invented=invented,
        ),
    ),
    given=(
        Given("hazard.kind", "风险的种类", "string", steady=True, about=KIND),
        Given("hazard.sub_kind", "自然灾害的种类", "string", steady=True, about=KIND),
        Given("hazard.from_on", "风险开始的日期", "day", steady=True, about=KIND),
        Given("hazard.households", "范围内登记的户数", "number", steady=True, about=KIND),
        Given("opened_on", "启动日期", "day", steady=True, about=KIND),
    ),
)
