"""The public officials who answer for households' assistance (R18): naming one, who is in office,
how many each has.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, select, update
from sqlalchemy.orm import Session, selectinload

from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account
from engine.casework.organisation import access
from engine.casework.organisation.access import Scope
from engine.casework.telling import notifications
from engine.flow.services import Service
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.ground.paging import Page, page_of, page_of_rows
from engine.ground.tables import begins
from engine.ground.text import key
from engine.prevention.models import Household, ResponsibleOfficial
from engine.prevention.register.households import finding as households

SHOWN = 20
"""So many officials a form lists with their load."""


@dataclass(frozen=True)
class Load:
    """An official with the households they answer for: in the whole county, and in the reader's reach."""

    name: str
    unit: str
    post: str
    phone: str
    households: int
    in_reach: int


def _unname(call: ServiceCall, result: Any) -> None:
    """The step is taken back: the former official is in office again, unless somebody was named since."""
    row = None if result["kept"] else call.session.get(ResponsibleOfficial, result["id"])
    if row is None:
        return
    in_office = row.until is None
    call.session.delete(row)
    call.session.flush()
    if in_office and result["former"] is not None:
        call.session.get_one(ResponsibleOfficial, result["former"]).until = None


def name_official(call: ServiceCall, official: dict[str, Any]) -> dict[str, Any]:
    """Name the household's responsible official from the data of form ``responsible_official``;
    the former one ends.

    Raises Invalid for anybody but a public servant (R18).
    """
    if official.get("public_servant") is not True:
        raise Invalid("帮扶责任人须为国家公职人员。", {"public_servant": ["帮扶责任人须为国家公职人员。"]})
    household_id = call.case.subject_id
    households.locked(call.session, household_id)  # whoever is named second ends the first (R18: exactly one)
    given = {key: str(official.get(key) or "") for key in ("name", "unit", "post", "phone")}
    former = in_office(call.session, household_id)
    if former is not None and all(getattr(former, key) == value for key, value in given.items()):
        return {"id": former.id, "former": None, "kept": True, **given}
    if former is not None:
        former.until = local_date(call.now)
        call.session.flush()  # the index knows one official in office at a time
    row = ResponsibleOfficial(
        household_id=household_id,
        case_id=call.case.id,
        county_code=access.ancestor(call.case.village_code, "county"),
        village_code=call.case.village_code,
        since=date.fromisoformat(str(official["since"])),
        recorded_by=call.actor.id if call.actor else None,
        recorded_at=call.now,
        **given,
    )
    call.session.add(row)
    call.session.flush()
    text = f"{call.case.subject}户的帮扶责任人：{row.name}（{row.unit}），电话 {row.phone}。"
    notifications.send(call.session, call.case, "village", "result", text, call.now)
    return {"id": row.id, "former": former.id if former else None, "kept": False, **given}


def in_office(session: Session, household_id: int) -> ResponsibleOfficial | None:
    """The household's present official, or None."""
    query = select(ResponsibleOfficial).where(
        ResponsibleOfficial.household_id == household_id, ResponsibleOfficial.until.is_(None)
    )
    return session.scalar(query.execution_options(populate_existing=True))


def facts(session: Session, household_id: int, village_code: str, parts: Container[str]) -> dict[str, Any]:
    """What forms show: the household's official in office (None without one), and, where it is among the
    `parts` that are read, the load of its township's officials.
    """
    row = in_office(session, household_id)
    present = None
    if row is not None:
        present = {key: getattr(row, key) for key in ("name", "unit", "post", "phone")}
        present["text"] = f"{row.name}（{row.unit}），电话 {row.phone}"
    load = {"load": _load_of_township(session, village_code)} if "load" in parts else {}
    return {"present": present, **load}


def _load_of_township(session: Session, village_code: str) -> str:
    """The officials of a village's township, the busiest first (R18: load visible)."""
    reach = [access.scope_of(access.ancestor(village_code, "township"))]
    query = _loads(reach, [access.scope_of(access.ancestor(village_code, "county"))])
    busiest = _shown(session, session.execute(query.limit(SHOWN)))
    return "；".join(f"{load.name}（{load.unit}）{load.households} 户" for load in busiest)


def _loads(reach: list[Scope], counties: list[Scope], text: str = "") -> Select[*tuple[Any, ...]]:
    """The latest row of each official in office with a household in `reach`, how many they have over
    `counties` and in `reach`; the busiest first.

    Grouped and counted in the index alone: the rows themselves are read for those who are shown (`_shown`).
    """
    person = (ResponsibleOfficial.county_code, ResponsibleOfficial.name_key, ResponsibleOfficial.unit)
    everywhere, latest = func.count(), func.max(ResponsibleOfficial.id)
    query: Select[*tuple[Any, ...]] = select(latest, everywhere, everywhere)
    if not all(any(_covers(wide, county) for wide in reach) for county in counties):
        mine = func.sum(case((access.within(ResponsibleOfficial.village_code, reach), 1), else_=0))
        query = select(latest, everywhere, mine).having(mine > 0)
    query = query.where(ResponsibleOfficial.until.is_(None))
    query = query.where(access.within(ResponsibleOfficial.county_code, counties))
    if key(text):
        query = query.where(begins(ResponsibleOfficial.name_key, key(text)))
    return query.group_by(*person).order_by(everywhere.desc(), *person)


def _covers(wide: Scope, narrow: Scope) -> bool:
    return wide.holds(narrow.low) and wide.holds(narrow.high)


def _shown(session: Session, found: Iterable[Any]) -> list[Load]:
    """Those whom `_loads` has found, as people are told of them."""
    counts = {latest: (everywhere, mine) for latest, everywhere, mine in found}
    named = session.scalars(select(ResponsibleOfficial).where(ResponsibleOfficial.id.in_(list(counts))))
    by_id = {one.id: one for one in named}
    rows = [(by_id[latest], counted) for latest, counted in counts.items()]
    return [Load(one.name, one.unit, one.post, one.phone, *counted) for one, counted in rows]


def loads(session: Session, actor: Account, text: str = "", page: int = 1) -> Page[Load]:
    """The officials who answer for households in the actor's reach, the busiest first (R18: load visible)."""
    reach = access.scopes(actor)
    codes = [grant.division_code for grant in actor.grants if grant.role in access.CASE_ROLES]
    found = page_of_rows(session, _loads(reach, [_county(code) for code in codes], text.strip()), page)
    return found.showing(_shown(session, found.items))


def _county(code: str) -> Scope:
    """The county of a township or village; a wider division itself."""
    below = access.level_of(code) in ("township", "village")
    return access.scope_of(access.ancestor(code, "county") if below else code)


def without(session: Session, actor: Account, page: int = 1) -> Page[Household]:
    """Monitored households in the actor's reach that have no official (R18)."""
    query = select(Household).where(
        households.visible(actor), Household.status == "monitored", ~_answered_for()
    )
    ordered = query.order_by(Household.monitored_on, Household.id).options(selectinload(Household.division))
    return page_of(session, query, ordered, page)


def _answered_for() -> ColumnElement[bool]:
    return exists().where(
        ResponsibleOfficial.household_id == Household.id, ResponsibleOfficial.until.is_(None)
    )


def _in_its_county(session: Session, codes: Sequence[str]) -> None:
    """Who answers for a household of a village that is another county's now does so there (R18)."""
    own = func.substr(ResponsibleOfficial.village_code, 1, 6).concat("000000")
    moved = update(ResponsibleOfficial).where(ResponsibleOfficial.village_code.in_(codes))
    session.execute(moved.values(county_code=own), execution_options={"synchronize_session": False})


KIT = Kit(
    when_recoded=(_in_its_county,),
    registered={"officials": ("present", "load")},
    prefills={
        "officials": lambda session, household_id, code, _, parts: facts(session, household_id, code, parts)
    },
    services=(
        Service(
            "assistance.name_official",
            "登记帮扶责任人",
            "原来的终止；不是公职人员的拒绝",
            name_official,
            {"official": "责任人"},
            undo=_unname,
        ),
    ),
)
