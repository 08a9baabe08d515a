"""What was found wrong, as an Excel file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.organisation import divisions
from engine.casework.organisation.privacy import masked_text
from engine.casework.portions.outgoing.lists import day
from engine.casework.portions.outgoing.sending import Asked, Given, Outgoing, portions
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.quality.correcting import lists
from engine.prevention.quality.correcting.lists import FindingFilter
from engine.prevention.quality.correcting.services import answer_text
from engine.prevention.quality.findings import SEVERITIES, SOURCES


def wanted(given: Given) -> FindingFilter:
    """The filter of 问题数据 as its address names it."""
    return FindingFilter(
        state=given.get("state", "open"),
        rule=given.get("rule", "")[:60],
        division=given.get("division", "")[:12],
        severity=given.get("severity", "")[:12],
    )


def _findings(asked: Asked) -> Iterator[Sequence[Cell]]:
    found, title = wanted(asked.given), lists.titles(asked.session, asked.actor)
    for some in portions(whole(lambda page: lists.listing(asked.session, asked.actor, found, page).items)):
        people = lists.people(asked.session, (row.answered_by for row in some))
        paths = divisions.paths(asked.session, {row.village_code for row in some})
        for row in some:
            yield [
                row.household.head_name,
                row.household.number,
                paths.get(row.village_code, ""),
                title(row.rule),
                masked_text(row.sentence),
                SEVERITIES.get(row.severity, row.severity),
                SOURCES.get(row.source, row.source),
                day(row.found_on),
                lists.state_of(row),
                row.times,
                answer_text(row),
                people.get(row.answered_by or 0, ""),
                day(row.confirmed_at),
                day(row.closed_on),
            ]


_HEADS = "户主 户编号 所在村 规则 查出的问题 轻重 来源 查出日期 状态 第几次整改 村级的整改 整改人 确认日期 销号日期"
KIT = Kit(outgoing={"findings": Outgoing("问题数据", _HEADS.split(), _findings)})
