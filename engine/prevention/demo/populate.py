"""Fills the demo: officials, households, and cases that are driven
through the real runtime with a moved clock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.acts import openings
from engine.casework.models import Account, Division
from engine.casework.organisation import access, accounts, divisions
from engine.casework.organisation.identity import passwords
from engine.casework.time import timers
from engine.ground.clock import MovableClock, local_date
from engine.ground.database import write
from engine.prevention.assistance import measures
from engine.prevention.demo import history, told
from engine.prevention.demo.driving import Course, Factory, Officials, at_work
from engine.prevention.demo.people import Family, family
from engine.prevention.identification import entering
from engine.prevention.models import Household, Measure
from engine.prevention.register.households import registering

COUNTY = "410325000000"  # 嵩县
TOWNSHIP = "410325103000"  # 车村镇
PASSWORD = "Shouwang-2022"
HOUSEHOLDS = 420
OWN = 40
"""How many of the households live in the village of the role switcher's village official."""
CASES = 150
HISTORY_DAYS = 40
CHECKS = 6
RECENT = 3
"""The higher, the more of the cases began in the last days and are still open."""
ROLES = (
    ("cunji", "村级经办", "village_official"),
    ("xiangji", "乡级审核", "township_reviewer"),
    ("xianji", "县级审批", "county_approver"),
    ("bidui", "县级比对", "county_approver"),
    ("shiji", "市级审核", "city_reviewer"),
    ("shengji", "省级审核", "province_reviewer"),
    ("ducha", "督查员", access.SUPERVISOR),
    ("liucheng", "流程管理员", access.PROCESS_OWNER),
    ("shenpi", "流程审批", access.PROCESS_OWNER),
    ("xitong", "系统管理员", access.ACCOUNT_ADMIN),
    ("anquan", "安全管理员", access.SECURITY_ADMIN),
    ("shenji", "审计管理员", access.AUDIT_ADMIN),
)
"""The role switcher: username, what it is called, role."""

Say = Callable[[str], None]


def populate(sessions: Factory, now: datetime, say: Say = lambda text: None, cases: int = CASES) -> None:
    """Fill an installed, empty database with the demo county as it would stand at `now`.

    The same each time.
    """
    random = Random(410325)
    with sessions() as session:
        say("人员")
        officials = _officials(session, now)
        say("农户")
        families = _households(session, random, now)
    say("办理中的事项")
    known = sorted(families)
    own = random.sample(known[:OWN], min(cases, OWN) // 2)  # so that the demo's village official has work
    chosen = own + random.sample(known[OWN:], cases - len(own))
    random.shuffle(chosen)
    ages = (
        timedelta(hours=2) + random.betavariate(1, RECENT) * timedelta(days=HISTORY_DAYS)
        for _ in range(cases)
    )
    starts = sorted(min(at_work(random, now - age), now) for age in ages)
    for start, household_id in zip(starts, chosen, strict=True):
        _Identification(sessions, random, officials, families[household_id], household_id, start, now).run()
    timers.fire_due(sessions, MovableClock(at=now))
    say("措施进展")
    with sessions() as session:
        _measures(session, random, officials, now)
        _checks(session, officials, now)
    say("往年纳入的农户")
    others = {number: one for number, one in families.items() if number not in chosen}
    history.add(sessions, officials, others, now)
    say("部门的名单")
    with sessions() as session:
        told.send(session, officials["county", COUNTY][-1], COUNTY, now)


# -- people ----------------------------------------------------------------------------------------


def _officials(session: Session, now: datetime) -> Officials:
    """An official for every queue of the county, and the accounts of the role switcher;
    by queue and division.
    """
    password = passwords.hash_password(PASSWORD)
    found: Officials = {}
    with write(session):
        townships = divisions.children(session, COUNTY)
        villages = {t.code: divisions.children(session, t.code) for t in townships}
        first_village = next(village.code for village in villages[TOWNSHIP] if _rural(village))
        places = {
            "village_official": first_village,
            "township_reviewer": TOWNSHIP,
            "county_approver": COUNTY,
            "city_reviewer": access.ancestor(COUNTY, "city"),
            access.SUPERVISOR: COUNTY,
        }
        province = access.ancestor(COUNTY, "province")
        for number, (username, title, role) in enumerate(ROLES):
            name = _name(number)
            account = accounts.create(session, username, name, password, now, post=title)
            place = places.get(role, province)
            accounts.grant(session, account, role, place)
            if role in access.QUEUE_OF_ROLE:
                found.setdefault((access.QUEUE_OF_ROLE[role], place), []).append(account)
        number = len(ROLES)
        for township in townships:
            places_below = [("township", "township_reviewer", township)]
            places_below += [("village", "village_official", village) for village in villages[township.code]]
            for queue, role, division in places_below:
                number += 1
                username = f"{queue[0]}{division.code}"
                account = accounts.create(
                    session, username, _name(number), password, now, post=access.ROLE_NAMES[role]
                )
                accounts.grant(session, account, role, division.code)
                found.setdefault((queue, division.code), []).append(account)
    session.scalars(select(Account).execution_options(populate_existing=True)).all()  # with their grants
    return found


def _name(number: int) -> str:
    random = Random(number * 7919)
    return random.choice("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨") + random.choice(
        "晓明 海燕 志远 文静 建军 丽华 国强 雪梅 东升 春晖 立新 永红".split()
    )


def _rural(village: Division) -> bool:
    return "村" in village.name and "社区" not in village.name


def _households(session: Session, random: Random, now: datetime) -> dict[int, Family]:
    found: dict[int, Family] = {}
    today = local_date(now)
    with write(session):
        townships = divisions.children(session, COUNTY)
        rural = [v for t in townships for v in divisions.children(session, t.code) if _rural(v)]
        near = [v for v in rural if v.code.startswith(TOWNSHIP[:9])]
        for number in range(HOUSEHOLDS):
            one = family(random, today)
            village = near[0] if number < OWN else random.choice(near if number < 180 else rural)
            data = {**one.__dict__, "village_code": village.code}
            found[registering.register(session, data, now - timedelta(days=200)).id] = one
    return found


# -- assistance ------------------------------------------------------------------------------------


def _measures(session: Session, random: Random, officials: Officials, now: datetime) -> None:
    """Most measures are under way, some are done; of those that should be done, some are late."""
    today = local_date(now)
    for measure in list(
        session.scalars(select(Measure).where(Measure.status == "planned").order_by(Measure.id))
    ):
        chance, due = random.random(), measure.ends_on < today
        if chance < (0.35 if due else 0.4):
            continue
        status = "done" if due or chance > 0.92 else "under_way"
        data = {
            "status": status,
            "reported_on": today.isoformat(),
            "effect": "已经落实，农户表示满意。",
            "remark": "已与责任单位对接，正在办理。",
        }
        actor = officials["village", measure.village_code][-1]
        measures.report(session, actor, measure.id, data, clock=MovableClock(at=now))


def _checks(session: Session, officials: Officials, now: datetime) -> None:
    """The villages have begun to check the help of a few households."""
    helped = select(Household).where(
        Household.id.in_(select(Measure.household_id)), Household.status == "monitored"
    )
    for household in list(
        session.scalars(helped.order_by(Household.village_code, Household.id).limit(CHECKS))
    ):
        actor = officials["village", household.village_code][-1]
        openings.open_by_hand(session, actor, household.id, "existing_check", {}, clock=MovableClock(at=now))


# -- cases -----------------------------------------------------------------------------------------


class _Identification(Course):
    """One household from its clue to where its case would stand now."""

    def run(self) -> None:
        with self.sessions() as session:
            case_id = self._enter(session)
            while self.advance(session, case_id):
                pass

    def _enter(self, session: Session) -> int:
        village = session.get_one(Household, self.household_id).village_code
        today = local_date(self.clock.now())
        channel = self.random.choices([*entering.CHANNELS], (5, 3, 2))[0]
        data = {
            "channel": channel,
            "discovered_on": (today - timedelta(days=self.random.choice((0, 0, 1, 2)))).isoformat(),
            "finder": "医保部门"
            if channel == "department_warning"
            else "村级网格员"
            if channel == "cadre_check"
            else self.family.head_name,
            "risks": self.family.risks,
            "description": "家庭近期支出骤增，存在返贫致贫风险。",
        }
        actor = self.officials["village", village][-1]
        entered = entering.enter(session, actor, data, clock=self.clock, household_id=self.household_id)
        assert entered.case is not None
        return entered.case.id
