"""The State Council's notice is read as it is published, and as tables have it."""

from __future__ import annotations

from datetime import date

import pytest

from engine.casework.organisation.calendar import days_off
from engine.casework.organisation.calendar.days_off import Day

NOTICE = """一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
节假日期间，各地区、各部门要妥善安排好值班和安全、保卫等工作。"""
"""国办发明电〔2025〕7号, for 2026."""


def test_the_notice_is_read_as_it_is_published() -> None:
    days, faults = days_off.pasted(NOTICE, 2026)
    assert faults == [] and len([one for one in days if not one.working]) == 33
    worked = [(one.day.month, one.day.day) for one in days if one.working]
    assert worked == [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]
    assert Day(date(2026, 10, 7), False, "国庆节") in days
    assert all(one.name for one in days)


@pytest.mark.parametrize(
    ("line", "first", "count"),
    [
        ("2027-01-01\t休\t元旦", Day(date(2027, 1, 1), False, "元旦"), 1),
        ("2027-02-15~2027-02-23 放假 春节", Day(date(2027, 2, 15), False, "春节"), 9),
        ("２０２７年２月１５日至２３日放假", Day(date(2027, 2, 15), False), 9),
        ("2027/1/3 班", Day(date(2027, 1, 3), True, "调休上班"), 1),
        ("2月28日至3月2日 休", Day(date(2027, 2, 28), False), 3),
        ("元旦：2026年12月31日至2027年1月2日放假", Day(date(2026, 12, 31), False, "元旦"), 3),
    ],
)
def test_a_line_is_read_however_it_is_written(line: str, first: Day, count: int) -> None:
    days, faults = days_off.pasted(line, 2027)
    assert (days[0], len(days), faults) == (first, count, [])


@pytest.mark.parametrize(
    "line",
    [
        "1月1日",
        "2月30日放假",
        "1月1日至3日放假，2月30日上班",
        "12月31日至1月2日放假",
        "2027-01-01 调休",
        "1月1日放假，13月1日上班",
        "5月放假",
    ],
)
def test_a_line_that_says_no_days_is_named(line: str) -> None:
    faults = days_off.pasted(line, 2027)[1]
    assert len(faults) == 1 and faults[0].startswith("第 1 行")


def test_a_table_is_read_by_its_headings() -> None:
    body = "名称,日期,安排\n元旦,2027年1月1日,休\n,2027-01-03,班\n,没有,休\n".encode()
    days, faults = days_off.sheet(body, "节假日.csv", 2027)
    assert days == [Day(date(2027, 1, 1), False, "元旦"), Day(date(2027, 1, 3), True)]
    assert faults == ["第 4 行：要有日期和“休”或“班”。"]
