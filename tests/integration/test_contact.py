"""How a household is reached is put right at once: phone, group, address; what was cleared is cleared."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.casework.models import LogEntry
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.models import ContactChange, Household
from engine.prevention.records import life
from engine.prevention.register import contact
from engine.prevention.register.contact import Outcome
from tests.support.client import application, signed_in
from tests.support.world import World

PHONE = "13812345678"


def change(
    world: World, household_id: int, username: str = "cun", confirmed: bool = False, **typed: str
) -> Outcome:
    world.session.commit()
    return contact.change(
        world.session, world.official(username), household_id, typed, confirmed, clock=world.clock
    )


def household(world: World, household_id: int) -> Household:
    world.session.commit()
    return world.session.get_one(Household, household_id, populate_existing=True)


@pytest.mark.duty("R41")
def test_a_phone_and_an_address_are_put_right_and_what_was_is_kept(world: World) -> None:
    house = world.enter().household_id
    change(world, house, phone="１３８ 1234-5678", address=" 东沟\u200b9号\n", group_name="三组")
    found = household(world, house)
    assert (found.phone, found.address, found.group_name) == (PHONE, "东沟9号", "三组")
    assert found.address_key == "东沟9号"
    assert change(world, house, "xiang", phone="138****5678").change is None  # as it was shown: no change
    change(world, house, "xian", phone="", group_name="")
    found = household(world, house)
    assert (found.phone, found.group_name, found.address) == (
        "",
        "",
        "东沟9号",
    )  # what was cleared is cleared
    rows = world.session.scalars(select(ContactChange).order_by(ContactChange.id)).all()
    assert [(row.phone_before, row.phone) for row in rows] == [("", PHONE), (PHONE, "")]
    log = world.session.scalars(select(LogEntry.data).where(LogEntry.kind == "contact")).all()
    said = " ".join(str(line) for line in log)
    assert "138****5678" in said and PHONE not in said
    chapters = life.of_household(world.session, world.official("cun"), house, {})
    texts = " ".join(one.text for one in chapters if one.kind == "contact")
    assert "138****5678 → " not in texts and "电话 138****5678" in texts and PHONE not in texts


def test_who_puts_it_right(small_world: World) -> None:
    world = small_world
    house = world.enter().household_id
    for username, error in (("ducha", NotAllowed), ("shi", NotAllowed), ("waixian", NotFound)):
        with pytest.raises(error):
            change(world, house, username, phone=PHONE)
    with pytest.raises(Invalid) as refused:
        change(world, house, phone="1381234", address="长" * 201)
    assert set(refused.value.fields) == {"phone", "address"}
    found = household(world, house)
    found.merged_into_id = found.id
    world.session.commit()
    with pytest.raises(Conflict, match="并入"):
        change(world, house, phone=PHONE)


def test_a_phone_that_others_have_is_asked_about_not_refused(small_world: World) -> None:
    world = small_world
    mine, near = world.enter().household_id, world.enter(name="李秀英").household_id
    change(world, near, phone=PHONE)
    asked = change(world, mine, phone=PHONE)
    assert asked.asks and asked.change is None and [one.id for one in asked.same_phone] == [near]
    assert household(world, mine).phone == ""
    client = signed_in(application(world), world.official("cun"))
    page = client.post(
        f"/households/{mine}/contact", data={"phone": PHONE, "group_name": "", "address": "甲"}
    )
    assert page.status_code == 200 and "李秀英户" in page.text and "仍然保存" in page.text
    page = client.post(
        f"/households/{mine}/contact",
        data={"phone": PHONE, "group_name": "", "address": "甲", "confirmed": "1"},
    )
    assert page.status_code == 303 and household(world, mine).phone == PHONE
    world.hand_over(near, "410326101200")
    mine_again = world.enter(name="张有田").household_id
    client = signed_in(application(world), world.official("cun"))
    page = client.post(f"/households/{mine_again}/contact", data={"phone": PHONE, "address": "乙"})
    assert "王建国户" in page.text and "李秀英" not in page.text and "不归您管的别户" in page.text


@pytest.mark.duty("R07")
def test_a_check_that_comes_back_without_the_phone_clears_it(small_world: World) -> None:
    world = small_world
    case = world.enter()
    change(world, case.household_id, phone=PHONE, group_name="三组")
    world.finish(case, "verify", "cun", phone="", group_name="四组")
    found = household(world, case.household_id)
    assert (found.phone, found.group_name) == ("", "四组")
    row = world.session.scalars(select(ContactChange).order_by(ContactChange.id.desc())).first()
    assert row is not None and (row.phone_before, row.case_id) == (PHONE, case.id)  # nothing is lost
    world.assert_replays(case.id)
