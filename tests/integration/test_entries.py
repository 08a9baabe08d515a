"""R38: who collected, entered, reviewed each value; what is entered by hand another person looks at."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.casework import definitions
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.models import ContactChange, Finding, MemberChange
from engine.prevention.quality.entries import origins, reviews
from engine.prevention.quality.entries.origins import Origin
from engine.prevention.register import contact, naming
from tests.support.client import application, signed_in
from tests.support.members import CHILD, record
from tests.support.world import World

PHONE = "13812345678"


def call(world: World, household_id: int, phone: str = PHONE, who: str = "cun") -> ContactChange:
    world.session.commit()
    actor = world.official(who)
    typed = {"phone": phone}
    found = contact.change(world.session, actor, household_id, typed, True, clock=world.clock)
    assert found.change is not None
    return found.change


def origin(world: World, household_id: int, what: str) -> list[Origin]:
    world.session.commit()
    words = {**definitions.code_labels(world.session), "household_type": naming.TYPE_NAMES}
    found = origins.of_household(world.session, world.official("cun"), household_id, words)
    return [one for one in found if one.what == what]


def agree(world: World, who: str, *keys: tuple[str, str]) -> tuple[int, int]:
    world.session.commit()
    return reviews.agree(world.session, world.official(who), keys, clock=world.clock)


def waiting(world: World, who: str = "xiang") -> list[tuple[str, str]]:
    world.session.commit()
    return [(one.kind, one.said) for one in reviews.waiting(world.session, world.official(who)).items]


@pytest.mark.duty("R38")
def test_every_value_says_who_collected_entered_and_reviewed_it(small_world: World) -> None:
    world = small_world
    case = world.approved()
    house, cun, xiang = case.household_id, world.official("cun").id, world.official("xiang").id
    for what in ("户类型", "风险", "住址", "义务教育", "成员", "2022年收入支出"):
        for one in origin(world, house, what):
            source = one.source
            assert source is not None, what
            assert (source.entered_by, source.reviewed_by, source.case_id) == (cun, xiang, case.id), what
            assert "、" in source.collected and source.collected_on is not None, what
    call(world, house)
    (phone,) = origin(world, house, "电话")
    assert phone.value == "138****5678" and phone.source is not None
    assert (phone.source.name, phone.source.entered_by, phone.source.reviewed_by) == ("改电话住址", cun, None)
    (address,) = origin(world, house, "住址")
    assert address.source is not None and address.source.case_id == case.id  # that one is still the check's
    row = world.session.scalars(select(ContactChange).where(ContactChange.case_id.is_(None))).one()
    assert agree(world, "xiang2", ("contact", str(row.id))) == (1, 0)
    (phone,) = origin(world, house, "电话")
    assert phone.source is not None and phone.source.reviewed_by == world.official("xiang2").id
    shown = signed_in(application(world), world.official("xiang")).get(f"/households/{house}").text
    assert "谁采集、谁录入、谁复核" in shown and "还没有" not in shown.split('data-origin="电话"')[1][:900]
    assert PHONE not in shown


@pytest.mark.duty("R38")
def test_what_was_taken_back_is_no_origin(small_world: World) -> None:
    world = small_world
    case = world.enter()
    assert [one.source and one.source.name for one in origin(world, case.household_id, "户主")] == [
        "录入线索"
    ]
    world.finish(case, "verify", "cun")
    (kind,) = origin(world, case.household_id, "户类型")
    assert kind.source is not None and kind.source.name == "入户核实" and kind.source.reviewed_by is None


@pytest.mark.duty("R38")
def test_entries_by_hand_wait_for_another_person(world: World) -> None:
    house = world.enter().household_id
    row = call(world, house)
    (born, *_) = record(world, house, "birth", **CHILD)
    call(world, house, "13912345678", "xiang")  # the township's own: another of it looks at it
    assert [kind for kind, _ in waiting(world)] == ["contact", "members"]
    assert len(waiting(world, "xiang2")) == 3 and len(waiting(world, "xian")) == 3
    assert waiting(world, "waixiang") == [] and "王小宝" in waiting(world)[1][1]
    for who, error in (("cun2", NotAllowed), ("waixiang", NotFound)):
        with pytest.raises(error):
            agree(world, who, ("contact", str(row.id)))
    own = world.session.scalars(select(ContactChange).order_by(ContactChange.id.desc())).first()
    assert own is not None
    assert agree(world, "xiang", ("contact", str(row.id)), ("contact", str(own.id))) == (1, 1)
    assert agree(world, "xiang2", ("contact", str(row.id))) == (0, 1)  # it has been
    assert agree(world, "xiang2", ("members", born.act)) == (1, 0)
    changed = world.session.get_one(MemberChange, born.id, populate_existing=True)
    assert changed.reviewed_by == world.official("xiang2").id and changed.sent_back == ""
    assert waiting(world) == [] and len(waiting(world, "xian")) == 1


@pytest.mark.duty("R38")
def test_what_does_not_hold_goes_back_to_the_village_as_a_finding(small_world: World) -> None:
    world = small_world
    house = world.enter().household_id
    row = call(world, house)
    township = world.official("xiang")
    key = str(row.id)
    with pytest.raises(Invalid):
        reviews.send_back(world.session, township, "contact", key, " ", clock=world.clock)
    with pytest.raises(NotFound):
        reviews.send_back(world.session, township, "screening", key, "不对", clock=world.clock)
    reviews.send_back(world.session, township, "contact", key, "号码是村干部的", clock=world.clock)
    found = world.session.scalars(select(Finding)).one()
    assert (found.source, found.household_id, found.status) == ("review", house, "waiting")
    assert "号码是村干部的" in found.sentence and PHONE not in found.sentence
    with pytest.raises(Conflict):
        reviews.send_back(world.session, township, "contact", key, "又一次", clock=world.clock)
    (phone,) = origin(world, house, "电话")
    assert phone.source is not None and phone.source.reviewed_by is None


@pytest.mark.duty("R38")
def test_what_is_sent_back_second_does_not_replace_the_first(small_world: World) -> None:
    world = small_world
    house = world.enter().household_id
    first, second = call(world, house), call(world, house, "13912345678")
    township = world.official("xiang")
    for row, reason in ((first, "号码是村干部的"), (second, "停机了")):
        reviews.send_back(world.session, township, "contact", str(row.id), reason, clock=world.clock)
    found = world.session.scalars(select(Finding)).one()
    assert "号码是村干部的" in found.sentence and "停机了" in found.sentence
