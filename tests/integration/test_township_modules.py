"""The figures of each township for a year, by a form that owners configure (R36, R41)."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta

import openpyxl
import pytest
from sqlalchemy import func, select, update

from engine.casework import acts
from engine.casework.acts import prefill
from engine.casework.definitions import deployment
from engine.casework.models import CaseFile, Division, WorkItem
from engine.casework.step import past
from engine.casework.step.steps import Step
from engine.flow.diagram.resources import read_resources
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.campaign import module_lists
from engine.prevention.campaign import township_modules as modules
from engine.prevention.installation import ROOT
from engine.prevention.models import TownshipModule
from tests.support import registers
from tests.support.template import COUNTY, OTHER_VILLAGE
from tests.support.world import World

HERE = "410325103000"
pytestmark = pytest.mark.duty("R36")


def opened(world: World, year: int = 2022, days: int = 20) -> int:
    """The county opens a year."""
    due_on = world.today + timedelta(days=days)
    return modules.open_year(world.session, world.official("xian"), COUNTY, year, due_on, clock=world.clock)


def the_case(world: World, year: int = 2022) -> CaseFile:
    """The case of the township's year."""
    world.session.commit()
    module = world.session.scalars(
        select(TownshipModule).where(TownshipModule.village_code == HERE, TownshipModule.year == year)
    ).one()
    return world.session.scalars(select(CaseFile).where(CaseFile.subject_id == module.id)).one()


def prefilled(world: World, case: CaseFile) -> dict[str, object]:
    """What the form of the open step begins with."""
    (item,) = world.open_items(case).values()
    form = past.form_of_item(world.session, item)
    known = Step(world.session, case, None, world.clock.now()).instance.variables
    return form.prefill(prefill.context(world.session, case, known, form.reads, world.clock.now()))


@pytest.mark.duty("R41", "R38")
def test_a_year_is_opened_for_all_townships_filled_in_and_agreed(world: World) -> None:
    registers.household(world.session, world.clock.now(), "王一", "monitored")
    townships = opened(world)
    assert townships > 1 and opened(world) == 0  # whoever has the year keeps it
    case = the_case(world)
    assert case.subject_id >= modules.FIRST_NUMBER
    begins = prefilled(world, case)
    assert (begins["households"], begins["people"], begins["monitored"]) == (1, 2, 1)
    assert begins["monitored_last"] == "—"
    world.finish(case, "fill_module", "xiang", monitored=1)
    world.finish(case, "review_module", "xian")
    module = world.session.get_one(TownshipModule, case.subject_id, populate_existing=True)
    assert module.agreed_on == world.today
    assert {"key": "monitored", "label": "监测对象户数", "value": 1, "said": "1户"} in module.answers
    assert not [one for one in module.answers if one["key"].endswith("_last")]  # what it only showed


@pytest.mark.duty("R41")
def test_a_village_that_was_merged_into_another_is_counted_no_more(small_world: World) -> None:
    world = small_world
    opened(world)
    module_id = the_case(world).subject_id
    before = modules.facts(world.session, module_id, HERE, world.today)["villages"]
    with write(world.session):
        ends = update(Division).where(Division.code == OTHER_VILLAGE)
        world.session.execute(ends.values(valid_to=world.today))
    assert modules.facts(world.session, module_id, HERE, world.today)["villages"] == before - 1


@pytest.mark.duty("R41")
def test_last_year_stands_beside_this_year(small_world: World) -> None:
    world = small_world
    opened(world, 2021)
    case = the_case(world, 2021)
    world.finish(case, "fill_module", "xiang", staff=4)
    world.finish(case, "review_module", "xian")
    opened(world, 2022)
    assert prefilled(world, the_case(world))["staff_last"] == "4"
    module = world.session.get_one(TownshipModule, the_case(world).subject_id)
    assert modules.before(world.session, module)["staff"].startswith("4")


def test_the_county_sends_back_and_the_township_is_reminded_when_it_is_late(small_world: World) -> None:
    world = small_world
    opened(world, days=3)
    case = the_case(world)
    world.finish(case, "fill_module", "xiang")
    item = world.open_items(case)["review_module"]
    acts.return_to(world.session, world.official("xian"), item.id, None, "资金数不对", clock=world.clock)
    assert set(world.open_items(case)) == {"fill_module"}
    module = world.session.get_one(TownshipModule, case.subject_id)
    assert module.answers == []
    with pytest.raises(NotFound):
        acts.complete(world.session, world.official("cun"), item.id, {}, clock=world.clock)
    assert world.go_to(4) >= 1


def test_a_form_changed_later_asks_from_the_next_year_on(small_world: World) -> None:
    world = small_world
    opened(world)
    resources = read_resources(ROOT)
    schema = json.loads(resources.form["township_module"])
    schema["components"].append({"type": "number", "key": "wells", "label": "饮水安全工程", "id": "wells"})
    resources.form["township_module"] = json.dumps(schema).encode()
    body = (ROOT / "bpmn" / "township_module.bpmn").read_bytes()
    deployment.deploy(world.session, None, body, resources, "问饮水安全工程", world.clock.now())
    opened(world, 2023)
    assert [_asks(world, year) for year in (2022, 2023)] == [False, True]


def _asks(world: World, year: int) -> bool:
    (item,) = world.open_items(the_case(world, year)).values()
    return past.form_of_item(world.session, item).component("wells") is not None


def test_what_is_typed_wrong_or_by_others_opens_no_year(small_world: World) -> None:
    world = small_world
    xian = world.official("xian")
    for year, due_on in ((None, world.today), (1999, world.today), (2022, None), (2022, date(2021, 1, 1))):
        with pytest.raises(Invalid):
            modules.open_year(world.session, xian, COUNTY, year, due_on, clock=world.clock)
    for username in ("xiang", "shi", "waixian", "cun"):
        with pytest.raises(NotAllowed):
            modules.open_year(
                world.session, world.official(username), COUNTY, 2022, world.today, clock=world.clock
            )
    assert world.session.scalar(select(func.count()).select_from(WorkItem)) == 0


def test_a_year_of_a_county_in_excel_within_ones_reach(small_world: World) -> None:
    world = small_world
    count = opened(world)
    case = the_case(world)
    world.finish(case, "fill_module", "xiang", funds=56.5)
    world.finish(case, "review_module", "xian")
    data = module_lists.workbook(
        world.session, world.official("xian"), module_lists.Wanted("", 2022), clock=world.clock
    )
    rows = list(openpyxl.load_workbook(io.BytesIO(data))["2022年"].values)
    assert len(rows) == count + 1
    at = rows[0].index("本年投入帮扶资金")
    assert [row[at] for row in rows[1:] if row[at] is not None] == [56.5]
    with pytest.raises(Invalid):
        module_lists.workbook(world.session, world.official("xian"), module_lists.Wanted(), clock=world.clock)
    _, mine = module_lists.search(world.session, world.official("xiang"), module_lists.Wanted())
    assert [row.module.village_code for row in mine] == [HERE]
    with pytest.raises(NotFound):
        module_lists.view(world.session, world.official("waixian"), case.subject_id)
    with pytest.raises((NotAllowed, Conflict)):
        module_lists.search(world.session, world.official("cun"), module_lists.Wanted())
