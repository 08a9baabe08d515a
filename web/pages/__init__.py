"""The pages, a blueprint for each noun."""

from __future__ import annotations

from flask import Flask

from web.pages import demo as demo_pages
from web.pages import health, rosters
from web.pages.desk import bell, bulk, cases, files, imports, inbox, more, papers, tasks
from web.pages.office import accounts, administration, auth, journal, moves, own, parameters
from web.pages.oversight import alarms, ladder, schedules, statistics, supervision, wall
from web.pages.owners import drafts, editors, migrations, procedures, replays, trials
from web.pages.prevention import (
    batches,
    campaigns,
    clues,
    doorstep,
    measures,
    officials,
    openings,
    samples,
    screening,
)
from web.pages.register import contact, corrections, entries, foreign, households, members, transfers
from web.pages.register import register as register_pages

PAGES = (
    auth,
    own,
    inbox,
    bulk,
    tasks,
    papers,
    cases,
    clues,
    corrections,
    doorstep,
    parameters,
    households,
    transfers,
    contact,
    members,
    measures,
    officials,
    register_pages,
    foreign,
    openings,
    schedules,
    batches,
    campaigns,
    screening,
    samples,
    alarms,
    entries,
    drafts,
    editors,
    replays,
    trials,
    files,
    bell,
    more,
    administration,
    accounts,
    moves,
    rosters,
    imports,
    journal,
    health,
    procedures,
    migrations,
    statistics,
    wall,
    supervision,
    ladder,
)


def register(app: Flask, *, demo: bool) -> None:
    """Add every page; the role switcher and the time machine only in the demo."""
    for module in PAGES:
        app.register_blueprint(module.blueprint)
    if demo:
        app.register_blueprint(demo_pages.blueprint)
