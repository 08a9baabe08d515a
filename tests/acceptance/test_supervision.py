"""C6: a red lamp appears as time passes, is urged, explained and resolved; figures lead to the case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.casework.models import LogEntry
from engine.casework.supervision.figures import tally
from engine.ground.clock import MovableClock, local_date
from tests.support.browser import Official, Site
from tests.support.template import TOWNSHIP, VILLAGE
from tests.support.world import World

NAME = "王建国"


def lamp(supervisor: Official, colour: str) -> int:
    """How many limits the supervisor's page shows under a lamp."""
    supervisor.go("/supervision")
    return int(supervisor.page.locator(f'[data-lamp="{colour}"]').inner_text())


def recounted(world: World) -> dict[str, int]:
    """What the supervisor's pages should say, from the lines of the log
    alone and with none of the product's counting.
    """
    world.session.commit()
    lines = list(
        world.session.scalars(
            select(LogEntry).where(LogEntry.stream.startswith("case:")).order_by(LogEntry.id)
        )
    )
    ended = {line.stream: line.at for line in lines if "approval_given" in line.data.get("e", ())}  # ends
    begun = {line.stream: line.at for line in lines if line.kind == "start"}
    days = {stream: (local_date(at) - local_date(begun[stream])).days for stream, at in ended.items()}
    return {
        "concluded": len(ended),
        "late": sum(many > 15 for many in days.values()),  # R15: fifteen days
        "passed": sum(line.kind == "timer" and line.element_id == "limit_15" for line in lines),
        "urged": sum(line.kind == "urge" for line in lines),
        "orders": sum(line.kind == "order" for line in lines),
        "accepted": sum(line.kind == "order_accepted" for line in lines),
    }


@pytest.mark.duty("C6", "R15")
def test_a_red_lamp_is_urged_explained_and_resolved(site: Site, sqlite_url: str, clock: MovableClock) -> None:
    village, supervisor = site.official("cun"), site.official("ducha")
    village.enter_clue(NAME)
    assert (lamp(supervisor, "green"), lamp(supervisor, "red")) == (1, 0)
    site.go_to(13)
    assert lamp(supervisor, "yellow") == 1
    site.go_to(17)
    assert lamp(supervisor, "red") == 1
    # the figures lead from the county to the village and to the case
    supervisor.press(f'[data-place="{TOWNSHIP}"] th a')
    supervisor.press(f'[data-place="{VILLAGE}"] th a')
    assert "超期 2 天" in supervisor.text and "入户核实" in supervisor.text
    # urged, once a day
    supervisor.page.check("tbody input[name=id]")
    supervisor.page.fill("input[name=text]", "请今天入户。")
    supervisor.press("[data-bulk]")
    assert "已催办 1 件" in supervisor.said
    supervisor.page.check("tbody input[name=id]")
    supervisor.press("[data-bulk]")
    assert "明天可以再催" in supervisor.said
    village.go("/todo")
    assert "被催办1次" in village.page.locator(".urged-items").inner_text()
    village.go("/bell")
    assert "请今天入户。" in village.text
    # explained
    supervisor.press("td.act a")
    supervisor.page.fill("#answer_by", site.day(18).isoformat())
    supervisor.press("main .buttons .btn-primary")
    assert "已下达督办单" in supervisor.said
    order = supervisor.page.url.removeprefix(site.address)
    village.go("/todo")
    village.press(".bulkbar.urgent")
    village.press("td.subject a")
    village.fill({"cause": "农户外出务工。", "measure": "已约定今晚入户。"})
    village.fill({"promised_on": (site.day(17) + timedelta(days=1)).isoformat()})
    village.press("form[data-live] .buttons .btn-primary")
    assert "已答复" in village.said
    supervisor.go(order)
    assert "农户外出务工。" in supervisor.text
    supervisor.press('button[name=accepted][value="1"]')
    assert "已认可" in supervisor.said
    # resolved: the step is done; the limit still counts until the county has approved
    village.finish(NAME, "入户核实", "verification")
    supervisor.go(order)
    assert "“入户核实”已办结" in supervisor.text
    number = village.open_case(NAME)
    supervisor.go(f"/cases/{number}")
    assert "共被催办 1 次：督甲 1 次" in supervisor.text and "督办单" in supervisor.text
    assert lamp(supervisor, "red") == 1
    world = World(sqlite_url)
    world.clock = clock
    case = world.case(number)
    for step, who in (
        ("sign", "cun"),
        ("submit_batch", "xiang"),
        ("run_matching", "xian2"),
        ("appraise", "cun"),
    ):
        world.finish(case, step, who)
    world.finish(case, "post_notice", "cun")
    supervisor.go("/supervision?holder=nobody")
    assert NAME in supervisor.text and "等待期满" in supervisor.text, "red while the notice hangs"
    site.go_to(24)
    for step, who in (("end_notice", "cun"), ("review", "xiang"), ("approve", "xian")):
        world.finish(case, step, who)
    assert lamp(supervisor, "red") == 0
    supervisor.go("/supervision?lamp=red")
    assert NAME not in supervisor.text and "没有符合条件的事项" in supervisor.text
    # and the figures are those of the log
    tally.catch_up(world.sessions, clock)
    told = recounted(world)
    assert told == {"concluded": 1, "late": 1, "passed": 1, "urged": 1, "orders": 1, "accepted": 1}
    supervisor.go("/statistics?grain=week")
    card = supervisor.page.locator(".card-figure", has_text="识别认定：15天内有结论")
    facts = card.locator(".facts").inner_text()
    assert card.locator(".lead-figure").inner_text().startswith("0.0%")
    assert f"有结论\n{told['concluded']}" in facts and f"超期才有结论\n{told['late']}" in facts
    assert f"期内届满\n{told['passed']}" in facts
    supervisor.go("/supervision/orders?status=accepted")
    assert supervisor.page.locator("table.orders tbody tr").count() == told["accepted"]
    supervisor.go(f"/cases/{number}")
    assert supervisor.page.locator("[data-urged]").get_attribute("data-urged") == str(told["urged"])
    world.close()
