"""The township module (R36, Q66): the figures of each township for a year, by a form that owners configure.

A county opens a year for all its townships at once. What the register knows is filled in, and what was said
for the year before stands beside it (R41); the steps are drawn (``bpmn/township_module.bpmn``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from engine.casework import acts, audit
from engine.casework.kit import Kit, Subjects
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account, CaseFile, Division, WorkItem
from engine.casework.organisation import access, divisions
from engine.casework.papers.compose import Listed
from engine.flow.forms import Form
from engine.flow.forms import schema as s
from engine.flow.forms.page.field import shown
from engine.flow.receivers import Receiver
from engine.flow.services import Service
from engine.flow.vocabulary import Given
from engine.ground.clock import Clock, local_date, written
from engine.ground.database import whole, write
from engine.ground.errors import Invalid, NotAllowed, NotFound
from engine.ground.paging import Page, page_of
from engine.ground.sheets import Book
from engine.prevention.models import Household, Measure, Member, TownshipModule
from engine.prevention.register.households.finding import there

PROCEDURE = "township_module"
KIND = "township_module"
FIRST_NUMBER = 1_200_000_001
OPENS = frozenset({"county_approver"})
SEES = access.CASE_ROLES - {"village_official"}
YEARS = range(2021, 2100)


# -- opening ---------------------------------------------------------------------------------------


def openable(session: Session, actor: Account) -> list[tuple[str, str]]:
    """The counties for which the actor may open a year: code and name."""
    codes = [
        grant.division_code
        for grant in actor.grants
        if grant.role in OPENS and access.level_of(grant.division_code) == "county"
    ]
    return sorted(divisions.names(session, codes).items())


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
FACTS = (
    "name year due_text villages households people lifted monitored monitored_people not_eliminated "
    "eliminated admitted measures"
).split()
"""What `facts` has."""


def facts(session: Session, module_id: int, village_code: str, day: date) -> dict[str, Any]:
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


# -- what pages show -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to."""

    county: str = ""
    year: int = 0


@dataclass(frozen=True)
class Row:
    """A township's year, with where it is now."""

    module: TownshipModule
    place: str
    case: CaseFile | None
    step: str


def visible(actor: Account) -> ColumnElement[bool]:
    """SQL: the townships at and below the actor's own divisions."""
    return access.within(TownshipModule.village_code, access.scopes(actor, SEES))


def search(
    session: Session, actor: Account, wanted: Wanted, page: int = 1
) -> tuple[Page[TownshipModule], list[Row]]:
    """A page of the townships' years in the actor's reach, the latest year first."""
    access.require_role(actor, *sorted(SEES))
    query = select(TownshipModule).where(*_narrowed(actor, wanted))
    ordered = query.order_by(TownshipModule.year.desc(), TownshipModule.village_code)
    found = page_of(session, query, ordered, page)
    return found, _rows(session, found.items)


def _narrowed(actor: Account, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [visible(actor)]
    if wanted.county:
        conditions.append(access.within(TownshipModule.village_code, [access.scope_of(wanted.county)]))
    if wanted.year:
        conditions.append(TownshipModule.year == wanted.year)
    return conditions


def _rows(session: Session, found: Sequence[TownshipModule]) -> list[Row]:
    ids = [one.id for one in found]
    cases = select(CaseFile).where(CaseFile.subject_id.in_(ids), CaseFile.procedure_key == PROCEDURE)
    by_module = {case.subject_id: case for case in session.scalars(cases.order_by(CaseFile.id))}
    items = select(WorkItem.case_id, WorkItem.name).where(
        WorkItem.case_id.in_([case.id for case in by_module.values()]), WorkItem.status == "open"
    )
    steps = {row.case_id: row.name for row in session.execute(items.order_by(WorkItem.id))}
    names = divisions.names(session, [one.village_code for one in found])
    return [
        Row(one, names.get(one.village_code, ""), case, steps.get(case.id, "") if case else "")
        for one, case in ((one, by_module.get(one.id)) for one in found)
    ]


def view(session: Session, actor: Account, module_id: int) -> TownshipModule:
    """One township's year. Raises NotFound out of the actor's reach."""
    query = select(TownshipModule).where(TownshipModule.id == module_id, visible(actor))
    module = session.scalar(query)
    if module is None:
        raise NotFound("没有找到这个乡镇的年度数据。")
    return module


def row_of(session: Session, module: TownshipModule) -> Row:
    """One township's year with where it is now."""
    return _rows(session, [module])[0]


def before(session: Session, module: TownshipModule) -> dict[str, str]:
    """What the township said for the year before, in words, by field."""
    query = select(TownshipModule).where(
        TownshipModule.village_code == module.village_code, TownshipModule.year == module.year - 1
    )
    last = session.scalar(query)
    return {one["key"]: one["said"] for one in last.answers} if last else {}


def years(session: Session, actor: Account) -> list[int]:
    """The years that the actor's townships have."""
    query = select(TownshipModule.year).where(visible(actor)).distinct()
    return list(session.scalars(query.order_by(TownshipModule.year.desc()).limit(20)))


LIMIT = 2000
"""Townships of one file; a province has some two thousand four hundred, a city three hundred."""


def workbook(session: Session, actor: Account, wanted: Wanted, *, clock: Clock) -> bytes:
    """A year of the townships in the actor's reach as Excel: a row each, last year's figures on a second
    sheet; logged. Raises Invalid without a year.
    """
    access.require_role(actor, *sorted(SEES))
    if not wanted.year:
        raise Invalid("请先选择年度，再导出。")
    now = clock.now()
    query = select(TownshipModule).where(*_narrowed(actor, wanted)).order_by(TownshipModule.village_code)
    found = session.scalars(query.limit(LIMIT)).all()
    rows = _rows(session, found)
    codes = [one.village_code for one in found]
    last = select(TownshipModule).where(
        TownshipModule.year == wanted.year - 1, TownshipModule.village_code.in_(codes)
    )
    names = {row.module.village_code: row.place for row in rows}
    earlier = session.scalars(last.order_by(TownshipModule.village_code)).all()
    with write(session):
        said = {"division": wanted.county, "year": wanted.year, "rows": len(rows)}
        audit.record(session, "access", actor.id, "export", said, now)
    book = Book()
    _sheet(book, f"{wanted.year}年", [(row.place, _stands(row), row.module.answers) for row in rows])
    told = [
        (names.get(one.village_code, ""), "已审核" if one.agreed_on else "", one.answers) for one in earlier
    ]
    _sheet(book, f"{wanted.year - 1}年", told)
    return book.bytes()


def _stands(row: Row) -> str:
    return f"已审核（{written(row.module.agreed_on)}）" if row.module.agreed_on else row.step


def _sheet(book: Book, name: str, rows: Sequence[tuple[str, str, Sequence[Mapping[str, Any]]]]) -> None:
    labels = {one["key"]: one["label"] for _, _, told in rows for one in told}
    sheet = book.sheet(name)
    sheet.head(0, ["乡镇（街道）", "办理情况", *labels.values()], book.heading, 1)
    sheet.widths(0, 1, 20)
    sheet.widths(2, max(2, len(labels) + 1), 14)
    for line, (place, stands, told) in enumerate(rows, 1):
        values = {
            one["key"]: one["value"] if isinstance(one["value"], int | float) else one["said"] for one in told
        }
        sheet.row(line, [place, stands, *(values.get(key) for key in labels)])


def _listed(session: Session, cases: Sequence[CaseFile]) -> dict[int, Listed]:
    return {case.id: Listed(village="", group="", head=case.subject, size=1) for case in cases}


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
            listed=_listed,
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
