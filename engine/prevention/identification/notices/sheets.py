"""A notice on paper: as it hangs, and as it would hang were it posted today (R10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from engine.casework.models import CaseFile, WorkItem
from engine.casework.organisation import bodies, divisions
from engine.casework.papers import contents
from engine.casework.papers.drafts import Draft
from engine.casework.papers.paper import Paper
from engine.casework.step.steps import Step
from engine.flow.machine.instance import Instance
from engine.flow.vocabulary import PaperKind
from engine.ground.clock import local_date
from engine.ground.errors import NotFound
from engine.prevention.identification import wordings
from engine.prevention.identification.notices.lists import latest
from engine.prevention.models import Notice, household_of
from engine.prevention.register import listed
from engine.prevention.register import posted_lists as posted_list
from engine.prevention.register.naming import CATEGORY_NAMES


def paper_of(session: Session, posted: Sequence[tuple[CaseFile, Notice]]) -> Paper:
    """The notice as it hangs in a village, for one household or several with the same terms."""
    cases = [case for case, _ in posted]
    first, code = posted[0][1], cases[0].village_code
    book = bodies.Book(session, [code], first.posted_on)
    found = listed.of_cases(session, cases)
    rows = [_listed(found[case.id], case, notice) for case, notice in posted]
    issuer = book.signature(code, "village")
    terms = contents.Terms(
        first.matter,
        first.basis,
        divisions.short_name(book.words(code)["village"]),
        issuer.name,
        first.posted_on,
        contact=first.contact,
        contacts=book.contacts(code),
        seal=issuer.seal,
        ends=local_date(first.closes_at) - timedelta(days=1),
    )
    return wordings.notice(terms, rows)


def _listed(row: contents.Listed, case: CaseFile, notice: Notice) -> contents.Listed:
    """The household as the notice lists it: what is posted does not change with the register."""
    posted = notice.listed or {"head": row.head, "size": row.size}
    head, size = str(posted["head"]), int(str(posted["size"]))
    return replace(row, head=head, size=size, details=_category(case, notice))


def day_or_none(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _category(case: CaseFile, notice: Notice) -> dict[str, str]:
    """The category proposed, else the one that the household has."""
    label = "拟定类别" if notice.category else "类别"
    return {label: CATEGORY_NAMES.get(notice.category or household_of(case).category, "")}


def preview(session: Session, case: CaseFile, instance: Instance, now: datetime) -> Notice:
    """The notice as it would hang were it posted today; nothing is stored.

    Raises NotFound when there is none.
    """
    today = local_date(now)
    facts_then = {"notice": {"posted_on": today.isoformat()}}
    names = ("timer", "matter", "basis", "category", "review")
    given = {name: str(instance.parameter("notice.open", name, facts_then) or "") for name in names}
    closes_at = instance.due_of(given.pop("timer"), now, facts_then)
    if closes_at is None:
        raise NotFound("这一版流程没有公示。")
    review = day_or_none(given.pop("review"))
    shown = Notice(case_id=case.id, posted_on=today, closes_at=closes_at, contact="", **given)
    shown.listed = posted_list.listing(session, household_of(case), review)
    return shown


def drafts_of(session: Session, kind: PaperKind, items: Sequence[WorkItem], now: datetime) -> Iterable[Draft]:
    """One notice for the households of a village that have the same terms: posted, or to be posted today."""
    hanging = latest(session, [item.case_id for item in items if item.status == "done"])
    groups: dict[tuple[object, ...], list[tuple[WorkItem, Notice]]] = {}
    for item in items:
        notice = hanging.get(item.case_id)
        if notice is None:
            notice = preview(session, item.case, Step(session, item.case, None, now).instance, now)
        terms = (
            item.village_code,
            notice.matter,
            notice.basis,
            notice.posted_on,
            notice.closes_at,
            notice.contact,
        )
        groups.setdefault(terms, []).append((item, notice))
    for group in groups.values():
        item, notice = group[0]
        paper = paper_of(session, [(one.case, posted) for one, posted in group])
        yield Draft(kind, item.village_code, notice.matter, notice.basis, paper, [one for one, _ in group])
