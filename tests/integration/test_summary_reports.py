"""The summary that goes up to the province, with figures that nobody counts for it (R40, R41; domain S9)."""

from __future__ import annotations

import io
from datetime import date, timedelta

import docx
import openpyxl
import pytest
from sqlalchemy import func, select

from engine.casework import acts
from engine.casework.models import Account, CaseFile, Notification, WorkItem
from engine.casework.organisation import accounts
from engine.casework.papers import word
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.campaign import campaigns, milestones
from engine.prevention.campaign.reports import figures, lists, papers, reports
from engine.prevention.models import Household, ReportAnnex, SummaryReport
from tests.support import registers
from tests.support.papers import paper
from tests.support.template import COUNTY, OTHER_COUNTY
from tests.support.world import World

CITY, ALONE = "410300000000", "419001000000"
pytestmark = pytest.mark.duty("R40")


def head(world: World, username: str = "shi2", role: str = "city_reviewer", division: str = CITY) -> Account:
    """The head of an office, who approves what another has written."""
    with write(world.session):
        account = accounts.create(world.session, username, f"局长{username}", "x", world.clock.now())
        accounts.grant(world.session, account, role, division)
    return account


def campaign(world: World, county: str = COUNTY, who: str = "xian", days: int = 26) -> int:
    """A county's check that begins today."""
    name, ends_on = "2022年集中排查", world.today + timedelta(days=days)
    actor = world.official(who)
    return campaigns.begin(world.session, actor, county, name, world.today, ends_on, clock=world.clock).id


def the_case(world: World) -> CaseFile:
    """The one case of a report."""
    world.session.commit()
    query = select(CaseFile).where(CaseFile.procedure_key == lists.PROCEDURE)
    return world.session.scalars(query).one()


def finish(world: World, case: CaseFile, element: str, username: str, **changes: object) -> None:
    """A step of a report, with valid data."""
    world.finish(case, element, username, **changes)


def by_hand(world: World, username: str = "shi", division: str = CITY) -> SummaryReport:
    """A report that somebody opens today."""
    typed = reports.Typed(division, "洛阳市总结报告", world.today, world.today, world.today)
    return reports.begin(world.session, world.official(username), typed, clock=world.clock)


@pytest.mark.duty("R37", "R38", "R41", "C1")
def test_the_last_milestone_opens_a_report_that_goes_up_approved_and_sealed(world: World) -> None:
    head(world)
    for name, status in (("王一", "monitored"), ("王二", "monitored"), ("王三", "eliminated")):
        registers.household(world.session, world.clock.now(), name, status)
    campaign(world)
    assert reports.look_after(world.sessions, world.clock) == 0  # its day has not come
    world.go_to(27)
    assert reports.look_after(world.sessions, world.clock) == 1
    assert reports.look_after(world.sessions, world.clock) == 0  # once
    case = the_case(world)
    report = world.session.get_one(SummaryReport, case.subject_id)
    assert (report.village_code, report.starts_on) == (CITY, world.day(0).date())
    assert report.id >= reports.FIRST_NUMBER
    finish(world, case, "write_report", "shi")
    item = world.open_items(case)["approve_report"]
    with pytest.raises(NotAllowed):  # R38: not who wrote it
        acts.complete(world.session, world.official("shi"), item.id, {}, clock=world.clock)
    finish(world, case, "approve_report", "shi2")
    finish(world, case, "scan_report", "shi")
    finish(world, case, "receive_report", "sheng")
    report = world.session.get_one(SummaryReport, report.id, populate_existing=True)
    assert (report.received_on, report.receipt) == (world.today, "豫监测收〔2022〕7号")
    assert world.case(case.id).status == "finished"
    done = milestones.progress(
        world.session, world.official("xian"), lists.campaigns_of(world.session, report.id)[0], world.today
    )
    assert [one.left for one in done if one.milestone.kind == "report"] == [0]  # R41: nobody reports it again


def test_figures_stand_as_they_were_made_and_are_made_anew_on_demand(small_world: World) -> None:
    world = small_world
    registers.household(world.session, world.clock.now(), "王一", "monitored")
    report = by_hand(world)
    case = the_case(world)
    first = world.session.scalars(select(ReportAnnex)).one()
    registers.household(world.session, world.clock.now(), "王二", "monitored")
    finish(world, case, "write_report", "shi", figures_use="again")
    annexes = lists.view(world.session, world.official("shi"), report.id).annexes
    assert [one.number for one in annexes] == [1, 2]
    counted = [_monitored(one) for one in annexes]
    assert counted == [1, 2]
    assert annexes[0].sha256 == first.sha256 != annexes[1].sha256
    assert "write_report" in world.open_items(case)


def _monitored(annex: ReportAnnex) -> int:
    sheet = next(one for one in map(figures.from_json, annex.tables) if one.title == figures.MONITORED)
    return int(sheet.rows[-1][1] or 0)


def test_limits_add_up_to_all_that_is_open_the_report_itself_too(small_world: World) -> None:
    small_world.enter()
    report = by_hand(small_world)
    finish(small_world, the_case(small_world), "write_report", "shi", figures_use="again")
    annex = lists.view(small_world.session, small_world.official("shi"), report.id).annexes[-1]
    sheet = next(one for one in map(figures.from_json, annex.tables) if one.title == "在办事项的期限")
    *places, whole = sheet.rows
    assert [place[0] for place in places if place[1] and "本级" in str(place[0])] == ["洛阳市本级"]
    assert list(whole[1:]) == [sum(int(place[at] or 0) for place in places) for at in range(1, 5)]


def test_the_province_sends_a_report_back_with_its_reason_and_the_limit_goes_on(small_world: World) -> None:
    world = small_world
    head(world)
    by_hand(world)
    case = the_case(world)
    for element, who in (("write_report", "shi"), ("approve_report", "shi2"), ("scan_report", "shi")):
        finish(world, case, element, who)
    item = world.open_items(case)["receive_report"]
    sheng = world.official("sheng")
    targets = acts.return_targets(world.session, sheng, item.id)
    seq = next(one.seq for one in targets if one.element_id == "write_report")
    acts.return_to(world.session, sheng, item.id, seq, "下一步意见过于笼统", clock=world.clock)
    assert set(world.open_items(case)) == {"write_report"}
    told = world.session.scalars(select(Notification.text).where(Notification.kind == "returned")).all()
    assert any("过于笼统" in one for one in told)
    world.go_to(2)  # the day on which it was due has passed
    texts = world.session.scalars(select(Notification.text)).all()
    assert any("已过报送日期" in one for one in texts)


def test_a_county_without_a_city_writes_its_own_report(small_world: World) -> None:
    world = small_world
    head(world, "jiyuan", "county_approver", ALONE)
    head(world, "jiyuan2", "county_approver", ALONE)
    campaign(world, ALONE, "jiyuan", 1)
    world.go_to(2)
    assert reports.look_after(world.sessions, world.clock) == 1
    case = the_case(world)
    assert set(world.open_items(case)) == {"write_county_report"}
    for element, who in (
        ("write_county_report", "jiyuan"),
        ("approve_county_report", "jiyuan2"),
        ("scan_county_report", "jiyuan"),
        ("receive_report", "sheng"),
    ):
        finish(world, case, element, who)
    assert world.case(case.id).status == "finished"


def test_counties_of_a_city_join_one_report_whoever_ends_first(small_world: World) -> None:
    world = small_world
    head(world, "waixian2", "county_approver", OTHER_COUNTY)
    first = campaign(world, COUNTY, "xian", 3)
    second = campaign(world, OTHER_COUNTY, "waixian2", 10)
    world.go_to(4)
    assert reports.look_after(world.sessions, world.clock) == 1
    world.go_to(11)
    reports.look_after(world.sessions, world.clock)
    same = OTHER_COUNTY[:4] == COUNTY[:4]
    report = world.session.scalars(select(SummaryReport).order_by(SummaryReport.id)).first()
    assert report is not None
    joined = {one.id for one in lists.campaigns_of(world.session, report.id)}
    assert joined == ({first, second} if same else {first})


def test_what_is_typed_wrong_or_by_others_opens_no_report(small_world: World) -> None:
    world = small_world
    today = world.today
    for typed, error in (
        (reports.Typed(CITY, "", today, today, today), Invalid),
        (reports.Typed(CITY, "报告", None, today, today), Invalid),
        (reports.Typed(CITY, "报告", today, today - timedelta(days=1), today), Invalid),
        (reports.Typed(CITY, "报告", today, today, date(2100, 1, 1)), Invalid),
        (reports.Typed(COUNTY, "报告", today, today, today), NotAllowed),
        (reports.Typed("no", "报告", today, today, today), NotAllowed),
    ):
        with pytest.raises(error):
            reports.begin(world.session, world.official("shi"), typed, clock=world.clock)
    with pytest.raises(NotAllowed):  # the county of a city writes none
        by_hand(world, "xian", COUNTY)
    by_hand(world)
    with pytest.raises(Conflict):
        by_hand(world)
    assert world.session.scalar(select(func.count()).select_from(SummaryReport)) == 1
    assert world.session.scalar(select(func.count()).select_from(WorkItem)) == 1


def test_reports_are_seen_from_the_city_up_and_by_nobody_else(small_world: World) -> None:
    world = small_world
    report = by_hand(world)
    for username in ("shi", "sheng"):
        assert lists.view(world.session, world.official(username), report.id).id == report.id
    for username in ("xian", "waixian", "xiang", "cun", "liucheng"):
        with pytest.raises(NotFound):
            lists.view(world.session, world.official(username), report.id)


@pytest.mark.duty("R41")
def test_word_and_excel_say_what_was_counted_on_that_day(small_world: World) -> None:
    world = small_world
    registers.household(world.session, world.clock.now(), "王一", "monitored")
    report = by_hand(world)
    finish(world, the_case(world), "write_report", "shi")
    annex = lists.latest(world.session, report.id)
    assert annex is not None
    document = docx.Document(io.BytesIO(word.render(papers.report(world.session, report, annex))))
    text = "\n".join(one.text for one in document.paragraphs)
    assert "一、经验做法" in text and "网格员逐户走访" in text and "三、下一步工作意见" in text
    assert "王一" not in text  # figures, no person
    tables = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    assert ["合计", "1", "2"] in [row[:3] for row in tables]
    data = papers.workbook(world.session, world.official("shi"), report, annex, clock=world.clock)
    book = openpyxl.load_workbook(io.BytesIO(data))
    rows = list(book[figures.MONITORED].values)
    assert rows[1][:3] == ("县（市、区）", "户数", "人数") and rows[-1][:3] == ("合计", 1, 2)
    assert annex.sha256 in str(list(book["说明"].values))
    assert world.session.get_one(Household, 1).head_name == "王一"


def test_texts_of_the_form_are_those_of_the_forms_of_the_tests() -> None:
    assert set(paper("summary_report", date(2022, 6, 1), "")) >= {"experience", "problems", "next_steps"}
