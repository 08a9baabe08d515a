"""督办 as its page shows it (C6): every figure leads to what it counts,
the Excel file holds what the page shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from engine.casework import acts
from engine.casework.models import CaseFile, Timer, WorkItem
from tests.support import sheets
from tests.support.client import application, signed_in
from tests.support.template import COUNTY, OTHER_VILLAGE, VILLAGE
from tests.support.world import World

FIGURE = re.compile(r'<a class="n n-\w+" href="([^"]+)">([\d,]+)</a>')
ROW = re.compile(r'<tr data-case="(\d+)">')
PEOPLE = (
    ("李春生", "419901197003030053"),
    ("赵秋菊", "419901196812120041"),
    ("孙有福", "419901195509090019"),
)
FILTERS = (
    "",
    "lamp=red",
    "lamp=press",
    "over=3",
    "step=identification:verify",
    "step=identification:sign",
    "limit=identification:",
    "limit=identification:limit_15",
    "holder=village",
    "holder=township",
    "holder=unclaimed",
    "holder=nobody",
    "q=李",
    "q=村",
    f"division={VILLAGE}",
    f"division={OTHER_VILLAGE}&lamp=green",
    "holder=village&q=李&lamp=red",
    "over=5&holder=nobody",
    "limit=identification:limit_15&step=identification:verify",
)


@pytest.fixture
def client(small_world: World) -> FlaskClient:
    """The supervisor, over cases that are late, nearly so and neither, with different holders."""
    world = small_world
    waiting = world.enter()
    claimed = enter(world, 0)
    acts.claim(
        world.session, world.official("lin"), world.open_items(claimed)["verify"].id, clock=world.clock
    )
    world.go_to(world.number + 6)
    world.finish(enter(world, 1), "verify", "lin")
    world.go_to(world.number + 7)
    enter(world, 2)
    world.go_to(world.number + 6)
    world.to_notice(waiting)
    world.session.commit()
    return signed_in(application(world), world.official("ducha"))


def enter(world: World, number: int) -> CaseFile:
    """A case in the other village."""
    name, id_number = PEOPLE[number]
    return world.enter("lin", village_code=OTHER_VILLAGE, head_name=name, id_number=id_number)


def page(client: FlaskClient, address: str) -> str:
    """The page at an address."""
    answer = client.get(address.partition("#")[0])
    assert answer.status_code == 200, address
    return answer.text


def listed(client: FlaskClient, address: str) -> int:
    """How many limits the list at an address shows on its one page."""
    return len(ROW.findall(page(client, address)))


def figures(text: str) -> Iterator[tuple[str, int]]:
    """The address and count of each figure in the page's tables."""
    for address, count in FIGURE.findall(text):
        yield unescape(address), int(count.replace(",", ""))


@pytest.mark.duty("C6")
def test_every_figure_leads_to_as_many_cases_as_it_says(client: FlaskClient) -> None:
    for narrowed in FILTERS:
        _follow_figures(client, narrowed)


def _follow_figures(client: FlaskClient, narrowed: str) -> None:
    text = page(client, f"/supervision?{narrowed}")
    found = list(figures(text))
    for address, count in found:
        assert listed(client, address) == count, (narrowed, address)
    counts = client.get(f"/supervision/counts.json?{narrowed}").json["counts"]
    shown = {
        lamp: int(count) for lamp, count in re.findall(r'data-lamp="(\w+)" data-count="\w+">(\d+)<', text)
    }
    assert counts == shown
    if not narrowed:
        assert sum(shown.values()) == 4 and found


@pytest.mark.duty("C6")
def test_a_place_counts_what_is_its_own_beside_what_lies_below(small_world: World) -> None:
    world = small_world
    case = world.enter()
    for table in (Timer, WorkItem):  # as a report of the county: no village's
        world.session.execute(update(table).where(table.case_id == case.id).values(village_code=COUNTY))
    world.session.commit()
    client = signed_in(application(world), world.official("ducha"))
    text = page(client, "/supervision")
    own = text.partition(f'<tr data-place="{COUNTY}">')[2].partition("</tr>")[0]
    assert "本级" in own and "<a" not in own, "it would lead to all that lies below too"
    _follow_figures(client, "division=")
    assert "本级" in page(client, "/statistics").partition("按区划代码排列")[0]


@pytest.mark.duty("C6")
def test_the_excel_file_holds_what_the_page_shows_in_its_order(client: FlaskClient) -> None:
    for narrowed in (*FILTERS, *(f"sort={one}" for one in ("late", "step", "holder", "place", "name"))):
        _compare_file(client, narrowed)


def _compare_file(client: FlaskClient, narrowed: str) -> None:
    text = page(client, f"/supervision?{narrowed}")
    heads = [unescape(one) for one in re.findall(r'<td class="subject"><a [^>]*>([^<]+)</a>', text)]
    body = client.get(f"/supervision/export.xlsx?{narrowed}").data
    head, *rows = sheets.rows(body)
    assert [row[head.index("户主或名称")] for row in rows] == heads
    lamps = re.findall(r'<td class="limit">\s*<span class="lamp lamp-\w+">(.*?)</span>', text)
    over = [int(match.group(1)) if (match := re.search(r"超期 (\d+) 天", one)) else "" for one in lamps]
    assert [row[head.index("超期天数")] for row in rows] == over
    about = dict(sheets.rows(body, 2))  # type: ignore[arg-type]
    chips = [
        unescape(one) for one in re.findall(r'<a class="chip"[^>]*>([^<]+)<', text.partition('id="list"')[2])
    ]
    assert about["条数"] == len(rows) and about["筛选"] == ("；".join(chips) or "没有筛选")


def test_each_filter_finds_what_it_names(client: FlaskClient) -> None:
    def names(query: str) -> set[str]:
        return set(
            re.findall(r'<td class="subject"><a [^>]*>([^<]+)</a>', page(client, f"/supervision?{query}"))
        )

    assert names("holder=nobody") == {"王建国"}
    assert names("step=identification:sign") == {"赵秋菊"}
    assert names("holder=unclaimed") == {"赵秋菊", "孙有福"}
    assert names("lamp=red") >= {"王建国", "李春生"}
    assert names("q=邻村") == {"李春生"}, "who has claimed it is found by name as well"
    assert names("q=%25") == names("holder=dog") == names("step=x:y") == names("lamp=blue") == set()
    assert names("over=999") == set() and names("over=-1") == names("over=abc") == names("")
    late = page(client, "/supervision?sort=late&lamp=green&holder=city")
    assert "没有符合条件的事项" in late and "去掉筛选" in late


@pytest.mark.duty("C6")
def test_a_supervisor_hands_several_over_each_within_its_desk(small_world: World) -> None:
    world = small_world
    first, second = world.enter(), enter(world, 0)
    ids = [world.open_items(case)["verify"].id for case in (first, second)]
    app = application(world)
    client = signed_in(app, world.official("ducha"))
    chosen = client.post("/supervision/desks", data={"id": f"{ids[0]},{ids[1]}"}).text
    assert f"to-village-{VILLAGE}" in chosen and f"to-village-{OTHER_VILLAGE}" in chosen
    colleague = world.official("cun2")
    nobody = client.post("/supervision/reassign", data={"id": ids, f"to-village-{VILLAGE}": ""})
    assert nobody.status_code == 422 and "请选择转给谁" in nobody.text
    done = client.post(
        "/supervision/reassign",
        data={"id": ids, f"to-village-{VILLAGE}": colleague.id},
        follow_redirects=True,
    )
    assert "已转办 1 件；1 件没有选择承办人，未动" in done.text
    assert world.open_items(first)["verify"].claimed_by == colleague.id
    assert world.open_items(second)["verify"].claimed_by is None
    # to nobody outside the desk's own division
    data = {"id": ids[1], f"to-village-{OTHER_VILLAGE}": colleague.id}
    refused = client.post("/supervision/reassign", data=data)
    assert refused.status_code == 422 and "只能转给同一待办的在岗人员" in refused.text
    for stranger in ("xian", "waixian", "cun"):
        other = signed_in(app, world.official(stranger))
        assert other.post("/supervision/desks", data={"id": ids}).status_code == 403, stranger
        data = {"id": ids[0], f"to-village-{VILLAGE}": world.official("cun").id}
        assert other.post("/supervision/reassign", data=data).status_code == 403, stranger
    assert world.open_items(first)["verify"].claimed_by == colleague.id
    assert world.open_items(second)["verify"].claimed_by is None
    many = client.post("/supervision/desks", data={"id": ",".join(str(one) for one in range(1, 300))})
    assert many.status_code == 422 and "一次最多转办" in many.text
    world.assert_replays(first.id)
