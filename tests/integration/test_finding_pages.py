"""The pages of what was found wrong: lists in one's reach, a household's own, counts by place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from engine.casework.portions.outgoing import sending
from engine.prevention.quality.correcting import lists
from engine.prevention.quality.correcting.lists import FindingFilter
from tests.integration.test_correcting import answer, asked, equal_income, lifted, other, report
from tests.support import papers, sheets
from tests.support.client import application, signed_in
from tests.support.template import OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World


@pytest.fixture
def callers(small_world: World) -> Iterator[dict[str, FlaskClient]]:
    """The village, the township, and a village beside."""
    app = application(small_world)
    names = ("cun", "xiang", "lin", "ducha")
    yield {name: signed_in(app, small_world.official(name)) for name in names}


@pytest.mark.duty("R34", "R35")
def test_each_sees_what_was_found_in_its_reach(small_world: World, callers: dict[str, FlaskClient]) -> None:
    world, house = small_world, lifted(small_world)
    case = asked(world, equal_income(house), other(house))
    page = callers["cun"].get("/findings").text
    assert "2 项" in page and "2019、2020、2021 年人均纯收入都是 12000 元" in page
    assert "没有符合条件" in callers["lin"].get("/findings").text
    assert callers["lin"].get("/findings/1").status_code == 404
    answer(world, case, papers.justified(), papers.corrected(""))
    assert "没有符合条件" in callers["xiang"].get("/findings?state=asked").text
    page = callers["xiang"].get("/findings?state=answered&rule=phone_missing").text
    assert "1 项" in page and "没有联系电话" in page
    page = callers["xiang"].get("/findings/2").text
    assert "原为“12000”，现为“12350”" in page and "村甲" in page
    body, _ = sending.written(
        world.session, world.official("xiang"), "findings", {"state": "answered"}, world.clock
    )
    rows = [row for row in sheets.rows(body) if row[0] == "王大山"]
    assert [row[10] for row in rows] == [
        "已更正：原为12000，现为12350",
        "数据没有错，不需要更正：三年都是低保金，确实相同",
    ]
    page = callers["ducha"].get(f"/households/{house.id}").text
    assert "问题数据（2 项）" in page and "已更正，待乡级确认" in page


@pytest.mark.duty("R02", "R34")
def test_who_watches_counts_by_place_and_gets_no_rank(small_world: World) -> None:
    world, here = small_world, lifted(small_world)
    there = lifted(world, "李二河")
    report(world, 1, equal_income(here), other(here), equal_income(there))
    world.hand_over(there.id, OTHER_VILLAGE, receiver="xiang2")
    township = world.official("xiang")
    found = {one.code: one.asked for one in lists.counts(world.session, township, TOWNSHIP)}
    assert found == {VILLAGE: 2, OTHER_VILLAGE: 1}
    page = lists.listing(world.session, township, FindingFilter(division=OTHER_VILLAGE))
    assert [one.household_id for one in page.items] == [there.id]
    rules = lists.rules(world.session, township)
    assert rules["income_equal"][1] == 2 and list(rules) == ["income_equal", "phone_missing"]
