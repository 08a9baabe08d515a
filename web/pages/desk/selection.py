"""Which work items a list page means: the ticked ones, or all that match its filter."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from engine.casework.desk import inbox
from engine.casework.papers import drafts, register
from engine.casework.portions import bulk
from engine.ground.errors import Invalid
from web.pages.desk.inbox import wanted
from web.request.arguments import rows
from web.request.signing import account
from web.server import clock
from web.server.database import session


def chosen(values: MultiDict[str, str]) -> list[int]:
    """The ids that a query string or a form chooses.

    ``id`` (several, or with commas) names items, ``all`` means every item that the filter finds without
    ``except``, ``act`` what a bulk act has finished, ``unlisted`` a step's decisions that stand on no paper,
    ``case`` with ``kind`` the case's step that the kind of paper goes with. Raises Invalid when nothing is
    chosen, or too much.
    """
    if values.get("all"):
        ids = _all(values)
    elif values.get("act"):
        found = bulk.get(session(), account(), next(iter(rows(values.getlist("act"))), 0))
        ids = bulk.item_ids(session(), found)
    elif values.get("unlisted"):
        ids = register.unlisted_ids(session(), account(), values["unlisted"], clock.now(), drafts.MAX_ITEMS)
    elif values.get("case"):
        number = next(iter(rows(values.getlist("case"))), 0)
        ids = drafts.of_case(session(), account(), number, values.get("kind", ""))
    else:
        ids = rows(values.getlist("id"))
    if not ids:
        raise Invalid("请先勾选要办理的事项。")
    return ids


def _all(values: MultiDict[str, str]) -> list[int]:
    left_out = set(rows(values.getlist("except")))
    limit = bulk.MAX_ITEMS + len(left_out) + 1
    ids = inbox.todo_ids(session(), account(), wanted(values), clock.now(), limit)
    ids = [one for one in ids if one not in left_out]
    if len(ids) > bulk.MAX_ITEMS:
        raise Invalid(f"符合条件的超过 {bulk.MAX_ITEMS} 件，请按地方或期限缩小范围，分批办理。")
    return ids
