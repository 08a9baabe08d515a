"""Somebody goes to another office: unit, roles, open work and the orders' answers go over in one act."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.casework import acts
from engine.casework.audit import verification
from engine.casework.desk import inbox
from engine.casework.models import Account, RoleRequest, SupervisionOrder, WorkItem
from engine.casework.organisation import accounts
from engine.casework.organisation.identity import passwords, roles
from engine.casework.organisation.identity.roles import Wish
from engine.casework.supervision import orders, succession
from engine.casework.supervision.succession import Done, Move
from engine.ground.clock import SYSTEM
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed
from tests.support import papers
from tests.support.client import Caller, application, signed_in
from tests.support.template import COUNTY, OTHER_VILLAGE, PASSWORD, START, TOWNSHIP, VILLAGE
from tests.support.world import World


def move(world: World, username: str, wish: Move, by: str = "xitong") -> Done:
    world.session.commit()
    on = world.official(username)
    return succession.move(world.session, world.official(by), on.id, wish, SYSTEM.now(), clock=world.clock)


def wish(
    world: World, username: str, unit: str, successor: str = "", roles_asked: tuple[Wish, ...] = ()
) -> Move:
    """All roles are to be taken."""
    world.session.commit()
    on = world.official(username)
    taken = tuple(grant.id for grant in on.grants)
    return Move(unit, "科员", str(on.revision), taken, roles_asked, successor)


def test_unit_roles_and_work_go_over_in_one_act(world: World) -> None:
    cases = [world.enter(name=name) for name in ("甲", "乙")]
    for case in cases:
        item = world.open_items(case)["verify"]
        acts.claim(world.session, world.official("cun"), item.id, clock=world.clock)
    asked = Wish("township_reviewer", TOWNSHIP)
    done = move(world, "cun", wish(world, "cun", TOWNSHIP, "cun2", (asked,)))
    assert (done.asked, done.work.given, done.work.released) == (2, 2, 0)
    assert "2 项角色" in done.summary and "转交 2 件" in done.summary
    world.session.expire_all()
    on, to = world.official("cun"), world.official("cun2")
    assert (on.division_code, on.post) == (TOWNSHIP, "科员")
    assert {item.claimed_by for item in world.session.scalars(select(WorkItem))} == {to.id}
    assert [grant.role for grant in on.grants] == ["village_official"]  # until it is decided
    waiting = world.session.scalars(select(RoleRequest).order_by(RoleRequest.id)).all()
    assert [(one.act, one.role, one.division_code) for one in waiting] == [
        ("remove", "village_official", VILLAGE),
        ("add", "township_reviewer", TOWNSHIP),
    ]
    ids = [one.id for one in waiting]
    roles.decide(world.session, world.official("anquan"), ids, True, "", SYSTEM.now())
    world.session.expire_all()
    assert [grant.role for grant in world.official("cun").grants] == ["township_reviewer"]
    for case in cases:
        world.assert_replays(case.id)


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_done(small_world: World) -> None:
    world = small_world
    item = world.open_items(world.enter())["verify"]
    acts.claim(world.session, world.official("cun"), item.id, clock=world.clock)
    revision = str(world.official("cun").revision)
    wrong = (
        (Move("", "", revision), "division_code"),
        (Move(TOWNSHIP, "", revision, successor="niemand"), "successor"),
        (Move(TOWNSHIP, "", revision, wishes=(Wish("village_official", "999999999999"),)), "role_division-0"),
        (Move(TOWNSHIP, "", revision, wishes=(Wish("province_reviewer", TOWNSHIP),)), "role_division-0"),
        (Move(TOWNSHIP, "", revision, wishes=(Wish("village_official", VILLAGE),)), "role-0"),
        (Move(world.official("cun").division_code, "", revision), "division_code"),
    )
    for one, field in wrong:
        with pytest.raises(Invalid) as refused:
            move(world, "cun", one)
        assert field in refused.value.fields, (one, refused.value.fields)
    with pytest.raises(Conflict):
        move(world, "cun", Move(TOWNSHIP, "", "99"))  # somebody has changed it meanwhile
    with pytest.raises(NotAllowed):
        move(world, "cun", Move(TOWNSHIP, "", revision), by="anquan")
    with pytest.raises(NotAllowed, match="本人"):
        move(world, "xitong", Move(TOWNSHIP, "", "0"))
    world.session.expire_all()
    assert world.session.get_one(WorkItem, item.id).claimed_by == world.official("cun").id
    assert not world.session.scalars(select(RoleRequest)).all()
    assert world.official("cun").revision == int(revision)


@pytest.mark.duty("R15")
def test_answers_to_the_orders_of_who_went_reach_the_successor(world: World) -> None:
    with write(world.session):
        other = accounts.create(
            world.session, "shidu", "市督", passwords.hash_password(PASSWORD), START, division_code=COUNTY
        )
        accounts.grant(world.session, other, "supervisor", "410300000000")
    case = world.enter()
    item = world.open_items(case)["verify"]
    order = orders.give(
        world.session, world.official("ducha"), item.id, "请说明。", world.today, clock=world.clock
    )
    assert succession.orders_of(world.session, world.official("ducha").id) == 1
    done = move(world, "ducha", wish(world, "ducha", OTHER_VILLAGE, "shidu"))
    assert done.orders == 1 and "1 张督办单" in done.summary
    world.session.expire_all()
    kept = world.session.get_one(SupervisionOrder, order.id)
    issuer, follower = world.official("ducha"), world.official("shidu")
    assert (kept.issued_by, kept.answers_to) == (issuer.id, follower.id)  # who issued it stays on record
    assert succession.orders_of(world.session, issuer.id) == 0
    raw = papers.paper("supervision", world.today, "")
    orders.answer(world.session, world.official("cun"), order.id, raw, clock=world.clock)
    world.session.commit()
    told = [line.text for line in inbox.bell(world.session, world.official("shidu")).items]
    assert sum("督办单已答复" in text for text in told) == 1
    left = succession.leave(
        world.session,
        world.official("xitong"),
        follower.id,
        "退休",
        "ducha",
        SYSTEM.now(),
        clock=world.clock,
    )
    assert left.orders == 1  # and from there on
    world.session.expire_all()
    assert world.session.get_one(SupervisionOrder, order.id).answers_to == world.official("ducha").id
    world.assert_replays(case.id)


def test_the_page_and_programmes_move_people(small_world: World) -> None:
    world = small_world
    app = application(world)
    on = world.official("cun")
    client = signed_in(app, world.official("xitong"))
    page = client.get(f"/administration/accounts/{on.id}/move")
    assert page.status_code == 200 and "收回 村级经办" in page.text
    form = {
        "division_code": TOWNSHIP,
        "post": "科员",
        "revision": str(on.revision),
        "taken": [str(grant.id) for grant in on.grants],
        "role-0": "township_reviewer",
        "successor": "niemand",
    }
    page = client.post(f"/administration/accounts/{on.id}/move", data=form)
    assert page.status_code == 422 and "没有这个在用的账号" in page.text and "niemand" in page.text
    page = client.post(f"/administration/accounts/{on.id}/move", data={**form, "successor": ""})
    assert page.status_code == 303
    shown = client.get(f"/administration/accounts/{on.id}").text
    assert "收回村级经办" in shown and "增加乡级审核" in shown and "科员" in shown
    world.session.commit()
    two = world.official("cun2")
    body = {"division_code": TOWNSHIP, "revision": two.revision, "taken": [two.grants[0].id]}
    answer = Caller(app, world, "xitong").post(f"/accounts/{two.id}/move", body)
    assert answer.status_code == 200, answer.json
    assert answer.json["account"]["division_code"] == TOWNSHIP and answer.json["orders"] == 0
    world.session.commit()
    assert world.session.scalars(select(Account.division_code).where(Account.id == two.id)).one() == TOWNSHIP
    assert not list(verification.verify(world.session))
