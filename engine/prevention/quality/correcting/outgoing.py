"""The findings as an Excel file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.organisation.privacy import masked_text
from engine.casework.portions.outgoing.lists import day
from engine.casework.portions.outgoing.sending import Asked, Outgoing
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.quality.correcting import lists
from engine.prevention.quality.correcting.lists import FindingFilter
from engine.prevention.quality.findings import SEVERITIES, SOURCES


def _findings(asked: Asked) -> Iterator[Sequence[Cell]]:
    given = asked.given
    wanted = FindingFilter(
        state=given.get("state", "open"),
        rule=given.get("rule", "")[:60],
        division=given.get("division", "")[:12],
        severity=given.get("severity", "")[:12],
    )
    title = lists.titles(asked.session)
    for one in whole(lambda page: lists.listing(asked.session, asked.actor, wanted, page).items):
        yield [
            one.household.head_name,
            one.household.number,
            one.household.division.path,
            title(one.rule),
            masked_text(one.sentence),
            SEVERITIES.get(one.severity, one.severity),
            SOURCES.get(one.source, one.source),
            lists.STATUS.get(one.status, one.status),
            day(one.found_on),
        ]


KIT = Kit(
    outgoing={
        "findings": Outgoing(
            "问题数据", "户主 户编号 所在村 规则 查出的问题 程度 来源 状态 查出日期".split(), _findings
        )
    }
)
