"""The pages, a blueprint for each noun."""

from __future__ import annotations

from flask import Flask

from web.pages import demo as demo_pages
from web.pages import health, metrics, rosters
from web.pages.desk import bell, bulk, cases, files, imports, inbox, jobs, more, outgoing, papers, tasks
from web.pages.hazards import hazards, raising, watch
from web.pages.office import accounts, administration, auth, journal, moves, own, parameters
from web.pages.oversight import alarms, ladder, schedules, statistics, supervision, wall
from web.pages.owners import drafts, editors, migrations, procedures, replays, trials
from web.pages.prevention import (
    batches,
    campaigns,
    clues,
    departments,
    doorstep,
    matching,
    measures,
    modules,
    officials,
    openings,
    reports,
    samples,
    screening,
)
from web.pages.quality import hints as quality_hints
from web.pages.quality import rules as quality_rules
from web.pages.quality import runs as quality_runs
from web.pages.register import (
    contact,
    corrections,
    entries,
    findings,
    foreign,
    households,
    members,
    transfers,
)
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
    departments,
    corrections,
    findings,
    doorstep,
    parameters,
    households,
    transfers,
    contact,
    members,
    measures,
    quality_rules,
    quality_runs,
    quality_hints,
    officials,
    hazards,
    raising,
    watch,
    register_pages,
    foreign,
    openings,
    schedules,
    batches,
    matching,
    campaigns,
    screening,
    reports,
    modules,
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
    jobs,
    outgoing,
    journal,
    health,
    metrics,
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
