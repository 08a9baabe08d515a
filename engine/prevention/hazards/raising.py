"""One act raises a clue for each household of an area, or of a part of it (R33, T26): all found on one day.

What is to be done is written down first, a household once for a hazard; portions work it off, by the page
that shows the progress and by the ticker, whoever is quicker. When all is done each desk hears of it once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, literal, select, update
from sqlalchemy.orm import Session, joinedload

from engine.casework.desk import views
from engine.casework.kit import Kit
from engine.casework.models import Account, CaseFile
from engine.casework.organisation import access, divisions
from engine.casework.portions.portion import Portions, work_off
from engine.casework.telling import notifications
from engine.ground import text
from engine.ground.clock import Clock, local_date, stopwatch, written
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound, ShouwangError, Unavailable
from engine.ground.paging import Page, page_of, page_of_rows
from engine.ground.surroundings import trouble_of
from engine.prevention.hazards import hazards
from engine.prevention.identification import clues, entering
from engine.prevention.models import Hazard, HazardAct, HazardHousehold, Household, RiskClue
from engine.prevention.register.households import finding as households

_LOG = logging.getLogger("shouwang")
RAISES = frozenset({"township_reviewer", "county_approver"})
"""Who raises clues for many households: a township for its own, a county for all."""
STATES = ("pending", "opened", "joined", "held", "kept", "refused")
STATE_NAMES = {
    "pending": "待录入",
    "opened": "启动识别认定",
    "joined": "并入正在办理的识别认定",
    "held": "另有事项在办，线索留存",
    "kept": "已是监测对象，核实帮扶",
    "refused": "没有录入",
}
PORTION = 10
"""Households in one transaction: whoever else writes waits no longer than that."""
ROUND = 10.0
"""Seconds that a round of the ticker gives to acts whose pages are closed: no timer waits longer."""
IDENTIFIED = timedelta(days=15)
"""R15."""
MOST_TICKED = 1000
MOST_WORDS = 500
_ACTS = Portions(HazardAct, HazardHousehold, HazardHousehold.act_id, STATES, "没有找到这次批量录入。")
counts = _ACTS.counts


@dataclass(frozen=True)
class Chosen:
    """A part of a hazard's area; nothing chosen is all of it."""

    villages: Sequence[str] = ()
    groups: Sequence[str] = ()
    """Of the one village that is chosen."""
    household_ids: Sequence[int] = ()

    def condition(self) -> ColumnElement[bool]:
        """SQL: the households that are meant."""
        parts: list[ColumnElement[bool]] = []
        if self.villages:
            parts.append(Household.village_code.in_(self.villages))
        if self.groups:
            parts.append(Household.group_name.in_(self.groups))
        if self.household_ids:
            parts.append(Household.id.in_(self.household_ids))
        return and_(*parts) if parts else literal(True)

    def words(self, names: Mapping[str, str]) -> str:
        """What was chosen, for people to read later."""
        if not self.villages and not self.household_ids:
            return "全部范围"
        places = "、".join(divisions.short_name(names[code]) for code in self.villages if code in names)
        groups = "、".join(self.groups)
        ticked = f"勾选 {len(self.household_ids)} 户" if self.household_ids else ""
        return "，".join(part for part in (places, groups, ticked) if part)[:300]


@dataclass(frozen=True)
class Typed:
    """What an act says of all its clues."""

    channel: str
    discovered_on: date | None
    description: str
    risks: Sequence[str]


# -- before ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """How many households an act would be about, by what they are now."""

    waiting: int
    """Without a clue of this hazard."""
    monitored: int
    """Of those: monitored, not identified again."""
    present: int
    """That have a clue of this hazard already."""


def preview(session: Session, actor: Account, hazard: Hazard, chosen: Chosen) -> Preview:
    """What an act about `chosen` would come to."""
    these = and_(*meant(actor, hazard, chosen))
    total = select(func.count()).select_from(Household).where(these)
    fresh = total.where(~_had(hazard))
    all_of_them, waiting = session.scalar(total) or 0, session.scalar(fresh) or 0
    monitored = session.scalar(fresh.where(Household.status == "monitored")) or 0
    return Preview(waiting, monitored, all_of_them - waiting)


def meant(actor: Account, hazard: Hazard, chosen: Chosen) -> list[ColumnElement[bool]]:
    """SQL: the households that an act about `chosen` means: in the area, in the actor's reach, there."""
    reach = access.within(Household.village_code, access.scopes(actor, RAISES))
    return [hazards.in_area(hazard), reach, households.there(), chosen.condition()]


def _had(hazard: Hazard) -> ColumnElement[bool]:
    """SQL: the household has had its clue of the hazard, or that of a record that was merged into its own."""
    of_it = HazardHousehold.hazard_id == hazard.id
    own = select(HazardHousehold.id).where(of_it, HazardHousehold.household_id == Household.id)
    brought = select(RiskClue.id).join(HazardHousehold, HazardHousehold.clue_id == RiskClue.id)
    return own.exists() | brought.where(of_it, RiskClue.household_id == Household.id).exists()


def choosable(
    session: Session, actor: Account, hazard: Hazard, village_code: str, group: str = "", page: int = 1
) -> Page[Household]:
    """The households of a village of the area, to tick some of them."""
    chosen = Chosen([village_code], [group] if group else [])
    query = select(Household).where(*meant(actor, hazard, chosen))
    return page_of(
        session, query, query.order_by(Household.group_name, Household.head_name, Household.id), page, 50
    )


def raised(session: Session, hazard: Hazard, household_ids: Collection[int]) -> dict[int, HazardHousehold]:
    """What the hazard has meant for some households, by their number."""
    query = select(HazardHousehold).where(
        HazardHousehold.hazard_id == hazard.id, HazardHousehold.household_id.in_(household_ids)
    )
    return {row.household_id: row for row in session.scalars(query)}


# -- the act ---------------------------------------------------------------------------------------


def require(actor: Account, hazard: Hazard) -> None:
    """Raise NotAllowed unless the actor raises clues somewhere in the hazard's area."""
    if not may(actor, hazard):
        raise NotAllowed("批量录入线索由县级或所在乡镇办理。")


def may(actor: Account, hazard: Hazard) -> bool:
    """Whether the actor raises clues somewhere in the hazard's area."""
    scopes = access.scopes(actor, RAISES)
    areas = [access.scope_of(area.division_code) for area in hazard.areas]
    return any(one.holds(area.low) or area.holds(one.low) for one in scopes for area in areas)


@whole
def begin(
    session: Session, actor: Account, hazard_id: int, chosen: Chosen, typed: Typed, *, clock: Clock
) -> HazardAct:
    """Write down an act for all households that are meant and have no clue of this hazard yet.

    Those that were refused are tried again. Raises Invalid, NotAllowed, Conflict.
    """
    hazard = hazards.view(session, actor, hazard_id)
    require(actor, hazard)
    now = clock.now()
    with write(session):
        hazard = hazards.held(session, hazard_id)  # acts about one hazard come one after another
        hazards.require_open(hazard)
        discovered = _checked(hazard, typed, risk_words(session), local_date(now))
        names = divisions.names(session, chosen.villages)
        act = HazardAct(
            hazard_id=hazard.id,
            account_id=actor.id,
            channel=typed.channel,
            discovered_on=discovered,
            description=text.line(typed.description),
            risks=list(typed.risks),
            chosen=chosen.words(names),
            at=now,
            total=0,
        )
        session.add(act)
        session.flush()
        act.total = _write_down(session, actor, hazard, act, chosen)
        if act.total == 0:
            raise Conflict("选定的范围里，每一户都已经录入过这次风险的线索。")
    return act


def risk_words(session: Session) -> dict[str, str]:
    """The kinds of risk of a clue, as its form in force has them."""
    return views.code_labels(session).get("risks", {})


def _checked(hazard: Hazard, typed: Typed, known: Mapping[str, str], today: date) -> date:
    wrong: dict[str, list[str]] = {}
    on = typed.discovered_on
    if on is None or on > today or on < hazard.from_on:
        wrong["discovered_on"] = ["发现日期：请填写，不早于风险开始之日，不晚于今天。"]
    if not text.line(typed.description):
        wrong["description"] = ["情况：请写明这些农户受到什么影响。"]
    if typed.channel not in entering.CHANNELS:
        wrong["channel"] = ["线索渠道：请选择。"]
    if not typed.risks or not set(typed.risks) <= known.keys():
        wrong["risks"] = ["风险类型：请至少选一种。"]
    if len(text.line(typed.description)) > MOST_WORDS:
        wrong["description"] = [f"情况：不超过 {MOST_WORDS} 字。"]
    if wrong or on is None:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    return on


def _write_down(session: Session, actor: Account, hazard: Hazard, act: HazardAct, chosen: Chosen) -> int:
    """The households of the act, in two statements however many they are; answers how many."""
    these = and_(*meant(actor, hazard, chosen))
    mine = select(Household.id).where(these)
    again = update(HazardHousehold).where(
        HazardHousehold.hazard_id == hazard.id,
        HazardHousehold.status == "refused",
        HazardHousehold.household_id.in_(mine),
    )
    session.execute(
        again.values(act_id=act.id, status="pending", text=""),
        execution_options={"synchronize_session": False},
    )
    fresh = select(
        literal(hazard.id),
        literal(act.id),
        Household.id,
        Household.village_code,
        literal("pending"),
        literal(""),
    ).where(these, ~_had(hazard))
    columns = ["hazard_id", "act_id", "household_id", "village_code", "status", "text"]
    session.execute(insert(HazardHousehold).from_select(columns, fresh.order_by(Household.id)))
    return _ACTS.counts(session, act)["pending"]


def go_on(session: Session, actor: Account, act_id: int, *, clock: Clock) -> HazardAct:
    """Work off what one request may; any official who raises clues there may."""
    act = view(session, actor, act_id)
    require(actor, hazards.view(session, actor, act.hazard_id))
    work_off(lambda: portion(session, act, clock))
    return act


def view(session: Session, actor: Account, act_id: int) -> HazardAct:
    """An act about a hazard that concerns the actor. Raises NotFound."""
    act = session.get(HazardAct, act_id, populate_existing=True)
    if act is None:
        raise NotFound("没有找到这次批量录入。")
    hazards.view(session, actor, act.hazard_id)
    return act


def of_hazard(session: Session, hazard: Hazard, page: int = 1) -> Page[HazardAct]:
    """The acts about a hazard, the latest first."""
    query = select(HazardAct).where(HazardAct.hazard_id == hazard.id)
    return page_of(
        session, query, query.order_by(HazardAct.id.desc()).options(joinedload(HazardAct.account)), page
    )


def entries(
    session: Session, actor: Account, act: HazardAct, status: str, page: int
) -> Page[HazardHousehold]:
    """The act's households with a status, of those that the actor may see."""
    here = access.within(HazardHousehold.village_code, access.scopes(actor))
    query = select(HazardHousehold).where(
        HazardHousehold.act_id == act.id, HazardHousehold.status == status, here
    )
    ordered = query.order_by(HazardHousehold.id).options(
        joinedload(HazardHousehold.household), joinedload(HazardHousehold.clue)
    )
    return page_of(session, query, ordered, page, 50)


def households_of(session: Session, actor: Account, hazard: Hazard, page: int) -> Page[Any]:
    """The households with a clue of the hazard in the actor's reach, by village and group: what became of the
    clue, the household, the status and outcome of its case.
    """
    here = access.within(HazardHousehold.village_code, access.scopes(actor))
    query = (
        select(HazardHousehold, Household, CaseFile.status, CaseFile.outcome)
        .join(Household, Household.id == HazardHousehold.household_id)
        .outerjoin(RiskClue, RiskClue.id == HazardHousehold.clue_id)
        .outerjoin(CaseFile, CaseFile.id == RiskClue.case_id)
        .where(HazardHousehold.hazard_id == hazard.id, here)
        .order_by(HazardHousehold.village_code, Household.group_name, Household.head_name, HazardHousehold.id)
    )
    return page_of_rows(session, query, page)


# -- portions --------------------------------------------------------------------------------------


def portion(session: Session, act: HazardAct, clock: Clock) -> bool:
    """Raise the clues of a few households in one transaction; answers whether there are more.

    A household whose clue cannot be raised keeps the reason, and stops no other.
    """
    try:
        return _portion(session, act, clock.now())
    except Unavailable:
        return False  # what the surroundings stopped stays pending, for who goes on later


@whole
def _portion(session: Session, act: HazardAct, now: datetime) -> bool:
    with write(session):
        wanted = _ACTS.next(act, "pending", PORTION).with_only_columns(
            HazardHousehold.id, HazardHousehold.household_id
        )
        for entry_id, household_id in session.execute(wanted).all():
            _raise(session, act, entry_id, household_id, now)
        left = session.scalar(select(HazardHousehold.id).where(*_ACTS.within(act, "pending")).limit(1))
        if left is None:
            _tell(session, act, now)
    return left is not None


def _raise(session: Session, act: HazardAct, entry_id: int, household_id: int, now: datetime) -> None:
    household = households.locked(session, household_id)  # the one order of locks: subject first
    mine = select(HazardHousehold).where(HazardHousehold.id == entry_id).with_for_update()
    entry = session.scalars(mine.execution_options(populate_existing=True)).one()
    if entry.status != "pending":
        return  # another portion was quicker
    try:
        with session.begin_nested():
            _place(session, act, entry, household, now)
    except ShouwangError as error:
        if trouble_of(error) is not None:
            raise
        _refuse(session, entry, error.message)
    except Exception as error:  # one broken case must stop neither the others nor the ticker's round
        if trouble_of(error) is not None:
            raise
        _LOG.exception("the clue for household %d could not be raised", household_id)
        _refuse(session, entry, f"系统没能录入（{type(error).__name__}），请告诉管理员，排除后再录入一次。")
    session.flush()


def _refuse(session: Session, entry: HazardHousehold, sentence: str) -> None:
    """Keep why the household has no clue; a later act tries it again."""
    session.refresh(entry)
    entry.status, entry.text = "refused", sentence[:300]


def _place(
    session: Session, act: HazardAct, entry: HazardHousehold, household: Household, now: datetime
) -> None:
    if household.merged_into_id is not None or household.status == "gone":
        raise Conflict("这户已并入另一户，或者全户已不在册。")
    clue = RiskClue(
        household_id=household.id,
        village_code=household.village_code,
        channel=act.channel,
        finder=act.account.name,
        discovered_on=act.discovered_on,
        description=act.description,
        risks=list(act.risks),
        entered_by=act.account_id,
        entered_at=now,
    )
    case, joined = clues.place(session, act.account, household, clue, now, quiet=True)
    session.flush()
    entry.clue_id, entry.case_id = clue.id, case.id if case is not None else None
    entry.status = "kept" if case is None else "held" if clue.held else "joined" if joined else "opened"
    session.flush()


def _tell(session: Session, act: HazardAct, now: datetime) -> None:
    """Each desk hears once of all its households: the village, the township and the county (T26)."""
    locked = select(HazardAct).where(HazardAct.id == act.id).with_for_update()
    act = session.scalars(locked.execution_options(populate_existing=True)).one()
    if act.told_at is not None:
        return
    act.told_at = now
    by_village = select(HazardHousehold.village_code, HazardHousehold.status, func.count()).where(
        HazardHousehold.act_id == act.id, HazardHousehold.status != "refused"
    )
    counted = session.execute(by_village.group_by(HazardHousehold.village_code, HazardHousehold.status)).all()
    name = session.scalars(select(Hazard.name).where(Hazard.id == act.hazard_id)).one()
    due = written(act.discovered_on + IDENTIFIED)
    for queue in ("village", "township", "county"):
        desks: dict[str, dict[str, int]] = {}
        for code, status, number in counted:
            here = desks.setdefault(access.ancestor(code, queue), {})
            here[status] = here.get(status, 0) + number
        for code, here in sorted(desks.items()):
            said = _words(name, act, here, due)
            notifications.send_place(session, code, queue, "clue", said, now, subject_id=act.hazard_id)


def _words(name: str, act: HazardAct, here: Mapping[str, int], due: str) -> str:
    identified = here.get("opened", 0) + here.get("joined", 0)
    others = [f"{here[state]} 户{STATE_NAMES[state]}" for state in ("kept", "held") if here.get(state)]
    more = "；另有" + "，".join(others) if others else ""
    return (
        f"“{name}”：{identified} 户录入线索，发现日期{written(act.discovered_on)}，"
        f"请在{due}前完成识别认定{more}。待办里可以按这次风险查看。"
    )


def look_after(sessions: Callable[[], Session], clock: Clock) -> int:
    """A round of the ticker: acts that nobody goes on with are worked off; answers how many waited."""
    with sessions() as session:
        waiting = list(
            session.scalars(select(HazardAct).where(HazardAct.told_at.is_(None)).order_by(HazardAct.id))
        )
        session.commit()
        elapsed = stopwatch()
        for act in waiting:
            while elapsed() < ROUND and portion(session, act, clock):
                continue
    return len(waiting)


# -- how it stands ---------------------------------------------------------------------------------


def cases_in(hazard_id: int) -> Any:
    """The cases that have a hazard's clues now, which one that ended gave on: what lists of work are narrowed
    to.
    """
    clue = select(RiskClue.case_id).join(HazardHousehold, HazardHousehold.clue_id == RiskClue.id)
    return clue.where(HazardHousehold.hazard_id == hazard_id, RiskClue.case_id.is_not(None))


KIT = Kit(rounds=(look_after,), narrowings={"hazard": cases_in})
