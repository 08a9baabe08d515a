"""One act on many items: each decided alone, blanks from its own case, files in every case,
refused for its own reason.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.acts import attachments
from engine.casework.desk import inbox
from engine.casework.desk.inbox import InboxFilter
from engine.casework.models import Attachment, BulkEntry, CaseFile, LogEntry, RoleGrant, Submission, WorkItem
from engine.casework.portions import bulk, portion
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.support import many, papers
from tests.support.template import OTHER_VILLAGE, VILLAGE
from tests.support.world import World

APPROVE = InboxFilter(step="identification:approve")


def all_of(world: World, username: str, wanted: InboxFilter) -> list[int]:
    """Everything that a filter finds on somebody's desk."""
    world.session.commit()
    return inbox.todo_ids(world.session, world.official(username), wanted, world.clock.now(), 1000)


@pytest.mark.duty("R12", "R17")
def test_blanks_take_each_households_own_value(world: World) -> None:
    cases = many.to_review(world, 3, (VILLAGE,))
    review = all_of(world, "xiang", InboxFilter(step="identification:review"))
    for item, category in zip(review, ("marginal", "unstable", "sudden_hardship"), strict=True):
        bulk.decide(
            world.session,
            world.official("xiang"),
            [item],
            {"outcome": "approve", "category": category},
            clock=world.clock,
        )
    county = world.official("xian")
    found = bulk.preview(
        world.session,
        world.session.scalars(_items(all_of(world, "xian", APPROVE))).all(),
        _form(world),
        world.clock.now(),
    )
    assert [row[-1] for row in found.rows.values()] == ["边缘易致贫户", "脱贫不稳定户", "突发严重困难户"]
    act = bulk.decide(
        world.session,
        county,
        all_of(world, "xian", APPROVE),
        {"outcome": "approve", "category": ""},
        clock=world.clock,
    )
    assert bulk.counts(world.session, act)["done"] == 3
    sent = select(Submission.data).where(Submission.form_key == "county_approval").order_by(Submission.id)
    assert [data["category"] for data in world.session.scalars(sent)] == [
        "marginal",
        "unstable",
        "sudden_hardship",
    ]
    for case in cases:
        lines = world.session.scalars(select(LogEntry).where(LogEntry.stream == f"case:{case.id}")).all()
        last = [line for line in lines if line.element_id == "approve"]
        assert [(line.kind, line.actor_id) for line in last] == [("complete", county.id)]
        world.assert_replays(case.id)


def _items(ids: list[int]):  # type: ignore[no-untyped-def]
    return select(WorkItem).where(WorkItem.id.in_(ids)).order_by(WorkItem.id)


def _form(world: World):  # type: ignore[no-untyped-def]
    return acts.definition_of(world.session, world.session.scalars(select(CaseFile)).first()).form(
        "county_approval"
    )


@pytest.mark.duty("R12")
def test_one_refusal_stops_no_other_and_says_why(world: World) -> None:
    many.to_approval(world, 3, (VILLAGE,))
    ids = all_of(world, "xian", APPROVE)
    bulk.decide(world.session, world.official("xian"), ids[1:2], {"outcome": "approve"}, clock=world.clock)
    act = bulk.decide(world.session, world.official("xian"), ids, {"outcome": "approve"}, clock=world.clock)
    assert bulk.counts(world.session, act) == {"pending": 0, "done": 2, "refused": 1}
    text = world.session.scalars(
        select(BulkEntry.text).where(BulkEntry.act_id == act.id, BulkEntry.status == "refused")
    ).one()
    assert "县甲" in text and "不能再次办理" in text
    with pytest.raises(NotFound):
        bulk.get(world.session, world.official("xian2"), act.id)


def test_what_suits_nobody_is_said_once_and_nothing_is_done(world: World) -> None:
    many.to_approval(world, 2, (VILLAGE,))
    ids = all_of(world, "xian", APPROVE)
    with pytest.raises(Invalid) as refused:
        bulk.decide(world.session, world.official("xian"), ids, {"outcome": "reject"}, clock=world.clock)
    assert "reason" in refused.value.fields
    assert all_of(world, "xian", APPROVE) == ids
    with pytest.raises(NotAllowed):
        bulk.decide(world.session, world.official("xiang"), ids, {"outcome": "approve"}, clock=world.clock)
    with pytest.raises(Invalid):
        bulk.decide(world.session, world.official("waixian"), ids, {"outcome": "approve"}, clock=world.clock)
    with pytest.raises(Invalid, match="1000"):
        bulk.decide(
            world.session,
            world.official("xian"),
            list(range(1, 1002)),
            {"outcome": "approve"},
            clock=world.clock,
        )


def test_a_portion_cut_off_is_taken_up_without_doubling(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.to_approval(world, 5, (VILLAGE,))
    monkeypatch.setattr(bulk, "PORTION", 2)
    monkeypatch.setattr(portion, "PATIENCE", 0)
    ids, county = all_of(world, "xian", APPROVE), world.official("xian")
    act = bulk.decide(world.session, county, ids, {"outcome": "approve"}, clock=world.clock)
    assert bulk.counts(world.session, act) == {"pending": 3, "done": 2, "refused": 0}
    entry = world.session.scalars(
        select(BulkEntry).where(BulkEntry.act_id == act.id).order_by(BulkEntry.id)
    ).first()
    assert entry is not None
    entry.status, entry.text = "pending", ""  # the step was done, its note was lost with the server
    world.session.commit()
    for _ in range(2):
        bulk.go_on(world.session, county, act.id, clock=world.clock)
    assert bulk.counts(world.session, act) == {"pending": 0, "done": 5, "refused": 0}
    query = select(LogEntry).where(LogEntry.element_id == "approve", LogEntry.kind == "complete")
    assert len(world.session.scalars(query).all()) == 5


@pytest.mark.duty("R11", "R12")
def test_several_go_back_with_one_reason(world: World) -> None:
    many.to_approval(world, 3, (VILLAGE, OTHER_VILLAGE))
    ids, county = all_of(world, "xian", APPROVE), world.official("xian")
    with pytest.raises(Invalid):
        bulk.send_back(world.session, county, ids[:2], "  ", clock=world.clock)
    act = bulk.send_back(world.session, county, ids[:2], "缺少评议记录", clock=world.clock)
    assert bulk.counts(world.session, act) == {"pending": 0, "done": 2, "refused": 0}
    back = select(WorkItem).where(WorkItem.element_id == "review", WorkItem.status == "open")
    assert [("缺少评议记录" in item.note, item.queue) for item in world.session.scalars(back)] == [
        (True, "township")
    ] * 2
    assert all_of(world, "xian", APPROVE) == ids[2:]


@pytest.mark.duty("R13")
def test_one_photo_for_many_announcements(world: World) -> None:
    many.to_approval(world, 3, (VILLAGE,))
    bulk.decide(
        world.session,
        world.official("xian"),
        all_of(world, "xian", APPROVE),
        {"outcome": "approve"},
        clock=world.clock,
    )
    ids = all_of(world, "xiang", InboxFilter(step="identification:announce"))
    photo = world.upload("xiang", world.session.get_one(WorkItem, ids[0]))
    data = papers.paper("announcement", world.today, photo)
    act = bulk.decide(world.session, world.official("xiang"), ids, data, clock=world.clock)
    assert bulk.counts(world.session, act)["done"] == 3
    files = world.session.scalars(select(Attachment).where(Attachment.work_item_id.in_(ids))).all()
    assert len({file.case_id for file in files}) == 3 and len([file for file in files if file.copy_of]) == 2
    for file in files:
        assert (
            attachments.fetch(world.session, world.official("cun"), file.id, world.clock.now())[1]
            == papers.PNG
        )


def test_the_filter_finds_all_pages_but_what_a_colleague_holds(world: World) -> None:
    many.to_approval(world, 23, (VILLAGE, OTHER_VILLAGE))
    everything = all_of(world, "xian", APPROVE)
    assert (
        len(everything)
        == 23
        == inbox.todo(world.session, world.official("xian"), APPROVE, world.clock.now()).total
    )
    one_village = InboxFilter(step=APPROVE.step, village=VILLAGE)
    assert len(all_of(world, "xian", one_village)) == 12
    assert all_of(world, "cun", APPROVE) == []
    world.session.get_one(WorkItem, everything[0]).claimed_by = world.official("xian2").id
    world.session.commit()
    assert all_of(world, "xian", APPROVE) == everything[1:]


@pytest.mark.duty("R12")
def test_a_role_that_was_taken_meanwhile_decides_no_further_portion(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.to_approval(world, bulk.PORTION + 2, (VILLAGE,))
    county, ids = world.official("xian"), all_of(world, "xian", APPROVE)
    real = bulk._note_all

    def then_taken(session: Session, *given: Any) -> None:
        real(session, *given)
        with world.sessions() as other, write(other):
            other.execute(delete(RoleGrant).where(RoleGrant.account_id == county.id))

    monkeypatch.setattr(bulk, "_note_all", then_taken)
    data = papers.paper("county_approval", world.today, "")
    act = bulk.decide(world.session, county, ids, data, clock=world.clock)
    found = bulk.counts(world.session, act)
    assert (found["done"], found["refused"]) == (bulk.PORTION, 2)


@pytest.mark.duty("C3")
@pytest.mark.parametrize("table", ["account", "role_grant"])
def test_who_decides_is_asked_again_when_the_connection_is_cut_off_at_that(
    postgres_url: str, table: str
) -> None:
    world = World(postgres_url)
    many.to_approval(world, 3, (VILLAGE,))
    first, done, last = all_of(world, "xian", APPROVE)
    data = papers.paper("county_approval", world.today, "0")
    county = world.official("xian")
    acts.complete(world.session, county, done, data, clock=world.clock)
    assert [grant.role for grant in county.grants] == ["county_approver"]  # known, until something is undone
    asked: list[str] = []

    def cut_off(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if f"FROM {table} " in statement.replace("\n", " ") and not asked:
            asked.append(statement)
            cut_off_others(postgres_url)

    event.listen(world.session.get_bind(), "before_cursor_execute", cut_off)
    found = acts.complete_many(world.session, county, [first, done, last], data, act="b1", clock=world.clock)
    assert asked
    assert [type(result) for _, result in found] == [acts.StepResult, Conflict, acts.StepResult]
    world.close()


def cut_off_others(url: str) -> None:
    """End every connection to the database but the one that does it."""
    query = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute(query)
