"""What was entered of a household is neither lost nor doubled, whatever happens in the middle (R03, R05)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from engine.casework.models import CaseFile
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed
from engine.prevention.campaign import areas, campaigns, coverage, milestones
from engine.prevention.models import Household, MemberChange, RiskClue, Screening, ScreeningPaper
from engine.prevention.records import asking, deciding
from engine.prevention.register.members import taking_back
from engine.prevention.screening import carried, decisions, entries, following, lists, papers
from engine.prevention.screening.rows import Outcome
from tests.support import papers as paper
from tests.support import screening as s
from tests.support.client import application, signed_in
from tests.support.template import VILLAGE
from tests.support.world import World


def _rows(world: World) -> list[tuple[Any, ...]]:
    query = select(Screening.standing, Screening.household_id).order_by(Screening.id)
    return [tuple(row) for row in world.session.execute(query)]


def _counts(world: World, campaign: Any, village: str = VILLAGE) -> tuple[int, ...]:
    world.session.commit()
    found = coverage.village(world.session, campaign, village)
    return found.households, found.entered, found.conflict, found.flagged


@pytest.mark.duty("R03", "R41")
def test_an_entry_that_a_colleague_has_sent_is_the_same_and_its_papers_follow(small_world: World) -> None:
    """Out of a rescue file; and where a colleague has found the same."""
    campaign = s.opened(small_world)
    household, other = s.settled(small_world, 2)
    sent = s.entry(household, s.unchanged(small_world), source="phone")
    new = {"village_code": VILLAGE, "head_name": "卫青山"}
    fresh = s.entry(None, s.unchanged(small_world), source="phone", new_household=new)
    s.recorded(small_world, campaign, sent, fresh, by="cun2")
    kept, also = s.recorded(small_world, campaign, sent, fresh)
    assert (kept.kind, also.kind) == ("same", "same") and kept.row_uuid == sent.uuid
    found = s.recorded(small_world, campaign, replace(sent, household_id=other.id))
    assert found[0].kind == "refused"  # the number of another household's entry loses nothing
    assert s.recorded(small_world, campaign, sent, by="lin")[0].kind == "refused"
    (equal,) = s.recorded(small_world, campaign, s.entry(household, s.unchanged(small_world)))
    assert (equal.kind, equal.row_uuid) == ("same", sent.uuid)
    official = small_world.official("cun")
    args = (equal.row_uuid, str(uuid4()), "photo", "image/png", paper.PNG)
    assert papers.add(small_world.session, official, *args, clock=small_world.clock)
    with write(small_world.session):  # the record turns out to be another one's twin
        twin = small_world.session.get_one(Household, household.id)
        twin.merged_into_id, twin.status = other.id, "merged"
        now = small_world.clock.now()
        following.merged(small_world.session, household.id, other.id, VILLAGE, now)
    assert s.recorded(small_world, campaign, sent)[0].kind == "same"
    campaigns.close(small_world.session, small_world.official("xian"), campaign.id, clock=small_world.clock)
    assert s.recorded(small_world, campaign, sent)[0].kind == "same"  # the answer had not arrived
    with pytest.raises(Conflict):
        s.recorded(small_world, campaign, s.entry(other, s.unchanged(small_world)))


@pytest.mark.duty("R03", "R38")
def test_a_signature_that_comes_later_is_kept_and_once(small_world: World) -> None:
    campaign = s.opened(small_world)
    (household,) = s.settled(small_world, 1)
    first = s.entry(household, s.unchanged(small_world))
    s.recorded(small_world, campaign, first)
    signed = s.entry(household, s.unchanged(small_world), signatures={"sign_declines": s.SIGNED})
    for _ in range(2):
        assert s.recorded(small_world, campaign, signed, by="cun2")[0].kind == "same"
    s.recorded(small_world, campaign, replace(first, signatures=signed.signatures))
    small_world.session.commit()
    (kept,) = small_world.session.scalars(select(ScreeningPaper)).all()
    assert kept.kind == "sign_declines" and kept.screening_id == _only(small_world).id
    (broken,) = s.recorded(small_world, campaign, replace(first, signatures={"sign_declines": "[]"}))
    assert broken.kind == "refused" and "请重签" in broken.faults["sign_declines"][0]


def _only(world: World) -> Screening:
    return world.session.scalars(select(Screening).where(Screening.standing == "current")).one()


@pytest.mark.duty("R03")
def test_a_page_that_is_sent_again_after_going_back_says_what_was_changed(small_world: World) -> None:
    campaign = s.opened(small_world)
    (household,) = s.settled(small_world, 1)
    client = signed_in(application(small_world), small_world.official("cun"))
    path, key = f"/campaigns/{campaign.id}/households/{household.id}", str(uuid4())
    data = {**s.unchanged(small_world), "policy_explained": "on"}
    for size in ("2", "2", "3"):
        assert client.post(path, data={**data, "household_size": size, "key": key}).status_code == 303
    small_world.session.commit()
    assert [one for one, _ in _rows(small_world)] == ["replaced", "current"]
    assert _only(small_world).household_size == 3


@pytest.mark.duty("R03", "R41")
def test_two_entries_of_one_household_at_once_are_one_after_the_other(small_world: World) -> None:
    """Also where only the register knows that they are of one, or nobody knew it before."""
    campaign = s.opened(small_world)
    (household,) = s.settled(small_world, 1)
    new = {"village_code": VILLAGE, "head_name": household.head_name}
    found = s.recorded(
        small_world,
        campaign,
        s.entry(household, s.unchanged(small_world)),
        s.entry(None, s.unchanged(small_world, household_size=3), new_household=new),
        s.entry(None, s.unchanged(small_world), new_household={**new, "head_name": "卫青山"}),
        s.entry(None, s.unchanged(small_world), new_household={**new, "head_name": "卫 青山"}),
    )
    assert [one.kind for one in found] == ["recorded", "recorded", "recorded", "same"]
    assert [one for one, _ in _rows(small_world)] == ["replaced", "current", "current"]
    assert _counts(small_world, campaign) == (2, 2, 0, 0)


@pytest.mark.duty("R03")
def test_the_township_decides_about_the_last_that_each_has_said(small_world: World) -> None:
    campaign = s.opened(small_world)
    (household,) = s.settled(small_world, 1)
    s.recorded(small_world, campaign, s.entry(household, s.unchanged(small_world)))
    for size in (3, 3, 4):
        other = s.entry(household, s.unchanged(small_world, household_size=size))
        (found,) = s.recorded(small_world, campaign, other, by="cun2")
        assert found.kind == "conflict" and found.household_id == household.id
    assert [one for one, _ in _rows(small_world)] == ["current", "replaced", "conflict"]
    assert _counts(small_world, campaign) == (1, 1, 1, 0)


@pytest.mark.duty("R03")
def test_what_was_found_before_the_village_was_divided_stands(small_world: World) -> None:
    campaign = s.opened(small_world)
    (household, other) = s.settled(small_world, 2)
    before = small_world.clock.now()
    small_world.go_to(1)
    township = small_world.official("xiang")
    pair = [small_world.official(name).id for name in ("cun", "cun2")]
    session, clock = small_world.session, small_world.clock
    areas.assign(session, township, campaign.id, VILLAGE, "全村", [], pair, clock=clock)
    entry = s.entry(household, s.unchanged(small_world), device_at=before)
    assert s.recorded(small_world, campaign, entry, by="xiang")[0].kind == "recorded"
    dreaming = s.entry(other, s.unchanged(small_world), device_at=small_world.day(-400))
    assert s.recorded(small_world, campaign, dreaming, by="xiang")[0].kind == "conflict"
    mine = s.entry(other, s.unchanged(small_world), device_at=before)
    assert s.recorded(small_world, campaign, mine)[0].kind == "recorded"


@pytest.mark.duty("R05", "R15")
def test_what_is_found_anew_is_looked_into_anew(world: World) -> None:
    """An earlier day; after the clue was cancelled; and nothing twice of one visit."""
    campaign = s.opened(world)
    (household,) = s.settled(world, 1)
    world.go_to(7)

    def say(**more: Any) -> Outcome:
        entry = s.entry(household, s.unchanged(world, above_line="no", **more))
        return s.recorded(world, campaign, entry)[0]

    first = say(visited_on="2022-05-10")
    assert say(household_size=3, visited_on="2022-05-10").clue_id == first.clue_id
    earlier = say(household_size=3, visited_on="2022-05-08")
    assert earlier.clue_id != first.clue_id and earlier.case_id == first.case_id
    case = world.session.get_one(CaseFile, first.case_id, populate_existing=True)
    assert case.discovery_date == date(2022, 5, 8)  # R15
    for clue in world.session.scalars(select(RiskClue)).all():
        clue.cancelled_at = world.clock.now()
    world.session.commit()
    quiet = s.entry(household, s.unchanged(world, household_size=4))
    assert s.recorded(world, campaign, quiet)[0].clue_id is None
    assert _counts(world, campaign) == (1, 1, 0, 0)
    again = say(household_size=4)
    assert again.clue_id not in (None, first.clue_id, earlier.clue_id)
    case.status = "done"
    world.session.commit()
    assert say(household_size=5).clue_id == again.clue_id  # of the same visit
    world.go_to(9)
    assert say(household_size=5).clue_id != again.clue_id


@pytest.mark.duty("R38", "R03")
def test_a_household_that_is_gone_is_on_no_list_and_in_no_count_until_it_is_back(small_world: World) -> None:
    campaign = s.opened(small_world)
    household, other = s.settled(small_world, 2)
    s.recorded(small_world, campaign, s.entry(household, s.unchanged(small_world)))
    differs = s.entry(household, s.unchanged(small_world, household_size=3))
    s.recorded(small_world, campaign, differs, by="cun2")
    assert _counts(small_world, campaign) == (2, 1, 1, 0)
    day, session, clock = "2022-05-05", small_world.session, small_world.clock
    official, township = small_world.official("cun"), small_world.official("xiang")
    asked = asking.ask_gone(session, official, household.id, "death", day, "独居老人去世", clock=clock)
    deciding.decide(session, township, asked.id, True, clock=clock)
    assert _counts(small_world, campaign) == (1, 0, 0, 0)
    told = carried.village(session, official, campaign.id, VILLAGE, clock=clock)
    along = lists.village_list(session, official, campaign.id, VILLAGE, clock.now())
    for found in (told["households"], along["households"]):
        assert [one["key" if "key" in one else "id"] for one in found] in ([str(other.id)], [other.id])
    assert lists.listing(session, official, campaign.id, VILLAGE).total == 1
    totals = coverage.totals(session, [campaign])[campaign.id]
    assert (totals.households, totals.entered) == (1, 0)
    (late,) = s.recorded(small_world, campaign, s.entry(household, s.unchanged(small_world)))
    assert late.kind == "refused" and "不在册" in late.faults[""][0]
    rows = session.scalars(select(Screening.id)).all()
    with pytest.raises(Conflict, match="不在册"):
        decisions.decide(session, township, campaign.id, household.id, rows[0], clock=clock)
    page = signed_in(application(small_world), official).get(
        f"/campaigns/{campaign.id}/households/{household.id}"
    )
    assert page.status_code == 200 and "更正</button>" not in page.text
    act = session.scalars(select(MemberChange.act).where(MemberChange.kind == "death")).first() or ""
    session.rollback()
    second = small_world.official("xiang2")
    taking_back.take_back(session, second, household.id, act, "弄错", clock=clock)
    assert _counts(small_world, campaign) == (2, 1, 1, 0)


@pytest.mark.duty("R03")
def test_a_row_stays_in_its_county_when_the_record_goes_on_in_another(small_world: World) -> None:
    campaign = s.opened(small_world)
    household, twin = s.settled(small_world, 2)
    s.recorded(small_world, campaign, s.entry(household, s.unchanged(small_world)))
    with write(small_world.session):
        now = small_world.clock.now()
        following.merged(small_world.session, household.id, twin.id, "410326100201", now)
    small_world.session.expire_all()
    assert _rows(small_world) == [("replaced", household.id)]
    assert _counts(small_world, campaign, "410326100201")[1:] == (0, 0, 0)


@pytest.mark.duty("R03")
def test_what_the_owners_form_lets_through_fits_the_table(small_world: World) -> None:
    campaign = s.opened(small_world)
    form = campaigns.basis(small_world.session, campaign).form
    clean = s.unchanged(small_world)
    entries.require_storable(clean, form)
    for change in ({"remark": "长" * 301}, {"household_size": 2.5}, {"household_size": 10**12}):
        with pytest.raises(Invalid) as told:
            entries.require_storable({**clean, **change}, form)
        assert list(told.value.fields) == list(change)


@pytest.mark.duty("R03")
def test_who_may_not_enter_hears_it_as_the_form_opens(small_world: World) -> None:
    campaign = s.opened(small_world)
    app, path = application(small_world), f"/campaigns/{campaign.id}/villages/{VILLAGE}/new"
    for username, status in (("shi", 403), ("sheng", 403), ("ducha", 403), ("lin", 404), ("xiang", 200)):
        assert signed_in(app, small_world.official(username)).get(path).status_code == status, username
    with pytest.raises(NotAllowed):
        lists.village_list(
            small_world.session, small_world.official("ducha"), campaign.id, VILLAGE, small_world.clock.now()
        )
    campaigns.close(small_world.session, small_world.official("xian"), campaign.id, clock=small_world.clock)
    assert signed_in(app, small_world.official("cun")).get(path).status_code == 409


@pytest.mark.duty("R37")
def test_what_is_due_after_a_campaign_has_ended_is_reminded_and_reported_still(small_world: World) -> None:
    """Entering by 15 June, the audit until 20 June: the doors were visited until 31 May."""
    campaign = s.opened(small_world)
    (household,) = s.settled(small_world, 1)
    s.recorded(small_world, campaign, s.entry(household, s.unchanged(small_world)))
    campaigns.close(small_world.session, small_world.official("xian"), campaign.id, clock=small_world.clock)
    assert milestones.remind(small_world.session, small_world.day(40)) > 0  # 14 June
    page = signed_in(application(small_world), small_world.official("xian")).get(f"/campaigns/{campaign.id}")
    assert "登记完成" in page.text
