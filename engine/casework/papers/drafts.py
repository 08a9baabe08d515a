"""From work items to papers: which cases stand on which paper, and in whose words.

The words are properties of the user task, FEEL over the case's variables and the names `village`, `township`
and `county`: ``paper:matter``, ``paper:basis``, ``paper:addressee``, ``paper:signature`` (else the issuer's
government), and ``paper:when`` for who stands on the list at all; ``paper:fields`` names the form's fields
that make columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.casework import kit
from engine.casework.acts import prefill
from engine.casework.models import Account, CaseFile, NumberedPaper, Submission, WorkItem
from engine.casework.organisation import access, bodies
from engine.casework.papers import contents, numbers
from engine.casework.papers.contents import Listed
from engine.casework.papers.kinds import kind_of
from engine.casework.papers.paper import Paper, from_json
from engine.casework.step import past
from engine.casework.step.steps import Step
from engine.flow.diagram.element import Element
from engine.flow.feel import compile_expression
from engine.flow.feel.values import to_plain
from engine.flow.forms import shown
from engine.flow.machine import codec
from engine.flow.vocabulary import PaperKind
from engine.ground.clock import local_date, written
from engine.ground.errors import Invalid, NotFound

MAX_ITEMS = 1000


@dataclass(frozen=True)
class Draft:
    """A paper that could be issued; or, with its `record`, one that has its number already."""

    kind: PaperKind
    place_code: str
    matter: str
    basis: str
    paper: Paper
    items: Sequence[WorkItem]
    record: NumberedPaper | None = None
    obstacle: str = ""

    @property
    def division_code(self) -> str:
        """Who issues it."""
        return access.ancestor(self.place_code, self.kind.level)

    @property
    def issued(self) -> bool:
        """Whether it stands and never changes."""
        return self.record is not None and self.record.status == "issued"


def of_case(session: Session, actor: Account, case_id: int, kind_key: str) -> list[int]:
    """The latest work item of the case whose step goes with the kind of paper. Raises NotFound."""
    case = session.scalar(select(CaseFile).where(CaseFile.id == case_id, access.visible_cases(actor)))
    if case is None:
        raise NotFound("没有找到这件事项。")
    wanted, history = kind_of(kind_key).key, past.of_case(session, case)
    query = select(WorkItem).where(WorkItem.case_id == case.id, WorkItem.status.in_(("open", "done")))
    for item in session.scalars(query.order_by(WorkItem.id.desc())):
        element = past.element_at(history, item)
        if element is not None and element.paper == wanted:
            return [item.id]
    raise NotFound("这件事项还没有可以打印的文书。")


def of_items(
    session: Session, actor: Account, kind_key: str, item_ids: Sequence[int], now: datetime
) -> list[Draft]:
    """The papers of the kind on which the visible items of one step stand,
    or would stand were they issued now.
    """
    kind = kind_of(kind_key)
    if len(item_ids) > MAX_ITEMS:
        raise Invalid(f"一份名单最多 {MAX_ITEMS} 件，请分批。")
    items = _items(session, actor, item_ids)
    element = past.element_of_item(session, items[0])
    if element is None:
        raise NotFound("没有找到所选事项的步骤。")
    if element.paper != kind.key:
        raise Invalid(f"“{element.name}”这一步不用{kind.name}。")
    if (gathering := kit.used().gathering.get(kind.key)) is not None:
        records = gathering.of_cases(session, [item.case_id for item in items])
        return [_of_record(session, record, items, now) for record in records]
    listed = numbers.listed_on(session, kind, [item.id for item in items])
    free = [item for item in items if item.id not in listed]
    query = select(NumberedPaper).where(
        NumberedPaper.id.in_(set(listed.values())), access.visible_papers(actor)
    )
    drafts = [
        _of_record(session, record, items, now)
        for record in session.scalars(query.order_by(NumberedPaper.id))
    ]
    if not drafts and not free:
        raise NotFound(f"所选事项已列入{kind.name}，名单含其他地方的，您不能查看。")
    if (drawing := kit.used().drawings.get(kind.key)) is not None:
        return [*drafts, *drawing(session, kind, free, now)]
    return [*drafts, *_lists(session, kind, element, free, now)]


def _items(session: Session, actor: Account, item_ids: Sequence[int]) -> list[WorkItem]:
    query = (
        select(WorkItem)
        .where(WorkItem.id.in_(item_ids), access.visible_items(actor), WorkItem.status.in_(("open", "done")))
        .options(joinedload(WorkItem.case).undefer(CaseFile.state), joinedload(WorkItem.closer))
        .order_by(WorkItem.village_code, WorkItem.id)
    )
    items = list(session.scalars(query))
    if not items:
        raise NotFound("没有找到所选的事项，请重新选择。")
    if len({(item.procedure_key, item.element_id) for item in items}) != 1:
        raise Invalid("请选择同一步骤的事项。")
    return items


def _of_record(session: Session, record: NumberedPaper, items: Sequence[WorkItem], now: datetime) -> Draft:
    """A paper that has its number."""
    return Draft(
        kind_of(record.kind),
        record.place_code,
        record.matter,
        record.basis,
        read(session, record, now),
        items,
        record,
    )


def read(session: Session, record: NumberedPaper, now: datetime) -> Paper:
    """What a numbered paper says: as issued, or as it would be issued now."""
    if record.content is not None:
        return from_json(record.content)
    return kit.used().gathering[record.kind].compose(session, record, now)


def numbered(paper: Paper, record: NumberedPaper) -> Paper:
    """The paper with its number."""
    return replace(paper, number=record.number)


# -- lists -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    item: WorkItem
    listed: Listed
    words: Mapping[str, str]


def _lists(
    session: Session, kind: PaperKind, element: Element, items: Sequence[WorkItem], now: datetime
) -> Iterable[Draft]:
    """One list for each place, and for each matter where the step serves several."""
    if not items:
        return
    found = kit.subjects_of(items[0].case.subject_id).listed(session, [item.case for item in items])
    sent = _submissions(session, items)
    book = bodies.Book(session, {item.village_code for item in items}, local_date(now))
    groups: dict[tuple[str, ...], list[_Line]] = {}
    for item in items:
        variables = _variables(session, item.case, now)
        words = _words(element, item, variables, book)
        if words is not None:
            details = _details(session, element, item, variables, sent.get(item.id), now)
            line = _Line(item, _decided(replace(found[item.case_id], details=details), item), words)
            place = access.ancestor(item.village_code, kind.place)
            groups.setdefault((place, *words.values()), []).append(line)
    if not groups:
        raise Invalid(f"所选的事项中没有应当列入{kind.name}的。")
    for (place, *_), lines in groups.items():
        yield _list(kind, place, lines, book, now)


def _list(kind: PaperKind, place: str, lines: Sequence[_Line], book: bodies.Book, now: datetime) -> Draft:
    words = lines[0].words
    waiting = sum(line.item.status == "open" for line in lines) if kind.decided else 0
    obstacle = f"还有 {waiting} 件没有办理，全部办理后才能印发。" if waiting else ""
    issuer = book.signer(access.ancestor(place, kind.level), kind.level, words["signature"])
    terms = contents.Terms(
        words["matter"],
        words["basis"],
        book.name(place),
        issuer.name,
        local_date(now),
        addressee=words["addressee"],
        seal=issuer.seal,
    )
    paper = kit.used().wordings[kind.key](terms, [line.listed for line in lines])
    items = [line.item for line in lines]
    return Draft(kind, place, words["matter"], words["basis"], paper, items, obstacle=obstacle)


def _words(
    element: Element, item: WorkItem, variables: Mapping[str, Any], book: bodies.Book
) -> dict[str, str] | None:
    """The diagram's words for an item; None when the diagram does not want it on the list."""
    places = book.words(item.village_code)

    def value(name: str) -> Any:
        text = element.paper_words.get(name)
        return to_plain(compile_expression(text).evaluate({**variables, **places})) if text else None

    if value("when") is False:
        return None
    words = {name: str(value(name) or "") for name in ("matter", "basis", "addressee", "signature")}
    if not words["matter"]:
        raise Invalid(f"流程图没有写明“{element.name}”的名单事由（paper:matter），请联系流程管理员。")
    return words


def _details(
    session: Session,
    element: Element,
    item: WorkItem,
    variables: Mapping[str, Any],
    sent: Mapping[str, Any] | None,
    now: datetime,
) -> dict[str, str]:
    """The form's fields that the diagram wants as columns, in words: as submitted, else as prefilled."""
    form = past.form_of_item(session, item)
    values = (
        sent
        if sent is not None
        else form.prefill(prefill.context(session, item.case, variables, form.reads, now))
    )
    return {
        str(c["label"]): shown(c, values.get(key))
        for key in element.paper_fields
        if (c := form.component(key)) is not None
    }


def _decided(listed: Listed, item: WorkItem) -> Listed:
    if item.status != "done" or item.closed_at is None:
        return listed
    who = item.closer.name if item.closer else "系统"
    return replace(listed, decision=item.outcome, decider=who, decided_on=written(local_date(item.closed_at)))


def _submissions(session: Session, items: Sequence[WorkItem]) -> dict[int, dict[str, Any]]:
    done = {item.id: item.case_id for item in items if item.status == "done"}
    query = select(Submission.work_item_id, Submission.data).where(
        Submission.case_id.in_(set(done.values())), Submission.work_item_id.in_(done)
    )
    return {item: data for item, data in session.execute(query.order_by(Submission.id)) if item is not None}


def _variables(session: Session, case: CaseFile, now: datetime) -> Mapping[str, Any]:
    try:
        return codec.variables(case.state)
    except codec.StateFormatError:
        return Step(session, case, None, now).instance.variables
