"""Hazards, their households to look into, and the areas to watch as Excel files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.organisation import divisions
from engine.casework.portions.outgoing.lists import day
from engine.casework.portions.outgoing.sending import Asked, Outgoing, portions
from engine.ground import text
from engine.ground.errors import NotFound
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.hazards import hazards, raising, working
from engine.prevention.hazards.watch import labels, lists

Rows = Iterator[Sequence[Cell]]


def _hazards(asked: Asked) -> Rows:
    given, words = asked.given, hazards.words(asked.session)
    found = whole(
        lambda page: (
            hazards.listing(
                asked.session,
                asked.actor,
                status=given.get("status", ""),
                kind=given.get("kind", ""),
                typed=given.get("q", ""),
                page=page,
            ).items
        )
    )
    for one in found:
        codes = [area.division_code for area in one.areas]
        places = "、".join(divisions.paths(asked.session, codes).values())
        kind = words["kind"].get(one.kind, one.kind)
        said = [one.households, one.people, one.in_area, one.people_in_area]
        when = [day(one.from_on), day(one.until_on)]
        status = hazards.STATUS_NAMES[one.status]
        yield [one.name, kind, status, *when, one.reporter, places, *said, one.result, day(one.closed_on)]


def _households(asked: Asked) -> Rows:
    hazard_id = text.whole(asked.given.get("hazard_id"))
    if hazard_id is None:
        raise NotFound("没有找到这次风险。")
    hazard = hazards.view(asked.session, asked.actor, hazard_id)
    found = whole(lambda page: raising.households_of(asked.session, asked.actor, hazard, page).items)
    for part in portions(found):
        paths = divisions.paths(asked.session, {household.village_code for _, household, _, _ in part})
        for entry, household, status, outcome in part:
            stands = "" if status is None else "办理中" if status == "open" else outcome or "已结束"
            who = [household.group_name, household.head_name, household.address]
            state = working.STATE_NAMES[entry.status]
            yield [paths.get(household.village_code, ""), *who, state, stands, "", "", ""]


def _watched(asked: Asked) -> Rows:
    lists.require(asked.actor)
    weeks = lists.weeks(asked.session)
    typed = text.day(asked.given.get("week"))
    week = typed if typed in weeks else weeks[0] if weeks else None
    if week is None:
        return
    kind = asked.given.get("kind", "")
    found = whole(lambda page: lists.listing(asked.session, asked.actor, week, kind, page).items)
    for part in portions(found):
        paths = divisions.paths(asked.session, {one.division_code for one in part})
        for one in part:
            place = paths.get(one.division_code, one.division_code)
            parameter = "人工标注" if one.by_hand else one.parameter
            yield [place, labels.KINDS[one.kind], one.reason, parameter, day(one.week)]


def _labels(asked: Asked) -> Rows:
    lists.require(asked.actor)
    found = whole(lambda page: labels.listing(asked.session, asked.actor, page).items)
    for part in portions(found):
        paths = divisions.paths(asked.session, {one.division_code for one in part})
        for one in part:
            setter = one.setter.name if one.setter is not None else ""
            place = paths.get(one.division_code, one.division_code)
            yield [place, labels.NAMES[one.kind], one.reason, day(one.since), setter]


KIT = Kit(
    outgoing={
        "hazards": Outgoing(
            "规模性风险",
            "名称 种类 状态 开始 结束 报告人 波及 报告户数 报告人数 登记户数 登记人数 结果 销号".split(),
            _hazards,
        ),
        "hazard_households": Outgoing(
            "风险核查名单",
            "村 村民小组 户主 住址 线索 办理 核查情况 核查人 核查日期".split(),
            _households,
        ),
        "watch": Outgoing("重点关注区域", "地方 种类 依据 参数 哪一周".split(), _watched),
        "area_labels": Outgoing("区域标注", "地方 标注 理由 认定日期 标注人".split(), _labels),
    }
)
