"""T06, T29: a department's list comes in by file and by programme: what it hits, joins, or leaves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import select, update

from engine.ground.database import write
from engine.prevention.models import Household, RiskClue
from tests.support import departments as d
from tests.support import papers
from tests.support.browser import Official, Site
from tests.support.template import COUNTY, OTHER_VILLAGE
from tests.support.world import World

NOBODY = papers.id_number("41990119660101001")
HEAD = ("患者", "公民身份号码", "推送日期", "费用期", "个人负担", "诊断")
MAPPED = {"name": "患者", "period": "费用期", "note": "诊断"}


def send(person: Official, file: Path) -> None:
    person.page.set_input_files("input[name=file]", file)
    person.page.click("button >> text=上传检查", no_wait_after=True)


def wait_for(person: Official, words: str) -> None:
    """The progress goes on by itself."""
    person.page.wait_for_selector(f"main >> text={words}", timeout=60_000)


def clues(world: World, household: Household) -> list[RiskClue]:
    world.session.commit()
    query = select(RiskClue).where(RiskClue.household_id == household.id).order_by(RiskClue.id)
    return list(world.session.scalars(query))


@pytest.mark.duty("R06", "R32")
def test_t06_a_hospitals_list_joins_the_case_and_t29_asks_both_villages(
    past: World, site: Site, tmp_path: Path
) -> None:
    case = past.enter(day=site.day(-2), channel="self_declaration")  # she declared on 3 May
    home, poor, rich = (
        case.household,
        d.family(past, "贫户", household_type="allowance"),
        d.family(past, "富户"),
    )
    twice, other = d.family(past, "甲户"), d.family(past, "乙户", village=OTHER_VILLAGE)
    with write(past.session):
        number = d.number_of(past, twice)
        past.session.execute(update(Household).where(Household.id == other.id).values(head_id_number=number))
    site.go_to(1)
    county = site.official("xian")
    _set_threshold(county)
    lines = (
        (home.head_name, home.head_id_number, "2022-05-06", "2022年4月", 31000, "住院"),
        ("贫户", d.number_of(past, poor), "", "2022年4月", "12,000", ""),
        ("富户", d.number_of(past, rich), "", "2022年4月", 12000, ""),
        ("甲户", number, "", "2022年4月", 40000, ""),
        ("无此人", NOBODY, "", "2022年4月", 40000, ""),
        ("写错", "41032519800101123X", "", "2022年4月", 40000, ""),
    )
    file = tmp_path / "medical.xlsx"
    file.write_bytes(d.sheet(*lines, head=HEAD))
    _let_in(county, file)

    found = clues(past, home)
    assert [one.channel for one in found] == ["self_declaration", "department_warning"]
    assert past.case(case.id).discovery_date == site.day(-2), "the earliest rules"
    assert (len(clues(past, poor)), len(clues(past, rich))) == (1, 0)
    county.go("/departments")
    said = county.text
    for words in ("新线索 1", "并入在办事项 1", "未达标准 1", "号码在两户以上 1", "登记簿里没有 1"):
        assert words in said, said

    village = site.official("lin")  # T29: the second record's village sees it too
    village.go("/departments/rows")
    assert "甲户" in village.text and "乙户户" in village.text and number not in village.page.content()
    village.page.click("summary >> text=核对")
    village.page.fill("input[name=number]", other.number)
    village.press("button >> text=是这一户")
    assert "作为新线索开始" in village.said and len(clues(past, other)) == 1
    _by_programme(site, past, rich)


def _set_threshold(county: Official) -> None:
    county.go("/departments")
    county.page.select_option("#list", "medical_insurance-medical_costs")
    county.press("button >> text=选文件")
    assert "还没有设定“医疗费用自付较高”的标准" in county.text
    county.page.select_option("#list", "medical_insurance-medical_costs")
    for name, typed in (("for_key", "10000"), ("for_others", "26000"), ("effective_from", "2022-01-01")):
        county.page.fill(f"#{name}", typed)
    county.press("button >> text=设定")
    assert "标准已设定" in county.said


def _let_in(county: Official, file: Path) -> None:
    county.go("/departments")
    county.page.select_option("#list", "medical_insurance-medical_costs")
    county.press("button >> text=选文件")
    send(county, file)
    wait_for(county, "哪一列是什么")
    for key, heading in MAPPED.items():
        county.page.select_option(f"[name=column_{key}]", index=HEAD.index(heading) + 1)
    county.page.click("button >> text=检查", no_wait_after=True)
    wait_for(county, "校验位不对")
    county.page.click("button >> text=导入 5 人", no_wait_after=True)
    wait_for(county, "再传一个文件")
    county.page.goto(county.page.url.split("?")[0] + "?status=done")
    assert "已并入第" in county.text
    county.press("main a >> text=看结果")
    assert county.page.url.endswith("/departments")


def _by_programme(site: Site, past: World, rich: Household) -> None:
    """The department's own programme: its token is shown once, its answer names the case."""
    admin = site.official("xitong")
    admin.go("/departments/tokens")
    admin.page.select_option("#department", "medical_insurance")
    admin.page.fill("#place", COUNTY)
    admin.page.fill("#name", "医保系统 李工")
    admin.press("button >> text=发放")
    (word,) = re.findall(r"bumen-[\w-]+", admin.page.content())
    programme = site.playwright.request.new_context(
        base_url=site.address, extra_http_headers={"Authorization": f"Bearer {word}"}
    )
    row = {
        "name": "富户",
        "id_number": d.number_of(past, rich),
        "period": "2022年5月",
        "amount": 30000,
        "record": "1",
    }
    answers = [
        programme.post("/api/v1/departments/warnings", data={"matter": "medical_costs", "rows": [row]}).json()
        for _ in range(2)
    ]
    programme.dispose()
    assert [one["rows"][0]["outcome"] for one in answers] == ["raised", "same"]
    case_id = answers[0]["rows"][0]["case_id"]
    assert f"见第 {case_id} 号" in answers[1]["rows"][0]["text"] and len(clues(past, rich)) == 1
