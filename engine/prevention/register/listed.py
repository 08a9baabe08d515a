"""What a paper may show of the households of cases, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from engine.casework.models import CaseFile
from engine.casework.organisation import access, divisions
from engine.casework.papers.contents import Listed
from engine.ground.database.prepared import Prepared
from engine.ground.tables import table
from engine.prevention.models import Household, Member

_HOUSEHOLD, _MEMBER = table(Household), table(Member)
_STANDING = Prepared(
    select(
        _HOUSEHOLD.c.id,
        _HOUSEHOLD.c.head_name,
        _HOUSEHOLD.c.group_name,
        select(func.count())
        .select_from(_MEMBER)
        .where(_MEMBER.c.household_id == _HOUSEHOLD.c.id)
        .scalar_subquery()
        .label("size"),
    ).where(_HOUSEHOLD.c.id.in_(bindparam("ids", expanding=True))),
    own=True,
)


def of_cases(session: Session, cases: Sequence[CaseFile]) -> dict[int, Listed]:
    """The households of `cases` by case."""
    codes = {case.village_code for case in cases}
    names = divisions.names(session, codes | {access.ancestor(code, "township") for code in codes})
    ids = tuple(sorted({case.subject_id for case in cases}))
    found = _STANDING.all(session, ids=ids) if ids else []
    households = {row.id: row for row in found}
    return {
        case.id: Listed(
            village=divisions.short_name(names.get(case.village_code, "")),
            township=names.get(access.ancestor(case.village_code, "township"), ""),
            group=households[case.subject_id].group_name,
            head=households[case.subject_id].head_name,
            size=households[case.subject_id].size,
        )
        for case in cases
    }
