"""The register of households: one record feeds all forms, notices, lists and exports (R41)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from engine.casework import audit, definitions
from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account, Division
from engine.casework.organisation import access, divisions
from engine.casework.organisation.privacy import mask_phone
from engine.casework.step import locks
from engine.casework.telling import notifications
from engine.flow.receivers import ROWS, Need, Receiver
from engine.flow.services import Service
from engine.ground import idnumber, text
from engine.ground.clock import local_date
from engine.ground.database import write
from engine.ground.database.objects import Objects, keep
from engine.ground.database.prepared import Prepared, add
from engine.ground.errors import Invalid, NotFound
from engine.ground.paging import COUNT_CAP, PAGE, Page, page_of
from engine.ground.tables import begins, table
from engine.prevention.models import (
    Household,
    HouseholdYear,
    MatchingResult,
    Member,
    Observation,
    RiskClue,
    Telling,
    household_of,
)
from engine.prevention.register import contact, member_history, observations, persons, posted_lists
from engine.prevention.register.member_history import Recorder

TYPE_NAMES = {
    "ordinary": "一般农户",
    "lifted_with_policy": "脱贫享受政策户",
    "lifted_without_policy": "脱贫不享受政策户",
    "allowance": "低保户",
    "destitute": "特困供养户",
}
STATUS_NAMES = {
    "ordinary": "一般农户",
    "identifying": "识别认定中",
    "monitored": "监测对象",
    "eliminated": "风险已消除",
    "cleared": "已清退",
    "merged": "已并入另一户",
    "gone": "全户已不在册",
}
CATEGORY_NAMES = {"unstable": "脱贫不稳定户", "marginal": "边缘易致贫户", "sudden_hardship": "突发严重困难户"}
FACTS = (
    "id number head_name head_id_number village_code village path group_name address phone "
    "household_type type_name status category risks key_groups size national_number members income "
    "spending assurances per_capita net_income year monitored_on eliminated_on elimination_manner"
).split()
"""What `facts` has."""
INCOME = ("wage", "business", "property", "pension", "allowance_income", "subsidy", "other_transfer")
SPENDING = ("medical", "education", "disaster", "other_rigid")
_MEMBER_COLUMNS = ("name", "sex", "id_type", "id_number", "birth_date", "relation")
_MEMBER = table(Member)
_SIZE = Prepared(
    select(func.count()).select_from(_MEMBER).where(_MEMBER.c.household_id == bindparam("household_id"))
)
_INCOME = table(HouseholdYear)
_OF_HOUSEHOLD = _INCOME.c.household_id == bindparam("household_id")
_YEAR = Objects(select(_INCOME).where(_OF_HOUSEHOLD, _INCOME.c.year == bindparam("year")), [HouseholdYear])
_LATEST_YEAR = Prepared(select(_INCOME).where(_OF_HOUSEHOLD).order_by(_INCOME.c.year.desc()).limit(1))
_ANY_YEAR = Prepared(select(_INCOME.c.id).where(_OF_HOUSEHOLD).limit(1))
_MEMBERS = Prepared(
    select(_MEMBER).where(_MEMBER.c.household_id == bindparam("household_id")).order_by(_MEMBER.c.position)
)
_PLACE = Prepared(
    select(table(Division).c.name, table(Division).c.path).where(
        table(Division).c.id == bindparam("division_id")
    )
)


def there() -> ColumnElement[bool]:
    """SQL: the households that live in a place: neither merged into another record nor gone (domain S11)."""
    return and_(Household.merged_into_id.is_(None), Household.status != "gone")


def register(
    session: Session, data: Mapping[str, Any], now: datetime, *, actor: Account | None = None
) -> Household:
    """Add a household with its head; the caller is inside a write transaction and has checked the reach.

    Raises Registered when another household has one of its people.
    """
    division = divisions.get(session, str(data["village_code"]))
    if division.level != "village":
        raise Invalid("请选择到村（社区）。", {"village_code": ["请选择到村（社区）。"]})
    rows = data.get("members") or [
        {"name": data["head_name"], "id_number": data.get("id_number"), "relation": "head"}
    ]
    field = "members.{row}.id_number" if data.get("members") else "id_number"
    persons.require_free(session, actor, division.code, rows, None, field)
    household = Household(
        number="",
        division_id=division.id,
        village_code=division.code,
        head_name=data["head_name"],
        head_id_number=text.identity(data.get("id_number")) or "",
        group_name=data.get("group_name") or "",
        address=data.get("address") or "",
        phone=data.get("phone") or "",
        household_type=data.get("household_type") or "ordinary",
        updated_at=now,
        entered_by=actor.id if actor else None,
        entered_at=now,
    )
    household.number = f"new-{now.timestamp()}-{data['head_name']}"[:30]
    session.add(household)
    session.flush()
    household.number = f"{division.code}{household.id:08d}"
    household.members = [Member(**_member(index, row)) for index, row in enumerate(rows)]
    session.flush()
    return household


def beside(session: Session, household: Household, head_name: str, address: str, now: datetime) -> Household:
    """A household of its own that comes out of another, in the same village and still without people."""
    fresh = Household(
        number=f"new-{now.timestamp()}-{household.id}"[:30],
        division_id=household.division_id,
        village_code=household.village_code,
        head_name=head_name,
        group_name=household.group_name,
        address=address or household.address,
        household_type=household.household_type,
        updated_at=now,
    )
    session.add(fresh)
    session.flush()
    fresh.number = f"{household.village_code}{fresh.id:08d}"
    session.flush()
    return fresh


def _member(position: int, row: Mapping[str, Any]) -> dict[str, Any]:
    number = text.identity(row.get("id_number")) or ""
    born = row.get("birth_date")
    if number and row.get("id_type", "id_card") != "none":
        born = idnumber.birth_date(number).isoformat()
    return {
        "position": position,
        "name": str(row["name"]),
        "sex": row.get("sex") or (idnumber.sex(number) if number else ""),
        "id_type": row.get("id_type") or "id_card",
        "id_number": number,
        "person": persons.of(number),
        "birth_date": date.fromisoformat(str(born)) if born else None,
        "relation": row.get("relation") or "",
        "facts": {
            key: value for key, value in row.items() if key not in _MEMBER_COLUMNS and value not in (None, "")
        },
    }


def facts(session: Session, household_id: int) -> dict[str, Any]:
    """What forms are prefilled from: the household's columns, its members and its latest year."""
    household = session.get_one(Household, household_id)
    members = [member_row(member) for member in _MEMBERS.all(session, household_id=household_id)]
    ((village, path),) = _PLACE.all(session, division_id=household.division_id)
    year = _LATEST_YEAR.first(session, household_id=household_id)
    return {
        "id": household.id,
        "number": household.number,
        "head_name": household.head_name,
        "head_id_number": household.head_id_number,
        "village_code": household.village_code,
        "village": village,
        "path": path,
        "group_name": household.group_name,
        "address": household.address,
        "phone": household.phone,
        "household_type": household.household_type,
        "type_name": TYPE_NAMES.get(household.household_type, ""),
        "status": household.status,
        "category": household.category,
        "risks": household.risks,
        "key_groups": household.key_groups,
        "size": len(members),
        "national_number": household.national_number,
        "members": members,
        "income": year.income if year else {},
        "spending": year.spending if year else {},
        "assurances": year.assurances if year else {},
        "per_capita": float(year.per_capita) if year else None,
        "net_income": float(year.net_income) if year else None,
        "year": year.year if year else None,
        "monitored_on": _iso(household.monitored_on),
        "eliminated_on": _iso(household.eliminated_on),
        "elimination_manner": household.elimination_manner,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def public(found: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of `facts` as lists and programmes may show them: numbers masked, members by name only."""
    shown = {key: value for key, value in found.items() if key not in ("members", "head_id_number", "phone")}
    return {
        **shown,
        "head_id_number": idnumber.mask(found["head_id_number"]),
        "phone": mask_phone(found["phone"]),
        "members": [{"name": row["name"], "relation": row["relation"]} for row in found["members"]],
    }


def member_row(member: Member) -> dict[str, Any]:
    """A member as the verification form has it."""
    return {
        "name": member.name,
        "sex": member.sex,
        "id_type": member.id_type,
        "id_number": member.id_number,
        "relation": member.relation,
        **member.facts,
    }


def _forget_observation(call: ServiceCall, result: Any) -> None:
    """The check was returned or withdrawn: what it saw does not count, its members neither;
    of income and spending the next one overwrites the register.
    """
    row = call.session.get(Observation, result.get("observation") or 0)
    if row is not None:
        call.session.delete(row)
    if result.get("act"):
        _forget_members(call, result["act"])
    if result.get("clues"):
        unseen = update(RiskClue).where(RiskClue.id.in_(result["clues"]))
        call.session.execute(unseen.values(held=True))


def _forget_members(call: ServiceCall, act: str) -> None:
    """The members are what they were before the check.

    Raises Registered when another household has one of them by now.
    """
    actor_id = call.actor.id if call.actor else None
    household = household_of(call.case)
    by = Recorder(actor_id, call.now, act, "核实退回或撤回")
    told = [one for one in member_history.in_force(call.session, household.id) if one.act == act]
    back = [one.before for one in told if one.before]
    persons.require_free(call.session, call.actor, household.village_code, back, household.id, "reason")
    if not member_history.take_back(call.session, household, act, by):
        return
    member_history.follow_head(call.session, household, call.now)


def record_verification(
    call: ServiceCall, form: str = "verification", clues: bool | None = None
) -> dict[str, Any]:
    """Write the verified household into the register: members, the year's income and spending, risks (R07,
    R38).

    `clues`: the check has looked into the clues that the case holds, so they wait for nothing more.
    """
    data = call.submission(form)
    if data is None:
        raise Invalid("还没有提交入户核实表。")
    household = household_of(call.case)
    actor_id = call.actor.id if call.actor else None
    by = Recorder(actor_id, call.now, member_history.new_act(), case_id=call.case.id)
    members = data.get("members") or []
    if members:
        persons.require_free(call.session, call.actor, household.village_code, members, household.id)
        _see_members(call, household, members, str(data.get("visited_on") or ""), by)
    household.household_type = data.get("household_type") or household.household_type
    contact.from_check(call, household, data, form)
    for key in ("risks", "key_groups"):  # a form that does not ask for them leaves them as they are
        if key in data:
            setattr(household, key, data[key] or [])
    household.updated_at = call.now
    if (
        household.status == "ordinary"
        and definitions.group_of(call.session, call.case.procedure_key) == "register"
    ):
        household.status = "identifying"  # a mere check of help does not begin an identification
    _record_year(call.session, household, data, actor_id, call.now)
    seen = observations.record(
        call.session, household, data, form, call.now, case_id=call.case.id, actor_id=actor_id
    )
    call.session.flush()
    count = len(members) or size(call.session, household.id)
    answer = {"size": count, "per_capita": data.get("per_capita"), "observation": seen.id if seen else None}
    answer |= {"act": by.act} if members else {}
    return {**answer, "clues": _looked_into(call)} if clues else answer


def _looked_into(call: ServiceCall) -> list[int]:
    held = (RiskClue.case_id == call.case.id) & RiskClue.held.is_(True)
    return list(call.session.scalars(update(RiskClue).where(held).values(held=False).returning(RiskClue.id)))


def _see_members(
    call: ServiceCall,
    household: Household,
    members: Sequence[Mapping[str, Any]],
    visited_on: str,
    by: Recorder,
) -> None:
    """The members are those whom the check has found; what differs is kept, and other open cases hear of it.

    domain S11: until somebody has looked for the first time nothing is said to have changed.
    """
    session, today = call.session, local_date(call.now)
    on = min(text.day(visited_on) or today, today)
    known = _ANY_YEAR.scalar(session, household_id=household.id)
    first = known is None or member_history.unlearned(session, household.id)
    found = [_member(index, row) for index, row in enumerate(members)]
    told = member_history.seen(session, household, found, on, by, first)
    member_history.follow_head(session, household, call.now)
    said = "；".join(
        f"{member_history.KINDS[one.kind]}：{one.name}"
        for one in told
        if one.kind not in member_history.QUIET
    )
    if said:
        posted_lists.tell(session, call.actor, household, said, on, call.now, besides=call.case.id)


def size(session: Session, household_id: int) -> int:
    """How many people live in the household."""
    count: int = _SIZE.scalar(session, household_id=household_id)
    return count


def _record_year(
    session: Session, household: Household, data: Mapping[str, Any], actor_id: int | None, now: datetime
) -> None:
    number = int(data.get("income_year") or local_date(now).year)
    present = _YEAR.first(session, household_id=household.id, year=number)
    year = present or HouseholdYear(household_id=household.id, year=number)
    year.income = {key: data[key] for key in (*INCOME, "business_cost") if data.get(key) is not None}
    if any(key in data for key in SPENDING):
        year.spending = {key: data[key] for key in SPENDING if data.get(key) is not None}
    year.assurances = {key: data[key] for key in observations.ASSURANCES if data.get(key) is not None}
    year.net_income = Decimal(str(data.get("net_income") or 0))
    year.per_capita = Decimal(str(data.get("per_capita") or 0))
    year.recorded_by, year.recorded_at = actor_id, now
    if present is None:
        keep(session, year)


def tell(call: ServiceCall, matter: str, result: str, reason: str | None = None) -> dict[str, Any]:
    """Note that the household is told how its case ended and why (R10, R12), in the diagram's words.

    `matter` is what was decided about (识别认定结果), `result` how.
    """
    household = household_of(call.case)
    if household.status == "identifying":
        household.status = "ordinary"
    because = f"原因：{text.sentence(reason)}" if reason else ""
    words = f"{matter}：{text.sentence(result)}{because}如有异议，可向村、乡、县申请复核。"[:1000]
    for queue in ("township", "village"):  # R12: those who handled it hear of it too
        notifications.send(
            call.session, call.case, queue, "result", f"{call.case.subject}户：{words}", call.now
        )
    add(call.session, Telling, case_id=call.case.id, household_id=household.id, text=words, at=call.now)
    return {"told_on": local_date(call.now).isoformat()}


def locked(session: Session, household_id: int) -> Household:
    """The household as it is now, locked until the transaction ends."""
    household: Household = locks.subject(session, household_id)
    return household


def visible(actor: Account) -> ColumnElement[bool]:
    """SQL: the households that the actor may see."""
    return access.within(Household.village_code, access.scopes(actor))


def view(session: Session, actor: Account, household_id: int) -> Household:
    """The household with its members and years. Raises NotFound outside the actor's reach."""
    query = (
        select(Household)
        .where(Household.id == household_id, visible(actor))
        .options(
            selectinload(Household.members), selectinload(Household.years), joinedload(Household.division)
        )
    )
    household = session.scalar(query)
    if household is None:
        raise NotFound("没有找到这户人家。")
    return household


def found_by(session: Session, actor: Account, typed: str) -> ColumnElement[bool]:
    """SQL: the households that a search means: by ID number, phone, name of the head or a member, or address.

    An ID number or a phone means just that; nobody is found by a part of one. Whoever reaches more than a county
    finds an address where nobody has that name: no index leads to a part of a text, so that every address of
    the reach is read.
    """
    number, phone, wanted = text.identity(typed), text.phone(typed), text.key(typed)
    if number:
        return persons.holding(number)
    if phone:
        return Household.phone == phone
    heads = begins(Household.head_key, wanted)
    members = select(Member.household_id).where(Member.name_key == wanted)
    address = Household.address_key.contains(wanted, autoescape=True)
    if not access.reaches_widely(actor):
        return or_(heads, Household.id.in_(members), address)
    few = _few(session, select(Household.id).where(heads), members)
    if few is None:  # then they are everywhere, and a page is soon full
        return or_(Household.head_key.startswith(wanted, autoescape=True), Household.id.in_(members))
    return Household.id.in_(few) if few else address


def _few(session: Session, *queries: Select[int]) -> list[int] | None:
    """All that the queries find; None for more than a list counts."""
    found: set[int] = set()
    for query in queries:
        found |= set(session.scalars(query.limit(COUNT_CAP + 1)))
    return sorted(found) if len(found) <= COUNT_CAP else None


def search(
    session: Session, actor: Account, typed: str = "", status: str = "", page: int = 1
) -> Page[Household]:
    """Households in the actor's reach by the head's name, ID number, phone or address."""
    query = select(Household).where(visible(actor), Household.merged_into_id.is_(None))
    if text.key(typed):
        query = query.where(found_by(session, actor, typed))
    if status:
        query = query.where(Household.status == status)
    ordered = query.order_by(Household.village_code, Household.head_name, Household.id)
    return page_of(session, query, ordered.options(joinedload(Household.division)), page, PAGE)


def find_duplicates(
    session: Session, *, id_number: str = "", village_code: str = "", address: str = "", head_name: str = ""
) -> Sequence[Household]:
    """Households that may be the same: an ID number among their members,
    or the same village with name or address.
    """
    conditions: list[ColumnElement[bool]] = []
    if number := text.identity(id_number):
        conditions.append(persons.holding(number))
    for column, typed in ((Household.address_key, address), (Household.head_key, head_name)):
        if village_code and text.key(typed):
            conditions.append((Household.village_code == village_code) & (column == text.key(typed)))
    if not conditions:
        return []
    query = select(Household).where(or_(*conditions), Household.merged_into_id.is_(None))
    query = query.options(joinedload(Household.division), selectinload(Household.members))
    return list(session.scalars(query.order_by(Household.id).limit(20)))


def reveal(session: Session, actor: Account, household_id: int, now: datetime) -> dict[str, str]:
    """The full ID numbers and phone of a household, logged: by name of member, and ``phone``."""
    household = view(session, actor, household_id)
    note_reveal(session, actor, now, household=household_id)
    return {str(m.id): m.id_number for m in household.members} | {"phone": household.phone}


def note_reveal(session: Session, actor: Account, now: datetime, **what: int) -> None:
    """Log that somebody looks at full numbers: `what` says whose, a household's or a case's about another
    matter, and at which of its things.
    """
    with write(session):
        audit.record(session, "access", actor.id, "reveal", what, now)


def last_matching(session: Session, household_id: int) -> MatchingResult | None:
    """The newest matching result on file."""
    query = select(MatchingResult).where(MatchingResult.household_id == household_id)
    return session.scalar(query.order_by(MatchingResult.matched_on.desc(), MatchingResult.id.desc()).limit(1))


KIT = Kit(
    registered={"household": FACTS},
    prefills={"household": lambda session, household_id, *_: facts(session, household_id)},
    services=(
        Service(
            "household.record",
            "记入农户档案",
            "核实的成员、收支、风险等",
            record_verification,
            {"form": "取哪张表", "clues": "留存的线索由这次核查了结"},
            undo=_forget_observation,
        ),
        Service(
            "household.tell",
            "登记须告知农户的结果",
            "记下把结果和原因告知农户",
            tell,
            {"matter": "事由", "result": "结果", "reason": "理由"},
        ),
    ),
    receivers=(
        Receiver(
            "service",
            "household.record",
            {"members": Need(ROWS, required=False, columns=frozenset({"name"}))},
            form="verification",
        ),
    ),
)
