"""What a paper may show of the households of cases, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework.models import CaseFile
from engine.casework.organisation import access, divisions
from engine.casework.papers.compose import Listed
from engine.prevention.models import Household, Member


def of_cases(session: Session, cases: Sequence[CaseFile]) -> dict[int, Listed]:
    """The households of `cases` by case."""
    codes = {case.village_code for case in cases}
    names = divisions.names(session, codes | {access.ancestor(code, "township") for code in codes})
    ids = {case.subject_id for case in cases}
    columns = select(Household.id, Household.head_name, Household.group_name).where(Household.id.in_(ids))
    households = {row.id: row for row in session.execute(columns)}
    counts = (
        select(Member.household_id, func.count())
        .where(Member.household_id.in_(ids))
        .group_by(Member.household_id)
    )
    sizes = {row[0]: row[1] for row in session.execute(counts)}
    return {
        case.id: Listed(
            village=divisions.short_name(names.get(case.village_code, "")),
            township=names.get(access.ancestor(case.village_code, "township"), ""),
            group=households[case.subject_id].group_name,
            head=households[case.subject_id].head_name,
            size=sizes.get(case.subject_id, 0),
        )
        for case in cases
    }
