"""What a house tells the kernel of itself: all that diagrams may name and the kernel cannot know.

The kernel reads the vocabulary in use. A house's kit (engine.casework.kit) is one, with what the kernel does
not ask for added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from engine.flow.receivers import Consulted, Receiver
from engine.flow.services import Service
from engine.ground.days import put_right


@dataclass(frozen=True)
class Given:
    """A value that the system gives a case, set by no diagram: how expressions write it, what people call it,
    of which kind it always is (engine.flow.feel.kinds).
    """

    name: str
    words: str
    kind: str = ""
    steady: bool = False
    """Whether it is given once, as the case begins."""
    about: str = ""
    """Of cases about which kind of subject (`About.kind`)."""

    @property
    def variable(self) -> str:
        """The variable that it lies in, or is."""
        return self.name.partition(".")[0]

    @property
    def key(self) -> str:
        """Where in the variable it lies; empty when it is the variable itself."""
        return self.name.partition(".")[2]


@dataclass(frozen=True)
class About:
    """A kind of subject that cases are about. A process that says nothing is about that of kind ''."""

    kind: str
    """As a process's property ``about`` has it."""
    words: str
    """What people call one."""
    known_as: str
    """The name by which forms read one (``pupil.address``): one of what the house prefills from."""
    level: str = "village"
    """The lowest level at which one is: nobody below has a step of it."""


@dataclass(frozen=True)
class PaperKind:
    """A kind of paper. `level` issues it; one paper holds the list of one division at level `place`."""

    key: str
    name: str
    level: str
    place: str
    word: str
    """Its word in the document number."""
    decided: bool = False
    """Whether it may be issued only once every household on it has its decision."""
    listed: bool = False
    """Whether it is a list whose words are properties of the user task that prints it;
    the others' are parameters of the services that make them.
    """


MIN_DOCUMENT = 6
"""Characters that the name and number of a document have at the least."""


@dataclass(frozen=True)
class Bound:
    """The days that a province has set for a legal limit: at the least or at the most, as the limit goes.

    Looser than the nation's needs the document that allows it.
    """

    days: int
    document: str = ""


@dataclass(frozen=True)
class LegalLimit:
    """One limit of the law: days, at the least or at the most, on the timer that the product ships it on.

    A diagram carries the same on its timers, for people to read; to take it from there lifts nothing, since
    the check holds the drawing against this.
    """

    clause: str
    procedure: str
    """The process that holds the timer."""
    element: str
    words: str
    at_least: int | None = None
    at_most: int | None = None
    reads: frozenset[str] = frozenset()
    """The dates of which the period counts from one; empty:
    from the dates of the step that the timer names.
    """
    callers: frozenset[str] = frozenset()
    """The procedures that may not go without it, when its process is a part."""
    document: str = ""
    """The province's, where its bound is another than the nation's."""

    @property
    def days(self) -> int:
        """The bound, whichever side it is of."""
        return self.at_least if self.at_least is not None else self.at_most or 0

    def looser(self, days: int) -> bool:
        """Whether the bound would be looser than this one: fewer at the least, or more at the most."""
        return days < self.days if self.at_least is not None else days > self.days

    def bounded(self, bound: Bound | None) -> LegalLimit:
        """The limit with a province's bound; without one as it is."""
        if bound is None:
            return self
        words = put_right(self.words, self.days, bound.days)
        here = replace(self, words=words, document=bound.document)
        if self.at_least is not None:
            return replace(here, at_least=bound.days)
        return replace(here, at_most=bound.days)


@dataclass(frozen=True)
class Vocabulary:
    """What diagrams may name, by kind."""

    services: Sequence[Service] = ()
    receivers: Sequence[Receiver] = ()
    consulted: Sequence[Consulted] = ()
    given: Sequence[Given] = ()
    registered: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What forms may be prefilled from besides a case's variables: each name with what it has."""
    opens_for: Mapping[str, str] = field(default_factory=dict)
    """Whom a start event may open for (``opensFor``): the words of each code."""
    sends: Mapping[str, str] = field(default_factory=dict)
    """The messages that the house itself sends to cases, with what each tells."""
    papers: Sequence[PaperKind] = ()
    law: Sequence[LegalLimit] = ()
    subjects: Sequence[About] = ()
    """What cases are about."""

    def speaking_of(self, kind: str) -> Vocabulary:
        """What a diagram may name that is about a `kind` of subject: the given values are that kind's."""
        return self._of_kinds.get(kind) or replace(self, given=())

    @cached_property
    def _of_kinds(self) -> Mapping[str, Vocabulary]:
        return {
            kind: replace(self, given=tuple(one for one in self.given if one.about == kind))
            for kind in dict.fromkeys(("", *(one.kind for one in self.subjects)))
        }

    @cached_property
    def subject_kinds(self) -> Mapping[str, About]:
        """What cases are about, by kind."""
        return {one.kind: one for one in self.subjects}

    @cached_property
    def service(self) -> Mapping[str, Service]:
        """The services by name."""
        return {one.name: one for one in self.services}

    @cached_property
    def receiver(self) -> Mapping[tuple[str, str], Receiver]:
        """The receivers by kind and name."""
        return {(one.kind, one.name): one for one in self.receivers}

    @cached_property
    def paper(self) -> Mapping[str, PaperKind]:
        """The kinds of papers by key."""
        return {one.key: one for one in self.papers}

    @cached_property
    def page_words(self) -> Mapping[str, str]:
        """What process owners call the forms and tables of the pages beside the steps,
        by the process's property.
        """
        forms = {one.name: one.words or one.name for one in self.receivers if one.kind == "page"}
        return forms | {one.name: one.words for one in self.consulted}

    @cached_property
    def given_words(self) -> Mapping[str, str]:
        """What people call the given values, by name."""
        return {one.name: one.words for one in self.given}

    @cached_property
    def given_kinds(self) -> Mapping[str, str]:
        """The kinds of the given values that have one, by name."""
        return {one.name: one.kind for one in self.given if one.kind}

    @cached_property
    def given_variables(self) -> Mapping[str, Sequence[str]]:
        """Each given variable with its keys; one without keys is a plain value."""
        return {
            variable: sorted(one.key for one in self.given if one.variable == variable and one.key)
            for variable in dict.fromkeys(one.variable for one in self.given)
        }

    @cached_property
    def prefilled(self) -> Mapping[str, frozenset[str]]:
        """The names that ``prefill`` may use, with what they have; what a case has, its diagram says."""
        given = {name: frozenset(keys) for name, keys in self.given_variables.items() if keys}
        registered = {name: frozenset(has) for name, has in self.registered.items()}
        return {**given, **registered, "case": frozenset()}

    @cached_property
    def changing(self) -> frozenset[str]:
        """The given variables that change while a case runs."""
        return frozenset(one.variable for one in self.given if not one.steady)

    def days(self, day: str) -> dict[str, Any]:
        """The given variables that hold days, as if all of them were `day` (ISO, as forms store it)."""
        found: dict[str, Any] = {}
        for one in self.given:
            if one.kind == "day":
                value = {**found.get(one.variable, {}), one.key: day} if one.key else day
                found[one.variable] = value
        return found

    def service_words(self, name: str) -> tuple[str, str]:
        """What process owners call the service, and what it does; of an unknown one its name."""
        known = self.service.get(name)
        return (known.title, known.about) if known else (name, "")

    @cached_property
    def parameter_words(self) -> Mapping[str, str]:
        """What process owners call each parameter: the same name means the same in every service."""
        return {name: words for one in self.services for name, words in one.parameters.items()}


_in_use = Vocabulary()


def use(vocabulary: Vocabulary) -> None:
    """Let diagrams name what `vocabulary` has: said once, by who assembles the process."""
    global _in_use
    _in_use = vocabulary


def used() -> Vocabulary:
    """The vocabulary in use; an empty one before anybody has said."""
    return _in_use


PLACES = frozenset(
    {
        "village",
        "township",
        "county",
        "village_body",
        "township_body",
        "county_body",
        "county_office",
        "city_office",
        "province_office",
        "national_body",
    }
)
"""Names of places and of who acts for them, which only the words of a list may use beside the variables."""
