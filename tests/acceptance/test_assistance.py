"""S10, T24, T25 and what becomes of measures: officials arrange and follow assistance in a browser."""

from __future__ import annotations

import pytest

from engine.casework.models import CaseFile
from tests.acceptance.test_identification import NAME, prepare, to_county
from tests.support import papers
from tests.support.browser import Official, Site
from tests.support.world import World

APPROVED = 11
"""The day of the county's approval."""


def approved(past: World) -> CaseFile:
    """The assistance of a household whose admission the county approved on day 11."""
    case = prepare(past)
    to_county(past, case)
    past.go_to(APPROVED)
    past.finish(case, "approve", "xian")
    return past.assistance_of(case)


def household(person: Official) -> str:
    """The household's page; answers what it says."""
    person.go(f"/households?q={NAME}")
    person.press(person.page.locator("table.list .subject a").first)
    person.page.wait_for_selector("text=家庭成员")
    return person.text


def fill_plan(person: Official, *rows: tuple[str, str], **changes: object) -> None:
    """Open the plan and change its rows to these risks and types."""
    person.open_task(NAME, "制定帮扶计划")
    box = person.page.locator('[data-name="measures"] > .rows > [data-row]')
    while box.count() > len(rows):
        box.last.locator("[data-remove]").click()
    day = person.site.now.date()
    data = papers.paper(
        "assistance_plan", day, "", measures=[papers.measure(day, *row) for row in rows], **changes
    )
    person.fill(data)


@pytest.mark.duty("R18", "R19", "R22", "C1", "C3", "C6")
def test_s10_after_approval_nobody_makes_a_plan(site: Site, past: World) -> None:
    village, township, county = site.official("cun"), site.official("xiang"), site.official("xian")
    approved(past)
    assert "明确帮扶责任人" in township.steps_of(NAME)
    site.go_to(APPROVED + 7, 23, 59)
    township.go("/bell")
    assert "满10天”即将到期" not in township.text
    site.go_to(APPROVED + 8, 0)
    township.go("/bell")
    assert "满10天”即将到期" in township.text
    site.go_to(APPROVED + 10, 23, 59)
    assert county.steps_of(NAME) == []
    site.go_to(APPROVED + 11, 0)
    assert county.steps_of(NAME) == ["超期说明"]
    county.finish(NAME, "超期说明", "supervision")
    # exactly one official: not one who is no public servant, and a second ends the first
    township.open_task(NAME, "明确帮扶责任人")
    township.fill(papers.paper("responsible_official", site.now.date(), "", public_servant=False))
    assert "需要更正" in township.submit() + township.text and "已核实为国家公职人员" in township.text
    township.finish(NAME, "明确帮扶责任人", "responsible_official")
    household(township)
    assert "启动帮扶" not in township.text  # one assistance at a time: its ten days run on
    village.send_back(NAME, "制定帮扶计划", "明确帮扶责任人", "责任人工作调动")
    township.open_task(NAME, "明确帮扶责任人")
    township.fill(papers.paper("responsible_official", site.now.date(), "", name="钱立新"))
    township.submit()
    panel = (household(township), township.page.locator("#measures").inner_text())[1]
    assert "钱立新" in panel and "赵国梁" not in panel
    # the plan with an untreated risk needs a reason
    fill_plan(village, ("general", "employment"))
    assert "因病" in village.page.locator("[data-key=untreated] output").inner_text()
    village.submit()
    assert "不安排措施的理由：请填写" in village.text
    village.fill({"untreated_reason": "已治愈出院，不再需要"})
    assert "“制定帮扶计划”已办结" in village.submit()


@pytest.mark.duty("R19", "R20")
def test_t25_late_assistance_goes_on_and_is_flagged(site: Site, past: World) -> None:
    village, township, county = site.official("cun"), site.official("xiang"), site.official("xian")
    approved(past)
    site.go_to(APPROVED + 11, 0)
    for person in (village, township):
        person.go("/bell")
        assert "只纳入不帮扶" in person.text
    assert "只纳入不帮扶" in household(county)
    site.go_to(APPROVED + 12)
    township.finish(NAME, "明确帮扶责任人", "responsible_official")
    fill_plan(village, ("illness", "health"), ("general", "employment"))
    village.submit()
    township.finish(NAME, "审核帮扶计划", "plan_review")
    village.finish(NAME, "申报帮扶措施", "plan_declaration")
    assert "只纳入不帮扶" not in household(county)
    village.open_task(NAME, "建立帮扶档案")
    archive = papers.paper("assistance_archive", site.now.date(), "", has_visits=False)
    village.fill(archive)
    village.submit()
    assert "入户走访记录：请勾选" in village.text
    village.fill({"has_visits": True})
    village.submit()
    county.finish(NAME, "部门受理", "measure_acceptance")
    county.finish(NAME, "超期说明", "supervision")
    text = household(county)
    assert "计划和申报完成" in text and "BF-2022-001" in text and "已受理" in text
    county.press(county.page.locator("#measures a", has_text="办理记录"))
    assert "曾超期" in county.text


@pytest.mark.duty("R21", "R22")
def test_t24_safety_net_only_is_passed_with_a_reason_that_the_next_check_shows(
    site: Site, past: World
) -> None:
    village, township = site.official("cun"), site.official("xiang")
    past.finish(approved(past), "name_official", "xiang")
    fill_plan(village, ("illness", "safety_net"))
    village.submit()
    township.open_task(NAME, "审核帮扶计划")
    assert "属于一兜了之" in township.text and "safety_net的具体安排" in township.text
    township.fill({"outcome": "approve"})
    township.submit()
    assert "一兜了之仍予通过的理由：请填写" in township.text
    township.fill({"pass_reason": "两名劳动力都在照料重病人"})
    assert "已办结" in township.submit()
    assert "两名劳动力都在照料重病人" in household(village)
    village.press("text=启动存量帮扶核查")
    village.press("text=启动办理")
    village.open_task(NAME, "核查帮扶落实情况")
    assert "属于一兜了之（计划审核时的理由：两名劳动力都在照料重病人）" in village.text
    findings = [{"explanation": "护理期间不变"}]
    village.fill(papers.paper("existing_check", site.now.date(), "", findings=findings))
    assert "已办结" in village.submit()
    township.finish(NAME, "确认核查结果", "check_confirmation")
    assert "落实到位" in household(township)


@pytest.mark.duty("R21", "R41")
def test_measures_are_followed_until_they_are_done(site: Site, past: World) -> None:
    village, township, county = site.official("cun"), site.official("xiang"), site.official("xian")
    case = approved(past)
    past.finish(case, "name_official", "xiang")
    rows = [papers.measure(past.today, *row) for row in (("illness", "health"), ("general", "employment"))]
    past.finish(case, "make_plan", "cun", measures=rows)
    past.finish(case, "review_plan", "xiang")
    site.go_to(APPROVED + 91, 0)
    for person in (village, township):
        person.go("/bell")
        assert "health的具体安排" in person.text and "请抓紧落实" in person.text
    village.go("/measures?status=late")
    assert village.page.locator("table.list tbody tr").count() == 2
    village.press(village.page.locator("table.list .subject a").first)
    today = site.now.date()
    village.fill(papers.paper("measure_progress", today, "", effect=""))
    village.submit()
    assert "效果：请填写" in village.text
    village.fill({"effect": "报销 8600 元"})
    village.page.set_input_files('input[name="file:evidence"]', str(site.photo))
    assert "进展已登记" in village.submit()
    assert "已完成" in village.page.locator("#measures").inner_text()
    village.press(village.page.locator("#measures .subject a").first)
    assert "报销 8600 元" in village.text and "photo.png" in village.text
    village.go("/measures?status=late")
    assert village.page.locator("table.list tbody tr").count() == 1
    county.go("/officials")
    assert "赵国梁" in county.text and "1 户" in county.text
    county.go("/measures")
    county.press(county.page.locator("table.list .subject a").first)
    assert county.page.locator("form[data-live]").count() == 0
