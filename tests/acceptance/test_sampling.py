"""R39: the province draws households, visits them, and what is wrong goes back to the village."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.prevention.models import Finding, Sample
from engine.prevention.quality.sampling.drawing import order_of
from tests.support.browser import Site
from tests.support.world import World

NAMES = ("王建国", "李秀英", "张有田", "赵玉梅", "陈保山")


@pytest.mark.duty("R39")
def test_r39_the_province_draws_a_sample_that_anybody_can_draw_again(site: Site, past: World) -> None:
    houses = {past.enter(name=name).household.number: name for name in NAMES}
    past.session.commit()
    province = site.official("sheng")
    page = province.page
    province.go("/more")
    page.locator("main a.tile[href='/samples']").click()
    # wrong first: what was typed stays
    page.fill("#name", "六月数据质量抽查")
    page.fill("#size", "0")
    province.press("main form.panel button")
    assert "每层抽多少户" in province.said and page.input_value("#name") == "六月数据质量抽查"
    page.fill("#size", "2")
    page.get_by_label("识别认定中").check()
    page.get_by_label("一般农户").check()
    page.get_by_label("监测状态").uncheck()
    province.press("main form.panel button")
    assert "种子已经固定" in province.said
    past.session.commit()
    sample = past.session.scalars(select(Sample)).one()
    # by hand, from what the page says: the same two households
    order = sorted(houses, key=lambda number: order_of(sample.seed, number))
    shown = page.locator("#list td.subject a").all_inner_texts()
    assert sorted(shown) == sorted(houses[number] for number in order[:2])
    page.locator("summary", has_text="怎样抽的").click()
    assert (
        sample.seed in province.text
        and sample.frame_sha256 in province.text
        and "与日志一致" in province.text
    )
    # more of the same order
    page.fill("input[name=size]", "3")
    province.press(page.get_by_role("button", name="扩大"))
    assert "原来抽中的不变" in province.said
    shown = page.locator("#list td.subject a").all_inner_texts()
    assert sorted(shown) == sorted(houses[number] for number in order[:3])
    province.press(page.locator("main a", has_text="打印嵩县的名单"))
    assert page.locator("tbody tr").count() == 3 and "核查情况" in province.text
    # at the door: the income is another
    province.go(f"/samples/{sample.id}")
    name = houses[order[0]]
    page.locator("#list td.subject a", has_text=name).click()
    page.get_by_label("有问题").check()
    page.fill("#checked_by", "省核查组 张三、李四")
    province.press("main form.panel button")
    assert "至少写明一个" in province.said and page.input_value("#checked_by") == "省核查组 张三、李四"
    page.get_by_label("第 1 个问题的种类").select_option(label="收入支出不实")
    page.get_by_label("第 1 个问题的情况").fill("登记 9000 元，实际 5000 元")
    province.press("main form.panel button")
    assert "问题已交村整改" in province.said and name not in page.locator("#list").inner_text()
    row = page.locator("tr[data-stratum]")
    assert row.locator("td.number").all_inner_texts() == ["5", "3", "2", "0", "1", "0"]
    # the village is asked about it; who is checked cannot see whom the province has drawn
    past.session.commit()
    found = past.session.scalars(select(Finding)).one()
    assert found.source == "sample" and found.sentence.endswith("登记 9000 元，实际 5000 元")
    site.go_to(1)
    village = site.official("cun")
    village.open_task(name, "逐项整改")
    assert "登记 9000 元，实际 5000 元" in village.page.locator("main").inner_html()
    assert site.official("xian").go(f"/samples/{sample.id}") == 404
    assert site.official("cun").go("/samples") == 403
