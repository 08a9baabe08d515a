"""A flood in two townships of the demo county: its plan, its households that are looked into (R30–R33)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.models import Account, WorkItem
from engine.casework.organisation import access
from engine.casework.time import timers
from engine.ground.clock import MovableClock, local_date
from engine.prevention.demo.driving import Factory
from engine.prevention.hazards import choosing, hazards, plans, raising, working
from engine.prevention.hazards.watch import labels, weekly
from engine.prevention.models import Hazard, Household

AGO = 6
"""Days since the rain."""
COUNTY_OFFICIAL = "xianji"


def add(sessions: Factory, now: datetime) -> None:
    """The hazard as it would stand at `now`, a label, and this week's list of areas to watch."""
    with sessions() as session:
        actor = session.scalars(select(Account).where(Account.username == COUNTY_OFFICIAL)).one()
        clock = MovableClock(at=now - timedelta(days=AGO))
        hazard = _report(session, actor, clock)
        _answer(session, actor, hazard, clock)
        act = raising.begin(session, actor, hazard.id, choosing.Chosen(), _typed(clock), clock=clock)
        while working.portion(session, act, clock):
            continue
        _label(session, actor, hazard, now)
        while weekly.go_on(session, now):
            continue
    timers.fire_due(sessions, MovableClock(at=now))


def _report(session: Session, actor: Account, clock: MovableClock) -> Hazard:
    """In the two townships with the fewest households, so that the others stay as they are told of."""
    township = func.substr(Household.village_code, 1, 9)
    fewest = select(township).group_by(township).order_by(func.count(), township).limit(2)
    day = local_date(clock.now())
    data = {
        "name": f"{day.month}·{day.day}暴雨洪涝",
        "kind": "natural_disaster",
        "sub_kind": "flood",
        "from_on": day.isoformat(),
        "reporter": "县应急管理局",
        "households": 96,
        "people": 310,
        "description": "连续强降雨，沿河村庄房屋进水，玉米、烟叶被淹，部分村饮水管网冲毁。",
    }
    places = [code.ljust(12, "0") for code in session.scalars(fewest)]
    return hazards.report(session, actor, data, places, clock=clock)[0]


def _typed(clock: MovableClock) -> raising.Typed:
    text = "暴雨洪涝波及，房屋进水或者农田被淹，需入户核实。"
    return raising.Typed("cadre_check", local_date(clock.now()), text, ["natural_disaster"])


def _answer(session: Session, actor: Account, hazard: Hazard, clock: MovableClock) -> None:
    day = local_date(clock.now())
    minutes = [
        {"department": "emergency", "person": "赵志远", "facts": "无人员伤亡", "opinion": "继续转移安置"},
        {"department": "weather", "person": "李春晖", "facts": "", "opinion": "三日内仍有强降雨"},
        {
            "department": "water",
            "person": "王立新",
            "facts": "饮水管网冲毁 3 处",
            "opinion": "十日内恢复供水",
        },
    ]
    consultation = {
        "held_on": day.isoformat(),
        "place": "县政府会议室",
        "chair": "蒋国强",
        "minutes": minutes,
        "conclusion": "启动预案，受灾农户逐户核实，符合条件的及时纳入。",
    }
    plan = {
        "name": "暴雨洪涝防返贫工作预案",
        "made_on": day.isoformat(),
        "goal": "不让一户因灾返贫：住房、饮水、生产月底前恢复。",
        "remind_days": 3,
        "measures": [_measure(row, day) for row in MEASURES],
    }
    _finish(session, actor, hazard, {"outcome": "respond"}, clock)
    _finish(session, actor, hazard, consultation, clock)
    _finish(session, actor, hazard, plan, clock)
    first = plans.unfinished(session, hazard.id)[0]
    later = MovableClock(at=clock.now() + timedelta(days=2))
    done = {
        "status": "done",
        "reported_on": local_date(later.now()).isoformat(),
        "note": "已转移安置 42 户。",
    }
    plans.report(session, actor, first.id, done, clock=later)


MEASURES = (
    ("转移安置受灾农户", "县应急管理局", "赵志远", 1),
    ("修复饮水管网", "县水利局", "王立新", 4),
    ("发放临时救助和种苗补贴", "县民政局", "刘雪梅", 20),
)
"""What, whose office, who, in how many days."""


def _measure(row: tuple[str, str, str, int], day: date) -> dict[str, Any]:
    content, unit, person, days = row
    due = (day + timedelta(days=days)).isoformat()
    return {"content": content, "unit": unit, "person": person, "phone": "", "due_on": due}


def _finish(
    session: Session, actor: Account, hazard: Hazard, data: dict[str, Any], clock: MovableClock
) -> None:
    """The step that waits in the hazard's case."""
    case = hazards.case_of(session, hazard)
    assert case is not None
    item = session.scalars(
        select(WorkItem).where(WorkItem.case_id == case.id, WorkItem.status == "open")
    ).one()
    acts.complete(session, actor, item.id, data, clock=clock)


def _label(session: Session, actor: Account, hazard: Hazard, now: datetime) -> None:
    scope = access.scope_of(hazard.areas[0].division_code)
    here = Household.village_code.between(scope.low, scope.high)
    village = session.scalar(select(func.min(Household.village_code)).where(here))
    if village is not None:
        reason = "县委组织部排查认定，班子不健全"
        day = local_date(now) - timedelta(days=30)
        labels.put(session, actor, village, "weak_organisation", reason, day, clock=MovableClock(at=now))
