"""Hazards are reported, looked for, and said to reach one place more or less (R30).

A hazard is a county's: one that reaches several counties is reported to each of them. Who works anywhere in
its area, or above, sees it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, selectinload

from engine.casework import acts, definitions
from engine.casework.acts import openings
from engine.casework.models import LEVELS, Account, CaseFile, Division
from engine.casework.organisation import access, divisions
from engine.casework.telling import notifications
from engine.flow.forms import Form
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.paging import Page, page_of
from engine.prevention.models import Hazard, HazardArea, Household, Member
from engine.prevention.register.households import finding as households

PROCEDURE = "hazard"
STATUS_NAMES = {
    "reported": "待研判",
    "under_way": "应对中",
    "closed": "已销号",
    "dismissed": "不构成规模性风险",
}
OPEN = ("reported", "under_way")
REPORTS = frozenset(access.QUEUE_OF_ROLE)
"""Whoever works on cases may report what they see in their own places."""
ANSWERS = frozenset({"county_approver"})
"""Who answers for a hazard (R33)."""
LONG_AGO = 366
"""Days before today on which a hazard that is reported may have begun, at the most."""
MOST_PLACES = 200
COUNTIES_AT_ONCE = 20


def form(session: Session) -> Form:
    """The form of a report in force: on the start event of the procedure."""
    found = definitions.load(session, definitions.current(session, PROCEDURE).id).start_form
    if found is None:
        raise NotFound("现行流程没有风险隐患报告表。")
    return found


def words(session: Session) -> dict[str, dict[str, str]]:
    """The words of the codes of a hazard, as the forms in force have them."""
    return definitions.code_labels(session, PROCEDURE)


# -- reporting -------------------------------------------------------------------------------------


@whole
def report(
    session: Session, actor: Account, data: Mapping[str, Any], places: Sequence[str], *, clock: Clock
) -> list[Hazard]:
    """Report a hazard from the clean data of the form, for the divisions of `places` (codes).

    Answers one hazard for each county that it reaches, each with its case. Raises Invalid.
    """
    now = clock.now()
    today = local_date(now)
    began = date.fromisoformat(str(data["from_on"]))
    until = date.fromisoformat(str(data["until_on"])) if data.get("until_on") else None
    if began > today or (today - began).days > LONG_AGO:
        raise Invalid("开始日期：不能晚于今天，也不能早于一年前。", {"from_on": ["开始日期：请核对。"]})
    if until is not None and until < began:
        raise Invalid("结束日期：不能早于开始日期。", {"until_on": ["结束日期：不能早于开始日期。"]})
    with write(session):
        by_county = _by_county(session, actor, places)
        return [
            _report(session, actor, data, county, codes, began, until, now)
            for county, codes in sorted(by_county.items())
        ]


def _report(
    session: Session,
    actor: Account,
    data: Mapping[str, Any],
    county: str,
    codes: Collection[str],
    began: date,
    until: date | None,
    now: datetime,
) -> Hazard:
    hazard = Hazard(
        village_code=county,
        name=text.line(str(data["name"]))[:80],
        kind=data["kind"],
        sub_kind=data.get("sub_kind") or "",
        from_on=began,
        until_on=until,
        reporter=str(data.get("reporter") or actor.name)[:60],
        description=str(data.get("description") or "")[:1000],
        households=text.whole(data.get("households")),
        people=text.whole(data.get("people")),
        reported_by=actor.id,
        reported_at=now,
    )
    session.add(hazard)
    session.flush()
    _add(session, actor, hazard, codes, now)
    first = first_variables(session, hazard, local_date(now))
    case = acts.open_case(session, actor, PROCEDURE, hazard, first, now)
    start = definitions.load(session, case.version_id).start
    openings.keep_start(session, case, start, data, actor, now)  # also what owners ask for besides
    place = divisions.names(session, [county])[county]
    said = f"{hazard.reporter}报告“{hazard.name}”，请{place}研判。"
    notifications.send_about(session, hazard, "county", "hazard", said, now)
    return hazard


def first_variables(session: Session, hazard: Hazard, day: date) -> dict[str, Any]:
    """What a case of a hazard begins with."""
    return {
        "hazard": {
            "kind": hazard.kind,
            "sub_kind": hazard.sub_kind,
            "from_on": hazard.from_on.isoformat(),
            "households": hazard.in_area,
        },
        "opened_on": day.isoformat(),
    }


# -- its area --------------------------------------------------------------------------------------


def _by_county(session: Session, actor: Account, places: Sequence[str]) -> dict[str, set[str]]:
    """The places by their county; what is wider than a county is all of its counties. Raises Invalid."""
    codes = list(dict.fromkeys(places))
    if not codes:
        raise Invalid("请选择波及的地方。", {"places": ["波及的地方：至少选一处。"]})
    if len(codes) > MOST_PLACES:
        raise Invalid("波及的地方太多，请选上一级。", {"places": [f"波及的地方：不超过 {MOST_PLACES} 处。"]})
    present = session.scalars(
        select(Division.code).where(Division.code.in_(codes), Division.valid_to.is_(None))
    )
    known = set(present)
    wrong = [code for code in codes if code not in known or not access.reaches(actor, code, REPORTS)]
    if wrong:
        raise Invalid("有的地方不在您负责的范围内。", {"places": ["波及的地方：请选择您负责范围内的地方。"]})
    found: dict[str, set[str]] = {}
    for code in codes:
        wide = access.level_of(code) in ("province", "city")
        for one in _counties_in(session, code) if wide else [code]:
            found.setdefault(access.ancestor(one, "county"), set()).add(one)
    if len(found) > COUNTIES_AT_ONCE:
        raise Invalid(
            f"一次最多报告到 {COUNTIES_AT_ONCE} 个县，请分开报告。",
            {"places": [f"波及的地方：一次不超过 {COUNTIES_AT_ONCE} 个县。"]},
        )
    return {county: _outermost(inside) for county, inside in found.items()}


def _counties_in(session: Session, code: str) -> list[str]:
    scope = access.scope_of(code)
    query = select(Division.code).where(
        Division.level == "county", Division.code.between(scope.low, scope.high), Division.valid_to.is_(None)
    )
    return list(session.scalars(query.order_by(Division.code)))


def _outermost(codes: Collection[str]) -> set[str]:
    """Without the places that lie in another one of them."""
    return {
        code
        for code in codes
        if not any(other != code and access.scope_of(other).holds(code) for other in codes)
    }


@whole
def add_places(
    session: Session, actor: Account, hazard_id: int, places: Sequence[str], *, clock: Clock
) -> Hazard:
    """The hazard reaches further places of its county. Raises Invalid, NotAllowed, Conflict."""
    hazard = open_and_mine(session, actor, hazard_id)
    now = clock.now()
    with write(session):
        hazard = held(session, hazard_id)
        by_county = _by_county(session, actor, places)
        if set(by_county) != {hazard.village_code}:
            raise Invalid(
                "有的地方不在本县：别的县请另行报告。", {"places": ["波及的地方：须在本县范围内。"]}
            )
        present = {area.division_code for area in hazard.areas}
        fresh = [
            code
            for code in by_county[hazard.village_code]
            if not any(access.scope_of(area).holds(code) for area in present)
        ]
        _add(session, actor, hazard, fresh, now)
    return hazard


def _add(session: Session, actor: Account, hazard: Hazard, codes: Collection[str], now: datetime) -> None:
    for code in sorted(codes):
        session.add(HazardArea(hazard_id=hazard.id, division_code=code, added_by=actor.id, added_at=now))
    session.flush()
    session.expire(hazard, ["areas"])
    count(session, hazard, now)


def count(session: Session, hazard: Hazard, now: datetime) -> None:
    """Count the households and people of the register that live in the area (R30)."""
    here = (in_area(hazard), households.there())
    hazard.in_area = session.scalar(select(func.count()).select_from(Household).where(*here)) or 0
    people = select(func.count()).select_from(Member).join(Household, Household.id == Member.household_id)
    hazard.people_in_area = session.scalar(people.where(*here)) or 0
    hazard.counted_at = now
    session.flush()


def in_area(hazard: Hazard) -> ColumnElement[bool]:
    """SQL: the households that live where the hazard reaches."""
    return access.within(Household.village_code, [access.scope_of(one.division_code) for one in hazard.areas])


def choices(session: Session, actor: Account) -> list[tuple[str, str]]:
    """The places that an official picks from: their own, and those right below; code and name."""
    codes = sorted({grant.division_code for grant in actor.grants if grant.role in REPORTS})
    own = select(Division).where(Division.code.in_(codes), Division.valid_to.is_(None))
    found: dict[str, str] = {}
    for division in session.scalars(own.order_by(Division.code)):
        found[division.code] = f"{division.name}（全部）" if division.level != "village" else division.name
        for below in divisions.children(session, division.code):
            found[below.code] = below.name
    return list(found.items())


def meant(session: Session, actor: Account, typed: str) -> list[str]:
    """The places that lines of text mean, of those that the actor works in.

    Raises Invalid with each that is none or may be several.
    """
    lines = [one for line in typed.splitlines() if (one := text.line(line))][:MOST_PLACES]
    codes, wrong = [], []
    for written, possible in divisions.meant(session, lines).items():
        here = [code for code in possible if access.reaches(actor, code, REPORTS)]
        if len(here) == 1:
            codes.append(here[0])
        else:
            wrong.append(
                f"“{written[:40]}”" + ("有几处同名，请写全称或代码" if here else "不在您负责的范围内")
            )
    if wrong:
        raise Invalid("有的地方没有认出来。", {"places": [f"波及的地方：{one}。" for one in wrong]})
    return codes


# -- looking ---------------------------------------------------------------------------------------


def visible(actor: Account) -> ColumnElement[bool]:
    """SQL: the hazards whose area lies in, or around, where the actor works."""
    ranges = access.scopes(actor)
    around = {access.ancestor(one.low, level) for one in ranges for level in LEVELS}
    here = or_(HazardArea.division_code.in_(around), access.within(HazardArea.division_code, ranges))
    return Hazard.id.in_(select(HazardArea.hazard_id).where(here))


def listing(
    session: Session, actor: Account, *, status: str = "", kind: str = "", typed: str = "", page: int = 1
) -> Page[Hazard]:
    """The hazards that concern the actor, the latest first: the open ones (''), of a status, or ``all``."""
    query = select(Hazard).where(visible(actor))
    if status in STATUS_NAMES:
        query = query.where(Hazard.status == status)
    elif status != "all":
        query = query.where(Hazard.status.in_(OPEN))
    if kind:
        query = query.where(Hazard.kind == kind)
    if text.line(typed):
        query = query.where(Hazard.name.contains(text.line(typed), autoescape=True))
    ordered = query.order_by(Hazard.id.desc()).options(selectinload(Hazard.areas))
    return page_of(session, query, ordered, page)


def view(session: Session, actor: Account, hazard_id: int) -> Hazard:
    """One hazard with its area. Raises NotFound where it does not concern the actor."""
    query = select(Hazard).where(Hazard.id == hazard_id, visible(actor)).options(selectinload(Hazard.areas))
    hazard = session.scalar(query.execution_options(populate_existing=True))
    if hazard is None:
        raise NotFound("没有找到这次风险。")
    return hazard


def held(session: Session, hazard_id: int) -> Hazard:
    """The hazard as it is now, locked until the transaction ends."""
    query = select(Hazard).where(Hazard.id == hazard_id).with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).one()


def answers(actor: Account, hazard: Hazard) -> bool:
    """Whether the actor answers for the hazard: approves for its county."""
    return access.reaches(actor, hazard.village_code, ANSWERS)


def open_and_mine(session: Session, actor: Account, hazard_id: int) -> Hazard:
    """A hazard that is open and that the actor answers for. Raises NotFound, NotAllowed, Conflict."""
    hazard = view(session, actor, hazard_id)
    if not answers(actor, hazard):
        raise NotAllowed("规模性风险由县级应对，您只能查看。")
    require_open(hazard)
    return hazard


def require_open(hazard: Hazard) -> None:
    """Raise Conflict for a hazard that is over."""
    if hazard.status not in OPEN:
        raise Conflict(f"这次风险{STATUS_NAMES[hazard.status]}，不能再改。")


def case_of(session: Session, hazard: Hazard) -> CaseFile | None:
    """The hazard's latest case."""
    query = select(CaseFile).where(CaseFile.subject_id == hazard.id, CaseFile.procedure_key == PROCEDURE)
    return session.scalar(query.order_by(CaseFile.id.desc()).limit(1))
