"""Departments' lists (R06, R32): each row becomes a clue, joins a case, or is kept to be looked at."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select, update

from engine.casework.models import CaseFile, Notification, SheetImport
from engine.casework.portions.imports import acts, files, sending
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.identification.departments import lists, settling, thresholds
from engine.prevention.identification.departments.intake import statements, taking
from engine.prevention.identification.departments.intake.statements import Channel
from engine.prevention.identification.departments.lists import Wanted
from engine.prevention.identification.departments.settling import Answer
from engine.prevention.models import DepartmentBatch, DepartmentRow, Household, RiskClue
from tests.support import departments as d
from tests.support import goneout, papers
from tests.support.template import COUNTY, OTHER_COUNTY
from tests.support.world import World

NOBODY = papers.id_number("41990119660101001")


def clues_of(world: World, household: Household) -> list[RiskClue]:
    query = select(RiskClue).where(RiskClue.household_id == household.id).order_by(RiskClue.id)
    return list(world.session.scalars(query.execution_options(populate_existing=True)))


# -- what becomes of a row -------------------------------------------------------------------------


@pytest.mark.duty("R06", "R32")
def test_a_hit_opens_an_identification_from_the_day_that_the_list_says(world: World) -> None:
    home = d.family(world)
    found = d.sent(world, ("王建国", d.number_of(world, home), "2022-05-03", "", "房屋倒塌"), key=d.DISASTER)
    (clue,) = clues_of(world, home)
    case = world.case(clue.case_id or 0)
    assert found == {2: ("done", f"新线索，已开始第 {case.id} 号")}
    assert (clue.channel, clue.finder, clue.discovered_on) == (
        "department_warning",
        "嵩县应急管理部门",
        date(2022, 5, 3),
    )
    assert clue.risks == ["natural_disaster"] and "房屋倒塌" in clue.description
    assert case.discovery_date == date(2022, 5, 3) and clue.entered_by is None and case.started_by is None


@pytest.mark.duty("R06")
def test_without_a_day_the_clue_is_found_as_the_list_arrives(small_world: World) -> None:
    home = d.family(small_world)
    d.sent(small_world, ("王建国", d.number_of(small_world, home), "", "", ""), key=d.DISASTER)
    assert clues_of(small_world, home)[0].discovered_on == small_world.today


@pytest.mark.duty("R06", "R32")
def test_t06_a_hit_joins_the_open_case_and_the_earliest_day_rules(small_world: World) -> None:
    case = small_world.enter()
    home = case.household
    d.bar(small_world)
    line = ("王建国", home.head_id_number, "2022-05-01", "2022年4月", 26800, "住院")
    found = d.checked(small_world, d.sheet(line))
    assert d.said(small_world, found) == {2: ("good", f"已并入第 {case.id} 号")}, "told before it is let in"
    assert d.let_in(small_world, found) == {2: ("done", f"已并入第 {case.id} 号")}
    assert len(clues_of(small_world, home)) == 2
    assert small_world.case(case.id).discovery_date == date(2022, 5, 1)
    assert d.kept(small_world)[0].outcome == "joined"


@pytest.mark.duty("R06")
def test_of_a_monitored_household_the_clue_is_kept_and_no_case_is_opened(small_world: World) -> None:
    home = d.family(small_world, status="monitored")
    found = d.sent(small_world, ("王建国", d.number_of(small_world, home), "", "", ""), key=d.DISASTER)
    assert found[2][1] == "已是监测对象，线索记在该户"
    assert clues_of(small_world, home)[0].case_id is None
    assert small_world.session.scalar(select(func.count()).select_from(CaseFile)) == 0


@pytest.mark.duty("R32")
def test_whom_nobody_has_registered_is_kept_with_the_village_that_the_list_names(small_world: World) -> None:
    village = small_world.session.scalar(select(_name()).where(_code() == "410325103202"))
    head = (*d.PLAIN, "村（社区）")
    body = d.sheet(
        ("赵六", NOBODY, "", "", "", village),
        ("钱七", papers.id_number("41990119660101003"), "", "", "", "不知道"),
        head=head,
    )
    found = d.let_in(small_world, d.checked(small_world, body, d.DISASTER))
    assert {one[1] for one in found.values()} == {"登记簿里没有这个人，留待村、县核对"}
    assert [row.village_code for row in d.kept(small_world)] == ["410325103202", "410325000000"]
    seen = {
        who: len(lists.rows(small_world.session, small_world.official(who), Wanted()).items)
        for who in ("cun", "lin", "xian", "waixian")
    }
    assert seen == {"cun": 1, "lin": 0, "xian": 2, "waixian": 0}


def _name() -> Any:
    from engine.casework.models import Division

    return Division.name


def _code() -> Any:
    from engine.casework.models import Division

    return Division.code


@pytest.mark.duty("R32")
def test_t29_one_number_in_two_records_is_kept_and_both_villages_are_asked(world: World) -> None:
    one, other = d.family(world), d.family(world, "王建军", village="410325103203")
    number = d.number_of(world, one)
    with write(world.session):  # as old records have it: the head's number, before persons were unique
        world.session.execute(update(Household).where(Household.id == other.id).values(head_id_number=number))
    found = d.sent(world, ("王建国", number, "", "", ""), key=d.DISASTER)
    assert found == {2: ("done", "这个证件号码在两户以上登记，请有关的村核对")}
    assert not clues_of(world, one) and not clues_of(world, other)
    d.told(world)
    asked = select(Notification.division_code).where(
        Notification.kind == "department", Notification.queue == "village"
    )
    assert set(world.session.scalars(asked)) == {"410325103202", "410325103203"}
    (row,) = lists.rows(world.session, world.official("lin"), Wanted()).items
    settling.settle(
        world.session, world.official("lin"), row.id, Answer(number=other.number), clock=world.clock
    )
    assert len(clues_of(world, other)) == 1 and not clues_of(world, one)
    with pytest.raises(Conflict, match="已经有人核对过"):
        settling.settle(
            world.session, world.official("cun"), row.id, Answer(number=one.number), clock=world.clock
        )


@pytest.mark.duty("R32")
def test_t29_one_sides_no_leaves_the_other_its_question(small_world: World) -> None:
    world, lin, xian = small_world, "waixian", "xian"
    one, other = d.family(world), d.family(world, "王建军", village=_village_of(world, OTHER_COUNTY))
    number = d.number_of(world, one)
    with write(world.session):
        world.session.execute(update(Household).where(Household.id == other.id).values(head_id_number=number))
    d.sent(world, ("王建国", number, "", "", ""), key=d.DISASTER)
    (row,) = d.kept(world)
    settle = partial(settling.settle, world.session, clock=world.clock)
    settle(world.official(lin), row.id, Answer(note="重名，不是这一户"))
    assert row.settled_at is None and not settling.may_settle(world.official(lin), row)
    with pytest.raises(NotAllowed):
        settle(world.official(lin), row.id, Answer(note="再说一次"))
    settle(world.official(xian), row.id, Answer(number=one.number))
    assert len(clues_of(world, one)) == 1 and row.settled == "clue"
    assert [one.denied_note for one in row.candidates if one.denied_at] == ["重名，不是这一户"]


@pytest.mark.duty("R32")
def test_who_left_a_household_that_is_gone_stands_in_the_other_alone(small_world: World) -> None:
    home, gone = d.family(small_world), d.family(small_world, "王建军", status="gone")
    number = d.number_of(small_world, home)
    with write(small_world.session):
        old = update(Household).where(Household.id == gone.id)
        small_world.session.execute(old.values(head_id_number=number))
    assert d.sent(small_world, ("王建国", number, "", "", ""), key=d.DISASTER)[2][1].startswith("新线索")


@pytest.mark.duty("R32")
def test_another_countys_person_is_passed_on_and_taken_up_there(small_world: World) -> None:
    village = "410326100201"
    home = d.family(small_world, village=_village_of(small_world, OTHER_COUNTY))
    found = d.sent(
        small_world, ("王建国", d.number_of(small_world, home), "2022-05-02", "", ""), key=d.DISASTER
    )
    assert found[2] == ("done", "登记在别处，转给那里核对") and village
    d.told(small_world)
    desks = select(Notification.queue, Notification.text).where(Notification.division_code == OTHER_COUNTY)
    assert [(queue, "由外地的名单转来" in words) for queue, words in small_world.session.execute(desks)] == [
        ("county", True)
    ]
    (row,) = lists.rows(small_world.session, small_world.official("waixian"), Wanted()).items
    with pytest.raises(NotFound):
        settling.settle(
            small_world.session,
            small_world.official("xian"),
            row.id,
            Answer(note="不是"),
            clock=small_world.clock,
        )
    small_world.go_to(3)
    row = settling.settle(
        small_world.session,
        small_world.official("waixian"),
        row.id,
        Answer(number=home.number),
        clock=small_world.clock,
    )
    assert row.outcome == "raised" and clues_of(small_world, home)[0].discovered_on == date(2022, 5, 2)


def _village_of(world: World, county: str) -> str:
    from engine.casework.models import Division

    query = select(Division.code).where(Division.level == "village", Division.code.startswith(county[:6]))
    return world.session.scalars(query.order_by(Division.code).limit(1)).one()


def test_who_looks_at_a_row_says_that_it_is_nobodys_with_a_reason(small_world: World) -> None:
    d.sent(small_world, ("赵六", NOBODY, "", "", ""), key=d.DISASTER)
    (row,) = d.kept(small_world)
    county = small_world.official("xian")
    with pytest.raises(Invalid, match="请写明核对的情况"):
        settling.settle(small_world.session, county, row.id, Answer(), clock=small_world.clock)
    with pytest.raises(Invalid, match="没有这个户编号"):
        settling.settle(small_world.session, county, row.id, Answer(number="X1"), clock=small_world.clock)
    with pytest.raises(NotAllowed):
        settling.settle(
            small_world.session,
            small_world.official("ducha"),
            row.id,
            Answer(note="不"),
            clock=small_world.clock,
        )
    settling.settle(small_world.session, county, row.id, Answer(note="已迁走"), clock=small_world.clock)
    assert not lists.rows(small_world.session, county, Wanted()).items
    found = d.sent(small_world, ("赵六", NOBODY, "", "", ""), key=d.DISASTER)
    assert found[2][0] == "same" and len(d.kept(small_world)) == 1


# -- said again ------------------------------------------------------------------------------------


@pytest.mark.duty("R06", "R32")
def test_the_same_sent_again_makes_no_second_clue(world: World) -> None:
    home = d.family(world)
    d.bar(world)
    line = ("王建国", d.number_of(world, home), "2022-05-03", "2022年4月", 30000, "住院")
    d.sent(world, line)
    again = d.checked(world, d.sheet(line))
    assert d.said(world, again)[2][0] == "same" and "以前报过，没有重复登记" in d.said(world, again)[2][1]
    assert len(clues_of(world, home)) == 1
    corrected = d.sent(world, (*line[:4], 32000, "又住院"))
    assert corrected[2][1].startswith("已有线索") and len(clues_of(world, home)) == 1
    (row,) = d.kept(world)
    before = world.session.get_one(DepartmentRow, row.replaces_id)
    assert (row.amount, row.outcome, before.amount, before.standing) == (32000, "again", 30000, "replaced")
    later = d.sent(world, (*line[:2], "2022-05-04", "2022年5月", 30000, "住院"))
    assert later[2][1].startswith("已并入") and len(clues_of(world, home)) == 2, (
        "another period is another matter"
    )


@pytest.mark.duty("R06", "R32")
def test_what_has_its_clue_keeps_it_wherever_the_person_stands_by_now(small_world: World) -> None:
    world = small_world
    home = d.family(world)
    line = ("王建国", d.number_of(world, home), "2022-05-03", "2022年4月", "受灾")
    d.sent(world, line, key=d.DISASTER)
    (first,) = d.kept(world)
    foreign = Channel(OTHER_COUNTY, "emergency", d.get("emergency", "disaster"), "邻县")
    other = d.family(world, "王建军")
    with write(world.session):  # a second record has the number by now
        world.session.execute(
            update(Household).where(Household.id == other.id).values(head_id_number=line[1])
        )
    assert d.sent(world, (*line[:4], "又受灾"), key=d.DISASTER)[2][1].startswith("已有线索")
    told = d.row("王建国", line[1], period="2022年4月", note="邻县说的")
    (said,) = taking.expected(world.session, foreign, [told], world.clock.now())
    assert said.kind == "again", "another county's list takes nobody's clue away"
    (row,) = d.kept(world)
    assert (row.clue_id, row.household_id, row.outcome) == (first.clue_id, home.id, "again")
    assert len(clues_of(world, home)) == 1 and not clues_of(world, other)


@pytest.mark.duty("R06", "R32")
@pytest.mark.parametrize(
    "said", ["2022-04", "2022年04月", "202204", "2022.4", "2022/4", "2022-04-01", "2022年4月份"]
)
def test_a_month_is_the_same_however_it_is_written(said: str) -> None:
    told = [d.row("王建国", NOBODY, period=period) for period in ("2022年4月", said)]
    assert len({statements.key_of(d.channel(), one) for one in told}) == 1


@pytest.mark.parametrize(
    "said", ["2022年5月", "2022-04-15", "2022年第4季度", "20220415", "2022", "2022年4月上旬"]
)
def test_another_period_is_another_row(said: str) -> None:
    told = [d.row("王建国", NOBODY, period=period) for period in ("2022年4月", said)]
    assert len({statements.key_of(d.channel(), one) for one in told}) == 2


@pytest.mark.duty("R06", "R15")
def test_a_department_that_corrects_the_day_to_an_earlier_one_moves_the_limit(small_world: World) -> None:
    world = small_world
    home = d.family(world)
    line = ("王建国", d.number_of(world, home), "2022-05-04", "2022年4月", "受灾")
    d.sent(world, line, key=d.DISASTER)
    (clue,) = clues_of(world, home)
    assert world.case(clue.case_id or 0).discovery_date == date(2022, 5, 4)
    d.sent(world, (*line[:2], "2022-05-01", *line[3:]), key=d.DISASTER)
    (clue,) = clues_of(world, home)
    assert clue.discovered_on == world.case(clue.case_id or 0).discovery_date == date(2022, 5, 1)
    d.sent(world, (*line[:2], "2022-05-05", *line[3:]), key=d.DISASTER)
    (clue,) = clues_of(world, home)
    assert clue.discovered_on == world.case(clue.case_id or 0).discovery_date == date(2022, 5, 1)
    world.assert_replays(clue.case_id or 0)


@pytest.mark.duty("R32")
def test_one_number_of_two_rows_refuses_the_second_alone(small_world: World) -> None:
    world, head = small_world, (*d.PLAIN, "部门记录编号")
    number = d.number_of(world, d.family(world))
    lines = [("王建国", number, "", f"2022年{month}月", "住院", "N1") for month in (1, 2)]
    others = [
        (f"人{i}", papers.id_number(f"4199011966010{i:04d}"), "", "", "", "") for i in range(1000, 1200)
    ]
    late = ("王建国", number, "", "2022年3月", "住院", "N1")
    found = d.checked(world, d.sheet(*lines, *others, late, head=head), d.DISASTER)
    assert "这个记录编号在前面的一条用过了" in d.said(world, found)[3][1]
    became = d.let_in(world, found)
    assert became[2][0] == "done" and became[4][0] == "done"
    assert became[203 + 1][0] == "refused" and "用过了" in became[204][1], "in another portion too"
    assert [one.period for one in d.kept(world, record="N1")] == ["2022年1月"]


@pytest.mark.duty("R32")
def test_a_list_takes_over_no_other_places_record_numbers(small_world: World) -> None:
    world = small_world
    people = [papers.id_number(f"4199011966010{number:04d}") for number in (1001, 1002)]
    head = (*d.PLAIN, "部门记录编号")
    for place, who, number in ((COUNTY, "xian", people[0]), (OTHER_COUNTY, "waixian", people[1])):
        line = ("赵六", number, "", "2022年4月", "", "1")
        d.let_in(world, d.checked(world, d.sheet(line, head=head), f"{place}-emergency-disaster", who), who)
    city = f"{COUNTY[:4]}00000000-emergency-disaster"
    lines = [("赵六", number, "", "2022年4月", "市里的名单") for number in people]
    found = d.let_in(world, d.checked(world, d.sheet(*lines, head=d.PLAIN), city, "shi"), "shi")
    assert [status for status, _ in found.values()] == ["done", "done"]


@pytest.mark.duty("R32")
def test_who_was_unknown_is_found_once_they_are_registered(small_world: World) -> None:
    home = d.family(small_world)
    line = ("李四", papers.id_number("41990119660101001"), "2022-05-03", "", "")
    d.sent(small_world, line, key=d.DISASTER)
    with write(small_world.session):
        small_world.session.execute(
            update(Household).where(Household.id == home.id).values(head_id_number=line[1])
        )
    found = d.sent(small_world, line, key=d.DISASTER)
    assert found[2][1].startswith("新线索") and "姓名与登记簿不同" in found[2][1]
    assert len(clues_of(small_world, home)) == 1 and len(d.kept(small_world)) == 1


# -- how much counts -------------------------------------------------------------------------------


@pytest.mark.duty("R32")
@pytest.mark.parametrize(
    ("columns", "bar", "at", "above"),
    [
        ({}, {}, 26000, 26001),  # 西安: more than 26,000 yuan
        ({"household_type": "lifted_with_policy"}, {}, 10000, 10001),
        ({"status": "monitored"}, {}, 10000, 10001),
        ({}, {"basis": "line", "for_key": "50", "for_others": "100"}, 6900, 6901),
        (
            {"household_type": "allowance"},
            {"basis": "income", "for_key": "50", "for_others": "100", "income": "17533"},
            8766,
            8767,
        ),
    ],
)
def test_below_the_amount_no_clue_follows_and_the_row_is_kept(
    small_world: World, columns: dict[str, Any], bar: dict[str, Any], at: int, above: int
) -> None:
    status = columns.pop("status", "ordinary")
    home = d.family(small_world, status=status, **columns)
    d.bar(small_world, **bar)
    number = d.number_of(small_world, home)
    assert "未达标准" in d.sent(small_world, ("王建国", number, "", "2022年3月", at, ""))[2][1]
    assert not clues_of(small_world, home) and d.kept(small_world)[0].outcome == "below"
    d.sent(small_world, ("王建国", number, "", "2022年4月", above, ""))
    assert len(clues_of(small_world, home)) == 1


@pytest.mark.duty("R32")
def test_the_nearest_place_says_how_much_and_its_latest_day(small_world: World) -> None:
    session, today = small_world.session, small_world.today
    village = "410325103202"

    def yuan(day: date) -> Decimal | None:
        bars = thresholds.Bars(session, "medical_insurance", "medical_costs", day)
        one = bars.at(village)
        return bars.yuan(one, village, is_key=False) if one is not None else None

    assert yuan(today) is None
    d.bar(small_world, "sheng", "410000000000", for_others="50000")
    assert yuan(today) == 50000
    d.bar(small_world, "shi", "410300000000", for_others="40000")
    d.bar(small_world, for_others="30000")
    d.bar(small_world, for_others="35000", effective_from="2022-06-01")
    assert (yuan(today), yuan(date(2022, 6, 1))) == (30000, 35000)
    d.bar(small_world, for_others="31000")  # the same day, set again
    assert yuan(today) == 31000
    with pytest.raises(NotAllowed):
        d.bar(small_world, "xian", "410300000000")
    with pytest.raises(Invalid) as refused:
        d.bar(small_world, for_key="很多", months="99", effective_from="")
    assert set(refused.value.fields) == {"for_key", "months", "effective_from"}


@pytest.mark.duty("R32")
def test_what_a_family_pays_in_some_months_adds_up(small_world: World) -> None:
    home = d.family(small_world)
    d.bar(small_world, for_others="20000", months="12")
    head, wife = d.number_of(small_world, home), d.number_of(small_world, home, 1)
    found = d.sent(
        small_world,
        ("王建国", head, "2022-04-03", "2022年3月", 12000, ""),
        ("李秀英", wife, "2022-05-03", "2022年4月", 9000, ""),
    )
    assert "未达标准" in found[2][1] and found[3][1].startswith("新线索")
    assert "户内累计 21,000元（标准 20,000元）" in clues_of(small_world, home)[0].description


@pytest.mark.duty("R32")
def test_amounts_add_up_in_whichever_order_they_come(small_world: World) -> None:
    head = d.number_of(small_world, home := d.family(small_world))
    d.bar(small_world, for_others="20000", months="12")
    found = d.sent(
        small_world,
        ("王建国", head, "2022-05-03", "2022年4月", 9000, ""),
        ("王建国", head, "2022-04-03", "2022年3月", 12000, ""),
    )
    assert "未达标准" in found[2][1] and found[3][1].startswith("新线索")
    assert "户内累计 21,000元" in clues_of(small_world, home)[0].description


@pytest.mark.duty("R32")
def test_whoever_looks_at_a_row_counts_its_amount_once(small_world: World) -> None:
    home = d.family(small_world, village=_village_of(small_world, OTHER_COUNTY))
    d.bar(small_world)
    d.bar(small_world, "waixian", OTHER_COUNTY, for_others="20000", months="12")
    d.sent(small_world, ("王建国", d.number_of(small_world, home), "", "", 12000, ""))
    (row,) = d.kept(small_world)
    answer, clock = Answer(number=home.number), small_world.clock
    settling.settle(small_world.session, small_world.official("waixian"), row.id, answer, clock=clock)
    assert row.outcome == "below" and not clues_of(small_world, home)


def test_without_an_amount_set_no_list_with_amounts_comes_in(small_world: World) -> None:
    with pytest.raises(Conflict, match="还没有设定“医疗费用自付较高”的标准"):
        d.checked(small_world, d.sheet(("甲", NOBODY)))


# -- many at once ----------------------------------------------------------------------------------


@pytest.mark.duty("R32")
def test_each_desk_is_told_once_of_a_list(world: World) -> None:
    homes = [d.family(world, f"户主{number}") for number in range(3)]
    homes.append(d.family(world, "邻村户", village="410325103203"))
    homes.append(d.family(world, "监测户", status="monitored"))
    before = world.session.scalar(select(func.count()).select_from(Notification)) or 0
    found = d.sent(
        world, *((home.head_name, d.number_of(world, home), "", "", "") for home in homes), key=d.DISASTER
    )
    assert all(status == "done" for status, _ in found.values())
    assert world.session.scalar(select(func.count()).select_from(Notification)) == before, (
        "no line a household"
    )
    assert d.told(world) == 1 and d.told(world) == 0
    query = select(Notification).where(Notification.kind == "department").order_by(Notification.id)
    lines = {(one.queue, one.division_code): one.text for one in world.session.scalars(query)}
    assert set(lines) == {
        ("village", "410325103202"),
        ("village", "410325103203"),
        ("township", "410325103000"),
        ("county", "410325000000"),
    }
    assert "4 条新线索；1 条是监测对象的" in lines["county", "410325000000"]
    batch = world.session.scalars(select(DepartmentBatch)).one()
    assert (batch.raised, batch.kept, batch.untold) == (4, 1, False)


def test_a_list_is_read_in_a_fixed_number_of_statements(small_world: World) -> None:
    from sqlalchemy import event

    told = [
        d.row(f"人{number}", papers.id_number(f"4199011966010{number:04d}")) for number in range(1000, 1200)
    ]
    counted: list[str] = []
    listener = lambda *args: counted.append(str(args[2]))  # noqa: E731
    event.listen(small_world.engine, "before_cursor_execute", listener)
    taking.expected(small_world.session, d.channel(), told, small_world.clock.now())
    assert len(counted) < 10, counted


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.duty("R32")
def test_every_fault_is_told_at_its_row_and_column(small_world: World) -> None:
    home = d.family(small_world)
    d.bar(small_world)
    number, today = d.number_of(small_world, home), small_world.today
    lines: list[tuple[tuple[object, ...], str, str]] = [
        (("", number, "", "", 1), "name", "没有填"),
        (("甲", "", "", "", 1), "id_number", "没有填"),
        (("甲", "41032519800101123X", "", "", 1), "id_number", "校验位不对"),
        (("甲", 410325198001011234, "", "", 1), "id_number", "后几位已经丢失"),
        (("甲", number, (today + timedelta(days=1)).isoformat(), "", 1), "told_on", "晚于今天"),
        (("甲", number, "2021-01-01", "", 1), "told_on", "超过一年"),
        (("甲", number, "去年", "", 1), "told_on", "不是日期"),
        (("甲", number, "", "", ""), "amount", "没有填"),
        (("甲", number, "", "", "两万"), "amount", "不是数字"),
        (("甲", number, "", "", -1), "amount", "金额不合理"),
    ]
    good = (
        "王建国",
        "".join(chr(ord(one) + 0xFEE0) for one in number),
        "２０２２－０５－０３",
        "",
        "３００００",
    )
    found = d.checked(small_world, d.sheet(*(line for line, _, _ in lines), good))
    rows = {
        row.number: row.faults or [] for row in files.listed(small_world.session, found, "wrong", 1).items
    }
    for place, (_, column, sentence) in enumerate(lines, 2):
        assert [one for one in rows[place] if one[0] == column and sentence in one[1]], (place, rows[place])
    assert files.counts(small_world.session, found)["good"] == 1, "full width is read"
    assert not d.kept(small_world), "nothing is let in before somebody says so"


@pytest.mark.duty("R32")
def test_two_rows_about_the_same_in_one_list_count_once(small_world: World) -> None:
    line = ("赵六", NOBODY, "2022-05-03", "", "")
    found = d.checked(small_world, d.sheet(line, line, head=d.PLAIN), d.DISASTER)
    assert d.said(small_world, found)[3] == ("wrong", "与第 2 行说的是同一个")


def _locked() -> bytes:
    """As Excel keeps a workbook with a password: no ZIP, but an OLE container."""
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + b"\x00" * 600
        + "EncryptedPackage".encode("utf-16-le")
        + b"\x00" * 600
    )


def _merged() -> bytes:
    import io

    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["人员", "", "发现日期"])
    book.active.append(["姓名", "证件号码", ""])
    book.active.append(["甲", NOBODY, ""])
    book.active.merge_cells("A1:B1")
    book.active.merge_cells("C1:C2")
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def _hidden() -> bytes:
    import io

    book = openpyxl.Workbook()
    assert book.active is not None
    for line in (d.PLAIN, ("甲", NOBODY, "", "", "")):
        book.active.append(list(line))
    book.active.row_dimensions[2].hidden = True
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def _empty() -> bytes:
    import io

    book = openpyxl.Workbook()
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def test_every_bad_file_has_its_own_sentence(small_world: World) -> None:
    bodies = {
        "password": _locked(),
        "merged": _merged(),
        "empty": _empty(),
        "head alone": d.sheet(head=d.PLAIN),
        "no such columns": d.sheet(("一",), head=("别的",)),
        "no workbook": b"PK\x03\x04 nothing",
        "old template": _template(small_world, version="0" * 16),
        "another county's": _template(small_world, target=f"{OTHER_COUNTY}-emergency-disaster"),
        "another list's": _template(small_world, target="410325000000-housing-dangerous_house"),
        "another template": _template(small_world, kind="screening"),
    }
    sentences = {}
    for name, body in bodies.items():
        with pytest.raises(Invalid) as refused:
            d.checked(small_world, body, d.DISASTER)
        sentences[name] = refused.value.message
    assert len(set(sentences.values())) == len(sentences), sentences
    assert "密码" in sentences["password"] and "合并" in sentences["merged"], sentences
    assert "另一种名单（住建：住房有安全隐患）" in sentences["another list's"]
    assert "汝阳县" in sentences["another county's"]
    hidden = d.checked(small_world, _hidden(), d.DISASTER)
    assert "隐藏" in d.said(small_world, hidden)[2][1]
    for encoding in ("gbk", "utf-8", "utf-8-sig", "utf-16"):
        text = f"{','.join(d.PLAIN)}\n赵六,{NOBODY},,,{encoding}\n"
        found = d.checked(small_world, text.encode(encoding), d.DISASTER, name="名单.csv")
        assert d.said(small_world, found)[2][0] == "good", encoding
    assert small_world.session.scalar(select(func.count()).select_from(DepartmentBatch)) == 0


def _template(world: World, **marks: str) -> bytes:
    """The template of the list of disasters, its marks changed."""
    import io

    body = goneout.template(world, world.official("xian"), "departments", d.DISASTER)
    book = openpyxl.load_workbook(io.BytesIO(body))
    assert book.active is not None
    book.active.cell(3, 1, "甲")
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            key = next((cell.value for cell in row if cell.value in marks), None)
            if key is not None:
                place = next(cell for cell in row if cell.value == key)
                sheet.cell(place.row, place.column + 1, marks[str(key)])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


# -- columns ---------------------------------------------------------------------------------------


@pytest.mark.duty("R32")
def test_a_departments_columns_are_asked_once_in_an_office(small_world: World) -> None:
    head = ("人", "号", "说明")
    body = d.sheet(("赵六", NOBODY, "x"), head=(*head[:1], "身份证号", *head[2:]))
    found = sending.begin(
        small_world.session,
        small_world.official("xian"),
        "departments",
        d.DISASTER,
        body,
        "a.xlsx",
        small_world.clock,
    )
    assert found.status == "mapping"
    acts.tell_columns(
        small_world.session,
        small_world.official("xian"),
        found.id,
        {"name": 0, "id_number": 1, "note": 2},
        small_world.clock,
    )
    again = sending.begin(
        small_world.session,
        small_world.official("xian2"),
        "departments",
        d.DISASTER,
        body,
        "b.xlsx",
        small_world.clock,
    )
    assert again.status == "checking" and again.columns == {"name": 0, "id_number": 1, "note": 2}
    other = d.DISASTER.replace("emergency-disaster", "housing-dangerous_house")
    asked = sending.begin(
        small_world.session,
        small_world.official("xian2"),
        "departments",
        other,
        body,
        "c.xlsx",
        small_world.clock,
    )
    assert asked.status == "mapping", "another department's columns are its own"


def test_who_may_let_lists_in(small_world: World) -> None:
    for who in ("cun", "xiang", "waixian", "ducha", "xitong"):
        with pytest.raises(NotFound):
            d.checked(small_world, d.sheet(("甲", NOBODY), head=d.PLAIN), d.DISASTER, who)
    for key in (
        "x",
        "410325000000",
        "410325103000-emergency-disaster",
        "410325000000-emergency-nothing",
        "410325000000-x-y",
    ):
        with pytest.raises(NotFound):
            d.checked(small_world, d.sheet(("甲", NOBODY), head=d.PLAIN), key)
    city = d.checked(
        small_world,
        d.sheet(("甲", NOBODY, "", "", ""), head=d.PLAIN),
        "410300000000-emergency-disaster",
        "shi",
    )
    assert isinstance(city, SheetImport) and d.let_in(small_world, city, "shi")[2][0] == "done"
