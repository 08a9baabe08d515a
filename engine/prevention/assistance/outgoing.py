"""The lists of assistance as Excel files: measures, officials with their load, households without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.portions.outgoing.lists import day, typed
from engine.casework.portions.outgoing.sending import Asked, Outgoing
from engine.ground.clock import local_date
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.assistance import measures, officials
from engine.prevention.models import Measure
from engine.prevention.register.naming import CATEGORY_NAMES

Rows = Iterator[Sequence[Cell]]


def _measures(asked: Asked) -> Rows:
    words, today = measures.words(asked.session), local_date(asked.now)
    status, head = asked.given.get("status", ""), typed(asked.given)

    def page(number: int) -> Sequence[Measure]:
        return measures.listing(
            asked.session, asked.actor, asked.now, status=status, text=head, page=number
        ).items

    for one in whole(page):
        yield [
            one.household.head_name,
            one.household.division.path,
            words["type"].get(one.type, one.type),
            one.content,
            one.unit,
            day(one.ends_on),
            "已逾期" if measures.is_late(one, today) else measures.STATUS_NAMES.get(one.status, ""),
        ]


def _loads(asked: Asked) -> Rows:
    text = typed(asked.given)
    for one in whole(lambda page: officials.loads(asked.session, asked.actor, text, page).items):
        yield [one.name, one.unit, one.post, one.phone, one.households, one.in_reach]


def _without(asked: Asked) -> Rows:
    for one in whole(lambda page: officials.without(asked.session, asked.actor, page).items):
        category = CATEGORY_NAMES.get(one.category, "")
        yield [one.head_name, one.division.path, category, day(one.monitored_on)]


KIT = Kit(
    outgoing={
        "measures": Outgoing("帮扶措施", "户主 所在村 措施 内容 责任单位 期限 落实".split(), _measures),
        "officials": Outgoing("帮扶责任人", "姓名 单位 职务 电话 联系户数 本地户数".split(), _loads),
        "unassigned": Outgoing("还没有帮扶责任人的户", "户主 所在村 类别 纳入日期".split(), _without),
    }
)
