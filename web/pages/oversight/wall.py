"""大屏: the wall screen of a hall, opened by a link of its own,
and the page where such links are made and revoked.
"""

from __future__ import annotations

from hashlib import sha256

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import divisions
from engine.casework.supervision.figures import tally, walls
from engine.ground.errors import Invalid
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("wall", __name__)


@blueprint.get("/wall/<token>")
def screen(token: str) -> ResponseReturnValue:
    """The screen. No sign-in and no end of session: the link is the key.

    Unchanged, it answers without a body.
    """
    now = clock.now()
    place = walls.opened(session(), token, now)
    page = render_template(
        "oversight/wall/screen.html",
        screen=walls.screen(session(), place, now),
        counted_at=tally.counted_at(session()),
    )
    answer = make_response(page)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(sha256(page.encode()).hexdigest()[:24])
    return answer.make_conditional(request)


@blueprint.get("/walls")
def links() -> str:
    """The links."""
    return _page(None)


def _page(secret: str | None, wrong: Invalid | None = None) -> str:
    own = walls.own_division(account())
    page = walls.links(session(), account(), number(request.args.get("page")))
    places = [divisions.get(session(), own), *divisions.children(session(), own)]
    return render_template(
        "oversight/wall/links.html",
        page=page,
        places=[one for one in places if one.level != "village"],
        wrong=wrong,
        names=divisions.names(session(), [one.division_code for one in page.items]),
        address=url_for("wall.screen", token=secret, _external=True) if secret else None,
    )


@blueprint.post("/walls")
def create() -> ResponseReturnValue:
    """A new link; its address is shown this once."""
    given = request.form
    try:
        secret = walls.create(
            session(), account(), given.get("division", ""), given.get("place", ""), clock.now()
        )
    except Invalid as error:
        return _page(None, error), 422
    return _page(secret)


@blueprint.post("/walls/<int:link_id>/revoke")
def revoke(link_id: int) -> ResponseReturnValue:
    """The screen goes dark at its next refresh."""
    link = walls.revoke(session(), account(), link_id, clock.now())
    flash(f"“{link.place}”的大屏链接已停用。", "success")
    return redirect(url_for("wall.links"), 303)
