"""What was done, by what it was done with: the form a submission was sent with,
the step as its own version called it.

A case that moved was worked on under several versions. Each line of its history belongs to one of them; what
a finished step is called today, for rules that are written in the present diagram, the maps of the later
moves say.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.models import CaseFile, LogEntry, Submission, WorkItem
from engine.flow.diagram.element import Element
from engine.flow.forms import Field, Form
from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.ground.errors import NotFound


@dataclass(frozen=True)
class Move:
    """One move of the case: the line that tells it, the version before it, and old names by new ones."""

    seq: int
    before: Definition
    elements: Mapping[str, str]
    tokens: Mapping[str, str]


@dataclass(frozen=True)
class Past:
    """The versions on which a case was worked on, and which line belongs to which."""

    definition: Definition
    moves: Sequence[Move]
    _seqs: Mapping[int, int]
    """Line of the history by submission."""
    _items: Mapping[int, int]
    """Line of the history by finished work item."""
    _messages: Mapping[datetime, int]
    """Line of a message by its moment, for those that did not write down their submission."""

    def definition_at(self, seq: int) -> Definition:
        """The version on which line `seq` was written."""
        later = bisect_right([move.seq for move in self.moves], seq)
        return self.moves[later].before if later < len(self.moves) else self.definition

    def element(self, element_id: str, seq: int) -> Element | None:
        """The step as the version of line `seq` has it; else as any version of the case had it."""
        own = self.definition_at(seq).elements.get(element_id)
        if own is not None:
            return own
        every = [self.definition, *(move.before for move in reversed(self.moves))]
        found = (one.elements.get(element_id) for one in every)
        return next((element for element in found if element is not None), None)

    def present(self, element_id: str, seq: int) -> str:
        """What the present version calls the step that line `seq` calls `element_id`."""
        for move in self.moves:
            if move.seq > seq:
                element_id = move.elements.get(element_id, element_id)
        return element_id

    def present_token(self, item: WorkItem) -> str:
        """What the present version calls the place of a work item:
        a finished one keeps the name it was done under.
        """
        token, seq = item.token, self.seq_of_item(item.id) if item.status != "open" else math.inf
        for move in self.moves:
            if move.seq > seq:
                token = move.tokens.get(token, token)
        return token

    def seq_of(self, submission: Submission) -> int:
        """The line with which a submission came in."""
        return self._seqs.get(submission.id) or self._messages.get(submission.submitted_at, 0)

    def seq_of_item(self, item_id: int) -> int:
        """The line with which a work item was finished; of one that was not, the last before any move."""
        return self._items.get(item_id, 0)


@dataclass(frozen=True)
class Undoing:
    """That a submission counts no more: its step was taken back, or the case was sent back before it."""

    kind: str  # withdraw, return, unpassed
    at: datetime
    actor_id: int | None
    reason: str


@dataclass(frozen=True)
class Sent:
    """A submission with the step it was sent for, as it was called then, and the form it was sent with."""

    submission: Submission
    name: str
    element_id: str
    """The step's present name, for what the present diagram says of it."""
    form: Form
    undoing: Undoing | None = None
    round: int = 0
    """The how-manieth time it is that the step was done, where what was sent earlier counts as well;
    else 0.
    """

    @cached_property
    def fields(self) -> list[Field]:
        """What was filled in, in the words of its own form."""
        return self.form.review(self.submission.data)


def of_case(session: Session, case: CaseFile, entries: Sequence[LogEntry] | None = None) -> Past:
    """The versions of the case; `entries` are the lines of its history, when they are at hand."""
    present = definitions.load(session, case.version_id)
    told = entries if entries is not None else _lines(session, case.id)
    moves = [
        Move(
            entry.seq,
            _version(session, case, line),
            line.elements,
            line.tokens,
        )
        for entry in told
        if isinstance(line := entry.line, lines.Moved)
    ]
    messages = {entry.at: entry.seq for entry in told if entry.kind == lines.Caught.KIND}
    return Past(present, moves, _by(told, "submission"), _by(told, "item"), messages)


def _lines(session: Session, case_id: int) -> list[LogEntry]:
    """The lines that matter here; none for the many cases that never moved."""
    own = select(LogEntry).where(LogEntry.stream == f"case:{case_id}").order_by(LogEntry.seq)
    if session.scalar(own.where(LogEntry.kind == "move").limit(1)) is None:
        return []
    return list(session.scalars(own.where(LogEntry.kind.in_(("move", "complete", "return", "message")))))


def _version(session: Session, case: CaseFile, move: lines.Moved) -> Definition:
    return definitions.load(session, definitions.version(session, case.procedure_key, move.from_).id)


def _by(told: Sequence[LogEntry], name: str) -> dict[int, int]:
    found = {}
    for entry in told:
        line = entry.line
        identifier = getattr(line, name, 0)
        if isinstance(line, lines.Completed | lines.Returned | lines.Caught) and identifier:
            found[identifier] = entry.seq
    return found


def sent(
    session: Session,
    past: Past,
    submissions: Sequence[Submission],
    items: Sequence[WorkItem],
    entries: Sequence[LogEntry],
) -> list[Sent]:
    """The submissions of a case with their own forms and the names that their steps had;
    `entries` is its history.
    """
    called = {item.id: item.name for item in items}
    forms = definitions.forms_sent(session, [one.form_sha256 for one in submissions])
    gone, found = _undoings(entries), []
    for one in submissions:
        seq = past.seq_of(one)
        element = past.element(one.element_id, seq)
        name = called.get(one.work_item_id or 0) or (element.name if element else one.element_id)
        present = past.present(one.element_id, seq)
        found.append(Sent(one, name, present, forms[one.form_sha256], gone.get(seq)))
    return _counted(found)


def _undoings(entries: Sequence[LogEntry]) -> dict[int, Undoing]:
    """What took back each line of the history that counts no more."""
    found = {}
    for entry in entries:
        line = entry.line
        if isinstance(line, lines.Undoing):
            found.update(
                dict.fromkeys(line.undone, Undoing(entry.kind, entry.at, entry.actor_id, line.reason))
            )
    return found


def _counted(found: Sequence[Sent]) -> list[Sent]:
    """`found` with the rounds of steps that were done more than once,
    as an upheld objection or a month makes them.
    """
    standing = Counter(one.element_id for one in found if one.undoing is None)
    seen: Counter[str] = Counter()
    counted = []
    for one in found:
        if one.undoing is None and standing[one.element_id] > 1:
            seen[one.element_id] += 1
            one = replace(one, round=seen[one.element_id])
        counted.append(one)
    return counted


def form_of_item(session: Session, item: WorkItem) -> Form:
    """The form of a work item: of an open one that of the present version,
    of a closed one that of its own.
    """
    case = session.get_one(CaseFile, item.case_id)
    present = definitions.load(session, case.version_id)
    if item.status == "open":
        return present.form(item.form_key)
    sent = select(Submission).where(Submission.case_id == item.case_id, Submission.work_item_id == item.id)
    last = session.scalar(sent.order_by(Submission.id.desc()).limit(1))
    if last is not None:
        return definitions.forms_sent(session, [last.form_sha256])[last.form_sha256]
    past = of_case(session, case)
    every = [past.definition_at(past.seq_of_item(item.id)), present, *(move.before for move in past.moves)]
    found = next((one for one in every if item.form_key in one.form_bodies), None)
    if found is None:
        raise NotFound("没有找到这一步的表单。")
    return found.form(item.form_key)


def element_of_item(session: Session, item: WorkItem) -> Element | None:
    """The step of a work item, as its own version has it."""
    return element_at(of_case(session, session.get_one(CaseFile, item.case_id)), item)


def element_at(past: Past, item: WorkItem) -> Element | None:
    """The step of one of the case's work items: of an open one as it is drawn now,
    of a closed one as it was.
    """
    if item.status == "open":
        return past.definition.elements.get(item.element_id)
    return past.element(item.element_id, past.seq_of_item(item.id))
