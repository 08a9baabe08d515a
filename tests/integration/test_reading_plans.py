"""No page that officials open reads a growing table from end to end, whatever they look for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from engine.casework.models import NumberedPaper
from engine.prevention.models import AssistancePlan, Household, Measure
from tests.support import databases, plans
from tests.support.client import Caller, application, signed_in
from tests.support.template import TOWNSHIP, VILLAGE
from tests.support.world import World
from web.server.database import db

SEARCHED = (
    "/todo?q=王&lamp=red",
    "/todo?sort=name",
    "/todo?sort=opened",
    f"/todo?village={VILLAGE}",
    "/todo?batch=1",
    "/todo?urged=1",
    "/todo?step=identification:verify&lamp=yellow",
    "/done?q=王",
    "/clues?q=王",
    "/measures?q=王",
    "/measures?status=late",
    "/measures?status=done",
    "/households?q=王",
    "/households?q=419901196203080018",
    "/households?q=13900000000",
    "/households?status=monitored",
    "/households?q=4103",
    "/register?q=王",
    "/papers?q=王",
    "/batches?q=王",
    "/matching?q=王",
    "/officials?q=王",
    "/corrections?q=王",
    "/transfers?side=sent",
    "/bell?page=2",
)
WATCHED = (
    "/supervision",
    "/supervision?lamp=red",
    "/supervision?sort=name",
    "/supervision?q=王",
    "/supervision?sort=holder",
    "/supervision?step=identification:verify",
    "/supervision?holder=nobody",
    "/supervision?holder=unclaimed",
    "/supervision?holder=village&over=7",
    "/supervision?limit=identification:limit_15",
    "/supervision/counts.json",
    "/supervision/orders",
    "/supervision/orders?status=mine",
    "/supervision/orders?status=late",
    "/supervision/orders?status=open",
    f"/supervision/letter?division={TOWNSHIP}",
    "/statistics",
    "/statistics/counts.json",
    "/statistics/diagram/identification",
    "/statistics/diagram/identification?version=1",
    "/walls",
)
CALLED = (
    "/tasks",
    "/households",
    "/households?q=王",
    "/timers",
    "/timers?state=overdue",
    "/timers?state=fired",
)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Of its own: what rows of another test left behind would be read in other ways."""
    with databases.copied() as url:
        yield url


@pytest.fixture
def filled(world: World) -> World:
    """A household under assistance, another one late, a third in its notice."""
    world.assistance()
    notice = world.enter(name="李秀英")
    world.to_notice(notice)
    world.enter(name="张有田")
    world.go_to(world.number + 20)
    world.session.commit()
    return world


def test_no_page_reads_a_growing_table_from_end_to_end(filled: World) -> None:
    world = filled
    app = application(world)
    with app.app_context():
        engine = db.engine
    with plans.statements(engine) as asked:
        _open_all(app, world, "xian", [*_lists(app), *_single(world)])
        for username in ("cun", "sheng", "ducha"):  # whose reach is written otherwise
            _open_all(app, world, username, [])
        for path in CALLED:
            assert Caller(app, world, "xian").get(path).status_code == 200
    found = sorted(set(plans.read_whole(engine, asked)))
    assert not found, "\n\n".join(f"{name}: {statement}" for name, statement in found)
    assert len(asked) > 120


def _open_all(app: Flask, world: World, username: str, more: list[str]) -> None:
    client = signed_in(app, world.official(username))
    opened = [path for path in (*more, *SEARCHED, *WATCHED) if client.get(path).status_code == 200]
    assert len(opened) > 15


def _lists(app: Flask) -> list[str]:
    """Every page that needs nothing to be named, but those of administrators and process owners."""
    rules = [
        rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments
    ]
    found = [rule for rule in rules if not rule.startswith(("/administration", "/api", "/drafts", "/login"))]
    assert len(found) > 20
    return found


def _single(world: World) -> list[str]:
    """A page of one case, household, task, plan and paper of each kind of them."""
    world.session.commit()
    households = world.session.scalars(select(Household.id))
    found = [
        f"/households/{one}{page}"
        for one in households
        for page in ("", "/archive", "/corrections", "/transfer", "/contact", "/members")
    ]
    found += [f"/measures/{one}/progress" for one in world.session.scalars(select(Measure.id))]
    cases = world.session.scalars(select(AssistancePlan.case_id))
    found += [f"/cases/{one}{page}" for one in [*cases, 1, 2, 3] for page in ("", "/archive")]
    found += [f"/papers/{one}.html" for one in world.session.scalars(select(NumberedPaper.id))]
    return [*found, *(f"/tasks/{item}" for item in range(1, 12))]
