"""A new list of divisions: what is renamed, moved, swapped or gone is refused or done as the list says, with
all that hangs on it.
"""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from engine.casework.models import (
    Account,
    CaseFile,
    Division,
    DivisionCode,
    RoleGrant,
    RoleRequest,
    Timer,
    WorkItem,
)
from engine.casework.organisation import access, divisions
from engine.casework.organisation.bodies import acts as bodies
from engine.casework.organisation.division_changes import applying, planning
from engine.casework.organisation.division_changes.planning import Plan
from engine.casework.organisation.divisions import Row
from engine.casework.organisation.identity import roles
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid
from engine.ground.tables import Base
from engine.prevention.assistance import officials
from engine.prevention.campaign import campaigns
from engine.prevention.identification import entering
from engine.prevention.models import Household, MatchingBatch, ScreeningCount
from tests.support import departments, papers, screening
from tests.support.template import COUNTY, OTHER_COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World

EDITION = date(2022, 7, 1)
NEW_VILLAGE, NEW_TOWNSHIP = "410326990201", "410326990000"


def row(code: str, name: str, level: str = "village", parent: str = TOWNSHIP, formerly: str = "") -> Row:
    return {"code": code, "name": name, "level": level, "parent": parent, "formerly": formerly}


def plan(world: World, *rows: Row) -> Plan:
    return planning.plan(world.session, rows, EDITION)


def apply(world: World, *rows: Row) -> None:
    applying.apply(world.session, plan(world, *rows), world.clock.now())


def name(world: World, code: str) -> str:
    return divisions.get(world.session, code).name


def test_a_new_name_keeps_the_old_ones_history(world: World) -> None:
    old = name(world, TOWNSHIP)
    found = plan(world, row(TOWNSHIP, f"{old[:-1]}新镇", "township", COUNTY))
    assert not found.refused and len(found.renamed) == 1 and "账号" in str(found.renamed[0])
    applying.apply(world.session, found, world.clock.now())
    names = select(DivisionCode.name).where(DivisionCode.code == TOWNSHIP).order_by(DivisionCode.id)
    assert list(world.session.scalars(names)) == [old, f"{old[:-1]}新镇"]
    assert f"{old[:-1]}新镇" in divisions.get(world.session, VILLAGE).path  # and so in every path below


def test_a_code_that_names_another_place_is_asked_about(world: World) -> None:
    world.enter()
    found = plan(world, row(VILLAGE, "红旗村村民委员会"))
    assert "是改名还是换了地方" in found.refused[0] and "1 户、1 件在办事项" in found.refused[0]
    with pytest.raises(Invalid):
        applying.apply(world.session, found, world.clock.now())
    apply(world, row(VILLAGE, "红旗村村民委员会", formerly=VILLAGE))
    assert name(world, VILLAGE) == "红旗村村民委员会"


@pytest.mark.duty("R09")
def test_a_village_moves_to_another_county_with_all_that_hangs_on_it(world: World) -> None:
    case = world.enter()
    world.finish(case, "verify", "cun")
    world.finish(case, "sign", "cun")
    old = divisions.get(world.session, VILLAGE)
    identity, called = old.id, old.name
    found = plan(
        world,
        row(NEW_TOWNSHIP, "新设乡", "township", OTHER_COUNTY),
        row(NEW_VILLAGE, called, parent=NEW_TOWNSHIP, formerly=VILLAGE),
    )
    assert "1 户、1 件在办事项" in str(found.moved[0]) and found.new == [NEW_TOWNSHIP]
    applying.apply(world.session, found, world.clock.now())
    moved = divisions.get(world.session, NEW_VILLAGE)
    assert (moved.id, moved.name) == (identity, called) and "新设乡" in moved.path
    assert moved.parent_id == divisions.get(world.session, NEW_TOWNSHIP).id
    household = world.session.scalars(select(Household)).one()
    assert (household.village_code, household.division_id) == (NEW_VILLAGE, identity)
    assert world.case(case.id).village_code == NEW_VILLAGE
    desks = {item.queue: item.division_code for item in world.open_items(case).values()}
    assert desks == {"village": NEW_VILLAGE, "township": NEW_TOWNSHIP}
    assert set(world.session.scalars(select(Timer.village_code))) == {NEW_VILLAGE}
    assert access.reaches(world.official("cun"), NEW_VILLAGE)
    assert not access.reaches(world.official("xian"), NEW_VILLAGE)
    assert access.reaches(world.official("waixian"), NEW_VILLAGE)
    world.assert_replays(case.id)
    again = plan(world, row(NEW_VILLAGE, called, parent=NEW_TOWNSHIP, formerly=VILLAGE))
    assert again.only_new and not again.new  # the same list again changes nothing


@pytest.mark.duty("R18")
def test_who_answers_for_a_moved_household_does_so_in_the_county_it_came_to(world: World) -> None:
    world.finish(world.assistance(), "name_official", "xiang")
    apply(
        world,
        row(NEW_TOWNSHIP, "新设乡", "township", OTHER_COUNTY),
        row(NEW_VILLAGE, name(world, VILLAGE), parent=NEW_TOWNSHIP, formerly=VILLAGE),
    )
    (load,) = officials.loads(world.session, world.official("waixian")).items
    (seen,) = officials.loads(world.session, world.official("cun")).items
    assert (load.households, load.in_reach) == (seen.households, seen.in_reach) == (1, 1)
    assert officials.loads(world.session, world.official("xian")).items == []


def test_two_villages_change_codes(world: World) -> None:
    case, other = world.enter(), world.enter("lin", village_code=OTHER_VILLAGE, name="李四")
    names = name(world, VILLAGE), name(world, OTHER_VILLAGE)
    apply(
        world,
        row(VILLAGE, names[1], formerly=OTHER_VILLAGE),
        row(OTHER_VILLAGE, names[0], formerly=VILLAGE),
    )
    assert (name(world, OTHER_VILLAGE), name(world, VILLAGE)) == names
    assert world.case(case.id).village_code == OTHER_VILLAGE and world.case(other.id).village_code == VILLAGE
    assert access.reaches(world.official("cun"), OTHER_VILLAGE)
    assert not access.reaches(world.official("cun"), VILLAGE)


def test_villages_that_become_one(world: World) -> None:
    case, other = world.enter(), world.enter("lin", village_code=OTHER_VILLAGE, name="李四")
    with write(world.session):  # who has both has one
        cun = world.official("cun")
        world.session.add(RoleGrant(account_id=cun.id, role="village_official", division_code=OTHER_VILLAGE))
    apply(world, row(VILLAGE, "合并村村民委员会", formerly=f"{VILLAGE}；{OTHER_VILLAGE}"))
    assert {world.case(one.id).village_code for one in (case, other)} == {VILLAGE}
    ids = set(world.session.scalars(select(Household.division_id)))
    assert ids == {divisions.get(world.session, VILLAGE).id}
    ended = world.session.scalars(select(Division).where(Division.code == OTHER_VILLAGE)).one()
    assert ended.valid_to == EDITION
    grants = select(RoleGrant).join(Account, Account.id == RoleGrant.account_id)
    mine = world.session.scalars(grants.where(Account.username == "cun")).all()
    assert [grant.division_code for grant in mine] == [VILLAGE]
    assert OTHER_VILLAGE not in {one.code for one in divisions.search(world.session, "", TOWNSHIP)}


def test_what_was_counted_in_villages_that_become_one_is_added_up(small_world: World) -> None:
    campaign = screening.opened(small_world)
    with write(small_world.session):
        for code, done in ((VILLAGE, 3), (OTHER_VILLAGE, 4)):
            at = small_world.day(done)
            small_world.session.add(
                ScreeningCount(campaign_id=campaign.id, village_code=code, done=done, last_at=at)
            )
    apply(small_world, row(VILLAGE, "合并村村民委员会", formerly=f"{VILLAGE}；{OTHER_VILLAGE}"))
    small_world.session.expire_all()
    count = small_world.session.scalars(select(ScreeningCount)).one()
    assert (count.village_code, count.done, count.last_at) == (VILLAGE, 7, small_world.day(4))


def test_counties_that_each_have_an_open_campaign_become_one_only_after_one_has_ended(
    small_world: World,
) -> None:
    for username in ("xian", "waixian"):
        code = COUNTY if username == "xian" else OTHER_COUNTY
        first, last = screening.FIRST, screening.LAST
        official = small_world.official(username)
        campaigns.begin(small_world.session, official, code, "排查", first, last, clock=small_world.clock)
    joined = row(COUNTY, "合并县", "county", f"{COUNTY[:4]}00000000", f"{COUNTY}；{OTHER_COUNTY}")
    with pytest.raises(Invalid, match="两个县都有没结束的集中排查"):
        apply(small_world, joined)
    assert name(small_world, COUNTY) != "合并县"


def test_townships_that_become_one_keep_the_batches_that_each_had_numbered(small_world: World) -> None:
    with write(small_world.session):
        for code in (TOWNSHIP, OTHER_TOWNSHIP):
            day, now = small_world.today, small_world.clock.now()
            one = {"township_code": code, "year": 2022, "serial": 1, "number": f"{code}比对〔2022〕1号"}
            small_world.session.add(MatchingBatch(**one, submitted_on=day, opened_at=now))
    formerly = f"{TOWNSHIP}；{OTHER_TOWNSHIP}"
    apply(small_world, row(TOWNSHIP, "合并镇", "township", COUNTY, formerly))
    codes = select(MatchingBatch.township_code)
    assert set(small_world.session.scalars(codes)) == {TOWNSHIP}


def test_counties_that_become_one_keep_what_their_departments_had_numbered(small_world: World) -> None:
    head = (*departments.PLAIN, "部门记录编号")
    for place, who, number in ((COUNTY, "xian", "1001"), (OTHER_COUNTY, "waixian", "1002")):
        line = ("赵六", papers.id_number(f"4199011966010{number}"), "", "2022年4月", "", "1")
        key = f"{place}-emergency-disaster"
        body = departments.sheet(line, head=head)
        departments.let_in(small_world, departments.checked(small_world, body, key, who), who)
    joined = row(COUNTY, "合并县", "county", f"{COUNTY[:4]}00000000", f"{COUNTY}；{OTHER_COUNTY}")
    apply(small_world, joined)
    assert {one.division_code for one in departments.kept(small_world, record="1")} == {COUNTY}
    lines = [("赵六", one.id_number, "", "2022年4月", "", "1") for one in departments.kept(small_world)]
    for line in lines:  # each is found again as what it was
        found = departments.checked(small_world, departments.sheet(line, head=head), departments.DISASTER)
        assert departments.said(small_world, found)[2][0] == "same"


def _whole(world: World, *without: str) -> list[Row]:
    """The list as it is, but for some."""
    parents = dict(world.session.execute(select(Division.id, Division.code)).all())
    every = world.session.scalars(select(Division).where(Division.valid_to.is_(None))).all()
    return [
        row(one.code, one.name, one.level, parents.get(one.parent_id or 0, ""))
        for one in every
        if one.code not in without
    ]


def test_what_a_whole_list_lacks_is_ended_or_refused_with_what_hangs_on_it(world: World) -> None:
    world.enter()
    empty = "410325103204"
    found = plan(world, *_whole(world, VILLAGE, empty))
    assert found.gone == [empty] and len(found.refused) == 1
    assert VILLAGE in found.refused[0] and "1 户、1 件在办事项" in found.refused[0]
    apply(world, *_whole(world, empty))
    assert divisions.get(world.session, empty).valid_to == EDITION
    apply(world, row(empty, name(world, empty)))
    assert divisions.get(world.session, empty).valid_to is None  # the same place begins again
    apply(world, *_whole(world, empty))
    apply(world, row(empty, "别处村村民委员会"))
    assert name(world, empty) == "别处村村民委员会"
    assert len(world.session.scalars(select(Division).where(Division.valid_to.is_not(None))).all()) == 1


@pytest.mark.parametrize(
    ("formerly", "sentence"),
    [
        ("410325999999", "不在现有区划里"),
        (TOWNSHIP, "不是同一级"),
        ("x", "不在现有区划里"),
    ],
)
def test_a_former_code_that_is_none_is_refused(small_world: World, formerly: str, sentence: str) -> None:
    found = plan(small_world, row("410325103299", "新村", formerly=formerly))
    assert any(sentence in one for one in found.refused)


def test_a_place_that_is_claimed_twice_or_still_listed_is_refused(small_world: World) -> None:
    first, second = (
        row("410325103298", "甲村", formerly=VILLAGE),
        row("410325103299", "乙村", formerly=VILLAGE),
    )
    assert any("已写给" in one for one in plan(small_world, first, second).refused)
    still = row(VILLAGE, name(small_world, VILLAGE))
    assert any("在表里还在" in one for one in plan(small_world, first, still).refused)


def test_no_column_that_holds_a_code_is_forgotten(world: World) -> None:
    """After a move the old code stands nowhere but in the log and in what was counted, or changed, then."""
    case = world.enter()
    world.to_notice(case)
    apply(world, row("410325103299", name(world, VILLAGE), formerly=VILLAGE))
    for table in Base.metadata.sorted_tables:
        if table.name in ("division_code", "figure", "figure_mark", "log_entry", "open_change"):
            continue
        for column in table.c:
            if getattr(column.type, "length", None) == 12:
                held = world.session.execute(select(column).where(column == VILLAGE)).first()
                assert held is None, f"{table.name}.{column.name}"
    assert world.session.scalars(select(WorkItem).where(WorkItem.village_code == "410325103299")).first()
    assert world.session.scalars(select(CaseFile.village_code)).one() == "410325103299"


@pytest.mark.duty("R06", "C2")
def test_a_dissolved_village_takes_nobody_any_more(world: World) -> None:
    world.enter()
    whole = name(world, OTHER_VILLAGE)
    apply(world, row(OTHER_VILLAGE, whole, formerly=f"{OTHER_VILLAGE};{VILLAGE}"))
    clue = papers.clue(world.today, "李四", VILLAGE, id_number=papers.id_number("41990119800101345"))
    village, office = world.official("cun"), world.official("xiang")
    with pytest.raises(Invalid, match="已经撤销"):
        entering.enter(world.session, office, clue, clock=world.clock, confirmed_new=True)
    with pytest.raises(Invalid, match="没有这个地方"):
        roles.checked(world.session, world.official("xitong"), roles.Wish("village_official", VILLAGE))
    with pytest.raises(Invalid, match="已经撤销"):
        entry = bodies.Entry(VILLAGE, "committee", name="老村委会")
        bodies.put(world.session, office, entry, clock=world.clock)
    assert {grant.division_code for grant in village.grants} == {OTHER_VILLAGE}
    with write(world.session):  # one that was asked for before, of a place on which nothing hung
        late = RoleRequest(account_id=village.id, role="village_official", division_code=VILLAGE, act="add")
        late.asked_by, late.asked_at = world.official("xitong").id, world.clock.now()
        world.session.add(late)
    decided = roles.decide(world.session, world.official("anquan"), [late.id], True, "", world.clock.now())
    assert "已经撤销" in str(decided)
    assert {grant.division_code for grant in world.official("cun").grants} == {OTHER_VILLAGE}
    assert set(world.session.scalars(select(Household.village_code))) == {OTHER_VILLAGE}


def test_a_plan_is_looked_at_again_as_it_is_carried_out(world: World) -> None:
    found = plan(world, row(VILLAGE, name(world, VILLAGE), formerly=f"{VILLAGE};{OTHER_VILLAGE}"))
    apply(world, row(VILLAGE, "新名村村民委员会", formerly=VILLAGE))
    with pytest.raises(Conflict, match="又有变化"):
        applying.apply(world.session, found, world.clock.now())
    every = world.session.scalars(select(Division).where(Division.valid_to.is_(None))).all()
    parents = {one.id: one.code for one in every}
    gone = world.session.scalar(
        select(Division.code)
        .where(Division.parent_id == divisions.get(world.session, TOWNSHIP).id)
        .where(Division.level == "village", Division.code.not_in([VILLAGE, OTHER_VILLAGE]))
    )
    left = [
        row(one.code, one.name, one.level, parents.get(one.parent_id or 0, ""))
        for one in every
        if one.code != gone
    ]
    found = plan(world, *left)
    assert found.gone == [gone] and not found.refused
    clue = papers.clue(world.today, "李四", gone, id_number=papers.id_number("41990119800101345"))
    entering.enter(world.session, world.official("xiang"), clue, clock=world.clock, confirmed_new=True)
    with pytest.raises(Invalid, match="1 户、1 件在办事项"):
        applying.apply(world.session, found, world.clock.now())
    assert divisions.standing(world.session, str(gone)).code == gone
