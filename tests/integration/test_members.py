"""Change of persons: who belongs to a household on which day, with proof, whatever else is open (S11)."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine.casework.acts import withdraw
from engine.casework.audit import verification
from engine.casework.desk import inbox
from engine.casework.desk.inbox import InboxFilter
from engine.casework.models import CaseFile, LogEntry, WorkItem
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.models import Household, Member, MemberChange, MemberProof
from engine.prevention.records import life
from engine.prevention.register import member_history
from engine.prevention.register.households import seen
from engine.prevention.register.members import taking_back
from engine.prevention.register.persons import Registered
from tests.support import members, papers, registers
from tests.support.client import Caller, application, signed_in
from tests.support.world import World


def _household(world: World, name: str = "王建国", status: str = "monitored") -> Household:
    return registers.household(world.session, world.clock.now(), name, status)


def _again(world: World, household: Household) -> Household:
    world.session.commit()
    return world.session.get_one(Household, household.id, populate_existing=True)


@pytest.mark.duty("R38")
def test_a_child_is_born_a_grandmother_moves_in_and_a_daughter_marries_out(small_world: World) -> None:
    world, house = small_world, _household(small_world)
    members.record(world, house.id, "birth", **members.CHILD)
    number = papers.id_number("41990119500101204")
    mother = {"name": "李老太", "relation": "mother", "id_number": number}
    members.record(world, house.id, "move_in", **mother)
    assert members.names(world, house.id) == ["王建国", "李秀英", "王小宝", "李老太"]
    child, grandmother = world.session.scalars(select(Member).order_by(Member.id.desc()).limit(2)).all()[::-1]
    assert (child.birth_date, child.id_type, child.person) == (world.today, "none", None)
    assert (grandmother.sex, grandmother.birth_date) == ("female", date(1950, 1, 1))
    world.go_to(3)
    members.record(world, house.id, "marriage_out", "xiang", member="李老太")
    assert members.names(world, house.id) == ["王建国", "李秀英", "王小宝"]
    assert members.names(world, house.id, world.day(1).date()) == ["王建国", "李秀英", "王小宝", "李老太"]
    assert members.names(world, house.id, world.day(-1).date()) == ["王建国", "李秀英"]
    chapters = life.of_household(world.session, world.official("cun"), house.id, {})
    told = [one.text for one in chapters if one.kind == "member"]
    assert told[0] == "2022年5月8日婚出：李老太，证明：户口簿"
    bell = inbox.bell(world.session, world.official("xiang")).items
    assert any("村甲登记成员变动（2022年5月5日出生：王小宝）" in one.text for one in bell)
    lines = world.session.scalars(select(LogEntry.kind).where(LogEntry.stream.like("access%"))).all()
    assert list(lines).count("member_change") == 3 and list(verification.verify(world.session)) == []


@pytest.mark.duty("R38", "R41")
def test_a_child_without_a_number_gets_it_later_and_stays_the_same_person(small_world: World) -> None:
    world, house = small_world, _household(small_world)
    members.record(world, house.id, "birth", **members.CHILD)
    key = members.key_of(world, house.id, "王小宝")
    number = papers.id_number("41990120220505113")
    members.record(world, house.id, "corrected", "xiang", member="王小宝", id_number=number)
    assert members.key_of(world, house.id, "王小宝") == key
    found = world.session.scalars(select(Member).where(Member.key == key)).one()
    assert (found.id_number, found.id_type, found.person) == (number, "id_card", number)
    with pytest.raises(Invalid, match="没有改动"):
        members.record(world, house.id, "corrected", "xiang", member="王小宝", id_number=number)


@pytest.mark.duty("R38", "R41")
def test_the_head_dies_and_the_household_its_cases_and_steps_have_the_new_heads_name(world: World) -> None:
    case = world.enter()
    world.finish(case, "verify", "cun")
    members.record(world, case.household_id, "birth", **members.CHILD)
    with pytest.raises(Invalid, match="新户主"):
        members.record(world, case.household_id, "death", member="王建国")
    members.record(world, case.household_id, "death", member="王建国", head="李秀英")
    house = _again(world, world.case(case.id).household)
    assert (house.head_name, house.head_key) == ("李秀英", "李秀英")
    assert house.head_id_number == papers.id_number(papers.WIFE_ID)
    rows = member_history.present(world.session, house.id)
    assert [(row["name"], row["relation"]) for row in rows] == [("李秀英", "head"), ("王小宝", "son")]
    assert world.case(case.id).subject == "李秀英"
    found = inbox.todo(world.session, world.official("cun"), InboxFilter(text="李秀英"), world.clock.now())
    assert [row.case_id for row in found.items] == [case.id]
    before = member_history.on_day(world.session, house.id, world.day(-1).date())
    assert [(row["name"], row["relation"]) for row in before] == [("王建国", "head"), ("李秀英", "spouse")]
    other = world.enter(name="赵富贵", id_number=papers.id_number(papers.HEAD_ID))  # he is nobody's now
    assert other.id != case.id
    world.assert_replays(case.id)


@pytest.mark.duty("R41")
def test_one_who_marries_leaves_the_household_of_before_in_the_same_act(small_world: World) -> None:
    world = small_world
    house, other = _household(world), _household(world, "赵富贵")
    bride = member_history.present(world.session, other.id)[1]
    typed = {"name": "李秀英", "relation": "daughter_in_law", "id_number": bride["id_number"]}
    with pytest.raises(Registered, match="赵富贵户"):
        members.record(world, house.id, "marriage_in", **typed)
    members.record(world, house.id, "marriage_in", moves=True, **typed)
    assert members.names(world, house.id) == ["王建国", "李秀英", "李秀英"]
    assert members.names(world, other.id) == ["赵富贵"]
    told = world.session.scalars(select(MemberChange).order_by(MemberChange.id)).all()
    assert {one.kind for one in told} == {"marriage_in", "marriage_out"} and len(
        {one.act for one in told}
    ) == 1
    taking_back.take_back(
        world.session, world.official("cun"), house.id, told[0].act, "登记错了", clock=world.clock
    )
    assert members.names(world, other.id) == ["赵富贵", "李秀英"] and len(members.names(world, house.id)) == 2


@pytest.mark.duty("R38")
def test_who_may_record_and_take_back(small_world: World) -> None:
    world, house = small_world, _household(small_world)
    for who, error in (("ducha", NotAllowed), ("shi", NotAllowed), ("waixian", NotFound), ("lin", NotFound)):
        with pytest.raises(error):
            members.record(world, house.id, "birth", who, **members.CHILD)
    with pytest.raises(NotAllowed, match="乡镇办理"):
        members.record(world, house.id, "corrected", member="王建国", name="王建囯")
    act = members.record(world, house.id, "birth", **members.CHILD)[0].act

    def back(who: str) -> None:
        world.session.commit()
        taking_back.take_back(
            world.session, world.official(who), house.id, act, "双胞胎，重录", clock=world.clock
        )

    with pytest.raises(NotAllowed, match="另一人"):
        back("cun2")
    world.go_to(1)
    with pytest.raises(NotAllowed, match="另一人"):
        back("cun")
    back("xiang")
    assert members.names(world, house.id) == ["王建国", "李秀英"]
    with pytest.raises(NotFound):
        back("xiang2")
    undone = world.session.scalars(select(MemberChange)).one()
    assert (undone.undone_by, undone.undone_reason) == (world.official("xiang").id, "双胞胎，重录")


WRONG = {
    "not born yet": ("birth", {"happened_on": "2022-05-06"}, "happened_on"),
    "long ago": ("birth", {"happened_on": "1999-05-06"}, "happened_on"),
    "no day": ("birth", {"happened_on": "2022-02-30"}, "happened_on"),
    "no proof": ("birth", {"proof": ""}, "proof"),
    "a second wife": ("move_in", {"relation": "spouse", "id_number": "41990119800101204"}, "relation"),
    "a male daughter": ("birth", {"relation": "daughter"}, "sex"),
    "a second head": ("birth", {"relation": "head"}, "relation"),
    "no relation": ("birth", {"relation": ""}, "relation"),
    "no number": ("move_in", {"id_number": ""}, "id_number"),
    "a wrong number": ("move_in", {"id_number": "419901198001012040"}, "id_number"),
    "another birthday": ("birth", {"id_number": "41990120220504113"}, "happened_on"),
    "no name": ("birth", {"name": " "}, "name"),
}


@pytest.mark.duty("R38")
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_stored(small_world: World) -> None:
    world, house = small_world, _household(small_world)
    for title, (kind, typed, where) in WRONG.items():
        told = {**members.CHILD, **typed}
        if len(told.get("id_number", "")) == 17:
            told["id_number"] = papers.id_number(told["id_number"])
        with pytest.raises(Invalid) as refused:
            members.record(world, house.id, kind, **told)
        assert where in refused.value.fields, (title, refused.value.fields)
    with pytest.raises(Invalid, match="请选择是哪一种变动"):
        members.record(world, house.id, "checked_in", **members.CHILD)
    assert (
        world.session.scalars(select(MemberChange)).all() == [] and len(members.names(world, house.id)) == 2
    )


@pytest.mark.duty("R38")
def test_of_one_person_no_day_comes_before_a_recorded_one(small_world: World) -> None:
    world, house = small_world, _household(small_world)
    number = papers.id_number("41990119500101204")
    who = {"name": "李老太", "relation": "mother", "id_number": number}
    members.record(world, house.id, "move_in", **who)
    world.go_to(9)
    earlier = (world.day(-1)).date().isoformat()
    with pytest.raises(Invalid, match="迁入，不能早于"):
        members.record(world, house.id, "death", member="李老太", happened_on=earlier)
    members.record(world, house.id, "move_out", member="李老太")
    with pytest.raises(Invalid, match="迁出，不能早于"):
        members.record(world, house.id, "move_in", **who, happened_on=world.day(2).date().isoformat())
    members.record(world, house.id, "move_in", **who)  # she is back, the same person
    told = member_history.in_force(world.session, house.id)
    assert len({one.member_key for one in told}) == 1
    first = told[0].act
    with pytest.raises(Conflict, match="请先撤销"):
        taking_back.take_back(
            world.session, world.official("xiang"), house.id, first, "录错", clock=world.clock
        )


STORY = [
    ("王大", 3, 20),
    ("王二", 5, None),
    ("王三", 5, 9),
    ("王四", 8, 8),
    ("王五", 12, None),
]
"""Children by name: the day of birth, the day of moving out."""
EVENTS = [("birth", name, day) for name, day, _ in STORY]
EVENTS += [("move_out", name, day) for name, _, day in STORY if day is not None]


@pytest.mark.duty("R38")
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(EVENTS))
def test_in_whichever_order_changes_are_recorded_the_members_of_a_day_are_the_same(
    small_world: World, order: list[tuple[str, str, int]]
) -> None:
    world = small_world
    world.go_to(30)
    count = len(world.session.scalars(select(Household.id)).all())
    house = _household(world, f"王建国{count}")
    waiting = list(order)
    while waiting:  # of one person as it happened: nobody leaves who is not there
        kind, name, day = next(
            one for one in waiting if one[0] == "birth" or ("birth", one[1]) not in {w[:2] for w in waiting}
        )
        waiting.remove((kind, name, day))
        on = world.day(day).date().isoformat()
        typed = {"member": name} if kind == "move_out" else {**members.CHILD, "name": name}
        members.record(world, house.id, kind, happened_on=on, **typed)
    for day in range(2, 22):
        there = {name for name, born, left in STORY if born <= day and (left is None or left > day)}
        found = members.names(world, house.id, world.day(day).date())
        assert set(found) - {f"王建国{count}", "李秀英"} == there and len(found) == len(there) + 2


@pytest.mark.duty("R38", "R41")
def test_the_page_takes_a_change_with_its_photo_and_shows_the_members_of_a_day(small_world: World) -> None:
    world, house = small_world, _household(small_world)
    client = signed_in(application(world), world.official("cun"))
    path = f"/households/{house.id}/members"
    typed = {"kind": "birth", **members.CHILD, "happened_on": "2022-05-05"}
    refused = client.post(path, data={**typed, "happened_on": "2023-01-01"})
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422 and "王小宝" in page and "之间的一天" in page
    photo = (BytesIO(papers.PNG), "出生证明.png")
    answer = client.post(path, data={**typed, "files": photo}, content_type="multipart/form-data")
    assert answer.status_code == 303
    world.session.commit()
    proof = world.session.scalars(select(MemberProof)).one()
    page = client.get(path).get_data(as_text=True)
    assert "3 人" in page and "出生：王小宝" in page and proof.filename in page
    shown = client.get(f"/members/proofs/{proof.id}")
    assert shown.mimetype == "image/png" and shown.get_data()[:4] == b"\x89PNG"
    before = client.get(f"{path}?on=2022-05-04").get_data(as_text=True)
    assert "2 人" in before and "（2022年5月4日）" in before
    other = signed_in(application(world), world.official("waixian"))
    assert other.get(f"/members/proofs/{proof.id}").status_code == 404


@pytest.mark.duty("R38", "R41")
def test_programmes_record_and_read_members(small_world: World) -> None:
    world, house = small_world, _household(small_world)
    caller = Caller(application(world), world, "cun")
    path = f"/households/{house.id}/members"
    sent = {"kind": "birth", **members.CHILD, "happened_on": "2022-05-05", "proof": "出生医学证明"}
    told = caller.post(f"{path}/changes", sent)
    assert told.status_code == 201 and told.json[0]["kind"] == "birth"
    rows = caller.get(path).json
    assert [row["name"] for row in rows] == ["王建国", "李秀英", "王小宝"] and "*" in rows[0]["id_number"]
    assert len(caller.get(f"{path}?on=2022-05-04").json) == 2
    act = {"act": told.json[0]["act"], "reason": "录错"}
    assert caller.post(f"{path}/changes/take-back", act).status_code == 200
    assert caller.get(f"{path}/changes").json[0]["undone_at"] is not None


def test_open_steps_of_other_households_keep_their_names(small_world: World) -> None:
    world = small_world
    case, other = world.enter(), world.enter(name="赵富贵")
    world.finish(case, "verify", "cun")
    members.record(world, case.household_id, "head", head="李秀英")
    world.session.commit()
    named = dict(
        world.session.execute(
            select(WorkItem.case_id, WorkItem.subject).where(WorkItem.status == "open")
        ).all()
    )
    assert (named[case.id], named[other.id]) == ("李秀英", "赵富贵")
    assert dict(world.session.execute(select(CaseFile.id, CaseFile.subject)).all()) == named


def _verify(world: World, case: CaseFile, rows: list[dict[str, object]], **more: object) -> None:
    world.finish(case, "verify", "cun", members=rows, **more)


@pytest.mark.duty("R38", "R41")
def test_a_check_says_what_it_found_changed_and_taken_back_the_members_are_as_before(world: World) -> None:
    case = world.enter()
    head, wife = papers.family("王建国", papers.id_number(papers.HEAD_ID))
    _verify(world, case, [head, wife])
    assert members.names(world, case.household_id) == ["王建国", "李秀英"]
    assert members.names(world, case.household_id, world.day(-9).date()) == ["王建国", "李秀英"]
    chapters = life.of_household(world.session, world.official("cun"), case.household_id, {})
    assert not [one for one in chapters if one.kind == "member"]  # nobody had looked before
    keys = [row["key"] for row in member_history.present(world.session, case.household_id)]
    members.record(world, case.household_id, "birth", **members.CHILD)
    for element_id, who in (("sign", "cun"), ("submit_batch", "xiang"), ("run_matching", "xian2")):
        world.finish(case, element_id, who)
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    members.record(world, case.household_id, "head", head="李秀英")
    child = papers.member("王小宝", "son", sex="male", id_type="none", id_number=None)
    widow = {**wife, "relation": "head", "name": "李秀瑛"}
    again = world.finish(case, "reverify", "cun", members=[widow, child])
    rows = member_history.present(world.session, case.household_id)
    assert [(row["name"], row["relation"]) for row in rows] == [("李秀瑛", "head"), ("王小宝", "son")]
    assert rows[0]["key"] == keys[1] and world.case(case.id).subject == "李秀瑛"
    told = [
        member_history.KINDS[one.kind] for one in member_history.in_force(world.session, case.household_id)
    ]
    assert told.count("核实时减少") == 1 and told.count("核实时更正") == 1 and "核实时增加" not in told
    assert members.names(world, case.household_id, world.day(-9).date()) == ["王建国", "李秀瑛"]
    withdraw(world.session, world.official("cun"), again.item_id, clock=world.clock)
    rows = member_history.present(world.session, case.household_id)
    assert {(row["name"], row["relation"]) for row in rows} == {
        ("王建国", "spouse"),
        ("李秀英", "head"),
        ("王小宝", "son"),
    }
    assert world.case(case.id).subject == "李秀英"
    world.assert_replays(case.id)


@pytest.mark.duty("R38")
def test_the_first_check_taken_back_leaves_what_was_registered(small_world: World) -> None:
    world = small_world
    case = world.enter()
    done = world.finish(case, "verify", "cun")
    assert len(members.names(world, case.household_id)) == 2
    withdraw(world.session, world.official("cun"), done.item_id, clock=world.clock)
    assert members.names(world, case.household_id) == ["王建国"]
    world.finish(case, "verify", "cun")
    assert len(members.names(world, case.household_id)) == 2
    kinds = {one.kind for one in member_history.in_force(world.session, case.household_id)}
    assert kinds == {member_history.LISTED}  # it is the first one again: nobody is said to have come
    world.assert_replays(case.id)


def _seen(world: World, house: Household, rows: list[dict[str, object]], day: int, first: bool) -> None:
    with write(world.session):
        by = member_history.Recorder(world.official("cun").id, world.clock.now(), member_history.new_act())
        seen.members_seen(world.session, house, rows, world.day(day).date(), by, first)


@pytest.mark.duty("R38", "R41")
@pytest.mark.parametrize("first", [False, True])
def test_what_happened_after_a_visit_stands_however_late_its_form_is_sent(
    small_world: World, first: bool
) -> None:
    world, house = small_world, _household(small_world)
    here = member_history.present(world.session, house.id)
    visited = [{name: value for name, value in row.items() if name != "key"} for row in here]
    world.go_to(5)
    members.record(world, house.id, "birth", **members.CHILD, happened_on=world.day(2).date().isoformat())
    died = world.day(3).date().isoformat()
    members.record(world, house.id, "death", member="王建国", head="李秀英", happened_on=died)
    _seen(world, house, visited, 1, first)
    child = {k: v for k, v in member_history.present(world.session, house.id)[-1].items() if k != "key"}
    _seen(world, house, [*visited, child], 3, first)  # he was seen alive in the morning
    rows = member_history.present(world.session, house.id)
    assert [(row["name"], row["relation"]) for row in rows] == [("李秀英", "head"), ("王小宝", "son")]
    assert members.names(world, house.id) == ["李秀英", "王小宝"]
    assert members.names(world, house.id, world.day(1).date()) == ["王建国", "李秀英"]
    number = str(visited[0]["id_number"])
    with pytest.raises(Invalid, match="王建国已登记2022年5月8日死亡"):
        members.record(world, house.id, "move_in", name="王建国", relation="other", id_number=number)
    with pytest.raises(Invalid, match="王建国已登记2022年5月8日死亡"):
        _seen(world, house, visited, 4, first)
    _seen(
        world, house, [{**rows[0], "key": ""}], 4, first
    )  # and who is not found on a later day is not there
    assert members.names(world, house.id) == ["李秀英"]
    assert members.names(world, house.id, world.day(3).date()) == ["李秀英", "王小宝"]


@pytest.mark.duty("R41")
def test_a_move_is_taken_back_in_both_households_or_in_none(small_world: World) -> None:
    world = small_world
    other, house = _household(world, "赵富贵"), _household(world)  # the one that gets her back comes first
    bride = member_history.present(world.session, other.id)[1]
    typed = {"name": "李秀英", "relation": "daughter_in_law", "id_number": bride["id_number"], "moves": True}

    def back(act: str) -> None:
        world.session.commit()
        taking_back.take_back(world.session, world.official("cun"), house.id, act, "录错", clock=world.clock)

    back(members.record(world, house.id, "marriage_in", **typed)[0].act)
    assert members.names(world, other.id) == ["赵富贵", "李秀英"] and len(members.names(world, house.id)) == 2
    act = members.record(world, house.id, "marriage_in", **typed)[0].act
    for column, value in (("village_code", "410326101200"), ("status", "gone")):
        kept = getattr(other, column)
        with write(world.session):
            setattr(_again(world, other), column, value)
        with pytest.raises(Conflict, match="不能撤销"):
            back(act)
        with write(world.session):
            setattr(_again(world, other), column, kept)
    assert len(members.names(world, house.id)) == 3 and members.names(world, other.id) == ["赵富贵"]


@pytest.mark.duty("R38", "R41")
def test_no_day_is_before_one_recorded_in_the_household_that_somebody_leaves(small_world: World) -> None:
    world = small_world
    house, other = _household(world), _household(world, "赵富贵")
    world.go_to(5)
    who = {"name": "李老太", "relation": "mother", "id_number": papers.id_number("41990119500101204")}
    moved = world.day(4).date().isoformat()
    act = members.record(world, house.id, "move_in", **who, happened_on=moved)[0].act
    with pytest.raises(Conflict, match="迁入，不能早于"):
        earlier = world.day(2).date().isoformat()
        members.record(world, other.id, "move_in", **who, moves=True, happened_on=earlier)
    assert "李老太" in members.names(world, house.id) and "李老太" not in members.names(world, other.id)
    gone = members.record(world, house.id, "move_out", member="李老太")[0].act
    members.record(world, other.id, "move_in", **who)
    with pytest.raises(Registered):  # she is somebody else's by now
        taking_back.take_back(world.session, world.official("cun"), house.id, gone, "录错", clock=world.clock)
    assert act != gone and "李老太" in members.names(world, other.id)


@pytest.mark.duty("R21", "R38")
def test_of_one_who_leaves_whoever_answers_for_the_measures_hears_what_is_still_planned(world: World) -> None:
    case = world.assistance()
    world.to_declared(case)
    members.record(world, case.household_id, "move_out", member="李秀英")
    bell = inbox.bell(world.session, world.official("xiang")).items
    told = next(one.text for one in bell if "登记成员变动" in one.text)
    assert "没有完成的帮扶措施：" in told and "请核对是否要调整" in told
