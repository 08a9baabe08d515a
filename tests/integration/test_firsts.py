"""Two at the same moment who both find no row yet, or both find the one that goes: one is first, and the
other hears the same as if it had come a second later. On PostgreSQL; SQLite has one writer anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework.acts import holding, leaving
from engine.casework.models import Account, LogEntry, NotificationRule, Schedule, WorkItem
from engine.casework.organisation.identity import admitting, roles
from engine.casework.telling import notification_rules
from engine.casework.time import schedules
from engine.ground.errors import Invalid, NotFound
from engine.owners import drafting, drafts
from engine.prevention.hazards.watch import weekly
from engine.prevention.models import QualityRhythm, WatchWeek
from engine.prevention.quality import runs
from tests.integration.test_at_once import account
from tests.support.at_once import Act, while_it_writes
from tests.support.template import COUNTY
from tests.support.world import World


@pytest.fixture
def world(postgres_url: str) -> Iterator[World]:
    """On PostgreSQL, where several write at once."""
    world = World(postgres_url)
    yield world
    world.close()


def number(world: World, what: Any, *where: Any) -> int:
    return world.session.scalar(select(func.count()).select_from(what).where(*where)) or 0


def test_two_first_rows_are_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = world.official("liucheng")
    draft = drafting.create(
        world.session, owner, name="公示", procedure_key="public_notice", now=world.clock.now()
    ).id
    now, today, clock = world.clock.now(), world.today, world.clock
    firsts: list[tuple[Act, Any]] = [
        (
            lambda session: schedules.set_rhythm(
                session, account(session, "xian"), "look_back", 6, today, now
            ),
            Schedule,
        ),
        (
            lambda session: runs.set_rhythm(session, account(session, "xian"), COUNTY, today, clock),
            QualityRhythm,
        ),
        (lambda session: weekly.go_on(session, now), WatchWeek),
        (lambda session: drafts.seen(session, account(session, "liucheng"), draft, now), drafts.DraftEditor),
    ]
    for act, table in firsts:
        outcomes = while_it_writes(world, monkeypatch, act, act)
        assert not any(isinstance(one, Exception) for one in outcomes), (table, outcomes)
        assert number(world, table) == 1, table
        monkeypatch.undo()


def test_the_second_rule_of_two_alike_is_refused_with_a_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, now = number(world, NotificationRule), world.clock.now()
    given = notification_rules.NewRule("warning", "county", "bell")

    def add(session: Session) -> Any:
        return notification_rules.add(session, account(session, "liucheng"), given, robots=(), now=now)

    outcomes = while_it_writes(world, monkeypatch, add, add)
    assert isinstance(outcomes[1], Invalid) and "已经有" in outcomes[1].message, outcomes
    assert number(world, NotificationRule) == before + 1


@pytest.mark.parametrize("what", ["role", "rhythm"])
def test_what_goes_goes_once(world: World, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    now, village = world.clock.now(), world.official("cun")
    grant, holder = village.grants[0].id, village.id
    schedules.set_rhythm(world.session, world.official("xian"), "look_back", 6, world.today, now)
    acts: dict[str, tuple[Act, str]] = {
        "role": (
            lambda session: roles.take(session, account(session, "anquan"), holder, grant, now).id,
            "role_taken",
        ),
        "rhythm": (
            lambda session: schedules.stop(session, account(session, "xian"), "look_back", now),
            "rhythm_stopped",
        ),
    }
    act, kind = acts[what]
    outcomes = while_it_writes(world, monkeypatch, act, act)
    assert isinstance(outcomes[1], NotFound) if what == "role" else outcomes == [None, None]
    assert number(world, LogEntry, LogEntry.kind == kind) == 1


@pytest.mark.duty("C4")
def test_nothing_stays_in_the_hands_of_who_is_disabled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    item = world.open_items(world.enter())["verify"].id
    holder, now = world.official("cun").id, world.clock.now()

    def claim(session: Session) -> Any:
        return holding.claim(session, account(session, "cun"), item, clock=world.clock)

    def disable(session: Session) -> Any:
        keeper = account(session, "xitong")
        gone = admitting.disable(session, keeper, holder, "调走", now)
        return leaving.hand_on(session, keeper, gone, None, now, clock=world.clock)

    outcomes = while_it_writes(world, monkeypatch, claim, disable)
    assert not any(isinstance(one, Exception) for one in outcomes), outcomes
    assert not world.session.get_one(Account, holder).active
    assert world.session.get_one(WorkItem, item).claimed_by is None
    refused = while_it_writes(world, monkeypatch, claim, lambda session: None)[0]
    assert isinstance(refused, Invalid) and "停用" in refused.message
