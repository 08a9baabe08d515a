"""待办, 已办, 我发起的."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework import acts, definitions, kit
from engine.casework.desk import foreseen, inbox
from engine.casework.desk.inbox import Group, InboxFilter
from engine.casework.models import WorkItem
from engine.casework.organisation import access, divisions
from engine.casework.papers.kinds import kinds
from engine.casework.supervision import order_lists
from engine.flow.vocabulary import PaperKind
from engine.prevention.models import ApplicationBatch
from engine.prevention.rollback import lists
from web.request.arguments import number, row
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import places

blueprint = Blueprint("inbox", __name__)


@dataclass(frozen=True)
class ListStep:
    """A step whose items can be decided in bulk, or put on a paper."""

    bulk: bool
    kind: PaperKind | None


def wanted(args: Mapping[str, str]) -> InboxFilter:
    """The filter that a query string or a form names."""
    return InboxFilter(
        step=args.get("step", ""),
        lamp=args.get("lamp", ""),
        text=args.get("q", "").strip()[:40],
        village=args.get("village", ""),
        part_of={name: found for name in kit.used().narrowings if (found := row(args.get(name)))},
        sort=args.get("sort", "due"),
        urged=args.get("urged") == "1",
        page=number(args.get("page")),
    )


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The inbox is the front page; of a supervisor without a queue, what is late is."""
    supervises = access.has_role(account(), access.SUPERVISOR)
    works = any(grant.role in access.QUEUE_OF_ROLE for grant in account().grants)
    return redirect(url_for("supervision.index" if supervises and not works else "inbox.todo"))


@blueprint.get("/todo")
def todo() -> ResponseReturnValue:
    """待办."""
    found, now, narrowed = session(), clock.now(), wanted(request.args)
    if not request.args:
        foreseen.front_page(found, account())
    groups = inbox.todo_groups(found, account(), now)
    g.todo_count = inbox.counted(groups)
    page = inbox.todo(found, account(), narrowed, now, groups)
    group = next((one for one in groups if one.step == narrowed.step), None)
    return render_template(
        "desk/inbox/todo.html",
        groups=groups,
        page=page,
        wanted=narrowed,
        group=group,
        step=_step(group),
        urged=inbox.urged(found, account()) if narrowed == InboxFilter() else [],
        shown=inbox.URGED_SHOWN,
        orders=order_lists.to_answer(found, account()),
        villages=_villages(page.items),
        places=narrower(),
        batches=_batches(group),
        procedures=_procedures(
            [*(one.procedure_key for one in groups), *(i.procedure_key for i in page.items)]
        ),
        going_on=_going_on(page.items),
        barred=defaultdict(str, acts.obstacles(found, account(), page.items)),
        numbers=lists.numbers_of(found, [item.case_id for item in page.items]),
    )


def _procedures(keys: Iterable[str]) -> dict[str, str]:
    """The names of procedures by their keys: a step of one name belongs to several of them."""
    return definitions.names(session(), set(keys))


@dataclass(frozen=True)
class GoingOn:
    """What an official may go on with after finishing an item: the same household's next steps,
    the list's next item.
    """

    same_case: Sequence[WorkItem]
    next: WorkItem | None


def _going_on(items: Sequence[WorkItem]) -> GoingOn | None:
    """After the item that the address names as ``after``."""
    after = row(request.args.get("after"))
    finished = inbox.of_actor(session(), account(), after) if after is not None else None
    if finished is None:
        return None
    same_case = inbox.of_case(session(), account(), finished.case_id)
    following = next((item for item in items if item.case_id != finished.case_id), None)
    return GoingOn(same_case, following) if same_case or following else None


def _batches(group: Group | None) -> list[ApplicationBatch]:
    """The batches that the chosen step's items are of (R28)."""
    if group is None:
        return []
    return lists.at_step(session(), account(), group.procedure_key, group.element_id)


def _step(group: Group | None) -> ListStep | None:
    """What can be done with many items of this step at once."""
    if group is None:
        return None
    version = definitions.current(session(), group.procedure_key)
    element = definitions.load(session(), version.id).elements.get(group.element_id)
    if element is None:
        return None
    kind = kinds().get(element.paper)
    return ListStep(element.bulk, kind) if kind or element.bulk else None


def _villages(items: Iterable[WorkItem]) -> dict[str, str]:
    return places.names(item.village_code for item in items)


def narrower() -> list[tuple[str, str]]:
    """The divisions right below the official's own, to narrow the list by."""
    mine = next((grant.division_code for grant in account().grants if grant.role in access.CASE_ROLES), None)
    if mine is None or access.level_of(mine) == "village":
        return []
    return [(division.code, division.name) for division in divisions.children(session(), mine)]


@blueprint.get("/done")
def done() -> str:
    """已办."""
    text = request.args.get("q", "").strip()[:40]
    page = inbox.done(session(), account(), number(request.args.get("page")), text)
    return render_template(
        "desk/inbox/done.html",
        page=page,
        text=text,
        villages=_villages(page.items),
        procedures=_procedures(item.procedure_key for item in page.items),
    )


@blueprint.get("/started")
def started() -> str:
    """我发起的."""
    page = inbox.started(session(), account(), number(request.args.get("page")))
    names = places.names(case.village_code for case in page.items)
    return render_template(
        "desk/inbox/started.html",
        page=page,
        villages=names,
        procedures=_procedures(case.procedure_key for case in page.items),
        steps=inbox.steps_of(session(), [case.id for case in page.items]),
    )
