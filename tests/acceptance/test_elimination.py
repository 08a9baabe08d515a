"""S11, S12, T12, T14, T15, T17: risk elimination and look-back by officials in a browser.

What comes before each story goes through the engine; before T17, through the REST API.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import papers, stages
from tests.support.browser import Official, Site
from tests.support.programme import Programme
from tests.support.stages import NATURAL
from tests.support.world import World

NAME = "王建国"
SON_WORKS = [{"risk": "schooling", "gone": "yes", "how": "natural", "evidence": "独子七月毕业，已经就业"}]


def start(official: Official, procedure: str, **given: Any) -> int:
    """Open a procedure from the household's page; answers the case."""
    official.go(f"/households?q={NAME}")
    official.press(official.page.locator("table.list .subject a").first)
    official.press(official.page.locator(".page-head a", has_text=f"启动{procedure}"))
    official.page.wait_for_selector("form[data-live]")
    official.fill(given)
    assert "已启动" in official.submit()
    return int(official.page.url.partition("?")[0].rsplit("/", 1)[-1])


def propose(official: Official) -> int:
    return start(official, "风险消除", source="official", reason="收入已经稳定，风险已经消除")


def to_review(site: Site, village: Official, **checked: Any) -> None:
    """Check, appraisal and six days of notice."""
    village.finish(NAME, "入户核查", "stability_check", **checked)
    village.finish(NAME, "民主评议", "appraisal")
    village.finish(NAME, "张贴公示", "notice")
    site.go_to((site.now.date() - site.day(0)).days + 6)
    village.finish(NAME, "公示结果上报", "notice_end")


def conclude(site: Site) -> str:
    """Announcement, the household told, the mark; answers what the last step said."""
    site.official("xiang").finish(NAME, "结果公告", "announcement")
    site.official("cun").finish(NAME, "告知农户", "household_told")
    return site.official("xiang").finish(NAME, "采集与标注", "elimination_record")


@pytest.mark.duty("R23", "R25", "C1", "C2", "C4")
def test_s11_five_months_above_the_line_are_not_enough_seven_are(site: Site, past: World) -> None:
    village, township, county = site.official("cun"), site.official("xiang"), site.official("xian")
    stages.seen_above_on(past, stages.admitted(past), 20)
    site.go_to(175)
    number = propose(village)
    said = village.finish(NAME, "入户核查", "stability_check")
    assert "民主评议" not in said and village.steps_of(NAME) == ["告知暂不消除"]
    village.open_task(NAME, "告知暂不消除")
    assert "人均纯收入自2022年5月25日起高于监测范围，至今5个月，须超过6个月" in village.text
    answer = site.api("cun").get(f"/api/v1/cases/{number}").json()
    assert [task["element_id"] for task in answer["tasks"]] == ["tell_not_yet"]  # no other door upwards
    assert "乡级审核" not in township.steps_of(NAME)
    village.finish(NAME, "告知暂不消除", "not_yet_eliminated")
    village.go(f"/cases/{number}")
    assert "继续帮扶" in village.text and "规则建议：人均纯收入自2022年5月25日起" in village.text
    site.go_to(235)
    number = propose(village)
    to_review(site, village)
    township.open_task(NAME, "乡级审核")
    assert (
        "符合帮扶后稳定消除的条件。人均纯收入12000元，监测范围6900元，自2022年5月25日起高于监测范围"
        in township.text
    )
    township.finish(NAME, "乡级审核", "township_review", category=None)
    county.finish(NAME, "县级审批", "county_approval", category=None, manner="stable")
    site.go_to(243)
    assert village.steps_of(NAME) == ["告知农户"] and "结果公告" in township.steps_of(NAME)
    assert "已消除" in conclude(site)
    village.go(f"/cases/{number}/archive")
    for part in (
        "入户核查",
        "逐项核查风险",
        "公告",
        "上门当面告知",
        "已在全国防返贫监测信息系统标注风险消除",
    ):
        assert part in village.text, part
    village.go(f"/households?q={NAME}")
    village.press(village.page.locator("table.list .subject a").first)
    assert "风险已消除" in village.text and "2023年1月1日" in village.text  # the county approved on day 241
    assert "风险消除：已批准标注（帮扶后稳定消除）。上门当面告知，被告知人：王建国" in village.text


@pytest.mark.duty("R24")
def test_s12_two_aged_people_without_labour(site: Site, past: World) -> None:
    village, county = site.official("cun"), site.official("xian2")
    old = [
        papers.member(labour="none"),
        papers.member("李秀英", "spouse", papers.WIFE_ID, sex="female", health="serious", labour="lost"),
    ]
    stages.admitted(past, members=old)
    site.go_to(370)
    number = propose(village)
    assert village.steps_of(NAME) == [] and "乡级审核" not in site.official("xiang").steps_of(NAME)
    county.open_task(NAME, "例外说明")
    assert "全家2人都是无劳动力或丧失劳动力，原则上暂不标注风险消除" in county.text
    assert county.page.locator('[name="outcome"]:checked').count() == 0  # a decision is made, not found ready
    item = county.page.url.partition("?")[0].rsplit("/", 1)[-1]
    refused = site.api("cun").post(
        f"/api/v1/tasks/{item}/complete", data={"data": {"outcome": "exception", "reason": "稳定"}}
    )
    assert refused.status == 403
    county.fill({"outcome": "exception"})
    county.submit()
    assert "作为例外的理由：请填写。" in county.text
    county.fill({"reason": "两位老人养老金和子女赡养费稳定，住房、医疗均有保障"})
    assert "已办结" in county.submit()
    stages.to_decision(past, past.case(number), members=old, risk_checks=NATURAL)
    site.official("xiang").open_task(NAME, "乡级审核")
    assert "整户无劳动力，县级同意作为例外：两位老人养老金" in site.official("xiang").text
    site.official("xiang").finish(NAME, "乡级审核", "township_review", category=None)
    site.official("xian").finish(NAME, "县级审批", "county_approval", category=None, manner="natural")
    stages.conclude(past, past.case(number))
    county.go(f"/cases/{number}")
    assert "例外说明" in county.text and "作为例外，继续办理消除" in county.text and "已消除" in county.text


@pytest.mark.duty("R24", "R25")
def test_t12_no_labour_stays_monitored_and_is_told(site: Site, past: World) -> None:
    members = [
        papers.member(labour="none"),
        papers.member("李秀英", "spouse", papers.WIFE_ID, sex="female", labour="none"),
        papers.member("王小军", "son", "41990119990308123", health="disabled", labour="lost"),
    ]
    stages.admitted(past, members=members)
    site.go_to(250)
    number = propose(site.official("cun"))
    site.official("xian2").finish(NAME, "例外说明", "labour_exception")
    village = site.official("cun")
    village.go(f"/cases/{number}")
    assert "暂不标注" in village.text and "监测对象" in village.text
    assert village.steps_of(NAME) == []
    village.go(f"/households?q={NAME}")
    village.press(village.page.locator("table.list .subject a").first)
    assert "风险消除：暂不标注，继续帮扶。原因：整户无劳动力" in village.text


@pytest.mark.duty("R23", "R25")
def test_t14_a_risk_gone_by_itself_before_half_a_year(site: Site, past: World) -> None:
    village, township = site.official("cun"), site.official("xiang")
    stages.admitted(past, risks=["schooling"], risk_text="独子读大学")
    site.go_to(70)
    number = propose(village)
    village.open_task(NAME, "入户核查")
    assert village.page.locator('[name="risk_checks-0-risk"]').input_value() == "schooling"
    stages.to_decision(past, past.case(number), risk_checks=SON_WORKS)
    township.finish(NAME, "乡级审核", "township_review", category=None)
    county = site.official("xian")
    county.open_task(NAME, "县级审批")
    assert county.page.locator('[name="manner"]').input_value() == "natural"
    county.finish(NAME, "县级审批", "county_approval", category=None, manner="natural")
    past.finish(past.case(number), "announce", "xiang")
    past.finish(past.case(number), "tell_household", "cun")
    township.open_task(NAME, "采集与标注")
    assert "自然消除" in township.text and "12,000元" in township.text
    assert "已消除" in township.finish(NAME, "采集与标注", "elimination_record")
    village.go(f"/cases/{number}")
    assert "风险已消除" in village.text


@pytest.mark.duty("R25", "R10")
def test_t15_the_household_itself_objects_to_the_notice(site: Site, past: World) -> None:
    village, township = site.official("cun"), site.official("xiang")
    stages.admitted(past)
    site.go_to(40)
    number = propose(village)
    case = past.case(number)
    past.finish(case, "check", "cun", risk_checks=NATURAL)
    past.finish(case, "appraise", "cun")
    past.finish(case, "post_notice", "cun")
    site.go_to(44)
    village.go(f"/cases/{number}")
    village.press("text=登记异议")
    village.fill({"raised_on": site.day(44).isoformat(), "raised_by": NAME, "matter": "还欠着医院的钱"})
    assert "公示不会结束" in village.submit()
    site.go_to(47)
    assert village.steps_of(NAME) == []
    township.finish(
        NAME, "异议核查", "objection_finding", outcome="upheld_withdrawn", finding="确有欠款，风险未消除"
    )
    village.go(f"/cases/{number}")
    assert "继续帮扶" in village.text and "确有欠款" in village.text and "监测对象" in village.text
    village.go("/bell")
    assert "公示异议成立，暂不标注，继续帮扶。原因：确有欠款，风险未消除。" in village.text


@pytest.mark.duty("R26", "R06")
def test_t17_a_flood_after_the_mark_is_a_new_risk_not_a_rollback(site: Site) -> None:
    village = site.official("cun")
    programme = Programme(site)
    programme.admit(
        programme.clue(NAME, papers.id_number(papers.HEAD_ID), "东沟1号", site.day(0).isoformat())
    )
    site.go_to(40)
    programme.eliminate(propose(village), risk_checks=NATURAL)
    site.go_to(78)
    look_back = start(village, "回头看")
    said = village.finish(
        NAME,
        "回头看核查",
        "look_back",
        new_risk="yes",
        new_risks=["natural_disaster"],
        new_risk_text="七月洪水冲毁庄稼",
        income_stable="no",
        opinion="unstable",
        wage=2000,
    )
    assert "转重新识别" in said
    village.go(f"/cases/{look_back}")
    assert "发现新线索，启动“识别认定”" in village.text
    village.press(village.page.locator(".panel a", has_text="识别认定").first)
    village.page.wait_for_load_state()
    assert "七月洪水冲毁庄稼" in village.text and "回头看" in village.text
    assert village.steps_of(NAME) == ["入户核实"]
    village.go(f"/households?q={NAME}")
    village.press(village.page.locator("table.list .subject a").first)
    whole = village.text
    assert "风险已消除" in whole and "风险消除：已批准标注（自然消除）" in whole
    life = village.page.locator(".life").inner_text()
    assert life.count("识别认定") >= 2 and "回退" not in life


@pytest.mark.duty("R06", "R26")
def test_a_new_clue_about_a_monitored_household_is_kept_and_the_township_told(
    site: Site, past: World
) -> None:
    village = site.official("cun")
    stages.admitted(past)
    village.go(f"/households?q={NAME}")
    village.press(village.page.locator("table.list .subject a").first)
    village.press("text=录入线索")
    assert "这户已是监测对象，不重复识别认定" in village.text
    village.fill(
        {"channel": "cadre_check", "discovered_on": site.day(6).isoformat(), "description": "妻子又住院"}
    )
    assert "线索已记入该户，并已通知乡镇" in village.submit()
    assert "妻子又住院" in village.text
    township = site.official("xiang")
    township.go("/bell")
    township.press("text=监测对象出现新线索（妻子又住院）")
    township.page.wait_for_load_state()
    assert "/households/" in township.page.url
    township.go("/clues")
    assert "妻子又住院" in township.text
    number = propose(village)
    village.go(f"/households?q={NAME}")
    village.press(village.page.locator("table.list .subject a").first)
    village.press("text=录入线索")
    village.fill(
        {"channel": "cadre_check", "discovered_on": site.day(6).isoformat(), "description": "又借了外债"}
    )
    assert "线索已并入这户正在办理的“风险消除”" in village.submit()
    assert village.page.url.endswith(f"/cases/{number}") and "办理期间出现新线索" in village.text
