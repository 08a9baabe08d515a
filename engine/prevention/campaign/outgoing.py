"""The lists of reports and of townships' years as Excel files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.organisation import divisions
from engine.casework.portions.outgoing.lists import day
from engine.casework.portions.outgoing.sending import Asked, Outgoing
from engine.ground import text
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.campaign import module_lists
from engine.prevention.campaign.reports import lists

Rows = Iterator[Sequence[Cell]]
MOST_YEAR = 2100


def _reports(asked: Asked) -> Rows:
    names = divisions.names
    for one in whole(lambda page: lists.search(asked.session, asked.actor, page).items):
        place = names(asked.session, [one.village_code]).get(one.village_code, "")
        days = (day(one.starts_on), day(one.ends_on), day(one.due_on), day(one.received_on))
        yield [one.name, place, *days, one.receipt]


def _modules(asked: Asked) -> Rows:
    year = text.whole(asked.given.get("year") or None, MOST_YEAR) or 0
    wanted = module_lists.Wanted(asked.given.get("county", ""), year)
    for row in whole(lambda page: module_lists.search(asked.session, asked.actor, wanted, page)[1]):
        module = row.module
        yield [row.place, module.year, day(module.due_on), row.step, day(module.agreed_on)]


KIT = Kit(
    outgoing={
        "reports": Outgoing(
            "总结报告", "报告 地方 开始日期 结束日期 报送日期 收文日期 收文号".split(), _reports
        ),
        "modules": Outgoing("乡镇监测模块", "乡镇（街道） 年度 填报日期 正在办理 审核日期".split(), _modules),
    }
)
