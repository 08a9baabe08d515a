"""R01: a year begins with a line that two people set, and whoever decides reads it beside the income."""

from __future__ import annotations

from datetime import date

import pytest

from engine.ground.clock import local_date
from tests.support.browser import Site
from tests.support.template import START
from tests.support.world import World


def day_of(day: date) -> int:
    """Which day of the story it is."""
    return (day - local_date(START)).days


@pytest.mark.duty("R01", "R16")
def test_a_year_begins_with_a_line_that_two_people_set(past: World, site: Site) -> None:
    past.go_to(day_of(date(2022, 12, 21)))
    case = past.enter()
    past.finish(case, "verify", "cun")
    past.finish(case, "sign", "cun")
    past.finish(case, "submit_batch", "xiang")
    past.finish(case, "run_matching", "xian2")
    past.session.commit()

    asker = site.official("sheng")
    asker.go("/more")
    assert "2023 年的监测范围还没有设定" in asker.said
    asker.press("[data-banner] >> text=去设定")
    asker.page.fill("#amount", "5,900元")
    asker.page.fill("#effective_from", "2023年1月1日")
    asker.page.fill("#document", "豫乡振局文件")
    asker.page.fill("#basis", "2022年全省农村居民人均可支配收入增长5.8%")
    asker.press("main form .btn-primary")
    assert "要有号数" in asker.text and asker.page.input_value("#amount") == "5,900元"
    asker.page.fill("#document", "豫乡振〔2022〕28号")
    asker.press("main form .btn-primary")
    assert "由第二人确认后生效" in asker.said
    assert asker.page.locator("button >> text=确认").count() == 0
    assert asker.page.locator("[data-total]").inner_text() == "1"
    assert asker.page.locator("[data-names] tbody tr").count() == 1
    address = asker.page.url.removeprefix(site.address)

    second = site.official("anquan")
    second.go(address)
    assert "5,900 元" in second.text and second.page.locator("[data-names]").count() == 0
    second.press("button >> text=确认")
    assert "从起始日期起执行" in second.said
    asker.go("/more")
    assert "监测范围" not in asker.said

    past.go_to(day_of(date(2023, 1, 3)))
    past.finish(case, "appraise", "cun")
    past.finish(case, "post_notice", "cun")
    past.go_to(past.number + 6)
    past.finish(case, "end_notice", "cun")
    past.session.commit()
    reviewer = site.official("xiang")
    reviewer.open_task("王建国", "乡级审核")
    told = reviewer.text
    assert "人均纯收入6000元" in told and "监测范围5900元（2023年标准，按2023年1月3日评议之日）" in told
    reviewer.go(f"/cases/{case.id}")
    assert "5,900 元" in reviewer.page.locator("[data-line]").inner_text()
