"""The pages, a blueprint for each noun."""

from __future__ import annotations

from flask import Flask

from web.pages import (
    accounts,
    administration,
    auth,
    batches,
    bell,
    bulk,
    cases,
    clues,
    corrections,
    drafts,
    editors,
    files,
    health,
    households,
    inbox,
    journal,
    ladder,
    measures,
    migrations,
    more,
    officials,
    openings,
    own,
    papers,
    parameters,
    procedures,
    replays,
    rosters,
    schedules,
    statistics,
    supervision,
    tasks,
    trials,
    wall,
)
from web.pages import demo as demo_pages
from web.pages import (
    register as register_pages,
)

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
    parameters,
    households,
    measures,
    officials,
    register_pages,
    openings,
    schedules,
    batches,
    drafts,
    editors,
    replays,
    trials,
    files,
    bell,
    more,
    administration,
    accounts,
    rosters,
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
