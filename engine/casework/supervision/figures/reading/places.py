"""Whose figures a page shows."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from engine.casework.models import LEVELS, Account, Division
from engine.casework.organisation import access, divisions
from engine.ground.errors import NotAllowed, NotFound

ROLES = frozenset(
    {"township_reviewer", "county_approver", "city_reviewer", "province_reviewer", access.SUPERVISOR}
)
"""Who sees statistics: supervisors and those who review and approve,
of what lies at and below their own division.
"""


def place(session: Session, actor: Account, code: str) -> Division:
    """The division that a page of statistics is about; by default the actor's own.

    Raises NotAllowed or NotFound.
    """
    own = [grant.division_code for grant in actor.grants if grant.role in ROLES]
    if not own:
        raise NotAllowed("统计由督查和审核、审批人员查看。")
    wanted = code or own[0]
    if not access.reaches(actor, wanted, ROLES):
        raise NotFound("没有找到这个地方，或者不在您的范围内。")
    return divisions.get(session, wanted)


def above(session: Session, actor: Account, division: Division) -> list[Division]:
    """The divisions from the actor's own down to `division`, for the way back up."""
    codes = [access.ancestor(division.code, level) for level in LEVELS[: LEVELS.index(division.level) + 1]]
    found = session.scalars(select(Division).where(Division.code.in_(codes)).order_by(Division.code))
    known = {one.code: one for one in found}
    return [known[code] for code in codes if code in known and access.reaches(actor, code, ROLES)]


def within(column: ColumnElement[str], code: str) -> ColumnElement[bool]:
    """SQL: the column is a division at or below `code`."""
    scope = access.scope_of(code)
    return column == scope.low if scope.low == scope.high else column.between(scope.low, scope.high)
