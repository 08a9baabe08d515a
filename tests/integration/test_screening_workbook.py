"""The screening form by Excel: a village's template, its faults, what comes in and is not doubled (R03)."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select

from engine.casework.models import SheetImport, SheetImportRow
from engine.casework.portions.imports import acts, files, sending, working
from engine.ground.database import write
from engine.ground.errors import Invalid, NotFound
from engine.prevention.campaign import campaigns
from engine.prevention.models import Campaign, Household, RiskClue, Screening
from tests.support import goneout
from tests.support import screening as s
from tests.support.template import OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World

MET = {
    "筛查情况": "已见到本户",
    "排查时间": "2022-05-08",
    "家庭人口数": "２",
    "“两不愁三保障”及饮水安全是否全部达标": "是",
    "家庭人均纯收入是否超过6900元": "是",
    "是否属于核查重点群体": "否",
    "是否自主申报": "否",
    "调查员": "张三",
}


def template(world: World, campaign: Campaign, code: str = VILLAGE, by: str = "cun") -> Any:
    body = goneout.template(world, world.official(by), "screening", f"{campaign.id}-{code}")
    return openpyxl.load_workbook(io.BytesIO(body))


def fill(book: Any, row: int, **said: str) -> None:
    """A row of the template, by its headings."""
    sheet = book.worksheets[0]
    places = {cell.value: cell.column for cell in sheet[2]}
    for heading, words in said.items():
        sheet.cell(row, places[heading]).value = words


def sent(world: World, campaign: Campaign, book: Any, code: str = VILLAGE, by: str = "cun") -> SheetImport:
    """The book is sent and checked."""
    body = io.BytesIO()
    book.save(body)
    actor, key = world.official(by), f"{campaign.id}-{code}"
    found = sending.begin(world.session, actor, "screening", key, body.getvalue(), "表.xlsx", world.clock)
    if found.status == "mapping":
        acts.tell_columns(world.session, actor, found.id, found.columns, world.clock)
    while found.status == "checking":
        working.go_on(world.session, actor, found.id, world.clock)
    return found


def let_in(world: World, found: SheetImport, by: str = "cun") -> dict[str, int]:
    actor = world.official(by)
    acts.confirm(world.session, actor, found.id, world.clock)
    while found.status == "running":
        working.go_on(world.session, actor, found.id, world.clock)
    return {name: number for name, number in files.counts(world.session, found).items() if number}


def told(world: World, found: SheetImport) -> dict[int, list[list[str]]]:
    query = select(SheetImportRow).where(SheetImportRow.import_id == found.id)
    return {row.number: list(row.faults) for row in world.session.scalars(query) if row.faults}


def count(world: World, model: Any) -> int:
    world.session.commit()
    return world.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.duty("R03", "R05")
def test_a_villages_template_comes_back_filled_in_and_raises_what_it_found(world: World) -> None:
    campaign = s.opened(world)
    s.settled(world, 4)
    world.go_to(7)
    before = count(world, Household)
    book = template(world, campaign)
    heads = [cell.value for cell in book.worksheets[0][2]]
    assert heads[:2] == ["户编号", "户主姓名"] and "家庭人均纯收入是否超过6900元" in heads  # R01
    fill(book, 3, **MET)
    poor = {"家庭人均纯收入是否超过6900元": "否", "没有达标的项": "住房安全、饮水安全"}
    fill(book, 4, **MET | poor | {"“两不愁三保障”及饮水安全是否全部达标": "否"})
    fill(book, before + 4, **MET, 户主姓名="新来的", 村民小组="三组")
    found = sent(world, campaign, book)
    counts = files.counts(world.session, found)
    assert (counts["good"], counts["wrong"], counts["blank"]) == (3, 0, before - 2), told(world, found)
    assert (count(world, Screening), count(world, Household), count(world, RiskClue)) == (0, before, 0)
    assert let_in(world, found) == {"done": 3, "blank": before - 2}
    assert (count(world, Screening), count(world, Household), count(world, RiskClue)) == (3, before + 1, 1)
    again = files.counts(world.session, sent(world, campaign, book))
    assert (again["same"], again["good"], again["wrong"]) == (3, 0, 0)


@pytest.mark.duty("R03")
def test_every_row_that_cannot_come_in_says_why(world: World) -> None:
    campaign = s.opened(world)
    here, second, third = s.settled(world, 3)
    (there,) = s.settled(world, 1, OTHER_VILLAGE)
    with write(world.session):
        far = world.session.get_one(Household, third.id)
        far.village_code = "410184101201"
        other = world.session.get_one(Household, second.id)
        other.head_id_number = "410325197001011237"
    world.go_to(7)
    book = template(world, campaign)
    rows = {
        3: {"户编号": "没有的", "户主姓名": "某"},
        4: {"户编号": there.number, "户主姓名": there.head_name},
        5: {"户编号": third.number, "户主姓名": third.head_name},
        6: {"户编号": second.number, "户主姓名": "别人"},
        7: {"户编号": here.number, "户主姓名": here.head_name, "排查时间": "2022-06-08"},
        8: {"户主姓名": "新甲", "家庭人口数": "0"},
        9: {"户主姓名": "新乙", "筛查情况": "不在家"},
        10: {"户主姓名": "新丙", "同行调查员": "张三"},
        11: {"户主姓名": "新丁", "联系电话": "12"},
        12: {"户主姓名": "新戊"},
        13: {"户主姓名": "新戊"},
        14: {"户编号": second.number, "户主姓名": second.head_name, "户主证件号码": "410325198001011235"},
    }
    sheet = book.worksheets[0]
    for row, said in rows.items():
        for cell in sheet[row]:
            cell.value = None
        fill(book, row, **MET | said)
    found = sent(world, campaign, book)
    faults = told(world, found)
    wanted = {
        3: ("household", "登记簿里没有这个户编号"),
        4: ("household", "这户不在"),
        5: ("household", "别的县"),
        6: ("head_name", "户主不一样"),
        7: ("visited_on", "不符合要求"),
        8: ("household_size", "不符合要求"),
        9: ("reason", "没有填"),
        10: ("partner", "不符合要求"),
        11: ("phone", "不符合要求"),
        13: ("", "与第 12 行"),
        14: ("id_number", "证件号码不一样"),
    }
    assert faults.keys() == wanted.keys()
    for row, (column, problem) in wanted.items():
        assert [one for one in faults[row] if one[0] == column and problem in one[1]], (row, faults[row])
        assert all(one[2] for one in faults[row]), faults[row]  # what to do
    assert count(world, Screening) == 0


@pytest.mark.duty("R03")
def test_a_township_sends_several_villages_and_a_correction_can_be_taken_back(world: World) -> None:
    campaign = s.opened(world)
    world.go_to(7)
    places = dict(zip(("甲", "乙"), (VILLAGE, OTHER_VILLAGE), strict=True))
    for size in ("3", "4", "3"):
        book = template(world, campaign, TOWNSHIP, "xiang")
        first = count(world, Household) + 3
        for row, (name, code) in enumerate(places.items(), first):
            fill(book, row, **MET | {"户主姓名": f"{name}某", "村（社区）": code, "家庭人口数": size})
        fill(book, first + 2, **MET | {"户主姓名": "丙某", "村（社区）": "外村"})
        found = sent(world, campaign, book, TOWNSHIP, "xiang")
        assert [one[0][0] for one in told(world, found).values()] == ["village"]
        assert let_in(world, found, "xiang")["done"] == 2
        current = world.session.scalars(select(Screening).where(Screening.standing == "current"))
        assert [row.household_size for row in current] == [int(size)] * 2


@pytest.mark.duty("R03", "R38")
def test_a_template_of_elsewhere_and_a_closed_campaign_are_told(world: World) -> None:
    campaign = s.opened(world)
    s.settled(world, 1)
    s.settled(world, 1, OTHER_VILLAGE)
    book = template(world, campaign, TOWNSHIP, "xiang")
    fill(book, 3, **MET)
    with pytest.raises(Invalid, match=r"这是“.*”的模板，这里是“.*”"):
        sent(world, campaign, book)
    marks = book["shouwang"]
    for key, sentence in ((f"9-{TOWNSHIP}", "另一次集中排查"), (f"{campaign.id}-410184101000", "别的县")):
        marks["B3"] = key
        with pytest.raises(Invalid, match=sentence):
            sent(world, campaign, book, TOWNSHIP, "xiang")
    for by, code in (("xian", VILLAGE), ("cun", OTHER_VILLAGE), ("ducha", VILLAGE)):
        with pytest.raises(NotFound):
            template(world, campaign, code, by)
    world.go_to(7)
    mine = template(world, campaign)
    fill(mine, 3, **MET)
    found = sent(world, campaign, mine)
    campaigns.close(world.session, world.official("xian"), campaign.id, clock=world.clock)
    assert let_in(world, found) == {"good": 1}  # what was found wrong can still be looked at
    assert found.status == "cancelled" and "这次集中排查已经结束" in found.notes[-1]
