"""S1–S9: households identified by officials in a browser.

S1 goes every step of the way there; what comes before the other stories goes through the engine.
"""

from __future__ import annotations

from typing import Any

import pytest

from engine.casework.models import CaseFile
from tests.support import papers
from tests.support.browser import Site
from tests.support.world import World

NAME = "王建国"


def prepare(past: World, *, matched: bool = True) -> CaseFile:
    """Day 0 clue, day 1 verification and letter, day 2 batch, day 4 result, appraisal and notice."""
    case = past.enter()
    past.go_to(1)
    past.finish(case, "verify", "cun")
    past.finish(case, "sign", "cun")
    past.go_to(2)
    past.finish(case, "submit_batch", "xiang")
    past.go_to(4)
    if matched:
        past.finish(case, "run_matching", "xian2")
    past.finish(case, "appraise", "cun")
    past.finish(case, "post_notice", "cun")
    return case


def to_county(past: World, case: CaseFile) -> None:
    """Day 10: nobody has objected; the township has reviewed."""
    past.go_to(10)
    past.finish(case, "end_notice", "cun")
    past.finish(case, "review", "xiang")


def to_township(past: World, case: CaseFile, **verified: Any) -> None:
    """Everything up to the township's desk: found so on day 0, reported on day 6."""
    past.finish(case, "verify", "cun", **verified)
    past.finish(case, "sign", "cun")
    past.finish(case, "submit_batch", "xiang")
    past.finish(case, "run_matching", "xian2")
    past.finish(case, "appraise", "cun")
    past.finish(case, "post_notice", "cun")
    past.go_to(6)
    past.finish(case, "end_notice", "cun")


def prepare_by_hand(site: Site) -> None:
    """As `prepare`, page by page."""
    village, township, county = site.official("cun"), site.official("xiang"), site.official("xian2")
    assert "开始办理" in village.enter_clue(NAME)
    site.go_to(1)
    village.finish(NAME, "入户核实", "verification")
    village.finish(NAME, "签订承诺授权书", "authorisation")
    site.go_to(2)
    township.finish(NAME, "统一报送比对", "matching_batch")
    site.go_to(4)
    county.finish(NAME, "组织信息比对", "matching_result")
    village.finish(NAME, "民主评议", "appraisal")
    village.finish(NAME, "张贴公示", "notice")


@pytest.mark.duty(
    "R06", "R07", "R09", "R10", "R11", "R12", "R13", "R14", "R15", "R17", "C1", "C2", "C3", "C4"
)
def test_s01_a_household_in_eleven_days(site: Site) -> None:
    village, township, county = site.official("cun"), site.official("xiang"), site.official("xian")
    prepare_by_hand(site)
    number = village.open_case(NAME)
    assert "5月15日 00:00 期满" in village.text
    site.go_to(9, 23, 59)
    assert village.steps_of(NAME) == []
    # neither an old page, nor the API, nor a double click closes it earlier
    assert (
        site.api("cun")
        .post(f"/api/v1/cases/{number}/messages", data={"name": "notice_over", "data": {}})
        .status
        == 422
    )
    posted = next(item for item in _tasks(site, number))
    refused = site.api("cun").post(f"/api/v1/tasks/{posted}/complete", data={"data": {"statement": True}})
    assert refused.status in (404, 409, 422)
    village.go(f"/cases/{number}")
    assert "公示中" in village.text
    site.go_to(10, 0)
    assert village.steps_of(NAME) == ["公示结果上报"]
    site.go_to(10)
    village.finish(NAME, "公示结果上报", "notice_end")
    township.finish(NAME, "乡级审核", "township_review")
    site.go_to(11)
    county.finish(NAME, "县级审批", "county_approval")
    township.open_task(NAME, "结果公告")
    with township.page.context.expect_page() as opened:
        township.page.locator("a", has_text="打印公告").click()
    paper = opened.value.locator("article.paper").inner_text()
    assert "车村镇防返贫公告〔2022〕1号" in paper and NAME in paper and papers.HEAD_ID not in paper
    township.finish(NAME, "结果公告", "announcement")
    said = township.finish(NAME, "录入建档", "registration")
    assert "已纳入" in said
    county.open_case(NAME)
    assert "用时 11 天" in county.text and "边缘易致贫户" in county.text
    assert "预警" not in county.text and "曾超期" not in county.text
    county.go("/bell")
    assert "即将到期" not in county.text
    county.go(f"/cases/{number}/archive")
    assert all(part in county.text for part in ("入户核实", "民主评议", "公示", "公告", "4100000001"))


def _tasks(site: Site, case: int) -> list[int]:
    """Numbers near the case's tasks, for somebody who guesses addresses."""
    found: Any = site.api("cun").get(f"/api/v1/cases/{case}").json()
    return [task["id"] for task in found["tasks"]] or [1]


@pytest.mark.duty("R10", "R15")
def test_s02_objection_upheld_a_second_full_notice(site: Site, past: World) -> None:
    village, township, county = site.official("cun"), site.official("xiang"), site.official("xian")
    case = prepare(past)
    site.go_to(8)
    number = township.open_case(NAME)
    township.press("text=登记异议")
    township.fill({"raised_on": site.day(8).isoformat(), "matter": "家里买了车"})
    assert "公示不会结束" in township.submit()
    site.go_to(9)
    township.finish(
        NAME, "异议核查", "objection_finding", outcome="upheld_changed", finding="车已转让，另有一名成员漏报"
    )
    third = papers.member("王小红", "daughter", "41990120050611324", sex="female", labour="none")
    members = [*papers.verification(site.day(9))["members"], third]
    village.finish(NAME, "补充核实", "verification", members=members)
    past.finish(case, "appraise", "cun")
    past.finish(case, "post_notice", "cun")
    site.go_to(12, 23, 59)
    village.go(f"/cases/{number}")
    assert "公示中" in village.text and "已由新公示代替" in village.text
    assert "临期预警" not in village.text
    site.go_to(13, 0)
    village.go("/bell")
    assert "即将到期" in village.text
    site.go_to(14, 23, 59)
    assert village.steps_of(NAME) == []
    site.go_to(15, 0)
    assert village.steps_of(NAME) == ["公示结果上报"]
    assert county.steps_of(NAME) == []
    site.go_to(16, 0)
    assert county.steps_of(NAME) == ["超期说明"]
    county.finish(NAME, "超期说明", "supervision")
    site.go_to(16)
    past.finish(case, "end_notice", "cun")
    past.finish(case, "review", "xiang")
    site.go_to(17)
    site.official("xian2").open_task(NAME, "县级审批")  # who ran the matching does not approve (R12)
    assert "须由他人办理" in site.official("xian2").text
    item = site.official("xian2").page.url.partition("?")[0].rsplit("/", 1)[-1]
    approval = papers.paper("county_approval", site.day(17), "")
    refused = site.api("xian2").post(f"/api/v1/tasks/{item}/complete", data={"data": approval})
    assert refused.status == 403 and "须由他人办理" in refused.text()  # not by the API either
    county.finish(NAME, "县级审批", "county_approval")
    county.open_case(NAME)
    assert "用时 17 天" in county.text and "曾超期" in county.text and "超期说明" in county.text


@pytest.mark.duty("R10")
def test_s02_objection_dismissed_the_same_notice_goes_on(site: Site, past: World) -> None:
    village, township = site.official("cun"), site.official("xiang")
    prepare(past)
    site.go_to(8)
    village.open_case(NAME)
    village.press("text=登记异议")
    village.fill({"raised_on": site.day(8).isoformat(), "raised_by": "邻居", "matter": "家里有车"})
    village.submit()
    site.go_to(9)
    township.finish(NAME, "异议核查", "objection_finding")
    site.go_to(9, 23, 59)
    assert village.steps_of(NAME) == []
    site.go_to(10, 0)
    assert village.steps_of(NAME) == ["公示结果上报"]
    village.open_case(NAME)
    assert "不成立" in village.text


@pytest.mark.duty("R06", "R15")
def test_s03_three_clues_one_case(site: Site) -> None:
    village = site.official("cun")
    site.go_to(5)
    for channel, day in (("self_declaration", 3), ("department_warning", 1), ("cadre_check", 5)):
        said = village.enter_clue(NAME, channel=channel, discovered_on=site.day(day).isoformat())
        if channel != "self_declaration":
            assert f"这个证件号码已登记在{NAME}户" in village.said
            village.press("text=就是这一户")
            village.page.wait_for_load_state()
            said = village.said
            assert "已并入" in said
    village.open_case(NAME)
    assert village.page.locator("[data-clue]").count() == 3
    assert "2022年5月21日" in village.text  # day 1 + 15: the last day
    village.go("/started")
    assert village.page.locator("table.list tbody tr").count() == 1


@pytest.mark.duty("R11", "R12", "R15", "R41")
def test_s04_returned_twice_and_nothing_typed_again(site: Site, past: World) -> None:
    village, township, county = site.official("cun"), site.official("xiang"), site.official("xian")
    to_county(past, prepare(past))
    assert "已退回" in county.send_back(NAME, "县级审批", "乡级审核", "家庭成员不全")
    assert "已退回" in township.send_back(NAME, "乡级审核", "入户核实", "请补录女儿")
    village.open_task(NAME, "入户核实")
    assert "请补录女儿" in village.text
    assert village.page.input_value('[name="wage"]') == "10000"
    assert village.page.locator('[data-name="members"] > .rows > [data-row]').count() == 2
    village.page.click("[data-add]")
    row = papers.member("王小红", "daughter", "41990120050611324", sex="female", labour="none")
    village.fill(row, "members-2-")
    assert "已办结" in village.submit()
    village.open_case(NAME)
    history = village.page.locator(".timeline").inner_text()
    assert "“县级审批”退回至“乡级审核”" in history and "家庭成员不全" in history and "县甲" in history
    assert "“乡级审核”退回至“入户核实”" in history and "请补录女儿" in history and "乡甲" in history
    assert "2022年5月20日" in village.text  # the limit is the one of day 0
    village.finish(NAME, "签订承诺授权书", "authorisation")
    assert village.steps_of(NAME) == ["民主评议"]  # the matching result on file is used again


@pytest.mark.duty("R16", "R17")
def test_s05_over_the_line_but_a_sudden_hardship(site: Site, past: World) -> None:
    township, county = site.official("xiang"), site.official("xian")
    hardship = {
        "wage": 18400,
        "business": 0,
        "medical": 86000,
        "education": 12000,
        "risks": ["illness", "schooling"],
    }
    to_township(past, past.enter(), **hardship)
    township.open_task(NAME, "乡级审核")
    assert "突发严重困难户" in township.text
    township.finish(NAME, "乡级审核", "township_review", category=None)
    county.finish(NAME, "县级审批", "county_approval", category=None)
    county.open_case(NAME)
    assert "监测对象（突发严重困难户）" in county.text


@pytest.mark.duty("R16")
def test_s06_a_household_lifted_without_policy_is_never_refused_for_its_type(site: Site, past: World) -> None:
    village, township, county = site.official("cun"), site.official("xiang"), site.official("xian")
    assert "开始办理" in village.enter_clue(
        NAME, household_type="lifted_without_policy", risks=["accident", "disability"]
    )
    members = [
        papers.member(health="disabled", labour="lost"),
        papers.member("李秀英", "spouse", papers.WIFE_ID, sex="female"),
    ]
    found = {"household_type": "lifted_without_policy", "risks": ["disability", "accident"], "medical": 40000}
    to_township(past, past.case(village.open_case(NAME)), members=members, **found)
    township.finish(NAME, "乡级审核", "township_review", category=None)
    county.finish(NAME, "县级审批", "county_approval", category=None)
    county.open_case(NAME)
    assert "监测对象（脱贫不稳定户）" in county.text and "脱贫不享受政策户" in county.text


@pytest.mark.duty("R08")
def test_s07_no_letter_no_matching(site: Site, past: World) -> None:
    village, township = site.official("cun"), site.official("xiang")
    past.finish(past.enter(channel="self_declaration"), "verify", "cun")
    village.open_task(NAME, "签订承诺授权书")
    village.fill({"signed": "no", "refusal_reason": "担心影响子女"})
    village.submit()
    number = village.open_case(NAME)
    assert township.steps_of(NAME) == ["未授权处理"]
    refused = site.api("xian2").post(
        f"/api/v1/cases/{number}/messages", data={"name": "matching_result", "data": {"effect": "none"}}
    )
    assert refused.status == 409  # nothing waits for a result
    township.finish(NAME, "未授权处理", "unauthorised")
    village.open_case(NAME)
    assert "未授权" in village.text and "担心影响子女" in village.page.locator("main").text_content()
    assert "比对结果" not in village.page.locator(".panel h2").all_inner_texts()
    assert site.official("xian2").steps_of(NAME) == []


@pytest.mark.duty("R09")
def test_s08_a_result_on_file_is_shown_with_its_date(site: Site, past: World) -> None:
    village, township, county = site.official("cun"), site.official("xiang"), site.official("xian2")
    case = past.enter(household_type="allowance")
    past.finish(case, "verify", "cun", household_type="allowance")
    past.finish(case, "sign", "cun")
    past.finish(case, "submit_batch", "xiang")
    past.finish(case, "run_matching", "xian2")
    village.finish(NAME, "民主评议", "appraisal", result="not_agreed", reason="暂无风险")
    township.finish(NAME, "复核评议结果", "exclusion_review")
    site.go_to(21)
    village.go(f"/households?q={NAME}")
    village.press(village.page.locator("table.list .subject a"))
    village.press("text=录入线索")
    village.fill(
        {"channel": "cadre_check", "discovered_on": site.day(21).isoformat(), "description": "妻子又住院"}
    )
    assert "开始办理" in village.submit()
    village.finish(NAME, "入户核实", "verification", household_type="allowance")
    village.finish(NAME, "签订承诺授权书", "authorisation")
    assert village.steps_of(NAME) == ["民主评议"]
    township.finish(NAME, "引用已有比对结果", "matching_reuse")
    assert township.steps_of(NAME) == [] and county.steps_of(NAME) == []
    village.open_case(NAME)
    assert "引用 2022年5月5日 的比对结果：无异常" in village.text


@pytest.mark.duty("R09", "R12")
def test_s09_a_late_result_with_a_finding(site: Site, past: World) -> None:
    county = site.official("xian")
    case = prepare(past, matched=False)
    site.go_to(6)
    finding = [{"source": "公安", "finding": "小型汽车", "amount": 150000}]
    site.official("xian2").finish(
        NAME, "组织信息比对", "matching_result", effect="to_verify", findings=finding
    )
    row = {"member": "全户", "finding": "公安，小型汽车，150000 元", "belongs": "yes", "explanation": "借名"}
    past.finish(case, "check_findings", "cun", rows=[row])
    to_county(past, case)
    county.open_task(NAME, "县级审批")
    assert "小型汽车" in county.text and "150000" in county.text
    county.fill({"outcome": "approve", "category": "marginal"})
    county.submit()
    assert "比对情况说明：请填写。" in county.text
    number = county.page.url.partition("?")[0].rsplit("/", 1)[-1]
    answer = site.api("xian").post(
        f"/api/v1/tasks/{number}/complete", data={"data": {"outcome": "approve", "category": "marginal"}}
    )
    assert answer.status == 422 and "explanation" in answer.json()["fields"]
    county.fill({"explanation": "车辆为他人借名登记，已出具证明"})
    assert "“县级审批”已办结" in county.submit()
