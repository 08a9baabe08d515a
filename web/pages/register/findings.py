"""问题数据: what rules, samples and departments found wrong, and what became of it (R34, R35, R39)."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from engine.casework.organisation import access
from engine.prevention.models import Finding
from engine.prevention.quality.correcting import lists, outgoing, services, traces
from engine.prevention.quality.correcting.ways import way_of
from engine.prevention.quality.findings import SEVERITIES, SOURCES
from engine.prevention.register import contact
from web.pages.desk.inbox import narrower
from web.request.arguments import number
from web.request.signing import account
from web.server.database import session

blueprint = Blueprint("findings", __name__)
PLACES = {
    "members": ("members.show", "成员变动"),
    "contact": ("contact.show", "改电话住址"),
    "merge": ("corrections.household", "更正"),
}
"""By the way in which a finding is put right: the page of the household where that is done, and its name."""
HOUSEHOLD = ("households.show", "农户页面")


@blueprint.get("/findings")
def index() -> str:
    """The list, and how many there are by the places right below one's own."""
    wanted = outgoing.wanted(request.args)
    counted = wanted.division or _own_place()
    return render_template(
        "quality/findings/index.html",
        page=lists.listing(session(), account(), wanted, number(request.args.get("page"))),
        wanted=wanted,
        places=narrower(),
        rules=lists.rules(session(), account()),
        counts=lists.counts(session(), account(), counted) if counted else [],
        words=_words(),
    )


def _own_place() -> str:
    """The division whose parts are counted: nobody counts a single village's."""
    mine = next((grant.division_code for grant in account().grants if grant.role in access.WATCH_ROLES), "")
    return mine if mine and access.level_of(mine) != "village" else ""


def _words() -> dict[str, object]:
    return {
        "state_of": lists.state_of,
        "states": {code: name for code, (name, _) in lists.STATES.items()},
        "severities": SEVERITIES,
        "sources": SOURCES,
        "endings": lists.ENDINGS,
        "answers": services.ANSWERS,
        "title": lists.titles(session(), account()),
    }


@blueprint.get("/findings/<int:finding_id>")
def show(finding_id: int) -> str:
    """One finding: what it stands on, where it is put right, what was said and what has changed since."""
    row = lists.get(session(), account(), finding_id)
    changes = traces.of_finding(session(), row)
    numbers = [row.answered_by, row.confirmed_by, *(one.by for one in changes)]
    return render_template(
        "quality/findings/show.html",
        row=row,
        way=way_of(row.way),
        there=_place(row),
        changes=changes,
        people=lists.people(session(), numbers),
        words=_words(),
    )


def _place(row: Finding) -> tuple[str, str]:
    """Where it is put right: an address, and what stands on the link."""
    endpoint, name = PLACES.get(row.way, HOUSEHOLD)
    if row.way == "contact" and not contact.may_change(account(), row.household):
        endpoint, name = HOUSEHOLD
    return url_for(endpoint, household_id=row.household_id), name
