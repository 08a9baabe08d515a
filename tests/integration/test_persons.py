"""One person, one household: however a number is spelled,
wherever and however often at once it is entered (R41).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from engine.casework import acts
from engine.casework.desk import inbox
from engine.casework.models import LogEntry
from engine.ground.database import write
from engine.ground.errors import ShouwangError
from engine.prevention.identification import entering
from engine.prevention.models import Household, Member, RiskClue
from engine.prevention.register.households import finding as households
from engine.prevention.register.households import registering
from engine.prevention.register.persons import Registered
from tests.support import papers
from tests.support.client import Caller, application, signed_in
from tests.support.template import OTHER_VILLAGE, VILLAGE
from tests.support.world import World

NUMBER = papers.id_number("41990119750308125")
SPELLINGS = (
    NUMBER,
    NUMBER.lower(),
    " ".join((NUMBER[:6], NUMBER[6:14], NUMBER[14:])),
    f"\u202d{NUMBER}\u200b",
    NUMBER + "43",
)


def enter(world: World, username: str = "cun", *, new: bool = True, **changes: Any) -> entering.Entered:
    data = papers.clue(world.today, **changes)
    return entering.enter(world.session, world.official(username), data, clock=world.clock, confirmed_new=new)


def count(world: World, model: type[Any] = Household) -> int:
    world.session.commit()
    return world.session.scalar(select(func.count()).select_from(model)) or 0


def bell(world: World, username: str) -> list[str]:
    world.session.commit()
    return [line.text for line in inbox.bell(world.session, world.official(username)).items]


def at_once(world: World, acts: list[Callable[[Any], Any]]) -> list[Any]:
    """What each act answers or raises when all begin at the same moment, each on a connection of its own."""
    start, answers = threading.Barrier(len(acts)), []

    def run(act: Callable[[Any], Any]) -> None:
        with world.sessions() as session:
            start.wait()
            try:
                answers.append(act(session))
            except Exception as error:
                answers.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.duty("R41")
@pytest.mark.parametrize("spelled", SPELLINGS)
def test_the_village_cannot_register_a_person_a_second_time(small_world: World, spelled: str) -> None:
    world = small_world
    enter(world, id_number=NUMBER)
    seen = enter(world, name="王建民", id_number=spelled, address="北坡9号", new=False)
    assert seen.clue is None and seen.known is not None and seen.known.head_name == "王建国"
    with pytest.raises(Registered, match=r"已登记在.*王建国户") as refused:
        enter(world, name="王建民", id_number=spelled, address="北坡9号")
    assert list(refused.value.fields) == ["id_number"]
    assert (count(world), count(world, RiskClue)) == (1, 1)


@pytest.mark.duty("R41", "R38")
def test_a_person_registered_elsewhere_is_not_shown_and_both_places_hear_of_it(small_world: World) -> None:
    world = small_world
    enter(world, "lin", village=OTHER_VILLAGE, id_number=NUMBER)
    for _ in range(2):
        with pytest.raises(Registered, match="已在其他地方登记，已通知双方核对") as refused:
            enter(world, name="张三", id_number=NUMBER.lower())
        said = f"{refused.value.message}{refused.value.fields}"
        assert "王建国" not in said and NUMBER not in said and "东沟" not in said
    assert count(world) == 1
    here, there = bell(world, "cun"), bell(world, "lin")
    assert len(here) == len([line for line in there if "证件号码" in line]) == 1
    assert "王建国" not in here[0] and "核对" in here[0] and "王建国户" in there[0]
    lines = world.session.scalars(select(LogEntry).where(LogEntry.kind == "registered_twice")).all()
    assert len(lines) == 2 and NUMBER not in str([line.data for line in lines])


@pytest.mark.duty("R41")
def test_a_member_typed_in_a_verification_belongs_to_one_household(world: World) -> None:
    enter(world, "lin", village=OTHER_VILLAGE, id_number=NUMBER)
    case = world.enter(name="李四", id_number=papers.id_number("41990119600101017"), address="西沟1号")
    rows = [
        *papers.family("李四", case.household.head_id_number),
        papers.member("王建国", "father", id_number=NUMBER.lower()),
    ]
    with pytest.raises(Registered) as refused:
        world.finish(case, "verify", "cun", members=rows)
    assert refused.value.fields == {"members.2.id_number": ["证件号码：已在其他地方登记，已通知双方核对。"]}
    assert "verify" in world.open_items(case) and any("证件号码" in line for line in bell(world, "lin"))
    twice = [
        *rows[:2],
        papers.member(
            "李小四", "son", id_number=f"{rows[1]['id_number'][:17]}{rows[1]['id_number'][17:].lower()}"
        ),
    ]
    with pytest.raises(ShouwangError) as again:
        world.finish(case, "verify", "cun", members=twice)
    assert "填了两次" in str(again.value.fields)  # type: ignore[attr-defined]
    world.finish(case, "verify", "cun", members=rows[:2])
    world.assert_replays(case.id)


@pytest.mark.duty("R41")
def test_who_has_left_a_household_can_be_registered_in_another(small_world: World) -> None:
    world = small_world
    first = world.enter()
    daughter = papers.member(
        "王小丽", "daughter", id_number=papers.id_number("41990120000101026"), sex="female"
    )
    world.finish(
        first, "verify", "cun", members=[*papers.family("王建国", first.household.head_id_number), daughter]
    )
    with write(world.session):
        people = world.session.get_one(Household, first.household_id).members
        world.session.delete(people[-1])
    second = world.enter(name="李四", id_number=papers.id_number("41990119600101017"), address="西沟1号")
    wife = {**daughter, "relation": "spouse"}
    world.finish(second, "verify", "cun", members=[papers.member("李四", number="41990119600101017"), wife])
    assert [m.name for m in world.session.get_one(Household, second.household_id).members] == [
        "李四",
        "王小丽",
    ]


def test_members_without_a_number_are_as_many_as_they_are(world: World) -> None:
    for number in range(3):
        head = papers.id_number(f"41990119600101{number * 2 + 1:03d}")
        case = world.enter(name=f"户{number}", id_number=head, address=f"{number}号")
        baby = papers.member("小宝", "son", id_type="none", id_number="")
        world.finish(case, "verify", "cun", members=[papers.member(f"户{number}", number=head[:17]), baby])
    assert count(world, Member) == 6


def test_the_database_itself_refuses_a_second_holder(world: World) -> None:
    enter(world, id_number=NUMBER)
    other = world.enter(
        name="李四", id_number=papers.id_number("41990119600101017"), address="西沟1号"
    ).household_id
    values = {"household_id": other, "position": 9, "name": "某", "person": NUMBER[:18]}
    with pytest.raises(IntegrityError), write(world.session):
        world.session.execute(insert(Member).values(values))


@pytest.mark.duty("R41")
def test_four_clues_about_one_person_at_the_same_moment_make_one_household(world: World) -> None:
    def act(username: str, village: str, index: int) -> Callable[[Any], Any]:
        actor = world.official(username)
        data = papers.clue(
            world.today,
            village=village,
            id_number=SPELLINGS[index],
            address=f"{index}号",
            name=f"王建{index}",
        )
        return lambda session: entering.enter(session, actor, data, clock=world.clock, confirmed_new=True)

    acts = [
        act("cun", VILLAGE, 0),
        act("cun2", VILLAGE, 1),
        act("lin", OTHER_VILLAGE, 2),
        act("xiang", VILLAGE, 3),
    ]
    world.session.commit()
    answers = at_once(world, acts)
    assert sorted(type(one).__name__ for one in answers) == [
        "Entered",
        "Registered",
        "Registered",
        "Registered",
    ]
    assert (count(world), count(world, RiskClue)) == (1, 1)


@pytest.mark.duty("R06")
def test_clues_for_one_household_at_the_same_moment_all_arrive_and_open_one_case(world: World) -> None:
    with write(world.session):
        data = {"village_code": VILLAGE, "head_name": "王建国", "id_number": NUMBER, "address": "东沟1号"}
        household = registering.register(world.session, data, world.clock.now()).id
    actors = [world.official(name) for name in ("cun", "cun2", "xiang", "xiang2")]
    data = papers.clue(world.today)
    world.session.commit()
    for _ in range(3):
        acts = [
            lambda session, actor=actor: entering.enter(
                session, actor, data, clock=world.clock, household_id=household
            )
            for actor in actors
        ]
        answers = at_once(world, acts)
        assert all(isinstance(one, entering.Entered) for one in answers), answers
        assert len({one.case.id for one in answers}) == 1
    assert count(world, RiskClue) == 12
    world.assert_replays(answers[0].case.id)


def test_families_that_exchange_people_at_the_same_moment_do_not_block_one_another(world: World) -> None:
    heads = [papers.id_number(f"41990119600101{number * 2 + 1:03d}") for number in range(2)]
    cases = [world.enter(name=f"户{i}", id_number=head, address=f"{i}号") for i, head in enumerate(heads)]
    items = [(case, world.open_items(case)["verify"].id) for case in cases]
    shared = [
        papers.member(f"甲{i}", "son", id_number=papers.id_number(f"41990120010101{i * 2 + 1:03d}"))
        for i in range(6)
    ]

    def act(index: int) -> Callable[[Any], Any]:
        head = papers.member(f"户{index}", number=heads[index][:17])
        rows = [head, *(shared if index else reversed(shared))]
        data = papers.verification(world.today, members=rows)
        actor = world.official("cun" if index else "cun2")
        return lambda session: acts.complete(session, actor, items[index][1], data, clock=world.clock)

    both = [act(0), act(1)]
    world.session.commit()
    answers = at_once(world, both)
    assert sorted(type(one).__name__ for one in answers) == ["Registered", "StepResult"], answers


def test_the_page_and_the_api_say_it_in_a_sentence(small_world: World) -> None:
    world = small_world
    enter(world, id_number=NUMBER)
    app = application(world)
    page = signed_in(app, world.official("cun"))
    data = papers.clue(world.today, name="王建民", id_number=NUMBER.lower(), address="北坡9号")
    shown = page.post("/clues", data=data)
    assert shown.status_code == 200 and "都不是" not in shown.text and "已登记在王建国户" in shown.text
    refused = page.post("/clues", data={**data, "confirmed_new": "1"})
    assert refused.status_code == 422 and "一人只能登记在一户" in refused.text
    answer = Caller(app, world, "lin").post(
        "/clues", {"data": {**data, "village_code": OTHER_VILLAGE}, "confirmed_new": True}
    )
    assert (
        answer.status_code == 422 and answer.json["detail"] == "证件号码：已在其他地方登记，已通知双方核对。"
    )
    assert count(world) == 1


@pytest.mark.parametrize(
    ("typed", "hits"),
    [
        ("王　伟", 1),
        ("王伟", 1),
        (NUMBER.lower(), 1),
        (f"{NUMBER[:6]} {NUMBER[6:]}", 1),
        ("138 1234 5678", 1),
        ("+8613812345678", 1),
        ("东沟１２号", 1),
        ("阿依古丽•买买提", 1),
        (NUMBER[:17], 0),
        ("1381234", 0),
    ],
)
def test_people_are_found_however_they_are_spelled(small_world: World, typed: str, hits: int) -> None:
    world = small_world
    with write(world.session):
        data = {
            "village_code": VILLAGE,
            "head_name": "王　伟",
            "id_number": NUMBER,
            "phone": "13812345678",
            "address": "东沟12号",
        }
        head = {"name": "王　伟", "id_number": NUMBER, "relation": "head"}
        spouse = {"name": "阿依古丽·买买提", "relation": "spouse", "id_type": "none"}
        data["members"] = [head, spouse]  # type: ignore[assignment]
        registering.register(world.session, data, world.clock.now())
    cun = world.official("cun")
    assert households.search(world.session, cun, typed).total == hits
    found = households.search(world.session, cun, "王 伟").items
    assert [one.head_name for one in found] == ["王　伟"]
    assert households.find_duplicates(
        world.session, village_code=VILLAGE, head_name="王伟", address="别处"
    ) == list(found)
