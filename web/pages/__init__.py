"""The pages, a blueprint for each noun."""

from __future__ import annotations

from flask import Flask

from web.pages import administration, auth, bell, cases, clues, files, health, households, inbox, tasks
from web.pages import demo as demo_pages


def register(app: Flask, *, demo: bool) -> None:
    """Add every page; the role switcher and the time machine only in the demo."""
    for module in (auth, inbox, tasks, cases, clues, households, files, bell, administration, health):
        app.register_blueprint(module.blueprint)
    if demo:
        app.register_blueprint(demo_pages.blueprint)
