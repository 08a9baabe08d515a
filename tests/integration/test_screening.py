"""Rows of a campaign come in: each for itself, each once, and what they raise (R03, R04, R05, R38)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import func, select

from engine.casework.models import Account, CaseFile, Notification
from engine.ground.database import write
from engine.ground.errors import Conflict, NotAllowed, NotFound
from engine.prevention.campaign import areas, campaigns, coverage, milestones, workbook
from engine.prevention.models import Household, RiskClue, Screening, ScreeningCount, ScreeningPaper
from engine.prevention.screening import following
from engine.prevention.screening.rows import Entry, record
from tests.support import papers
from tests.support import screening as s
from tests.support.template import COUNTY, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World


def _count(world: World, village: str = VILLAGE) -> tuple[int, ...]:
    world.session.commit()
    one = world.session.scalars(select(ScreeningCount).where(ScreeningCount.village_code == village)).one()
    world.session.refresh(one)
    return one.done, one.absent, one.refused, one.conflict, one.flagged


def _clues(world: World) -> list[RiskClue]:
    return list(world.session.scalars(select(RiskClue).order_by(RiskClue.id)))


@pytest.mark.duty("R03", "R05", "R38")
def test_rows_come_in_and_what_is_found_opens_a_verification_at_once(world: World) -> None:
    campaign = s.opened(world)
    quiet, poor, unsafe, declaring, away = s.settled(world, 5)
    world.go_to(7)
    found = s.recorded(
        world,
        campaign,
        s.entry(quiet, s.unchanged(world), signatures={"sign_declines": s.SIGNED}),
        s.entry(poor, s.unchanged(world, above_line="no", visited_on="2022-05-10")),
        s.entry(unsafe, s.unchanged(world, assured="no", unmet=["housing", "water"])),
        s.entry(declaring, s.unchanged(world, declares="yes")),
        s.entry(away, {"result": "absent", "manner": "home", "reason": "全家外出务工"}),
    )
    assert [one.kind for one in found] == ["recorded"] * 4 + ["refused"]
    assert found[4].faults.keys() == {"visited_on", "collected_by"}
    by_poor, by_unsafe, by_declaring = _clues(world)
    assert by_poor.discovered_on == date(2022, 5, 10) and by_poor.channel == "cadre_check"
    assert "没有超过6900元" in by_poor.description  # R01: the line of the campaign
    assert by_unsafe.risks == ["housing", "water"] and "住房安全、饮水安全" in by_unsafe.description
    assert by_declaring.channel == "self_declaration" and "有自主申报意愿" in by_declaring.description
    case = world.session.get_one(CaseFile, found[1].case_id)
    assert case.procedure_key == "identification" and case.discovery_date == date(2022, 5, 10)  # R15
    assert "verify" in world.open_items(case)
    assert _count(world) == (4, 0, 0, 0, 3)
    row = world.session.scalars(select(Screening).where(Screening.household_id == quiet.id)).one()
    assert (row.collected_by, row.entered_by) == ("调查员甲", world.official("cun").id)  # R38
    paper = world.session.scalars(select(ScreeningPaper)).one()
    assert paper.kind == "sign_declines" and paper.body.startswith(b"<svg") and paper.strokes


@pytest.mark.duty("R04")
def test_every_household_of_a_key_group_is_verified_also_when_nobody_ticked_it(small_world: World) -> None:
    campaign = s.opened(small_world)
    (lifted,) = s.settled(small_world, 1, household_type="lifted_without_policy")
    (allowance,) = s.settled(small_world, 1, OTHER_VILLAGE, household_type="allowance", head_name="卫小丙")
    ticked = s.settled(small_world, 2)[1]
    s.recorded(
        small_world,
        campaign,
        s.entry(lifted, s.unchanged(small_world)),
        s.entry(ticked, s.unchanged(small_world, in_group="yes", groups=["unstable_work"])),
    )
    s.recorded(small_world, campaign, s.entry(allowance, s.unchanged(small_world)), by="lin")
    rows = small_world.session.scalars(select(Screening).order_by(Screening.id)).all()
    assert [row.groups for row in rows] == [["lifted"], ["unstable_work"], ["allowance"]]
    assert all(row.in_group and row.clue_id for row in rows)
    assert "脱贫户" in _clues(small_world)[0].description


@pytest.mark.duty("R03", "R41")
def test_what_is_sent_twice_is_kept_once_and_a_correction_keeps_what_was_said_before(world: World) -> None:
    campaign = s.opened(world)
    (household,) = s.settled(world, 1)
    first = s.entry(household, s.unchanged(world, above_line="no"))
    (one,) = s.recorded(world, campaign, first)
    (again,) = s.recorded(world, campaign, first)
    assert (again.kind, again.screening_id, again.clue_id) == ("same", one.screening_id, one.clue_id)
    (equal,) = s.recorded(world, campaign, s.entry(household, s.unchanged(world, above_line="no")), by="cun2")
    assert (equal.kind, equal.screening_id) == ("same", one.screening_id)  # somebody else found the same
    corrected = s.entry(household, s.unchanged(world, household_size=3), replaces=first.uuid)
    (after,) = s.recorded(world, campaign, corrected)
    assert after.kind == "recorded" and after.clue_id == one.clue_id
    rows = world.session.execute(select(Screening.standing, Screening.household_size).order_by(Screening.id))
    assert [tuple(row) for row in rows] == [("replaced", 2), ("current", 3)]
    assert _count(world) == (1, 0, 0, 0, 1) and len(_clues(world)) == 1


@pytest.mark.duty("R03")
def test_a_refused_entry_refuses_only_itself(small_world: World) -> None:
    campaign = s.opened(small_world)
    here, there = *s.settled(small_world, 1), *s.settled(small_world, 1, OTHER_VILLAGE, head_name="卫小丙")
    bad = {
        "unmet": s.unchanged(small_world, assured="no"),
        "groups": s.unchanged(small_world, in_group="yes"),
        "declares": s.unchanged(small_world, declares=None),
        "visited_on": s.unchanged(small_world, visited_on="2022-04-30"),
        "reason": s.unchanged(small_world, manner="phone"),
        "partner": s.unchanged(small_world, partner="调查员甲"),
    }
    found = s.recorded(
        small_world,
        campaign,
        *(s.entry(here, data) for data in bad.values()),
        s.entry(there, s.unchanged(small_world)),
        s.entry(None, s.unchanged(small_world), new_household={"village_code": VILLAGE, "head_name": ""}),
        s.entry(here, s.unchanged(small_world), uuid="7"),
        s.entry(here, s.unchanged(small_world)),
    )
    assert [one.kind for one in found] == ["refused"] * 9 + ["recorded"]
    assert [list(one.faults) for one in found[:9]] == [
        *([key] for key in bad),
        [""],
        ["new_household.head_name"],
        [""],
    ]
    assert "不能早于2022年5月1日（排查开始的日期）" in found[3].faults["visited_on"][0]
    assert "不在您负责的村" in found[6].faults[""][0]


@pytest.mark.duty("R03", "R41")
def test_a_household_that_the_register_does_not_have_is_looked_for_first(world: World) -> None:
    campaign = s.opened(world)
    world.enter(name="王建国")
    number = papers.id_number("41990119620308211")
    new = {"village_code": VILLAGE, "head_name": "卫青山", "group_name": "三组", "id_number": number}
    known = {**new, "head_name": "王建国", "id_number": papers.id_number(papers.HEAD_ID)}
    found = s.recorded(
        world,
        campaign,
        s.entry(None, s.unchanged(world), new_household=known),
        s.entry(None, s.unchanged(world), new_household=new),
        s.entry(None, s.unchanged(world), new_household={**new, "id_number": ""}),
        s.entry(None, s.unchanged(world), new_household={**new, "id_number": "41990119620308211X"}),
    )
    assert [one.kind for one in found] == ["recorded", "recorded", "same", "refused"]
    assert found[2].household_id == found[1].household_id
    assert list(found[3].faults) == ["new_household.id_number"]
    assert world.session.scalar(select(func.count()).select_from(Household)) == 2
    elsewhere = s.entry(None, s.unchanged(world), new_household={**known, "village_code": OTHER_VILLAGE})
    (taken,) = s.recorded(world, campaign, elsewhere, by="lin")
    assert taken.kind == "refused" and "一人只能登记在一户" not in str(taken.faults)  # out of her reach
    assert "已在其他地方登记" in taken.faults["new_household.id_number"][0]


@pytest.mark.duty("R03")
def test_t27_two_different_entries_are_both_kept_and_so_is_that_of_who_lost_the_area(world: World) -> None:
    campaign = s.opened(world)
    household, other = s.settled(world, 2)
    people = [world.official(name).id for name in ("cun", "cun2")]
    official = world.official("xiang")
    area = areas.assign(
        world.session, official, campaign.id, VILLAGE, "一片", ["一组", "二组"], people, clock=world.clock
    )
    world.go_to(1)
    with pytest.raises(NotAllowed):
        areas.assign(
            world.session, world.official("cun"), campaign.id, VILLAGE, "二片", [], people, clock=world.clock
        )
    (mine,) = s.recorded(world, campaign, s.entry(household, s.unchanged(world)))
    (theirs,) = s.recorded(
        world, campaign, s.entry(household, s.unchanged(world, above_line="no")), by="cun2"
    )
    assert (mine.kind, theirs.kind, theirs.clue_id) == ("recorded", "conflict", None)
    for one in area.investigators:  # the assignment was lost in between
        one.until = world.clock.now() if one.account_id == people[1] else None
    world.session.commit()
    world.go_to(2)
    (lost,) = s.recorded(world, campaign, s.entry(other, s.unchanged(world)), by="cun2")
    before = s.entry(other, s.unchanged(world, household_size=5), device_at=world.day(0, 20))
    assert lost.kind == "conflict"
    assert _count(world) == (1, 0, 0, 2, 0)
    (kept,) = s.recorded(world, campaign, before, by="cun2")
    assert kept.kind == "recorded"  # it was found while the area was still theirs


@pytest.mark.duty("R03")
def test_one_campaign_of_a_county_is_open_and_a_closed_one_takes_nothing(small_world: World) -> None:
    campaign = s.opened(small_world)
    (household,) = s.settled(small_world, 1)
    with pytest.raises(Conflict):
        s.opened(small_world, "xian2")
    with pytest.raises(NotAllowed):
        campaigns.begin(
            small_world.session,
            small_world.official("xiang"),
            COUNTY,
            "乡里的",
            s.FIRST,
            s.LAST,
            clock=small_world.clock,
        )
    campaigns.close(small_world.session, small_world.official("xian"), campaign.id, clock=small_world.clock)
    with pytest.raises(Conflict):
        s.recorded(small_world, campaign, s.entry(household, s.unchanged(small_world)))
    assert s.opened(small_world, "xian2").id != campaign.id


@pytest.mark.duty("R03", "R37")
def test_a_campaign_has_the_dates_of_the_plan_and_warns_from_24_may(small_world: World) -> None:
    campaign = s.opened(small_world)
    due = {(one.kind, one.level): one.due_on.isoformat() for one in campaign.milestones}
    assert due == {
        ("train", "county"): "2022-04-27",
        ("train", "township"): "2022-04-30",
        ("screen", "village"): "2022-05-31",
        ("enter", "township"): "2022-06-15",
        ("report", "county"): "2022-06-15",
        ("audit", "county"): "2022-06-20",
    }
    assert campaigns.warned(campaign, small_world.day(18)) == ""  # 23 May
    assert "只剩 7 天" in campaigns.warned(campaign, small_world.day(19))
    assert "没有余地" in campaigns.warned(campaign, small_world.day(26))  # 31 May
    assert campaigns.warned(campaign, small_world.day(27)) == ""


@pytest.mark.duty("R03", "R41")
def test_a_villages_counts_are_those_of_the_households_that_it_has(small_world: World) -> None:
    """Merged into another record, moved to another village, moved out of the county."""
    campaign = s.opened(small_world)
    session, now = small_world.session, small_world.clock.now()
    one, twin, third, fourth = s.settled(small_world, 4)
    s.recorded(
        small_world,
        campaign,
        *(s.entry(each, s.unchanged(small_world)) for each in (one, twin, third, fourth)),
    )
    small_world.hand_over(third.id, OTHER_VILLAGE, "搬迁", "xiang")
    assert _count(small_world) == (3, 0, 0, 0, 0) and _count(small_world, OTHER_VILLAGE) == (1, 0, 0, 0, 0)
    with write(session):
        following.merged(session, twin.id, one.id, VILLAGE, now)
        following.moved(session, fourth.id, "410326100201", now)
    assert _count(small_world) == (1, 0, 0, 0, 0)
    standing = dict(
        session.execute(select(Screening.household_id, Screening.standing).order_by(Screening.id)).all()
    )
    assert standing[twin.id] == standing[fourth.id] == "replaced"  # and on record


@pytest.mark.duty("R03")
def test_coverage_names_empty_villages_and_in_the_last_week_those_that_are_late(small_world: World) -> None:
    campaign = s.opened(small_world)
    here, _ = s.settled(small_world, 2)
    s.settled(small_world, 3, OTHER_VILLAGE, head_name="卫小丙")
    s.recorded(small_world, campaign, s.entry(here, s.unchanged(small_world)))
    official = small_world.official("xiang")
    found = coverage.of(small_world.session, official, campaign, TOWNSHIP, small_world.day(1))
    assert [(one.code, one.share, one.empty, one.behind) for one in found.parts] == [
        (OTHER_VILLAGE, 0.0, 1, 0),
        (VILLAGE, 0.5, 0, 0),
    ]
    late = coverage.of(small_world.session, official, campaign, "", small_world.day(25))
    assert (late.whole.households, late.whole.waiting, late.whole.empty, late.whole.behind) == (5, 4, 1, 2)
    for outside in (OTHER_VILLAGE, "410326000000", "410300000000"):
        with pytest.raises(NotFound):
            coverage.of(small_world.session, official, campaign, outside, small_world.day(1))
    book = workbook.export(small_world.session, official, campaign, small_world.day(1))
    assert book.startswith(b"PK")


@pytest.mark.duty("R37", "R41")
def test_who_has_entered_all_need_not_report_it_and_who_has_not_is_reminded_once(small_world: World) -> None:
    campaign = s.opened(small_world)
    (here,) = s.settled(small_world, 1)
    s.settled(small_world, 1, OTHER_VILLAGE, head_name="卫小丙")
    s.recorded(small_world, campaign, s.entry(here, s.unchanged(small_world)))
    today, official = small_world.today, small_world.official("lin")
    screen = next(
        one
        for one in milestones.progress(small_world.session, official, campaign, today)
        if one.milestone.kind == "screen"
    )
    assert (screen.total, screen.left, [code for code, _ in screen.own]) == (2, 1, [OTHER_VILLAGE])
    assert milestones.remind(small_world.session, small_world.day(23)) == 0  # 28 May
    assert milestones.remind(small_world.session, small_world.day(24)) == 1
    assert milestones.remind(small_world.session, small_world.day(25)) == 0
    told = small_world.session.scalars(select(Notification).where(Notification.kind == "milestone")).one()
    assert told.division_code == OTHER_VILLAGE


@pytest.mark.duty("R03")
def test_the_same_entry_sent_at_once_is_kept_once(world: World) -> None:
    """Also where it stands beside another one, and where its household is new."""
    campaign = s.opened(world)
    (household,) = s.settled(world, 1)
    s.recorded(world, campaign, s.entry(household, s.unchanged(world)), by="cun2")
    differs = s.entry(household, s.unchanged(world, above_line="no"))
    newcomer = s.entry(
        None, s.unchanged(world), new_household={"village_code": VILLAGE, "head_name": "卫青山"}
    )
    for entry, kind in ((differs, "conflict"), (newcomer, "recorded")):
        start = Barrier(3)

        def send(entry: Entry = entry, start: Barrier = start) -> str:
            with world.sessions() as session:
                official = session.scalars(select(Account).where(Account.username == "cun")).unique().one()
                start.wait()
                (found,) = record(session, official, campaign.id, [entry], clock=world.clock)
                return found.kind

        with ThreadPoolExecutor(3) as people:
            kinds = sorted(one.result() for one in [people.submit(send) for _ in range(3)])
        assert kinds == sorted([kind, "same", "same"])
    world.session.commit()
    assert world.session.scalar(select(func.count()).select_from(Household)) == 2
