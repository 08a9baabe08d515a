"""What cases are about, on a page: its name, its own page, and the template with what is said of it.

A kind of subject has a page of its own, and in ``templates/subjects`` a file with the macros of
``household.html``. Forms read one by its name (``Subjects.known_as``); what they read has its ``path``.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, url_for

from engine.casework import kit
from engine.casework.models import CaseFile
from engine.casework.organisation import divisions
from web.server.database import session

PAGES = {
    "": ("households.show", "household_id"),
    "hazard": ("hazards.show", "hazard_id"),
    "report": ("reports.show", "report_id"),
    "township_module": ("modules.show", "module_id"),
}
"""By kind: the endpoint of its page, and what that calls its number."""


def page(subject_id: int) -> str:
    """The address of a subject's own page."""
    endpoint, number = PAGES[kit.subjects_of(subject_id).kind]
    numbers: dict[str, Any] = {number: subject_id}
    return url_for(endpoint, **numbers)


def parts(case: CaseFile) -> str:
    """The template with what is said of the subject of a case."""
    return f"subjects/{kit.subjects_of(case.subject_id).known_as}.html"


def path(code: str) -> str:
    """Where a subject is, by the code of its division."""
    return divisions.paths(session(), [code]).get(code, "")


def register(app: Flask) -> None:
    """Make these known to the templates."""
    known = {"called": kit.called, "page_of_subject": page, "parts_of_subject": parts, "path_of_place": path}
    app.jinja_env.filters.update(known)
    app.jinja_env.globals["subject_heading"] = kit.heading
