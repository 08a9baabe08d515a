"""R01: the province's line is set by two people, rules from its day, and says beforehand whom it concerns."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.casework import acts
from engine.casework.models import Account, Division, LogEntry, MonitoringLine, Notification
from engine.casework.organisation import accounts
from engine.ground.clock import CHINA
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.models import CaseLine, Household, HouseholdYear, Observation
from engine.prevention.register.households import registering
from engine.prevention.register.monitoring_lines import effects, province, ruling, setting
from engine.prevention.register.monitoring_lines.setting import LineAsked
from tests.support.client import application, signed_in
from tests.support.template import OTHER_VILLAGE, START, VILLAGE
from tests.support.world import World

HENAN = "410000000000"
NEXT = LineAsked(
    year="2023",
    amount="7,300 元",
    effective_from="2023年1月1日",
    basis="2022 年全省农村居民人均可支配收入增长 5.8%",
    document="豫乡振〔２０２２〕28号",
)


def changed(**values: Any) -> LineAsked:
    """The next year's line, asked for otherwise."""
    return LineAsked(**{**vars(NEXT), **values})


def second(world: World) -> Account:
    """Another reviewer of the province."""
    with write(world.session):
        found = accounts.create(world.session, "sheng2", "省乙", "x", START)
        accounts.grant(world.session, found, "province_reviewer", HENAN)
    return found


def put(world: World, asked: LineAsked = NEXT) -> MonitoringLine:
    """A line that two people set."""
    line = setting.ask(world.session, world.official("sheng"), asked, clock=world.clock)
    aware = asked.aware
    anquan = world.official("anquan")
    return setting.decide(world.session, anquan, line.id, True, aware=aware, clock=world.clock)


def amount(world: World, day: date) -> int:
    """The line that rules in the village on a day."""
    return ruling.in_force(world.session, VILLAGE, day).amount


# -- two people ------------------------------------------------------------------------------------


@pytest.mark.duty("R01")
def test_a_line_rules_from_its_day_when_a_second_person_has_confirmed_it(world: World) -> None:
    sheng = world.official("sheng")
    line = setting.ask(world.session, sheng, NEXT, clock=world.clock)
    assert (line.amount, line.document) == (7300, "豫乡振〔２０２２〕28号")
    assert amount(world, date(2023, 1, 1)) == 6900, "what is only asked for rules nothing"
    for username, refusal in (("sheng", NotAllowed), ("xian", NotAllowed), ("xitong", NotAllowed)):
        with pytest.raises(refusal):
            setting.decide(world.session, world.official(username), line.id, True, clock=world.clock)
    setting.decide(world.session, second(world), line.id, True, clock=world.clock)
    assert amount(world, date(2022, 12, 31)) == 6900
    assert amount(world, date(2023, 1, 1)) == 7300
    kinds = world.session.scalars(
        select(LogEntry.kind).where(LogEntry.kind.startswith("line_")).order_by(LogEntry.id)
    )
    acts = [kind for kind in kinds if kind != "province_installed"]
    assert acts == ["line_asked", "line_confirmed"]
    told = select(func.count()).select_from(Notification).where(Notification.kind == "parameter")
    counties = world.session.scalar(told.where(Notification.queue == "county"))
    assert counties and counties < 200, "each county once, no household"
    with pytest.raises(Conflict):
        setting.decide(world.session, world.official("anquan"), line.id, True, clock=world.clock)


WRONG: tuple[tuple[str, dict[str, str]], ...] = (
    ("year", {"year": "2024", "effective_from": "2024-01-01"}),
    ("year", {"year": "明年"}),
    ("amount", {"amount": "6900.5"}),
    ("amount", {"amount": "-1"}),
    ("amount", {"amount": "0"}),
    ("amount", {"amount": "1000000000000"}),
    ("amount", {"amount": "²"}),
    ("effective_from", {"effective_from": "2023-02-30"}),
    ("effective_from", {"effective_from": "2022-12-31"}),
    ("basis", {"basis": "增长"}),
    ("document", {"document": "豫乡振发"}),
    ("document", {"document": "28号"}),
    ("reason", {"year": "2022", "effective_from": "2022-07-01"}),
)


@pytest.mark.duty("R01")
def test_what_cannot_be_a_line_is_said_at_its_field(small_world: World) -> None:
    sheng = small_world.official("sheng")
    for field, values in WRONG:
        with pytest.raises(Invalid) as refused:
            setting.ask(small_world.session, sheng, changed(**values), clock=small_world.clock)
        assert list(refused.value.fields) == [field], values


def test_an_amount_is_read_as_people_write_it(small_world: World) -> None:
    sheng = small_world.official("sheng")
    for typed in ("7300", "７３００", "7,300", "7 300元", "¥7300"):
        asked = setting.read(small_world.session, sheng, changed(amount=typed), date(2022, 12, 1))
        assert asked.amount == 7300


def test_who_does_not_review_for_the_province_asks_for_nothing(small_world: World) -> None:
    for username in ("cun", "xian", "shi", "xitong", "anquan", "liucheng", "ducha"):
        with pytest.raises(NotAllowed):
            setting.ask(small_world.session, small_world.official(username), NEXT, clock=small_world.clock)


def test_a_second_request_for_the_same_year_waits(small_world: World) -> None:
    sheng = small_world.official("sheng")
    line = setting.ask(small_world.session, sheng, NEXT, clock=small_world.clock)
    with pytest.raises(Conflict):
        setting.ask(small_world.session, sheng, changed(amount="7400"), clock=small_world.clock)
    client, typed = signed_in(application(small_world), sheng), vars(changed(amount="7411"))
    page = client.post("/parameters/line", data={**typed, "aware": ""})
    assert page.status_code == 409 and 'value="7411"' in page.text, "what was typed stays"
    with pytest.raises(NotAllowed):
        setting.withdraw(
            small_world.session, small_world.official("anquan"), line.id, clock=small_world.clock
        )
    setting.withdraw(small_world.session, sheng, line.id, clock=small_world.clock)
    setting.ask(small_world.session, sheng, changed(amount="7400"), clock=small_world.clock)


def test_two_who_confirm_at_once_confirm_once(world: World) -> None:
    line_id = setting.ask(world.session, world.official("sheng"), NEXT, clock=world.clock).id
    second(world)
    world.session.commit()
    barrier, outcomes = Barrier(2), []

    def confirm(username: str) -> None:
        with world.sessions() as session:
            account = session.scalars(select(Account).where(Account.username == username)).one()
            barrier.wait()
            try:
                setting.decide(session, account, line_id, True, clock=world.clock)
                outcomes.append("done")
            except Conflict:
                outcomes.append("conflict")

    threads = [Thread(target=confirm, args=(username,)) for username in ("sheng2", "anquan")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "done"]


def test_a_line_of_another_province_is_not_there(small_world: World) -> None:
    with write(small_world.session, alone=True):
        row = ruling.LineRow("420000000000", 2022, 7000, date(2022, 1, 1), "湖北的标准")
        ruling.adopt(small_world.session, [row], START)
    other = small_world.session.scalars(
        select(MonitoringLine).where(MonitoringLine.province_code == "420000000000")
    ).one()
    with pytest.raises(NotFound):
        province.get(small_world.session, small_world.official("sheng"), other.id)
    assert amount(small_world, date(2022, 5, 5)) == 6900


# -- a year that has decided cases -----------------------------------------------------------------


@pytest.mark.duty("R01")
def test_a_year_with_decided_cases_is_never_edited(small_world: World) -> None:
    world = small_world
    world.approved()
    same_day = changed(year="2022", amount="7000", effective_from="2022-01-01", reason="抄错了", aware=True)
    with pytest.raises(Invalid) as refused:
        setting.ask(world.session, world.official("sheng"), same_day, clock=world.clock)
    assert "已有 1 户据此上报或决定，不能改写" in refused.value.message
    later = changed(year="2022", amount="7000", effective_from="2022-07-01", reason="省里提高了标准")
    put(world, later)
    assert [amount(world, day) for day in (date(2022, 6, 30), date(2022, 7, 1))] == [6900, 7000]


def test_a_wrong_figure_is_put_right_while_nothing_is_decided_by_it(small_world: World) -> None:
    world = small_world
    wrong = put(world)
    right = changed(amount="7,030", reason="抄错了数字")
    with pytest.raises(Invalid) as unread:
        setting.ask(world.session, world.official("sheng"), right, clock=world.clock)
    assert "还没有一户据此上报或决定" in unread.value.fields["aware"][0]
    line = put(world, changed(amount="7,030", reason="抄错了数字", aware=True))
    world.session.expire_all()
    assert (wrong.status, line.status, line.replaces_id) == ("replaced", "in_force", wrong.id)
    assert amount(world, date(2023, 1, 1)) == 7030


def test_a_correction_that_was_overtaken_by_a_decision_is_refused(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.to_notice(case)
    same_day = changed(year="2022", amount="7000", effective_from="2022-01-01", reason="抄错了", aware=True)
    line = setting.ask(world.session, world.official("sheng"), same_day, clock=world.clock)
    world.go_to(world.number + 6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    with pytest.raises(Invalid):
        setting.decide(world.session, world.official("anquan"), line.id, True, aware=True, clock=world.clock)
    assert amount(world, world.today) == 6900


def test_a_day_that_has_passed_must_be_read_by_both(small_world: World) -> None:
    world = small_world
    world.approved()
    past = {"year": "2022", "amount": "7000", "effective_from": "2022-03-01", "reason": "文件晚到"}
    with pytest.raises(Invalid) as unread:
        setting.ask(world.session, world.official("sheng"), changed(**past), clock=world.clock)
    assert "已有 1 户按原来的标准决定，不自动改变" in unread.value.fields["aware"][0]
    asked = changed(**past, aware=True)
    line = setting.ask(world.session, world.official("sheng"), asked, clock=world.clock)
    anquan = world.official("anquan")
    with pytest.raises(Invalid):
        setting.decide(world.session, anquan, line.id, True, clock=world.clock)
    setting.decide(world.session, anquan, line.id, True, aware=True, clock=world.clock)
    household = world.session.scalars(select(Household)).one()
    assert household.status == "monitored", "nothing changes by itself (S8)"


# -- which line rules which decision ---------------------------------------------------------------


def ruled(world: World, case_id: int) -> tuple[int, date] | None:
    """The amount by which a case was judged last, and of which day."""
    world.session.commit()
    query = select(MonitoringLine.amount, CaseLine.on_day).join(
        CaseLine, CaseLine.line_id == MonitoringLine.id
    )
    found = world.session.execute(query.where(CaseLine.case_id == case_id)).first()
    return (found.amount, found.on_day) if found else None


@pytest.mark.duty("R01")
def test_a_case_over_new_year_is_judged_by_the_line_of_its_review(small_world: World) -> None:
    world = small_world
    put(world, changed(year="2022", amount="7300", effective_from="2022-05-08", reason="从五月起执行"))
    case = world.enter()
    assert ruled(world, case.id) is None, "a case that nobody has judged yet has no line"
    world.finish(case, "verify", "cun")
    assert ruled(world, case.id) == (6900, date(2022, 5, 5))
    seen = world.session.scalars(select(Observation)).one()
    assert (seen.line_amount, world.session.get_one(MonitoringLine, seen.line_id).amount) == (6900, 6900)
    world.finish(case, "sign", "cun")
    world.finish(case, "submit_batch", "xiang")
    world.finish(case, "run_matching", "xian2")
    world.go_to(4)
    done = world.finish(case, "appraise", "cun")
    assert ruled(world, case.id) == (7300, world.today)
    acts.withdraw(world.session, world.official("cun"), done.item_id, clock=world.clock)
    assert ruled(world, case.id) == (6900, date(2022, 5, 5)), "what is taken back judged nothing"


# -- what is missing -------------------------------------------------------------------------------


@pytest.mark.duty("R01")
def test_a_missing_line_is_missed_from_december_on(small_world: World) -> None:
    still = "还没有设定，现在按 2022 年的 6,900 元办理。"
    for at, years in (
        (datetime(2022, 11, 30, 23, 59, tzinfo=CHINA), []),
        (datetime(2022, 12, 1, 0, 0, tzinfo=CHINA), [2023]),
        (datetime(2023, 1, 1, 0, 0, tzinfo=CHINA), [2023]),
        (datetime(2023, 12, 5, 9, 0, tzinfo=CHINA), [2023, 2024]),
    ):
        found = ruling.lacking(small_world.session, HENAN, at.astimezone(UTC))
        assert found == [f"{year} 年的监测范围{still}" for year in years]


@pytest.mark.duty("R01")
def test_the_banner_goes_when_the_second_person_has_confirmed(small_world: World) -> None:
    world = small_world
    world.clock.set(datetime(2022, 12, 1, 9, 0, tzinfo=CHINA))
    app = application(world)

    def banner(username: str) -> str:
        page = signed_in(app, world.official(username)).get("/more").text
        return page.partition("2023 年的监测范围")[2].partition("<")[0].strip()

    assert banner("sheng").startswith("还没有设定") and banner("anquan").startswith("还没有设定")
    assert banner("xian").endswith("由省级业务管理人员设定。") and banner("cun") == ""
    client = signed_in(app, world.official("sheng"))
    assert client.post("/parameters/line", data=vars(NEXT)).status_code == 303
    assert banner("sheng").startswith("已提出，等待第二人确认")
    world.session.commit()
    line = world.session.scalars(select(MonitoringLine).where(MonitoringLine.status == "asked")).one()
    page = f"/parameters/line/{line.id}"
    assert client.post(f"{page}/decide", data={"agrees": "yes"}).status_code == 403
    agreed = signed_in(app, world.official("anquan")).post(f"{page}/decide", data={"agrees": "yes"})
    assert agreed.status_code == 303
    assert banner("sheng") == banner("xian") == ""


# -- what if ---------------------------------------------------------------------------------------


def register(world: World, village: str, status: str, incomes: list[float], years: list[float]) -> None:
    """A household with what was observed of it, and what is on file by year."""
    number = world.session.scalar(select(func.count()).select_from(Household)) or 0
    row = {"village_code": village, "head_name": f"户{number}"}
    household = registering.register(world.session, row, world.clock.now())
    household.status = status
    for back, income in enumerate(reversed(incomes)):
        world.session.add(
            Observation(
                household_id=household.id,
                observed_on=world.today - timedelta(days=back),
                net_income=Decimal(0),
                per_capita=Decimal(str(income)),
                line_amount=6900,
                source="verification",
                recorded_at=world.clock.now(),
            )
        )
    for back, income in enumerate(reversed(years)):
        world.session.add(
            HouseholdYear(
                household_id=household.id,
                year=2022 - back,
                per_capita=Decimal(str(income)),
                recorded_at=world.clock.now(),
            )
        )


def expected(world: World, new: int, old: int) -> dict[tuple[str, str], int]:
    """The same by looking at each household."""
    found: dict[tuple[str, str], int] = {}
    for household in world.session.scalars(select(Household)):
        seen = world.session.scalars(
            select(Observation).where(Observation.household_id == household.id)
        ).all()
        years = world.session.scalars(
            select(HouseholdYear).where(HouseholdYear.household_id == household.id)
        ).all()
        latest = max(seen, key=lambda row: (row.observed_on, row.id), default=None) or max(
            years, key=lambda row: row.year, default=None
        )
        kind = _way(household.status, latest.per_capita if latest else None, new, old)
        if kind:
            key = (f"{household.village_code[:6]}000000", kind)
            found[key] = found.get(key, 0) + 1
    return found


def _way(status: str, income: Decimal | None, new: int, old: int) -> str:
    if income is None:
        return "unknown"
    if (income > old) == (income > new):
        return ""
    who = status if status in ("monitored", "eliminated") else "ordinary"
    return f"{who}_{'above' if income > new else 'below'}"


@pytest.mark.duty("R01")
def test_what_if_counts_every_household_that_changes_sides_once(world: World) -> None:
    amounts = [6899.99, 6900, 6900.01, 7000, 7299.99, 7300, 7300.01, 9000]
    statuses = ("ordinary", "identifying", "monitored", "eliminated", "cleared")
    elsewhere = select(Division.code).where(Division.level == "village", Division.code > "410326")
    third = world.session.scalars(elsewhere.order_by(Division.code).limit(1)).one()
    with write(world.session):
        for at, income in enumerate(amounts):
            for place, village in enumerate((VILLAGE, OTHER_VILLAGE, third)):
                status = statuses[(at + place) % len(statuses)]
                register(
                    world, village, status, [5000, income] if at % 2 else [], [income, 8000][: 1 + at % 2]
                )
        register(world, VILLAGE, "ordinary", [], [])
    sheng, xian, cun = (world.official(name) for name in ("sheng", "xian", "cun"))
    for new, old in ((7300, 6900), (6900, 7300), (7000, 7000)):
        found = effects.effects(world.session, sheng, new, old)
        assert {(one.code, one.kind): one.count for one in found} == expected(world, new, old)
        for one in found:
            rows = effects.households(world.session, sheng, new, old, county=one.code, kind=one.kind)
            assert len(rows.items) == rows.total == one.count
    whole = effects.effects(world.session, world.official("anquan"), 7300, 6900)
    assert whole == effects.effects(world.session, sheng, 7300, 6900), "the same numbers, no household"
    with pytest.raises(NotAllowed):
        effects.households(world.session, world.official("anquan"), 7300, 6900)
    with pytest.raises(NotAllowed):
        effects.effects(world.session, world.official("shenji"), 7300, 6900)
    assert {one.code for one in effects.effects(world.session, xian, 7300, 6900)} == {"410325000000"}
    here = effects.households(world.session, cun, 7300, 6900).items
    assert {world.session.get_one(Household, one.id).village_code for one in here} == {VILLAGE}


def test_the_page_of_a_line_shows_counts_list_and_file(small_world: World) -> None:
    world = small_world
    with write(world.session):
        for number in range(23):
            register(world, VILLAGE, "ordinary", [7000 + number], [])
    line = put(world)
    app = application(world)
    client = signed_in(app, world.official("sheng"))
    page = client.get(f"/parameters/line/{line.id}").text
    assert "data-total>23<" in page and "未纳入监测，从高于变为不高于" in page
    assert (
        client.get(f"/parameters/line/{line.id}?page=2&kind=ordinary_below").text.count("高于 → 不高于") == 3
    )
    answer = client.get(f"/parameters/line/{line.id}.xlsx")
    assert answer.status_code == 200 and answer.data[:2] == b"PK"
    world.session.commit()
    exports = world.session.scalars(select(LogEntry).where(LogEntry.kind == "export")).all()
    assert [entry.data["rows"] for entry in exports] == [23]
    counts = signed_in(app, world.official("anquan")).get(f"/parameters/line/{line.id}").text
    assert "data-total>23<" in counts and "data-names" not in counts
    assert signed_in(app, world.official("anquan")).get(f"/parameters/line/{line.id}.xlsx").status_code == 403


@pytest.mark.duty("R01")
def test_what_if_tells_open_cases_before_the_villages_review_from_those_after(small_world: World) -> None:
    """Who is not yet reviewed is judged by the line of that day; who is, keeps theirs: counted apart."""
    world = small_world
    first, second = world.enter(), world.enter(name="李四")

    def counted() -> list[tuple[int, int]]:
        found = effects.effects(world.session, world.official("sheng"), 100_000, 1_000)
        return [(sum(one.busy for one in found), sum(one.reviewed for one in found))]

    for case in (first, second):
        world.finish(case, "verify", "cun")
    assert counted() == [(2, 0)]
    for step, who in (("sign", "cun"), ("submit_batch", "xiang"), ("run_matching", "xian2")):
        world.finish(first, step, who)
    assert counted() == [(2, 0)]  # sent on for the matching, not yet reviewed
    world.finish(first, "appraise", "cun")
    assert counted() == [(2, 1)]
    world.finish(first, "post_notice", "cun")
    assert counted() == [(2, 1)]
