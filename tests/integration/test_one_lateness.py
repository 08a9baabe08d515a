"""One thing is late or it is not: board, wall, statistics, inbox, letters, files,
case pages and API say the same.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from engine.casework import lamps
from engine.casework.acts import openings
from engine.casework.desk import inbox
from engine.casework.desk.inbox import InboxFilter
from engine.casework.models import CaseFile, WorkItem
from engine.casework.organisation import access, divisions
from engine.casework.step.reading import instance_of
from engine.casework.supervision import counting, letters, limits
from engine.casework.supervision.counts import adding
from engine.casework.supervision.figures import heat, live, periods, reading, walls
from engine.casework.supervision.limits import LimitFilter
from engine.casework.time import timers
from engine.flow.history import lines
from engine.ground.clock import local_date
from engine.ground.database import write
from tests.support import sheets
from tests.support.client import Caller, application, signed_in
from tests.support.moving import SEVEN, deploy, looked_at, move_all
from tests.support.template import COUNTY, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World

PROVINCE, CITY = (COUNTY[:length].ljust(12, "0") for length in (2, 4))
WAY = (
    ("verify", "cun"),
    ("sign", "cun"),
    ("submit_batch", "xiang"),
    ("run_matching", "xian2"),
    ("appraise", "cun"),
    ("post_notice", "cun"),
)
NAMES = ("李春生", "赵秋菊", "孙有福", "周小兰")
LAMP = re.compile(r'<td class="limit">\s*<span class="lamp lamp-(\w+)">(.*?)</span>')


@dataclass(frozen=True)
class Standing:
    """A limit that counts, as the case's own diagram has it: what every page is held to."""

    case_id: int
    village_code: str
    due_at: datetime


def somewhere(world: World, chance: random.Random) -> None:
    """Cases at any stage, some of them on another version or ended before their time."""
    for number, name in enumerate(NAMES):
        lives_there = chance.random() < 0.5
        village = OTHER_VILLAGE if lives_there else VILLAGE
        case = world.enter("lin" if lives_there else "cun", name=name, village_code=village)
        for element_id, who in WAY[: chance.randint(0, len(WAY)) if number else len(WAY)]:
            world.finish(case, element_id, "lin" if lives_there and who == "cun" else who)
        world.go_to(world.number + chance.randint(1, 5))
    version = deploy(world, SEVEN)
    move_all(world, looked_at(world, version))
    with write(world.session):
        last = world.case(case.id)
        openings.end_case(world.session, last, None, world.clock.now(), "更正", lines.Cancelled())


def standing(world: World) -> list[Standing]:
    """The limits that count now, asked of each open case's instance
    and of nothing that is stored beside it.
    """
    world.session.commit()
    found = []
    for case in world.session.scalars(select(CaseFile).where(CaseFile.status == "open")):
        instance = instance_of(world.session, case)
        dues = [timer.due_at for timer in [*instance.timers(), *instance.passed()] if timer.limit]
        found += [Standing(case.id, case.village_code, due) for due in dues]
    return found


def colours(dues: list[datetime], now: datetime) -> dict[str, int]:
    """How many stand under each lamp, by the days of China and nothing else."""
    left = [(local_date(due - timedelta(seconds=1)) - local_date(now)).days for due in dues]
    return {
        "red": sum(days < 0 for days in left),
        "yellow": sum(0 <= days <= 3 for days in left),
        "green": sum(days > 3 for days in left),
        "today": left.count(0),
    }


@pytest.mark.duty("C6", "R15", "R19")
def test_every_page_says_of_every_limit_what_every_other_says(world: World) -> None:
    chance = random.Random(61)
    somewhere(world, chance)
    client = signed_in(application(world), world.official("ducha"))
    begun, seen = world.number, Counter[str]()
    for days, hour, fired in ((0, 9, True), (3, 24, True), (9, 0, False)):
        last_second = timedelta(seconds=hour == 24)
        world.session.commit()
        world.clock.set(world.day(begun + days, 0) + timedelta(hours=hour) - last_second)
        if fired:  # a scheduler that is behind changes nothing
            timers.fire_due(world.sessions, world.clock)
            adding.add_up(world.sessions, world.clock)
        found = standing(world)
        seen.update(colours([one.due_at for one in found], world.clock.now()))
        _places_agree(world, found)
        _lists_agree(world, client, found)
        _tasks_agree(world)
    assert seen["red"] and seen["yellow"] and seen["green"]


def _places_agree(world: World, found: list[Standing]) -> None:
    """Board, statistics and wall, of each level down to each village; a province's are kept as counters."""
    now = world.clock.now()
    for code in (PROVINCE, CITY, COUNTY, TOWNSHIP, VILLAGE, OTHER_VILLAGE):
        actor = world.official("sheng" if code in (PROVINCE, CITY) else "ducha")
        place = divisions.get(world.session, code)
        wanted = colours([one.due_at for one in found if access.scope_of(code).holds(one.village_code)], now)
        board = counting.board(world.session, actor, LimitFilter(division=code), now)
        shown = board.lamps
        assert {
            "red": shown.red,
            "yellow": shown.yellow,
            "green": shown.green,
            "today": shown.today,
        } == wanted
        counts = live.counts(world.session, place, now)
        assert {name: counts[name] for name in ("red", "yellow", "today")} == {
            name: wanted[name] for name in ("red", "yellow", "today")
        }
        screen = walls.screen(world.session, place, now)
        assert screen.counts == counts
        if place.level != "village":
            below = live.now_and_below(world.session, place, now).below
            assert sum(one.red for one in below.values()) == wanted["red"]
            assert {one.code: (w.red, w.yellow) for one, w in screen.below if w.red or w.yellow} == {
                line.key: (line.lamps.red, line.lamps.yellow)
                for line in board.places
                if line.lamps.red or line.lamps.yellow
            }
        assert sum(line.lamps.red for line in board.limits) == wanted["red"]
        span = periods.months(1, local_date(now))
        steps = {
            f"{one.procedure_key}:{one.element_id}": (one.waiting.red, one.waiting.yellow)
            for one in reading.steps(world.session, place, span, now)
        }
        assert all(steps[line.key] == (line.lamps.red, line.lamps.yellow) for line in board.steps)
        assert sum(red for red, _ in steps.values()) == sum(line.lamps.red for line in board.steps)
        units = reading.units(world.session, place, now).items
        assert sum(one.waiting.red for one in units) == sum(line.lamps.red for line in board.steps)


def _lists_agree(world: World, client: FlaskClient, found: list[Standing]) -> None:
    """The list and its file, the letter, the cases' pages and 我发起的:
    each limit with its lamp and its words.
    """
    now = world.clock.now()
    wanted = sorted((lamps.lamp(one.due_at, now), lamps.words(one.due_at, now)) for one in found)
    text = client.get("/supervision").text
    assert sorted(LAMP.findall(text)) == wanted
    head, *rows = sheets.rows(client.get("/supervision/export.xlsx").data)
    assert Counter(row[head.index("灯")] for row in rows) == Counter(
        lamps.LAMPS[colour] for colour, _ in wanted
    )
    counts = colours([one.due_at for one in found], now)
    letter = letters.this_week(world.session, world.official("ducha"), TOWNSHIP, now)
    assert f"有{counts['red']}项已超期、{counts['yellow']}项将在3日内到期" in letter.paper.paragraphs[0]
    over = sum(str(row[-1]).startswith("超期") for row in letter.paper.rows)
    assert (over, len(letter.paper.rows) - over) == (counts["red"], counts["yellow"])
    for case in world.session.scalars(select(CaseFile)):
        shown = re.findall(
            r'<div class="deadline (\w+)">\s*<strong>(.*?)</strong>', client.get(f"/cases/{case.id}").text
        )
        own = sorted(one.due_at for one in found if one.case_id == case.id)[:1]
        assert shown == [(lamps.lamp(due, now), lamps.words(due, now)) for due in own]
    late = limits.timers(world.session, world.official("ducha"), "overdue", now)
    assert late.total == counts["red"]


def _tasks_agree(world: World) -> None:
    """The inbox: each task has the lamp of the limit that it is under, in lists, filters and groups."""
    now = world.clock.now()
    for username in ("cun", "lin", "xiang", "xian"):
        actor = world.official(username)
        mine = inbox.todo(world.session, actor, InboxFilter(), now).items
        counts = Counter(lamps.lamp(item.due_at, now) for item in mine)
        groups = inbox.todo_groups(world.session, actor, now)
        assert (sum(g.red for g in groups), sum(g.yellow for g in groups)) == (
            counts["red"],
            counts["yellow"],
        )
        for colour in lamps.LAMPS:
            assert inbox.todo(world.session, actor, InboxFilter(lamp=colour), now).total == counts[colour]
    open_items = world.session.scalars(
        select(WorkItem).where(WorkItem.status == "open", WorkItem.due_at.is_not(None))
    )
    held = limits.listing(world.session, world.official("ducha"), LimitFilter(), now).items
    under = {item.id: one.due_at for one in held for item in one.items}
    assert under == {item.id: item.due_at for item in open_items}


@pytest.mark.duty("C6")
def test_the_diagram_counts_what_waits_in_a_shared_part_once(small_world: World) -> None:
    world = small_world
    assistance = world.assistance()
    world.finish(
        assistance, "name_official", "xiang"
    )  # now the plan is made, a part that the declaration runs too
    world.session.commit()
    place, now = divisions.get(world.session, COUNTY), world.clock.now()
    found = heat.heat(world.session, place, "assistance", periods.months(1, local_date(now)), now)
    badges = {one: found.nodes[one] for one in ("handle_assistance", "plan_assistance", "declare_assistance")}
    listed = sum(node.waiting.count for node in found.listed)
    assert badges["handle_assistance"].waiting.count == listed == 1
    assert [
        (badges[one].waiting.count, badges[one].shared) for one in ("plan_assistance", "declare_assistance")
    ] == [(0, 1), (0, 1)]


@pytest.mark.duty("C6", "R15")
def test_words_name_the_last_day_of_the_very_limit_and_late_is_not_once_late(small_world: World) -> None:
    world = small_world
    case = world.enter()  # discovered on 5 May: the fifteenth day is 20 May
    world.go_to(13)
    client = signed_in(application(world), world.official("xiang"))
    text = client.get(f"/cases/{case.id}").text
    assert "期限“满15天”临期预警（最后一天 2022年5月20日）" in text and "曾超期" not in text
    caller = Caller(application(world), world, "xiang")
    assert told(caller, case) == ("yellow", False)
    assert bells(world, "warning") == ["王建国户：识别认定的期限“满15天”即将到期，最后一天是2022年5月20日。"]
    world.go_to(16)
    text = client.get(f"/cases/{case.id}").text
    assert "期限“满15天”已过（最后一天 2022年5月20日）" in text and "超期 1 天" in text
    assert "曾超期" not in text, "it is late now"
    assert told(caller, case) == ("red", True)
    assert bells(world, "overdue") == ["王建国户：识别认定的期限“满15天”已过，最后一天是2022年5月20日。"]
    world.to_notice(case)
    world.go_to(23)
    for element_id, who in (("end_notice", "cun"), ("review", "xiang"), ("approve", "xian")):
        world.finish(case, element_id, who)
    text = client.get(f"/cases/{case.id}").text
    assert "曾超期" in text and world.case(case.id).limit_at is None
    assert told(caller, case) == ("green", True)


def told(caller: Caller, case: CaseFile) -> tuple[str, bool]:
    """What a programme hears of the case's lamp."""
    answer: Any = caller.get(f"/cases/{case.id}").json
    return answer["lamp"], answer["was_overdue"]


def bells(world: World, kind: str) -> list[str]:
    """What the village's bell says of an event."""
    world.session.commit()
    return [line.text for line in inbox.bell(world.session, world.official("cun")).items if line.kind == kind]


def test_a_case_that_was_ended_before_its_time_is_not_under_way(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.go_to(15)  # its last day
    with write(world.session):
        openings.end_case(
            world.session, world.case(case.id), None, world.clock.now(), "登记有误", lines.Cancelled()
        )
    client = signed_in(application(world), world.official("cun"))
    shown = client.get(f"/cases/{case.id}").text
    assert "登记有误" in shown and "办理中" not in shown and "今天到期" not in shown
    assert "已结束：登记有误" in client.get("/started").text
    world.go_to(17)
    assert (
        counting.board(world.session, world.official("ducha"), LimitFilter(), world.clock.now()).lamps.total
        == 0
    )
    assert (world.case(case.id).limit_at, world.case(case.id).lamp_floor) == (None, "yellow")
