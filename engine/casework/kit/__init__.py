"""What a field brings along; whoever assembles a process says which kits it uses.

A registry never imports its members: each room declares its KIT, a field joins them with ``|``, and the
server, a command or a test says `use`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, false
from sqlalchemy.orm import Session

from engine.casework.kit.services import Correction, ServiceCall
from engine.casework.models import Account, CaseFile, NumberedPaper, Subject, Submission, Timer, WorkItem
from engine.flow import vocabulary
from engine.flow.history.lines import Line
from engine.flow.receivers import Consulted, Receiver
from engine.flow.services import Service
from engine.flow.vocabulary import About, Given, LegalLimit, PaperKind, Vocabulary
from engine.ground.clock import Clock
from engine.ground.errors import EngineFault

if TYPE_CHECKING:
    from engine.casework.papers.contents import Listed, Terms
    from engine.casework.papers.drafts import Draft
    from engine.casework.papers.paper import Paper
    from engine.casework.portions.imports.kinds import ImportKind
    from engine.casework.portions.jobs.kinds import JobKind
    from engine.casework.portions.outgoing.sending import OtherFile, Outgoing
    from engine.casework.step.steps import Step
    from engine.flow.diagram.element import Element
    from engine.flow.machine.instance import Instance

Follower = Callable[[ServiceCall], None]
Corrects = Callable[[Session, CaseFile, "Instance", datetime], Sequence[Correction]]
Prefill = Callable[[Session, int, str, date, Container[str]], Any]
"""Of a session, a subject's number, its village's code and the day: what the forms' ``prefill`` reads."""
Says = Callable[[Any, str, Mapping[int, str]], str]
"""A line in words: of the line, what its step or limit is called, and the names of people by number."""
Due = Callable[["Step", Timer], None]
"""What is done, in a step of its own, when a timer of the host's own is due."""
Refused = Callable[[Session, "Account | None", Any, datetime], None]
"""What follows, in a transaction of its own, when what people sent was refused: of the actor, the error."""
Drawing = Callable[[Session, PaperKind, Sequence[WorkItem], datetime], Iterable["Draft"]]
"""The papers of a kind on which the items of one step stand, or would stand were they issued now."""
Brought = Callable[[Any, Collection[Any]], Select[Any]]
"""SQL, of the numbers of an actor and of cases: those that they brought otherwise than by opening them."""
Narrowing = Callable[[int], Select[Any]]
"""Of the number of a row of the field's: the numbers of the cases that belong to it."""
Wording = Callable[["Terms", Sequence["Listed"]], "Paper"]
"""A paper of a kind, of what it says besides its list and of those who stand on it."""
Recoded = Callable[[Session, Sequence[str]], None]
"""Of some codes, as many as one statement may name: those villages have them now."""
CasePart = Callable[[Session, int], Sequence[Any]]
"""Of a case's number: what its page shows of one table of the field's."""


Round = Callable[[Callable[[], Session], Clock], int]
"""Of where sessions come from and the clock: how much was done."""


@dataclass(frozen=True)
class Subjects(About):
    """What the field's cases are about: the rows of one table."""

    model: Any = field(kw_only=True)
    """The mapped class; its rows are `Subject`s."""
    first_number: int = field(default=1, kw_only=True)
    """Where its rows' numbers begin: those of two kinds never meet, so that a number says what it is of."""
    known_since: str = field(default="", kw_only=True)
    """The case variable with the day since when the matter is known; '' for none."""
    series: str = field(default="", kw_only=True)
    """What papers' numbers have between the issuer's name and the kind's word; '' for nothing."""
    heading: str = field(default="名称", kw_only=True)
    """What the column with their names is called in lists."""
    unit: str = field(default="", kw_only=True)
    """In which word they are counted, e.g. 户; those without one by their name."""
    business: str = field(default="", kw_only=True)
    """What their procedures are called together, in letters about them."""
    called: Callable[[str], str] = field(default="“{}”".format, kw_only=True)
    """What people call one whose name is known."""
    look_up: Callable[[Session, Account, int], Subject] = field(kw_only=True)
    """One by its number. Raises NotFound out of the actor's reach."""
    first_variables: Callable[[Session, Any, date], dict[str, Any]] = field(kw_only=True)
    """What every case of one begins with on a day."""
    opens_for: Callable[[Element, Any], bool] = field(default=lambda start, row: False, kw_only=True)
    """Whether a start event opens for this one."""
    concerned: Callable[[Element], ColumnElement[bool]] = field(default=lambda start: false(), kw_only=True)
    """SQL: those for whom a start event opens."""
    listed: Callable[[Session, Sequence[CaseFile]], Mapping[int, Listed]] = field(kw_only=True)
    """How those of cases stand on a paper, by case, in a fixed number of queries."""
    invented: Callable[[Session, str, datetime], Subject] | None = field(default=None, kw_only=True)
    """One for a trial, of a village where it is tried; without it, its procedures cannot be tried."""


@dataclass(frozen=True)
class Delivery:
    """A message that people report and that a room of the field records before the case hears of it."""

    send: Callable[[Session, Account, Submission, Clock], Any]
    """Of the filled form, as it is kept with the case. Raises Conflict when it is too late."""
    taken: Callable[[Session, int], bool]
    """Whether the case takes it now, be its diagram waiting for it at this moment or not."""


@dataclass(frozen=True)
class Gathering:
    """A kind of paper that has its number early and gathers cases until it is issued."""

    of_cases: Callable[[Session, list[int]], Sequence[NumberedPaper]]
    """Those on which the cases stand."""
    compose: Callable[[Session, NumberedPaper, datetime], Paper]
    """What one would say were it issued now."""
    close: Callable[[Session, NumberedPaper, Account | None, datetime], bool]
    """Issue it; answers whether it still gathered."""


@dataclass(frozen=True)
class Result:
    """What a service brings about, counted by the statistics: plainly, without aims or ranks (R02)."""

    name: str
    """The measure's."""
    service: str
    title: str
    unit: str
    words: str
    """How it is counted."""
    card: str = ""
    """The title of the card that it shares with others; else it has its own."""


@dataclass(frozen=True)
class Kit(Vocabulary):
    """What a field brings along: what the kernel must know of it, and what the rooms of casework ask for."""

    prefills: Mapping[str, Prefill] = field(default_factory=dict)
    """By the first name that a form's ``prefill`` writes; read only when a form asks for it. What is dear
    need be there only where the form reads that very part.
    """
    lines: Mapping[type[Line], Says] = field(default_factory=dict)
    """How a case's timeline tells of a line, by its class."""
    arrivals: Mapping[str, str] = field(default_factory=dict)
    """By message: how its arrival is told where no event of the diagram catches it."""
    due: Mapping[str, Due] = field(default_factory=dict)
    """By the kind of timer; what has none here is a timer of the diagram."""
    subjects: Sequence[Subjects] = ()
    """What cases are about."""
    outliving: Sequence[str] = ()
    """The kinds of timers in `due` that go on when their case is ended before its diagram ends it."""
    refused: Mapping[str, Refused] = field(default_factory=dict)
    """By the code of an error: who else hears of it."""
    brought: Sequence[Brought] = ()
    """How people bring cases besides opening them; four eyes know of it (R12, R38)."""
    narrowings: Mapping[str, Narrowing] = field(default_factory=dict)
    """What lists of work can be narrowed to, by name."""
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    """By message; any other that people report reaches its case at once, its form as a submission."""
    case_parts: Mapping[str, CasePart] = field(default_factory=dict)
    """What the page of a case shows besides, by name."""
    step_parts: Sequence[str] = ()
    """Those of them that the page of one of its steps shows as well; the others are not read for it."""
    wordings: Mapping[str, Wording] = field(default_factory=dict)
    """By kind of paper, of those that are lists in the words of a step."""
    gathering: Mapping[str, Gathering] = field(default_factory=dict)
    """By kind of paper."""
    drawings: Mapping[str, Drawing] = field(default_factory=dict)
    """By kind of paper: what is drawn up otherwise than as a list in the words of a step."""
    imports: Mapping[str, ImportKind] = field(default_factory=dict)
    """By name: the kinds of files whose rows people let in."""
    jobs: Mapping[str, JobKind] = field(default_factory=dict)
    """By name: the acts that go on by themselves once somebody has started them."""
    outgoing: Mapping[str, Outgoing] = field(default_factory=dict)
    """By name: the lists that go out as Excel files."""
    other_files: Mapping[str, OtherFile] = field(default_factory=dict)
    """By name, none of a list's: what else goes out and may be as long."""
    log_groups: Mapping[str, str] = field(default_factory=dict)
    """What streams of the field's lines beside cases are called, by the beginning of their names."""
    log_kinds: Mapping[str, str] = field(default_factory=dict)
    """What such a line is called, by its kind."""
    log_facts: Mapping[str, str] = field(default_factory=dict)
    """What the facts in such lines are called, by key."""
    log_objects: Mapping[str, str] = field(default_factory=dict)
    """What the log can be searched by besides, by the key that its lines have of it."""
    results: Sequence[Result] = ()
    """What the statistics count besides the way of cases."""
    rounds: Sequence[Round] = ()
    """What is looked after in every round of the ticker, besides timers."""
    when_finished: Sequence[Follower] = ()
    """What a room does as a case ends by its diagram, whichever way it ends."""
    when_ended: Sequence[Follower] = ()
    """What follows when a case has ended, finished or cancelled, in the same transaction."""
    when_recoded: Sequence[Recoded] = ()
    """What follows, in the same transaction, when villages have other codes or lie in another county."""
    when_moved: Sequence[Corrects] = ()
    """What a room has to correct when a case goes on as another instance; it raises Conflict to refuse."""

    def __or__(self, other: Kit) -> Kit:
        """Both together. Raises ValueError when both bring the same name."""
        return Kit(**{one.name: _joined(one.name, self, other) for one in fields(self)})

    def on(self, kind: str) -> Kit:
        """The same, with its services for cases about one kind of subject alone."""
        return replace(self, services=tuple(replace(one, of=kind) for one in self.services))


def _joined(name: str, one: Kit, other: Kit) -> Any:
    """What both kits have under a field's `name`."""
    first, second = getattr(one, name), getattr(other, name)
    twice = set(_names(first)) & set(_names(second))
    if twice:
        raise ValueError(f"two kits bring the same {name}: {', '.join(sorted(map(str, twice)))}")
    return {**first, **second} if isinstance(first, Mapping) else (*first, *second)


def _names(brought: Mapping[str, Any] | Sequence[Any]) -> list[Hashable]:
    """What tells apart what a kit brings under one of its fields."""
    return list(brought) if isinstance(brought, Mapping) else [_name(one) for one in brought]


def _name(one: Any) -> Hashable:
    """Its name, of a receiver with its kind; a function is itself."""
    if isinstance(one, Receiver):
        return one.kind, one.name
    if isinstance(one, LegalLimit):
        return one.procedure, one.element
    if isinstance(one, PaperKind):
        return one.key
    if isinstance(one, Subjects):
        return one.kind
    if isinstance(one, Given):
        return one.about, one.name
    return str(one.name) if isinstance(one, Service | Result | Consulted) else one


_in_use = Kit()


def use(kit: Kit) -> None:
    """Work with `kit`: said once, by who assembles the process."""
    global _in_use
    _in_use = kit
    vocabulary.use(kit)


def used() -> Kit:
    """The kit in use; an empty one before anybody has said."""
    return _in_use


def subjects(kind: str = "") -> Subjects:
    """What cases of a kind are about; without one, of a process that says nothing.

    Raises EngineFault where the field in use knows none.
    """
    for one in _in_use.subjects:
        if one.kind == kind:
            return one
    raise EngineFault("没有装配业务领域，不能办理。")


SUBJECT = "{subject}"
"""In the columns of a list of cases: the one with the names of their subjects."""


def heading() -> str:
    """What the column with the names of subjects is called where every kind may stand in it: 户主或名称."""
    return "或".join(dict.fromkeys(one.heading for one in _in_use.subjects))


def headings(columns: Iterable[str]) -> list[str]:
    """What a list's columns are called in the field in use."""
    return [heading() if one == SUBJECT else one for one in columns]


def subjects_of(subject_id: int) -> Subjects:
    """The kind of the subject with a number."""
    return max(
        (one for one in _in_use.subjects if one.first_number <= subject_id), key=lambda one: one.first_number
    )


def called(case: CaseFile) -> str:
    """What people call the subject of a case."""
    return subjects_of(case.subject_id).called(case.subject)


def finished(circumstances: ServiceCall) -> None:
    """The case has ended by its diagram: every room that has to do with it sees to its own."""
    for follow in _in_use.when_finished:
        follow(circumstances)


def ended(circumstances: ServiceCall) -> None:
    """A case has ended: whoever waited for it goes on."""
    for follow in _in_use.when_ended:
        follow(circumstances)


def corrections(session: Session, case: CaseFile, instance: Instance, now: datetime) -> list[Correction]:
    """What would have to be corrected were the case to go on as `instance`.

    Raises Conflict when it may not.
    """
    asked = [corrects(session, case, instance, now) for corrects in _in_use.when_moved]
    return [one for found in asked for one in found]
