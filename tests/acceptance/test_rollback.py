"""S13, S14, T16, T18: rollback and clearance by officials of all five levels in a browser (R27–R29)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.casework.acts import openings
from engine.casework.models import CaseFile
from tests.support import papers, registers
from tests.support.browser import Official, Site
from tests.support.template import START
from tests.support.world import World

NAME = "王建国"
Put = Callable[..., int]


@pytest.fixture
def put(past: World) -> Put:
    """Puts a household into the register with the status that earlier procedures would have left;
    answers its number.
    """
    return lambda name, status: registers.household(past.session, START, name, status).id


def begun(past: World, household: int, who: str, procedure: str) -> CaseFile:
    """A rollback or clearance that an official proposes today."""
    data = papers.paper(f"{procedure}_proposal", past.today, "")
    return openings.open_by_hand(
        past.session, past.official(who), household, procedure, data, clock=past.clock
    )


def to_county(site: Site, name: str) -> None:
    """Rollback from the village's check to the county's approval: notice of five full days included.

    The members stay as the register has them.
    """
    village, township, county = site.official("cun"), site.official("xiang"), site.official("xian")
    village.finish(name, "入户核查", "rollback_check", members=None)
    village.finish(name, "民主评议", "appraisal")
    village.finish(name, "张贴公示", "notice")
    assert village.steps_of(name) == []
    site.go_to(6)
    village.finish(name, "公示结果上报", "notice_end")
    township.finish(name, "乡级审核", "township_review", category=None)
    county.finish(name, "县级审批", "county_approval", category=None)


def status_of(official: Official, name: str) -> str:
    """What the household's page says on top."""
    official.open_household(name)
    return official.page.locator(".page-head").inner_text()


@pytest.mark.duty("R26", "R27", "R28", "R19", "C1", "C2", "C4")
def test_s13_a_rollback_through_village_township_county_city_and_province(site: Site, put: Put) -> None:
    put(NAME, "eliminated")
    village, township, county = site.official("cun"), site.official("xiang"), site.official("xian2")
    city, province = site.official("shi"), site.official("sheng")
    village.start(NAME, "回头看")
    seen = {"wage": 10000, "income_stable": "no", "risk_stable": "no", "opinion": "unstable"}
    said = village.finish(
        NAME, "回头看核查", "look_back", members=None, note="务工收入中断，房屋漏雨", **seen
    )
    assert "转回退" in said
    to_county(site, NAME)
    assert "风险已消除" in status_of(village, NAME)
    county.open_task(NAME, "县级提出申请")
    assert "建议回退：人均纯收入在监测范围内" in county.text
    assert city.steps_of(NAME) == province.steps_of(NAME) == []
    county.finish(NAME, "县级提出申请", "county_application")
    assert "回退审批中" in status_of(village, NAME)
    assert city.steps_of(NAME) == ["市级审核"] and province.steps_of(NAME) == []
    city.go("/todo")
    assert "嵩县回退申请〔2022〕1号" in city.text
    city.finish(NAME, "市级审核", "city_review")
    assert province.steps_of(NAME) == ["省级汇总审核"]
    province.finish(NAME, "省级汇总审核", "province_review")
    # without the consent's number the province gets no further: not by the page, not by the API
    province.open_task(NAME, "登记国家局意见")
    province.fill({"outcome": "granted"})
    province.submit()
    assert "同意文号：请填写" in province.text and "同意日期：请填写" in province.text
    item = int(province.page.url.rsplit("/", 1)[1])
    answer = site.api("sheng").post(f"/api/v1/tasks/{item}/complete", data={"data": {"outcome": "granted"}})
    assert answer.status == 422 and "number" in answer.json()["fields"]
    early = {"executed_on": site.day(6).isoformat(), "executed_by": "甲", "receipt": "1"}
    site.api("sheng").post(f"/api/v1/tasks/{item}/complete", data={"data": early})
    assert province.steps_of(NAME) == ["登记国家局意见"]
    assert "风险已消除" in status_of(province, NAME) and "回退审批中" in status_of(province, NAME)
    province.finish(NAME, "登记国家局意见", "national_consent")
    assert "风险已消除" in status_of(county, NAME)
    province.open_task(NAME, "省级系统操作")
    assert "国开办备〔2022〕18号" in province.text
    province.finish(NAME, "省级系统操作", "execution")
    top = status_of(village, NAME)
    assert "监测对象" in top and "风险已消除" not in top
    assert "消除日期" not in village.text
    said = township.finish(NAME, "告知农户、更新档案", "result_told")
    assert "已回退" in said
    village.open_household(NAME)
    assert "帮扶" in village.page.locator(".life").inner_text() and "国开办备〔2022〕18号" in village.text
    village.open_case(NAME, "回退")
    for step in (
        "入户核查",
        "民主评议",
        "县级审批",
        "县级提出申请",
        "市级审核",
        "省级汇总审核",
        "省级系统操作",
    ):
        assert f"办结“{step}”" in village.text


@pytest.mark.duty("R28", "R29", "C4")
def test_s14_the_national_bureau_refuses_a_clearance(site: Site, put: Put) -> None:
    put("赵富贵", "monitored")
    name = "赵富贵"
    village, township, county, other = (site.official(u) for u in ("cun", "xiang", "xian", "xian2"))
    city, province = site.official("shi"), site.official("sheng")
    county.start(name, "清退", "clearance_proposal")
    village.finish(name, "村级核实", "clearance_check")
    township.finish(name, "乡级核实", "clearance_verification")
    township.finish(name, "告知农户并听取意见", "household_hearing")
    township.open_case(name, "清退")
    township.press("text=登记农户意见")
    township.fill({"answered_by": name, "opinion": "object", "content": "企业早已停业"})
    assert "已登记农户意见" in township.submit()
    county.open_task(name, "集体研究决定")
    assert "有不同意见：企业早已停业" in county.text
    other.finish(name, "集体研究决定", "clearance_decision")
    county.finish(name, "县级提出申请", "county_application")
    city.finish(name, "市级审核", "city_review")
    province.finish(name, "省级汇总审核", "province_review")
    province.finish(
        name,
        "登记国家局意见",
        "national_consent",
        outcome="refused",
        number=None,
        consented_on=None,
        reason="企业已停业，事实不清",
    )
    county.go("/bell")
    assert "国家局不同意：企业已停业，事实不清" in county.text
    county.open_task(name, "处理不同意意见")
    assert "国家局不同意：企业已停业，事实不清" in county.text
    said = county.finish(name, "处理不同意意见", "refusal_handling")
    assert "未同意清退" in said
    assert "监测对象" in status_of(village, name) and "赵富贵" in village.text and "李秀英" in village.text
    village.open_case(name, "清退")
    assert "未同意清退" in village.text and "事实不清" in village.text


@pytest.mark.duty("R28", "C2", "C4")
def test_t16_batches_with_a_return_and_refusals(site: Site, put: Put, past: World) -> None:
    names = ["甲建设", "乙建设", "丙建设", "丁建设"]
    cases = [begun(past, put(name, "eliminated"), "cun", "rollback") for name in names]
    for case in cases:
        for step in ("check_rollback", "appraise_rollback", "post_notice"):
            past.finish(case, step, "cun")
    past.go_to(6)
    for case in cases:
        for step, who in (("end_notice", "cun"), ("review", "xiang"), ("approve", "xian")):
            past.finish(case, step, who)
    county, city, province = site.official("xian2"), site.official("shi"), site.official("sheng")
    application = {"reason": "经逐级核实，情况属实，申请回退。"}
    assert "办结 4 件" in county.decide_all("县级提出申请", application)
    first, second = "嵩县回退申请〔2022〕1号", "河南省回退汇总〔2022〕1号"
    city.finish(names[0], "市级审核", "city_review", outcome="refuse", reason="收入核算有误")
    city.send_back(names[1], "市级审核", "县级提出申请", "缺评议照片")
    county.open_task(names[1], "县级提出申请")
    assert "缺评议照片" in county.text
    county.finish(names[1], "县级提出申请", "county_application")
    again = "嵩县回退申请〔2022〕2号"  # the list that went up stays as it was
    for number, count in ((first, 2), (again, 1)):
        assert f"办结 {count} 件" in city.decide_all("市级审核", {"outcome": "agree"}, number)
    for number, count in ((first, 2), (again, 1)):
        assert f"办结 {count} 件" in province.decide_all("省级汇总审核", {"outcome": "agree"}, number)
    refusal = {"outcome": "refused", "number": None, "consented_on": None, "reason": "佐证不足"}
    province.finish(names[3], "登记国家局意见", "national_consent", **refusal)
    consent = {
        "outcome": "granted",
        "number": "国开办备〔2022〕18号",
        "consented_on": site.day(6).isoformat(),
    }
    assert "办结 2 件" in province.decide_all("登记国家局意见", consent, second)
    done = {"executed_on": site.day(6).isoformat(), "executed_by": "省级操作员", "receipt": "HZ1"}
    assert "办结 2 件" in province.decide_all("省级系统操作", done, second)
    for name in (names[0], names[3]):
        county.finish(name, "处理不同意意见", "refusal_handling")
        assert "风险已消除" in status_of(county, name)
    for name in names[1:3]:
        assert "监测对象" in status_of(county, name)
    county.go("/batches")
    lines = county.page.locator("table.list tbody tr").all_inner_texts()
    numbers = {line.split()[0]: line.split()[-4:] for line in lines}
    assert numbers[first][:1] == ["4"] and numbers[again] == ["1", "1", "0", "0"]
    county.press(f"text={first}")
    assert "市级不同意：收入核算有误" in county.text and "国家局同意：国开办备〔2022〕18号" in county.text
    county.press("text=名单（可打印）")
    paper = county.page.locator("article.paper").inner_text()
    assert first in paper and all(name in paper for name in names)
    assert "回退申请名单" in paper and "共4户" in paper and "盖章处" in paper and "419901" not in paper
    assert second not in county.text
    province.go("/batches")
    assert first in province.text and second in province.text
    assert site.official("cun").go("/batches") == 403


@pytest.mark.duty("R28", "R29")
def test_t18_the_province_refuses_and_only_new_evidence_applies_again(
    site: Site, put: Put, past: World
) -> None:
    name = "钱有余"
    village, county, other = (site.official(u) for u in ("cun", "xian", "xian2"))
    case = begun(past, put(name, "monitored"), "xian", "clearance")
    for step, who in (("check_clearance", "cun"), ("verify_clearance", "xiang"), ("hear_household", "xiang")):
        past.finish(case, step, who)
    site.go_to(5, 23, 59)
    assert other.steps_of(name) == []
    site.go_to(6, 0)  # five full days without an answer
    assert other.steps_of(name) == ["集体研究决定"]
    for step, who in (("decide_clearance", "xian2"), ("county_applies", "xian"), ("city_reviews", "shi")):
        past.finish(case, step, who)
    site.official("sheng").finish(
        name, "省级汇总审核", "province_review", outcome="refuse", reason="企业已停业，事实不清"
    )
    county.open_task(name, "处理不同意意见")
    county.fill({"outcome": "again"})
    county.submit()
    assert "新证据材料：请上传" in county.text
    assert site.official("shi").steps_of(name) == []
    county.finish(name, "处理不同意意见", "refusal_handling")
    assert "监测对象" in status_of(village, name)
    village.open_case(name, "清退")
    assert "未同意清退" in village.text and "省级不同意：企业已停业，事实不清" in village.text
