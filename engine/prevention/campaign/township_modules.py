"""The township module (R36, Q66): the figures of each township for a year, by a form that owners configure.

A county opens a year for all its townships at once. What the register knows is filled in, and what was said
for the year before stands beside it (R41); the steps are drawn (``bpmn/township_module.bpmn``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework import acts, audit
from engine.casework.kit import Kit, Subjects
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account, Division
from engine.casework.organisation import access, divisions
from engine.casework.papers import contents
from engine.flow.forms import Form
from engine.flow.forms import schema as s
from engine.flow.forms.page.field import shown
from engine.flow.receivers import Receiver
from engine.flow.services import Service
from engine.flow.vocabulary import Given
from engine.ground.clock import Clock, local_date, written
from engine.ground.database import whole, write
from engine.ground.errors import Invalid, NotAllowed
from engine.prevention.campaign.module_lists import PROCEDURE, view
from engine.prevention.models import Household, Measure, Member, TownshipModule
from engine.prevention.register.households.finding import there

KIND = "township_module"
FIRST_NUMBER = 1_200_000_001
OPENS = frozenset({"county_approver"})
YEARS = range(2021, 2100)


# -- opening ---------------------------------------------------------------------------------------


def openable(session: Session, actor: Account) -> list[tuple[str, str]]:
    """The counties for which the actor may open a year: code and name."""
    return sorted(divisions.names(session, access.offices(actor, OPENS, ("county",))).items())


@whole
def open_year(
    session: Session, actor: Account, county_code: str, year: int | None, due_on: date | None, *, clock: Clock
) -> int:
    """Let every township of a county fill in a year; answers how many are new: who has it keeps it.

    Raises Invalid for what was typed, and NotAllowed.
    """
    if county_code not in dict(openable(session, actor)):
        raise NotAllowed("乡镇监测模块由县级开始采集，您没有这个县的县级审批权限。")
    today = local_date(clock.now())
    _require_typed(year, due_on, today)
    assert year is not None and due_on is not None
    with write(session):
        session.scalars(select(Division).where(Division.code == county_code).with_for_update()).one()
        scope = access.scope_of(county_code)
        query = select(TownshipModule.village_code).where(
            TownshipModule.year == year, TownshipModule.village_code.between(scope.low, scope.high)
        )
        present = set(session.scalars(query))
        townships = [one for one in divisions.children(session, county_code) if one.code not in present]
        before = _answers(session, county_code, year - 1)
        for township in townships:
            _open(session, actor, township, year, due_on, before.get(township.code, {}), clock.now())
        said = {"division": county_code, "year": year, "townships": len(townships)}
        audit.record(session, "access", actor.id, "module_opened", said, clock.now())
    return len(townships)


def _require_typed(year: int | None, due_on: date | None, today: date) -> None:
    wrong: dict[str, list[str]] = {}
    if year is None or not today.year - 2 <= year <= today.year + 1:
        wrong["year"] = [f"年度：请填写 {today.year - 2} 至 {today.year + 1} 之间的年份。"]
    if due_on is None or not 0 <= (due_on - today).days <= 366:
        wrong["due_on"] = ["填报日期：请填写今天以后一年以内的日期。"]
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)


def _open(
    session: Session,
    actor: Account,
    township: Division,
    year: int,
    due_on: date,
    before: Mapping[str, Any],
    now: datetime,
) -> None:
    module = TownshipModule(
        village_code=township.code,
        year=year,
        name=f"{township.name}{year}年防返贫监测模块"[:80],
        due_on=due_on,
        opened_by=actor.id,
        opened_at=now,
    )
    session.add(module)
    session.flush()
    variables = first_variables(session, module, local_date(now)) | {"last_year": dict(before)}
    acts.open_case(session, actor, PROCEDURE, module, variables, now)


def _answers(session: Session, county_code: str, year: int) -> dict[str, dict[str, Any]]:
    """What the townships of a county said for a year, by field and township."""
    scope = access.scope_of(county_code)
    query = select(TownshipModule).where(
        TownshipModule.year == year, TownshipModule.village_code.between(scope.low, scope.high)
    )
    return {
        one.village_code: {answer["key"]: answer["value"] for answer in one.answers}
        for one in session.scalars(query)
    }


def first_variables(session: Session, module: TownshipModule, day: date) -> dict[str, Any]:
    """What the case of a township's year begins with."""
    return {
        "module": {"name": module.name, "year": module.year, "due_on": module.due_on.isoformat()},
        "opened_on": day.isoformat(),
    }


# -- what forms and steps know ---------------------------------------------------------------------


_MONITORED = Household.status.in_(("monitored", "eliminated"))


# -- what forms and steps know ---------------------------------------------------------------------


FACTS = (
    "name year due_text villages households people lifted monitored monitored_people not_eliminated "
    "eliminated admitted measures"
).split()
"""What `facts` has."""


def facts(session: Session, module_id: int, village_code: str, day: date, *_: Any) -> dict[str, Any]:
    """What the register knows of the township on a day: nobody counts that again (R41)."""
    module = session.get_one(TownshipModule, module_id)
    first, last = date(module.year, 1, 1), date(module.year, 12, 31)
    here = access.within(Household.village_code, [access.scope_of(village_code)])
    conditions = {
        "households": Household.id.is_not(None),
        "lifted": Household.household_type.in_(("lifted_with_policy", "lifted_without_policy")),
        "monitored": _MONITORED,
        "not_eliminated": Household.status == "monitored",
        "eliminated": Household.status == "eliminated",
        "admitted": Household.monitored_on.between(first, last),
    }
    counts = [func.count().filter(one) for one in conditions.values()]
    row = session.execute(select(*counts).select_from(Household).where(here, there())).one()
    people = select(func.count(), func.count().filter(_MONITORED)).select_from(Member).join(Household)
    all_people, monitored = session.execute(people.where(here, there())).one()
    measures = select(func.count()).select_from(Measure).join(Household)
    measures = measures.where(here, Measure.done_on.between(first, last))
    villages = select(func.count()).select_from(Division)
    villages = villages.where(
        Division.level == "village",
        Division.valid_to.is_(None),
        access.within(Division.code, [access.scope_of(village_code)]),
    )
    return {
        "name": module.name,
        "year": module.year,
        "due_text": written(module.due_on),
        "villages": session.scalar(villages),
        **dict(zip(conditions, row, strict=True)),
        "people": all_people,
        "monitored_people": monitored,
        "measures": session.scalar(measures),
    }


def keep(call: ServiceCall, form: str) -> dict[str, Any]:
    """What the county has agreed to of a form stands for the year, with the form's labels."""
    module = call.session.get_one(TownshipModule, call.case.subject_id)
    assert call.definition is not None
    module.answers = answers(call.definition.form(form), call.submission(form) or {})
    module.agreed_on = local_date(call.now)
    return {"answers": len(module.answers)}


def _forget(call: ServiceCall, _: Any) -> None:
    module = call.session.get_one(TownshipModule, call.case.subject_id)
    module.answers, module.agreed_on = [], None


def answers(form: Form, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was asked and answered, in the form's order, without what it only shows."""
    return [
        {"key": s.key(one), "label": s.label(one), "value": value, "said": shown(one, value)}
        for one in form.inputs
        if not s.fixed(one) and (value := data.get(s.key(one))) not in (None, "", [])
    ]


def before(session: Session, module: TownshipModule) -> dict[str, str]:
    """What the township said for the year before, in words, by field."""
    query = select(TownshipModule).where(
        TownshipModule.village_code == module.village_code, TownshipModule.year == module.year - 1
    )
    last = session.scalar(query)
    return {one["key"]: one["said"] for one in last.answers} if last else {}


def _invented(session: Session, village_code: str, now: datetime) -> TownshipModule:
    """A township's year for a trial: one that nobody has."""
    today = local_date(now)
    module = TownshipModule(
        village_code=access.ancestor(village_code, "township"),
        year=YEARS[0] - 1,
        name="试办的乡镇监测模块",
        due_on=today,
        opened_at=now,
    )
    session.add(module)
    session.flush()
    return module


KIT = Kit(
    subjects=(
        Subjects(
            kind=KIND,
            words="乡镇监测模块",
            known_as="module",
            level="township",
            model=TownshipModule,
            first_number=FIRST_NUMBER,
            look_up=view,
            first_variables=first_variables,
            listed=contents.by_name,
            invented=_invented,
        ),
    ),
    given=(
        Given("module.name", "填报名称", "string", steady=True, about=KIND),
        Given("module.year", "年度", "number", steady=True, about=KIND),
        Given("module.due_on", "填报日期", "day", steady=True, about=KIND),
        Given("opened_on", "启动日期", "day", steady=True, about=KIND),
    ),
    registered={"module": tuple(FACTS)},
    prefills={"module": facts},
    receivers=(Receiver("start", PROCEDURE, {}),),  # the county opens it for all its townships
    services=(
        Service(
            "township_module.keep",
            "记入年度数据",
            "县级审核通过的填报",
            keep,
            {"form": "取哪张表"},
            undo=_forget,
            said=lambda result: f"记入 {result['answers']} 项数据",
            decides=True,
        ),
    ),
)
