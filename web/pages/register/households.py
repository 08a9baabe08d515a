"""农户: the register's search and one household."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import definitions
from engine.casework.acts import openings
from engine.casework.desk import views
from engine.ground.database.foreseeing import foresee_page
from engine.prevention.assistance import measures
from engine.prevention.campaign import campaigns
from engine.prevention.identification import entering
from engine.prevention.identification.departments import lists, matters
from engine.prevention.identification.departments.intake import results
from engine.prevention.quality.correcting import lists as findings
from engine.prevention.quality.entries import origins
from engine.prevention.records import life
from engine.prevention.records.life import Chapter
from engine.prevention.register import contact, naming
from engine.prevention.register.households import finding as households
from engine.prevention.rollback import rollbacks
from engine.prevention.transfers import lists as transfers
from engine.prevention.transfers import offers
from web.request import discretion
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("households", __name__)
CODES = {"household_type": naming.TYPE_NAMES}
"""Codes that the register names itself."""


@blueprint.get("/households")
def index() -> str:
    """Search by name or address; by ID number or phone with `find`."""
    text, status = request.values.get("q", "").strip()[:40], request.values.get("status", "")
    page = households.search(session(), account(), text, status, number(request.args.get("page")))
    return render_template("prevention/households/index.html", page=page, text=text, status=status)


@blueprint.post("/households/search")
def find() -> ResponseReturnValue:
    """What the search form sends: whom a number names is shown here,
    so that the number stands in no address.
    """
    narrowing = discretion.narrowing()
    return index() if narrowing is None else redirect(url_for("households.index", **narrowing), 303)


@blueprint.get("/households/<int:household_id>")
def show(household_id: int) -> str:
    """One household; ID numbers and phones masked."""
    return _page(household_id, {})


@blueprint.post("/households/<int:household_id>/reveal")
def reveal(household_id: int) -> str:
    """Full numbers, on purpose; the look is logged."""
    return _page(household_id, households.reveal(session(), account(), household_id, clock.now()))


def _page(household_id: int, revealed: dict[str, str]) -> str:
    household = households.view(session(), account(), household_id)
    like = ("household", household.status)
    foresee_page(session(), like, household=household_id, village=household.village_code)
    labels = definitions.code_labels(session())
    origin = origins.of_household(session(), account(), household_id, {**labels, **CODES})
    here = household.merged_into_id is None and household.status != "gone"
    return render_template(
        "prevention/households/show.html",
        household=household,
        revealed=revealed,
        labels=labels,
        origins=origin,
        entered=origins.people(session(), origin),
        chapters=_chapters(household_id),
        matching=households.last_matching(session(), household_id),
        startable=openings.startable(session(), account(), household),
        assistance=measures.of_household(session(), account(), household_id, clock.now()),
        measure_words=measures.words(session()),
        pending=rollbacks.pending(session(), household_id),
        may_transfer=here and offers.may_offer(account(), household.village_code),
        campaign=campaigns.open_for(session(), household.village_code) if here else None,
        may_contact=contact.may_change(account(), household),
        findings=findings.of_household(session(), household_id),
        finding_words={"state_of": findings.state_of},
        told=lists.of_household(session(), household_id),
        told_title=matters.title,
        told_outcomes=results.OUTCOMES,
        transfer=transfers.waiting_of(session(), account(), household_id),
    )


def _chapters(household_id: int) -> list[Chapter]:
    words = {"channels": entering.CHANNELS, "measures": measures.words(session())["type"]}
    return life.of_household(session(), account(), household_id, words)


@blueprint.get("/households/<int:household_id>/archive")
def archive(household_id: int) -> str:
    """R14: everything about the household's cases, from the first clue on, as one file to print."""
    household = households.view(session(), account(), household_id)
    chapters = _chapters(household_id)
    cases = [
        views.case_view(session(), account(), c.case.id) for c in reversed(chapters) if c.case is not None
    ]
    return render_template(
        "prevention/households/archive.html", household=household, chapters=chapters, cases=cases
    )
