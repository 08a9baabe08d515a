"""S24: a household is offered to another place, accepted, refused or taken back; what goes along, who sees
what, and what two acts at the same moment come to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.acts import StepResult
from engine.casework.audit import verification
from engine.casework.desk import inbox
from engine.casework.models import (
    CaseFile,
    Division,
    LogEntry,
    Notification,
    NumberedPaper,
    PaperEntry,
    SupervisionOrder,
    Timer,
    WorkItem,
)
from engine.casework.supervision import orders
from engine.casework.time import ticker
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.tables import Base
from engine.prevention.assistance import officials
from engine.prevention.models import Correction, Household, Measure, RiskClue, Transfer
from engine.prevention.records import asking, deciding, life
from engine.prevention.register.households import finding as households
from engine.prevention.transfers import lists, moving, offers
from tests.integration.test_at_once import account, at_once
from tests.support import papers
from tests.support.client import Caller, application, signed_in
from tests.support.template import OTHER_COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, VILLAGE
from tests.support.world import World

ELSEWHERE = "410326101200"
"""A village of the other county."""


def offer(
    world: World,
    household_id: int,
    village: str = ELSEWHERE,
    username: str = "xian",
    reason: str = "全家迁居",
) -> Transfer:
    world.session.commit()
    return offers.offer(
        world.session, world.official(username), household_id, village, reason, clock=world.clock
    )


def act(
    world: World, verb: Callable[..., Transfer], row: Transfer, username: str, note: str = ""
) -> Transfer:
    world.session.commit()
    return verb(world.session, world.official(username), row.id, note, clock=world.clock)


def bell(world: World, username: str) -> list[str]:
    world.session.commit()
    return [line.text for line in inbox.bell(world.session, world.official(username)).items]


def kinds(world: World) -> list[str]:
    world.session.commit()
    lines = select(LogEntry.kind).where(LogEntry.stream.like("access%"), LogEntry.kind.like("transfer%"))
    return list(world.session.scalars(lines.order_by(LogEntry.id)))


# -- offer, acceptance, refusal, taking back -------------------------------------------------------


@pytest.mark.duty("R15", "R38")
def test_until_it_is_accepted_everything_stays_at_home(world: World) -> None:
    case = world.enter()
    limit = world.case(case.id).limit_at
    row = offer(world, case.household_id)
    assert (row.status, row.level, row.from_code, row.to_code) == ("offered", "county", VILLAGE, ELSEWHERE)
    world.finish(case, "verify", "cun")  # steps go on
    world.go_to(4)
    other = world.official("waixian")
    with pytest.raises(NotFound):
        households.view(world.session, other, case.household_id)
    seen = lists.get(world.session, other, row.id)
    assert (seen.head, seen.household_id, seen.open_cases) == ("王**户", None, 1)
    assert seen.next_limit == world.case(case.id).limit_at == limit  # the limit runs on, for both to see
    assert seen.may_decide and not seen.may_take_back
    told = " ".join(bell(world, "waixian"))
    assert "提出移交王**户" in told and "王建国" not in told
    assert any("等待接收" in text for text in bell(world, "cun"))
    act(world, offers.accept, row, "waixian")
    moved = world.case(case.id)
    assert (moved.village_code, moved.limit_at) == (ELSEWHERE, limit)
    with pytest.raises(NotFound):
        households.view(world.session, world.official("xian"), case.household_id)
    trace = lists.get(world.session, world.official("xian"), row.id)
    assert (trace.head, trace.status, trace.decided_by) == ("王建国户", "accepted", "外县甲")
    assert trace.household_id is None  # at home a trace is left, and no access
    assert [one.id for one in lists.listing(world.session, world.official("xian"), lists.SENT).items] == [
        row.id
    ]
    chapters = life.of_household(world.session, other, case.household_id, {})
    assert any(one.kind == "transfer" and "已接收" in one.text for one in chapters)
    assert any("已移交到本地" in text for text in bell(world, "waixian"))
    assert any("已由" in text and "接收" in text for text in bell(world, "xian"))
    assert kinds(world) == ["transfer_offered", "transfer_accepted"]
    world.assert_replays(case.id)


@pytest.mark.duty("R38")
def test_it_is_refused_with_a_reason_or_taken_back_and_can_be_offered_again(small_world: World) -> None:
    world = small_world
    case = world.enter()
    row = offer(world, case.household_id)
    with pytest.raises(Conflict, match="已提出移交到"):
        offer(world, case.household_id, OTHER_VILLAGE, "xian2")
    with pytest.raises(Invalid, match="不接收须写明原因"):
        act(world, offers.refuse, row, "waixian")
    act(world, offers.refuse, row, "waixian", "人没有来")
    assert any("不接收移交" in text and "人没有来" in text for text in bell(world, "xiang"))
    with pytest.raises(Conflict, match=r"已由外县甲于.*答复不接收"):
        act(world, offers.accept, row, "waixian")
    again = offer(world, case.household_id)
    with pytest.raises(NotAllowed, match="提出的一方"):
        act(world, offers.take_back, again, "waixian")
    act(world, offers.take_back, again, "xian2")  # a colleague of who offered may
    assert any("撤回" in text and "王**" in text for text in bell(world, "waixian"))
    with pytest.raises(Conflict, match="撤回"):
        act(world, offers.accept, again, "waixian")
    assert world.case(case.id).village_code == VILLAGE
    refused = lists.get(world.session, world.official("waixian"), row.id)
    assert refused.head == "王**户" and refused.open_cases == 0 and not refused.may_decide
    assert kinds(world) == [
        "transfer_offered",
        "transfer_refused",
        "transfer_offered",
        "transfer_taken_back",
    ]


@pytest.mark.duty("R38")
def test_who_offers_and_who_takes_over(small_world: World) -> None:
    world = small_world
    house = world.enter().household_id
    for username, error in (("cun", NotAllowed), ("ducha", NotAllowed), ("waixian", NotFound)):
        with pytest.raises(error):
            offer(world, house, username=username)
    with pytest.raises(Invalid, match="由县级提出"):
        offer(world, house, ELSEWHERE, "xiang")
    elsewhere = world.session.scalars(
        select(Division.code).where(Division.level == "village", Division.code.startswith(OTHER_TOWNSHIP[:9]))
    ).first()
    assert elsewhere is not None
    row = offer(world, house, elsewhere)
    assert row.level == "township"  # within one county the township takes over
    for username, error in (("xian", NotAllowed), ("xiang", NotAllowed), ("waixian", NotFound)):
        with pytest.raises(error):
            act(world, offers.accept, row, username)
    act(world, offers.accept, row, "waixiang")
    back = offer(world, house, VILLAGE)
    act(world, offers.accept, back, "xian2")  # or the county's other approver
    small = offer(world, house, OTHER_VILLAGE, "xiang")  # within its township a township offers
    with pytest.raises(NotAllowed, match="不能自己接收"):
        act(world, offers.accept, small, "xiang")
    act(world, offers.accept, small, "xiang2")
    assert world.session.get_one(Household, house).village_code == OTHER_VILLAGE


@pytest.mark.parametrize(
    ("village", "sentence"),
    [
        ("999999999999", "没有区划代码"),
        ("", "没有区划代码"),
        (OTHER_COUNTY, "请选择到村"),
        (VILLAGE, "已经在这个村"),
        ("410326101201", "已经撤销"),
    ],
)
def test_places_that_are_none_are_refused_at_the_field(
    small_world: World, village: str, sentence: str
) -> None:
    world = small_world
    house = world.enter().household_id
    with write(world.session):
        gone = update(Division).where(Division.code == "410326101201").values(valid_to=world.today)
        world.session.execute(gone)
    with pytest.raises(Invalid) as refused:
        offer(world, house, village, reason=" ")
    assert sentence in refused.value.fields["village_code"][0]
    assert "原因" in refused.value.fields["reason"][0]  # both sentences at once


# -- what goes along -------------------------------------------------------------------------------


@pytest.mark.duty("R18", "R38")
def test_everything_that_carries_the_village_goes_along(world: World) -> None:
    approved = world.approved()
    help_case = world.assistance_of(approved)
    for step, username in (("name_official", "xiang"), ("make_plan", "cun"), ("review_plan", "xiang")):
        world.finish(help_case, step, username)
    house, county = approved.household_id, world.official("xian")
    clue = world.session.scalars(select(RiskClue).where(RiskClue.household_id == house)).first()
    assert clue is not None
    with write(world.session):
        world.session.add(
            Correction(
                kind="clue",
                household_id=house,
                clue_id=clue.id,
                village_code=VILLAGE,
                reason="录错",
                asked_by=county.id,
                asked_at=world.clock.now(),
            )
        )
    item = next(iter(world.open_items(help_case).values()))
    orders.give(world.session, world.official("ducha"), item.id, "请说明。", world.today, clock=world.clock)
    holder = {"village": "cun", "township": "xiang", "county": "xian"}[item.queue]
    acts.claim(world.session, world.official(holder), item.id, clock=world.clock)
    held = {model: _count(world, model, whose, VILLAGE) for model, whose in moving.followers(house)}
    for table in (CaseFile, WorkItem, Timer, SupervisionOrder, Measure, RiskClue, Correction):
        assert held[table] > 0, table  # the test would prove nothing
    world.hand_over(house, ELSEWHERE)
    world.session.commit()
    for model, whose in moving.followers(house):
        assert _count(world, model, whose, VILLAGE) == 0, model
        assert _count(world, model, whose, ELSEWHERE) == held[model], model
    item = world.session.get_one(WorkItem, item.id, populate_existing=True)
    assert item.division_code.startswith(OTHER_COUNTY[:6]) and item.claimed_by is None
    order = world.session.scalars(select(SupervisionOrder)).one()
    assert order.division_code.startswith(OTHER_COUNTY[:6])
    assert officials.in_office(world.session, house) is None  # R18: of another county
    for case in (approved, help_case):
        world.assert_replays(case.id)


def _count(world: World, model: Any, whose: Any, village: str) -> int:
    rows = world.session.scalars(select(model).where(whose).execution_options(populate_existing=True)).all()
    return sum(row.village_code == village for row in rows)


def test_every_table_with_a_village_is_one_that_follows() -> None:
    """A column that says where something is, under whatever name, is either followed or history."""
    named = {one.name for one in Base.metadata.tables.values() if "village_code" in one.c}
    followed = {str(one.local_table) for one in moving.placed()}
    of_villages = {"household", "screening_area", "screening_count"}  # of no household, or itself
    of_villages |= {"hazard", "summary_report", "township_module"}  # other kinds of subjects, each of a place
    assert named == followed | moving.STAYS | of_villages
    assert {model.__tablename__ for model, _ in moving.followers(1)} == followed  # each knows whose it is


@pytest.mark.duty("R13")
def test_what_gathers_gathers_at_the_new_place_and_what_hangs_stays(world: World) -> None:
    moved, stays = world.approved(), world.approved(name="李秀英")
    (paper,) = world.session.scalars(select(NumberedPaper).where(NumberedPaper.kind == "announcement")).all()
    entry = world.session.scalars(select(PaperEntry).where(PaperEntry.case_id == moved.id)).one()
    assert paper.status == "gathering" and entry.paper_id == paper.id
    world.hand_over(moved.household_id, ELSEWHERE)
    world.session.commit()
    again = world.session.scalars(select(PaperEntry).where(PaperEntry.case_id == moved.id)).one()
    there = world.session.get_one(NumberedPaper, again.paper_id)
    assert again.id == entry.id and there.place_code == ELSEWHERE and there.status == "gathering"
    assert there.division_code == f"{ELSEWHERE[:9]}000" and there.number != paper.number
    (posting,) = world.open_items(moved).values()
    app = application(world)
    form = signed_in(app, world.official("sheng")).get(f"/tasks/{posting.id}").text
    assert there.number in form and paper.number not in form  # what is to be posted is the new one
    assert (there.matter, there.basis) == (paper.matter, paper.basis)
    left = world.session.scalars(select(PaperEntry.case_id).where(PaperEntry.paper_id == paper.id)).all()
    assert left == [stays.id]
    world.finish(stays, "announce", "xiang")
    world.hand_over(stays.household_id, ELSEWHERE)
    world.session.commit()
    hangs = world.session.scalars(select(PaperEntry.paper_id).where(PaperEntry.case_id == stays.id)).all()
    assert hangs == [paper.id]  # it was posted: it stays what it was


@pytest.mark.duty("R41")
def test_an_offer_is_moot_when_the_record_is_merged(world: World) -> None:
    kept, gone = world.enter(), world.enter(name="王健国", address="东沟路1号")
    row = offer(world, gone.household_id)
    number = world.session.get_one(Household, kept.household_id).number
    asked = asking.ask_merge(
        world.session, world.official("xiang"), gone.household_id, number, "同一户", clock=world.clock
    )
    world.session.commit()
    deciding.decide(world.session, world.official("xian2"), asked.id, True, clock=world.clock)
    with pytest.raises(Conflict, match="失效"):
        act(world, offers.accept, row, "waixian")
    assert any("不需要接收" in text and "王健国" not in text for text in bell(world, "waixian"))
    seen = lists.get(world.session, world.official("waixian"), row.id)
    assert seen.status == "moot" and not seen.waits
    with pytest.raises(Conflict, match="并入另一户"):
        offer(world, gone.household_id)
    assert kinds(world) == ["transfer_offered", "transfer_moot"]


def test_nobody_answers_and_both_sides_hear_of_it(small_world: World) -> None:
    world = small_world
    row = offer(world, world.enter().household_id)

    def told() -> tuple[int, int]:
        world.session.commit()
        texts = world.session.scalars(select(Notification.text).where(Notification.kind == "transfer"))
        lines = [text for text in texts if "天" in text]
        return sum("王**" in text for text in lines), sum("王建国" in text for text in lines)

    for day, count in ((2, 0), (3, 1), (3, 1), (6, 1), (7, 2), (13, 2), (14, 3), (30, 4), (31, 4), (35, 5)):
        world.clock.set(world.day(day))
        ticker.tick(world.sessions, world.clock)
        assert told() == (count, count), day
    act(world, offers.accept, row, "waixian")
    world.clock.set(world.day(60))
    ticker.tick(world.sessions, world.clock)
    assert told() == (5, 5)


# -- at the same moment ----------------------------------------------------------------------------


@pytest.mark.duty("C3")
def test_two_acts_on_an_offer_at_once_come_to_one(world: World) -> None:
    for first, second in (("accept", "accept"), ("accept", "take_back"), ("refuse", "take_back")):
        case = world.enter(name=f"{first}{second}")
        row = offer(world, case.household_id, OTHER_VILLAGE)
        transfer_id = row.id
        world.session.commit()
        who = {"accept": "xian2", "refuse": "xian2", "take_back": "xian"}

        def do(verb: str, username: str, number: int = transfer_id) -> Callable[[Session], Transfer]:
            return lambda session: getattr(offers, verb)(
                session, account(session, username), number, "不行", clock=world.clock
            )

        outcomes = at_once(world, [do(first, who[first]), do(second, "xiang" if first == second else "xian")])
        refusals = [one for one in outcomes if isinstance(one, Exception)]
        assert [type(one) for one in refusals] == [Conflict]
        world.session.commit()
        row = world.session.get_one(Transfer, transfer_id, populate_existing=True)
        place = OTHER_VILLAGE if row.status == "accepted" else VILLAGE
        assert world.case(case.id).village_code == place
        assert world.session.get_one(Household, case.household_id).village_code == place
        world.assert_replays(case.id)


@pytest.mark.duty("C3")
def test_a_step_sent_while_it_is_accepted_is_done_before_or_refused(world: World) -> None:
    for name in ("甲", "乙", "丙"):
        case = world.enter(name=f"王{name}")
        item = world.open_items(case)["verify"].id
        typed = papers.paper("verification", world.today, "")
        typed["members"] = papers.family(f"王{name}", case.household.head_id_number)
        row = offer(world, case.household_id)
        transfer_id = row.id
        world.session.commit()

        def send(session: Session, number: int = item, data: Any = typed) -> StepResult:
            return acts.complete(session, account(session, "cun"), number, data, clock=world.clock)

        def take(session: Session, number: int = transfer_id) -> Transfer:
            return offers.accept(session, account(session, "waixian"), number, clock=world.clock)

        sent, taken = at_once(world, [send, take])
        assert not isinstance(taken, Exception)
        assert isinstance(sent, StepResult | NotFound), sent
        world.session.commit()
        open_items = list(world.open_items(case).values())
        assert {one.division_code[:6] for one in open_items} == {OTHER_COUNTY[:6]}
        done = world.session.get_one(WorkItem, item, populate_existing=True).status
        assert (done == "done") is isinstance(sent, StepResult)
        places = select(Timer.village_code).where(Timer.case_id == case.id).distinct()
        assert world.session.scalars(places).all() == [ELSEWHERE]
        world.assert_replays(case.id)
    assert list(verification.verify(world.session)) == []


# -- pages and API ---------------------------------------------------------------------------------


def test_pages_show_each_side_what_is_its_own(small_world: World) -> None:
    world = small_world
    case = world.enter()
    house = case.household_id
    app = application(world)
    county, village, other = (signed_in(app, world.official(one)) for one in ("xian", "cun", "waixian"))
    page = county.post(f"/households/{house}/transfer", data={"place": "没有的村", "reason": "迁居"})
    assert page.status_code == 422 and "没有的村" in page.text and "没有区划代码" in page.text
    found = county.get("/divisions?anywhere=1&q=汝阳 东街").json
    assert found and all("汝阳县" in one["name"] and "东街" in one["name"] for one in found)
    page = county.post(f"/households/{house}/transfer", data={"place": "王庄", "reason": "迁居"})
    assert page.status_code == 422 and "请选择" in page.text and 'type="radio"' in page.text
    path = world.session.scalars(select(Division.path).where(Division.code == ELSEWHERE)).one()
    page = county.post(f"/households/{house}/transfer", data={"place": path, "reason": "全家迁居"})
    assert page.status_code == 303
    world.session.commit()
    number = world.session.scalars(select(Transfer.id)).one()
    item = world.open_items(case)["verify"].id
    for address in (f"/households/{house}", f"/cases/{case.id}", f"/tasks/{item}"):
        assert "已提出移交到" in village.get(address).text, address
        assert other.get(address).status_code == 404
    assert "看这项移交" in county.get(f"/households/{house}").text
    assert "撤回" in county.get(f"/households/{house}/transfer").text
    shown = other.get(f"/transfers/{number}").text
    assert "王**户" in shown and "王建国" not in shown and case.household.number not in shown
    assert "王**户" in other.get("/transfers").text and "王**户" not in village.get("/transfers").text
    assert f"/transfers/{number}" in village.get("/transfers?side=sent").text
    assert other.post(f"/transfers/{number}/refuse", data={"note": ""}).status_code == 422
    assert other.post(f"/transfers/{number}/accept").status_code == 303
    assert other.post(f"/transfers/{number}/accept").status_code == 409
    assert "已接收" in county.get(f"/transfers/{number}").text


def test_programmes_offer_and_accept(small_world: World) -> None:
    world = small_world
    house = world.enter().household_id
    app = application(world)
    county, other = Caller(app, world, "xian"), Caller(app, world, "waixian")
    body = {"village_code": ELSEWHERE, "reason": "全家迁居"}
    made = county.post(f"/households/{house}/transfer", body)
    assert made.status_code == 201 and made.json["head"] == "王建国户"
    assert county.post(f"/households/{house}/transfer", body).status_code == 409
    (seen,) = other.get("/transfers").json["items"]
    assert (seen["head"], seen["household_id"], seen["may_decide"]) == ("王**户", None, True)
    assert other.post(f"/transfers/{seen['id']}/refuse").status_code == 422
    done = other.post(f"/transfers/{seen['id']}/accept")
    assert done.status_code == 200 and done.json["head"] == "王建国户" and done.json["household_id"] == house
    assert county.get(f"/transfers/{seen['id']}").json["status"] == "accepted"
    assert county.post(f"/transfers/{seen['id']}/take-back").status_code == 409
